"""What a watching program reads: numbers of all processes as one, for those who may read them."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.web import metrics
from trato.web.app import create_app

TOKEN = "a-token-for-metrics-9fK2"
_LINE = re.compile(
    r"# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+=\"[^\"\\\n]*\",?)+\})? -?[0-9.e+-]+"
)


def read(client: FlaskClient, **options: object) -> dict[str, float]:
    """Read the numbers; each line must be what Prometheus understands."""
    answer = client.get("/metrics", **options)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/plain"
    lines = answer.text.splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    numbers = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    assert len({name for name, _blank, _value in numbers}) == len(numbers)
    return {name: float(value) for name, _blank, value in numbers}


def test_requests_are_counted_by_route_status_and_time(
    client: Browser, sign_in: Callable[..., Browser]
) -> None:
    stranger = sign_in()
    before = read(stranger)

    for path in ("/clients/clients", "/clients/clients", "/clients/nothing"):
        client.get(path)
    after = read(stranger)

    def risen(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    ok = 'route="pages.show_list",status="2xx"'
    assert risen(f"trato_request_seconds_count{{{ok}}}") == 2
    assert risen(f'trato_request_seconds_bucket{{{ok},le="+Inf"}}') == 2
    assert 0 < risen(f"trato_request_seconds_sum{{{ok}}}") < 10
    assert risen('trato_request_seconds_count{route="pages.show_list",status="4xx"}') == 1
    limits = [after[f'trato_request_seconds_bucket{{{ok},le="{b}"}}'] for b in metrics.BUCKETS]
    assert limits == sorted(limits)
    assert after["trato_processes"] == 1
    assert after['trato_pool_connections{state="size"}'] > 0


def test_it_tells_versions_and_the_queue(
    sign_in: Callable[..., Browser], host: Host, tenant: Company, clock: SettableClock
) -> None:
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        queue.enqueue(connection, tenant.id, "core.verify_audit", now=host.clock())
    clock.advance(minutes=10)

    found = read(sign_in())

    assert any(name.startswith("trato_build_info{") for name in found)
    assert any('plugin="clients"' in name for name in found)
    assert found['trato_tasks{state="queued"}'] >= 1
    assert found["trato_queue_due"] >= 1
    assert found["trato_queue_age_seconds"] >= 600


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.7", {}, 401),
        # A proxy on this machine brings strangers.
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 401),
        ("127.0.0.1", {"Authorization": "Bearer wrong"}, 401),
        ("203.0.113.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("203.0.113.7", {"Authorization": f"Basic {TOKEN}"}, 401),
    ],
)
@pytest.mark.database("sqlite")
def test_only_this_machine_or_the_token_may_read(
    host: Host, peer: str, headers: dict[str, str], status: int
) -> None:
    settings = replace(host.settings, metrics_token=TOKEN)
    served = create_app(Host(settings, engine=host.engine))

    answer = served.test_client().get(
        "/metrics", headers=headers, environ_base={"REMOTE_ADDR": peer}
    )

    assert answer.status_code == status
    assert ("trato_build_info" in answer.text) == (status == 200)


@pytest.mark.database("sqlite")
def test_processes_count_in_memory_that_they_share(host: Host) -> None:
    shared = metrics.Shared()
    forking = multiprocessing.get_context("fork")
    children = [forking.Process(target=_count, args=(shared,)) for _number in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(timeout=60)

    _count(shared)

    counted = metrics.Metrics(shared=shared, routes=["other", "pages"], plugins=["core"])
    text = "\n".join(counted.text())
    assert 'trato_request_seconds_count{route="pages",status="2xx"} 400' in text
    assert 'le="0.005"} 200' in text
    # Those that are gone left their counts, and are not counted themselves.
    assert "trato_processes 1" in text


class _Pool:
    def size(self) -> int:
        return 8

    def checkedout(self) -> int:
        return 1


def _count(shared: metrics.Shared) -> None:
    own = metrics.Metrics(shared=shared, routes=["other", "pages"], plugins=["core"])
    for number in range(100):
        own.count("pages", 200, 0.001 if number % 2 else 3.0, _Pool())


@pytest.mark.database("sqlite")
def test_there_is_room_for_every_kind_of_route(app: Flask) -> None:
    assert len(app.extensions["trato.web.metrics"].routes) < metrics._ROUTES * 0.9
