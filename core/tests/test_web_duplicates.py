"""A form says that a record is there already: while one types, at the save, and at its field."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from trato.db.engine import transaction
from trato.tenancy import store
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company

CLIENT = "clients.client"
NEW = "/clients/clients/new"
ASK = "/clients/clients/duplicates"


def create(company: Company, **values: Any) -> Any:
    with company.unit() as unit:
        return unit.records.create(CLIENT, values)


def decide(company: Company, what: str) -> None:
    with transaction(company.host.engine, tenant_id=company.id) as connection:
        store.save_setting(connection, company.id, "clients", "duplicates_client", what)


def test_a_form_asks_while_one_types(client: Browser) -> None:
    page = client.get(NEW).text

    assert f'hx-post="{ASK}"' in page
    assert 'aria-live="polite"' in page
    assert "from:#f-identification" in page


def test_what_is_typed_is_answered_with_what_is_there_and_why(
    client: Browser, tenant: Company
) -> None:
    made = create(tenant, name="Panadería La Espiga", identification="909214530")

    answer = client.post(
        ASK, data={"name": "la espiga panaderia", "identification": "909.214.530-9"}
    )

    assert answer.status_code == 200
    assert f'href="/clients/clients/{made.id}"' in answer.text
    assert "Panadería La Espiga" in answer.text
    assert "identificación" in answer.text


def test_nothing_alike_is_answered_with_nothing(client: Browser, tenant: Company) -> None:
    create(tenant, name="Panadería La Espiga")

    assert client.post(ASK, data={"name": "Ferretería"}).text.strip() == ""


def test_what_a_record_holds_already_is_not_told_again(client: Browser, tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530")
    made = create(tenant, name="Dos", identification="909214530")
    typed = {"name": "Dos", "identification": "909214530"}

    assert client.post(f"{ASK}?record={made.id}", data=typed).text.strip() == ""
    assert "Uno" in client.post(f"{ASK}?record={made.id}", data=typed | {"name": "Uno"}).text


def test_of_what_one_may_not_see_only_the_owner_is_named(
    client: Browser, tenant: Company, app: Flask
) -> None:
    owner = tenant.member("seller", name="Olga Dueña")
    with tenant.unit(owner) as unit:
        unit.records.create(CLIENT, {"name": "Panadería Secreta", "identification": "909214530"})
    asking = tenant.member_with({CLIENT: {"view": "own", "create": "all"}})

    answer = browser(app, asking).post(ASK, data={"identification": "909214530"})

    assert "Existe, pero usted no puede verlo" in answer.text
    assert "Olga Dueña" in answer.text
    assert "Secreta" not in answer.text


def test_another_company_is_told_of_nothing(app: Flask, tenant: Company, other_actor: Any) -> None:
    create(tenant, name="Panadería La Espiga", identification="909214530")

    answer = browser(app, other_actor).post(ASK, data={"identification": "909214530"})

    assert answer.text.strip() == ""


@pytest.mark.parametrize(
    ("grants", "status"), [({"view": "all"}, 403), ({"view": "none", "create": "all"}, 200)]
)
def test_only_who_may_create_may_ask(app: Flask, tenant: Company, grants: Any, status: int) -> None:
    asking = tenant.member_with({CLIENT: grants})

    assert browser(app, asking).post(ASK, data={"name": "x"}).status_code == status


def test_a_save_is_not_stopped_by_a_warning_and_the_next_page_tells(
    client: Browser, tenant: Company
) -> None:
    create(tenant, name="Panadería La Espiga")

    answer = client.post(NEW, data={"name": "La Espiga Panadería"})
    page = client.get(answer.headers["Location"]).text

    assert answer.status_code == 302
    assert "Ya hay uno parecido: Panadería La Espiga" in page


def test_what_was_told_while_typing_is_not_told_again(client: Browser, tenant: Company) -> None:
    made = create(tenant, name="Panadería La Espiga")

    answer = client.post(NEW, data={"name": "La Espiga Panadería", "_duplicates": str(made.id)})

    assert "Ya hay uno parecido" not in client.get(answer.headers["Location"]).text


def test_a_forbidden_duplicate_stands_at_its_field_with_what_was_typed(
    client: Browser, tenant: Company
) -> None:
    create(tenant, name="Panadería La Espiga", identification="909214530")
    decide(tenant, "block")

    answer = client.post(NEW, data={"name": "Otra panadería", "identification": "909214530-9"})

    assert answer.status_code == 422
    assert "no se permiten duplicados" in answer.text
    assert 'id="f-identification-error"' in answer.text
    assert 'value="Otra panadería"' in answer.text


def test_who_wants_to_hear_nothing_is_not_asked(client: Browser, tenant: Company) -> None:
    decide(tenant, "off")

    assert "hx-post" not in client.get(NEW).text


def test_the_administrator_chooses_on_the_page_of_the_module(
    client: Browser, tenant: Company
) -> None:
    page = client.get("/settings/modules/clients").text
    assert "Duplicados: clientes" in page

    client.post(
        "/settings/modules/clients",
        data={"duplicates_client": "block", "duplicates_contact": "off"},
    )

    settings = tenant.view.settings
    assert settings["clients", "duplicates_client"] == "block"
    assert settings["clients", "duplicates_contact"] == "off"
