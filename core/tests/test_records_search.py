"""Search finds the records whose words contain what was typed, rare or common."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import repeat
from typing import Any
from uuid import UUID

import pytest

from trato.entities.fold import fold_code, words
from trato.host import Host
from trato.records import reading, search
from trato.records.query import Filter, Query
from trato.records.unit import Unit
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.specimen_data import fill, read_all
from trato.testing.statements import count_statements

PIECE = "specimen.piece"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def collection(specimen_host: Host, issue_license: LicenseIssuer) -> Company:
    company = make_company(specimen_host, issue_license)
    company.custom_field(PIECE, "nick", "text", searchable=True)
    fill(company, 120, seed=11)
    with company.unit() as unit:
        unit.records.create(PIECE, {"name": "Loro", "custom.nick": "Periquín", "tags": ["VIP"]})
        unit.records.create(PIECE, {"name": "Serie", "code": "AB-1 23"})
    return company


@pytest.fixture(scope="module")
def rows(collection: Company) -> list[Row]:
    with collection.unit(read=True) as unit:
        return read_all(unit)


@pytest.fixture
def unit(collection: Company) -> Iterator[Unit]:
    with collection.unit(read=True) as unit:
        yield unit


def found(unit: Unit, typed: str, **options: Any) -> list[UUID]:
    ids: list[UUID] = []
    cursor = None
    while True:
        page = unit.records.query(
            PIECE, Query(columns=("id",), search=typed, cursor=cursor, **{"limit": 500, **options})
        )
        ids += [row[0] for row in page.rows]
        cursor = page.next
        if cursor is None:
            return ids


def expected(unit: Unit, rows: list[Row], typed: str) -> set[UUID]:
    """Say what a search means, in Python: every word typed is in, or begins, a record's word."""
    searchable = unit.view.entity(PIECE).searchable

    def hit(row: dict[str, Any]) -> bool:
        texts = [
            text
            for field in searchable
            for value in (row[field.path],)
            for text in (value if isinstance(value, list) else [value])
            if text
        ]
        # A code is compared without what stands between its letters and digits.
        texts += [fold_code(row[f.path]) for f in searchable if f.fold == "code" and row[f.path]]
        known = {word for text in texts for word in words(text)}
        return all(
            any(term in word if len(term) > 2 else word.startswith(term) for word in known)
            for term in words(typed)[: search.MAX_TERMS]
        )

    return {row["id"] for row in rows if hit(row)}


TYPED = [
    "alvaro", "ÁLVARO", "núñez álvaro", "alv nun", "zeta", "zet", "ze", "z", "sas", "S.A.S.",
    "ñandu", "Ñ", "909.214.530-9", "909214530", "9092", "214", "D1", "3m", "D", "medellín zeta",
    "100 lana", "100%", "a_b", "a\\b", '"yunque"', "o'higgins", "asterisco *", "near or and",
    "NEAR(zeta, 1)", "zeta OR lana", "zeta NOT lana", "zet*", "name:zeta", "^zeta", "-zeta",
    "peña (norte)", "müller & söhne", "straße", "istanbul", "finca", "periquin", "vip loro",
    "ana@x.co", "x.co", "300 123", "3001234567", "ningunapalabraasi", "C-0007", "c0007",
    "zeta zeta ZETA", "  zeta   lana  ", "; drop table core_tenant", "%' or 1=1 --", "{zeta}",
]  # fmt: skip


@pytest.mark.parametrize("typed", TYPED)
def test_search_finds_what_python_finds(unit: Unit, rows: list[Row], typed: str) -> None:
    ids = found(unit, typed)

    assert len(ids) == len(set(ids))
    assert set(ids) == expected(unit, rows, typed)


def test_the_tried_searches_find_something_and_not_everything(unit: Unit, rows: list[Row]) -> None:
    whole = len(rows)
    sizes = [len(expected(unit, rows, typed)) for typed in TYPED]

    assert sum(0 < size < whole for size in sizes) > 35


