"""What members are told: that somebody named them, gave them a record, or that one has news.

How, each has chosen (``notice_choices``): a notice that the bell does not show is only there to be
written in a letter, which the job ``MAIL`` sends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    exists,
    func,
    insert,
    select,
    update,
)

from trato.db.types import new_id
from trato.entities.view import EntityView
from trato.records import notice_choices
from trato.records.changes import Change
from trato.records.explaining import decide
from trato.records.query import Record
from trato.records.tables import mark
from trato.records.tables import notice as table
from trato.records.unit import Unit
from trato.tenancy.tasks import enqueue

Kind = Literal["mention", "assigned", "note", "change"]
#: The job that sends a member's letters.
MAIL = "core.mail_notices"
#: For so long a letter gathers what else there is to tell.
GATHERED = dt.timedelta(minutes=1)
#: Of a person's own imports and exports, failed and done; they name a desk instead of a record.
Exchange = Literal["import", "export", "tried", "imported", "exported"]
EXCHANGES: tuple[str, ...] = get_args(Exchange)
#: Of other work that a person asked for; they name a job and a task.
TASKS = ("task_failed", "task_done")
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that a member is told of a record."""

    id: UUID
    kind: str
    entity: str
    record_id: UUID
    #: Name of the record.
    label: str
    by_member_id: UUID | None
    created_at: dt.datetime
    is_seen: bool


def follower(records: Table) -> ColumnElement[bool]:
    """Make the condition that somebody follows a record of a table."""
    return exists().where(
        mark.c.tenant_id == records.c.tenant_id, mark.c.kind == "follow",
        mark.c.record_id == records.c.id,
    )  # fmt: skip


