"""Background work with real processes that are really killed, on every engine and database."""

from __future__ import annotations

import datetime as dt
import os
import queue as queues
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from core.tests.jobs_program import make_host
from sqlalchemy import func, select, text

from trato.cli.readiness import migrate
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.catalogue import SEAL, VERIFY
from trato.jobs.clock import run_until
from trato.jobs.queue import Task
from trato.jobs.tickets import PROCRASTINATE, TABLE
from trato.jobs.worker import Worker
from trato.settings import Settings
from trato.tenancy.tables import task as table
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato_clients.models import Client

WRITE, QUICK, OFTEN = "errands.write", "errands.quick", "errands.often"
NIGHTLY = "errands.nightly"
#: They hold no lock while they run, so that only the lease keeps others away.
READ, APART = "errands.read", "errands.wait"
#: A process that has not said what is waited for after so many seconds has hung.
PATIENCE = 60
#: SIGTERM ends a worker within so many seconds, on a busy machine too.
WITHIN = 60
ROOT = Path(__file__).parents[2]

ENGINES = [
    pytest.param("sqlite", TABLE, id="sqlite"),
    pytest.param("postgresql", TABLE, id="postgresql", marks=pytest.mark.postgres),
    pytest.param("postgresql", PROCRASTINATE, id="procrastinate", marks=pytest.mark.postgres),
]

#: Procrastinate only tells a worker when to look. What the queue decides is tried with it at full
#: size alone.
ALIKE = {
    "test_a_task_that_kills_its_worker_each_time_fails_in_the_end",
    "test_a_task_that_outlasts_its_lease_is_left_to_its_worker",
    "test_the_audit_is_sealed_when_its_hour_comes",
}
#: SQLite's worker hands its task back in another way.
ELSEWHERE = {"test_a_worker_ends_though_it_cannot_hand_its_task_back"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database") or ("sqlite", "postgresql")
        engines = [engine for engine in ENGINES if engine.values[0] in chosen]
        if metafunc.function.__name__ in ELSEWHERE:
            engines = [engine for engine in engines if engine.id == "postgresql"]
        if metafunc.function.__name__ in ALIKE:
            engines = [
                pytest.param(*e.values, id=e.id, marks=[*e.marks, pytest.mark.soak])
                if PROCRASTINATE in e.values
                else e
                for e in engines
            ]
        metafunc.parametrize(("kind", "engine"), engines, indirect=False)


class Process:
    """A worker or a clock that was started, and what it says."""

    def __init__(self, settings: dict[str, str], *words: str) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "core.tests.jobs_program", *words], cwd=ROOT,
            env=own | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.said: list[str] = []
        # Lines that come together are heard one by one all the same; the last is empty.
        self._lines: queues.Queue[str] = queues.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line)
        self._lines.put("")

    def hear(self, word: str) -> str:
        """Wait for a line that begins with a word."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0, until - time.monotonic()))
            except queues.Empty:
                break
            if not line:
                break
            self.said.append(line.strip())
            if line.startswith(word):
                return self.said[-1]
        raise AssertionError(f"it never said {word!r}, but {self.said}")

    def tell(self, word: str) -> None:
        """Let the job that waits go on."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{word}\n")
        self.popen.stdin.flush()

    def rest(self) -> list[str]:
        """Give what it said to its end and nobody has heard."""
        self._reader.join()
        return [line.strip() for line in iter(self._lines.get, "")]

    def kill(self) -> None:
        """End it with SIGKILL: nothing of it runs any more."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> int:
        """End it with SIGTERM; gives the exit code, and fails when it takes too long."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout=WITHIN)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self._reader.join()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()


