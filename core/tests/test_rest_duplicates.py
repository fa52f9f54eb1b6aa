"""The API says in a header field that a written record is there already, or refuses it."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

from trato.db.engine import transaction
from trato.tenancy import store
from trato.testing.companies import Company

CLIENTS = "/api/v1/clients/clients"


def test_a_new_record_is_written_and_the_answer_names_its_likes(api: FlaskClient) -> None:
    first = api.post(CLIENTS, json={"name": "Uno", "identification": "909214530"})
    second = api.post(CLIENTS, json={"name": "Dos", "identification": "909.214.530-9"})

    assert first.status_code == second.status_code == 201
    assert "Trato-Duplicates" not in first.headers
    assert json.loads(second.headers["Trato-Duplicates"]) == [
        {"id": first.json["id"], "fields": ["identification"], "match": "same"}  # type: ignore[index]
    ]


def test_a_change_is_told_of_what_it_brings_only(api: FlaskClient) -> None:
    api.post(CLIENTS, json={"name": "Panadería La Espiga", "email": "a@x.co"})
    made: Any = api.post(CLIENTS, json={"name": "Otra", "email": "a@x.co"}).json
    record = f"{CLIENTS}/{made['id']}"

    quiet = api.patch(record, json={"city": "Cali"})
    loud = api.patch(record, json={"email": "A@x.co"})

    assert "Trato-Duplicates" not in quiet.headers
    assert json.loads(loud.headers["Trato-Duplicates"])[0]["fields"] == ["email"]


def test_names_that_are_alike_are_left_to_the_pages(api: FlaskClient) -> None:
    api.post(CLIENTS, json={"name": "Panadería La Espiga"})

    second = api.post(CLIENTS, json={"name": "La Espiga Panaderia"})

    assert second.status_code == 201
    assert "Trato-Duplicates" not in second.headers


def test_a_forbidden_duplicate_is_422_at_its_field(api: FlaskClient, tenant: Company) -> None:
    api.post(CLIENTS, json={"name": "Uno", "phone": "310 123 4567"})
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        store.save_setting(connection, tenant.id, "clients", "duplicates_client", "block")

    one = api.post(CLIENTS, json={"name": "Dos", "mobile": "+57 3101234567"})
    many = api.post(
        f"{CLIENTS}/bulk",
        json=[{"name": "Tres", "mobile": "3101234567"}, {"name": "Cuatro", "phone": "3107654321"}],
    )

    assert (one.status_code, one.json["code"]) == (422, "duplicate")  # type: ignore[index]
    assert list(one.json["errors"]) == ["mobile"]  # type: ignore[index]
    assert [row["status"] for row in many.json["data"]] == [422, 201]  # type: ignore[index]
