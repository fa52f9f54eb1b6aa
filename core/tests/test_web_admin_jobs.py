"""Administration of what runs: tasks, copies of all data, the audit and its verification."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from trato.db.engine import transaction
from trato.errors import NotFound
from trato.jobs import queue
from trato.jobs.catalogue import CLEAN, EXPORT, VERIFY, all_jobs
from trato.jobs.claiming import Claim, take
from trato.jobs.declared import Job, Temporary
from trato.jobs.worker import LEASE, Worker
from trato.lifecycle.archive import free_path
from trato.lifecycle.exports import exports_folder
from trato.lifecycle.new_zip import NewZip
from trato.records import trail
from trato.records.events import reaction
from trato.records.trail import TrailFilter
from trato.tenancy.tables import task as task_table
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.text import _

CLIENT = "clients.client"
PAGES = (
    "/settings/jobs", "/settings/jobs/rows", "/settings/export", "/settings/export/rows",
    "/settings/audit", "/settings/audit/check", "/settings/audit.csv",
)  # fmt: skip

pytestmark = pytest.mark.plugins("clients")


def task_of(company: Company, job: str = EXPORT) -> queue.Task:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return queue.tasks(connection, company.id, job=job)[0]


def run(company: Company, task: queue.Task) -> queue.Task:
    """Run a task as a worker does, whatever other tests have queued."""
    worker = Worker(host=company.host, name="test")
    assert worker.run_task(Claim(tenant_id=company.id, task_id=task.id))
    return task_of(company, task.job)


def add(company: Company, job: str, **options: Any) -> UUID:
    with transaction(company.host.engine, tenant_id=company.id) as connection:
        made = queue.enqueue(connection, company.id, job, now=company.host.clock(), **options)
    assert made is not None
    return made


def create(company: Company, *names: str) -> list[UUID]:
    with company.unit() as unit:
        return [unit.records.create(CLIENT, {"name": name}).id for name in names]


def test_a_copy_whose_row_says_less_is_listed(tenant: Company, client: Browser) -> None:
    task = add(tenant, EXPORT)
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            update(task_table)
            .where(task_table.c.tenant_id == tenant.id, task_table.c.id == task)
            .values(state="done", result={"bytes": "many"})
        )

    assert "Terminada" in client.get("/settings/export").text


# Who may enter


@pytest.mark.parametrize("path", PAGES)
def test_administrators_read_it(path: str, client: Browser) -> None:
    assert client.get(path).status_code == 200


def test_nobody_else_finds_it(tenant: Company, sign_in: Callable[..., Browser]) -> None:
    task = add(tenant, VERIFY)
    seller = sign_in(tenant.member("seller"))
    posts = ("/settings/export", "/settings/audit/verify", f"/settings/jobs/{task}/cancel",
             f"/settings/jobs/run/{VERIFY}")  # fmt: skip

    found = [seller.get(path).status_code for path in (*PAGES, f"/settings/export/{task}")]
    found += [seller.post(path).status_code for path in posts]

    assert set(found) == {404}
    assert task_of(tenant, VERIFY).state == "queued"


def test_tasks_and_copies_of_another_company_do_not_exist(
    tenant: Company, other_tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    task = add(tenant, EXPORT)
    run(tenant, task_of(tenant))
    waiting = add(tenant, VERIFY)
    stranger = sign_in(other_tenant.member("admin"))

    assert stranger.get(f"/settings/export/{task}").status_code == 404
    assert stranger.post(f"/settings/jobs/{waiting}/cancel").status_code == 404
    assert str(waiting) not in stranger.get("/settings/jobs").text
    assert task_of(tenant, VERIFY).state == "queued"


# Tasks


def test_a_waiting_task_is_cancelled_and_tried_again(tenant: Company, client: Browser) -> None:
    task = add(tenant, VERIFY)

    client.post(f"/settings/jobs/{task}/cancel")
    assert task_of(tenant, VERIFY).state == "cancelled"

    client.post(f"/settings/jobs/{task}/retry")
    assert task_of(tenant, VERIFY).state == "queued"


def test_a_finished_task_cannot_be_cancelled(tenant: Company, client: Browser) -> None:
    task = add(tenant, VERIFY)
    run(tenant, task_of(tenant, VERIFY))

    answer = client.post(f"/settings/jobs/{task}/cancel")

    assert answer.status_code == 422
    assert task_of(tenant, VERIFY).state == "done"


def test_unknown_tasks_jobs_and_actions_do_not_exist(tenant: Company, client: Browser) -> None:
    task = add(tenant, VERIFY)

    answers = [
        client.post(path).status_code
        for path in (f"/settings/jobs/{uuid4()}/cancel", f"/settings/jobs/{task}/explode",
                     "/settings/jobs/run/clients.nothing")
    ]  # fmt: skip

    assert answers == [404, 404, 404]


def test_tasks_are_filtered_by_state_in_a_constant_number_of_statements(
    tenant: Company, client: Browser, count_statements: Callable[..., Any]
) -> None:
    add(tenant, VERIFY)
    with count_statements() as few:
        client.get("/settings/jobs?state=queued")
    for _number in range(20):
        add(tenant, VERIFY)
    with count_statements() as many:
        shown = client.get("/settings/jobs?state=queued").text

    assert shown.count("En espera") >= 21
    rest = client.get("/settings/jobs/rows?state=done").text
    assert "<table" in rest
    assert "En espera" not in rest.partition("<table")[2]
    assert len(many) == len(few)


def test_the_runs_of_one_job_are_shown_by_themselves(tenant: Company, client: Browser) -> None:
    for _number in range(2):
        add(tenant, VERIFY)
        run(tenant, task_of(tenant, VERIFY))
    add(tenant, CLEAN)

    shown = client.get(f"/settings/jobs?job={VERIFY}").text
    failed = client.get(f"/settings/jobs/rows?job={VERIFY}&state=failed").text

    rows = shown.partition("<tbody>")[2]
    assert rows.count("<tr>") == 2
    assert "tardó" in rows
    assert "Ejecuciones de Verificar la auditoría" in shown
    assert f"/settings/jobs?job={VERIFY}&amp;state=done" in shown
    assert '<th scope="row">' not in failed


@pytest.mark.parametrize("job", [CLEAN, EXPORT])
def test_a_job_that_holds_the_lock_says_why_it_shows_no_progress(
    tenant: Company, client: Browser, job: str
) -> None:
    task = add(tenant, job)
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        wanted = Claim(tenant_id=tenant.id, task_id=task)
        assert take(connection, wanted, "test", clock=tenant.host.clock, lease=LEASE)

    shown = client.get("/settings/jobs").text

    holds = tenant.host.engine.dialect.name == "sqlite" and job == CLEAN
    assert ("no se ve su avance" in shown) is holds


def test_a_task_of_a_module_that_says_no_event_is_shown(tenant: Company, client: Browser) -> None:
    add(tenant, reaction("colombia"))

    assert reaction("colombia") in client.get("/settings/jobs").text


def test_a_failure_is_told_in_the_language_of_the_company(tenant: Company, client: Browser) -> None:
    def work(ctx: Any) -> None:
        raise NotFound(_("There is no task {id}."), id="7")

    worker = Worker(host=tenant.host, name="test")
    worker.jobs = {"core.slow": Job(name="core.slow", title="Slow", run=work)}  # type: ignore[misc]
    task = add(tenant, "core.slow")

    worker.run_task(Claim(tenant_id=tenant.id, task_id=task))

    assert task_of(tenant, "core.slow").message == "No existe la tarea 7."
    assert "No existe la tarea 7." in client.get("/settings/jobs?state=failed").text


def test_a_failed_task_says_how_often_it_was_tried(tenant: Company, clock: Any) -> None:
    def work(ctx: Any) -> None:
        raise Temporary(_("not now"))

    worker = Worker(host=tenant.host, name="test")
    job = Job(name="core.slow", title="Slow", run=work, attempts=3)
    worker.jobs = {job.name: job}  # type: ignore[misc]
    task = add(tenant, job.name)
    waits = []

    for _number in range(3):
        before = clock()
        worker.run_task(Claim(tenant_id=tenant.id, task_id=task))
        after = clock()
        found = task_of(tenant, job.name)
        waits.append((found.state, found.run_at - after, found.run_at - before))
        clock.advance(hours=1)

    assert [wait[0] for wait in waits] == ["queued", "queued", "failed"]
    for (_state, least, most), seconds in zip(waits, (30, 60), strict=False):
        assert least.total_seconds() <= seconds <= most.total_seconds()


def test_a_reading_job_runs_while_the_licence_is_over(tenant: Company, client: Browser) -> None:
    import datetime as dt

    tenant.install_license(expires=dt.date(2020, 1, 1))
    add(tenant, EXPORT)

    assert run(tenant, task_of(tenant)).state == "done"


def test_a_cancelled_reading_job_stops_at_its_next_report(
    tenant: Company, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tenant.host
    reached = []

    def work(ctx: Any) -> None:
        with transaction(host.engine, tenant_id=tenant.id) as connection:
            queue.cancel(connection, tenant.id, ctx.task_id, now=host.clock())
        clock.advance(seconds=5)
        ctx.report(1, 2)
        reached.append("after")

    job = Job(name="core.slow", title="Slow", run=work, reads=True)
    worker = Worker(host=host, name="test")
    worker.jobs = {**all_jobs(host), job.name: job}  # type: ignore[misc]
    task = add(tenant, "core.slow")

    worker.run_task(Claim(tenant_id=tenant.id, task_id=task))

    assert not reached
    assert task_of(tenant, "core.slow").state == "cancelled"


def test_the_record_of_old_tasks_is_removed_every_night(tenant: Company, clock: Any) -> None:
    old = add(tenant, VERIFY)
    run(tenant, task_of(tenant, VERIFY))
    waiting = add(tenant, "clients.nothing")
    clock.advance(days=91)
    add(tenant, CLEAN)

    cleaned = run(tenant, task_of(tenant, CLEAN))

    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        left = {task.id for task in queue.tasks(connection, tenant.id)}
    assert cleaned.result == 1
    assert old not in left
    assert waiting in left
    assert all_jobs(tenant.host)[CLEAN].at == "03:30"


# Copies


def test_a_copy_is_made_in_the_background_and_taken_away(tenant: Company, client: Browser) -> None:
    create(tenant, "Ferretería El Yunque", "Óptica Luz Clara")

    client.post("/settings/export")
    before = client.get(f"/settings/export/{task_of(tenant).id}")
    done = run(tenant, task_of(tenant))
    with client.get(f"/settings/export/{done.id}") as answer:
        data = answer.data

    assert before.status_code == 404
    assert done.result["records"] >= 2
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        clients = archive.read(manifest["entities"][CLIENT]["file"]).decode("utf-8-sig")
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert "Óptica Luz Clara" in clients
    assert b"argon2" not in everything
    assert f"/settings/export/{done.id}" in client.get("/settings/export").text


def test_a_task_that_an_archive_brought_gives_no_other_file(
    tenant: Company, client: Browser, tmp_path: Path
) -> None:
    (tmp_path / "trato.env").write_text("TRATO_SECRET_KEY=abc", "utf-8")
    folder = exports_folder(tenant.host, tenant.id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "beside.zip").write_bytes(b"")
    made = add(tenant, EXPORT)

    for named in (str(tmp_path / "trato.env"), "../beside.zip", "removed/../../beside.zip", "."):
        with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
            connection.execute(
                update(task_table)
                .where(task_table.c.tenant_id == tenant.id, task_table.c.id == made)
                .values(state="done", finished_at=tenant.host.clock(),
                        result={"file": named, "bytes": 20, "records": 1})
            )  # fmt: skip

        assert client.get(f"/settings/export/{made}").status_code == 404, named
        assert f"/settings/export/{made}" not in client.get("/settings/export").text


def test_one_copy_is_made_at_a_time(tenant: Company, client: Browser) -> None:
    client.post("/settings/export")
    client.post("/settings/export")

    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        assert len(queue.tasks(connection, tenant.id, job=EXPORT)) == 1


def test_two_who_ask_for_a_copy_at_the_same_moment_get_one(
    tenant: Company, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second asks before it can see the first one's."""
    monkeypatch.setattr("trato.web.admin.exports._tasks", lambda *jobs: [])

    client.post("/settings/export")
    client.post("/settings/export")

    with transaction(tenant.host.engine, tenant_id=tenant.id, read=True) as connection:
        assert len(queue.tasks(connection, tenant.id, job=EXPORT)) == 1


