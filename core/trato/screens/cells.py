"""Values as people read them: one function a field, chosen once, called for every cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from markupsafe import Markup, escape

from trato.entities.fields import LIST_KINDS, TEXT_KINDS, Field, Shown
from trato.i18n import Catalogs, Formats
from trato.tenancy.view import TenantView

#: Called with a value, and with those beside it that its field is shown by.
Render = Callable[..., Markup]
_EMPTY = Markup("")

#: A choice of more values than this names things rather than states.
_STATES = 8

#: Tone of a choice's badge by its value: the kind of state, never a matter of taste.
_TONES = {
    "active": "ok", "won": "ok", "accepted": "ok", "prospect": "info", "open": "info",
    "planned": "info", "inactive": "calm", "lost": "calm", "overdue": "bad", "rejected": "bad",
}  # fmt: skip


def is_number(declared: Field) -> bool:
    """Tell whether a field's values are compared digit under digit."""
    return declared.kind in ("money", "integer", "decimal")


def is_state(declared: Field) -> bool:
    """Tell whether a field says how things stand, which is shown as a badge."""
    return declared.kind == "choice" and len(declared.choices) <= _STATES


def beside(declared: Field) -> tuple[str, ...]:
    """Name the fields of the same record that a field's value is shown by, as its currency."""
    if declared.kind == "money" and declared.currency is not None:
        head, dot, _name = declared.path.rpartition(".")
        return (f"{head}{dot}{declared.currency}",)
    return tuple(declared.shown.beside) if declared.shown else ()


def mail_address(value: str) -> str:
    """Give the address of a link that writes to an e-mail address."""
    # Quoted, as what follows a question mark would be a header of the mail.
    return f"mailto:{quote(value, safe='@')}"


def phone_address(value: str) -> str:
    """Give the address of a link that calls a number."""
    return "tel:" + "".join(letter for letter in value if letter in "+0123456789")


