"""The review tray: received things of which only a person can say which record they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update

from trato.db.types import new_id
from trato.db.upsert import upsert
from trato.errors import Message, NotFound
from trato.records.sync_tables import review as table
from trato.sync.connector import Item, Stream
from trato.sync.running import Run, kept, told
from trato.text import _

_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A thing that waits for a person."""

    id: UUID
    connector: str
    stream: str
    entity: str
    key: str
    label: str
    values: Mapping[str, Any]
    candidates: Sequence[UUID]
    reasons: Sequence[Message]
    is_ignored: bool
    since: dt.datetime


def waiting(
    db: Connection, tenant_id: int, *, connector: str | None = None, limit: int = 100,
    after: UUID | None = None, with_ignored: bool = False,
) -> list[Waiting]:  # fmt: skip
    """Read what waits, the oldest first."""
    statement = select(table).where(table.c.tenant_id == tenant_id)
    if connector is not None:
        statement = statement.where(table.c.connector == connector)
    if not with_ignored:
        statement = statement.where(table.c.is_ignored.is_(False))
    if after is not None:
        statement = statement.where(table.c.id > after)
    return [_waiting(row) for row in db.execute(statement.order_by(table.c.id).limit(limit))]


def count(db: Connection, tenant_id: int) -> dict[str, int]:
    """Count what waits, by connector."""
    rows = db.execute(
        select(table.c.connector, func.count())
        .where(table.c.tenant_id == tenant_id, table.c.is_ignored.is_(False))
        .group_by(table.c.connector)
    )
    return {row[0]: row[1] for row in rows}


def find(db: Connection, tenant_id: int, id: UUID) -> Waiting:
    """Read one thing that waits.

    :raises NotFound: when the tenant has no such.
    """
    row = db.execute(select(table).where(table.c.tenant_id == tenant_id, table.c.id == id)).first()
    if row is None:
        raise NotFound(_("Nothing with number {id} waits for review."), id=id)
    return _waiting(row)


def decide_ignore(db: Connection, tenant_id: int, id: UUID) -> None:
    """Say that a thing is not wanted here; it does not come again."""
    changed = db.execute(
        update(table).where(table.c.tenant_id == tenant_id, table.c.id == id)
        .values(is_ignored=True)
    )  # fmt: skip
    if changed.rowcount == 0:
        find(db, tenant_id, id)


def put(
    db: Connection, run: Run, stream: Stream, item: Item, *, values: Mapping[str, Any],
    candidates: Sequence[UUID], reasons: Sequence[Message], now: dt.datetime,
) -> None:  # fmt: skip
    """Let a thing wait; one that waits already is told anew."""
    fresh = {
        "label": item.label or item.key, "values": dict(values),
        "candidates": [str(record_id) for record_id in candidates],
        "reasons": [kept(reason, "core") for reason in reasons], "changed_at": now,
    }  # fmt: skip
    db.execute(
        upsert(db, table)
        .values(
            tenant_id=run.tenant_id, id=new_id(), connector=run.name, stream=stream.name,
            entity=stream.entity_name, remote_key=item.key, is_ignored=False, created_at=now,
            **fresh,
        )
        .on_conflict_do_update(
            index_elements=["tenant_id", "connector", "stream", "remote_key"], set_=fresh
        )
    )  # fmt: skip


def remove(db: Connection, run: Run, stream: str, keys: Iterable[str]) -> None:
    """Take out things that have found their records."""
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _BATCH):
        some = table.c.remote_key.in_(wanted[start : start + _BATCH])
        db.execute(delete(table).where(*_item(run, stream), some))


def ignored(db: Connection, run: Run, stream: str, keys: Iterable[str]) -> set[str]:
    """Say which things people do not want."""
    wanted = sorted(set(keys))
    if not wanted:
        return set()
    return set(
        db.execute(
            select(table.c.remote_key).where(
                *_item(run, stream), table.c.is_ignored.is_(True), table.c.remote_key.in_(wanted)
            )
        ).scalars()
    )


def _item(run: Run, stream: str) -> tuple[Any, ...]:
    return (table.c.tenant_id == run.tenant_id, table.c.connector == run.name,
            table.c.stream == stream)  # fmt: skip


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id, connector=row.connector, stream=row.stream, entity=row.entity,
        key=row.remote_key, label=row.label, values=row.values,
        candidates=[UUID(text) for text in row.candidates],
        reasons=[message for reason in row.reasons if (message := told(reason)) is not None],
        is_ignored=row.is_ignored, since=row.created_at,
    )  # fmt: skip
