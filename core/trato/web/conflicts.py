"""Two people saved the same record: what the other one wrote, beside what this one typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.convert import from_json, to_json
from trato.records.query import Record
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.text import _
from trato.web.frame import translator

#: Nobody leaves a form open while others save the record more often.
_ENTRIES = 200


class Conflict:
    """What happened to a record since a form was made from it.

    Fields that only the others changed are theirs to keep; those that both changed are shown.

    :param record: as it stands now.
    :param seen: version that the form was made from.
    """

    def __init__(
        self, unit: Unit, entity: EntityView, cells: Cells, record: Record, *, seen: int
    ) -> None:
        self.unit, self.entity, self.cells, self.record = unit, entity, cells, record
        entries = unit.records.history(entity.name, record.id, limit=_ENTRIES)
        self._newer = [entry for entry in entries if entry.sequence > seen]
        #: Value of each changed field in the version that the form was made from.
        self.before: dict[str, Any] = {}
        for entry in self._newer:
            for path in entry.after:
                if path in entity.fields:
                    self.before[path] = from_json(entity.fields[path], entry.before.get(path))

    def untouched(self, values: Mapping[str, Any]) -> set[str]:
        """Name the fields that others changed and this person left as they were."""
        return {path for path, before in self.before.items()
                if path in values and self._same(path, values[path], before)}  # fmt: skip

    @property
    def who(self) -> str:
        """Who saved last."""
        last = self._newer[0] if self._newer else None
        member = self.unit.view.members.get(last.member_id) if last and last.member_id else None
        return member.name if member else translator(_("Somebody else"))

    @property
    def taken(self) -> list[str]:
        """Name in words the fields that others changed."""
        return [self.cells.label(self.entity.fields[path]) for path in self.before]

    def contested(self, typed: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
        """Give the fields that both changed differently, with what the others wrote."""
        untouched = self.untouched(values)
        return {
            path: self._shown(self.entity.fields[path], self._now(path)) for path in self.before
            if path in typed and path not in untouched
            and not (path in values and self._same(path, values[path], self._now(path)))
        }  # fmt: skip

    def page(self, typed: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Make what `_conflict.html` shows.

        :param typed: what the form sent, by path.
        :param values: the same as values, as far as it could be read.
        """
        last = self._newer[0] if self._newer else None
        untouched = self.untouched(values)
        fields = [self._compared(self.entity.fields[path], typed, values)
                  for path in self.contested(typed, values)]  # fmt: skip
        return {
            "who": self.who,
            "when": self.cells.formats.date_time(last.at) if last else "",
            "fields": fields,
            "taken": [self.cells.label(self.entity.fields[path]) for path in self.before
                      if path in untouched],
        }  # fmt: skip

    def _now(self, path: str) -> Any:
        return self.record.values.get(path)

    def _same(self, path: str, one: Any, other: Any) -> bool:
        field = self.entity.fields[path]
        return bool(to_json(field, one) == to_json(field, other))

    def _compared(
        self, field: Field, typed: Mapping[str, Any], values: Mapping[str, Any]
    ) -> dict[str, str]:
        path = field.path
        mine = self._shown(field, values[path]) if path in values else str(typed[path])
        return {"path": path, "label": self.cells.label(field), "mine": mine,
                "theirs": self._shown(field, self._now(path)),
                "base": self._shown(field, self.before[path])}  # fmt: skip

    def _shown(self, field: Field, value: Any) -> str:
        if value is None or value == "":
            return ""
        if field.kind == "ref" and field.target and isinstance(value, UUID):
            known = self.cells.labels.setdefault(field.target, {})
            known.update(self.unit.records.labels(field.target, [value]))
        if field.kind in ("integer", "date", "moment") and isinstance(value, str):
            return value
        return self.cells.plain(field)(value)