@pytest.mark.parametrize("typed", ["¡!", "´", "()", "...", "* % _", '"', "\x00", "中文"])
def test_what_has_no_letter_to_look_for_finds_nothing(unit: Unit, typed: str) -> None:
    page = unit.records.query(PIECE, search=typed, count=True)

    assert (page.rows, page.total, page.next) == ([], 0, None)


def test_blanks_are_no_search(unit: Unit, rows: list[Row]) -> None:
    assert set(found(unit, "  \t ")) == {row["id"] for row in rows}


@pytest.mark.parametrize(
    "typed", ["ab-1", "AB-123", "ab 1 23", "ab123", "ab1 23", "AB-1 23", "b123", "b-12", "ab"]
)
def test_a_code_is_found_as_it_is_written_and_as_it_is_compared(
    unit: Unit, collection: Company, typed: str
) -> None:
    ids = found(unit, typed)

    assert [row.get("code") for row in map(unit.records.get, repeat(PIECE), ids)] == ["AB-1 23"]


def test_a_search_follows_what_is_written(
    specimen_host: Host, issue_license: LicenseIssuer
) -> None:
    company = make_company(specimen_host, issue_license)
    with company.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "Cántaro", "annex.origin": "Ráquira"}).id
        assert found(unit, "cantaro raqui") == [piece]

        unit.records.update(PIECE, piece, {"name": "Olla"})
        assert found(unit, "cantaro") == []
        assert found(unit, "olla raquira") == [piece]

        unit.records.update(PIECE, piece, {"annex.origin": None, "tags": ["Barro"]})
        assert found(unit, "raquira") == []
        assert found(unit, "barro") == [piece]

        unit.records.archive(PIECE, piece)
        assert found(unit, "olla") == []
        assert found(unit, "olla", archived=True) == [piece]

        unit.records.restore(PIECE, piece)
        assert found(unit, "olla") == [piece]


def test_search_filters_and_order_hold_together(unit: Unit, rows: list[Row]) -> None:
    by_id = {row["id"]: row for row in rows}
    wanted = Filter(path="grade", op="ne", value="fair")

    ids = found(unit, "lana", filters=(wanted,), sort=("-count",), limit=3)

    assert set(ids) == {i for i in expected(unit, rows, "lana") if by_id[i]["grade"] != "fair"}
    counts = [by_id[i]["count"] for i in ids]
    known = [count for count in counts if count is not None]
    assert known == sorted(known, reverse=True)
    assert counts == known + [None] * (len(counts) - len(known))


def test_hostile_searches_of_every_length_answer(unit: Unit, rows: list[Row]) -> None:
    draw = random.Random(5)  # noqa: S311 - test data
    letters = "abñÑ%_\\\"'*^:(){}[]-+|&<>=;,.~`#@!? \t\n0159中😀"
    for _turn in range(150):
        typed = "".join(draw.choice(letters) for _ in range(draw.randint(1, 30)))
        assert set(found(unit, typed)) == (
            expected(unit, rows, typed) if words(typed) else
            {row["id"] for row in rows} if not typed.strip() else set()
        ), typed  # fmt: skip


def test_only_eight_words_are_looked_for(unit: Unit) -> None:
    eight = " ".join(f"word{number}" for number in range(8))

    assert search.terms(f"{eight} more words") == eight.split()


# --- a common term: more records contain it than are collected -----------------------------------

COUNT = 1_300


