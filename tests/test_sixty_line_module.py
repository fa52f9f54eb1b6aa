"""The module of docs/develop/plugin.md is what the page says: sixty lines that work."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect

import trato.api
import trato_clients.api
from trato.api import Filter, Host, Invalid, Plugin, Unit
from trato.db.engine import open_engine
from trato.db.generate import write_revision
from trato.db.migrate import core_folder, migrate
from trato.entities.base import metadata
from trato.host import discover
from trato.jobs import queue
from trato.settings import Settings
from trato.testing.clients import browser, program
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "develop" / "plugin.md"
FILES = dict(
    re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE.read_text("utf-8"), re.M | re.S)
)
MODELS, MANIFEST = "trato_visits/models.py", "trato_visits/plugin.py"

pytestmark = pytest.mark.database("sqlite")

Opener = Callable[..., AbstractContextManager[Unit]]


def write_module(folder: Path) -> Path:
    """Write the page's files as an author would."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (empty,) = re.findall(r"^\$ touch (.*)$", PAGE.read_text("utf-8"), re.M)
    for name in empty.split():
        (folder / name.partition("/")[2]).touch()
    return folder / "trato_visits"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("visits")
    made = write_module(folder)
    sys.path.insert(0, str(folder))
    yield made
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def visits(package: Path, databases: Databases) -> Plugin:
    """The plugin with the revision that `plugin migration` writes."""
    found: Plugin = importlib.import_module("trato_visits.plugin").plugin
    others = {plugin.name: ROOT / "plugins" / plugin.name for plugin in discover()[0]}
    needs = {"core": core_folder()} | {
        name: folder / f"trato_{name}" for name, folder in others.items() if name == "clients"
    }
    engine = databases.empty("sqlite").open_owner()
    write_revision(engine, "visits", package, metadata, message="Create visits", needs=needs)
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def visits_database(visits: Plugin, package: Path, databases: Databases) -> Database:
    made = databases.migrated("sqlite")
    engine = made.open_owner()
    migrate(engine, {**databases.migrations, "visits": package}, metadata)
    engine.dispose()
    return made


@pytest.fixture(scope="module")
def host(
    visits: Plugin, visits_database: Database, make_settings: Callable[[Database], Settings]
) -> Iterator[Host]:
    host = Host(make_settings(visits_database), plugins=[*discover()[0], visits])
    assert [str(problem) for problem in host.problems] == []
    yield host
    host.close()


@pytest.fixture
def company(host: Host, issue_license: LicenseIssuer) -> Company:
    return make_company(host, issue_license, plugins=["visits"])


@pytest.fixture
def lirio(company: Company) -> str:
    with company.unit() as unit:
        return str(unit.records.create("clients.client", {"name": "Lirio de Agua S.A.S."}).id)


def values(client: str, **others: Any) -> dict[str, Any]:
    given = {"subject": "Cierre de año", "client_id": client,
             "starts_at": "2026-11-23T15:30:00-05:00", "expected": "1500000.5"}  # fmt: skip
    return given | others


def test_the_module_has_at_most_sixty_lines() -> None:
    lines = [line for name in (MODELS, MANIFEST) for line in FILES[name].splitlines()]

    assert 40 < len(lines) <= 60


def test_ten_fields_are_declared(visits: Plugin) -> None:
    (entity,) = visits.entities

    own = [f for f in entity.__entity__.fields.values() if f.path in entity.__annotations__]

    assert len([f for f in own if f.path not in ("owner_id", "team_id")]) == 10


def test_the_generated_revision_makes_the_table(visits_database: Database) -> None:
    engine = open_engine(visits_database.url)

    columns = {column["name"] for column in inspect(engine).get_columns("visits_visit")}
    engine.dispose()

    assert {"tenant_id", "id", "subject", "subject_key", "client_id", "starts_at"} <= columns


def test_nothing_is_left_to_migrate(
    visits: Plugin, package: Path, visits_database: Database, databases: Databases
) -> None:
    engine = open_engine(visits_database.url)

    again = write_revision(
        engine, "visits", package, metadata, message="Again",
        needs={"core": core_folder(), **databases.migrations},
    )  # fmt: skip
    engine.dispose()

    assert again is None


