"""Ctrl+K finds what one may see, in every plugin, and nothing else."""

from __future__ import annotations

import pytest
from flask import Flask

from trato.testing.clients import Browser, browser
from trato.testing.companies import Company

CLIENT = "clients.client"


@pytest.fixture
def found(client: Browser, tenant: Company, actor) -> Browser:  # type: ignore[no-untyped-def]
    with tenant.unit(tenant.renew(actor)) as unit:
        made = unit.records.create(
            CLIENT, {"name": "Ferretería Ñandú", "identification": "909.214.530-9"}
        )
        unit.records.create(
            "clients.branch", {"client_id": str(made.id), "name": "Bodega Ñandú norte"}
        )
    return client


@pytest.mark.parametrize("text", ["nandu ferr", "FERRETERIA", "909214530", "909.214.530-9"])
def test_words_in_any_order_and_numbers_in_any_spelling_find_it(found: Browser, text: str) -> None:
    answer = found.get("/search", query_string={"q": text})

    assert "Ferretería Ñandú" in answer.text


def test_all_that_fits_is_found_by_the_same_words(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Pérez & Hijos #1"})

    answer = client.get("/search", query_string={"q": "Pérez & Hijos #1"})

    assert 'href="/clients/clients?q=P%C3%A9rez+%26+Hijos+%231"' in answer.text


def test_every_kind_of_record_has_its_group(found: Browser) -> None:
    answer = found.get("/search?q=nandu", headers={"HX-Request": "true"})

    assert answer.text.index("Clientes") < answer.text.index("Sucursales")
    assert "<html" not in answer.text


def test_places_are_found_by_name(client: Browser) -> None:
    answer = client.get("/search?q=nuevo cliente")

    assert 'href="/clients/clients/new"' in answer.text


def test_nothing_fits_is_said(client: Browser) -> None:
    assert "Nada coincide con «zzqqxx»" in client.get("/search?q=zzqqxx").text


def test_records_of_others_stay_unseen(found: Browser, app: Flask, tenant: Company) -> None:
    none = tenant.member_with({CLIENT: {"view": "own"}})

    answer = browser(app, none).get("/search?q=nandu")

    assert answer.status_code == 200
    assert "Ferretería Ñandú" not in answer.text
    assert "Bodega Ñandú" not in answer.text


def test_another_company_finds_nothing_of_it(
    found: Browser, app: Flask, other_tenant: Company
) -> None:
    answer = browser(app, other_tenant.member("admin")).get("/search?q=nandu")

    assert "Ñandú" not in answer.text


def test_recent_records_are_offered_before_typing(found: Browser) -> None:
    page = found.get("/clients/clients?q=nandu").text
    record = page.split('href="/clients/clients/')[-1].split('"')[0]
    for part in page.split('href="/clients/clients/')[1:]:
        candidate = part.split('"')[0]
        if len(candidate) == 36:
            record = candidate
    found.get(f"/clients/clients/{record}")

    assert "Ferretería Ñandú" in found.get("/search").text


def test_statements_do_not_grow_with_what_is_found(
    client: Browser,
    tenant: Company,
    actor,
    count_statements,  # type: ignore[no-untyped-def]
) -> None:
    with tenant.unit(tenant.renew(actor)) as unit:
        unit.records.create(CLIENT, {"name": "Roble 0"})
    client.get("/search?q=roble")
    with count_statements() as few:
        client.get("/search?q=roble")
    with tenant.unit(tenant.renew(actor)) as unit:
        unit.records.bulk(CLIENT, [{"name": f"Roble {n}"} for n in range(1, 60)])
    client.get("/search?q=roble")

    with count_statements() as many:
        client.get("/search?q=roble")

    assert len(many) == len(few)
