"""What people type into the search finds the record, however they write it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from trato.testing.clients import Browser, browser
from trato.testing.companies import Company

CLIENT, CONTACT = "clients.client", "clients.contact"


@pytest.fixture
def known(tenant: Company) -> dict[str, Any]:
    """Make a company and a person who works there, whose phone was kept as it was typed."""
    with tenant.unit() as unit:
        client = unit.records.create(
            CLIENT,
            {"name": "Ferretería Ñandú S.A.S.", "identification": "909.214.530-9",
             "email": "Compras@Nandu.co", "phone": "(601) 555 12 34", "mobile": "310 123 4567"},
        )  # fmt: skip
        contact = unit.records.create(
            CONTACT,
            {"name": "José Ángel Peña Muñoz", "email": "jose.pena@nandu.co",
             "mobile": "320 765 4321", "client_id": str(client.id)},
        )  # fmt: skip
    return {"client": client, "contact": contact}


COMPANY = [
    "Ferretería Ñandú", "nandu ferreteria", "FERRE ñan", "ñandu s.a.s.",
    "909214530", "909.214.530", "909.214.530-9", "9092145309", "909 214 530", "214530",
    "compras@nandu.co", "COMPRAS@NANDU.CO", "compras@",
    "3101234567", "310 123 4567", "310-123-4567", "(310) 123-4567", "+57 310 123 4567",
    "+573101234567", "573101234567", "1234567", "601 5551234", "5551234",
]  # fmt: skip
PERSON = [
    "jose angel", "peña josé", "MUNOZ PENA", "jose.pena@nandu.co", "Jose.Pena@",
    "3207654321", "320 765 4321", "+57 320 765 4321", "+573207654321", "(320) 765-4321",
]  # fmt: skip
OTHERS = ["909214531", "3101234568", "nandu zapatería", "pena@otro.co"]


def answer(client: Browser, typed: str) -> str:
    """Give what the search says to what is typed."""
    got = client.get("/search", query_string={"q": typed}, headers={"HX-Request": "true"})
    return str(got.text)


def test_a_company_is_found_however_it_is_written(client: Browser, known: dict[str, Any]) -> None:
    address = f'href="/clients/clients/{known["client"].id}"'

    assert [typed for typed in COMPANY if address not in answer(client, typed)] == []


def test_a_person_is_found_however_it_is_written(client: Browser, known: dict[str, Any]) -> None:
    address = f'href="/clients/contacts/{known["contact"].id}"'

    assert [typed for typed in PERSON if address not in answer(client, typed)] == []


def test_what_is_anothers_is_not_found(client: Browser, known: dict[str, Any]) -> None:
    for typed in OTHERS:
        assert str(known["client"].id) not in answer(client, typed), typed
        assert str(known["contact"].id) not in answer(client, typed), typed


def test_favourites_and_recents_are_offered_to_oneself_only(
    app: Flask, client: Browser, tenant: Company, known: dict[str, Any]
) -> None:
    client.post(f"/clients/clients/{known['client'].id}/marks/favorite", data={"on": "1"})
    client.get(f"/clients/contacts/{known['contact'].id}")
    other = browser(app, tenant.member("admin"))

    mine, others = client.get("/search").text, other.get("/search").text

    assert mine.index("Favoritos") < mine.index("Ferretería Ñandú")
    assert "José Ángel" in mine
    assert "Ferretería Ñandú" not in others
    assert "José Ángel" not in others


def test_what_was_marked_and_is_out_of_sight_now_is_not_offered(
    app: Flask, tenant: Company, known: dict[str, Any]
) -> None:
    weak = tenant.member_with({CLIENT: {"view": "own", "edit": "own"}})
    member_id = weak.member_id
    with tenant.unit() as unit:
        unit.records.update(CLIENT, known["client"].id, {"owner_id": str(member_id)})
    page = browser(app, weak)
    page.get(f"/clients/clients/{known['client'].id}")
    assert "Ferretería Ñandú" in page.get("/search").text

    with tenant.unit() as unit:
        unit.records.update(CLIENT, known["client"].id, {"owner_id": None})

    assert "Ferretería Ñandú" not in browser(app, weak).get("/search").text
