"""What another system rules is not for people to write, on the records that are linked to it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from core.tests.shop import SHOP, ShopDouble
from core.tests.shop_company import open_company, open_double, serve_shop  # noqa: F401
from flask import Flask
from flask.testing import FlaskClient

from trato.access.actor import Actor, Via
from trato.api import Host
from trato.configuration import apply_data
from trato.configuration.merging import merge_choice
from trato.errors import Invalid
from trato.exchange.importing import run_import
from trato.records import undoing
from trato.testing.clients import Browser, browser, program
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.testing.statements import count_statements
from trato.testing.syncing import set_up, sync
from trato.web.app import create_app

PIECE = "specimen.piece"
LIST = "/specimen/pieces"
API = "/api/v1/specimen/pieces"
REASON = "Shop mantiene este campo y escribiría encima de lo que usted ponga. Cámbielo allá."
MARK = "Lo mantiene Shop: cámbielo allá."


@pytest.fixture(name="shop_app", scope="module")
def serve_pages(shop_host: Host) -> Flask:
    return create_app(shop_host)


@pytest.fixture(name="person")
def join(company: Company) -> Actor:
    return company.member("admin")


@pytest.fixture(name="client")
def sign_in(shop_app: Flask, person: Actor) -> Browser:
    return browser(shop_app, person)


@pytest.fixture(name="api")
def connect(shop_app: Flask, company: Company, person: Actor) -> FlaskClient:
    return program(shop_app, company, person)


@pytest.fixture(name="linked")
def receive_linked(company: Company, double: ShopDouble) -> UUID:
    """A piece that the shop has shown."""
    show(company, double, code="C-1", price="10.00", is_rare=True, marks=["good"])
    return found(company, "C-1")


@pytest.fixture(name="own")
def make_own(company: Company) -> UUID:
    """A piece that the shop knows nothing of."""
    with company.unit() as unit:
        return unit.records.create(PIECE, {"name": "Propia", "code": "X-1", "price": "1"}).id


def show(company: Company, double: ShopDouble, **values: Any) -> None:
    row = {"key": f"P{values['code']}", "name": f"Pieza {values['code']}", **values}
    double.streams["news"].append(row)
    assert sync(company, SHOP, only="receive", stream="news")["problem"] is None


def found(company: Company, code: str) -> UUID:
    with company.unit(read=True) as unit:
        rows = unit.records.query(PIECE, columns=("code",), limit=200).rows
    ids: dict[str, UUID] = {row[2]: row[0] for row in rows}
    return ids[code]


def price(company: Company, record_id: UUID) -> Decimal:
    with company.unit(read=True) as unit:
        value: Decimal = unit.records.get(PIECE, record_id)["price"]
        return value


def change(company: Company, actor: Actor, record_id: UUID, **values: Any) -> None:
    with company.unit(actor) as unit:
        unit.records.update(PIECE, record_id, values)


def said(company: Company, refused: Invalid) -> dict[str, list[str]]:
    tell = company.host.catalogs.message
    return {path: [tell(m, "es") for m in some] for path, some in refused.errors.items()}


def test_people_write_an_owned_field_only_where_there_is_no_link(
    company: Company, person: Actor, linked: UUID, own: UUID
) -> None:
    with pytest.raises(Invalid) as refused:
        change(company, person, linked, name="Otro nombre", price="99")
    change(company, person, linked, name="Otro nombre", price="10")  # as it is already
    change(company, person, own, price="99")

    assert said(company, refused.value) == {"price": [REASON]}
    assert (price(company, linked), price(company, own)) == (10, 99)


@pytest.mark.parametrize("via", ["job", "command"])
def test_the_other_system_and_what_modules_run_by_themselves_go_on_writing(
    company: Company, double: ShopDouble, linked: UUID, via: Via
) -> None:
    show(company, double, code="C-1", price="20.00")
    received = price(company, linked)
    with company.unit(company.host.system(company.id, via=via, label="shop.tidy")) as unit:
        unit.records.update(PIECE, linked, {"price": "30"})

    assert (received, price(company, linked)) == (20, 30)


@pytest.mark.database("sqlite")
def test_who_gives_a_person_in_a_command_is_that_person(
    company: Company, person: Actor, linked: UUID
) -> None:
    with pytest.raises(Invalid):
        change(company, replace(person, via="command"), linked, price="99")


@pytest.mark.database("sqlite")
def test_a_merge_of_two_values_rewrites_what_the_other_system_wrote_and_people_do_not(
    company: Company, double: ShopDouble
) -> None:
    choices = [{"value": value, "label": value} for value in ("tat", "mod")]
    own = {"canal": {"kind": "choice", "labels": {"es": "Canal"}, "choices": choices}}
    apply_data(company.host, company.slug, {"fields": {PIECE: own}})
    show(company, double, code="C-3", **{"custom.canal": "tat"})
    piece, person = found(company, "C-3"), company.member("admin")

    with pytest.raises(Invalid):
        change(company, person, piece, **{"custom.canal": "mod"})
    count = merge_choice(company.host, person, PIECE, "canal", value="tat", into="mod")

    assert count == 1
    with company.unit(read=True) as unit:
        assert unit.records.get(PIECE, piece)["custom.canal"] == "mod"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("end", ["disabled", "not set up", "gone there"])
def test_who_no_longer_gives_a_field_does_not_keep_it(
    company: Company, double: ShopDouble, person: Actor, linked: UUID, end: str
) -> None:
    if end == "disabled":
        company.disable("shop")
    elif end == "not set up":
        apply_data(company.host, company.slug, {"settings": {"shop": {"url": ""}}})
    else:
        show(company, double, code="C-1", removed=True)

    change(company, person, linked, price="99")

    assert price(company, linked) == 99


@pytest.mark.database("sqlite")
def test_what_a_company_asks_for_is_not_asked_of_people_who_may_not_write_it(
    company: Company, double: ShopDouble, client: Browser, own: UUID
) -> None:
    show(company, double, code="C-2", price=None, grade="fair")
    asked = {"required": True, "when": {"grade": ["good"]}}
    apply_data(company.host, company.slug, {"forms": {PIECE: {"fields": {"price": asked}}}})

    def save(record_id: UUID) -> Any:
        form = form_of(client, record_id)[1]
        return client.post(
            f"{LIST}/{record_id}/edit", data={**form, "grade": "good", "price": ""}
        ).status_code

    assert (save(found(company, "C-2")), save(own)) == (302, 422)


def test_rest_refuses_at_the_field_and_says_who_keeps_it(
    company: Company, api: FlaskClient, linked: UUID, own: UUID
) -> None:
    refused = api.patch(f"{API}/{linked}", json={"price": "99"})
    taken = api.patch(f"{API}/{own}", json={"price": "99"})
    upsert = api.put(f"{API}/by/code/C-1", json={"name": "Igual", "price": "99"})

    assert (refused.status_code, taken.status_code, upsert.status_code) == (422, 200, 422)
    assert refused.json["errors"] == {"price": [REASON]}
    assert upsert.json["errors"] == {"price": [REASON]}
    assert price(company, linked) == 10


@pytest.mark.database("sqlite")
def test_the_page_about_rest_says_who_keeps_a_field(company: Company, client: Browser) -> None:
    kept = "lo mantiene Shop en los registros enlazados"

    here = client.get("/api/v1/docs/specimen/pieces").text
    company.disable("shop")
    without = client.get("/api/v1/docs/specimen/pieces").text

    assert here.count(kept) == 3  # price, is_rare, marks
    assert kept not in without


def test_an_import_refuses_the_row_at_its_column_and_writes_the_others(
    company: Company, linked: UUID, own: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "precios.csv"
    path.write_text("code;price\nX-1;50\nC-1;50\n", "utf-8")
    by_command = company.host.system(company.id, via="import", label="import")

    result = run_import(company.host, by_command, PIECE, path, match="code")

    told = [(p.row, p.column, company.host.catalogs.message(p.message, "es"))
            for p in result.problems]  # fmt: skip
    assert told == [(3, "price", REASON)]
    assert (price(company, linked), price(company, own)) == (10, 50)


def test_many_at_once_leave_linked_records_alone_with_one_statement_for_all(
    company: Company, double: ShopDouble, person: Actor, linked: UUID, own: UUID
) -> None:
    def changed(ids: list[UUID]) -> tuple[undoing.Done, list[str]]:
        with company.unit(person) as unit, count_statements(company.host.engine) as counted:
            done = undoing.change_all(
                unit, unit.view.entity(PIECE), ids, lambda _before: {"price": "70"}
            )
        return done, counted.naming("core_sync_link")

    few, read_for_few = changed([linked, own])
    double.streams["news"] += [
        {"key": f"N{n}", "name": f"N{n}", "code": f"N-{n}", "price": "1"} for n in range(8)
    ]
    sync(company, SHOP, only="receive", stream="news")
    many, read_for_many = changed([linked, own, *(found(company, f"N-{n}") for n in range(8))])

    assert [r.id for r in few.refused] == [linked]
    assert (few.changed, len(many.refused)) == (1, 9)
    assert len(read_for_few) == len(read_for_many) == 1
    assert (price(company, linked), price(company, own)) == (10, 70)


def test_nothing_is_read_for_fields_that_nobody_keeps(
    company: Company, person: Actor, linked: UUID
) -> None:
    with company.unit(person) as unit, count_statements(company.host.engine) as named:
        unit.records.update(PIECE, linked, {"name": "Otro"})
    company.disable("shop")
    with company.unit(person) as unit, count_statements(company.host.engine) as priced:
        unit.records.update(PIECE, linked, {"price": "5"})

    assert named.naming("core_sync_link") == priced.naming("core_sync_link") == []


# Pages


def form_of(client: Browser, record_id: UUID) -> tuple[Page, dict[str, list[str]]]:
    page = page_of(client.get(f"{LIST}/{record_id}/edit"))
    return page, page.form(f"{LIST}/{record_id}/edit")


@pytest.mark.database("sqlite")
def test_pages_mark_the_field_of_a_linked_record_and_of_no_other(
    client: Browser, linked: UUID, own: UUID
) -> None:
    ends = ("", "/edit", "/why")
    marked = [client.get(f"{LIST}/{linked}{end}").text for end in ends]
    free = [client.get(f"{LIST}/{own}{end}").text for end in ends]

    assert [MARK in text for text in marked + free] == [True] * 3 + [False] * 3
    page = form_of(client, linked)[0]
    assert "readonly" in page.one("input", id="f-price").attrs
    assert "readonly" not in page.one("input", id="f-name").attrs


@pytest.mark.database("sqlite")
def test_a_form_with_owned_fields_of_every_shape_saves_the_others(
    company: Company, client: Browser, linked: UUID
) -> None:
    _page, form = form_of(client, linked)

    answer = client.post(f"{LIST}/{linked}/edit", data={**form, "name": "Renombrada"})

    assert answer.status_code == 302, answer.text
    with company.unit(read=True) as unit:
        record = unit.records.get(PIECE, linked)
    assert (record["name"], record["is_rare"], record["marks"]) == ("Renombrada", True, ["good"])


@pytest.mark.database("sqlite")
def test_a_form_older_than_the_link_is_refused_once_and_then_shows_what_stands(
    company: Company, client: Browser, linked: UUID
) -> None:
    _page, form = form_of(client, linked)

    refused = client.post(f"{LIST}/{linked}/edit", data={**form, "name": "Mía", "price": "99"})

    assert refused.status_code == 422
    assert page_of(refused).error_of("price") == REASON
    again = page_of(refused).form(f"{LIST}/{linked}/edit")
    assert (again["name"], again["price"]) == (["Mía"], form["price"])
    assert client.post(f"{LIST}/{linked}/edit", data=again).status_code == 302


@pytest.mark.database("sqlite")
def test_a_list_tells_of_each_cell_that_is_kept_with_one_statement(
    company: Company, client: Browser, double: ShopDouble, linked: UUID, own: UUID
) -> None:
    client.post(f"{LIST}/columns", data={"column": ["name", "code", "price"]})

    with count_statements(company.host.engine) as counted:
        rows = page_of(client.get(LIST)).all("tr", "t-row")
    cell = client.get(f"{LIST}/{linked}/cell/price", headers={"HX-Request": "true"})

    locked = [json.loads(row.attrs.get("data-locked", "{}")) for row in rows]
    assert locked == [{"price": MARK}, {}]
    assert len(counted.naming("core_sync_link")) == 1
    assert (cell.status_code, cell.text) == (403, REASON)


@pytest.mark.database("sqlite")
def test_a_connection_that_is_set_up_again_keeps_its_fields_again(
    company: Company, double: ShopDouble, person: Actor, linked: UUID
) -> None:
    apply_data(company.host, company.slug, {"settings": {"shop": {"url": ""}}})
    change(company, person, linked, price="99")
    set_up(company, "shop", double.settings())

    with pytest.raises(Invalid):
        change(company, person, linked, price="98")
