"""Whose task is next, what counts as an attempt of it, and whose clock tells that it is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from core.tests.jobs_program import make_host
from sqlalchemy import Connection, event, insert

from trato.db.engine import transaction
from trato.jobs import clock as schedule
from trato.jobs import queue
from trato.jobs.catalogue import all_jobs
from trato.jobs.claiming import claim
from trato.jobs.declared import Job, Temporary
from trato.jobs.worker import LEASE, Worker
from trato.lifecycle.closing import close_tenant
from trato.records import unit
from trato.tenancy.tables import tenant
from trato.tenancy.tasks import delay
from trato.testing.companies import Company, LicenseIssuer, make_company

if TYPE_CHECKING:
    from uuid import UUID

    from trato.host import Host
    from trato.settings import Settings
    from trato.testing.clock import SettableClock
    from trato.testing.databases import Database

QUICK = "errands.quick"


@pytest.fixture
def host(
    fresh_database: Database, make_settings: Callable[[Database], Settings], clock: SettableClock
) -> Iterator[Host]:
    """Give a host on a database of its own: its workers serve every tenant there is."""
    made = make_host(make_settings(fresh_database))
    made.clock = clock
    yield made
    made.close()


@pytest.fixture
def company(host: Host, issue_license: LicenseIssuer) -> Callable[[], Company]:
    return lambda: make_company(host, issue_license, plugins=["clients", "errands"])


def add(company: Company, **options: Any) -> UUID:
    with company.unit() as unit:
        made = unit.enqueue(QUICK, **options)
    assert made is not None
    return made


def find(company: Company, task: UUID) -> queue.Task:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return queue.find(connection, company.id, task)


def test_a_task_that_is_held_keeps_its_attempts(host: Host, company: Callable[[], Company]) -> None:
    tenant = company()
    worker, scheduler = Worker(host=host, name="test"), schedule.Scheduler(host=host)
    task = add(tenant)
    held = []

    for _cycle in range(5):
        tenant.disable("errands")
        worker.run_one()
        held.append((find(tenant, task).state, find(tenant, task).attempts))
        tenant.enable("errands")
        scheduler.serve(tenant.view)
    worker.run_one()

    assert held == [("held", 0)] * 5
    assert (find(tenant, task).state, find(tenant, task).attempts) == ("done", 1)


def test_neither_an_old_licence_nor_a_closed_company_costs_an_attempt(
    host: Host, company: Callable[[], Company]
) -> None:
    tenant = company()
    tasks = [add(tenant), add(tenant)]
    worker = Worker(host=host, name="test")

    tenant.install_license(expires=dt.date(2020, 1, 1))
    worker.run_one()
    close_tenant(host, tenant.slug, by="test")
    worker.run_one()

    found = [find(tenant, task) for task in tasks]
    assert [(task.state, task.attempts) for task in found] == [("held", 0), ("held", 0)]
    assert len({task.message for task in found}) == 2


@pytest.mark.parametrize("attempts", [1, 2, 10, 43, 1000, 10**6])
def test_the_wait_doubles_up_to_six_hours(attempts: int) -> None:
    expected = {1: 30, 2: 60, 10: 15_360}

    assert delay(attempts).total_seconds() == expected.get(attempts, 6 * 3600)


def test_what_is_run_at_once_is_no_other_worker_s_in_between(
    host: Host, company: Callable[[], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = company()
    taken = []

    @contextmanager
    def followed(*args: Any, **options: Any) -> Iterator[Connection]:
        """Let another worker look for a task after each transaction of this one."""
        with transaction(*args, **options) as connection:
            yield connection
        with transaction(host.engine) as connection:
            taken.append(claim(connection, "another", clock=host.clock, lease=LEASE))

    monkeypatch.setattr("trato.jobs.worker.transaction", followed)

    done = Worker(host=host, name="test").run_now(tenant.id, QUICK)

    assert (done.state, done.attempts) == ("done", 1)
    assert len(taken) > 2
    assert set(taken) == {None}


# --- whose turn it is ----------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_an_idle_worker_takes_no_lock(host: Host) -> None:
    with transaction(host.engine):
        assert Worker(host=host, name="test").run_one() is False


@pytest.mark.database("sqlite")
def test_more_tenants_and_a_long_past_cost_a_claim_no_more_statements(host: Host) -> None:
    asked: list[str] = []

    def claim_once() -> list[str]:
        asked.clear()
        with transaction(host.engine) as connection:
            assert claim(connection, "test", clock=host.clock, lease=LEASE) is not None
        return list(asked)

    with transaction(host.engine) as connection:
        fill(connection, host, tenants=range(1, 3))
    event.listen(host.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    of_two = claim_once()
    with transaction(host.engine) as connection:
        fill(connection, host, tenants=range(3, 40))
    of_many = claim_once()

    with transaction(host.engine, read=True) as connection:
        [look] = [statement for statement in of_many if "core_turn t" in statement]
        plan = " ".join(str(step) for step in connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {look}", (host.clock(),) * look.count("?")
        ))  # fmt: skip
    assert of_many == of_two
    assert "ix_core_task_running (lease_until<?)" in plan
    assert "ix_core_task_due (tenant_id=?)" in plan
    assert "created_at" not in plan


def fill(connection: Connection, host: Host, *, tenants: range) -> None:
    """Make tenants of whom nothing is known but that each has a task that waits."""
    for number in tenants:
        connection.execute(
            insert(tenant).values(
                id=number,
                slug=f"t{number}",
                name="T",
                locale="es",
                timezone="America/Bogota",
                currency="COP",
                version=1,
                created_at=host.clock(),
                history_number=number,
            )
        )
        queue.enqueue(connection, number, QUICK, now=host.clock())


# --- whose clock it is ---------------------------------------------------------------------------


@pytest.fixture
def fast(host: Host, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock of the machine itself, by so many seconds."""

    def set_clock(seconds: float) -> None:
        def tell() -> dt.datetime:
            return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)

        monkeypatch.setattr(unit, "utc_now", tell)
        host.clock = tell

    set_clock(0)
    return set_clock


