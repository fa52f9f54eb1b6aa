"""Claiming of tasks across tenants: whose turn it is, with a lease that outlives no worker.

The tenant that was served longest ago goes first; within a tenant a task whose worker was lost,
then the lowest priority number, then the oldest. PostgreSQL does it in a definer function
(``db.security``), because row-level security shows a worker no tenant's tasks before it knows the
tenant; it gives back tenant and key only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, Row, bindparam, column, func, select, text, update

from trato.db.types import Id, UtcDateTime
from trato.records import unit
from trato.tenancy import maintenance
from trato.tenancy.tables import task, turn

_NOW = dt.timedelta()
#: After all turns that there were, also where the clock was set back since.
_LAST = dt.timedelta(microseconds=1)

#: All tenants in one statement. The states are written out, and a sign keeps the tenant from being
#: looked up: else SQLite would not use the index of that state, but read all that was ever run.
_NEXT_SQLITE = (
    text("""
    SELECT tenant, id FROM (
        SELECT t.tenant, t.served_at, coalesce(
            (SELECT l.id FROM core_task l
             WHERE +l.tenant_id = t.tenant AND l.state = 'running' AND l.lease_until < :now
             ORDER BY l.priority, l.run_at, l.id LIMIT 1),
            (SELECT q.id FROM core_task q
             WHERE q.tenant_id = t.tenant AND q.state = 'queued' AND q.run_at <= :now
             ORDER BY q.priority, q.run_at, q.id LIMIT 1)
        ) AS id FROM core_turn t
    ) WHERE id IS NOT NULL ORDER BY served_at, tenant LIMIT 1
    """)
    .bindparams(bindparam("now", type_=UtcDateTime))
    .columns(tenant=Integer, id=Id)
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A task that a worker may run until the lease ends."""

    tenant_id: int
    task_id: UUID


def moment(connection: Connection, clock: unit.Clock, *, after: dt.timedelta = _NOW) -> Any:
    """Give the moment that it is, or will be, as leases and due times are told by.

    Workers are on machines whose clocks differ, so on PostgreSQL the database tells it: one whose
    clock is fast would take the tasks of others. A clock that somebody gave the host, as tests do,
    rules over both.
    """
    if connection.dialect.name == "postgresql" and clock is unit.utc_now:
        return func.clock_timestamp() + after
    return clock() + after


def claim(
    connection: Connection, worker: str, *, clock: unit.Clock, lease: dt.timedelta
) -> Claim | None:
    """Claim the next due task, or one whose worker has not been heard of since its lease."""
    now, until = moment(connection, clock), moment(connection, clock, after=lease)
    if connection.dialect.name == "postgresql":
        found = func.core_claim_task(worker, now, until).table_valued(
            column("tenant"), column("task", Id)
        )
        row = connection.execute(select(found)).first()
        return None if row is None else Claim(tenant_id=row[0], task_id=row[1])
    return _claim_sqlite(connection, worker, now=now, until=until)


def is_due(connection: Connection, *, clock: unit.Clock) -> bool:
    """Tell whether there may be something to claim, in a transaction that only reads.

    For SQLite, where to claim takes the one write lock: an idle worker would take it each second.
    """
    return _next(connection, clock()) is not None


def _claim_sqlite(
    connection: Connection, worker: str, *, now: dt.datetime, until: dt.datetime
) -> Claim | None:
    """Claim under SQLite's write lock, which a writing transaction holds from its beginning."""
    found = _next(connection, now)
    if found is None:
        return None
    connection.execute(
        update(task)
        .where(task.c.tenant_id == found.tenant, task.c.id == found.id)
        .values(state="running", worker=worker, lease_until=until, started_at=now,
                attempts=task.c.attempts + 1)
    )  # fmt: skip
    last = connection.execute(select(func.max(turn.c.served_at))).scalar_one()
    served = max(now, last + _LAST)
    connection.execute(update(turn).where(turn.c.tenant == found.tenant).values(served_at=served))
    return Claim(tenant_id=found.tenant, task_id=found.id)


def _next(connection: Connection, now: dt.datetime) -> Row[Any] | None:
    """Find tenant and key of the task whose turn it is."""
    if maintenance.read(connection) is not None:
        return None
    return connection.execute(_NEXT_SQLITE, {"now": now}).first()


def extend(
    connection: Connection, claimed: Claim, worker: str, *, clock: unit.Clock, lease: dt.timedelta
) -> bool:
    """Extend a lease; False when the task is no longer this worker's."""
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == claimed.tenant_id, task.c.id == claimed.task_id,
            task.c.state == "running", task.c.worker == worker,
        )
        .values(lease_until=moment(connection, clock, after=lease))
    )  # fmt: skip
    return changed.rowcount == 1


def take(
    connection: Connection, wanted: Claim, worker: str, *, clock: unit.Clock, lease: dt.timedelta
) -> bool:
    """Claim one task out of its turn, in its tenant's transaction; False when it does not wait."""
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == wanted.tenant_id, task.c.id == wanted.task_id,
            task.c.state == "queued",
        )
        .values(state="running", worker=worker, started_at=moment(connection, clock),
                lease_until=moment(connection, clock, after=lease), attempts=task.c.attempts + 1)
    )  # fmt: skip
    return changed.rowcount == 1
