"""The clock: what was missed is made up for, and what goes wrong for one stops it for no other."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, event, update

from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue, queue_state
from trato.jobs.catalogue import SEAL, all_jobs
from trato.jobs.clock import Scheduler, last_slot, run_until
from trato.jobs.declared import Job
from trato.plugin import Plugin
from trato.tenancy.tables import tenant as tenants
from trato.tenancy.view import TenantView
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

NIGHTLY, OFTEN, SELDOM = "errands.nightly", "errands.often", "errands.seldom"
#: Half past two in Bogotá is 07:30.
NIGHT, MORNING = dt.time(7, 35), dt.time(13, 0)


@pytest.fixture
def host(
    temporarily: Callable[..., AbstractContextManager[Host]], make_plugin: Callable[..., Plugin]
) -> Iterator[Host]:
    jobs = [Job(name=NIGHTLY, title="Nightly", run=lambda ctx: None, at="02:30"),
            Job(name=OFTEN, title="Often", run=lambda ctx: None, every=30),
            Job(name=SELDOM, title="Seldom", run=lambda ctx: None, every=240)]  # fmt: skip
    with temporarily(make_plugin("errands", jobs=jobs)) as host:
        yield host


def at(clock: SettableClock, time: dt.time, *, days: int = 1) -> None:
    """Make it an hour of a day after today."""
    day = clock().date() + dt.timedelta(days=days)
    clock.set(dt.datetime.combine(day, time, tzinfo=dt.UTC))


def serve(tenant: Company, scheduler: Scheduler | None = None) -> None:
    """Let a clock, that of a new process unless one is given, serve one tenant."""
    scheduled = [job for job in all_jobs(tenant.host).values() if job.at or job.every]
    (scheduler or Scheduler(host=tenant.host)).serve(tenant.view, scheduled)


def slots(tenant: Company, job: str) -> list[queue.Task]:
    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        return queue.tasks(connection, tenant.id, job=job)


def test_nightly_work_is_done_in_the_morning_where_the_machine_is_off_at_night(
    tenant: Company, clock: SettableClock
) -> None:
    for day in (1, 2):
        clock.reset()
        at(clock, MORNING, days=day)
        for _start in range(2):
            serve(tenant)

    nights = [slots(tenant, job) for job in (SEAL, NIGHTLY)]
    assert [len(found) for found in nights] == [2, 2]
    # Not while everything starts, and one after the other.
    waits = [t.run_at - t.created_at for found in nights for t in found]
    assert min(waits) >= dt.timedelta(minutes=1)
    assert max(waits) <= dt.timedelta(minutes=5)
    assert len({t.run_at for found in nights for t in found}) == 4


@pytest.mark.database("sqlite")
def test_what_is_not_late_is_not_kept_waiting(tenant: Company, clock: SettableClock) -> None:
    at(clock, NIGHT)
    serve(tenant)

    [seal] = slots(tenant, SEAL)
    assert seal.run_at == seal.created_at


def test_nothing_is_made_up_for_that_was_before_the_company(
    tenant: Company, clock: SettableClock
) -> None:
    clock.set(clock().replace(hour=7, minute=20))
    with transaction(tenant.host.engine) as connection:
        began = update(tenants).where(tenants.c.id == tenant.id).values(created_at=clock())
        connection.execute(began)
    serve(tenant)

    assert slots(tenant, SEAL) == []


@pytest.mark.database("sqlite")
def test_what_runs_every_few_hours_is_made_up_for_too(
    tenant: Company, clock: SettableClock
) -> None:
    at(clock, dt.time(8))
    serve(tenant)
    clock.advance(hours=5.5)
    serve(tenant)

    # At eight, and at twelve, when no clock ran.
    first, second = sorted(task.run_at - task.created_at for task in slots(tenant, SELDOM))
    assert (first, second >= dt.timedelta(minutes=1)) == (dt.timedelta(), True)


@pytest.mark.database("sqlite")
def test_another_time_zone_makes_no_second_night(tenant: Company, clock: SettableClock) -> None:
    at(clock, NIGHT)
    serve(tenant)
    clock.advance(hours=9)
    view = tenant.view
    moved = replace(view, tenant=replace(view.tenant, timezone="Pacific/Honolulu"))
    job = all_jobs(tenant.host)[SEAL]
    slot = last_slot(job, now=clock(), timezone="Pacific/Honolulu")
    assert slot is not None
    assert clock() - slot > dt.timedelta(hours=1)

    Scheduler(host=tenant.host).serve(moved, [job])

    assert len(slots(tenant, SEAL)) == 1


@pytest.mark.database("sqlite")
def test_a_clock_asks_the_database_once_for_each_slot(
    tenant: Company, clock: SettableClock
) -> None:
    at(clock, MORNING)
    scheduler = Scheduler(host=tenant.host)
    serve(tenant, scheduler)
    first = [task.id for task in slots(tenant, OFTEN)]
    clock.advance(minutes=30)
    serve(tenant, scheduler)

    assert len(slots(tenant, OFTEN)) == 2
    assert slots(tenant, OFTEN)[1].id == first[0]


def test_a_job_that_cannot_be_queued_stops_no_other_and_counts_as_failed(
    tenant: Company, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    host = tenant.host
    at(clock, NIGHT)
    # As it may come past the checks of registration.
    broken = Job(name="errands.broken", title="Broken", run=lambda ctx: None, at="25:00")
    host.registry.jobs = {"errands.broken": broken, **host.registry.jobs}
    before = queue_state.read(host.engine, now=clock()).failed.get("errands", 0)

    scheduler = Scheduler(host=host)
    for _tick in range(2):
        serve(tenant, scheduler)

    assert [len(slots(tenant, job)) for job in (NIGHTLY, SEAL)] == [1, 1]
    [failed] = slots(tenant, "errands.broken")
    assert (failed.state, "25" in (failed.message or "")) == ("failed", True)
    assert queue_state.read(host.engine, now=clock()).failed["errands"] == before + 1
    assert "could not queue a job" in caplog.text


def test_what_is_due_for_a_company_is_one_transaction_without_what_the_database_refuses(
    tenant: Company, clock: SettableClock
) -> None:
    at(clock, NIGHT)
    view = tenant.view
    written: list[Connection] = []
    event.listen(tenant.host.engine, "commit", written.append)
    jobs = all_jobs(tenant.host)
    refused = Job(name=SELDOM, title="Refused", run=lambda ctx: None, every=5, priority=10**30)

    whole = Scheduler(host=tenant.host).serve(view, [jobs[NIGHTLY], jobs[OFTEN]])
    commits = len(written)
    clock.advance(minutes=30)
    rest = Scheduler(host=tenant.host).serve(view, [refused, jobs[OFTEN]])

    assert (whole, commits, rest) == (2, 1, 1)
    assert [len(slots(tenant, job)) for job in (NIGHTLY, OFTEN)] == [1, 2]
    assert [task.state for task in slots(tenant, SELDOM)] == ["failed"]


@pytest.mark.database("sqlite")
def test_a_tenant_that_cannot_be_served_stops_no_other(
    make_tenant: Callable[..., Company], host: Host, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    first, second = make_tenant(), make_tenant()
    at(clock, NIGHT)
    read = host.for_tenant

    def fail(tenant_id: int, **options: int) -> TenantView:
        if tenant_id == first.id:
            raise LookupError("its data is broken")
        return read(tenant_id, **options)

    monkeypatch.setattr(host, "for_tenant", fail)
    Scheduler(host=host).tick()
    monkeypatch.undo()

    assert (slots(first, SEAL), len(slots(second, SEAL))) == ([], 1)
    assert "its data is broken" in caplog.text


@pytest.mark.database("sqlite")
def test_the_loop_goes_on_whatever_a_tick_raises(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = threading.Event()
    ticks: list[int] = []

    def tick(scheduler: Scheduler) -> int:
        ticks.append(1)
        if len(ticks) == 2:
            stopped.set()
        raise LookupError("nobody knows why")

    monkeypatch.setattr(Scheduler, "tick", tick)
    run_until(host, stopped, every=0)

    assert len(ticks) == 2
    assert "nobody knows why" in caplog.text
