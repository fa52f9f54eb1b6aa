"""Whole records of an entity, bin included, as JSON holds them; for archives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.records import audit
from trato.records.changes import Change
from trato.records.convert import to_json
from trato.records.reading import finish, select_columns

_BATCH = 1_000


def columns(entity: EntityView) -> tuple[str, ...]:
    """Name what ``rows`` gives."""
    return ("id", "version", "archived_at", *entity.fields)


def rows(connection: Connection, tenant_id: int, entity: EntityView) -> Iterator[tuple[Any, ...]]:
    """Read all records of a tenant in the order of their ids."""
    table = entity.table
    paths = tuple(entity.fields)
    chosen, joined = select_columns(entity, entity.fields, paths)
    source: Any = table
    for side in joined:
        source = source.outerjoin(
            side, (side.c.tenant_id == table.c.tenant_id) & (side.c.id == table.c.id)
        )
    statement = (
        select(*chosen, table.c.archived_at.label("bin"))
        .select_from(source)
        .where(table.c.tenant_id == tenant_id)
        .order_by(table.c.id)
        .limit(_BATCH)
    )
    names = ("id", "version", *paths)
    fields = [entity.fields[path] for path in paths]
    after: UUID | None = None
    while True:
        page = statement if after is None else statement.where(table.c.id > after)
        raw = [tuple(row) for row in connection.execute(page)]
        for values, row in zip(finish(entity, names, [r[:-1] for r in raw]), raw, strict=True):
            gone = None if row[-1] is None else row[-1].isoformat()
            yield (
                str(values[0]), values[1], gone,
                *(to_json(f, v) for f, v in zip(fields, values[2:], strict=True)),
            )  # fmt: skip
        if len(raw) < _BATCH:
            return
        after = raw[-1][0]


def mark_purged(
    connection: Connection, actor: Actor, entity: EntityView, *, at: Any, key: bytes
) -> int:
    """Leave a tombstone in the history of every record of an entity, before they are removed.

    :return: how many records there are.
    """
    table = entity.table
    statement = select(table.c.id, table.c.version).where(table.c.tenant_id == actor.tenant_id)
    after: UUID | None = None
    count = 0
    while True:
        page = statement if after is None else statement.where(table.c.id > after)
        found: Sequence[Any] = connection.execute(page.order_by(table.c.id).limit(_BATCH)).all()
        if found:
            changes = [
                Change(entity=entity, action="purge", id=row.id, version=row.version + 1)
                for row in found
            ]
            audit.write(connection, actor, changes, at=at, key=key)
        count += len(found)
        if len(found) < _BATCH:
            return count
        after = found[-1].id
