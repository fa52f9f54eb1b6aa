"""What every answer of the API has: its form, language and header fields; methods and addresses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from trato.access import tables
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.host import Host
from trato.rest.codes import CODES
from trato.testing.clients import Browser
from trato.testing.companies import Company

pytestmark = pytest.mark.database("sqlite")

CLIENTS = "/api/v1/clients/clients"
MakeApi = Callable[..., FlaskClient]


@pytest.fixture
def address(api: FlaskClient) -> str:
    """Make a record and give its address."""
    return str(api.post(CLIENTS, json={"name": "A"}).headers["Location"])


def speak(host: Host, actor: Actor, locale: str) -> None:
    """Choose a person's language."""
    assert actor.member is not None
    with transaction(host.engine) as connection:
        connection.execute(
            update(tables.user)
            .where(tables.user.c.id == actor.member.user_id)
            .values(locale=locale)
        )


# --- problems ------------------------------------------------------------------------------------


def test_a_problem_says_what_and_why_and_what_to_do(api: FlaskClient) -> None:
    answer = api.get(f"{CLIENTS}?sort=notes")

    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert problem["status"] == answer.status_code == 400
    assert problem["code"] == "not_sortable"
    assert problem["type"] == "/api/v1/docs#not_sortable"
    assert problem["instance"] == CLIENTS
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert "«notes»" in problem["detail"]
    assert "created_at" in problem["hint"]


def test_a_problem_speaks_the_language_of_its_reader(
    host: Host, make_api: MakeApi, tenant: Company
) -> None:
    tenant.role("auditors", {"entities": {"*": {"view": "all"}}})
    spanish, english = tenant.member("auditors"), tenant.member("auditors")
    speak(host, english, "en")
    tenant.role("touched", {})  # the tenant's view is read anew

    def detail(actor: Actor) -> str:
        return str(make_api(actor).post(CLIENTS, json={"name": "A"}).json["detail"])

    assert detail(spanish) == "Clientes: su rol (Auditors) no permite crear."
    assert detail(english) == "Your role (Auditors) may not create Clients."


def test_refusals_by_field_are_translated(api: FlaskClient) -> None:
    errors = api.post(CLIENTS, json={"name": "", "payment_days": -1}).json["errors"]

    assert errors == {"name": ["Este dato es obligatorio."], "payment_days": ["Mínimo 0."]}


def test_who_has_no_token_reads_his_browsers_language(app: Flask) -> None:
    stranger = app.test_client()

    english = stranger.get(CLIENTS, headers={"Accept-Language": "en-US,en;q=0.9"})
    spanish = stranger.get(CLIENTS, headers={"Accept-Language": "es-CO"})

    for answer in (english, spanish):
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert english.json["detail"] == "Nobody is signed in."
    assert spanish.json["title"] == "Nadie ha ingresado"


def test_a_bad_token_is_no_token(app: Flask, tenant: Company, actor: Actor) -> None:
    good = tenant.token(actor)
    client = app.test_client()

    for header in (
        f"Bearer {good[:-1]}", f"Bearer {good}x", f"Basic {good}", good, "Bearer", "Bearer ",
        f"Bearer {good[:-1]}é".encode().decode("latin-1"),
    ):  # fmt: skip
        answer = client.get(CLIENTS, headers={"Authorization": header})
        assert answer.status_code == 401, header
    assert client.get(CLIENTS, headers={"Authorization": f"bearer {good}"}).status_code == 200


