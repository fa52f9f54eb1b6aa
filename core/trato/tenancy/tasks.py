"""Tasks as the layers below the workers put them in: queued, and queued again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, literal, update

from trato.db.types import UtcDateTime, new_id
from trato.db.upsert import upsert
from trato.tenancy.tables import task, turn

_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def delay(attempts: int) -> dt.timedelta:
    """Say how long to wait after so many attempts: 30 s, doubled each time, at most 6 h."""
    # Beyond a few doublings it is the most anyway, and soon more than a span can hold.
    doubled = min(attempts - 1, 10)
    return min(dt.timedelta(seconds=30 * 2**doubled), dt.timedelta(hours=6))


def at_once(connection: Connection, now: dt.datetime) -> Any:
    """Give a moment that has come by the database's clock too, which tells what is due.

    What a machine queues whose clock is fast would wait until the others are there.
    """
    if connection.dialect.name == "postgresql":
        return func.least(literal(now, UtcDateTime()), func.now())
    return now


def enqueue(
    connection: Connection, tenant_id: int, job: str, *, now: dt.datetime,
    payload: Mapping[str, Any] | None = None, unique_key: str | None = None, priority: int = 0,
    run_at: dt.datetime | None = None, by: UUID | None = None,
) -> UUID | None:  # fmt: skip
    """Queue a task inside the caller's transaction: it exists when, and only if, that commits.

    :param unique_key: a task of the tenant with the same key is not queued again, ever.
    :return: the task's id, or None when the key was there.
    """
    made = new_id()
    row = {
        "tenant_id": tenant_id, "id": made, "job": job, "payload": dict(payload or {}),
        "state": "queued", "unique_key": unique_key, "priority": priority,
        "run_at": run_at or at_once(connection, now), "attempts": 0, "created_at": now,
        "created_by": by,
    }  # fmt: skip
    statement = upsert(connection, task).values(row)
    if unique_key is not None:
        statement = statement.on_conflict_do_nothing()
    if connection.execute(statement.returning(task.c.id)).first() is None:
        return None
    known = upsert(connection, turn).values(tenant=tenant_id, served_at=_NEVER)
    connection.execute(known.on_conflict_do_nothing())
    return made


def release(connection: Connection, tenant_id: int, plugin: str, *, now: dt.datetime) -> int:
    """Queue again what was held while a plugin was disabled.

    :return: how many tasks.
    """
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == tenant_id, task.c.state == "held",
            task.c.job >= f"{plugin}.", task.c.job < f"{plugin}/",
        )
        .values(state="queued", run_at=at_once(connection, now), message=None)
    )  # fmt: skip
    return changed.rowcount
