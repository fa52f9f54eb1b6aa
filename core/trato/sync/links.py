"""Links: which record of ours is which thing of the other system's."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, bindparam, delete, select, update

from trato.db.upsert import upsert
from trato.records.sync_tables import link as table

_BATCH = 500


def by_key(
    db: Connection, tenant_id: int, connector: str, entity: str, keys: Iterable[str]
) -> dict[str, Any]:
    """Read links by the keys of the other system."""
    return _by(table.c.remote_key, db, tenant_id, connector, entity, keys)


def by_record(
    db: Connection, tenant_id: int, connector: str, entity: str, ids: Iterable[UUID]
) -> dict[UUID, Any]:
    """Read links by our records."""
    return _by(table.c.record_id, db, tenant_id, connector, entity, ids)


def _by(
    column: Column[Any], db: Connection, tenant_id: int, connector: str, entity: str,
    values: Iterable[Any],
) -> dict[Any, Any]:  # fmt: skip
    found: dict[Any, Any] = {}
    wanted = sorted(set(values))
    for start in range(0, len(wanted), _BATCH):
        for row in db.execute(
            select(table).where(
                table.c.tenant_id == tenant_id, table.c.connector == connector,
                table.c.entity == entity, column.in_(wanted[start : start + _BATCH]),
            )
        ):  # fmt: skip
            found[row._mapping[column]] = row
    return found


def add(
    db: Connection, tenant_id: int, connector: str, entity: str, pairs: Mapping[str, UUID], *,
    now: dt.datetime, **values: Any,
) -> None:  # fmt: skip
    """Link keys of the other system to records that have no link yet."""
    if not pairs:
        return
    rows = [
        {"tenant_id": tenant_id, "connector": connector, "entity": entity, "remote_key": key,
         "record_id": record_id, "linked_at": now, "changed_at": now, **values}
        for key, record_id in pairs.items()
    ]  # fmt: skip
    for start in range(0, len(rows), _BATCH):
        db.execute(upsert(db, table).values(rows[start : start + _BATCH]).on_conflict_do_nothing())


def change(
    db: Connection, tenant_id: int, connector: str, entity: str, key: str, **values: Any
) -> None:
    """Change what is known of a link."""
    db.execute(
        update(table)
        .where(
            table.c.tenant_id == tenant_id, table.c.connector == connector,
            table.c.entity == entity, table.c.remote_key == key,
        )
        .values(values)
    )  # fmt: skip


def change_each(
    db: Connection, tenant_id: int, connector: str, entity: str,
    rows: Mapping[str, Mapping[str, Any]],
) -> None:  # fmt: skip
    """Change what is known of many links: by key of the other system, columns and values."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for key, values in rows.items():
        names = tuple(sorted(values))
        alike[names].append({"the_key": key} | {f"new_{name}": values[name] for name in names})
    for names, bound in alike.items():
        db.execute(
            update(table)
            .where(
                table.c.tenant_id == tenant_id, table.c.connector == connector,
                table.c.entity == entity, table.c.remote_key == bindparam("the_key"),
            )
            .values({name: bindparam(f"new_{name}") for name in names}),
            bound,
        )  # fmt: skip


def point(
    db: Connection, tenant_id: int, connector: str, entity: str, key: str, record_id: UUID, *,
    now: dt.datetime, sent_hash: str | None,
) -> None:  # fmt: skip
    """Link a record to what the other system has made of it.

    A key that is another record's stays with that one: two records were sent, and the other system
    has made one thing of them.
    """
    mine = (
        table.c.tenant_id == tenant_id, table.c.connector == connector, table.c.entity == entity,
        table.c.record_id == record_id,
    )  # fmt: skip
    db.execute(delete(table).where(*mine, table.c.remote_key != key))
    add(db, tenant_id, connector, entity, {key: record_id}, now=now)
    db.execute(
        update(table)
        .where(*mine, table.c.remote_key == key)
        .values(sent_hash=sent_hash, changed_at=now, missing_at=None)
    )