class Yard:
    """A database with a host, a tenant, and processes that are started on it."""

    def __init__(
        self, database: Database, settings: Settings, license: LicenseIssuer, started: ExitStack
    ) -> None:
        self.settings = settings
        self.database = database
        self.license = license
        self.host: Host = make_host(settings)
        self.started = started
        migrate(self.host)
        self.environ = {
            "TRATO_DATABASE_URL": database.url, "TRATO_JOB_ENGINE": settings.job_engine,
            "TRATO_SECRET_KEY": settings.secret_key[0],
            "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
        }  # fmt: skip
        self.tenant = self.company()

    def company(self) -> Company:
        return make_company(self.host, self.license, plugins=["clients", "errands"])

    def start(self, *words: str) -> Process:
        process = Process(self.environ, *words)
        self.started.callback(process.close)
        process.hear("ready")
        return process

    def add(self, job: str, *, tenant: Company | None = None, **options: Any) -> UUID:
        """Queue a task; it is committed when this returns."""
        with (tenant or self.tenant).unit() as unit:
            made = unit.enqueue(job, **options)
        assert made is not None
        return made

    def find(self, task: UUID, *, tenant: Company | None = None) -> Task:
        company = tenant or self.tenant
        with transaction(self.host.engine, tenant_id=company.id, read=True) as connection:
            return queue.find(connection, company.id, task)

    def lease(self, task: UUID) -> dt.datetime:
        """Tell until when a running task is its worker's."""
        wanted = (table.c.tenant_id == self.tenant.id) & (table.c.id == task)
        with transaction(self.host.engine, tenant_id=self.tenant.id, read=True) as connection:
            until = connection.execute(select(table.c.lease_until).where(wanted)).scalar_one()
        assert until is not None
        return until

    def count(self, job: str, *, state: str | None = None, tenant: Company | None = None) -> int:
        """Count the tasks of a job, in any state unless one is given."""
        company = tenant or self.tenant
        with transaction(self.host.engine, tenant_id=company.id, read=True) as connection:
            counts = queue.counts(connection, company.id, job=job)
        return sum(counts.values()) if state is None else counts.get(state, 0)

    def wait(self, reached: Callable[[], bool]) -> None:
        """Ask the database until something is so."""
        until = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < until, "it never came to be"
            # What is waited for needs the processor too.
            threading.Event().wait(0.02)

    def clients(self) -> int:
        """Count the records that jobs have written."""
        with self.tenant.unit(read=True) as unit:
            counted = select(func.count()).where(Client.__table__.c.tenant_id == self.tenant.id)
            return int(unit.connection.execute(counted).scalar_one())


@pytest.fixture
def yard(
    kind: str, engine: str, databases: Any, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer,
) -> Iterator[Yard]:  # fmt: skip
    from dataclasses import replace

    database = databases.migrated(kind)
    with ExitStack() as started:
        yard = Yard(database, replace(make_settings(database), job_engine=engine), issue_license,
                    started)  # fmt: skip
        started.callback(yard.host.close)
        yield yard
    databases.forget(database)


def test_a_killed_workers_task_is_finished_by_another_and_takes_effect_once(yard: Yard) -> None:
    task = yard.add(WRITE)
    first = yard.start("worker")
    first.hear("begun")
    first.kill()
    after_the_crash = yard.clients()

    # Its clock is past the lease of the one that was killed.
    second = yard.start("worker", "--ahead", "120")
    begun = second.hear("begun")
    second.tell("go")
    code = second.stop()

    done = yard.find(task)
    assert begun == f"begun {task}"
    assert code == 0
    assert after_the_crash == 0
    assert (done.state, done.attempts) == ("done", 2)
    assert yard.clients() == 1


def test_a_task_that_outlasts_its_lease_is_left_to_its_worker(yard: Yard) -> None:
    jobs = [READ, APART]
    if yard.host.engine.dialect.name == "postgresql":
        jobs.append(WRITE)
    task = yard.add(jobs[0])
    first = yard.start("worker", "--lease", "0.3")
    tasks, found = [], []

    for following in [*jobs[1:], None]:
        first.hear("begun")
        found.append(look_after_the_lease(yard, task))
        tasks.append(task)
        if following is not None:
            task = yard.add(following)
        first.tell("go")
    code = first.stop()

    done = [yard.find(task) for task in tasks]
    assert code == 0
    assert found == [False] * len(jobs)
    assert [(task.state, task.attempts) for task in done] == [("done", 1)] * len(jobs)
    assert sum(line.startswith("begun") for line in first.said) == len(jobs)
    assert yard.clients() == jobs.count(WRITE)


