"""Imports and exports as tasks: run by any worker, cancelled, and gone on with after a crash."""

from __future__ import annotations

import csv
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.db.types import new_id
from trato.exchange import desk as desks
from trato.exchange import importing, saved_query
from trato.exchange.desk import Desk
from trato.host import Host
from trato.jobs import queue
from trato.jobs.catalogue import CLEAN
from trato.jobs.exchanging import EXPORT, EXPORTS, IMPORT, IMPORTS
from trato.jobs.queue import Task
from trato.jobs.worker import Worker
from trato.records.query import Filter, Query
from trato.records.unit import utc_now
from trato.settings import Settings
from trato.tenancy.tables import task
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato.testing.statements import count_connections

CLIENT = "clients.client"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)


def bring(company: Company, text: str, actor: Actor | None = None, **choices: Any) -> Desk:
    member_id = None if actor is None else actor.member_id
    desk = desks.begin(
        company.host, company.id, IMPORTS, entity=CLIENT, member_id=member_id, file="datos.csv"
    )
    desk.source.write_text(text, "utf-8")
    for name, value in choices.items():
        setattr(desk, name, value)
    desk.save()
    return desk


def queued(company: Company, job: str, desk: Desk, **payload: Any) -> UUID:
    host = company.host
    with transaction(host.engine, tenant_id=company.id) as connection:
        made = queue.enqueue(
            connection, company.id, job, now=host.clock(), payload={"desk": str(desk.id), **payload}
        )
    assert made is not None
    return made


def run(company: Company, task_id: UUID) -> Task:
    return company.run_task(task_id)


def look(company: Company, task_id: UUID) -> Task:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return queue.find(connection, company.id, task_id)


def names(company: Company) -> list[str]:
    found: list[str] = []
    cursor = None
    with company.unit(read=True) as unit:
        while True:
            page = unit.records.query(
                CLIENT, columns=("name",), sort=("name",), limit=500, cursor=cursor
            )
            found += [row[2] for row in page.rows]
            cursor = page.next
            if cursor is None:
                return found


def refused(desk: Desk) -> list[list[str]]:
    """Read the rows of the file of errors."""
    text = desk.errors.read_text("utf-8-sig")
    return list(csv.reader(text.splitlines(), delimiter=";"))[1:]


def rows(count: int) -> str:
    return "Nombre;NIT\n" + "".join(f"Cliente {n:04};{70_000_000 + n}\n" for n in range(count))


@pytest.mark.usefixtures("small_batches")
def test_a_task_imports_and_says_what_came_of_it(tenant: Company, actor: Actor) -> None:
    desk = bring(tenant, rows(25) + "\n;123\n", actor)

    done = run(tenant, queued(tenant, IMPORT, desk))

    assert (done.state, done.message) == ("done", None)
    assert (done.result["created"], done.result["refused"]) == (25, 1)
    assert (done.progress, done.progress_total) == (26, 26)
    assert done.result["problems"][0][2] == "Este dato es obligatorio."
    assert len(names(tenant)) == 25
    with tenant.unit(read=True) as unit:
        page = unit.records.query(CLIENT, columns=("created_by",))
    assert {row[2] for row in page.rows} == {actor.member_id}
    assert len(refused(desk)) == 1


def test_a_trial_counts_and_writes_nothing(tenant: Company) -> None:
    desk = bring(tenant, rows(3))

    done = run(tenant, queued(tenant, IMPORT, desk, dry_run=True))

    assert (done.result["created"], done.result["dry_run"]) == (3, True)
    assert names(tenant) == []


def test_a_trial_that_was_cut_begins_anew(tenant: Company) -> None:
    """What it said of the rows before is written nowhere, and later rows name them."""
    desk = bring(tenant, "Nombre;Pertenece a\nAntioquia;\nMedellín;Antioquia\n")
    desk.entity = "clients.zone"
    desk.save()
    task_id = queued(tenant, IMPORT, desk, dry_run=True)
    cut = {"rows": 1, "row": 2, "total": 2, "errors_bytes": 0, "problems": [], "created": 1,
           "updated": 0, "unchanged": 0, "skipped": 0, "refused": 0, "duplicates": 0}  # fmt: skip
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            update(task)
            .where(task.c.tenant_id == tenant.id, task.c.id == task_id)
            .values(result=cut, progress=1, progress_total=2)
        )

    done = run(tenant, task_id)

    assert (done.result["created"], done.result["refused"], done.result["rows"]) == (2, 0, 2)


