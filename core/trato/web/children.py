"""Rows of other entities inside a record's form: branches and contacts of a client.

They travel in the form's own fields, named by declaration, row and field. A row that is there
already is known by its id, a new one by `n1`, `n2`, …
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from trato.access import rules
from trato.entities.fields import Field
from trato.errors import Forbidden, Invalid, Message, NotFound, StaleRecord
from trato.host import Host
from trato.plugin import Children, entity_name, field_path
from trato.records import owning
from trato.records.explaining import decide
from trato.records.query import Filter, Record
from trato.records.unit import Unit
from trato.text import _
from trato.web.addresses import base_url
from trato.web.conflicts import Conflict
from trato.web.forms import FormPage
from trato.web.frame import translator
from trato.web.lists import load_labels
from trato.web.references import offer_new

#: A longer list is no form; its other rows are edited on their own pages.
MOST = 50
#: Button that asks for one more row without a script; its value is the declaration's key.
ANOTHER = "another-row"
#: Row of the template that the page's script copies.
_BLANK = "nNEW"
Errors = dict[str, list[Message]]


@dataclass(kw_only=True, eq=False)
class _Row:
    """One row: what stands there, what was typed over it, and what is wrong with that."""

    key: str
    form: FormPage
    typed: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)
    is_removed: bool = False
    #: Somebody else archived it since the form was made.
    is_gone: bool = False

    @property
    def record(self) -> Record | None:
        return self.form.record

    @property
    def changes(self) -> dict[str, Any]:
        """The values that differ from what stands there, or from an empty row."""
        if self.record is not None:
            return {p: v for p, v in self.values.items() if v != self.record.values.get(p)}
        blank = self.form.stored()
        is_filled = any(
            _plain(text) != _plain(blank.get(path)) and text not in ("true", "false")
            for path, text in self.typed.items()
        )
        return self.values if is_filled else {}


def with_another(sent: MultiDict[str, str], key: str) -> tuple[MultiDict[str, str], str]:
    """Add an empty row to a sent form, for whom no script does it.

    :param key: declaration that the row is of.
    :return: the form, and how the names of the row's fields begin.
    """
    made = re.compile(rf"{re.escape(key)}__n(\d{{1,9}})__.+")
    numbers = [int(met[1]) for name in sent if (met := made.fullmatch(name))]
    row = f"{key}__n{max(numbers, default=0) + 1}__"
    more = sent.copy()
    more[f"{row}:new"] = "1"
    return more, row


def _plain(typed: Any) -> Any:
    return (typed.strip() if isinstance(typed, str) else typed) or None


class ChildRows:
    """The rows of one declared kind in a form, as far as the person may see and write them.

    :param parent: the record that they belong to; None for one that is being made.
    """

    def __init__(self, host: Host, unit: Unit, declared: Children, parent: Record | None) -> None:
        self.host, self.unit, self.declared, self.parent = host, unit, declared, parent
        self.entity = unit.view.entities[entity_name(declared.entity)]
        self.by = field_path(declared.by)
        self.key = f"{self.entity.name}.{self.by}"
        actor = unit.actor
        self.may = {action: rules.decide(actor, self.entity, action).allowed
                    for action in ("view", "create", "edit", "archive")}  # fmt: skip
        self._blank = FormPage(host, unit, self.entity)
        self._more = 0

    @property
    def is_shown(self) -> bool:
        """Whether the form has a place for them at all."""
        return self.may["view"] and (self.parent is not None or self.may["create"])

    @cached_property
    def fields(self) -> list[Field]:
        """The cells of a row: the declared columns, then what is obligatory besides."""
        visible = self._blank.visible
        named = [field_path(column) for column in self.declared.columns]
        named = named or [self.entity.info.label]
        named += [p for p, f in visible.items() if f.needed or f.demanded]
        return [visible[p] for p in dict.fromkeys(named)
                if p in visible and p != self.by and visible[p].writable]  # fmt: skip

    @cached_property
    def _stored(self) -> list[Record]:
        if self.parent is None:
            return []
        label = self.entity.fields[self.entity.info.label]
        belongs = Filter(path=self.by, op="eq", value=self.parent.id)
        found = self.unit.records.query(
            self.entity.name, limit=MOST, filters=(belongs,),
            sort=(label.path,) if label.sortable and label.path in self._blank.visible else (),
        )  # fmt: skip
        if found.next:
            every = self.unit.records.query(
                self.entity.name, columns=("id",), limit=1, filters=(belongs,), count=True
            )
            self._more = (every.total or 0) - len(found.rows)
        rows = [tuple(record.get(f.path) for f in self.fields) for record in found.records()]
        load_labels(self.unit, self._blank.cells, self.fields, rows, offset=0)
        # All at once, before the form of each row asks.
        owning.kept_fields(self.unit, self.entity, [values["id"] for values in found.records()])
        return [
            Record(entity=self.entity.name, id=values["id"], version=values["version"],
                   values=values)
            for values in found.records()
        ]  # fmt: skip

    # --- in --------------------------------------------------------------------------------------

    def _rows(self, sent: MultiDict[str, str]) -> list[_Row]:
        """Put what was sent over what stands there."""
        parts: dict[str, MultiDict[str, str]] = {}
        name = re.compile(rf"{re.escape(self.key)}__([0-9A-Za-z-]+)__(.+)")
        for key, texts in sent.lists():
            if (met := name.fullmatch(key)) and met[1] != _BLANK:
                parts.setdefault(met[1], MultiDict()).setlist(met[2], texts)
        rows = [self._old(record, parts.pop(str(record.id), None)) for record in self._stored]
        if self.may["create"]:
            made = (self._new(key, part) for key, part in parts.items())
            rows += [row for row in made if row is not None]
        return rows

    def _form(self, record: Record | None) -> FormPage:
        made = FormPage(self.host, self.unit, self.entity, record=record)
        made.cells = self._blank.cells
        return made

    def _old(self, record: Record, part: MultiDict[str, str] | None) -> _Row:
        row = _Row(key=str(record.id), form=self._form(record))
        if part is None:
            return row
        row.is_removed = bool(part.get(":remove")) and self.may["archive"]
        if not self._may_edit(record):
            return row
        row.typed, row.values, row.errors = row.form.read(part)
        seen = part.get(":version", "")
        if seen.isascii() and seen.isdigit() and len(seen) < 19 and int(seen) != record.version:
            self._merge(row, record, int(seen))
        return row

    def _merge(self, row: _Row, record: Record, seen: int) -> None:
        """Take over what others wrote where this person wrote nothing."""
        met = Conflict(self.unit, self.entity, self._blank.cells, record, seen=seen)
        for path in met.untouched(row.values):
            del row.typed[path], row.values[path]
        for path, theirs in met.contested(row.typed, row.values).items():
            row.errors.setdefault(path, []).append(
                Message(
                    _("{who} wrote '{value}' here meanwhile. Save again to keep yours."),
                    {"who": met.who, "value": theirs or "—"},
                )
            )

    def _new(self, key: str, part: MultiDict[str, str]) -> _Row | None:
        if part.get(":remove"):
            return None
        # A known row that is no longer there was archived by somebody else.
        is_gone = not key.startswith("n")
        row = _Row(key=f"n{key}" if is_gone else key, form=self._form(None), is_gone=is_gone)
        row.typed, row.values, row.errors = row.form.read(part)
        return row

    def _may_edit(self, record: Record) -> bool:
        if not self.may["edit"]:
            return False
        if rules.ruler(self.unit.actor, self.entity) is not self.entity:
            return True  # who may edit the record may edit what belongs to it
        return decide(self.unit, self.unit.actor, self.entity, record, "edit").allowed

    def write(self, sent: MultiDict[str, str], parent_id: UUID) -> Errors:
        """Save all rows under a record; removed ones first, so that their values are free.

        :return: refusals by name in the form; with any of them the caller takes all back.
        """
        wrong: Errors = {}
        rows = self._rows(sent)
        for row in sorted(rows, key=lambda row: (not row.is_removed, row.record is None)):
            try:
                self._save(row, parent_id)
            except Invalid as refused:
                self._tell(wrong, row, {**refused.errors, **row.errors})
            except StaleRecord as error:
                self._tell(wrong, row, {"": [error.message]})
            except (Forbidden, NotFound) as error:
                self._tell(wrong, row, {"": [error.message]})
        return wrong

    def check(self, sent: MultiDict[str, str]) -> Errors:
        """Say what would be refused in new rows of a record that itself is refused."""
        wrong: Errors = {}
        rows = [row for row in self._rows(sent) if row.record is None and row.changes]
        outcomes = self.unit.records.bulk(
            self.entity.name, [row.values for row in rows], dry_run=True
        ) if rows else []  # fmt: skip
        for row, outcome in zip(rows, outcomes, strict=True):
            errors = {path: found for path, found in outcome.errors.items() if path != self.by}
            self._tell(wrong, row, {**errors, **row.errors})
        return wrong

    def _save(self, row: _Row, parent_id: UUID) -> None:
        records, name, record = self.unit.records, self.entity.name, row.record
        if record is not None and row.is_removed:
            records.archive(name, record.id, version=record.version)
            return
        if row.is_gone:
            raise Invalid({"": [Message(_("Somebody else archived this row. Save again to add it "
                                          "anew, or remove it."))]})  # fmt: skip
        changes = row.changes
        if record is not None and changes:
            records.update(name, record.id, changes, version=record.version)
        elif record is None and changes:
            records.create(name, {**changes, self.by: str(parent_id)})
        if row.errors:
            raise Invalid(row.errors)

    def _tell(self, wrong: Errors, row: _Row, errors: Mapping[str, list[Message]]) -> None:
        shown = {f.path for f in self.fields}
        for path, messages in errors.items():
            at = self.name_of(row.key, path if path in shown else "")
            wrong.setdefault(at, []).extend(messages)

    # --- out -------------------------------------------------------------------------------------

    def name_of(self, row: str, path: str) -> str:
        """Name a cell in the form; without a path its row."""
        return f"{self.key}__{row}__{path}"

    def page(
        self, sent: MultiDict[str, str], errors: Mapping[str, list[Message]]
    ) -> dict[str, Any]:
        """Make what the form shows of them."""
        info = self.entity.info
        title = translator(self.declared.title or info.titles, info.plugin)
        rows = [self._page_of(row, errors, number, title)
                for number, row in enumerate(self._rows(sent), 1)]  # fmt: skip
        blank = _Row(key=_BLANK, form=self._blank)
        create = self.may["create"] and bool(self.fields)
        url = base_url(self.entity)
        return {
            "key": self.key, "title": title, "rows": rows, "count": len(rows) + self._more,
            "columns": [{"label": self._blank.cells.label(f), "kind": f.kind,
                         "required": f.obligatory and f.kind != "boolean"} for f in self.fields],
            "template": self._page_of(blank, {}, 0, title) if create else None,
            "add": translator(_("Add to {title}"), title=title),
            "more": self._more, "all_url": f"{url}?{self.by}={self.parent.id}"
            if self.parent and self._more else None,
        }  # fmt: skip

    def _page_of(
        self, row: _Row, errors: Mapping[str, list[Message]], number: int, title: str
    ) -> dict[str, Any]:
        form, record = row.form, row.record
        may_edit = record is None or self._may_edit(record)
        values = form.shown(row.typed)
        cells = []
        for declared in self.fields:
            name = self.name_of(row.key, declared.path)
            cell = form.widget(
                declared, values=values, errors={declared.path: errors.get(name, [])}
            )
            cell["readonly"] = cell["readonly"] or not may_edit
            offer_new(cell, self.entity.fields[self.by].target or "", self.parent)
            cells.append(cell | {"name": name})
        texts = errors.get(self.name_of(row.key, ""), [])
        label = values.get(self.entity.info.label) or ""
        return {
            "key": row.key, "cells": cells, "is_removed": row.is_removed, "number": number,
            "name": self.name_of(row.key, ""), "version": record.version if record else None,
            "errors": [self.host.catalogs.message(text, form.cells.locale) for text in texts],
            "may_remove": record is None or self.may["archive"],
            "url": f"{base_url(self.entity)}/{record.id}" if record else None,
            "title": f"{title} {number}" if number else title, "label": label,
        }  # fmt: skip
