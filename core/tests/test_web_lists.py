"""Lists: search, order, pages that follow each other, the recycle bin, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.web.lists import PAGE_SIZE

LIST = "/specimen/pieces"
PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def make(tenant: Company) -> Callable[..., Record]:
    def made(name: str, **values: Any) -> Record:
        with tenant.unit() as unit:
            return unit.records.create(PIECE, {"name": name, **values})

    return made


def names(page: Page) -> list[str]:
    """Give the names of a list's rows, without their initials."""
    return [row.one("a", href=row.all("a")[0].attrs["href"]).text
            for row in (tr.one("th", "t-name") for tr in page.all("tr", "t-row"))]  # fmt: skip


# --- search --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cafe", ["Café de Córdoba"]),
        ("CÓRDOBA cafe", ["Café de Córdoba"]),
        ("co", ["Café de Córdoba", "Cobre"]),
        ("nada", []),
        ("900.123", ["Cobre"]),
        ("%", []),
        ("&", []),
    ],
)
def test_search_finds_words_in_any_order_and_spelling(
    client: Browser, make: Callable[..., Record], words: str, found: list[str]
) -> None:
    make("Café de Córdoba")
    make("Cobre", code="900123")
    make("Zinc")

    page = page_of(client.get(LIST, query_string={"q": words}))

    assert names(page) == found
    assert page.one("input", id="t-search").attrs["value"] == words
    assert page.one(id="t-count").text == str(len(found))


def test_search_keeps_filters_and_order(client: Browser, make: Callable[..., Record]) -> None:
    for name, grade in (("Cobre A", "good"), ("Cobre B", "poor"), ("Cobre C", "good")):
        make(name, grade=grade)

    page = page_of(client.get(f"{LIST}?grade=good&sort=-name"))
    sent = page.form(LIST)
    answer = page_of(client.get(LIST, query_string={**sent, "q": "cobre"}))

    assert sent == {"grade": ["good"], "sort": ["-name"], "q": [""]}
    assert names(answer) == ["Cobre C", "Cobre A"]


# --- order ---------------------------------------------------------------------------------------


def test_heading_sorts_one_way_and_then_the_other(
    client: Browser, make: Callable[..., Record]
) -> None:
    for name in ("Ñame", "Nube", "árbol", "Zinc", "Oro"):
        make(name)

    first = page_of(client.get(LIST))
    heading = first.all("th", scope="col")[0]
    second = page_of(client.get(heading.one("a").attrs["href"]))
    again = second.all("th", scope="col")[0]

    assert heading.attrs["aria-sort"] == "ascending"
    assert names(first) == ["árbol", "Ñame", "Nube", "Oro", "Zinc"]
    assert again.attrs["aria-sort"] == "descending"
    assert names(second) == names(first)[::-1]


def test_column_without_an_index_offers_no_order(
    client: Browser, make: Callable[..., Record]
) -> None:
    make("Cobre")

    shelf = page_of(client.get(LIST)).all("th", scope="col")[3]

    assert shelf.text == "Shelf"
    assert shelf.all("a") == []


# --- pages ---------------------------------------------------------------------------------------


def rows_by_following(client: Browser, address: str) -> list[str]:
    """Read a list as one does who scrolls to its end."""
    found: list[str] = []
    page = page_of(client.get(address))
    while True:
        found += [tr.one("th", "t-name").one("a").attrs["href"] for tr in page.all("tr", "t-row")]
        more = page.all("tr", "t-more")
        if not more:
            return found
        answer = client.get(
            more[0].attrs["hx-get"], headers={"HX-Request": "true", "HX-Target": "t-more"}
        )
        assert "<html" not in answer.text
        page = page_of(answer)


@pytest.mark.parametrize(
    "query", ["", "sort=-name", "sort=grade,-name", "sort=-price", "q=pieza", "grade=good"]
)
def test_pages_follow_each_other_without_gap_or_double(
    client: Browser, tenant: Company, query: str
) -> None:
    rows = [
        {"name": f"Pieza {n % 40}", "grade": ("good", "poor")[n % 2],
         "price": None if n % 3 else str(n % 7)}
        for n in range(PAGE_SIZE * 2 + 11)
    ]  # fmt: skip
    with tenant.unit() as unit:
        unit.records.bulk(PIECE, rows)

    found = rows_by_following(client, f"{LIST}?{query}")

    expected = sum(row["grade"] == "good" for row in rows) if "grade=" in query else len(rows)
    assert len(found) == len(set(found)) == expected


