"""Claiming of tasks across tenants: whose turn it is, with a lease that outlives no worker.

The tenant that was served longest ago goes first; within a tenant a task whose worker was lost,
then the lowest priority number, then the oldest. PostgreSQL does it in a definer function
(``db.security``), because row-level security shows a worker no tenant's tasks before it knows the
tenant; it gives back tenant and key only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, select, text, update

from trato.db.types import UtcDateTime
from trato.tenancy import maintenance
from trato.tenancy.tables import task, turn

_CLAIM_POSTGRESQL = text(
    "SELECT tenant, task FROM core_claim_task(:worker, :now, :lease)"
).bindparams(bindparam("now", type_=UtcDateTime), bindparam("lease", type_=UtcDateTime))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A task that a worker may run until the lease ends."""

    tenant_id: int
    task_id: UUID


def claim(
    connection: Connection, worker: str, *, now: dt.datetime, lease: dt.timedelta
) -> Claim | None:
    """Claim the next due task, or one whose worker has not been heard of since its lease."""
    until = now + lease
    if connection.dialect.name == "postgresql":
        row = connection.execute(
            _CLAIM_POSTGRESQL, {"worker": worker, "now": now, "lease": until}
        ).first()
        return None if row is None else Claim(tenant_id=row[0], task_id=row[1])
    return _claim_sqlite(connection, worker, now=now, until=until)


def _claim_sqlite(
    connection: Connection, worker: str, *, now: dt.datetime, until: dt.datetime
) -> Claim | None:
    """Claim under SQLite's write lock, which a writing transaction holds from its beginning."""
    if maintenance.read(connection) is not None:
        return None
    lost = and_(task.c.state == "running", task.c.lease_until < now)
    due = and_(task.c.state == "queued", task.c.run_at <= now)
    for tenant_id in connection.execute(
        select(turn.c.tenant).order_by(turn.c.served_at, turn.c.tenant)
    ).scalars().all():  # fmt: skip
        found = None
        for free in (lost, due):
            found = (
                found
                or connection.execute(
                    select(task.c.id)
                    .where(task.c.tenant_id == tenant_id, free)
                    .order_by(task.c.priority, task.c.run_at, task.c.id)
                    .limit(1)
                ).scalar()
            )
        if found is None:
            continue
        connection.execute(
            update(task)
            .where(task.c.tenant_id == tenant_id, task.c.id == found)
            .values(state="running", worker=worker, lease_until=until, started_at=now,
                    attempts=task.c.attempts + 1)
        )  # fmt: skip
        connection.execute(update(turn).where(turn.c.tenant == tenant_id).values(served_at=now))
        return Claim(tenant_id=tenant_id, task_id=found)
    return None


def extend(connection: Connection, claimed: Claim, worker: str, *, until: dt.datetime) -> bool:
    """Extend a lease; False when the task is no longer this worker's."""
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == claimed.tenant_id, task.c.id == claimed.task_id,
            task.c.state == "running", task.c.worker == worker,
        )
        .values(lease_until=until)
    )  # fmt: skip
    return changed.rowcount == 1


def take(
    connection: Connection, wanted: Claim, worker: str, *, now: dt.datetime, lease: dt.timedelta
) -> bool:
    """Claim one task out of its turn, in its tenant's transaction; False when it does not wait."""
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == wanted.tenant_id, task.c.id == wanted.task_id,
            task.c.state == "queued",
        )
        .values(state="running", worker=worker, lease_until=now + lease, started_at=now,
                attempts=task.c.attempts + 1)
    )  # fmt: skip
    return changed.rowcount == 1
