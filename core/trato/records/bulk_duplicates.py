"""What many new rows do about duplicates: write, tell, leave out, change what is there, refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

from trato.entities.duplicates import DuplicateRule, Same
from trato.entities.view import EntityView
from trato.errors import Message, joined
from trato.records import bulk, duplicates, writing
from trato.records.changes import Change
from trato.records.duplicates import Duplicate, Sought
from trato.records.schema import loader_for
from trato.records.unit import Unit
from trato.text import _

#: What to do with a new row of which there is one already: write it unasked, write it and say so,
#: leave it out, change the one that is there, or refuse it.
Policy = Literal["ignore", "create", "skip", "update", "error"]
POLICIES: tuple[str, ...] = get_args(Policy)


@dataclass(kw_only=True, eq=False)
class Settled:
    """What was decided about rows, by their number."""

    #: Left out, with the record that is there if the actor may see it.
    skipped: dict[int, UUID | None] = field(default_factory=dict)
    #: Rows that mean the record of an earlier row, whose change says what they say too.
    joined: dict[int, list[int]] = field(default_factory=dict)
    #: Rows among those of one record that say nothing new.
    same: set[int] = field(default_factory=set)
    #: Written although there is one already.
    told: dict[int, tuple[Duplicate, ...]] = field(default_factory=dict)

    def left_out(self) -> set[int]:
        """Give the rows whose own change is not written."""
        return self.skipped.keys() | {n for rows in self.joined.values() for n in rows}


def settle(
    unit: Unit, entity: EntityView, rows: Sequence[Mapping[str, Any]], changes: list[Change],
    policy: Policy,
) -> Settled:  # fmt: skip
    """Decide about the planned creations among some changes; exact duplicates only.

    :param changes: one a row; those that are to change a record instead are replaced.
    """
    settled = Settled()
    new = {n: c for n, c in enumerate(changes) if c.action == "create" and not c.errors}
    if policy == "ignore" or not new:
        return settled
    if policy == "create" and not duplicates.watched(unit.actor, entity):
        return settled
    rules = [r for r in duplicates.usable(unit.actor, entity) if isinstance(r, Same)]
    paths = {path for rule in rules for path in rule.fields}
    sought = {n: Sought(values={p: c[p] for p in paths}, id=c.id) for n, c in new.items()}
    # Rows of a file that share a value with many would else be told all of them, each.
    duplicates.find(unit, entity, list(sought.values()), names=False, most=duplicates.MANY)
    if policy == "update":
        _Joining(unit, entity, rules, sought, settled).go(rows, changes)
        return settled
    first: dict[tuple[int, Any], int] = {}
    for number, one in sought.items():
        before = {
            first.setdefault((rule, key), number)
            for rule, key, _path in duplicates.keys(entity, rules, one.values)
        } - {number}
        if not (one.found or before):
            continue
        if policy == "create":
            settled.told[number] = tuple(one.found)
        elif policy == "skip":
            settled.skipped[number] = next((f.id for f in one.found if f.id is not None), None)
        else:
            field = one.found[0].fields[0] if one.found else ""
            changes[number].refuse(field, _because(one.found))
    return settled


def _because(found: Sequence[Duplicate]) -> str:
    if not found:
        return _("Another row of the file has the same value.")
    return _("There is a record with this value already.")


class _Joining:
    """Finds the record that each row means, one row after the other, and joins what rows say of it.

    A row sees what the rows before it have made of the records, as if each had been saved; yet
    each record is written once, however many rows mean it.
    """

    def __init__(
        self, unit: Unit, entity: EntityView, rules: Sequence[DuplicateRule],
        sought: Mapping[int, Sought], settled: Settled,
    ) -> None:  # fmt: skip
        self._unit = unit
        self._entity = entity
        self._rules = rules
        self._sought = sought
        self._settled = settled
        self._check = loader_for(unit.actor, entity)
        self._denied = bulk.forbidden(unit, entity)["edit"]
        #: First row that means a record.
        self._leaders: dict[UUID, int] = {}
        #: Records by what tells them apart, and the other way round.
        self._holders: dict[tuple[int, Any], dict[UUID, None]] = {}
        self._held: dict[UUID, list[tuple[int, Any]]] = {}

    def go(self, rows: Sequence[Mapping[str, Any]], changes: list[Change]) -> None:
        """Replace creations by changes of the records that they mean."""
        there = {f.id for one in self._sought.values() for f in one.found if f.id is not None}
        before = writing.read_before(self._unit, self._entity, sorted(there))
        for record in before.values():
            self._hold(record["id"], record)
        for number, change in enumerate(changes):
            if change.errors:
                continue
            if change.action == "create":
                meant = self._meant(number, change)
                if change.errors:
                    continue
                if meant is not None:
                    change = changes[number] = self._change(rows[number], changes, meant, before)
            if not change.errors:
                self._join(number, change, changes)

    def _meant(self, number: int, change: Change) -> UUID | None:
        """Find the record that a row means; refuses a row of which that is unclear."""
        own = duplicates.keys(self._entity, self._rules, self._sought[number].values)
        found = list({id: None for rule, key, _p in own
                      for id in self._holders.get((rule, key), ())})  # fmt: skip
        hidden = [one for one in self._sought[number].found if one.id is None]
        if len(found) == 1 and not hidden:
            return found[0]
        if found:
            change.refuse(
                own[0][2], _("{count} records are like it; it is unclear which is meant."),
                count=len(found) + len(hidden),
            )  # fmt: skip
        elif hidden:
            people = joined(Message(name) for name in hidden[0].ask)
            change.refuse(
                hidden[0].fields[0],
                _("It is that of a record that you may not see. Ask {people}."), people=people,
            )  # fmt: skip
        return None

    def _change(
        self, row: Mapping[str, Any], changes: Sequence[Change], meant: UUID,
        before: Mapping[UUID, dict[str, Any]],
    ) -> Change:  # fmt: skip
        """Plan what a row changes in a record, as the rows before it have left it."""
        leader = self._leaders.get(meant)
        record = before[meant] if leader is None else self._now(changes[leader])
        change = bulk.change_of(self._entity, self._check, row, record)
        bulk.check_scope(self._unit, change, self._denied)
        return change

    def _join(self, number: int, change: Change, changes: Sequence[Change]) -> None:
        """Write what a row says into the change of its record's first row."""
        leader = self._leaders.setdefault(change.id, number)
        if change.action == "update" and not change.changed:
            self._settled.same.add(number)
        if leader != number:
            self._settled.joined.setdefault(leader, []).append(number)
            first = changes[leader]
            first.values |= change.values
            if first.action == "create":  # nothing stands there that would have to be emptied
                first.values = {p: v for p, v in first.values.items() if v is not None}
        self._hold(change.id, changes[leader])

    def _now(self, change: Change) -> dict[str, Any]:
        """Give a record as a change will leave it."""
        record = {path: change[path] for path in self._entity.fields}
        return record | {"id": change.id, "version": change.version - 1,
                         "archived_at": None, "custom": change.before.get("custom")}  # fmt: skip

    def _hold(self, id: UUID, record: Mapping[str, Any] | Change) -> None:
        """Note by what a record is found from now on."""
        for key in self._held.pop(id, ()):
            self._holders[key].pop(id, None)
        paths = {path for rule in self._rules for path in rule.fields}
        values = {path: record[path] for path in paths}
        found = duplicates.keys(self._entity, self._rules, values)
        self._held[id] = [(rule, key) for rule, key, _path in found]
        for known in self._held[id]:
            self._holders.setdefault(known, {})[id] = None


__all__ = ["POLICIES", "Policy", "Settled", "settle"]
