"""The whole form of a record: tabs, conditions, rows of children, and what others saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from trato.entities.view import EntityView
from trato.errors import Invalid, Message, StaleRecord
from trato.host import Host
from trato.records.query import Record
from trato.records.unit import Unit
from trato.screens.arranged import tab_key, tabs
from trato.screens.parts import children, form_groups
from trato.tenancy.conditions import conditions
from trato.text import _
from trato.web.children import ChildRows
from trato.web.conflicts import Conflict
from trato.web.duplicate_news import watch
from trato.web.forms import FormPage
from trato.web.frame import Crumb, locale, phrase, set_crumbs, translator
from trato.web.headings import heading
from trato.web.neighbours import way_back
from trato.web.references import offer_new

#: Before the name of a field that two people changed: which of the two values is kept.
CHOICE = "choose:"


class RecordForm(FormPage):
    """Makes everything that `form.html` shows, and saves what comes back from it."""

    def __init__(
        self, host: Host, unit: Unit, entity: EntityView, *, record: Record | None = None
    ) -> None:
        super().__init__(host, unit, entity, record=record)
        self.conditions = conditions(unit.view, entity)
        made = [ChildRows(host, unit, rows, record) for rows in children(unit.view, entity)]
        self.children = [rows for rows in made if rows.is_shown]
        self._sent: MultiDict[str, str] = MultiDict()
        #: Who saved meanwhile and which fields, when both sides could be kept.
        self.merged: tuple[str, list[str]] | None = None

    # --- in --------------------------------------------------------------------------------------

    def read(
        self, form: MultiDict[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[Message]]]:
        """Read a sent form; where the person chose what another one wrote, that stays."""
        self._sent = form
        left = [path for path in self.writable if form.get(f"{CHOICE}{path}") == "theirs"]
        if left:
            form = form.copy()
            for path in left:
                form.poplist(path)
        return super().read(form)

    def store(self, sent: MultiDict[str, str], *, seen: int | None = None) -> Record:
        """Save the record and the rows of its children, all or nothing.

        :param seen: version that the form was made from.
        :raises Invalid: with all that is refused, by name in the form.
        :raises StaleRecord: when others changed a field that this person changed otherwise.
        """
        typed, values, errors = self.read(sent)
        stored = self.record.values if self.record else {}
        if self.record and seen is not None and seen != self.record.version:
            self._merge(self.record, typed, values, seen)
        now = {**self.stored(), **typed}
        for path in typed:
            if not self.conditions.shows(path, now):
                values.pop(path, None)
                errors.pop(path, None)
            elif path in self.kept:
                continue
            elif self.conditions.requires(path, now) and typed[path] in ("", [], "false"):
                errors.setdefault(path, [Message(_("This is obligatory."))])
        if self.record:
            values = {path: v for path, v in values.items() if v != stored.get(path)}
        return self._save(sent, values, errors)

    def _save(
        self, sent: MultiDict[str, str], values: dict[str, Any], errors: dict[str, list[Message]]
    ) -> Record:
        records, name = self.unit.records, self.entity.name
        try:
            if self.record is None:
                saved = records.create(name, values)
            else:
                saved = records.update(name, self.record.id, values, version=self.record.version)
        except Invalid as refused:
            errors = {**refused.errors, **errors}
            for rows in self.children:
                errors |= rows.write(sent, self.record.id) if self.record else rows.check(sent)
            raise Invalid(errors) from refused
        for rows in self.children:
            errors |= rows.write(sent, saved.id)
        if errors:
            # Raised inside the transaction, so that what was saved just now is not.
            raise Invalid(errors)
        return saved

    def _merge(
        self, record: Record, typed: dict[str, Any], values: dict[str, Any], seen: int
    ) -> None:
        """Leave to the others what only they changed; fields that both changed need a choice."""
        met = Conflict(self.unit, self.entity, self.cells, record, seen=seen)
        if met.contested(typed, values):
            raise StaleRecord(
                _("Somebody else saved the record first."),
                hint=_("Look at what it says now, and save again."), current=record,
            )  # fmt: skip
        for path in met.untouched(values):
            typed.pop(path, None)
            values.pop(path, None)
        self.merged = (met.who, met.taken) if met.taken else None

    # --- out -------------------------------------------------------------------------------------

    def page(
        self, *, typed: Mapping[str, Any] | None = None,
        errors: Mapping[str, list[Message]] | None = None,
        conflict: dict[str, Any] | None = None, version: int | None = None, begin_at: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Make the page; with ``typed`` it shows what the person wrote, not what is stored.

        :param begin_at: how the name of the field begins that gets the focus.
        """
        record = self.record
        values = self.shown(typed)
        tabs = self._tabs(values, dict(errors or {}))
        # What is on the tab that opens comes first.
        shown = [
            cell
            for tab in sorted(tabs, key=lambda tab: not tab["is_active"])
            for cell in _cells(tab)
        ]
        names = {cell["name"] for cell in shown}
        rows = [row for tab in tabs for block in tab["children"] for row in block["rows"]]
        names |= {row["name"] for row in rows}
        lost = [
            self.host.catalogs.message(message, locale())
            for path, messages in (errors or {}).items() if path not in names
            for message in messages
        ]  # fmt: skip
        wrong = [
            {"id": _id(cell["name"]), "label": cell.get("full_label", cell["label"])}
            for cell in shown
            if cell["errors"]
        ] + [{"id": _id(row["name"]), "label": row["title"]} for row in rows if row["errors"]]
        return {
            **self._frame(), "draft": None, "tabs": tabs, "focus": _focus(shown, begin_at),
            "version": version if version is not None else (record.version if record else None),
            "errors": lost, "wrong": wrong, "notice": None, "conflict": conflict,
            "submit_label": translator(_("Save")),
            "duplicates": watch(self.unit, self.entity, record),
        }  # fmt: skip

    def _frame(self) -> dict[str, Any]:
        """Name the page and say where it leads."""
        info, record = self.entity.info, self.record
        titles = translator(info.titles, info.plugin)
        if record is None:
            heading = phrase(_("New {title}"), info.plugin, title=info.title)
            set_crumbs(Crumb(title=titles, url=self.url), Crumb(title=heading))
            return {"title": heading, "action": f"{self.url}/new", "cancel_url": self.url,
                    "draft_url": f"{self.url}/new/draft"}  # fmt: skip
        label = self.label(record)
        heading = translator(_("Edit {title}"), title=label)
        url = f"{self.url}/{record.id}"
        set_crumbs(
            Crumb(title=titles, url=way_back(self.entity)), Crumb(title=label, url=url),
            Crumb(title=translator(_("Edit"))),
        )  # fmt: skip
        return {"title": heading, "action": f"{url}/edit", "cancel_url": url,
                "draft_url": f"{url}/draft"}  # fmt: skip

    def sample(self) -> list[dict[str, Any]]:
        """Make the tabs alone, with what the form begins with, for who arranges them."""
        return self._tabs(self.stored(), {})

    def _tabs(self, values: dict[str, Any], wrong: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Put sections and rows under their tabs, the first of them for what names none."""
        made: dict[str, dict[str, Any]] = {
            tab.key: {"id": f"tab-{tab.key}", "title": heading(tab) or translator(_("General")),
                      "sections": [], "children": []}
            for tab in tabs(self.unit.view, self.entity)
        }  # fmt: skip
        for group in form_groups(self.unit.view, self.entity, self.visible):
            fields = [self._cell(f, values, wrong) for f in group.fields if self._is_asked(f)]
            if fields:
                made[group.part.tab]["sections"].append(
                    {"title": heading(group.part), "fields": fields,
                     "is_off": all(cell["is_off"] for cell in fields)}
                )  # fmt: skip
        for rows in self.children:
            made[tab_key(rows.declared.tab)]["children"].append(self._block(rows, wrong))
        found = [tab for tab in made.values() if tab["sections"] or tab["children"]]
        return [self._finished(one, found) for one in found]

    def _finished(self, tab: dict[str, Any], tabs: list[dict[str, Any]]) -> dict[str, Any]:
        asked = f"tab-{request.args.get('tab', '')}"
        first = next((t for t in tabs if any(c["errors"] for c in _cells(t))), None)
        first = first or next((t for t in tabs if t["id"] == asked), tabs[0])
        wrong = sum(bool(cell["errors"]) for cell in _cells(tab))
        wrong += sum(bool(row["errors"]) for block in tab["children"] for row in block["rows"])
        return tab | {"is_active": tab is first, "wrong": wrong}

    def _is_asked(self, field: Any) -> bool:
        return not field.readonly and not (self.record is None and field.derived)

    def _cell(self, field: Any, values: dict[str, Any], wrong: Mapping[str, Any]) -> dict[str, Any]:
        cell = self._widget(field, values, wrong.get(field.path, []))
        offer_new(cell, self.entity.name, self.record)
        rules = self.conditions.script(field.path)
        cell["is_off"] = not self.conditions.shows(field.path, values)
        cell["rules"] = rules
        if "require" in rules and not cell["required"]:
            cell["required"] = self.conditions.requires(field.path, values)
        return cell

    def _block(self, rows: ChildRows, wrong: Mapping[str, Any]) -> dict[str, Any]:
        block = rows.page(self._sent, wrong)
        for row in block["rows"]:
            for cell in row["cells"]:
                cell["full_label"] = f"{row['title']}: {cell['label']}"
        return block


def _cells(tab: dict[str, Any]) -> list[dict[str, Any]]:
    found = [cell for section in tab["sections"] for cell in section["fields"]]
    rows = [row for block in tab["children"] for row in block["rows"]]
    return found + [cell for row in rows for cell in row["cells"]]


def _id(name: str) -> str:
    return f"f-{name.replace('.', '-')}"


def _focus(cells: list[dict[str, Any]], begin_at: str) -> str:
    """Name the field to begin with: the first wrong one, else the first obligatory empty one."""
    if begin_at:
        cells = [cell for cell in cells if cell["name"].startswith(begin_at)] or cells
    able = [cell for cell in cells if not cell["readonly"] and not cell.get("is_off")]
    ranked = (
        next((c for c in able if c["errors"]), None),
        next((c for c in able if c["required"] and c["value"] in (None, "")), None),
        next(iter(able), None),
    )
    return next((str(cell["name"]) for cell in ranked if cell is not None), "")