def test_an_unexpected_failure_is_told_without_detail(
    api: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("trato.records.reading.run", fail)

    answer = api.get(CLIENTS)

    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert answer.mimetype == "application/problem+json"
    assert "secret" not in answer.text


def test_a_signed_in_page_calls_with_its_form_token(client: Browser) -> None:
    good = client.post(CLIENTS, json={"name": "A"})
    client.csrf = None
    bad = client.post(CLIENTS, json={"name": "B"})

    assert good.status_code == 201
    assert (bad.status_code, bad.json["code"]) == (400, "csrf")
    assert [row["name"] for row in client.get(CLIENTS).json["data"]] == ["A"]


# --- header fields -------------------------------------------------------------------------------


def test_no_answer_is_kept_or_guessed_on_the_way(api: FlaskClient, address: str) -> None:
    for answer in (
        api.get(CLIENTS), api.get(address), api.get(f"{CLIENTS}/x"), api.options(CLIENTS),
        api.get("/api/v1/nope/nope"), api.put(CLIENTS), api.get("/api/v1/openapi.json"),
        api.delete(address),
    ):  # fmt: skip
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# --- methods and addresses -----------------------------------------------------------------------


def test_a_head_is_a_get_without_its_body(api: FlaskClient, address: str) -> None:
    for path in (CLIENTS, address, "/api/v1/openapi.json"):
        got, head = api.get(path), api.head(path)

        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(got.data))
        assert head.headers.get("ETag") == got.headers.get("ETag")
    assert api.head(f"{CLIENTS}/{uuid.uuid4()}").status_code == 404


def test_an_existing_address_names_its_methods(api: FlaskClient, address: str) -> None:
    methods = {
        CLIENTS: {"GET", "HEAD", "OPTIONS", "POST"},
        address: {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"},
        f"{CLIENTS}/bulk": {"OPTIONS", "POST"},
        f"{CLIENTS}/by/identification/1": {"OPTIONS", "PUT"},
        "/api/v1/openapi.json": {"GET", "HEAD", "OPTIONS"},
        "/api/v1/docs": {"GET", "HEAD", "OPTIONS"},
    }

    for path, known in methods.items():
        told = api.options(path)
        assert told.status_code == 204
        assert set(told.headers["Allow"].split(", ")) == known
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "FOO"} - known:
            refused = api.open(path, method=method, json={})
            assert (refused.status_code, refused.json["code"]) == (405, "method_not_allowed")
            assert set(refused.headers["Allow"].split(", ")) == known


def test_what_does_not_exist_has_no_methods(api: FlaskClient, tenant: Company) -> None:
    tenant.disable("colombia")

    for path in (
        f"{CLIENTS}/{uuid.uuid4()}", f"{CLIENTS}/x", "/api/v1/clients/nope",
        "/api/v1/clients/nope/bulk", "/api/v1/clients/nope/by/name/x", "/api/v1/colombia/clients",
        "/api/v1/nope/nope", f"{CLIENTS}/", "/api/v1/clients", "/api/v1/clients/", "/api/v1/",
        f"{CLIENTS}/bulk/", f"{CLIENTS}/x/y", "/api/v1//clients/clients",
        "/api/v1/clients//clients", "/api/v1/docs/", "/api/v1/docs/clients/nope",
        "/api/v1/openapi.json/", "/api/v2/openapi.json",
    ):  # fmt: skip
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"):
            answer = api.open(path, method=method, json={})
            assert answer.status_code == 404, (method, path)


def test_a_call_takes_no_parameter_it_does_not_know(api: FlaskClient, address: str) -> None:
    for answer in (
        api.get(f"{address}?fields=name"), api.patch(f"{address}?x=1", json={}),
        api.delete(f"{address}?x=1"), api.post(f"{CLIENTS}?x=1", json={"name": "A"}),
        api.post(f"{CLIENTS}/bulk?x=1", json=[]),
        api.put(f"{CLIENTS}/by/identification/1?x=1", json={"name": "A"}),
        api.get("/api/v1/docs?x=1"), api.get("/api/v1/openapi.json?x=1"),
    ):  # fmt: skip
        assert (answer.status_code, answer.json["code"]) == (400, "unknown_parameter")


def test_a_plugin_that_is_disabled_does_not_exist(api: FlaskClient, tenant: Company) -> None:
    assert api.get(CLIENTS).status_code == 200
    tenant.disable("clients")

    for method in ("GET", "POST", "PUT", "OPTIONS"):
        assert api.open(CLIENTS, method=method, json={}).status_code == 404
    assert api.get("/api/v1/openapi.json").json["paths"] == {}


# --- codes ---------------------------------------------------------------------------------------


def test_every_code_has_one_status_and_one_meaning() -> None:
    names = [code.name for code in CODES]

    assert len(names) == len(set(names))
    assert all(code.meaning.endswith(".") for code in CODES)
