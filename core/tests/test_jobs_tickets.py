"""Procrastinate's tables: made and removed by the owner, filled inside the business transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from core.tests.jobs_program import make_host
from procrastinate.manager import JobManager
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from trato.cli.readiness import migrate, pending_engine
from trato.db.engine import transaction
from trato.errors import ConfigError
from trato.host import Host
from trato.jobs import on_procrastinate, queue, tickets
from trato.jobs.on_procrastinate import run_until
from trato.jobs.worker import Worker
from trato.settings import Settings
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database

QUICK = "errands.quick"

pytestmark = pytest.mark.database("postgresql")


@pytest.fixture
def settings(fresh_database: Database, make_settings: Callable[[Database], Settings]) -> Settings:
    return replace(make_settings(fresh_database), job_engine=tickets.PROCRASTINATE)


@pytest.fixture
def host(settings: Settings) -> Iterator[Host]:
    host = make_host(settings)
    migrate(host)
    yield host
    host.close()


@pytest.fixture
def tenant(host: Host, issue_license: LicenseIssuer) -> Company:
    return make_company(host, issue_license, plugins=["clients", "errands"])


def scalar(connection: Connection, statement: str, **values: Any) -> Any:
    return connection.execute(text(statement), values).scalar_one()


def waiting(host: Host) -> int:
    with transaction(host.engine, read=True) as connection:
        return int(
            scalar(
                connection,
                "select count(*) from trato_queue.procrastinate_jobs where status = 'todo'",
            )
        )


def test_a_ticket_exists_when_and_only_if_the_task_does(tenant: Company) -> None:
    host = tenant.host

    def fail() -> None:
        with tenant.unit() as unit:
            unit.enqueue(QUICK)
            assert waiting(host) == 0, "others see it before it is committed"
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert waiting(host) == 0
    with tenant.unit() as unit:
        unit.enqueue(QUICK)
    assert waiting(host) == 1


def test_whatever_queues_a_task_again_makes_a_ticket(tenant: Company) -> None:
    host = tenant.host
    with tenant.unit() as unit:
        task = unit.enqueue(QUICK)
        assert task is not None
        queue.cancel(unit.connection, tenant.id, task, now=unit.now)
    before = waiting(host)

    with tenant.unit() as unit:
        queue.retry(unit.connection, tenant.id, task, now=unit.now)

    assert waiting(host) == before + 1


def test_a_ticket_tells_nothing_of_its_task(tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.enqueue(QUICK, {"secret": "word"})

    with transaction(tenant.host.engine, read=True) as connection:
        row = connection.execute(text("select * from trato_queue.procrastinate_jobs")).one()

    assert row.args == {}
    assert (row.queue_name, row.task_name) == (tickets.QUEUE, tickets.TASK)


def test_a_later_task_has_a_later_ticket(tenant: Company) -> None:
    with tenant.unit() as unit:
        moment = unit.now.replace(year=2099)
        unit.enqueue(QUICK, run_at=moment)

    with transaction(tenant.host.engine, read=True) as connection:
        found = scalar(connection, "select scheduled_at from trato_queue.procrastinate_jobs")

    assert found == moment


def test_used_tickets_are_thrown_away(tenant: Company) -> None:
    host = tenant.host
    stopped = threading.Event()
    worker = Worker(host=host, name="test")
    with tenant.unit() as unit:
        tasks = [unit.enqueue(QUICK) for _number in range(3)]

    loop = threading.Thread(target=run_until, args=(worker, stopped))
    loop.start()

    def left() -> int:
        with transaction(host.engine, read=True) as connection:
            return int(scalar(connection, "select count(*) from trato_queue.procrastinate_jobs"))

    try:
        until = time.monotonic() + 60
        while left() and time.monotonic() < until:
            # Who is waited for needs the processor too.
            threading.Event().wait(0.02)
    finally:
        stopped.set()
        loop.join()
    with tenant.unit(read=True) as unit:
        states = {queue.find(unit.connection, tenant.id, task).state for task in tasks if task}
    assert left() == 0
    assert states == {"done"}


def test_a_sweep_that_fails_is_said_and_does_not_end_the_sweeping(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = threading.Event()
    swept = []

    async def stalled(_manager: JobManager, **_options: Any) -> list[Any]:
        swept.append(len(swept))
        if len(swept) == 1:
            raise RuntimeError("no sweep today")
        stopped.set()
        return []

    monkeypatch.setattr(JobManager, "get_stalled_jobs", stalled)
    monkeypatch.setattr(on_procrastinate, "SWEEP", 0.0)
    loop = threading.Thread(target=run_until, args=(Worker(host=host, name="test"), stopped))

    loop.start()
    again = stopped.wait(60)
    stopped.set()
    loop.join()

    assert again
    assert "no sweep today" in caplog.text


def test_migrating_again_changes_nothing_and_setting_it_back_removes_it(
    host: Host, settings: Settings
) -> None:
    assert migrate(host) == []
    assert pending_engine(host) == {}
    back = make_host(replace(settings, job_engine=tickets.TABLE))

    pending = pending_engine(back)
    steps = migrate(back)

    assert list(pending) == ["jobs"]
    assert [(step.plugin, step.after) for step in steps] == [("jobs", None)]
    with transaction(back.engine, read=True) as connection:
        assert tickets.present(connection) == ""
        assert (
            scalar(connection, "select count(*) from pg_trigger where tgname = 'core_task_ticket'")
            == 0
        )
    back.close()


def test_another_version_gets_its_tables_anew(host: Host, fresh_database: Database) -> None:
    engine = fresh_database.open_owner()
    with engine.begin() as connection:
        connection.execute(text("comment on schema trato_queue is 'procrastinate 0.1'"))
    engine.dispose()

    [step] = migrate(host)

    assert (step.before, step.after) == ("procrastinate 0.1", tickets.wanted(host.settings))


def test_a_worker_on_a_database_that_is_not_prepared_says_what_to_do(
    fresh_database: Database, make_settings: Callable[[Database], Settings]
) -> None:
    host = make_host(replace(make_settings(fresh_database), job_engine=tickets.PROCRASTINATE))

    with pytest.raises(ConfigError, match="has not been prepared") as raised:
        run_until(Worker(host=host, name="test"), threading.Event())

    assert "trato migrate" in str(raised.value.hint)
    host.close()


def test_the_application_cannot_change_what_procrastinate_is_made_of(tenant: Company) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"must be owner|permission denied"),
        tenant.unit() as unit,
    ):
        unit.connection.execute(text("drop table trato_queue.procrastinate_jobs cascade"))


def test_procrastinate_is_refused_on_sqlite(
    databases: Any, make_settings: Callable[[Database], Settings]
) -> None:
    settings = replace(
        make_settings(databases.migrated("sqlite")), job_engine=tickets.PROCRASTINATE
    )

    with pytest.raises(ConfigError, match="needs PostgreSQL"):
        tickets.check_engine(settings)
