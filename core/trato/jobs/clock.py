"""The clock: at each job's time it queues one task for each tenant, and nothing else.

The key of a task is its job and its due time, so two clocks, or one that was started twice, queue
it once. The newest slot that was missed while no clock ran, as where the machine is off at night,
is made up for within a day.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection, func, select, update

from trato import administration, logs
from trato.db.engine import transaction
from trato.errors import DatabaseUnavailable
from trato.host import Host
from trato.jobs.catalogue import all_jobs
from trato.jobs.declared import Job
from trato.jobs.presence import Presence, process_name
from trato.tenancy import maintenance
from trato.tenancy.tables import task, tenant
from trato.tenancy.tasks import enqueue, release
from trato.tenancy.view import TenantView

log = logging.getLogger("trato.jobs")

#: A slot older than this is not made up for.
MISSED = dt.timedelta(days=1)
#: One that is older than this was missed: nobody waits for it, and those who start their day with
#: the machine come first.
_LATE = dt.timedelta(hours=1)
#: What was missed begins so long after it is found, and not all at once.
_AFTER = dt.timedelta(minutes=1)
_APART = dt.timedelta(seconds=20)
_SPREAD = 90
#: A time of day so soon after another is the same day's, as after a change of the time zone.
_SAME_DAY = dt.timedelta(hours=12)
_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def last_slot(job: Job, *, now: dt.datetime, timezone: str) -> dt.datetime | None:
    """Give the newest moment, not later than now and not missed for too long, at which to run."""
    if job.at is not None:
        return _last_daily(_daily(job.at, timezone), now)
    if job.every is not None:
        every = dt.timedelta(minutes=job.every)
        slot = now - (now - _EPOCH) % every
        return slot if now - slot <= MISSED else None
    return None


@lru_cache(maxsize=1000)
def _daily(at: str, timezone: str) -> CronTrigger:
    hour, _colon, minute = at.partition(":")
    return CronTrigger(hour=int(hour), minute=int(minute or 0), timezone=ZoneInfo(timezone))


def _last_daily(trigger: CronTrigger, now: dt.datetime) -> dt.datetime | None:
    found: dt.datetime | None = None
    at = now - MISSED
    while True:
        slot: dt.datetime | None = trigger.get_next_fire_time(None, at)
        if slot is None or slot > now:
            return found
        found = slot
        at = slot + dt.timedelta(seconds=1)


def due(
    jobs: Iterable[Job], view: TenantView, *, now: dt.datetime
) -> list[tuple[Job, dt.datetime]]:
    """Give the jobs that are to run for a tenant, each with its slot.

    None while it may not write, or is closed.

    A plugin's jobs are due only where the plugin is enabled.
    """
    if view.read_only or view.tenant.closed_at is not None:
        return []
    found = []
    for job in jobs:
        if job.plugin == "core" or job.plugin in view.enabled:
            slot = last_slot(job, now=now, timezone=view.tenant.timezone)
            if slot is not None:
                found.append((job, slot))
    return found


@dataclass(kw_only=True, eq=False)
class Scheduler:
    """The clock of a process: queues what is due, and what was held and need not be any more."""

    host: Host
    #: The views that it has served, by tenant.
    _served: dict[int, TenantView] = field(default_factory=dict)
    #: Tenant and job to the key of the slot that is queued: nobody need ask the database again.
    _queued: dict[tuple[int, str], str] = field(default_factory=dict)
    #: How many missed slots were made up for.
    _made_up: int = 0

    def tick(self) -> int:
        """Queue what is due for every tenant; what goes wrong for one keeps no other waiting.

        :return: how many tasks were queued.
        :raises DatabaseUnavailable: when nothing can be done for anybody.
        """
        host = self.host
        with transaction(host.engine, read=True) as connection:
            if maintenance.read(connection) is not None:
                return 0  # what is missed meanwhile is made up for
        scheduled = [job for job in all_jobs(host).values() if job.at or job.every]
        # Of what was missed the earlier comes first.
        scheduled.sort(key=lambda job: job.at or "")
        queued = 0
        for one in administration.tenants(host):
            with logs.about(tenant=one.slug):
                try:
                    view = host.for_tenant(one.id, version=one.version)
                    queued += self.serve(view, scheduled)
                except DatabaseUnavailable:
                    raise
                except Exception:
                    # A boundary: a tenant that is deleted meanwhile, or whose data breaks
                    # something, must not keep all the others waiting.
                    log.exception("the clock could not serve a tenant")
        return queued

    def serve(self, view: TenantView, scheduled: Sequence[Job] = ()) -> int:
        """Queue what is due for one tenant, and what it need not hold back any more."""
        host, now, tenant_id = self.host, self.host.clock(), view.tenant.id
        # A licence that was renewed or a plugin whose tables caught up makes a new view.
        changed = self._served.get(tenant_id) is not view
        changed = changed and not view.read_only and view.tenant.closed_at is None
        plugins = ("core", *view.enabled) if changed else ()
        new: list[tuple[Job, dt.datetime]] = []
        for job in scheduled:
            try:
                new += [(job, slot) for _job, slot in due([job], view, now=now)
                        if self._queued.get((tenant_id, job.name)) != _key(job, slot)]  # fmt: skip
            except Exception as error:
                # A boundary, as below.
                self._note_failure(tenant_id, job, error, now=now)
        queued = 0
        while plugins or new:
            trying: Job | None = None
            made_up = self._made_up
            try:
                with transaction(host.engine, tenant_id=tenant_id) as connection:
                    queued = sum(release(connection, tenant_id, p, now=now) for p in plugins)
                    for trying, slot in new:
                        queued += self._queue(connection, tenant_id, trying, slot, now=now)
                    trying = None
            except DatabaseUnavailable:
                raise
            except Exception as error:
                # A boundary: one plugin's job must not keep the others waiting; they are queued
                # without it.
                if trying is None:
                    raise
                self._made_up = made_up
                self._note_failure(tenant_id, trying, error, now=now)
                new = [one for one in new if one[0] is not trying]
            else:
                break
        self._queued |= {(tenant_id, job.name): _key(job, slot) for job, slot in new}
        self._served[tenant_id] = view
        return queued

    def _queue(
        self, connection: Connection, tenant_id: int, job: Job, slot: dt.datetime, *,
        now: dt.datetime,
    ) -> bool:  # fmt: skip
        """Queue a slot, unless it was; one that was missed after those that were found before."""
        late = now - slot > _LATE
        if late and not _is_missed(connection, tenant_id, job, slot):
            return False
        # What is not late is due at once, by the database's clock too.
        wait = _AFTER + self._made_up % _SPREAD * _APART
        made = enqueue(
            connection, tenant_id, job.name, now=now, unique_key=_key(job, slot),
            run_at=now + wait if late else None, priority=job.priority,
        )  # fmt: skip
        self._made_up += late and made is not None
        return made is not None

    def _note_failure(
        self, tenant_id: int, job: Job, error: Exception, *, now: dt.datetime
    ) -> None:
        """Keep that a job could not be queued among the tenant's failed tasks, once a day.

        There administrators see it, and the metrics count it for its plugin.
        """
        log.error("the clock could not queue a job", exc_info=error,
                  extra=logs.fields(plugin=job.plugin, job=job.name))  # fmt: skip
        with transaction(self.host.engine, tenant_id=tenant_id) as connection:
            made = enqueue(connection, tenant_id, job.name, now=now,
                           unique_key=f"{job.name}!{now.date().isoformat()}")  # fmt: skip
            connection.execute(
                update(task)
                .where(task.c.tenant_id == tenant_id, task.c.id == made)
                .values(state="failed", finished_at=now,
                        message=f"{type(error).__name__}: {error}")
            )  # fmt: skip


def _key(job: Job, slot: dt.datetime) -> str:
    """Name a slot; the names of one job's slots are in the order of time."""
    return f"{job.name}@{slot.astimezone(dt.UTC).isoformat()}"


