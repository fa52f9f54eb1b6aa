"""Sums over what a list finds: exact, by currency, by rules, and never over too much."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest

from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.errors import Forbidden
from trato.host import Host
from trato.records import totals as module
from trato.records.query import Filter, Query
from trato.records.totals import Totals, summable, totals
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import Statements

LIST = "/specimen/pieces"
PIECE = "specimen.piece"
Count = Callable[[], AbstractContextManager[Statements]]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def make(company: Company, *rows: dict[str, Any]) -> None:
    with company.unit() as unit:
        for number, row in enumerate(rows):
            unit.records.create(PIECE, {"name": f"Pieza {number}", **row})


def read(company: Company, *paths: str, actor: Actor | None = None, **asked: Any) -> Totals:
    with company.unit(actor, read=True) as unit:
        return totals(unit, company.view.entities[PIECE], Query(**asked), paths)


def test_sums_are_exact_in_native_extension_and_own_fields(tenant: Company) -> None:
    tenant.custom_field(PIECE, "cuota", "money", label="Cuota")
    make(
        tenant,
        {"price": "900000000000000.1234", "annex.worth": "0.0001", "custom.cuota": "-0.05"},
        {"price": "900000000000000.0001", "annex.worth": "-7", "custom.cuota": "12345678901234.5"},
        {"price": "-0.5", "custom.cuota": "-3.0001"},
        {},
    )

    found = read(tenant, "price", "annex.worth", "custom.cuota")

    assert found.count == 4
    assert found.sums == {
        "price": {"": Decimal("1799999999999999.6235")},
        "annex.worth": {"": Decimal("-6.9999")},
        "custom.cuota": {"": Decimal("12345678901231.4499")},
    }


def test_amounts_of_several_currencies_are_summed_apart(tenant: Company) -> None:
    make(tenant, {"price": "1.5", "place": "USD"}, {"price": "2", "place": "USD"},
         {"price": "10"}, {"price": "20", "place": "EUR", "annex.worth": "7"})  # fmt: skip
    declared = tenant.view.entities[PIECE]
    price = declared.fields["price"].under(currency="place")
    entity = EntityView(
        entity=declared.entity, fields={**declared.fields, "price": price},
        extensions=declared.extensions,
    )  # fmt: skip
    blind = {path: field for path, field in entity.fields.items() if path != "place"}

    with tenant.unit(read=True) as unit:
        found = totals(unit, entity, Query(), ["price", "annex.worth"])

    assert found.sums["price"] == {"USD": Decimal("3.5"), "": Decimal(10), "EUR": Decimal(20)}
    assert found.sums["annex.worth"] == {"": Decimal(7)}
    assert summable(entity, entity.fields, "price")
    assert not summable(entity, blind, "price")


def test_numbers_are_summed_where_their_field_says_so(tenant: Company, client: Browser) -> None:
    make(tenant, {"count": 9_000_000_000_000_000_000, "weight": "0.000001", "annex.points": 5},
         {"count": 9_000_000_000_000_000_001, "weight": "-2.5"}, {"count": -1}, {})  # fmt: skip
    client.post(f"{LIST}/columns", data={"column": ["count", "weight", "annex.points"]})

    found = read(tenant, "count", "weight", "annex.points")
    foot = page_of(client.get(f"{LIST}/totals"))

    assert found.sums == {"count": {"": Decimal(18_000_000_000_000_000_000)},
                          "weight": {"": Decimal("-2.499999")}}  # fmt: skip
    assert [td.text for td in foot.all("td")] == ["18.000.000.000.000.000.000", "-2,499999", ""]


def test_sum_may_be_more_than_one_value_can_be(tenant: Company) -> None:
    make(tenant, *({"price": "922337203685477"} for _ in range(3)))

    assert read(tenant, "price").sums["price"][""] == Decimal("2767011611056431")


def test_sums_are_of_what_search_and_filters_find_and_not_of_the_bin(tenant: Company) -> None:
    make(tenant, {"price": "1", "grade": "good", "place": "Cali"},
         {"price": "20", "grade": "poor", "place": "Cali"},
         {"price": "300", "grade": "good", "place": "Buga"})  # fmt: skip
    with tenant.unit() as unit:
        gone = unit.records.create(PIECE, {"name": "X", "price": "4000", "grade": "good"})
        unit.records.archive(PIECE, gone.id)
    good = (Filter(path="grade", op="eq", value="good"),)

    def sum_of(**asked: Any) -> Decimal | None:
        return read(tenant, "price", **asked).sums.get("price", {}).get("")

    assert sum_of() == Decimal(321)
    assert sum_of(filters=good) == Decimal(301)
    assert sum_of(filters=good, search="cali") == Decimal(1)
    assert sum_of(search="nada") is None
    assert sum_of(archived=True) == Decimal(4000)


def test_sums_do_not_tell_of_records_and_fields_that_the_actor_may_not_see(
    tenant: Company,
) -> None:
    own = tenant.member_with({PIECE: {"view": "own"}})
    blind = tenant.member_with({PIECE: {"view": "all"}}, fields={PIECE: {"price": "hidden"}})
    make(tenant, {"price": "1", "owner_id": str(own.member_id)}, {"price": "20"})

    assert read(tenant, "price", actor=own).sums == {"price": {"": Decimal(1)}}
    assert read(tenant, "price", actor=blind).sums == {}
    with pytest.raises(Forbidden):
        read(tenant, "price", actor=tenant.member_with({}))


def test_too_many_records_are_not_summed(
    tenant: Company, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tenant, {"price": "1"}, {"price": "2"}, {"price": "3"})
    client.post(f"{LIST}/columns", data={"column": ["price"]})
    monkeypatch.setattr(module, "TOTALED", 2)

    page = page_of(client.get(f"{LIST}/totals"))

    assert read(tenant, "price") == Totals(sums={}, count=2, is_capped=True)
    assert page.one("th").text == "Más de 2: filtre la lista para ver los totales"


def test_foot_of_the_list_is_one_statement_behind_the_page(
    tenant: Company, client: Browser, count_statements: Count
) -> None:
    make(tenant, {"price": "1.5", "grade": "good"}, {"price": "2", "grade": "poor"})
    without = page_of(client.get(LIST)).all("tr", "t-totals")
    client.post(f"{LIST}/columns", data={"column": ["grade", "price"]})
    foot = page_of(client.get(f"{LIST}?grade=good")).one("tr", "t-totals")

    with count_statements() as counted:
        page = page_of(client.get(foot.attrs["hx-get"]))
    everything = page_of(client.get(f"{LIST}/totals"))

    assert without == []
    assert len([s for s in counted.naming("specimen_piece") if "sum(" in s.lower()]) == 1
    assert len(counted.naming("specimen_piece")) == 1
    assert page.one("th").text == "Total de 1"
    assert [td.text for td in page.all("td")] == ["", "$ 1,50"]
    assert [td.text for td in everything.all("td")] == ["", "$ 3,50"]
