"""What many new rows do about duplicates: write, tell, leave out, change what is there, refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

from trato.entities.duplicates import Same
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
    #: Decided after the others are written: they mean a record of this very save.
    again: list[int] = field(default_factory=list)
    #: Written although there is one already.
    told: dict[int, tuple[Duplicate, ...]] = field(default_factory=dict)


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
    duplicates.find(unit, entity, list(sought.values()), names=False)
    first: dict[tuple[int, Any], int] = {}
    meant: dict[int, UUID] = {}
    for number, one in sought.items():
        before = {
            first.setdefault((rule, key), number)
            for rule, key, _path in duplicates.keys(entity, rules, one.values)
        } - {number}
        if policy == "update" and before:
            settled.again.append(number)
        elif one.found or before:
            _decide(settled, changes, number, one.found, policy, meant)
    if policy == "update":
        _change_those(unit, entity, rows, changes, settled, meant)
    return settled


def _decide(
    settled: Settled, changes: list[Change], number: int, found: Sequence[Duplicate],
    policy: Policy, meant: dict[int, UUID],
) -> None:  # fmt: skip
    change = changes[number]
    visible = [one for one in found if one.id is not None]
    if policy == "create":
        settled.told[number] = tuple(found)
    elif policy == "skip":
        settled.skipped[number] = visible[0].id if visible else None
    elif policy == "error":
        paths = found[0].fields if found else ("",)
        change.refuse(paths[0], *_because(found))
    elif len(found) == 1 and visible and visible[0].id is not None:
        meant[number] = visible[0].id
    elif visible:
        change.refuse(
            found[0].fields[0], _("{count} records are like it; it is unclear which is meant."),
            count=len(found),
        )  # fmt: skip
    else:
        people = joined(Message(name) for name in found[0].ask)
        change.refuse(
            found[0].fields[0],
            _("It is that of a record that you may not see. Ask {people}."), people=people,
        )  # fmt: skip


def _because(found: Sequence[Duplicate]) -> tuple[str]:
    if not found:
        return (_("Another row of the file has the same value."),)
    return (_("There is a record with this value already."),)


def _change_those(
    unit: Unit, entity: EntityView, rows: Sequence[Mapping[str, Any]], changes: list[Change],
    settled: Settled, meant: Mapping[int, UUID],
) -> None:  # fmt: skip
    """Replace creations by changes of the records that they mean, one row a record."""
    before = writing.read_before(unit, entity, list(meant.values()))
    check = loader_for(unit.actor, entity)
    allowed = bulk.forbidden(unit, entity)["edit"]
    taken: set[UUID] = set()
    for number, record_id in meant.items():
        if record_id in taken:
            settled.again.append(number)
        elif record_id in before:
            taken.add(record_id)
            change = bulk.change_of(entity, check, rows[number], before[record_id])
            bulk.check_scope(unit, change, allowed)
            changes[number] = change
    settled.again.sort()


__all__ = ["POLICIES", "Policy", "Settled", "settle"]