def test_next_page_keeps_its_place_when_rows_come_and_go(
    client: Browser, tenant: Company, make: Callable[..., Record]
) -> None:
    with tenant.unit() as unit:
        made = unit.records.bulk(PIECE, [{"name": f"P {n:03}"} for n in range(PAGE_SIZE + 5)])
    first = page_of(client.get(LIST))
    make("A la cabeza")
    with tenant.unit() as unit:
        unit.records.archive(PIECE, made[3].id)

    rest = page_of(client.get(first.one("tr", "t-more").attrs["hx-get"]))

    assert names(rest) == [f"P {n:03}" for n in range(PAGE_SIZE, PAGE_SIZE + 5)]


def test_next_page_works_as_a_link_too(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.bulk(PIECE, [{"name": f"P {n:03}"} for n in range(PAGE_SIZE + 1)])

    first = page_of(client.get(LIST))
    whole = page_of(client.get(first.one("tr", "t-more").one("a").attrs["href"]))

    assert whole.one("html").attrs["lang"] == "es"
    assert names(whole) == [f"P {PAGE_SIZE:03}"]


def test_place_of_one_list_is_refused_by_another(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.bulk(PIECE, [{"name": f"P {n:03}"} for n in range(PAGE_SIZE + 1)])
    cursor = page_of(client.get(LIST)).one("tr", "t-more").attrs["hx-get"].partition("cursor=")[2]

    answer = client.get(f"{LIST}?sort=-name&cursor={cursor}")

    assert answer.status_code == 400


# --- empty, bin ----------------------------------------------------------------------------------


def test_list_that_never_had_a_record_explains_itself(client: Browser) -> None:
    page = page_of(client.get(LIST))
    empty = page.one("div", "t-empty")

    assert empty.one("h2").text == "Todavía no hay pieces"
    assert empty.one("a", "btn-primary").attrs["href"] == f"{LIST}/new"
    assert page.all("form", "t-search") == []


def test_search_without_result_offers_the_way_back(
    client: Browser, make: Callable[..., Record]
) -> None:
    make("Cobre")

    page = page_of(client.get(f"{LIST}?q=plata&grade=good"))

    assert page.one("div", "t-empty").one("h2").text == "Sin resultados"
    assert page.one("div", "t-empty").one("a").attrs["href"] == LIST


def test_bin_shows_what_was_archived_and_nothing_else(
    client: Browser, tenant: Company, make: Callable[..., Record]
) -> None:
    gone, _stays = make("Cobre"), make("Zinc")
    with tenant.unit() as unit:
        unit.records.archive(PIECE, gone.id)

    listed = page_of(client.get(LIST))
    bin_url = next(a.attrs["href"] for a in listed.all("a") if a.text == "Papelera")
    in_bin = page_of(client.get(bin_url))

    assert names(listed) == ["Zinc"]
    assert names(in_bin) == ["Cobre"]
    assert in_bin.title == "Papelera"
    assert [a for a in in_bin.all("a") if a.attrs.get("href") == f"{LIST}/new"] == []
    assert in_bin.form(LIST)["bin"] == ["1"]


def test_empty_bin_says_so(client: Browser, make: Callable[..., Record]) -> None:
    make("Cobre")

    page = page_of(client.get(f"{LIST}?bin=1"))

    assert page.one("div", "t-empty").one("h2").text == "La papelera está vacía"


# --- addresses that cannot be understood ---------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("gradde=good", "«gradde»"),
        ("gradde=good", "¿Quiso decir «grade»?"),
        ("grade__like=good", "«like»"),
        ("grade=excellent", "«excellent»"),
        ("price__gt=mucho", "«mucho»"),
        ("found=22/11/2026", "«22/11/2026»"),
        ("sort=essay", "essay"),
        ("cursor=zzz", ""),
        ("shelf_id=x", "«x»"),
        ("tenant_id=1", "«tenant_id»"),
    ],
)
def test_address_that_means_nothing_is_refused_in_words(
    client: Browser, query: str, said: str
) -> None:
    answer = client.get(f"{LIST}?{query}")
    page = page_of(answer)

    assert answer.status_code == 400
    assert page.title == "No se entiende la dirección o el formulario"
    assert said in page.text


@pytest.mark.parametrize("typed", ["%00", "a%00b", "%ED%A0%80", "%FF", "%F0%9F%A6%9C" * 300])
def test_what_is_no_text_is_searched_without_harm(client: Browser, typed: str) -> None:
    assert client.get(f"{LIST}?q={typed}").status_code == 200