@pytest.mark.database("postgresql")
def test_a_machine_whose_clock_is_fast_takes_nobodys_task_and_none_too_early(
    host: Host, company: Callable[[], Company], fast: Callable[[float], None]
) -> None:
    tenant = company()
    running = add(tenant)
    with transaction(host.engine) as connection:
        claim(connection, "first", clock=host.clock, lease=LEASE)
    later = add(tenant, run_at=host.clock() + dt.timedelta(minutes=30))

    fast(3600)
    found = Worker(host=host, name="second").run_one()

    assert not found
    assert (find(tenant, running).state, find(tenant, running).attempts) == ("running", 1)
    assert find(tenant, later).state == "queued"


@pytest.mark.database("postgresql")
def test_what_a_machine_with_a_fast_clock_puts_in_waits_for_nothing(
    host: Host, company: Callable[[], Company], fast: Callable[[float], None]
) -> None:
    tenant = company()
    fast(3600)
    task = add(tenant)
    failed = add(tenant)
    with tenant.unit() as work:
        queue.cancel(work.connection, tenant.id, failed, now=work.now)
        queue.retry(work.connection, tenant.id, failed, now=work.now)
    often = all_jobs(host)["errands.often"]
    assert schedule.Scheduler(host=host).serve(tenant.view, [often]) == 1

    fast(0)
    worker = Worker(host=host, name="test")
    ran = [worker.run_one() for _task in range(3)]

    assert ran == [True] * 3
    assert (find(tenant, task).state, find(tenant, failed).state) == ("done", "done")


@pytest.mark.database("postgresql")
def test_a_worker_with_a_fast_clock_puts_off_for_no_longer(
    host: Host, company: Callable[[], Company], fast: Callable[[float], None]
) -> None:
    def work(ctx: Any) -> None:
        raise Temporary("not now")

    tenant = company()
    task = add(tenant)
    fast(3600)
    worker = Worker(host=host, name="test")
    worker.jobs = {QUICK: Job(name=QUICK, title="Quick", run=work)}  # type: ignore[misc]
    before = dt.datetime.now(dt.UTC)
    worker.run_one()
    after = dt.datetime.now(dt.UTC)

    assert before < find(tenant, task).run_at <= after + dt.timedelta(seconds=30)
