"""Jobs as a plugin declares them, and what a running one is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Connection

from trato.errors import TratoError
from trato.records.records import Records
from trato.records.unit import Unit


class Temporary(TratoError):
    """A failure that time may mend: the task is tried again later."""

    code = "temporary"


class Cancelled(TratoError):
    """Somebody cancelled the task, or another worker has it now."""

    code = "cancelled"


@dataclass(kw_only=True, eq=False)
class JobContext:
    """What a job works with: the tenant's unit, its payload, and a way to tell how far it is.

    All that the job writes and the end of its task are one transaction: after a crash another
    worker does it again, and its effect appears once.
    """

    unit: Unit
    task_id: UUID
    payload: Mapping[str, Any]
    #: Report progress: done so far, and how much there is if that is known.
    report: Callable[[int, int | None], None]

    @property
    def records(self) -> Records:
        """The tenant's records; a job may do everything in them."""
        return self.unit.records

    @property
    def now(self) -> dt.datetime:
        """The moment of the run."""
        return self.unit.now

    @property
    def today(self) -> dt.date:
        """The day of the run where the tenant is."""
        return self.unit.today


@dataclass(frozen=True, kw_only=True, eq=False)
class DetachedContext:
    """What a job works with that holds no transaction while it runs."""

    tenant_id: int
    task_id: UUID
    payload: Mapping[str, Any]
    #: Report progress: done so far, and how much there is if that is known.
    report: Callable[[int, int | None], None]
    #: When it was claimed, by the clock that told that it was due: the database's on PostgreSQL.
    claimed_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Job:
    """Scheduled or queued work of a plugin.

    :param name: `plugin.verb_noun`.
    :param at: time of day in the tenant's zone, `02:00`; every day.
    :param every: minutes between runs; instead of ``at``.
    :param attempts: how often a temporary failure is tried again.
    :param reads: it writes no records, so its unit only reads: on SQLite nobody waits for it, and
        its progress shows while it runs. Its end is recorded afterwards, so it may run twice.
    :param detached: core's own jobs that call other systems: no transaction is open while they run,
        they open units by themselves, and may run twice.
    """

    name: str
    title: str
    #: Takes a ``JobContext``; of a detached job a ``DetachedContext``.
    run: Callable[[Any], Any]
    at: str | None = None
    every: int | None = None
    attempts: int = 5
    priority: int = 0
    reads: bool = False
    detached: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Core's own: tells whoever asked for it that it is over. Called with the task's row, whether
    #: it went well and the moment, in the transaction that notes it.
    tell: Callable[[Connection, Any, bool, dt.datetime], None] | None = None
    #: Whether a person may run it by its name.
    by_name: ClassVar[bool] = True

    @property
    def plugin(self) -> str:
        """Whose job it is; `core` for the host's own."""
        return self.name.partition(".")[0]

    def holds_lock(self, dialect: str) -> bool:
        """Tell whether its own transaction holds a database's one write lock while it runs."""
        return dialect == "sqlite" and not (self.reads or self.detached)


@dataclass(frozen=True, kw_only=True)
class QueuedJob(Job):
    """Core's own work that does what its payload says; by its name alone it has nothing to do."""

    by_name: ClassVar[bool] = False


def job(
    name: str, title: str, *, at: str | None = None, every: int | None = None, attempts: int = 5,
    priority: int = 0,
) -> Callable[[Callable[[JobContext], Any]], Job]:  # fmt: skip
    """Declare a job over the function below.

    >>> @job("visits.mark_missed", _("Mark missed visits"), at="02:00")
    ... def mark_missed(ctx: JobContext) -> int: ...
    """

    def declare(run: Callable[[JobContext], Any]) -> Job:
        return Job(
            name=name, title=title, run=run, at=at, every=every, attempts=attempts,
            priority=priority,
        )  # fmt: skip

    return declare