def test_a_record_is_created_listed_searched_and_updated(company: Company, lirio: str) -> None:
    with company.unit() as unit:
        made = unit.records.create("visits.visit", values(lirio))
        unit.records.create("visits.visit", values(lirio, subject="Muestras"))
        changed = unit.records.update(
            "visits.visit", made.id, {"status": "done"}, version=made.version
        )

    with company.unit(read=True) as unit:
        listed = unit.records.query("visits.visit", columns=("subject",), sort=("subject",))
        found = unit.records.query("visits.visit", columns=("subject",), search="ano cierre")
    assert [row[2] for row in listed.rows] == ["Cierre de año", "Muestras"]
    assert [row[2] for row in found.rows] == ["Cierre de año"]
    assert changed.values["starts_at"] == dt.datetime(2026, 11, 23, 20, 30, tzinfo=dt.UTC)
    assert changed.values["expected"] == Decimal("1500000.5")
    assert changed.values["status"] == "done"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [({"minutes": 4}, "minutes"), ({"subject": ""}, "subject"), ({"status": "?"}, "status")],
)
def test_what_the_declaration_forbids_is_refused(
    company: Company, lirio: str, wrong: dict[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as caught, company.unit() as unit:
        unit.records.create("visits.visit", values(lirio, **wrong))

    assert list(caught.value.errors) == [path]


@pytest.fixture
def visits_app(host: Host) -> Flask:
    from trato.web.app import create_app

    return create_app(host)


def test_pages_show_it_in_spanish(visits_app: Flask, company: Company, lirio: str) -> None:
    with company.unit() as unit:
        made = unit.records.create("visits.visit", values(lirio))
    person = browser(visits_app, company.member("admin"))

    listed = person.get("/visits/visits")
    form = person.get("/visits/visits/new")
    record = person.get(f"/visits/visits/{made.id}")
    client = person.get(f"/clients/clients/{lirio}")
    panels = re.findall(rf'hx-get="(/clients/clients/{lirio}/panels/\d+)"', client.text)

    assert "Cierre de año" in listed.text
    assert "Venta esperada" in listed.text
    assert "Nueva visita" in listed.text
    assert "Primera visita" in form.text
    assert "Resultado" in record.text
    assert any("Cierre de año" in person.get(url).text for url in panels)


def test_rest_answers_for_it(visits_app: Flask, company: Company, lirio: str) -> None:
    api = program(visits_app, company, company.member("admin"))

    made = api.post("/api/v1/visits/visits", json=values(lirio))
    listed = api.get("/api/v1/visits/visits?status=planned&sort=-starts_at")

    assert made.status_code == 201
    assert [row["subject"] for row in listed.get_json()["data"]] == ["Cierre de año"]
    assert listed.get_json()["data"][0]["expected"] == "1500000.50"


def test_without_the_module_there_are_no_visits(visits_app: Flask, company: Company) -> None:
    company.disable("visits")
    person = browser(visits_app, company.member("admin"))

    assert person.get("/visits/visits").status_code == 404


def test_the_rule_of_the_page_refuses(
    visits: Plugin, visits_database: Database, package: Path, issue_license: LicenseIssuer,
    make_settings: Callable[[Database], Settings],
) -> None:  # fmt: skip
    rules = importlib.import_module("trato_visits.rules")
    host = Host(
        make_settings(visits_database), plugins=[*discover()[0], replace(visits, hooks=rules)],
        clock=lambda: dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    )  # fmt: skip
    company = make_company(host, issue_license, plugins=["visits"])
    with company.unit() as unit:
        client = str(unit.records.create("clients.client", {"name": "Lirio"}).id)

    with pytest.raises(Invalid) as caught, company.unit() as unit:
        unit.records.create("visits.visit", values(client, status="done"))
    host.close()

    assert host.catalogs.message(caught.value.errors["status"][0], "es", domain="visits") == (
        "Una visita de mañana no puede estar hecha hoy."
    )


# --- the pages that speak of it further ----------------------------------------------------------


def examples(page: str) -> list[str]:
    """Give the blocks of Python of a page that are no files."""
    text = (PAGE.parent / page).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def run_block(code: str, names: dict[str, Any]) -> None:
    exec(compile(code, "page", "exec"), names)  # noqa: S102 - what authors are to run


@pytest.fixture(scope="module")
def told(
    visits: Plugin, visits_database: Database, issue_license: LicenseIssuer,
    make_settings: Callable[[Database], Settings],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Serve the module with what the pages about jobs and screens add, under their names."""
    names: dict[str, Any] = {**vars(trato.api), **vars(trato_clients.api)}
    job, _queue, event, manifest, check = examples("jobs.md")
    names["hooks"] = hooks = types.ModuleType("trato_visits.examples")
    for code in (job, event, check):
        run_block(code, names)
    hooks.__dict__["trato_event"] = names["trato_event"]
    summary = trato.api.job("visits.send_summary", "Send the summary")(lambda _ctx: None)
    names["given"] = {
        part.name: getattr(visits, part.name)
        for part in fields(visits)
        if part.name not in ("depends", "hooks", "events", "jobs")
    } | {"jobs": [names["mark_missed"], summary]}
    run_block(manifest.replace("…", "**given"), names)
    screens = [eval(code, names) for code in examples("reference.md")[:2]]  # noqa: S307
    plugins = [
        replace(one, screens=screens) if one.name == "clients" else one for one in discover()[0]
    ]
    host = names["host"] = Host(make_settings(visits_database), plugins=[*plugins, names["plugin"]])
    assert [str(problem) for problem in host.problems] == []
    names["company"] = company = make_company(host, issue_license, plugins=["visits"])
    names["actor"] = company.member("admin")
    with company.unit() as unit:
        names["client"] = unit.records.create("clients.client", {"name": "Lirio de Agua"})
    yield names
    host.close()


def test_the_job_of_the_page_passes_its_test(told: dict[str, Any]) -> None:
    told["test_visits_of_yesterday_are_missed"](told["company"])


def test_the_task_of_the_page_is_queued_and_its_event_is_heard(told: dict[str, Any]) -> None:
    company = told["company"]
    page = (PAGE.parent / "jobs.md").read_text("utf-8")

    run_block(examples("jobs.md")[1], told)
    with company.unit(read=True) as unit:
        heard = queue.tasks(unit.connection, company.id, job="visits.trato_event")
        waiting = queue.tasks(unit.connection, company.id, job="visits.send_summary")
    company.run_task(heard[-1].id)

    assert [task.state for task in waiting] == ["queued"]
    with company.unit() as unit:
        first = unit.records.query("visits.visit", search="primera")
        (visit,) = first.records()
        assert visit["client_id"] == told["client"].id
        # Of records, as of ids.
        for one in (visit["id"], unit.records.get("visits.visit", visit["id"])):
            run_block(re.findall(r"`(unit\.emit\(.*?\))`", page)[0], {"unit": unit, "visit": one})


def test_what_the_reference_reads_and_changes(told: dict[str, Any]) -> None:
    company = told["company"]
    run_block(examples("plugin.md")[0], told)
    with company.unit() as unit:
        given = values(told["client"].id, subject="Tarde", starts_at="2020-01-01T00:00:00Z")
        unit.records.create("visits.visit", given)

        run_block(examples("reference.md")[2], told | {"unit": unit})
        assert company.view.screens["list", "clients.client"].views[1].key == "quiet"
        late = unit.records.query("visits.visit", filters=[Filter(path="status", op="eq",
                                                                  value="missed")])  # fmt: skip

    assert "Tarde" in {row["subject"] for row in late.records()}


def test_mypy_finds_nothing_wrong_in_it(package: Path) -> None:
    api = pytest.importorskip("mypy.api")
    cache = ROOT / ".mypy_cache" / "sixty"

    said, _errors, code = api.run(
        ["--strict", f"--cache-dir={cache}", "--config-file=", *map(str, package.glob("*.py"))]
    )

    assert code == 0, said


@pytest.mark.slow
def test_the_checks_of_the_page_pass_as_they_stand(visits: Plugin, package: Path) -> None:
    folder = package.parent
    # What `pip install --editable` does, as far as Python looks at it.
    subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "egg_info"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--database", "sqlite", "-c", ROOT / "setup.cfg",
         "--rootdir", folder, "-p", "no:cacheprovider", folder / "tests"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
