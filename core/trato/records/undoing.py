"""Many records changed by one action, and taken back within ten minutes.

What a record said before is kept with the version that it came to; a record that somebody changed
since is left as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update

from trato.access import rules
from trato.access.roles import Action
from trato.db.types import new_id
from trato.entities.view import EntityView
from trato.errors import Conflict, DomainError, Message, NotFound
from trato.records import writing
from trato.records.bulk import BY_ID
from trato.records.changes import Change, ChangeAction
from trato.records.convert import to_json
from trato.records.query import Record
from trato.records.tables import undo as table
from trato.records.unit import Unit
from trato.text import _

#: Records that one action may change.
MOST = 5_000
#: How long an action may be undone.
KEPT = dt.timedelta(minutes=10)
_BATCH = 500
#: Action of a row that holds what an action refused; it is no action that could be undone.
_REFUSED = "refused"

Before = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A record that an action left as it is, and why."""

    id: UUID
    reasons: tuple[Message, ...]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of the records of one action."""

    changed: int
    #: Not there, not the actor's to change, refused by a rule, or changed by somebody since.
    skipped: int
    #: By which it can be undone; None where nothing was changed.
    undo_id: UUID | None = None
    #: Those among the skipped that are not as the action would have them.
    refused: tuple[Refusal, ...] = ()


def check_count(count: int) -> None:
    """Refuse more records than one action may change.

    :raises DomainError: with code `too_many`.
    """
    if count > MOST:
        raise DomainError(
            _("One action changes up to {most} records; these are more."),
            hint=_("Narrow the list with a filter and do it in parts."), most=MOST,
            code="too_many",
        )  # fmt: skip


def change_all(
    unit: Unit, entity: EntityView, ids: Sequence[UUID], values: Callable[[Before], Before]
) -> Done:
    """Change records that the actor may edit, 500 at a time, so that it can be undone.

    :param values: makes the new values of a record, by path, from what it says now.
    :raises DomainError: for more than ``MOST`` records.
    :raises Forbidden: when the actor may edit no record of the entity.
    """
    check_count(len(ids))
    writing.check_writable(unit)
    rules.require(unit.actor, entity, "edit")
    kept: list[list[Any]] = []
    refused: list[Refusal] = []
    for before in _living(unit, entity, ids, refused):
        rows = {record_id: values(record) for record_id, record in before.items()}
        outcomes = unit.records.bulk(entity.name, list(rows.values()), match=BY_ID, ids=list(rows))
        for outcome, (record_id, row) in zip(outcomes, rows.items(), strict=True):
            if outcome.status == "updated":
                said = {path: to_json(entity.fields[path], before[record_id][path])
                        for path in row}  # fmt: skip
                kept.append([str(record_id), outcome.version, said])
            elif outcome.status == "refused":
                refused.append(_refusal(record_id, outcome.errors))
    return _keep(unit, entity, "update", kept, skipped=len(set(ids)) - len(kept), refused=refused)


def change_one(
    unit: Unit, entity: EntityView, record_id: UUID, values: Before, *, version: int
) -> tuple[Record, UUID | None]:
    """Change fields of one record, as ``Records.update`` does, so that it can be undone.

    :return: the record, and by which id it can be undone; None where nothing was changed.
    :raises StaleRecord: when it is no longer at that version, with the current record.
    """
    before = unit.records.get(entity.name, record_id)
    saved = unit.records.update(entity.name, record_id, values, version=version)
    if saved.version == before.version:
        return saved, None
    said = {path: to_json(entity.fields[path], before.values.get(path)) for path in values}
    kept = [[str(record_id), saved.version, said]]
    return saved, _keep(unit, entity, "update", kept, skipped=0).undo_id


def archive_all(unit: Unit, entity: EntityView, ids: Sequence[UUID]) -> Done:
    """Put records that the actor may archive into the bin, 500 at a time; see ``change_all``."""
    check_count(len(ids))
    writing.check_writable(unit)
    rules.require(unit.actor, entity, "archive")
    kept: list[list[Any]] = []
    refused: list[Refusal] = []
    for before in _living(unit, entity, ids, refused):
        written = _move(unit, entity, before, "archive", refused)
        kept += [[str(change.id), change.version, {}] for change in written]
    return _keep(unit, entity, "archive", kept, skipped=len(set(ids)) - len(kept), refused=refused)


def undo(unit: Unit, entity: EntityView, undo_id: UUID) -> Done:
    """Let records say again what they said before an action of the actor; once.

    :raises NotFound: when it is no action of this member.
    :raises Conflict: when it was undone already, or is too long ago.
    """
    writing.check_writable(unit)
    mine = _mine(unit, entity, undo_id)
    row = unit.connection.execute(select(table).where(*mine)).first()
    if row is None or row.action == _REFUSED:
        raise NotFound(_("There is nothing of yours to undo here."))
    open_still = (table.c.used_at.is_(None), table.c.expires_at > unit.now)
    taken = unit.connection.execute(
        update(table).where(*mine, *open_still).values(used_at=unit.now)
    )
    if taken.rowcount != 1:
        raise Conflict(_("This was undone already, or more than ten minutes have passed."))
    kept = {UUID(record_id): (version, said) for record_id, version, said in row.content}
    changed = 0
    for some in _chunks(list(kept)):
        before = {
            record_id: record
            for record_id, record in writing.read_before(unit, entity, some).items()
            if record["version"] == kept[record_id][0]
        }
        if row.action == "archive":
            changed += len(_move(unit, entity, before, "restore", []))
            continue
        outcomes = unit.records.bulk(
            entity.name, [kept[record_id][1] for record_id in before], match=BY_ID,
            ids=list(before),
        )  # fmt: skip
        changed += sum(outcome.status == "updated" for outcome in outcomes)
    return Done(changed=changed, skipped=len(kept) - changed)


def keep_refused(unit: Unit, entity: EntityView, told: Sequence[tuple[UUID, str]]) -> UUID:
    """Keep for the actor, as long as an action may be undone, what it left as it is.

    :param told: records, each with the reason in the actor's words.
    :return: the id for ``refused``.
    """
    kept = [[str(record_id), text] for record_id, text in told]
    return _insert(unit, entity, _REFUSED, kept)


def refused(unit: Unit, entity: EntityView, refused_id: UUID) -> list[tuple[UUID, str]]:
    """Read what ``keep_refused`` kept.

    :raises NotFound: when there is no such list of this member, or it is too long ago.
    """
    row = unit.connection.execute(
        select(table).where(
            *_mine(unit, entity, refused_id), table.c.action == _REFUSED,
            table.c.expires_at > unit.now,
        )
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("What was refused is told for ten minutes only."))
    return [(UUID(record_id), text) for record_id, text in row.content]


def _mine(unit: Unit, entity: EntityView, row_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == unit.tenant_id, table.c.id == row_id,
            table.c.member_id == unit.actor.member_id, table.c.entity == entity.name)  # fmt: skip


def _refusal(record_id: UUID, errors: Mapping[str, Sequence[Message]]) -> Refusal:
    return Refusal(id=record_id, reasons=tuple(m for some in errors.values() for m in some))


def _living(
    unit: Unit, entity: EntityView, ids: Sequence[UUID], refused: list[Refusal]
) -> Iterator[dict[UUID, dict[str, Any]]]:
    """Read and lock the records that exist here and are not in the bin, a set at a time."""
    gone = Message(_("It is not there any more, or in the recycle bin."))
    for some in _chunks(sorted(set(ids))):
        found = writing.read_before(unit, entity, some)
        living = {i: record for i, record in found.items() if record["archived_at"] is None}
        refused += [Refusal(id=i, reasons=(gone,)) for i in some if i not in living]
        yield living


def _move(
    unit: Unit, entity: EntityView, before: Mapping[UUID, dict[str, Any]], action: ChangeAction,
    refused: list[Refusal],
) -> list[Change]:  # fmt: skip
    """Archive or restore those of locked records that the actor may."""
    reached = set(before)
    needed: Action = "archive"
    rules.require(unit.actor, entity, needed)
    rule = rules.predicate(unit.actor, entity, needed)
    if rule is not None and before:
        own = entity.table
        reached = set(
            unit.connection.execute(
                select(own.c.id).where(
                    own.c.tenant_id == unit.tenant_id, own.c.id.in_(sorted(before)), rule
                )
            ).scalars()
        )
    changes = [
        Change(entity=entity, action=action, id=record_id, before=record,
               version=record["version"] + 1)
        for record_id, record in before.items() if record_id in reached
    ]  # fmt: skip
    written = writing.save(unit, entity, changes)
    barred = Message(_("You may not do this with this record."))
    refused += [Refusal(id=i, reasons=(barred,)) for i in before if i not in reached]
    refused += [_refusal(change.id, change.errors) for change in changes if change.errors]
    return written


def _keep(
    unit: Unit, entity: EntityView, action: str, kept: list[list[Any]], *, skipped: int,
    refused: Sequence[Refusal] = (),
) -> Done:  # fmt: skip
    undo_id = _insert(unit, entity, action, kept) if kept else None
    return Done(changed=len(kept), skipped=skipped, undo_id=undo_id, refused=tuple(refused))


def _insert(unit: Unit, entity: EntityView, action: str, kept: list[list[Any]]) -> UUID:
    row_id = new_id()
    unit.connection.execute(
        insert(table).values(
            tenant_id=unit.tenant_id, id=row_id, member_id=unit.actor.member_id,
            entity=entity.name, action=action, content=kept, created_at=unit.now,
            expires_at=unit.now + KEPT,
        )
    )  # fmt: skip
    return row_id


def _chunks(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), _BATCH):
        yield list(ids[start : start + _BATCH])
