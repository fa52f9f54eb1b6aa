"""The worker: claims a task, runs it in its tenant's own transaction, records what came of it."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update
from sqlalchemy.exc import DBAPIError

from trato import logs
from trato.access.actor import Actor
from trato.db.engine import is_unavailable, transaction
from trato.errors import DatabaseUnavailable, NoRoom, TratoError
from trato.host import Host
from trato.jobs import queue
from trato.jobs.catalogue import all_jobs
from trato.jobs.claiming import Claim, claim, extend, is_due, moment, take
from trato.jobs.declared import Cancelled, DetachedContext, Job, JobContext, Temporary
from trato.jobs.presence import Presence
from trato.tenancy.tables import task
from trato.tenancy.tasks import delay
from trato.tenancy.view import TenantView
from trato.text import _

log = logging.getLogger("trato.jobs")

LEASE = dt.timedelta(seconds=60)
#: Least time between two reports of progress that are written.
_REPORT_EVERY = dt.timedelta(seconds=1)


@dataclass(kw_only=True, eq=False)
class Worker:
    """Runs tasks one after the other until it is told to stop."""

    host: Host
    name: str
    lease: dt.timedelta = LEASE
    _running: Claim | None = None

    @cached_property
    def presence(self) -> Presence:
        """What tells others that it is there."""
        return Presence(host=self.host, name=self.name, kind="worker")

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """What can be run, by name."""
        return all_jobs(self.host)

    def run_task(self, wanted: Claim) -> bool:
        """Run one task now, out of its turn.

        :return: False when it does not wait any more.
        """
        with transaction(self.host.engine, tenant_id=wanted.tenant_id) as connection:
            if not take(connection, wanted, self.name, clock=self.host.clock, lease=self.lease):
                return False
        self._run(wanted)
        return True

    def run_now(
        self, tenant_id: int, job: str, payload: Mapping[str, Any] | None = None
    ) -> queue.Task:
        """Queue a task of a job and run it here; gives what came of it.

        It is this worker's from the moment that it exists, so that no other one is faster.
        """
        host = self.host
        declared = self.jobs.get(job)
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            made = queue.add(connection, tenant_id, job, now=host.clock(), payload=payload,
                             priority=0 if declared is None else declared.priority)  # fmt: skip
            wanted = Claim(tenant_id=tenant_id, task_id=made)
            take(connection, wanted, self.name, clock=host.clock, lease=self.lease)
        self._run(wanted)
        with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
            return queue.find(connection, tenant_id, made)

    def run_one(self) -> bool:
        """Claim and run one task.

        :return: False when nothing is due.
        """
        host = self.host
        if host.engine.dialect.name == "sqlite":
            with transaction(host.engine, read=True) as connection:
                if not is_due(connection, clock=host.clock):
                    return False
        with transaction(host.engine) as connection:
            claimed = claim(connection, self.name, clock=host.clock, lease=self.lease)
        if claimed is None:
            return False
        self._run(claimed)
        return True

    def run_until(self, stopped: threading.Event, *, idle: float = 1.0) -> None:
        """Run tasks until stopped; the one that runs is finished first."""
        while not stopped.is_set():
            if not self.serve_next():
                stopped.wait(idle)

    def serve_next(self) -> bool:
        """Claim and run one task; nothing that goes wrong ends the worker.

        :return: False when nothing is due, or nothing can be done now.
        """
        try:
            self.presence.say()
            return self.run_one()
        except DatabaseUnavailable:
            log.warning("worker %s: the database does not answer", self.name)
        except Exception:
            # A boundary: a task that cannot even begin, as of a tenant that was deleted meanwhile,
            # must not keep all the others waiting. It is claimed again when its lease is over.
            log.exception("worker %s: a task could not be run", self.name)
        return False

    def _run(self, claimed: Claim) -> None:
        host = self.host
        view = host.current(claimed.tenant_id)
        with transaction(host.engine, tenant_id=claimed.tenant_id, read=True) as connection:
            row = connection.execute(
                select(task).where(
                    task.c.tenant_id == claimed.tenant_id, task.c.id == claimed.task_id
                )
            ).one()
        plugin = row.job.partition(".")[0]
        with logs.about(tenant=view.tenant.slug, plugin=plugin, job=row.job, task=str(row.id)):
            began = time.perf_counter()
            self._run_claimed(claimed, row, view)
            log.info("task over", extra=logs.fields(
                ms=round((time.perf_counter() - began) * 1000, 1), attempt=row.attempts
            ))  # fmt: skip

    def _run_claimed(self, claimed: Claim, row: Any, view: TenantView) -> None:
        host = self.host
        plugin = row.job.partition(".")[0]
        declared = self.jobs.get(row.job)
        if plugin != "core" and plugin not in view.enabled:
            self._finish(claimed, state="held", message=_("Its plugin is not enabled."))
            return
        if declared is None:
            self._finish(claimed, state="failed", message=_("There is no such job."))
            return
        if view.tenant.closed_at is not None:
            self._finish(claimed, state="held", message=_("The company is closed."))
            return
        if view.read_only and not declared.reads:
            missing = view.license.state in ("none", "invalid")
            message = _("No valid licence is installed.") if missing else _("The licence is over.")
            self._finish(claimed, state="held", message=message)
            return
        if row.attempts > declared.attempts:
            self._give_up(claimed, declared, row, _("Its worker was lost at each attempt."))
            return
        lost = threading.Event()
        over = threading.Event()
        beat = threading.Thread(
            target=self._keep_lease, args=(claimed, declared, over, lost), daemon=True,
            name=f"lease {claimed.task_id}",
        )  # fmt: skip
        beat.start()
        self._running = claimed
        try:
            report = self._reporter(claimed, declared, lost)
            given = row.payload or {}
            if declared.detached:
                result = declared.run(
                    DetachedContext(tenant_id=claimed.tenant_id, task_id=claimed.task_id,
                                    payload=given, report=report, claimed_at=row.started_at)
                )  # fmt: skip
            else:
                actor = Actor(view=view, via="job", label="job")
                with host.unit(actor, read=declared.reads) as unit:
                    result = declared.run(JobContext(unit=unit, task_id=claimed.task_id,
                                                     payload=given, report=report))  # fmt: skip
                    if not declared.reads:
                        self._mark_done(unit.connection, claimed, declared, row, result)
            if declared.reads or declared.detached:
                with transaction(host.engine, tenant_id=claimed.tenant_id) as connection:
                    self._mark_done(connection, claimed, declared, row, result)
        except KeyboardInterrupt:
            self.hand_back()
            raise
        except Cancelled:
            log.info("task %s of job %s was cancelled", claimed.task_id, row.job)
        except Exception as error:
            self._failed(claimed, declared, row, error)
        finally:
            self._running = None
            over.set()
            beat.join()

    def _mark_done(
        self, connection: Connection, claimed: Claim, job: Job, row: Any, result: Any
    ) -> None:
        """Close the task, inside the transaction of a job that writes, if it is still ours."""
        now = self.host.clock()
        changed = connection.execute(
            update(task)
            .where(*self._mine(claimed))
            .values(state="done", finished_at=now, lease_until=None, message=None,
                    result=result if isinstance(result, int | str | dict | list) else None)
        )  # fmt: skip
        if changed.rowcount != 1:
            raise Cancelled(_("The task is no longer this worker's."))
        if job.tell is not None:
            job.tell(connection, row, True, now)

    def _failed(self, claimed: Claim, job: Job, row: Any, error: Exception) -> None:
        attempts = row.attempts
        temporary = isinstance(error, Temporary | DatabaseUnavailable | OSError) or (
            isinstance(error, DBAPIError) and is_unavailable(error)
        )
        # A full disk is told in other words, and may have room later.
        temporary = temporary or getattr(error.__cause__, "errno", None) in NoRoom.numbers
        again = temporary and attempts < job.attempts
        log.log(
            logging.WARNING if again else logging.ERROR,
            "job %s task %s tenant %s failed (attempt %s of %s): %s", job.name, claimed.task_id,
            claimed.tenant_id, attempts, job.attempts, error, exc_info=not again,
        )  # fmt: skip
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, TratoError):
            # In the company's language: with its places filled nobody can translate it later.
            text = self.host.catalogs.message(
                error.message, self.host.current(claimed.tenant_id).tenant.locale,
                domain=None if job.plugin == "core" else job.plugin,
            )  # fmt: skip
        if again:
            self._finish(claimed, state="queued", message=text, after=delay(attempts))
        else:
            self._give_up(claimed, job, row, text)

    def _give_up(self, claimed: Claim, job: Job, row: Any, message: str) -> None:
        """Note that a task failed for good, and tell whoever asked for it."""

        def tell(connection: Connection, now: dt.datetime) -> None:
            if job.tell is not None:
                job.tell(connection, row, False, now)

        self._finish(claimed, state="failed", message=message, then=tell)

    def _finish(
        self,
        claimed: Claim,
        *,
        state: str,
        message: str,
        after: dt.timedelta | None = None,
        then: Callable[[Connection, dt.datetime], None] | None = None,
    ) -> None:
        now = self.host.clock()
        values: dict[str, Any] = {"state": state, "message": message, "lease_until": None}
        if state == "failed":
            values["finished_at"] = now
        if state == "held":
            # It was claimed, but never begun: that is no attempt.
            values["attempts"] = task.c.attempts - 1
        with transaction(self.host.engine, tenant_id=claimed.tenant_id) as connection:
            if after is not None:
                values["run_at"] = moment(connection, self.host.clock, after=after)
            changed = connection.execute(
                update(task)
                .where(*self._mine(claimed))
                .values(values)
            )  # fmt: skip
            if then is not None and changed.rowcount == 1:
                then(connection, now)

    def _mine(self, claimed: Claim) -> tuple[ColumnElement[bool], ...]:
        """Name a task for as long as it runs here: it may be cancelled, or another worker's."""
        return (
            task.c.tenant_id == claimed.tenant_id, task.c.id == claimed.task_id,
            task.c.state == "running", task.c.worker == self.name,
        )  # fmt: skip

    def hand_back(self) -> None:
        """Let another worker have the task that runs now; what it has written is rolled back.

        For a process that must end. On SQLite its own transaction must be over first.
        """
        claimed = self._running
        if claimed is None:
            return
        with transaction(self.host.engine, tenant_id=claimed.tenant_id) as connection:
            connection.execute(
                update(task)
                .where(*self._mine(claimed))
                .values(state="queued", attempts=task.c.attempts - 1, lease_until=None,
                        worker=None)
            )  # fmt: skip
        log.info("worker %s handed task %s back", self.name, claimed.task_id)

    def _keep_lease(
        self, claimed: Claim, job: Job, over: threading.Event, lost: threading.Event
    ) -> None:
        """Extend the lease while the job runs.

        Where the job holds the write lock nobody can claim the task meanwhile, and the lease need
        not, and cannot, be extended.
        """
        if job.holds_lock(self.host.engine.dialect.name):
            return
        while not over.wait(self.lease.total_seconds() / 3):
            try:
                with transaction(self.host.engine, tenant_id=claimed.tenant_id) as connection:
                    if not extend(connection, claimed, self.name, clock=self.host.clock,
                                  lease=self.lease):  # fmt: skip
                        lost.set()
                        return
                self.presence.say_again()
            except DatabaseUnavailable:
                log.warning("worker %s: lease of task %s not extended", self.name,
                            claimed.task_id)  # fmt: skip

    def _reporter(
        self, claimed: Claim, job: Job, lost: threading.Event
    ) -> Callable[[int, int | None], None]:
        """Make the function by which a job tells how far it is; it stops a cancelled job."""
        last = [self.host.clock() - _REPORT_EVERY]
        silent = job.holds_lock(self.host.engine.dialect.name)

        def report(done: int, total: int | None = None) -> None:
            if lost.is_set():
                raise Cancelled(_("The task is no longer this worker's."))
            now = self.host.clock()
            # Either way: where the clock was set back, it would be still until it caught up.
            if silent or abs(now - last[0]) < _REPORT_EVERY:
                return
            last[0] = now
            # A transaction of its own, so that others see it before the job commits.
            with transaction(self.host.engine, tenant_id=claimed.tenant_id) as connection:
                changed = connection.execute(
                    update(task)
                    .where(*self._mine(claimed))
                    .values(progress=done, progress_total=total)
                )  # fmt: skip
            if changed.rowcount != 1:
                raise Cancelled(_("The task is no longer this worker's."))

        return report