def test_two_copies_of_one_moment_are_both_whole(tenant: Company, tmp_path: Path) -> None:
    now = tenant.host.clock()
    one, two = (free_path(tmp_path, tenant.host, "acme") for _number in range(2))

    for first, second in ((one, two), (one, one)):
        with NewZip(first, at=now) as early:
            early.add("early", b"1" * 10)
            with NewZip(second, at=now) as late:
                late.add("late", b"2" * 5_000)
            early.add("more", b"3")
        with zipfile.ZipFile(first) as archive:
            assert (archive.namelist(), archive.testzip()) == (["early", "more"], None)

    with zipfile.ZipFile(two) as archive:
        assert (archive.namelist(), archive.testzip()) == (["late"], None)
    assert sorted(tmp_path.iterdir()) == sorted([one, two])


def test_old_copies_go_and_the_page_says_so(tenant: Company, client: Browser, clock: Any) -> None:
    made = []
    for _number in range(4):
        add(tenant, EXPORT)
        made.append(run(tenant, task_of(tenant)))
        clock.advance(seconds=2)

    assert len(list(exports_folder(tenant.host, tenant.id).glob("*.zip"))) == 3
    assert client.get(f"/settings/export/{made[0].id}").status_code == 404
    assert "Ya no se conserva" in client.get("/settings/export").text


