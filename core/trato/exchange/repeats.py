"""Rows of one file that repeat what tells records apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from trato.entities.view import EntityView
from trato.exchange.columns import Columns
from trato.exchange.drafts import Draft
from trato.exchange.wording import ID
from trato.records.bulk import match_key
from trato.text import _


class Repeats:
    """Refuses rows that repeat what tells records apart, however far back the other one stands.

    Without it a later batch would change the record that an earlier one has just made.
    """

    def __init__(self, entity: EntityView, columns: Columns) -> None:
        self._columns = columns
        self._fields = {column.field.path: column.field for column in columns.values}
        self._names: dict[str, list[int]] = {}
        for reference in columns.references:
            self._names.setdefault(reference.field.path, []).append(reference.index)
        groups: list[tuple[str, ...]] = [*entity.info.unique]
        groups += [(path,) for path, field in self._fields.items() if field.unique]
        if columns.match is not None and columns.match != ID:
            groups.append((columns.match,))
        known = self._fields.keys() | self._names.keys()
        #: Row that was first to hold values, by group and values.
        self._first: dict[tuple[str, ...], dict[Any, int]] = {
            group: {} for group in groups if known >= set(group)
        }
        self._ids: dict[UUID, int] = {}

    def check(self, draft: Draft) -> None:
        """Refuse a row that repeats another, or that says nothing to find its record by."""
        match = self._columns.match
        if match is not None and match != ID and match not in draft.values:
            header = self._columns.header_of(match) or match
            if header not in draft.errors:
                draft.refuse(
                    header, _("The cell is empty, and rows find their records by this column.")
                )
        if draft.id is not None:
            self._once(draft, ID, self._ids.setdefault(draft.id, draft.row.number), draft.id)
        for group, first in self._first.items():
            key = tuple(self._part(draft, path) for path in group)
            if None not in key:
                shown = " · ".join(str(draft.values[p]) for p in group if p in draft.values)
                self._once(draft, group[-1], first.setdefault(key, draft.row.number), shown)

    def _part(self, draft: Draft, path: str) -> Any:
        """Give what a row says of a field, in the form in which two rows are the same."""
        if path in self._fields:
            return match_key(self._fields[path], draft.values.get(path))
        names = tuple(draft.names.get(index) for index in self._names[path])
        return names if any(names) else None

    def _once(self, draft: Draft, path: str, first: int, value: object) -> None:
        if first != draft.row.number:
            header = self._columns.header_of(path) or path
            draft.refuse(
                header, _("'{value}' stands in row {row} already."), value=value, row=first
            )