@pytest.fixture(scope="module")
def crowd(specimen_host: Host, issue_license: LicenseIssuer) -> tuple[Company, list[Any]]:
    """Make so many records with a word in common that the read path walks the order."""
    company = make_company(specimen_host, issue_license)
    draw = random.Random(2)  # noqa: S311 - test data
    rows: list[dict[str, Any]] = []
    for number in range(COUNT):
        common = "común" if number % 13 else "otro"
        rows.append(
            {
                "name": f"{draw.choice('ABCDE')} {common} {draw.randint(0, 40)}",
                "count": None if number % 3 == 0 else draw.randint(0, 9),
                "grade": draw.choice(("poor", "fair", "good")),
            }
        )
    with company.unit() as unit:
        outcomes = unit.records.bulk(PIECE, rows)
        made = [{"id": outcome.id, **row} for outcome, row in zip(outcomes, rows, strict=True)]
        for row in made[:60:7]:
            unit.records.archive(PIECE, row["id"])
            row["archived"] = True
    return company, made


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the crowd has in common be too many on both databases."""
    monkeypatch.setitem(search.FEW, "postgresql", search.MANY)


@pytest.fixture(params=[(reading.STEP, reading.KEYS), (97, reading.KEYS), (97, 0)],
                ids=["near", "by keys", "far"])  # fmt: skip
def step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find a common term in the first step, by the keys, and in many steps."""
    step, keys = request.param
    monkeypatch.setattr(reading, "STEP", step)
    monkeypatch.setattr(reading, "KEYS", keys)


@pytest.mark.parametrize("sort", [("name",), ("-count", "name"), ("count",), ("-created_at",)])
def test_a_common_term_is_paged_whole_and_in_order(
    crowd: tuple[Company, list[Any]], step: None, sort: tuple[str, ...]
) -> None:
    company, made = crowd
    hits = [row for row in made if "común" in row["name"] and "archived" not in row]

    with company.unit(read=True) as unit:
        ids = found(unit, "comun", sort=sort, limit=83)
        back = found(unit, "comun", sort=sort, limit=83, backward=True)

    assert back == ids[::-1]
    assert len(hits) > search.MANY
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for row in hits}
    by_id = {row["id"]: row for row in hits}
    if sort == ("name",):
        names = [by_id[i]["name"].replace("ú", "u").lower() for i in ids]
        assert names == sorted(names)
    if "count" in sort[0]:
        counts = [by_id[i]["count"] for i in ids]
        known = [count for count in counts if count is not None]
        assert known == sorted(known, reverse=sort[0].startswith("-"))
        assert all(count is None for count in counts[len(known) :])


def test_a_common_term_with_filters_is_exact(crowd: tuple[Company, list[Any]], step: None) -> None:
    company, made = crowd
    wanted = (
        Filter(path="grade", op="eq", value="good"), Filter(path="count", op="gte", value=5),
    )  # fmt: skip

    with company.unit(read=True) as unit:
        ids = found(unit, "comun", filters=wanted, sort=("name",), limit=20)
        total = unit.records.query(PIECE, search="comun", filters=wanted, count=True).total

    assert set(ids) == {
        row["id"] for row in made
        if "común" in row["name"] and row["grade"] == "good" and (row["count"] or 0) >= 5
        and "archived" not in row
    }  # fmt: skip
    assert total == len(ids)


def test_a_common_and_a_rare_term_together_are_rare(
    crowd: tuple[Company, list[Any]], specimen_host: Host
) -> None:
    company, made = crowd
    # The digit begins a word, so 7 alone: the other numbers from 0 to 40 begin with other ones.
    hits = {row["id"] for row in made if row["name"] == "A común 7" and "archived" not in row}

    with company.unit(read=True) as unit, count_statements(specimen_host.engine) as counted:
        ids = unit.records.query(PIECE, search="común a 7", sort=("name",), limit=500).rows

    assert hits
    assert {row[0] for row in ids} == hits
    assert len(counted) == 1


def test_a_common_term_costs_a_bounded_number_of_statements(
    crowd: tuple[Company, list[Any]], specimen_host: Host
) -> None:
    company, _made = crowd

    with company.unit(read=True) as unit, count_statements(specimen_host.engine) as counted:
        page = unit.records.query(PIECE, search="comun", sort=("name",), limit=50)

    assert len(page.rows) == 50
    assert len(counted) == 4


def test_a_common_term_of_another_tenant_is_nobody_elses(
    crowd: tuple[Company, list[Any]], specimen_host: Host, issue_license: LicenseIssuer
) -> None:
    other = make_company(specimen_host, issue_license)
    with other.unit() as unit:
        mine = unit.records.create(PIECE, {"name": "Común también aquí"}).id
        assert found(unit, "comun") == [mine]