@dataclass(kw_only=True, eq=False)
class Cells:
    """How a reader sees values: language, formats, names of people and records."""

    view: TenantView
    catalogs: Catalogs
    formats: Formats
    locale: str
    #: Labels of referenced records, by entity name and id; filled before rendering.
    labels: dict[str, dict[UUID, str]] = field(default_factory=dict)

    def label(self, declared: Field) -> str:
        """Name a field."""
        return declared.own_label(self.locale) or self.catalogs.translate(
            declared.label, self.locale, domain=declared.plugin or None
        )

    def choices(self, declared: Field) -> list[tuple[str, str]]:
        """Name the allowed values of a choice."""
        if declared.source == "custom" or declared.options:
            return list(declared.choices)
        return [
            (key, self.catalogs.translate(text, self.locale, domain=declared.plugin or None))
            for key, text in declared.choices
        ]

    def named(self, entity: str, labels: Mapping[UUID, str]) -> dict[UUID, str]:
        """Put labels of records into words, where what names them is a choice."""
        view = self.view.entities.get(entity)
        field = None if view is None else view.fields[view.info.label]
        if field is None or field.kind != "choice":
            return dict(labels)
        words = dict(self.choices(field))
        return {key: words.get(label, label) for key, label in labels.items()}

    def renderer(self, declared: Field, *, badge: bool = False) -> Render:
        """Choose how a field's values are written as HTML; empty ones give nothing.

        The function takes a value, and behind it those that ``beside`` names.
        """
        if declared.kind in ("choice", "choices"):
            return self._choice_writer(declared, badge=badge)
        if declared.kind in ("decimal", "integer"):
            return self._number_writer(declared)
        if declared.kind == "ref":
            return self._reference_writer(declared)
        if declared.kind == "money" and declared.currency is not None:
            return self._money_beside
        if declared.shown is not None and declared.kind in TEXT_KINDS:
            return self._shown_writer(declared.shown, is_phone=declared.kind == "phone")
        write: Render = getattr(self, f"_{declared.kind}", escape)
        return lambda value: _EMPTY if value is None else write(value)

    def plain(self, declared: Field) -> Callable[..., str]:
        """Choose how a field's values are written as text alone; empty ones give none.

        An amount takes its currency behind it, as with ``renderer``.
        """
        if declared.kind in TEXT_KINDS:
            return lambda value: value or ""
        write = self.renderer(declared)
        return lambda *values: write(*values).striptags()

    def _shown_writer(self, shown: Shown, *, is_phone: bool) -> Render:
        def write(value: str | None, *beside: Any) -> Markup:
            if value is None:
                return _EMPTY
            others = beside or (None,) * len(shown.beside)
            text = shown.write(value, *others)
            return self._phone(value, text) if is_phone else escape(text)

        return write

    def _number_writer(self, declared: Field) -> Render:
        number, decimal = self.formats.number, self.formats.decimal

        def write(value: Any) -> Markup:
            if value is None:
                return _EMPTY
            if isinstance(value, Decimal) and value != value.to_integral_value():
                places = -int(value.normalize().as_tuple().exponent)
                return escape(decimal(value, places=places))
            return escape(number(value))

        return write

    def _choice_writer(self, declared: Field, *, badge: bool) -> Render:
        labels: Mapping[str, str] = dict(self.choices(declared))
        made: dict[str, Markup] = {}

        def one(value: str) -> Markup:
            found = made.get(value)
            if found is None:
                found = escape(labels.get(value, value))
                if badge:
                    tone = _TONES.get(value, "calm")
                    found = Markup(f'<span class="t-badge t-tone-{tone}">{found}</span>')
                made[value] = found
            return found

        if declared.kind in LIST_KINDS:
            return lambda value: Markup(", ").join(one(item) for item in value or ())
        return lambda value: _EMPTY if value is None else one(value)

    def _reference_writer(self, declared: Field) -> Render:
        target = declared.target or ""
        entity = self.view.entities.get(target)
        labels = self.labels.setdefault(target, {})
        if entity is None:
            return lambda value: _EMPTY
        has_page = ("list", target) in self.view.screens
        start = f"/{entity.info.plugin}/{entity.info.collection}/"

        def write(value: Any) -> Markup:
            text = labels.get(value)
            if text is None:
                return _EMPTY
            if not has_page:
                return escape(text or "—")
            return Markup(f'<a href="{start}{value}">{escape(text or "—")}</a>')

        return write

    def _money(self, value: Decimal) -> Markup:
        return escape(self.formats.money(value))

    def _money_beside(self, value: Decimal | None, *currency: str | None) -> Markup:
        """Write an amount in its record's currency; the bare number where nobody tells it."""
        if value is None:
            return _EMPTY
        if not currency:
            places = max(-int(value.normalize().as_tuple().exponent), 0)
            return escape(self.formats.decimal(value, places=places))
        return escape(self.formats.money(value, currency[0] or None))

    def _date(self, value: Any) -> Markup:
        return escape(self.formats.date(value))

    def _moment(self, value: Any) -> Markup:
        return escape(self.formats.date_time(value))

    def _boolean(self, value: bool) -> Markup:
        return escape(self.formats.yes_no(value))

    def _tags(self, value: list[str]) -> Markup:
        return Markup(" ").join(
            Markup(f'<span class="t-badge t-tone-line">{escape(tag)}</span>') for tag in value
        )

    def _member(self, value: UUID) -> Markup:
        member = self.view.members.get(value)
        return _EMPTY if member is None else escape(member.name)

    def _team(self, value: UUID) -> Markup:
        team = self.view.teams.get(value)
        return _EMPTY if team is None else escape(team.name)

    def _email(self, value: str) -> Markup:
        return Markup(f'<a href="{mail_address(value)}">{escape(value)}</a>')

    def _phone(self, value: str, text: str = "") -> Markup:
        return Markup(f'<a href="{phone_address(value)}">{escape(text or value)}</a>')

    def _url(self, value: str) -> Markup:
        scheme, _colon, rest = value.partition("://")
        if scheme.lower() not in ("http", "https"):
            return escape(value)
        return Markup(
            f'<a href="{escape(value)}" rel="noopener noreferrer" target="_blank">'
            f"{escape(rest.rstrip('/'))}</a>"
        )