# Audit


def test_the_audit_is_filtered_by_kind_action_person_and_day(
    tenant: Company, client: Browser, actor: Any
) -> None:
    (ana,) = create(tenant, "Ana")
    with tenant.unit(actor) as unit:
        unit.records.update(CLIENT, ana, {"name": "Ana María"}, version=1)

    def found(query: str) -> str:
        return client.get(f"/settings/audit?{query}").text.partition("<tbody>")[2]

    assert "Ana María" in found("action=update")
    assert "Creado" not in found("action=update")
    assert "Creado" in found(f"entity={CLIENT}&who=system")
    assert "Modificado" in found(f"who={actor.member_id}")
    assert found("to=2001-01-01") == ""
    assert "Creado" in found("from=2001-01-01")
    assert found("entity=clients.branch") == ""
    assert f'href="/clients/clients/{ana}"' in found(f"record={ana}")


@pytest.mark.parametrize("query", ["who=yo", "from=ayer", "record=7", "cursor=zzz"])
def test_a_filter_that_cannot_be_read_is_said(query: str, client: Browser) -> None:
    answer = client.get(f"/settings/audit?{query}")

    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_pages_of_the_audit_give_every_event_once_in_order(tenant: Company) -> None:
    create(tenant, *(f"Cliente {number}" for number in range(7)))
    seen: list[trail.Event] = []
    cursor = None
    with tenant.unit(read=True) as unit:
        while True:
            events, cursor = trail.page(
                unit.connection, tenant.id, TrailFilter(entity=CLIENT), limit=3, cursor=cursor
            )
            seen += events
            if cursor is None:
                break
        whole = list(trail.every(unit.connection, tenant.id, TrailFilter(entity=CLIENT)))

    assert len(seen) == 7
    assert seen == whole
    assert [e.at for e in seen] == sorted((e.at for e in seen), reverse=True)