def look_after_the_lease(yard: Yard, task: UUID) -> bool:
    """Let a second worker look when the lease is over that a task had a moment ago."""
    before = yard.lease(task)
    yard.wait(lambda: yard.lease(task) > before)
    moment = before + (yard.lease(task) - before) / 2
    yard.host.clock = lambda: moment
    return Worker(host=yard.host, name="second").run_one()


def test_a_stopped_worker_finishes_its_task(yard: Yard) -> None:
    task, waiting = yard.add(WRITE), yard.add(WRITE)
    worker = yard.start("worker")
    worker.hear("begun")
    worker.popen.send_signal(signal.SIGTERM)
    worker.tell("go")

    assert worker.popen.wait(timeout=WITHIN) == 0
    assert yard.find(task).state == "done"
    assert yard.find(waiting).state == "queued"


def test_a_stopped_worker_hands_back_what_it_cannot_finish(yard: Yard) -> None:
    task = yard.add(WRITE)
    worker = yard.start("worker", "--grace", "0.2")
    worker.hear("begun")

    worker.stop()

    back = yard.find(task)
    assert (back.state, back.attempts) == ("queued", 0)
    assert yard.clients() == 0
    second = yard.start("worker")
    second.hear("begun")
    second.tell("go")
    assert second.stop() == 0
    assert yard.find(task).state == "done"
    assert yard.clients() == 1


def test_a_worker_ends_though_it_cannot_hand_its_task_back(yard: Yard) -> None:
    task = yard.add(WRITE)
    worker = yard.start("worker", "--grace", "0.2")
    worker.hear("begun")
    engine = yard.database.open_owner()
    with engine.begin() as connection:
        connection.execute(text(f"REVOKE UPDATE ON core_task FROM {yard.database.app_role}"))
    engine.dispose()

    # It waits for a word that never comes.
    code = worker.stop()

    assert code == 1
    assert any("could not be handed back" in line for line in worker.rest())
    assert yard.find(task).state == "running"
    assert yard.clients() == 0


def test_a_task_that_kills_its_worker_each_time_fails_in_the_end(yard: Yard) -> None:
    task = yard.add(WRITE)
    with transaction(yard.host.engine, tenant_id=yard.tenant.id) as connection:
        connection.execute(
            table.update()
            .where(table.c.tenant_id == yard.tenant.id, table.c.id == task)
            .values(attempts=4)
        )
    first = yard.start("worker")
    first.hear("begun")
    first.kill()

    second = yard.start("worker", "--ahead", "120")
    yard.wait(lambda: yard.find(task).state == "failed")

    assert second.stop() == 0
    assert "lost" in (yard.find(task).message or "")


def test_two_clocks_queue_a_slot_once(yard: Yard) -> None:
    companies = [yard.tenant, yard.company()]
    # It is nine in the evening in Bogotá with the third minute.
    first = dt.datetime(2030, 3, 4, 1, 58, tzinfo=dt.UTC)
    clocks = [yard.start("scheduler") for _number in range(2)]

    def slots(job: str) -> list[int]:
        return [yard.count(job, tenant=company) for company in companies]

    for minute in range(4):
        for clock in clocks:
            clock.tell((first + dt.timedelta(minutes=minute)).isoformat())
        yard.wait(lambda wanted=[minute + 1] * 2: slots(OFTEN) == wanted)
    yard.wait(lambda: slots(NIGHTLY) == [2] * 2)
    codes = [clock.stop() for clock in clocks]

    assert codes == [0, 0]
    # That of the day before was missed.
    assert (slots(OFTEN), slots(NIGHTLY)) == ([4, 4], [2, 2])
    assert [clock.rest() for clock in clocks] == [["ended"]] * 2


