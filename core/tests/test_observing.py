"""Slow statements and failures: told with whom they concern, never with what somebody typed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import text

from trato import logs
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.db.pipeline import together
from trato.host import Host
from trato.jobs.catalogue import VERIFY
from trato.settings import Settings
from trato.testing.clients import Browser, browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.web.app import create_app

Lines = Callable[[], list[dict[str, Any]]]
#: Counts to two hundred thousand, which takes more than a millisecond anywhere.
SLOW = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
    "SELECT count(*), CAST(:typed AS text) FROM n"
)

pytestmark = pytest.mark.plugins("clients")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Collect the lines of the log, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter("json"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.fixture
def make_host(
    database: Database, make_settings: Callable[[Database], Settings], clock: SettableClock
) -> Iterator[Callable[[int], Host]]:
    """Make hosts that tell of statements from so many milliseconds on."""
    made: list[Host] = []

    def make(slow_ms: int) -> Host:
        made.append(Host(replace(make_settings(database), slow_ms=slow_ms), clock=clock))
        return made[-1]

    yield make
    for host in made:
        host.close()


def slow_ones(lines: Lines) -> list[dict[str, Any]]:
    return [line for line in lines() if line["message"] == "slow statement"]


def in_clients(source: str) -> Callable[[], str]:
    """Give the function `view` of a module of the plugin `clients`."""
    space: dict[str, Any] = {"__name__": "trato_clients.views"}
    exec(source, space)  # noqa: S102 - written in this test
    view: Callable[[], str] = space["view"]
    return view


def opened(app: Flask, actor: Actor) -> Browser:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return browser(app, actor)


def test_a_slow_statement_is_told_with_request_tenant_and_plugin(
    tenant: Company, actor: Actor, make_host: Callable[[int], Host], lines: Lines
) -> None:
    host = make_host(1)
    app = create_app(host)

    @app.get("/clients/slowly")
    def slowly() -> str:
        with host.unit(g.actor, read=True) as unit:
            unit.connection.execute(SLOW, {"typed": "secreto de Ana"})
        return "-"

    page = opened(app, actor)
    assert page.get("/clients/slowly", headers={"X-Request-Id": "lento-1"}).status_code == 200

    mine = [line for line in slow_ones(lines) if "RECURSIVE" in line["statement"]]
    assert len(mine) == 1
    assert {name: mine[0].get(name) for name in ("request", "tenant", "plugin", "level")} == {
        "request": "lento-1", "tenant": tenant.slug, "plugin": "clients", "level": "warning",
    }  # fmt: skip
    assert mine[0]["ms"] >= 1
    assert "secreto" not in json.dumps(lines(), ensure_ascii=False)


def test_in_the_background_the_job_is_told(
    tenant: Company, make_host: Callable[[int], Host], lines: Lines
) -> None:
    host = make_host(1)
    with logs.about(tenant=tenant.slug, plugin="clients", job=VERIFY):
        with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
            connection.execute(SLOW, {"typed": "-"})

    mine = [line for line in slow_ones(lines) if "RECURSIVE" in line["statement"]]
    assert [(line["tenant"], line["job"]) for line in mine] == [(tenant.slug, VERIFY)]


@pytest.mark.parametrize("limit", [0, 60_000])
def test_nothing_is_told_below_the_limit_or_without_one(
    tenant: Company, make_host: Callable[[int], Host], lines: Lines, limit: int
) -> None:
    with transaction(make_host(limit).engine, tenant_id=tenant.id, read=True) as connection:
        connection.execute(SLOW, {"typed": "-"})

    assert slow_ones(lines) == []


@pytest.mark.database("sqlite")
def test_a_command_that_keeps_no_log_says_nothing_of_it(
    tenant: Company, make_host: Callable[[int], Host], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engine = make_host(1).engine
    with monkeypatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])
        with transaction(engine, tenant_id=tenant.id, read=True) as connection:
            connection.execute(SLOW, {"typed": "-"})

    assert capsys.readouterr().err == ""


@pytest.mark.database("postgresql")
def test_statements_that_travel_together_are_told_as_one(
    tenant: Company, make_host: Callable[[int], Host], lines: Lines
) -> None:
    with transaction(make_host(20).engine, tenant_id=tenant.id) as connection:
        with together(connection):
            connection.execute(text("SELECT pg_sleep(0.05)"))

    # On a busy machine the beginning of the transaction may be slow too.
    told = [line["statement"] for line in slow_ones(lines)]
    assert told.count("(statements that travel together)") == 1
    assert not [statement for statement in told if "pg_sleep" in statement]


def test_a_long_statement_is_cut(
    tenant: Company, make_host: Callable[[int], Host], lines: Lines
) -> None:
    long = text(f"{SLOW.text} WHERE {' OR '.join(f'i = {n}' for n in range(900))}")
    with transaction(make_host(1).engine, tenant_id=tenant.id, read=True) as connection:
        connection.execute(long, {"typed": "-"})

    [mine] = [line for line in slow_ones(lines) if "RECURSIVE" in line["statement"]]
    assert len(mine["statement"]) == 1001


def errors(page: Browser) -> dict[str, float]:
    """Read the failures by plugin."""
    found = {}
    for line in page.get("/metrics").text.splitlines():
        if line.startswith("trato_plugin_errors_total{"):
            name, _blank, value = line.rpartition(" ")
            found[name.split('"')[1]] = float(value)
    return found


def test_a_failure_is_counted_for_the_plugin_whose_code_failed(
    actor: Actor, make_host: Callable[[int], Host], lines: Lines
) -> None:
    app = create_app(make_host(0))
    app.add_url_rule("/account/broken", "broken", in_clients("def view(): return 1 / 0"))
    app.add_url_rule("/clients/core-broken", "core_broken", lambda: str(1 / 0))
    page = opened(app, actor)

    paths = ("/account/broken", "/account/broken", "/clients/core-broken", "/clients/nada")
    answers = [page.get(path).status_code for path in paths]

    assert answers == [500, 500, 500, 404]
    assert errors(page) == {"core": 1, "clients": 2} | {
        name: 0 for name in errors(page) if name not in ("core", "clients")
    }
    blamed = [line["plugin"] for line in lines() if line["message"].startswith("unexpected error")]
    assert blamed == ["clients", "clients", "core"]


def test_failed_tasks_are_counted_by_plugin_for_all_tenants(
    tenant: Company, other_tenant: Company, client: Browser
) -> None:
    def failed() -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        pairs = [line.rpartition(" ") for line in lines
                 if line.startswith("trato_plugin_tasks_failed{")]  # fmt: skip
        return {name.split('"')[1]: float(value) for name, _blank, value in pairs}

    before = failed()
    for company in (tenant, other_tenant):
        assert company.run("clients.no_such_job").state == "failed"
    assert tenant.run("core.no_such_job").state == "failed"

    after = failed()
    assert {name: after[name] - before[name] for name in after} == {
        name: {"core": 1, "clients": 2}.get(name, 0) for name in after
    }
