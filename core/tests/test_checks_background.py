"""The generated checks of background work, over a plugin that has some of everything."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from trato.db.engine import transaction
from trato.hooks import hookimpl
from trato.host import Host
from trato.jobs import queue
from trato.jobs.claiming import Claim
from trato.jobs.clock import Scheduler
from trato.jobs.declared import Job
from trato.jobs.worker import Worker
from trato.plugin import Plugin
from trato.records.events import Event
from trato.records.unit import Unit
from trato.testing.checks.background import BackgroundChecks
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

NIGHTLY, OFTEN, ASKED = "errands.nightly", "errands.often", "errands.asked"


def jobs() -> list[Job]:
    return [
        Job(name=NIGHTLY, title="Nightly", run=lambda ctx: ctx.tenant, at="02:00"),
        Job(name=OFTEN, title="Often", run=lambda ctx: None, every=30),
        Job(name=ASKED, title="Asked", run=lambda ctx: None),
    ]


@pytest.fixture
def host(
    temporarily: Callable[..., AbstractContextManager[Host]], make_plugin: Callable[..., Plugin]
) -> Iterator[Host]:
    module = types.ModuleType("errands_hooks")

    @hookimpl
    def trato_event(unit: Unit, event: Event) -> None:
        raise AssertionError(f"{event.name} was told")

    module.trato_event = trato_event  # type: ignore[attr-defined]
    with temporarily(make_plugin("errands", jobs=jobs(), hooks=module)) as host:
        yield host


class TestErrands(BackgroundChecks):
    plugin = "errands"

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "job" in metafunc.fixturenames:
            metafunc.parametrize("job", [NIGHTLY, OFTEN, ASKED, "errands.trato_event"])
        if "connector" in metafunc.fixturenames:
            metafunc.parametrize("connector", [])  # it has none


def slots(tenant: Company, job: str) -> list[queue.Task]:
    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        return queue.tasks(connection, tenant.id, job=job)


def test_what_was_held_for_a_licence_waits_again_once_there_is_one(
    tenant: Company, clock: SettableClock
) -> None:
    host = tenant.host
    with tenant.unit() as unit:
        task = unit.enqueue("core.remove_old_tasks")
    assert task is not None
    scheduler = Scheduler(host=host)
    tenant.install_license(expires=dt.date(2020, 1, 1))
    scheduler.serve(tenant.view)
    Worker(host=host, name="test").run_task(Claim(tenant_id=tenant.id, task_id=task))
    [held] = [t for t in slots(tenant, "core.remove_old_tasks") if t.id == task]

    tenant.install_license()
    scheduler.serve(tenant.view)

    [again] = [t for t in slots(tenant, "core.remove_old_tasks") if t.id == task]
    assert (held.state, again.state) == ("held", "queued")


def test_a_task_that_cannot_begin_does_not_end_the_worker(
    tenant: Company, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(host=tenant.host, name="test")

    def fail() -> bool:
        raise LookupError("the tenant is gone")

    monkeypatch.setattr(worker, "run_one", fail)

    assert worker.serve_next() is False
    assert "the tenant is gone" in caplog.text


def test_a_unit_queues_with_its_transaction(tenant: Company) -> None:
    def fail() -> None:
        with tenant.unit() as unit:
            assert unit.enqueue(ASKED) is not None
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert slots(tenant, ASKED) == []


def test_a_key_is_queued_once(tenant: Company) -> None:
    made: list[Any] = []
    for _number in range(2):
        with tenant.unit() as unit:
            made.append(unit.enqueue(ASKED, {"a": 1}, unique_key="once", priority=3))

    [task] = slots(tenant, ASKED)
    assert made == [task.id, None]
    assert (task.payload, task.priority) == ({"a": 1}, 3)