def test_the_same_file_again_changes_nothing_and_says_so(tenant: Company) -> None:
    desk = bring(tenant, rows(12), match="identification")
    run(tenant, queued(tenant, IMPORT, desk))

    again = run(tenant, queued(tenant, IMPORT, desk))

    assert (again.result["unchanged"], again.result["created"], again.result["updated"]) == (
        12,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("create", {"created": 2, "duplicates": 1}),
        ("skip", {"created": 1, "skipped": 1}),
        ("update", {"created": 1, "updated": 1}),
        ("error", {"created": 1, "refused": 1}),
    ],
)
def test_a_file_does_what_was_chosen_about_duplicates(
    tenant: Company, choice: str, expected: dict[str, int]
) -> None:
    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Uno", "identification": "70.000.000"})

    done = run(tenant, queued(tenant, IMPORT, bring(tenant, rows(2), duplicates=choice)))

    counted = {name: done.result[name] for name in
               ("created", "updated", "unchanged", "skipped", "refused", "duplicates")
               if done.result[name]}  # fmt: skip
    assert counted == expected


def test_forbidden_duplicates_are_refused_whatever_was_chosen(tenant: Company) -> None:
    from trato.tenancy import store

    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Uno", "identification": "70.000.000"})
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        store.save_setting(connection, tenant.id, "clients", "duplicates_client", "block")

    done = run(tenant, queued(tenant, IMPORT, bring(tenant, rows(2), duplicates="create")))

    assert (done.result["created"], done.result["refused"]) == (1, 1)
    assert "no se permiten duplicados" in done.result["problems"][0][2]


def test_a_file_that_cannot_be_read_fails_with_the_reason_in_the_language_of_its_owner(
    tenant: Company, actor: Actor
) -> None:
    failed = run(tenant, queued(tenant, IMPORT, bring(tenant, "Color;Peso\nrojo;3\n", actor)))

    assert failed.state == "failed"
    assert "Ningún campo se llama «Color»" in (failed.message or "")
    assert names(tenant) == []


def test_who_has_left_imports_no_more(tenant: Company) -> None:
    member = tenant.member("seller")
    desk = bring(tenant, rows(2), member)
    desk.member_id = str(UUID(int=7))
    desk.save()

    assert run(tenant, queued(tenant, IMPORT, desk)).state == "failed"


def test_who_may_not_import_does_not_by_a_task(tenant: Company) -> None:
    member = tenant.member_with({CLIENT: {"view": "all", "create": "all"}})

    failed = run(tenant, queued(tenant, IMPORT, bring(tenant, rows(2), member)))

    assert (failed.state, names(tenant)) == ("failed", [])


