"""From a record to the next one: in the order of the list that one came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from trato.host import Host
from trato.records.neighbours import neighbours
from trato.records.query import Filter, Query
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import count_statements

SignIn = Callable[..., Browser]
PIECE = "specimen.piece"
PIECES = "/specimen/pieces"
#: By one key and by several, of which price and count may be empty.
_ORDERS = (
    (), ("name",), ("-name",), ("price",), ("-price",), ("count",), ("-created_at",),
    ("-name", "price"), ("name", "-price"), ("price", "count"), ("-price", "count"),
    ("count", "-price", "name"), ("-count", "-price", "created_at"),
)  # fmt: skip


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def pieces(tenant: Company) -> list[UUID]:
    """Give pieces with equal, different and empty values."""
    rows: list[dict[str, Any]] = [
        {"name": name, "price": price, "count": count, "grade": grade}
        for name, price, count, grade in (
            ("Cóndor", "1000", 1, "good"), ("colibrí", "500", 2, "good"),
            ("Águila", None, 1, "fair"), ("Búho", "1000", None, "good"),
            ("Tucán", None, None, "good"), ("Garza", "70", 3, "poor"), ("Garza", None, 4, "good"),
        )
    ]  # fmt: skip
    with tenant.unit() as unit:
        made = [outcome.id for outcome in unit.records.bulk(PIECE, rows)]
    return [found for found in made if found is not None]


@pytest.mark.parametrize("search", ["", "gar"])
@pytest.mark.parametrize("filters", [(), (Filter(path="grade", op="eq", value="good"),)])
def test_walk_through_a_list_leads_from_end_to_end_and_back(
    tenant: Company, pieces: list[UUID], search: str, filters: tuple[Filter, ...]
) -> None:
    with tenant.unit(read=True) as unit:
        entity = unit.view.entities[PIECE]
        for sort in _ORDERS:
            query = Query(sort=sort, filters=filters, search=search)
            listed = [row[0] for row in unit.records.query(PIECE, query).rows]

            found = [
                tuple(one and one.id for one in neighbours(unit, entity, record, query))
                for record in listed
            ]

            assert found == list(zip([None, *listed], [*listed[1:], None], strict=False)), sort


def test_record_that_left_the_list_still_leads_on(tenant: Company, pieces: list[UUID]) -> None:
    good = Query(sort=("name",), filters=(Filter(path="grade", op="eq", value="good"),))
    with tenant.unit(read=True) as unit:
        before, after = neighbours(unit, unit.view.entities[PIECE], pieces[2], good)

    # Águila is fair; Búho is the first of the good ones.
    assert before is None
    assert after is not None
    assert after.label == "Búho"


def test_neighbours_are_those_one_may_see(tenant: Company, pieces: list[UUID]) -> None:
    seller = tenant.member_with({PIECE: {"view": "own"}})
    with tenant.unit() as unit:
        for record in pieces[:2]:
            unit.records.update(PIECE, record, {"owner_id": str(seller.member_id)})

    with tenant.unit(seller, read=True) as unit:
        found = neighbours(unit, unit.view.entities[PIECE], pieces[0], Query(sort=("name",)))

    assert [one and one.id for one in found] == [pieces[1], None]


def test_statements_stay_few_however_long_the_list(tenant: Company, pieces: list[UUID]) -> None:
    counts = []
    for rows in ([], [{"name": f"Pieza {number}"} for number in range(60)]):
        with tenant.unit() as unit:
            unit.records.bulk(PIECE, rows)
        with tenant.unit(read=True) as unit, count_statements(tenant.host.engine) as counted:
            neighbours(unit, unit.view.entities[PIECE], pieces[0], Query(sort=("price",)))
            counts.append(len(counted))

    assert counts[0] == counts[1] <= 6


def beside(client: Browser, url: str, **headers: str) -> list[str]:
    page = page_of(client.get(url, headers=headers))
    navs = page.all("nav", "t-beside")
    return [link.attrs["href"] for link in navs[0].all("a")] if navs else []


def test_page_leads_on_through_the_list_one_came_from(client: Browser, pieces: list[UUID]) -> None:
    condor, buho = f"{PIECES}/{pieces[0]}", f"{PIECES}/{pieces[3]}"
    referrer = f"http://localhost{PIECES}?grade=good&sort=-name&cursor=abc"

    first = beside(client, condor, Referer=referrer)
    second = beside(client, first[1])
    elsewhere = beside(client, condor)

    assert first == [
        f"{PIECES}/{pieces[6]}?in=grade%3Dgood%26sort%3D-name",
        f"{PIECES}/{pieces[1]}?in=grade%3Dgood%26sort%3D-name",
    ]
    assert second[1].startswith(buho)
    assert elsewhere == []


def test_crumb_leads_back_to_the_list_one_came_from(client: Browser, pieces: list[UUID]) -> None:
    url = f"{PIECES}/{pieces[0]}"
    query = "grade=good&sort=-name"

    def crumb(address: str, **headers: str) -> str:
        way = page_of(client.get(address, headers=headers)).one("nav", "t-crumbs")
        return next(a.attrs["href"] for a in way.all("a") if a.attrs["href"].startswith(PIECES))

    assert crumb(url) == PIECES
    assert crumb(url, Referer=f"http://localhost{PIECES}?{query}&cursor=abc") == f"{PIECES}?{query}"
    assert crumb(f"{url}/edit") == f"{PIECES}?{query}"


def test_way_back_from_the_form_knows_the_list(client: Browser, pieces: list[UUID]) -> None:
    url = f"{PIECES}/{pieces[0]}"
    from_form = {"Referer": f"http://localhost{url}/edit"}

    unknown = beside(client, url, **from_form)
    client.get(f"{url}?in=sort%3Dname")
    known = beside(client, url, **from_form)

    client.post("/logout")
    assert client.get_cookie("trato_list") is None
    assert unknown == []
    assert [link.partition("?")[2] for link in known] == ["in=sort%3Dname"] * 2


@pytest.mark.parametrize("query", ["sort=nada", "quien=yo", "%zz" * 900])
def test_list_that_makes_no_sense_leads_nowhere(
    client: Browser, pieces: list[UUID], query: str
) -> None:
    answer = client.get(f"{PIECES}/{pieces[0]}", query_string={"in": query})

    assert answer.status_code == 200
    assert page_of(answer).all("nav", "t-beside") == []
