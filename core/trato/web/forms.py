"""The form of a record: what was typed is never lost, and every refusal stands at its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.errors import DomainError, Invalid, Message
from trato.host import Host
from trato.records import owning
from trato.records.convert import load_value
from trato.records.query import Record
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.web.addresses import base_url
from trato.web.frame import formats, locale, translator
from trato.web.references import is_typed, label_of, read_choice, read_reference
from trato.web.references import reference as typed_reference

T = TypeVar("T")


class FormPage:
    """Makes everything that `form.html` shows, and reads what comes back from it."""

    def __init__(
        self, host: Host, unit: Unit, entity: EntityView, *, record: Record | None = None
    ) -> None:
        self.host, self.unit, self.entity, self.record = host, unit, entity, record
        self.cells = Cells(
            view=unit.view, catalogs=host.catalogs, formats=formats(), locale=locale()
        )
        self.visible = rules.visible_fields(unit.actor, entity)
        self.writable = rules.writable_fields(unit.actor, entity)
        #: What other systems rule of the record; who writes it all the same is told so by the
        #: write path, as a form may be older than the link.
        self.kept = owning.kept(unit, entity, record.id if record else None)
        self.url = base_url(entity)

    # --- out -------------------------------------------------------------------------------------

    def label(self, record: Record) -> str:
        """Name a record, as far as the person may see what it is called."""
        field = self.visible.get(self.entity.info.label)
        return "—" if field is None else self.cells.plain(field)(record.values[field.path]) or "—"

    def stored(self) -> dict[str, Any]:
        """Give the values of the record, or of a new one, as a form would send them."""
        if self.record is None:
            given = {
                path: self._text(f, load_value(f, f.default))
                for path, f in self.visible.items()
                if f.default is not None
            }
            if self.entity.info.owned and self.unit.actor.member_id is not None:
                given["owner_id"] = str(self.unit.actor.member_id)
            return given
        return {path: self._text(f, self.record.values.get(path))
                for path, f in self.visible.items()}  # fmt: skip

    def _text(self, field: Field, value: Any) -> Any:
        """Write a value as a person would type it."""
        written = self.cells.formats
        if value is None:
            return None
        match field.kind:
            case "date":
                return value.isoformat()
            case "moment":
                return value.astimezone(written.zone).strftime("%Y-%m-%dT%H:%M")
            case "money" | "decimal":
                places = -int(value.normalize().as_tuple().exponent)
                return written.decimal(value, places=max(places, 0))
            case "integer":
                return str(value)
            case "boolean":
                return value
            case "tags" | "choices":
                return list(value)
        return str(value)

    def shown(self, typed: Mapping[str, Any] | None) -> dict[str, Any]:
        """Put what was typed over what is stored, but where it could not be corrected."""
        return self.stored() | {
            path: text for path, text in (typed or {}).items() if path not in self.kept
        }

    def widget(
        self, field: Field, *, values: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[Message]] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Make one field by itself; without values it is empty."""
        return self._widget(field, values or {}, list((errors or {}).get(field.path, ())))

    def _widget(
        self, field: Field, values: Mapping[str, Any], wrong: list[Message]
    ) -> dict[str, Any]:
        language = locale()
        choices: list[tuple[str, str]] | None = None
        reference = None
        owner = self.kept.get(field.path)
        value = values.get(field.path)
        if field.kind in ("choice", "choices"):
            choices = None if is_typed(field) else self._choices(field, value)
        elif field.kind == "member":
            choices = sorted(
                ((str(m.id), m.name) for m in self.unit.view.members.values()
                 if m.is_active or str(m.id) == str(value)),
                key=lambda pair: pair[1],
            )  # fmt: skip
        elif field.kind == "team":
            choices = [(str(team.id), team.name) for team in self.unit.view.teams.values()]
        if is_typed(field):
            reference = typed_reference(self.unit, self.cells, self.entity, field, value)
        unit_text = None
        if field.kind == "money":
            currency = self.unit.view.tenant.currency
            unit_text = "$" if currency == "COP" else currency
        return {
            "name": field.path, "label": self.cells.label(field), "kind": field.kind,
            "value": value, "required": field.obligatory and field.kind != "boolean",
            "help": translator(field.help, field.plugin or None) if field.help else "",
            "errors": [self.host.catalogs.message(message, language) for message in wrong],
            "choices": choices, "multiple": field.kind == "choices",
            "readonly": field.path not in self.writable or owner is not None,
            "kept_by": self.host.catalogs.message(owning.kept_by(owner), language) if owner else "",
            "reference": reference,
            "maxlength": field.max_length, "unit": unit_text,
        }  # fmt: skip

    def _choices(self, field: Field, value: Any) -> list[tuple[str, str]]:
        """List a field's choices; what was retired only where it is still chosen."""
        held = value if isinstance(value, list) else [value] if value else []
        labels = dict(self.cells.choices(field))
        offered = [pair for pair in labels.items() if pair[0] not in field.retired]
        lost = [key for key in held if key not in dict(offered)]
        return offered + [(key, labels.get(key, key)) for key in lost]

    # --- in --------------------------------------------------------------------------------------

    def read(
        self, form: MultiDict[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[Message]]]:
        """Read a sent form.

        :return: what was typed, the values by path, and the refusals of what cannot be read.
        """
        typed: dict[str, Any] = {}
        values: dict[str, Any] = {}
        errors: dict[str, list[Message]] = {}
        stored = self.stored() if self.record else {}
        for path, field in self.writable.items():
            if path not in form:
                continue
            raw = form.getlist(path)
            typed[path] = [part for part in raw if part] if field.kind == "choices" else raw[-1]
            if self.record and _same(typed[path], stored.get(path)):
                # A form shows less than is stored: no seconds, no choice that was retired.
                values[path] = self.record.values.get(path)
                continue
            try:
                values[path] = self._value(field, raw)
            except DomainError as error:
                found = error.errors.get(path) if isinstance(error, Invalid) else None
                errors[path] = found or [error.message]
        return typed, values, errors

    def write(self, sent: MultiDict[str, str], save: Callable[[dict[str, Any]], T]) -> T:
        """Save what was sent, as far as it differs from what is stored.

        :raises Invalid: with all that is refused, be it here or while saving.
        """
        _typed, values, errors = self.read(sent)
        if self.record:
            stored = self.record.values
            values = {path: v for path, v in values.items() if v != stored.get(path)}
        try:
            saved = save(values)
        except Invalid as refused:
            raise Invalid({**refused.errors, **errors}) from refused
        if errors:
            # Raised inside the transaction, so that what was saved just now is not.
            raise Invalid(errors)
        return saved

    def _value(self, field: Field, raw: list[str]) -> Any:
        text = raw[-1].strip()
        written = self.cells.formats
        if field.kind == "choices":
            return [part for part in raw if part] or None
        if field.kind == "tags":
            return [part.strip() for part in text.split(",") if part.strip()] or None
        if field.kind == "boolean":
            return True if text == "true" else self._unchecked(field)
        if not text:
            return None
        match field.kind:
            case "integer":
                number = written.parse_number(text)
                return int(number) if number == number.to_integral_value() else text
            case "money" | "decimal":
                return written.parse_number(text)
            case "date":
                return written.parse_date(text)
            case "moment":
                return written.parse_datetime(text)
            case "ref":
                return self._referred(field, text)
            case "choice":
                return read_choice(self.cells, field, text)
            case "longtext":
                # Browsers send line ends as the protocol of mail has them.
                return raw[-1].replace("\r\n", "\n")
        return raw[-1]

    def _referred(self, field: Field, text: str) -> Any:
        """Read a reference; the name of the present one means it, whoever else bears the name."""
        present = self.record.values.get(field.path) if self.record else None
        if present is not None and fold(label_of(self.unit, field, present)) == fold(text):
            return present
        return read_reference(self.unit, field, text)

    def _unchecked(self, field: Field) -> bool | None:
        """Read a box without a tick: an optional value that nobody gave stays away."""
        before = self.record.values.get(field.path) if self.record else field.default
        return False if field.required or before is not None else None


def _same(typed: Any, stored: Any) -> bool:
    """Tell whether a form came back as it was sent out."""
    if isinstance(stored, bool):
        return bool(typed == str(stored).lower())
    if isinstance(stored, list):
        # Boxes come back in the order in which they are shown.
        return sorted(typed if isinstance(typed, list) else typed.split(", ")) == sorted(stored)
    if isinstance(typed, str):
        return typed.replace("\r\n", "\n") == (stored or "").replace("\r\n", "\n")
    return bool((typed or None) == stored)
