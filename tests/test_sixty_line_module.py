"""The module of docs/develop/plugin.md is what the page says: sixty lines that work."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect

from trato.api import Host, Invalid, Plugin, Unit
from trato.db.engine import open_engine
from trato.db.generate import write_revision
from trato.db.migrate import core_folder, migrate
from trato.entities.base import metadata
from trato.host import discover
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
    for name in ("__init__.py", "py.typed"):
        (folder / "trato_visits" / name).touch()
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
