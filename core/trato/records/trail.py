"""The audit of a whole tenant, as its administrator reads it: filtered, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, literal, select, tuple_

from trato.db.types import Id, UtcDateTime
from trato.errors import BadQuery
from trato.records.cursor import decode, encode, fingerprint
from trato.records.tables import audit
from trato.text import _

#: What is done to records.
ACTIONS = ("create", "update", "archive", "restore", "purge")


@dataclass(frozen=True, kw_only=True)
class TrailFilter:
    """Which events are wanted."""

    entity: str | None = None
    action: str | None = None
    #: A member, or `system` for what no member did.
    who: UUID | Literal["system"] | None = None
    record_id: UUID | None = None
    since: dt.datetime | None = None
    #: Before this moment.
    until: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """One audited event of any record."""

    record_id: UUID
    sequence: int
    entity: str
    action: str
    at: dt.datetime
    member_id: UUID | None
    actor: str | None
    #: By path, as JSON holds them; both empty after an erasure by law.
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def page(
    connection: Connection, tenant_id: int, wanted: TrailFilter, *, limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Event], str | None]:  # fmt: skip
    """Read a page of a tenant's audit, the newest first.

    :return: the events, and the cursor of the next page if there is one.
    :raises BadQuery: for a cursor that this function did not give.
    """
    place = (audit.c.at, audit.c.record_id, audit.c.sequence)
    statement = select(audit).where(audit.c.tenant_id == tenant_id, *_conditions(wanted))
    if cursor is not None:
        statement = statement.where(tuple_(*place) < tuple_(*_position(cursor, wanted)))
    ordered = statement.order_by(*(column.desc() for column in place)).limit(limit + 1)
    found = [_event(row) for row in connection.execute(ordered)]
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    position = [last.at.isoformat(), str(last.record_id), last.sequence]
    return found[:limit], encode(fingerprint(wanted), position)


def every(
    connection: Connection, tenant_id: int, wanted: TrailFilter, *, batch: int = 1_000
) -> Iterator[Event]:
    """Read all events that are wanted, in batches, the newest first."""
    cursor: str | None = None
    while True:
        events, cursor = page(connection, tenant_id, wanted, limit=batch, cursor=cursor)
        yield from events
        if cursor is None:
            return


def _conditions(wanted: TrailFilter) -> list[ColumnElement[bool]]:
    made: list[ColumnElement[bool]] = []
    if wanted.entity is not None:
        made.append(audit.c.entity == wanted.entity)
    if wanted.action is not None:
        made.append(audit.c.action == wanted.action)
    if wanted.who == "system":
        made.append(audit.c.member_id.is_(None))
    elif wanted.who is not None:
        made.append(audit.c.member_id == wanted.who)
    if wanted.record_id is not None:
        made.append(audit.c.record_id == wanted.record_id)
    if wanted.since is not None:
        made.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        made.append(audit.c.at < wanted.until)
    return made


def _position(cursor: str, wanted: TrailFilter) -> tuple[Any, ...]:
    values = decode(cursor, fingerprint(wanted))
    try:
        at, record_id, sequence = values
        return (
            literal(dt.datetime.fromisoformat(at), UtcDateTime), literal(UUID(record_id), Id),
            literal(int(sequence), BigInteger),
        )  # fmt: skip
    except (ValueError, TypeError):
        raise BadQuery(_("The cursor cannot be read."), hint=_("Start from the first page."),
                       code="bad_cursor") from None  # fmt: skip


def _event(row: Any) -> Event:
    data = orjson.loads(row.content) if row.content else {}
    return Event(
        record_id=row.record_id, sequence=row.sequence, entity=row.entity, action=row.action,
        at=row.at, member_id=row.member_id, actor=row.actor, before=data.get("before", {}),
        after=data.get("after", {}),
    )  # fmt: skip
