"""A member's own marks on records: followed, favourite, looked at of late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from trato.db.upsert import upsert
from trato.entities.view import EntityView
from trato.errors import Forbidden, NotFound
from trato.records import notices
from trato.records.tables import mark as table
from trato.records.tables import notice
from trato.records.unit import Unit
from trato.text import _

#: What a member sets; `recent` is kept by looking.
Kind = Literal["follow", "favorite"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RECENT = "recent"
#: On a view of a list instead of a record: it is a favourite; see ``records.views``.
VIEW = "view"
#: How many records one has looked at are remembered.
KEPT = 30
#: Looking again within this time writes nothing.
_AGAIN = dt.timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A record with a mark of the actor."""

    entity: str
    record_id: UUID
    label: str
    at: dt.datetime


def of(unit: Unit, record_id: UUID) -> Mapping[str, dt.datetime]:
    """Read the actor's marks on a record: when each was set, by kind."""
    rows = unit.connection.execute(
        select(table.c.kind, table.c.at).where(
            table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
            table.c.record_id == record_id,
        )
    )  # fmt: skip
    return {row.kind: row.at for row in rows}


def put(unit: Unit, entity: EntityView, record_id: UUID, kind: Kind, *, on: bool) -> None:
    """Set or take away a mark on a record that the actor may see.

    A mark may be set where nothing else may be written: it is the member's own.

    :raises NotFound: when the actor may not see the record.
    :raises Forbidden: for whoever looks as somebody else.
    """
    _require_self(unit)
    if kind not in KINDS:
        raise NotFound(_("There is no mark '{kind}'."), kind=kind)
    record = unit.records.get(entity.name, record_id, archived=None)
    if on:
        _set(unit, entity, record.id, kind)
    else:
        mine = (*_mine(unit, kind), table.c.record_id == record.id)
        unit.connection.execute(delete(table).where(*mine))


def put_view(unit: Unit, entity: EntityView, view_id: UUID, *, on: bool) -> None:
    """Set or take away a mark on a view of a list, which the caller has found."""
    _require_self(unit)
    if on:
        _set(unit, entity, view_id, VIEW)
    else:
        mine = (*_mine(unit, VIEW), table.c.record_id == view_id)
        unit.connection.execute(delete(table).where(*mine))


def is_news(unit: Unit, record_id: UUID, marks: Mapping[str, dt.datetime]) -> bool:
    """Tell whether looking at a record now is to be remembered; see ``look``.

    :param marks: the actor's marks on it, as ``of`` gives them.
    """
    if unit.actor.member_id is None or unit.actor.viewer is not None:
        return False
    last = marks.get(RECENT)
    if last is None or unit.now - last > _AGAIN:
        return True
    waiting = select(notice.c.id).where(
        notice.c.tenant_id == unit.tenant_id, notice.c.member_id == unit.actor.member_id,
        notice.c.seen_at.is_(None), notice.c.record_id == record_id,
    )  # fmt: skip
    return unit.connection.execute(waiting.limit(1)).first() is not None


def look(unit: Unit, entity: EntityView, record_id: UUID) -> None:
    """Remember that the actor looked at a record, with all that it was told of it."""
    _require_self(unit)
    _set(unit, entity, record_id, RECENT)
    notices.see(unit, record_id=record_id)
    old = (
        select(table.c.record_id)
        .where(*_mine(unit, RECENT))
        .order_by(table.c.at.desc(), table.c.record_id)
        .offset(KEPT)
    )
    if forgotten := list(unit.connection.execute(old).scalars()):
        unit.connection.execute(
            delete(table).where(*_mine(unit, RECENT), table.c.record_id.in_(forgotten))
        )


def read(unit: Unit, kind: str, *, limit: int = KEPT) -> list[Marked]:
    """Read the records that the actor marked and may still see, the latest first."""
    rows = unit.connection.execute(
        select(table).where(*_mine(unit, kind)).order_by(table.c.at.desc()).limit(limit)
    ).all()
    labels: dict[UUID, str] = {}
    for entity in dict.fromkeys(row.entity for row in rows):
        wanted = [row.record_id for row in rows if row.entity == entity]
        labels |= unit.records.labels(entity, wanted)
    return [
        Marked(entity=row.entity, record_id=row.record_id, label=labels[row.record_id] or "—",
               at=row.at)
        for row in rows if row.record_id in labels
    ]  # fmt: skip


def _set(unit: Unit, entity: EntityView, record_id: UUID, kind: str) -> None:
    """Set a mark, or renew it: one statement, whoever else sets it meanwhile."""
    statement = upsert(unit.connection, table).values(
        tenant_id=unit.tenant_id, member_id=unit.actor.member_id, kind=kind, record_id=record_id,
        entity=entity.name, at=unit.now,
    )  # fmt: skip
    keys = [table.c.tenant_id, table.c.member_id, table.c.kind, table.c.record_id]
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={"at": unit.now})
    )


def _mine(unit: Unit, kind: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
            table.c.kind == kind)  # fmt: skip


def _require_self(unit: Unit) -> None:
    if unit.actor.member_id is None or unit.actor.viewer is not None:
        raise Forbidden(_("Marks belong to the person alone."))
