"""Who runs tasks: processes say that they are there, and whoever waits is told when none is."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from trato.cli import diagnosis
from trato.cli.background import tick, work
from trato.cli.readiness import migrate
from trato.db.engine import transaction
from trato.exchange import desk as desks
from trato.host import Host
from trato.jobs import presence, tickets
from trato.jobs.exchanging import IMPORT, IMPORTS
from trato.jobs.presence import Presence
from trato.settings import Settings
from trato.tenancy.tables import process
from trato.testing.clients import browser
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases
from trato.web.app import create_app

QUICK = "core.seal_audit"
NOBODY = "no hay quien ejecute las tareas"

pytestmark = pytest.mark.plugins("clients")


@pytest.fixture
def alone(
    databases: Databases, backend: str, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer,
) -> Iterator[Company]:  # fmt: skip
    """Give the only company of an installation: nobody else's tasks or workers are counted."""
    host = Host(make_settings(databases.migrated(backend)))  # type: ignore[arg-type]
    yield make_company(host, issue_license, plugins=["clients"])
    host.close()


def findings(host: Host) -> list[tuple[str, str]]:
    return [(one.level, str(one.fact)) for one in diagnosis.background(host)]


def say(company: Company, kind: Any, *, ago: float = 0) -> Presence:
    now = company.host.clock()
    one = Presence(host=company.host, name=f"{kind}-{ago}", kind=kind)
    with transaction(company.host.engine) as connection:
        moment = now - dt.timedelta(seconds=ago)
        connection.execute(insert(process).values(name=one.name, kind=kind, seen_at=moment))
    return one


def queue_one(company: Company) -> None:
    with company.unit() as unit:
        unit.enqueue(QUICK)


def test_doctor_warns_where_tasks_wait_and_nobody_runs_them(alone: Company) -> None:
    assert [level for level, _fact in findings(alone.host)] == ["ok"]

    queue_one(alone)

    (worker, scheduler) = findings(alone.host)
    assert worker[0] == scheduler[0] == "warn"
    assert "1 tasks wait" in worker[1]
    assert "no worker is there" in worker[1]
    assert "no scheduler is there" in scheduler[1]


def test_doctor_says_since_when_a_worker_that_was_killed_is_missed(alone: Company) -> None:
    queue_one(alone)
    say(alone, "scheduler", ago=30)
    say(alone, "worker", ago=presence.LATELY.total_seconds() + 1)

    ((level, fact),) = findings(alone.host)

    assert (level, "no worker has been seen since" in fact) == ("warn", True)


def test_doctor_counts_who_is_there(alone: Company) -> None:
    queue_one(alone)
    say(alone, "scheduler")
    say(alone, "worker")
    say(alone, "worker", ago=30)

    ((level, fact),) = findings(alone.host)

    assert (level, "Workers: 2, schedulers: 1" in fact) == ("ok", True)


def test_a_process_says_little_and_forgets_those_of_other_days(alone: Company) -> None:
    host = alone.host
    say(alone, "worker", ago=200_000)
    one = Presence(host=host, name="one", kind="worker")

    one.say_again()
    with transaction(host.engine, read=True) as connection:
        assert presence.present(connection, "worker", now=host.clock()) == 0
    one.say()
    with transaction(host.engine) as connection:
        names = list(connection.execute(select(process.c.name)).scalars())
        connection.execute(delete(process))
    one.say()  # a moment later it is not said again

    assert names == ["one"]
    with transaction(host.engine, read=True) as connection:
        assert presence.last_seen(connection, "worker") is None


@pytest.fixture(params=[tickets.TABLE, tickets.PROCRASTINATE])
def running(
    request: pytest.FixtureRequest, databases: Databases, backend: str,
    make_settings: Callable[[Database], Settings],
) -> Iterator[Host]:  # fmt: skip
    """Give a host on each engine of the queue."""
    if request.param == tickets.PROCRASTINATE and backend != "postgresql":
        pytest.skip("procrastinate needs PostgreSQL")
    database = databases.migrated(backend)  # type: ignore[arg-type]
    host = Host(replace(make_settings(database), job_engine=request.param))
    if request.param == tickets.PROCRASTINATE:
        migrate(host)
    yield host
    host.close()


@pytest.mark.parametrize(("kind", "loop"), [("worker", work), ("scheduler", tick)])
def test_a_process_is_there_from_its_beginning_to_its_end(
    running: Host, kind: Any, loop: Callable[[Host, threading.Event], None]
) -> None:
    stopped = threading.Event()
    thread = threading.Thread(target=loop, args=(running, stopped))
    thread.start()

    def there() -> int:
        with transaction(running.engine, read=True) as connection:
            return presence.present(connection, kind, now=running.clock())

    try:
        until = time.monotonic() + 60
        while not there() and time.monotonic() < until:
            # Who is waited for needs the processor, and SQLite's lock, too.
            threading.Event().wait(0.02)
        found = there()
    finally:
        stopped.set()
        thread.join()

    assert (found, there()) == (1, 0)


def waiting_import(company: Company, member: Any) -> str:
    desk = desks.begin(company.host, company.id, IMPORTS, entity="clients.client",
                       member_id=member.member_id, file="datos.csv")  # fmt: skip
    desk.source.write_text("Nombre\nUno\n", "utf-8")
    with company.unit(member) as unit:
        desk.tasks = [str(unit.enqueue(IMPORT, {"desk": str(desk.id)}))]
    desk.save()
    return f"/clients/clients/import/{desk.id}"


def test_pages_say_that_nobody_runs_the_tasks(alone: Company) -> None:
    admin = alone.member("admin")
    client = browser(create_app(alone.host), admin)
    url = waiting_import(alone, admin)

    client.post("/settings/export")

    asked = (url, f"{url}/status", "/settings/jobs", "/settings/jobs/rows", "/settings/export/rows")
    assert [NOBODY in client.get(path).text for path in asked] == [True] * 5
    say(alone, "worker")

    assert [NOBODY in client.get(path).text for path in asked] == [False] * 5
