"""The queue of all tenants in numbers, for whoever watches the installation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, func, select, text

from trato.db.engine import transaction
from trato.db.types import UtcDateTime
from trato.tenancy.tables import task

STATES = ("queued", "running", "done", "failed", "cancelled", "held")
#: Row-level security shows nobody all tenants' tasks; the function gives numbers only.
_POSTGRESQL = text("SELECT state, number, due, oldest FROM core_queue_state(:now)").bindparams(
    bindparam("now", type_=UtcDateTime)
)
_FAILED_POSTGRESQL = text("SELECT plugin, number FROM core_failed_tasks()")
_PLUGIN = func.substr(task.c.job, 1, func.instr(task.c.job, ".") - 1)
_FAILED_SQLITE = select(_PLUGIN, func.count()).where(task.c.state == "failed").group_by(_PLUGIN)


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How many tasks there are, and how long the oldest of those that are due has waited."""

    counts: Mapping[str, int]
    due: int
    #: In seconds; 0 when none is due.
    age: float
    #: Failed ones by the plugin whose jobs they are; plugins without any are left out.
    failed: Mapping[str, int]


def read(engine: Engine, *, now: dt.datetime) -> QueueState:
    """Count the tasks of all tenants."""
    is_due = (task.c.state == "queued") & (task.c.run_at <= now)
    counted = select(
        task.c.state, func.count(), func.count().filter(is_due),
        func.min(task.c.run_at).filter(is_due),
    ).group_by(task.c.state)  # fmt: skip
    with transaction(engine, read=True) as connection:
        if connection.dialect.name == "postgresql":
            rows = connection.execute(_POSTGRESQL, {"now": now}).all()
            failed = connection.execute(_FAILED_POSTGRESQL).all()
        else:
            rows = connection.execute(counted).all()
            failed = connection.execute(_FAILED_SQLITE).all()
    found = {row[0]: row[1] for row in rows}
    oldest = min((row[3] for row in rows if row[3] is not None), default=now)
    return QueueState(
        counts={state: found.get(state, 0) for state in STATES},
        due=sum(row[2] for row in rows), age=max((now - oldest).total_seconds(), 0.0),
        failed={row[0]: row[1] for row in failed},
    )  # fmt: skip
