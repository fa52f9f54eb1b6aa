"""The clock: at each job's time it queues one task for each tenant, and nothing else.

The key of a task is its job and its due time, so two clocks, or one that was started twice, queue
it once. A slot that was missed while no clock ran is made up for within an hour.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from trato import administration
from trato.db.engine import transaction
from trato.errors import DatabaseUnavailable
from trato.host import Host
from trato.jobs.catalogue import all_jobs
from trato.jobs.declared import Job
from trato.jobs.queue import enqueue

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


def tick(host: Host) -> int:
    """Queue what is due for every tenant.

    :return: how many tasks were queued.
    """
    scheduled = [job for job in all_jobs(host).values() if job.at or job.every]
    queued = 0
    now = host.clock()
    for tenant in administration.tenants(host) if scheduled else ():
        view = host.for_tenant(tenant.id, version=tenant.version)
        if view.read_only:
            continue
        due = []
        for job in scheduled:
            plugin = job.name.partition(".")[0]
            if plugin == "core" or plugin in view.enabled:
                slot = last_slot(job, now=now, timezone=tenant.timezone)
                if slot is not None:
                    due.append((job, f"{job.name}@{slot.astimezone(dt.UTC).isoformat()}"))
        if due:
            with transaction(host.engine, tenant_id=tenant.id) as connection:
                for job, key in due:
                    made = enqueue(connection, tenant.id, job.name, now=now, unique_key=key,
                                   priority=job.priority)  # fmt: skip
                    queued += made is not None
    return queued


def run_until(host: Host, stopped: threading.Event, *, every: float = 20.0) -> None:
    """Tick until stopped."""
    while not stopped.is_set():
        try:
            tick(host)
        except DatabaseUnavailable:
            log.warning("the clock cannot reach the database")
        stopped.wait(every)
