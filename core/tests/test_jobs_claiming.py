"""Whose task is next, what counts as an attempt of it, and whose clock tells that it is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from core.tests.jobs_program import make_host

from trato.db.engine import transaction
from trato.jobs import clock as schedule
from trato.jobs import queue
from trato.jobs.worker import Worker, delay
from trato.lifecycle.closing import close_tenant
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
