"""The port to background work: put tasks in, look at them, cancel them, try them again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update

from trato.errors import DomainError, NotFound
from trato.tenancy.tables import task
from trato.tenancy.tasks import at_once, enqueue, release
from trato.text import _

#: States in which a task is over.
OVER = ("done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A queued, running or finished piece of work."""

    id: UUID
    job: str
    payload: Mapping[str, Any]
    state: str
    message: str | None
    priority: int
    run_at: dt.datetime
    attempts: int
    progress: int | None
    progress_total: int | None
    result: Any
    created_at: dt.datetime
    created_by: UUID | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


def tasks(
    connection: Connection, tenant_id: int, *, states: tuple[str, ...] = (), limit: int = 50,
    before: UUID | None = None, job: str | None = None,
) -> list[Task]:  # fmt: skip
    """Read a tenant's tasks, the newest first."""
    statement = select(task).where(task.c.tenant_id == tenant_id)
    if job is not None:
        statement = statement.where(task.c.job == job)
    if states:
        statement = statement.where(task.c.state.in_(states))
    if before is not None:
        statement = statement.where(task.c.id < before)
    rows = connection.execute(statement.order_by(task.c.id.desc()).limit(limit))
    return [_task(row) for row in rows]


def add(
    connection: Connection, tenant_id: int, job: str, *, now: dt.datetime,
    payload: Mapping[str, Any] | None = None, priority: int = 0,
) -> UUID:  # fmt: skip
    """Queue a task without a key, which is never there already; see ``enqueue``."""
    made = enqueue(connection, tenant_id, job, now=now, payload=payload, priority=priority)
    if made is None:
        raise LookupError(job)
    return made


def find(connection: Connection, tenant_id: int, task_id: UUID) -> Task:
    """Read one task.

    :raises NotFound: when the tenant has no such task.
    """
    row = connection.execute(
        select(task).where(task.c.tenant_id == tenant_id, task.c.id == task_id)
    ).first()
    if row is None:
        raise NotFound(_("There is no task {id}."), id=task_id)
    return _task(row)


def some(connection: Connection, tenant_id: int, ids: Collection[UUID]) -> dict[UUID, Task]:
    """Read some tasks by their ids; those that are remembered no more are left out."""
    if not ids:
        return {}
    wanted = select(task).where(task.c.tenant_id == tenant_id, task.c.id.in_(sorted(ids)))
    return {row.id: _task(row) for row in connection.execute(wanted)}


def _task(row: Any) -> Task:
    return Task(
        id=row.id, job=row.job, payload=row.payload or {}, state=row.state, message=row.message,
        priority=row.priority, run_at=row.run_at, attempts=row.attempts, progress=row.progress,
        progress_total=row.progress_total, result=row.result, created_at=row.created_at,
        created_by=row.created_by, started_at=row.started_at, finished_at=row.finished_at,
    )  # fmt: skip


def counts(connection: Connection, tenant_id: int, *, job: str | None = None) -> dict[str, int]:
    """Count a tenant's tasks by state."""
    statement = select(task.c.state, func.count()).where(task.c.tenant_id == tenant_id)
    if job is not None:
        statement = statement.where(task.c.job == job)
    rows = connection.execute(statement.group_by(task.c.state))
    return {row[0]: row[1] for row in rows}


def cancel(connection: Connection, tenant_id: int, task_id: UUID, *, now: dt.datetime) -> None:
    """Cancel a task that has not begun; a running one stops at its next report of progress.

    :raises DomainError: when it is over already.
    """
    changed = connection.execute(
        update(task)
        .where(task.c.tenant_id == tenant_id, task.c.id == task_id, task.c.state.not_in(OVER))
        .values(state="cancelled", finished_at=now, lease_until=None)
    )
    if changed.rowcount == 0:
        find(connection, tenant_id, task_id)
        raise DomainError(_("The task is over already."), code="task_over")


def retry(connection: Connection, tenant_id: int, task_id: UUID, *, now: dt.datetime) -> None:
    """Queue a failed, cancelled or held task again.

    :raises DomainError: when it waits or runs.
    """
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == tenant_id, task.c.id == task_id,
            task.c.state.in_(("failed", "cancelled", "held")),
        )
        .values(state="queued", attempts=0, run_at=at_once(connection, now), message=None,
                finished_at=None, progress=None, progress_total=None)
    )  # fmt: skip
    if changed.rowcount == 0:
        find(connection, tenant_id, task_id)
        raise DomainError(_("The task waits or runs, or is done."), code="task_not_over")


def remove_old(connection: Connection, tenant_id: int, *, before: dt.datetime) -> int:
    """Remove the record of tasks that were over before a moment.

    :return: how many they were.
    """
    gone = connection.execute(
        delete(task).where(
            task.c.tenant_id == tenant_id, task.c.state.in_(OVER), task.c.created_at < before,
            task.c.finished_at < before,
        )
    )  # fmt: skip
    return gone.rowcount


def remove_done(
    connection: Connection, tenant_id: int, jobs: Sequence[str], *, before: dt.datetime
) -> int:
    """Remove the record of some jobs' tasks that went well before a moment.

    :return: how many they were.
    """
    gone = connection.execute(
        delete(task).where(
            task.c.tenant_id == tenant_id, task.c.state == "done", task.c.job.in_(jobs),
            task.c.finished_at < before,
        )
    )  # fmt: skip
    return gone.rowcount


__all__ = [
    "OVER", "Task", "cancel", "counts", "enqueue", "find", "release",
    "remove_done", "remove_old", "retry", "tasks",
]  # fmt: skip
