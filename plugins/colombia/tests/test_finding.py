"""A client is found by its number, with and without check digit, dots and country code."""

from __future__ import annotations

from typing import Any

import pytest

from trato.records.filters import parse_filter

CLIENT = "clients.client"


def found(work: Any, **query: Any) -> list[str]:
    page = work.records.query(CLIENT, columns=("name",), **query)
    return sorted(row[page.columns.index("name")] for row in page.rows)


def by(work: Any, path: str, value: str, op: str = "eq") -> list[str]:
    field = work.view.entity(CLIENT).fields[path]
    return found(work, filters=(parse_filter(field, op, value, actor=work.actor),))


@pytest.fixture
def portfolio(unit: Any) -> None:
    with unit() as work:
        work.records.bulk(
            CLIENT,
            [
                {"name": "Yunque", "identification": "909.214.530-9", "mobile": "310 555 1234"},
                {"name": "Ana", "kind": "person", "identification": "79.123.456-0"},
                {"name": "Otro", "identification": "909214531"},
            ],
        )


@pytest.mark.usefixtures("portfolio")
@pytest.mark.parametrize(
    "typed", ["909214530-9", "9092145309", "909.214.530-9", "909214530", "909.214.530"]
)
def test_search_and_filter_find_every_spelling_of_a_nit(unit: Any, typed: str) -> None:
    with unit(read=True) as work:
        assert found(work, search=typed) == ["Yunque"]
        assert by(work, "identification", typed) == ["Yunque"]


@pytest.mark.usefixtures("portfolio")
def test_search_finds_the_nit_of_a_person_with_its_check_digit(unit: Any) -> None:
    with unit(read=True) as work:
        assert found(work, search="79.123.456-0") == ["Ana"]
        assert found(work, search="791234560") == ["Ana"]
        assert by(work, "identification", "79.123.456-0") == ["Ana"]


@pytest.mark.usefixtures("portfolio")
def test_a_wrong_check_digit_finds_nobody(unit: Any) -> None:
    with unit(read=True) as work:
        assert found(work, search="909214530-7") == []
        assert by(work, "identification", "909214530-7") == []


@pytest.mark.usefixtures("portfolio")
def test_filters_of_several_and_of_others_know_the_spellings(unit: Any) -> None:
    with unit(read=True) as work:
        assert by(work, "identification", "9092145309,909.214.531", "in") == ["Otro", "Yunque"]
        assert by(work, "identification", "909.214.530-9", "ne") == ["Ana", "Otro"]


@pytest.mark.usefixtures("portfolio")
@pytest.mark.parametrize("typed", ["3105551234", "+57 310 555 1234", "(310) 5551234"])
def test_a_phone_is_found_with_and_without_country_code(unit: Any, typed: str) -> None:
    with unit(read=True) as work:
        assert by(work, "mobile", typed) == ["Yunque"]


@pytest.mark.usefixtures("portfolio")
def test_a_file_with_other_spellings_changes_what_is_there(unit: Any) -> None:
    rows = [
        {"identification": "9092145309", "name": "Yunque S.A.S."},
        {"identification": "909.214.530", "name": "Una vez más"},
        {"identification": "909.214.531-6", "name": "Otro S.A.S."},
    ]

    with unit() as work:
        outcomes = work.records.bulk(CLIENT, rows, match="identification")

    assert [outcome.status for outcome in outcomes] == ["updated", "refused", "updated"]
    with unit(read=True) as work:
        assert found(work) == ["Ana", "Otro S.A.S.", "Yunque S.A.S."]


def test_numbers_from_before_the_plugin_are_matched_too(unit: Any, tenant: Any) -> None:
    tenant.disable("colombia")
    with unit() as work:
        work.records.create(CLIENT, {"name": "Yunque", "identification": "909.214.530-9"})
    tenant.enable("colombia")

    with unit() as work:
        [outcome] = work.records.bulk(
            CLIENT, [{"identification": "909214530", "name": "Yunque S.A.S."}],
            match="identification",
        )  # fmt: skip
        record = work.records.get(CLIENT, outcome.id)

    assert outcome.status == "updated"
    assert (record["identification"], record["colombia.check_digit"]) == ("909214530", "9")