@pytest.mark.usefixtures("small_batches")
def test_a_cancelled_import_keeps_whole_batches_and_can_be_gone_on_with(
    tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = bring(tenant, rows(35))
    task_id = queued(tenant, IMPORT, desk)
    progress = importing.statistics.refresh

    def cancel_first(unit: Any, entity: Any) -> None:
        progress(unit, entity)
        if unit.records.count_where(CLIENT) == 20:
            queue.cancel(unit.connection, tenant.id, task_id, now=unit.now)

    monkeypatch.setattr(importing.statistics, "refresh", cancel_first)
    cancelled = run(tenant, task_id)
    assert (cancelled.state, len(names(tenant))) == ("cancelled", 20)

    monkeypatch.undo()
    monkeypatch.setattr(importing, "BATCH", 10)
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        queue.retry(connection, tenant.id, task_id, now=tenant.host.clock())
    done = run(tenant, task_id)

    assert (done.state, done.result["created"]) == ("done", 35)
    assert names(tenant) == [f"Cliente {n:04}" for n in range(35)]


def test_a_part_that_stops_all_is_narrowed_down_and_counted_once(
    tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 50)
    seller = tenant.member_with({CLIENT: {"view": "all", "edit": "own", "create": "all",
                                          "import": "all"}})  # fmt: skip
    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Ajeno", "identification": "70000007"})
    desk = bring(tenant, rows(20), seller, match="identification")

    done = run(tenant, queued(tenant, IMPORT, desk))

    assert (done.result["created"], done.result["refused"], done.result["rows"]) == (19, 1, 20)


# --- export --------------------------------------------------------------------------------------


def test_a_list_is_exported_as_filtered_for_whom_asked(tenant: Company) -> None:
    owner = tenant.member("admin")
    with tenant.unit(owner) as unit:
        for city in ("Cali", "Cali", "Tunja"):
            unit.records.create(CLIENT, {"name": f"De {city}", "city": city})
    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Ajeno", "city": "Cali", "owner_id": None})
    asking = tenant.member_with({CLIENT: {"view": "own", "export": "own"}})
    with tenant.unit(asking) as unit:
        query = Query(filters=(Filter(path="city", op="in", value=["Cali"]),), sort=("name",))
        kept = saved_query.dump(unit.view.entity(CLIENT), query)
    found = {}
    for member in (owner, asking):
        desk = desks.begin(tenant.host, tenant.id, EXPORTS, entity=CLIENT,
                           member_id=member.member_id, file="clientes.csv")  # fmt: skip
        desk.query = kept
        desk.save()
        done = run(tenant, queued(tenant, EXPORT, desk))
        assert done.state == "done", done.message
        found[member.member_id] = done.result["records"]

    with tenant.unit(owner, read=True) as unit:
        mine = len(unit.records.query(CLIENT, query).rows)
    assert found == {owner.member_id: mine, asking.member_id: 0}
    assert mine >= 2


def test_files_of_imports_go_after_a_month_but_those_that_wait(
    tenant: Company, clock: SettableClock
) -> None:
    done, waiting, young = (bring(tenant, f"Nombre\nUno {n}\n") for n in range(3))
    for desk in (done, waiting):
        desk.tasks = [str(queued(tenant, IMPORT, desk))]
        desk.save()
    run(tenant, UUID(done.tasks[0]))
    half_made = young.folder.with_name(str(new_id()))
    half_made.mkdir()
    for desk, days in ((done, 31), (waiting, 31), (young, 29)):
        moment = (clock() - dt.timedelta(days=days)).timestamp()
        os.utime(desk.folder, (moment, moment))
    os.utime(half_made, (0, 0))

    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        made = queue.enqueue(connection, tenant.id, CLEAN, now=clock())
    with count_connections(tenant.host.engine) as connections:
        cleaned = run(tenant, made)

    assert cleaned.state == "done"
    assert connections.most == 1
    left = desks.root(tenant.host, tenant.id, IMPORTS).iterdir()
    assert sorted(left) == sorted([waiting.folder, young.folder])


# --- a crash -------------------------------------------------------------------------------------


def test_a_killed_import_is_finished_by_another_worker_without_a_loss_or_a_double(
    databases: Any, backend: str, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer,
) -> None:  # fmt: skip
    """The process is killed inside its third batch, as rows and refusals are already written."""
    database = databases.migrated(backend)
    settings = make_settings(database)
    later = Host(settings, clock=lambda: utc_now() + dt.timedelta(minutes=5))
    try:
        company = make_company(later, issue_license, plugins=["clients"])
        good = [f"Cliente {n:04};{70_000_000 + n};\n" for n in range(45)]
        text = "Nombre;NIT;Sitio web\n" + "".join(
            line + ("Malo;;ftp:no\n" if n % 9 == 0 else "") for n, line in enumerate(good)
        )
        desk = bring(company, text)
        with transaction(later.engine, tenant_id=company.id) as connection:
            task_id = queue.enqueue(
                connection, company.id, IMPORT, now=utc_now(), payload={"desk": str(desk.id)}
            )
        assert task_id is not None
        _kill_in_third_batch(database, settings)
        at_crash = look(company, task_id)
        written = len(names(company))

        # Claimed as any worker would: the lease of the killed one is over.
        assert Worker(host=later, name="another").run_one()
        done = look(company, task_id)

        assert (at_crash.state, at_crash.progress, written) == ("running", 20, 18)
        assert at_crash.result["before"] == 0
        assert (done.state, done.attempts) == ("done", 2)
        assert (done.result["created"], done.result["refused"], done.result["rows"]) == (45, 5, 50)
        assert names(company) == [f"Cliente {n:04}" for n in range(45)]
        assert [line[0] for line in refused(desk)] == ["Malo"] * 5
    finally:
        later.close()


def _kill_in_third_batch(database: Database, settings: Settings) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    environ = own | {
        "TRATO_DATABASE_URL": database.url, "TRATO_SECRET_KEY": settings.secret_key[0],
        "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
        "TRATO_STORAGE_URL": settings.storage_folder.as_uri(),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "core.tests.import_program"], cwd=ROOT, env=environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        assert said == "ready"
        for batch in (10, 20, 30):
            assert process.stdout.readline().strip() == f"batch {batch}"
            if batch < 30:
                process.stdin.write("go\n")
                process.stdin.flush()
        process.kill()
