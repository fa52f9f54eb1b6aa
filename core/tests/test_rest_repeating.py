"""Calls that are repeated, and calls that are too many."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from trato.access.actor import Actor
from trato.access.limits import add
from trato.access.tables import counter
from trato.db.engine import transaction
from trato.host import Host
from trato.records.tables import idempotency
from trato.rest.limits import Limits
from trato.testing.clients import program
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.web import create_app

CLIENTS = "/api/v1/clients/clients"
MakeApi = Callable[..., FlaskClient]


def keyed(key: str = "k1") -> dict[str, str]:
    """Give the header of a key."""
    return {"Idempotency-Key": key}


# --- the same call again -------------------------------------------------------------------------


def test_the_same_key_writes_once_and_answers_alike(api: FlaskClient) -> None:
    first = api.post(CLIENTS, json={"name": "A"}, headers=keyed())
    second = api.post(CLIENTS, json={"name": "A"}, headers=keyed())

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    for name in ("ETag", "Location", "Content-Type"):
        assert second.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(api.get(CLIENTS).json["data"]) == 1


def test_the_answer_stays_what_it_was(api: FlaskClient) -> None:
    first = api.post(CLIENTS, json={"name": "A"}, headers=keyed())
    api.patch(first.headers["Location"], json={"name": "B"})

    assert api.post(CLIENTS, json={"name": "A"}, headers=keyed()).json["name"] == "A"


def test_a_bulk_may_be_repeated_too(api: FlaskClient) -> None:
    rows = [{"name": "A"}, {"name": ""}]

    first = api.post(f"{CLIENTS}/bulk", json=rows, headers=keyed())
    second = api.post(f"{CLIENTS}/bulk", json=rows, headers=keyed())

    assert (first.status_code, second.status_code) == (207, 207)
    assert second.json == first.json
    assert len(api.get(CLIENTS).json["data"]) == 1


def test_a_key_stands_for_one_request(api: FlaskClient) -> None:
    api.post(CLIENTS, json={"name": "A"}, headers=keyed())

    for answer in (
        api.post(CLIENTS, json={"name": "B"}, headers=keyed()),
        api.post(f"{CLIENTS}/bulk", json=[{"name": "A"}], headers=keyed()),
        api.post("/api/v1/clients/sources", json={"name": "A"}, headers=keyed()),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "idempotency_mismatch")
    assert len(api.get(CLIENTS).json["data"]) == 1


def test_a_refused_call_leaves_its_key_free(api: FlaskClient) -> None:
    assert api.post(CLIENTS, json={"name": ""}, headers=keyed()).status_code == 422
    assert api.post(CLIENTS, data=b"{", headers=keyed()).status_code == 415
    unknown = {"name": "A", "category_id": str(uuid.uuid4())}
    assert api.post(CLIENTS, json=unknown, headers=keyed()).status_code == 422
    assert api.post(CLIENTS, json={"name": "A"}, headers=keyed()).status_code == 201


def test_keys_belong_to_their_token(
    api: FlaskClient, make_api: MakeApi, actor: Actor, other_actor: Actor, other_tenant: Company
) -> None:
    ids = {
        client.post(CLIENTS, json={"name": "A"}, headers=keyed()).json["id"]
        for client in (api, make_api(actor), make_api(other_actor, tenant=other_tenant))
    }

    assert len(ids) == 3


def test_a_key_is_over_after_a_day(api: FlaskClient, host: Host, tenant: Company,
                                   clock: SettableClock) -> None:  # fmt: skip
    first = api.post(CLIENTS, json={"name": "A"}, headers=keyed())
    for number in range(3):
        api.post(CLIENTS, json={"name": "X"}, headers=keyed(f"x{number}"))
    clock.advance(hours=23, minutes=59)
    assert api.post(CLIENTS, json={"name": "A"}, headers=keyed()).json == first.json

    clock.advance(minutes=1)
    again = api.post(CLIENTS, json={"name": "A"}, headers=keyed())

    assert (again.status_code, again.json["id"] != first.json["id"]) == (201, True)
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        kept = connection.execute(
            select(idempotency.c.key).where(idempotency.c.tenant_id == tenant.id)
        ).scalars()
        assert list(kept) == ["k1"]


@pytest.mark.database("sqlite")
def test_a_key_that_is_none_is_refused(api: FlaskClient) -> None:
    for key in ("", "a b", "é", "a" * 256):
        answer = api.post(CLIENTS, json={"name": "A"}, headers=keyed(key))
        assert (answer.status_code, answer.json["code"]) == (400, "bad_idempotency_key")
    assert api.post(CLIENTS, json={"name": "A"}, headers=keyed("a" * 255)).status_code == 201


def test_a_lost_right_is_not_answered_from_memory(
    api: FlaskClient, make_api: MakeApi, tenant: Company
) -> None:
    tenant.role("writer", {"entities": {"*": {"view": "all", "create": "all"}}})
    writer = make_api(tenant.member("writer"))
    writer.post(CLIENTS, json={"name": "A"}, headers=keyed())
    tenant.role("writer", {"entities": {"*": {"view": "all"}}})

    assert writer.post(CLIENTS, json={"name": "A"}, headers=keyed()).status_code == 403


def test_of_two_at_once_one_writes(
    host: Host, tenant: Company, actor: Actor, api: FlaskClient
) -> None:
    # Two applications on one database: what two workers are.
    apps = [create_app(host), create_app(host)]
    headers = {"Authorization": f"Bearer {tenant.token(actor)}"} | keyed()
    start, answers = threading.Barrier(6), []

    def call(app: Flask) -> None:
        client = app.test_client()
        start.wait()
        answers.append(client.post(CLIENTS, json={"name": "A"}, headers=headers))

    threads = [threading.Thread(target=call, args=(apps[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert len(api.get(CLIENTS).json["data"]) == 1


# --- too many calls ------------------------------------------------------------------------------


class Stopped:
    """A clock that stands at the start of a minute until it is moved."""

    def __init__(self) -> None:
        self._now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)

    def __call__(self) -> dt.datetime:
        return self._now

    def advance(self, **span: float) -> None:
        """Move it on."""
        self._now += dt.timedelta(**span)


@pytest.fixture
def minute() -> Stopped:
    """Give a clock that stands at the start of a minute."""
    return Stopped()


@pytest.fixture
def few(host: Host, minute: Stopped) -> Iterator[Host]:
    """Give a host that allows thirty calls a minute."""
    settings = replace(host.settings, api_calls_per_minute=30)
    made = Host(settings, plugins=list(host.plugins.values()), clock=minute)
    yield made
    made.close()


def test_calls_of_a_minute_are_counted_to_the_last(
    few: Host, tenant: Company, actor: Actor, minute: Stopped
) -> None:
    client = program(create_app(few), tenant, actor)

    answers = [client.get(CLIENTS) for _ in range(30)]
    refused = client.get(CLIENTS)

    assert [answer.status_code for answer in answers] == [200] * 30
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in answers]
    assert left == list(range(29, -1, -1))
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_calls")
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["RateLimit-Limit"] == "30"
    minute.advance(seconds=59)
    assert client.get(CLIENTS).headers["Retry-After"] == "1"
    minute.advance(seconds=1)
    assert client.get(CLIENTS).status_code == 200


def test_a_minute_begins_with_the_first_call_for_every_worker(host: Host, minute: Stopped) -> None:
    workers = [Limits(host.engine, clock=minute, per_minute=100) for _ in range(2)]

    def allowed(calls: int) -> int:
        return sum(workers[n % 2].take("begins").allowed for n in range(calls))

    minute.advance(seconds=55)
    early = allowed(90)
    minute.advance(seconds=10)  # into the clock's next minute
    late = allowed(30)
    told = {worker.take("begins").reset for worker in workers}
    minute.advance(seconds=50)

    assert (early, late, told) == (90, 10, {50})
    assert allowed(120) == 100


def test_a_clock_that_is_set_back_shuts_no_token_out(host: Host, minute: Stopped) -> None:
    limits = Limits(host.engine, clock=minute, per_minute=5)
    before = [limits.take("back").allowed for _ in range(6)]
    minute.advance(minutes=-30)

    after = [limits.take("back").allowed for _ in range(6)]

    assert before == after == [True] * 5 + [False]


def test_two_windows_of_one_token_are_counted_together(host: Host, minute: Stopped) -> None:
    start = int(minute().timestamp())
    with transaction(host.engine) as connection:
        for begun in (start - 1, start):  # two processes that began at once
            add(connection, "api twice", window=begun, amount=40)
    limits = Limits(host.engine, clock=minute, per_minute=100)

    allowed = [limits.take("twice") for _ in range(30)]

    assert sum(one.allowed for one in allowed) == 20
    assert allowed[0].reset == 59


def test_workers_share_the_calls_of_a_token(few: Host, tenant: Company, actor: Actor) -> None:
    workers = [create_app(few).test_client() for _ in range(3)]
    headers = {"Authorization": f"Bearer {tenant.token(actor)}"}

    allowed = [workers[n % 3].get(CLIENTS, headers=headers).status_code == 200 for n in range(60)]

    assert sum(allowed) == 30
    other = {"Authorization": f"Bearer {tenant.token(actor)}"}
    assert workers[0].get(CLIENTS, headers=other).status_code == 200


def test_errors_count_and_tell_what_is_left(few: Host, tenant: Company, actor: Actor) -> None:
    client = program(create_app(few), tenant, actor)

    answers = [client.get("/api/v1/clients/nope"), client.post(CLIENTS, json={}),
               client.options(CLIENTS), client.put(CLIENTS)]  # fmt: skip

    assert [int(a.headers["RateLimit-Remaining"]) for a in answers] == [29, 28, 27, 26]


def test_reserving_calls_writes_seldom(host: Host, minute: Stopped) -> None:
    limits = Limits(host.engine, clock=minute, per_minute=1200)
    writes = 0

    def counted() -> int:
        with transaction(host.engine, read=True) as connection:
            total = select(func.sum(counter.c["count"])).where(counter.c.bucket == "api seldom")
            return int(connection.execute(total).scalar() or 0)

    before = counted()
    for _ in range(600):
        assert limits.take("seldom").allowed
        writes += before != (before := counted())

    assert writes <= 20
    assert before <= 660


def test_threads_never_get_more_than_the_limit(host: Host, minute: Stopped) -> None:
    workers = [Limits(host.engine, clock=minute, per_minute=100) for _ in range(2)]
    allowed: list[bool] = []

    def spend(limits: Limits) -> None:
        allowed.extend([limits.take("threads").allowed for _ in range(40)])

    threads = [threading.Thread(target=spend, args=(workers[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(allowed) == 100


def test_old_minutes_are_forgotten(host: Host, minute: Stopped) -> None:
    limits = Limits(host.engine, clock=minute, per_minute=100)
    for _ in range(3):
        limits.take("forgotten")
        minute.advance(minutes=1)

    with transaction(host.engine, read=True) as connection:
        rows = connection.execute(select(counter).where(counter.c.bucket == "api forgotten")).all()

    assert len(rows) == 1


@pytest.mark.database("sqlite")
def test_a_long_write_does_not_stop_reading_calls(
    fresh_database: Any, make_settings: Callable[..., Any], minute: Stopped
) -> None:
    host = Host(make_settings(fresh_database), clock=minute)
    limits = Limits(host.engine, clock=minute, per_minute=100)

    with transaction(host.engine):  # holds SQLite's one writer
        during = [limits.take("busy") for _ in range(6)]
    after = [limits.take("busy") for _ in range(100)]

    assert all(allowance.allowed for allowance in during)
    assert sum(allowance.allowed for allowance in after) == 94
    host.close()