def test_the_audit_is_sealed_when_its_hour_comes(yard: Yard) -> None:
    """Clock, queue, worker and seal, in their own loops; only the time is set."""
    with yard.tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Before the night"})
    now = SettableClock()
    now.set((now() + dt.timedelta(days=1)).replace(hour=7, minute=29, second=50))
    yard.host.clock = now
    stopped = threading.Event()
    worker = Worker(host=yard.host, name="own")
    loops = [
        threading.Thread(target=run_until, args=(yard.host, stopped), kwargs={"every": 0.02}),
        threading.Thread(target=worker.run_until, args=(stopped,), kwargs={"idle": 0.02}),
    ]
    before = sealed(yard)
    for loop in loops:
        loop.start()
    try:
        now.advance(minutes=1)
        yard.wait(lambda: yard.count(SEAL, state="done") == 1)
    finally:
        stopped.set()
        for loop in loops:
            loop.join()
    after = sealed(yard)
    with yard.tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "After the night"})

    assert (before["seal"], before["unsealed"]["entries"] > 0) == (None, True)
    assert (after["seal"]["number"], after["unsealed"]["entries"]) == (1, 0)
    assert after["count"] == 0
    assert sealed(yard)["unsealed"]["entries"] == 1


def sealed(yard: Yard) -> dict[str, Any]:
    """Verify the audit, and tell what is not sealed."""
    verified = yard.tenant.run(VERIFY)
    assert verified.state == "done"
    return dict(verified.result)


def test_a_disabled_plugins_task_is_kept_and_told_and_runs_when_it_is_enabled(yard: Yard) -> None:
    task = yard.add(QUICK)
    yard.tenant.disable("errands")
    worker = yard.start("worker")
    yard.wait(lambda: yard.find(task).state == "held")
    held = yard.find(task)

    yard.tenant.enable("errands")
    yard.wait(lambda: yard.find(task).state == "done")

    assert "not enabled" in (held.message or "")
    assert (held.result, held.attempts) == (None, 0)
    assert yard.find(task).attempts == 1
    assert worker.stop() == 0


def test_a_task_is_run_at_its_moment_and_not_before(yard: Yard) -> None:
    later = yard.add(QUICK, run_at=yard.host.clock().replace(year=2099))
    soon = yard.add(QUICK)
    worker = yard.start("worker")

    yard.wait(lambda: yard.find(soon).state == "done")

    assert worker.stop() == 0
    assert yard.find(later).state == "queued"


def test_what_is_queued_while_a_worker_waits_begins_within_a_second(yard: Yard) -> None:
    worker = yard.start("worker")
    first = yard.add(QUICK)
    yard.wait(lambda: yard.find(first).state == "done")

    def seconds() -> float:
        task = yard.add(QUICK)
        yard.wait(lambda: yard.find(task).state == "done")
        done = yard.find(task)
        assert done.started_at is not None
        return (done.started_at - done.created_at).total_seconds()

    # Told by the database it begins at once; else it asks once a second, and a busy machine is
    # given as much again. Each has many chances: one that is not told so is late each time.
    within = 1 if yard.settings.job_engine == PROCRASTINATE else 2
    assert any(seconds() < within for _time in range(20))
    assert worker.stop() == 0


@pytest.mark.parametrize("waiting", [150, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_long_queue_starves_nobody(yard: Yard, waiting: int) -> None:
    other = yard.company()
    yard.add(APART)
    worker = yard.start("worker")
    worker.hear("begun")
    # The worker is busy until all of it is there, and the other's task comes last.
    with yard.tenant.unit() as unit:
        for _number in range(waiting):
            unit.enqueue(QUICK)
    task = yard.add(QUICK, tenant=other)
    worker.tell("go")
    yard.wait(lambda: yard.find(task, tenant=other).state == "done")
    mine = yard.find(task, tenant=other)
    worker.kill()

    with transaction(yard.host.engine, tenant_id=yard.tenant.id, read=True) as connection:
        between = connection.execute(
            select(func.count()).where(
                table.c.tenant_id == yard.tenant.id,
                table.c.started_at > mine.created_at,
                table.c.started_at < mine.started_at,
            )
        ).scalar_one()
    assert mine.started_at is not None
    assert between <= 2
    if waiting > 1_000:  # a figure of a machine that does nothing else
        assert (mine.started_at - mine.created_at).total_seconds() < 1
