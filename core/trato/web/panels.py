"""Panels of a record's page: what belongs to the record, of one kind, fetched by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.plugin import Panel, entity_name, field_owner, field_path
from trato.records.query import Filter, Record
from trato.records.related import read_related
from trato.records.unit import Unit
from trato.screens.cells import Cells, beside, mail_address, phone_address
from trato.screens.rows import read_columns
from trato.text import _
from trato.web.addresses import base_url
from trato.web.frame import translator
from trato.web.lists import load_labels

#: Rows for which a panel keeps room from the start, so that nothing moves when they arrive.
ROWS = 3
#: Rows that it fetches; those behind the first are shown when somebody asks for them.
MOST = 20

#: What can be done with a value at once: by kind, icon, words and the address that does it.
_ACTS: Mapping[str, tuple[str, str, Callable[[str], str]]] = {
    "phone": ("phone", _("Call {name}: {value}"), phone_address),
    "email": ("mail", _("Write to {name}: {value}"), mail_address),
}


def awaited(unit: Unit, record: Record, panel: Panel, *, number: int, url: str) -> dict[str, Any]:
    """Make what stands in a panel's place until it is fetched; it reads nothing.

    :param url: the record's page.
    """
    other = unit.view.entities[entity_name(panel.entity)]
    may = rules.decide(unit.actor, other, "view").allowed
    return {
        "title": _title(panel, other), "id": _id(number),
        "url": f"{url}/panels/{number}" if may else None,
        "all_url": _all(panel, other, record), "rows": range(ROWS),
    }  # fmt: skip


def fetched(
    unit: Unit, cells: Cells, record: Record, panel: Panel, *, number: int
) -> dict[str, Any]:
    """Read a panel's rows; see `_panel.html`."""
    other = unit.view.entities[entity_name(panel.entity)]
    made: dict[str, Any] = {
        "id": _id(number), "title": _title(panel, other), "count": None, "create_url": None,
        "rows": [], "more": [], "all_url": None, "error": None,
    }  # fmt: skip
    if not rules.decide(unit.actor, other, "view").allowed:
        made["error"] = translator(_("Your role may not see this."))
        return made
    by = field_path(panel.by)
    rows = _Rows(unit, cells, other, panel.columns or [other.info.label])
    found = unit.records.query(
        other.name, columns=rows.read, limit=MOST, count=True,
        filters=(Filter(path=by, op="eq", value=record.id),),
    )  # fmt: skip
    shown = rows.write(found.rows)
    # One that does not fit makes room for the button that shows it.
    fit = ROWS if len(shown) <= ROWS else ROWS - 1
    made |= {"rows": shown[:fit], "more": shown[fit:], "count": found.total}
    if found.total and found.total > ROWS:
        made["all_url"] = _all(panel, other, record)
    create = rules.decide(unit.actor, other, "create").allowed
    if create and not unit.view.read_only and not record.is_archived:
        made["create_url"] = f"{base_url(other)}/new?{by}={record.id}"
    return made


def _id(number: int) -> str:
    return f"t-panel-{number}"


def _title(panel: Panel, other: EntityView) -> str:
    return translator(panel.title or other.info.titles, other.info.plugin)


def _all(panel: Panel, other: EntityView, record: Record) -> str:
    return f"{base_url(other)}?{field_path(panel.by)}={record.id}"


class _Rows:
    """The rows of a panel: fields of its records, and of those that their first field names."""

    def __init__(self, unit: Unit, cells: Cells, other: EntityView, columns: Sequence[Any]) -> None:
        self.unit, self.cells, self.other = unit, cells, other
        self._own = rules.visible_fields(unit.actor, other)
        lead = self._own.get(field_path(columns[0]))
        self.target = unit.view.entities.get(lead.target or "") if lead else None
        self._beyond = (
            rules.visible_fields(unit.actor, self.target) if self.target is not None else {}
        )
        #: In the declared order; True: of the record that the first field names.
        self.columns: list[tuple[bool, Field]] = []
        for column in columns:
            is_beyond = field_owner(column) not in (None, other.name)
            field = (self._beyond if is_beyond else self._own).get(field_path(column))
            if field is not None:
                self.columns.append((is_beyond, field))
        self._own_fields = [field for is_beyond, field in self.columns if not is_beyond]
        self.read = read_columns(self._own_fields, self._own)

    def write(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Make the rows of the panel from those that were read."""
        load_labels(self.unit, self.cells, self._own_fields, list(rows), offset=2)
        beyond = [field for is_beyond, field in self.columns if is_beyond]
        related: Mapping[UUID, Mapping[str, Any]] = {}
        if self.target is not None and beyond:
            named = [row[2] for row in rows if row[2] is not None]
            paths = read_columns(beyond, self._beyond)
            related = read_related(self.unit, self.target, named, paths)
        writers = [
            (is_beyond, field, self.cells.plain(field), _currency(field))
            for is_beyond, field in self.columns
        ]
        made = []
        for row in rows:
            own = dict(zip(self.read, row[2:], strict=True))
            other = related.get(row[2], {}) if beyond else {}
            parts: list[tuple[Field, Any, str]] = []
            for is_beyond, field, plain, others in writers:
                values = other if is_beyond else own
                value = values.get(field.path)
                text = plain(value, *(values[path] for path in others if path in values))
                parts.append((field, value, text))
            made.append(self._row(row[0], own, parts))
        return made

    def _row(
        self, record_id: UUID, own: Mapping[str, Any], parts: Sequence[tuple[Field, Any, str]]
    ) -> dict[str, Any]:
        texts = [text for field, _value, text in parts if field.kind != "choice"]
        label = texts[0] if texts else ""
        acts: dict[str, dict[str, str]] = {}
        details: list[str] = []
        for place, (field, value, text) in enumerate(parts):
            if field.kind in _ACTS and place:
                icon, words, address = _ACTS[field.kind]
                if value and field.kind not in acts:
                    said = self.cells.renderer(field)(value).striptags() or text
                    acts[field.kind] = {
                        "icon": icon, "url": address(value),
                        "label": translator(words, name=label or "—", value=said),
                    }  # fmt: skip
            elif field.kind != "choice" and place and text:
                details.append(text)
        badges = [{"label": text} for field, _v, text in parts if field.kind == "choice" and text]
        return {"label": label or "—", "url": self._leads_to(record_id, own), "badges": badges,
                "detail": " · ".join(details), "acts": list(acts.values())}  # fmt: skip

    def _leads_to(self, record_id: UUID, own: Mapping[str, Any]) -> str:
        """A link record (a contact's role) leads to what it links to; others to themselves."""
        named = own.get(self.read[0]) if self.target is not None and self.read else None
        if self.target is None or named is None:
            return f"{base_url(self.other)}/{record_id}"
        return f"{base_url(self.target)}/{named}"


def _currency(field: Field) -> tuple[str, ...]:
    """Name what an amount is written with; texts of a panel stand as they are kept."""
    return beside(field) if field.kind == "money" else ()


__all__ = ["MOST", "ROWS", "awaited", "fetched"]