def _is_missed(connection: Connection, tenant_id: int, job: Job, slot: dt.datetime) -> bool:
    """Tell whether an old slot is to be made up for.

    Not one from before there was the tenant, nor where the job had its turn that day at another
    hour: its time or the time zone was changed.
    """
    began = connection.execute(
        select(tenant.c.created_at).where(tenant.c.id == tenant_id)
    ).scalar_one()
    newest: str | None = connection.execute(
        select(func.max(task.c.unique_key)).where(
            task.c.tenant_id == tenant_id, task.c.unique_key >= f"{job.name}@",
            task.c.unique_key < f"{job.name}A",
        )
    ).scalar_one()  # fmt: skip
    if newest is None:
        return bool(slot >= began)
    apart = slot - dt.datetime.fromisoformat(newest.rpartition("@")[2])
    return apart > (_SAME_DAY if job.at is not None else dt.timedelta())


def tick(host: Host) -> int:
    """Queue what is due for every tenant, once.

    :return: how many tasks were queued.
    """
    return Scheduler(host=host).tick()


def run_until(host: Host, stopped: threading.Event, *, every: float = 20.0) -> None:
    """Tick until stopped."""
    scheduler = Scheduler(host=host)
    presence = Presence(host=host, name=process_name(), kind="scheduler")
    while not stopped.is_set():
        try:
            presence.say()
            scheduler.tick()
        except DatabaseUnavailable:
            log.warning("the clock cannot reach the database")
        except Exception:
            # A boundary: whatever it is, the next tick may go well, and another process would
            # fare no better.
            log.exception("the clock could not tick")
        stopped.wait(every)
    presence.leave()