def test_audit_page_asks_a_constant_number_of_statements(
    tenant: Company, client: Browser, count_statements: Callable[..., Any]
) -> None:
    create(tenant, "Uno")
    with count_statements() as few:
        client.get("/settings/audit")
    create(tenant, *(f"Cliente {number}" for number in range(30)))
    with count_statements() as many:
        client.get("/settings/audit")

    assert len(many) == len(few)


def test_audit_is_exported_whole(tenant: Company, client: Browser) -> None:
    create(tenant, "=cmd|' /C calc'!A0", "Óptica Luz Clara")

    answer = client.get(f"/settings/audit.csv?entity={CLIENT}")

    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Momento", "Quién", "Acción"]
    assert {row[4] for row in rows[1:]} == {"'=cmd|' /C calc'!A0", "Óptica Luz Clara"}


def test_an_administrator_of_other_things_reads_no_hidden_field(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    (ana,) = create(tenant, "Ana")
    with tenant.unit() as unit:
        unit.records.update(CLIENT, ana, {"notes": "muy reservado"}, version=1)
    office = tenant.member_with(
        {CLIENT: {"view": "all"}}, fields={CLIENT: {"notes": "hidden"}},
        permissions=["core.administer"],
    )  # fmt: skip

    shown = sign_in(office).get(f"/settings/audit?record={ana}").text

    assert "Ana" in shown
    assert "muy reservado" not in shown


def test_verification_says_that_the_audit_is_whole_or_where_it_is_not(
    tenant: Company, client: Browser, database: Any
) -> None:
    (ana,) = create(tenant, "Ana")
    client.post("/settings/audit/verify")
    # The page asks until the result is there.
    assert 'data-polls hx-get="/settings/audit/check"' in client.get("/settings/audit").text
    good = run(tenant, task_of(tenant, VERIFY))
    assert "hx-get" not in client.get("/settings/audit/check").text
    assert good.result["count"] == 0
    assert "íntegras" in client.get("/settings/audit").text

    engine = database.open_owner()
    with engine.begin() as connection:
        connection.execute(
            text("update core_audit set content = '{}' where tenant_id = :tenant"),
            {"tenant": tenant.id},
        )
    engine.dispose()
    client.post("/settings/audit/verify")
    bad = run(tenant, task_of(tenant, VERIFY))

    assert bad.result["count"] > 0
    assert str(ana) in client.get("/settings/audit").text