def followers(unit: Unit, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Give the members who follow each of some records, but the actor."""
    found: dict[UUID, list[UUID]] = {}
    for start in range(0, len(ids), _BATCH):
        rows = unit.connection.execute(
            select(mark.c.record_id, mark.c.member_id).where(
                mark.c.tenant_id == unit.tenant_id, mark.c.kind == "follow",
                mark.c.record_id.in_(ids[start : start + _BATCH]),
            )
        )  # fmt: skip
        for record_id, member_id in rows:
            if member_id != unit.actor.member_id:
                found.setdefault(record_id, []).append(member_id)
    return found


def tell(
    unit: Unit, entity: EntityView, record: Record, kind: Kind, members: Collection[UUID], *,
    note_id: UUID | None = None,
) -> None:  # fmt: skip
    """Tell members, as far as they work here and may see the record; nobody is told of oneself."""
    _put(unit, _rows(unit, entity, record, kind, members, note_id=note_id))


def _rows(
    unit: Unit, entity: EntityView, record: Record, kind: Kind, members: Collection[UUID], *,
    note_id: UUID | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    rows = []
    for member_id in sorted(set(members) - {unit.actor.member_id}):
        member = unit.view.members.get(member_id)
        if member is None or not member.may_enter(unit.now):
            continue
        reader = replace(unit.actor, member=member, scopes=None, viewer=None)
        if decide(unit, reader, entity, record, "view").allowed:
            rows.append(_row(unit, entity, record.id, kind, member.id, note_id))
    return rows


def _put(unit: Unit, rows: list[dict[str, Any]]) -> None:
    _insert(unit.connection, unit.tenant_id, rows, now=unit.now)


def _insert(
    connection: Connection, tenant_id: int, rows: list[dict[str, Any]], *, now: dt.datetime
) -> None:
    """Add notices as each member wants them told, and queue the letters."""
    if not rows:
        return
    chosen = notice_choices.read(connection, tenant_id, {row["member_id"] for row in rows})
    for row in rows:
        way = chosen[row["member_id"]].way(row["kind"])
        row |= {"is_shown": way.in_app, "mail": way.mail or None}
    told = [row for row in rows if row["is_shown"] or row["mail"]]
    if told:
        connection.execute(insert(table), told)
    at = now.replace(second=0, microsecond=0) + GATHERED + dt.timedelta(minutes=1)
    for member_id in sorted({row["member_id"] for row in told if row["mail"]}):
        queue_letter(connection, tenant_id, member_id, at=at, now=now)


def queue_letter(
    connection: Connection, tenant_id: int, member_id: UUID, *, at: dt.datetime, now: dt.datetime
) -> None:
    """Queue the job that sends what a member waits for; once for each moment."""
    enqueue(
        connection, tenant_id, MAIL, now=now, run_at=at, payload={"member_id": str(member_id)},
        unique_key=f"{MAIL}:{member_id}@{at.isoformat()}",
    )  # fmt: skip


def tell_of_assignments(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Tell members that somebody gave them records.

    What an import, a connector or a job assigns is told to nobody: it may be all of them.
    """
    if unit.actor.member_id is None or unit.actor.via == "import":
        return
    rows = []
    for change in changes:
        owner = change.values.get("owner_id")
        if change.action not in ("create", "update") or owner is None:
            continue
        if change.touches("owner_id"):
            record = Record(entity=entity.name, id=change.id, version=change.version,
                            values={**change.before, **change.values})  # fmt: skip
            rows += _rows(unit, entity, record, "assigned", [owner])
    _put(unit, rows)


def tell_of_changes(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Tell followers that records changed: once, until they have looked."""
    old = {
        change.id: change
        for change in changes
        if change.action in ("update", "archive") and change.id not in unit.unfollowed
    }
    unit.unfollowed.difference_update(change.id for change in changes)
    if not old:
        return
    found = followers(unit, list(old))
    if not found:
        return
    waiting = unit.connection.execute(
        select(table.c.record_id, table.c.member_id).where(
            table.c.tenant_id == unit.tenant_id, table.c.kind == "change",
            table.c.record_id.in_(list(found)), table.c.seen_at.is_(None),
            table.c.member_id.in_({m for members in found.values() for m in members}),
        )
    )  # fmt: skip
    told = {(row.record_id, row.member_id) for row in waiting}
    rows = []
    for record_id, members in found.items():
        change = old[record_id]
        record = Record(entity=entity.name, id=record_id, version=change.version,
                        values={**change.before, **change.values})  # fmt: skip
        # Who gets the record with this change is told that.
        owner = change.changed.get("owner_id")
        new = [one for one in members if one != owner and (record_id, one) not in told]
        rows += _rows(unit, entity, record, "change", new)
    _put(unit, rows)


def _row(
    unit: Unit, entity: EntityView, record_id: UUID, kind: Kind, member_id: UUID,
    note_id: UUID | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "tenant_id": unit.tenant_id, "id": new_id(), "member_id": member_id, "kind": kind,
        "entity": entity.name, "record_id": record_id, "by_member_id": unit.actor.member_id,
        "note_id": note_id, "created_at": unit.now,
    }  # fmt: skip


def tell_of_exchange(
    connection: Connection, tenant_id: int, member_id: UUID, kind: Exchange, *, entity: str,
    desk_id: UUID, now: dt.datetime,
) -> None:  # fmt: skip
    """Tell a member that an import or export of theirs is over; its desk stands for a record."""
    _tell_of_own(connection, tenant_id, member_id, kind, entity, desk_id, now)


def tell_of_task(
    connection: Connection, tenant_id: int, member_id: UUID, *, job: str, task_id: UUID,
    done: bool, now: dt.datetime,
) -> None:  # fmt: skip
    """Tell a member that a task which they asked for is done, or has failed for good."""
    kind = "task_done" if done else "task_failed"
    _tell_of_own(connection, tenant_id, member_id, kind, job, task_id, now)


def _tell_of_own(
    connection: Connection, tenant_id: int, member_id: UUID, kind: str, about: str, id: UUID,
    now: dt.datetime,
) -> None:  # fmt: skip
    row = {"tenant_id": tenant_id, "id": new_id(), "member_id": member_id, "kind": kind,
           "entity": about, "record_id": id, "created_at": now}  # fmt: skip
    _insert(connection, tenant_id, [row], now=now)


def has_unseen(connection: Connection, tenant_id: int, member_id: UUID, about: UUID) -> bool:
    """Tell whether a member has not seen something of a record, or what stands for one."""
    found = select(table.c.id).where(
        table.c.tenant_id == tenant_id, table.c.member_id == member_id,
        table.c.seen_at.is_(None), table.c.record_id == about,
    )  # fmt: skip
    return connection.execute(found.limit(1)).first() is not None


def unseen(connection: Connection, tenant_id: int, member_id: UUID) -> int:
    """Count what a member has not seen yet."""
    counted = select(func.count()).where(
        table.c.tenant_id == tenant_id, table.c.member_id == member_id,
        table.c.seen_at.is_(None), table.c.is_shown,
    )  # fmt: skip
    return int(connection.execute(counted.select_from(table)).scalar_one())


def read(unit: Unit, *, limit: int = 50) -> list[Notice]:
    """Read what the actor was told, newest first, of records that it may still see."""
    return _read(unit, table.c.is_shown, limit)


def read_some(unit: Unit, ids: Collection[UUID]) -> list[Notice]:
    """Read some of the actor's notices, newest first, of records that it may still see."""
    return _read(unit, table.c.id.in_(sorted(ids)), len(ids))


def _read(unit: Unit, which: ColumnElement[bool], limit: int) -> list[Notice]:
    rows = unit.connection.execute(
        select(table)
        .where(
            table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id, which
        )
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit)
    ).all()
    labels: dict[UUID, str] = {}
    own = (*EXCHANGES, *TASKS)
    for entity in dict.fromkeys(row.entity for row in rows if row.kind not in own):
        wanted = [row.record_id for row in rows if row.entity == entity and row.kind not in own]
        labels |= unit.records.labels(entity, wanted)
    # What was exchanged has no name of its own; the kind of record says enough, or the job.
    labels |= {row.record_id: "" for row in rows if row.kind in TASKS
               or (row.kind in EXCHANGES and row.entity in unit.view.entities)}  # fmt: skip
    return [
        Notice(
            id=row.id, kind=row.kind, entity=row.entity, record_id=row.record_id,
            label=labels[row.record_id] or "—", by_member_id=row.by_member_id,
            created_at=row.created_at, is_seen=row.seen_at is not None,
        )
        for row in rows if row.record_id in labels
    ]  # fmt: skip


def see(unit: Unit, *, record_id: UUID | None = None) -> int:
    """Note that the actor has seen everything, or everything of a record.

    :return: how much was new.
    """
    statement = update(table).where(
        table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
        table.c.seen_at.is_(None),
    )  # fmt: skip
    if record_id is not None:
        statement = statement.where(table.c.record_id == record_id)
    return unit.connection.execute(statement.values(seen_at=unit.now)).rowcount
