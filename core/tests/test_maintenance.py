"""Maintenance closes the doors for everybody but the operator, wherever it is switched on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.clock import tick
from trato.jobs.worker import Worker
from trato.tenancy import maintenance
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

if TYPE_CHECKING:
    from core.tests.conftest import Installation


#: The tests share a process that has looked at the clock; each is at another time.
_minutes = itertools.count(1)


@pytest.fixture
def close(host: Host, clock: SettableClock) -> Iterator[Callable[..., None]]:
    """Close the installation from another process, and let the servers notice."""

    def switch(message: str | None = None) -> None:
        with transaction(host.engine) as connection:
            maintenance.begin(connection, now=host.clock(), message=message)
        clock.advance(minutes=next(_minutes))

    yield switch
    with transaction(host.engine) as connection:
        maintenance.end(connection)


def test_pages_are_closed_with_a_page_of_their_own(
    client: Browser, sign_in: Callable[..., Browser], close: Callable[..., None]
) -> None:
    stranger = sign_in()
    assert client.get("/account").status_code == 200

    close("Volvemos a las 8 <p. m.> {ya}")

    for browser, path in ((client, "/account"), (client, "/clients/clients"),
                          (stranger, "/login"), (stranger, "/nowhere")):  # fmt: skip
        answer = browser.get(path, headers={"Accept-Language": "es"})
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"] == "120"
        assert "Trato está en mantenimiento" in answer.text
        assert "Volvemos a las 8 &lt;p. m.&gt; {ya}" in answer.text
    assert client.post("/account/locale", data={"locale": "en"}).status_code == 503
    assert client.get("/static/css/trato.css").status_code == 200


def test_the_api_answers_a_problem(api: FlaskClient, close: Callable[..., None]) -> None:
    close()

    answer = api.get("/api/v1/clients/clients", headers={"Accept-Language": "es"})

    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "120"
    assert answer.json["code"] == "maintenance"
    assert answer.json["detail"] == "Trato está en mantenimiento y volverá pronto."


def test_health_stays_and_tells_of_it(
    sign_in: Callable[..., Browser], close: Callable[..., None]
) -> None:
    stranger = sign_in()
    assert stranger.get("/health/ready").json == {
        "status": "ready", "maintenance": False,
        "checks": {"database": {"ok": True}, "migrations": {"ok": True, "behind": []},
                   "storage": {"ok": True}},
    }  # fmt: skip

    close()

    ready = stranger.get("/health/ready")
    assert (ready.status_code, ready.json["maintenance"]) == (200, True)
    assert stranger.get("/health/live").json == {"status": "live"}


def test_running_servers_notice_the_end(client: Browser, close: Callable[..., None],
                                        host: Host, clock: SettableClock) -> None:  # fmt: skip
    close()
    assert client.get("/account").status_code == 503

    with transaction(host.engine) as connection:
        assert maintenance.end(connection)
        assert not maintenance.end(connection)
    clock.advance(seconds=3)

    assert client.get("/account").status_code == 200


def test_workers_and_the_clock_pause(
    host: Host, tenant: Company, close: Callable[..., None]
) -> None:
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        # Of another tenant's tasks there may be some: those are as good.
        queue.enqueue(connection, tenant.id, "core.verify_audit", now=host.clock())
    close()
    worker = Worker(host=host, name="test")

    assert worker.run_one() is False
    assert tick(host) == 0

    with transaction(host.engine) as connection:
        maintenance.end(connection)
    assert worker.run_one() is True


def test_the_command_closes_and_opens_and_other_commands_work(installation: Installation) -> None:
    installation.tenant("acme")

    installation.did("maintenance", "on", "--message", "Volvemos ya")
    status = installation.did("maintenance", "status", "--json").json
    installation.did("maintenance", "on")
    again = installation.did("maintenance", "status", "--json").json

    assert (status["on"], status["message"]) == (True, "Volvemos ya")
    assert (again["since"], again["message"]) == (status["since"], None)
    installation.did("user", "create", "acme", "luis@acme.example", "--role", "viewer")
    installation.did("backup", "x.trato")
    told = {found["check"]: found for found in installation.run("doctor", "--json").json}
    assert told["maintenance"]["level"] == "warn"
    assert installation.did("maintenance", "off", "--json").json["on"] is False
    assert "is open" in installation.did("maintenance", "status").out
