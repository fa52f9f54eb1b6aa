"""The clock: at each job's time it queues one task for each tenant, and nothing else.

The key of a task is its job and its due time, so two clocks, or one that was started twice, queue
it once. A slot that was missed while no clock ran is made up for within an hour.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from trato import administration
from trato.db.engine import transaction
from trato.errors import DatabaseUnavailable
from trato.host import Host
from trato.jobs.catalogue import all_jobs
from trato.jobs.declared import Job
from trato.jobs.presence import Presence, process_name
from trato.tenancy import maintenance
from trato.tenancy.tasks import enqueue, release
from trato.tenancy.view import TenantView

log = logging.getLogger("trato.jobs")

#: A slot older than this is not made up for.
MISSED = dt.timedelta(hours=1)
_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def last_slot(job: Job, *, now: dt.datetime, timezone: str) -> dt.datetime | None:
    """Give the newest moment, not later than now and not missed for too long, at which to run."""
    if job.at is not None:
        hour, _colon, minute = job.at.partition(":")
        trigger = CronTrigger(hour=int(hour), minute=int(minute or 0), timezone=ZoneInfo(timezone))
    elif job.every is not None:
        trigger = IntervalTrigger(minutes=job.every, start_date=_EPOCH, timezone=dt.UTC)
    else:
        return None
    found = None
    at = now - MISSED
    while True:
        slot = trigger.get_next_fire_time(None, at)
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

    def tick(self) -> int:
        """Queue what is due for every tenant.

        :return: how many tasks were queued.
        """
        host = self.host
        with transaction(host.engine, read=True) as connection:
            if maintenance.read(connection) is not None:
                return 0  # what was missed for up to an hour is made up for
        scheduled = [job for job in all_jobs(host).values() if job.at or job.every]
        queued = 0
        for tenant in administration.tenants(host):
            view = host.for_tenant(tenant.id, version=tenant.version)
            queued += self.serve(view, scheduled)
        return queued

    def serve(self, view: TenantView, scheduled: Sequence[Job] = ()) -> int:
        """Queue what is due for one tenant, and what it need not hold back any more."""
        host, now, tenant = self.host, self.host.clock(), view.tenant
        tenant_id = tenant.id
        slots = due(scheduled, view, now=now)
        # A licence that was renewed or a plugin whose tables caught up makes a new view.
        changed = self._served.get(tenant_id) is not view
        changed = changed and not view.read_only and tenant.closed_at is None
        queued = 0
        if slots or changed:
            with transaction(host.engine, tenant_id=tenant_id) as connection:
                for plugin in ("core", *view.enabled) if changed else ():
                    queued += release(connection, tenant_id, plugin, now=now)
                for job, slot in slots:
                    key = f"{job.name}@{slot.astimezone(dt.UTC).isoformat()}"
                    made = enqueue(connection, tenant_id, job.name, now=now, unique_key=key,
                                   priority=job.priority)  # fmt: skip
                    queued += made is not None
        self._served[tenant_id] = view
        return queued


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
        stopped.wait(every)
    presence.leave()
