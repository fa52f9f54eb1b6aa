"""Fields may be named by the entity's attributes, in values and in conditions, as by paths."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ColumnElement, or_, select

from trato.access.actor import Actor
from trato.errors import BadQuery, Invalid
from trato.host import Host
from trato.records.query import Filter, Query, Wanted
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.specimen import AnnexPiece, Grade, Loan, Piece, Shelf

DAY = dt.date(2026, 11, 20)
Expression = Callable[[], ColumnElement[bool]]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture(scope="module")
def pieces(specimen_host: Host, issue_license: LicenseIssuer) -> Company:
    """A company with three pieces, beside another that has two."""
    other = make_company(specimen_host, issue_license)
    with other.unit() as unit:
        unit.records.bulk(Piece, [{Piece.name: "Ajena", AnnexPiece.points: 7}] * 2)
    company = make_company(specimen_host, issue_license)
    rows = [
        {Piece.name: "Ánfora", Piece.grade: Grade.GOOD, Piece.found: DAY, AnnexPiece.points: 7},
        {Piece.name: "Vasija", Piece.is_rare: True, Piece.found: DAY - dt.timedelta(days=9)},
        {Piece.name: "Olla", "annex.points": 2},
    ]
    with company.unit() as unit:
        outcomes = unit.records.bulk(Piece, rows)
    assert [outcome.status for outcome in outcomes] == ["created"] * 3
    return company


def names(company: Company, *filters: Wanted, **options: Any) -> set[str]:
    with company.unit(read=True) as unit:
        page = unit.records.query(Piece, columns=[Piece.name], filters=list(filters), **options)
        assert unit.records.count_where(Piece, *filters) == len(page.rows)
        return {row["name"] for row in page.records()}


EXPRESSIONS: dict[str, tuple[Expression, set[str]]] = {
    "a day": (lambda: Piece.found < DAY, {"Vasija"}),
    "nothing": (lambda: Piece.found.is_(None), {"Olla"}),
    "a choice": (lambda: Piece.grade == Grade.GOOD, {"Ánfora"}),
    "a yes": (lambda: Piece.is_rare, {"Vasija"}),
    "an extension": (lambda: AnnexPiece.points > 5, {"Ánfora"}),
    "an extension that is not there": (lambda: AnnexPiece.points.is_(None), {"Vasija"}),
    "one of two": (lambda: or_(AnnexPiece.points == 2, Piece.found == DAY), {"Ánfora", "Olla"}),
    "a row of an extension": (lambda: AnnexPiece.id.is_not(None), {"Ánfora", "Olla"}),
    "no row of an extension": (lambda: AnnexPiece.id.is_(None), {"Vasija"}),
    "a row of an extension by its tenant": (lambda: AnnexPiece.tenant_id > 0, {"Ánfora", "Olla"}),
    "another query": (lambda: ~Piece.id.in_(select(Loan.piece_id)), {"Ánfora", "Vasija", "Olla"}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_narrow_lists_and_counts_alike(pieces: Company, name: str) -> None:
    expression, expected = EXPRESSIONS[name]

    assert names(pieces, expression()) == expected


def test_expressions_and_filters_narrow_together(pieces: Company) -> None:
    folded = Filter(path="name", op="startswith", value="anf")
    beside = Filter(path="annex.points", op="gt", value=1)

    assert names(pieces, Piece.found <= DAY, folded, beside) == {"Ánfora"}
    assert names(pieces, Piece.found <= DAY, sort=["name"]) == {"Ánfora", "Vasija"}


def test_a_cursor_goes_on_under_the_same_expression_and_no_other(pieces: Company) -> None:
    def page(day: dt.date, cursor: str | None = None) -> Any:
        with pieces.unit(read=True) as unit:
            query = Query(columns=["name"], filters=[Piece.found <= day], sort=["name"], limit=1,
                          cursor=cursor)  # fmt: skip
            return unit.records.query(Piece, query)

    first = page(DAY)
    second = page(DAY, first.next)

    assert [row["name"] for p in (first, second) for row in p.records()] == ["Ánfora", "Vasija"]
    with pytest.raises(BadQuery, match="other filters"):
        page(DAY - dt.timedelta(days=1), first.next)


def test_the_same_change_on_all_that_meet_conditions(pieces: Company) -> None:
    with pieces.unit() as unit:
        late = unit.records.update_where(Piece, Piece.found < DAY, values={Piece.place: "Cali"})
        much = unit.records.update_where(
            Piece, AnnexPiece.points > 5, Filter(path="grade", op="eq", value=Grade.GOOD),
            values={AnnexPiece.points: 8, "place": "Pasto"},
        )  # fmt: skip

    assert (late, much) == (1, 1)
    assert names(pieces, Piece.place == "Cali") == {"Vasija"}
    assert names(pieces, AnnexPiece.points == 8, Piece.place == "Pasto") == {"Ánfora"}


def test_a_record_is_made_changed_and_read_by_attributes(tenant: Company) -> None:
    with tenant.unit() as unit:
        made = unit.records.create(Piece, {Piece.name: "Vasija", AnnexPiece.points: 3})
        kept = unit.records.update(Piece, made.id, {Piece.place: "Cali"})
        (same,) = unit.records.bulk(Piece, [{Piece.name: "Olla"}], match="id", ids=[made.id])

    assert (made[Piece.name], made["annex.points"], kept.get(Piece.place)) == ("Vasija", 3, "Cali")
    assert (same.id, same.status) == (made.id, "updated")


def test_a_wrong_value_is_told_at_its_path(tenant: Company) -> None:
    with tenant.unit() as unit, pytest.raises(Invalid) as refused:
        unit.records.create(Piece, {Piece.name: "Vasija", AnnexPiece.points: "many"})

    assert list(refused.value.errors) == ["annex.points"]


@pytest.mark.parametrize("made", [list, tuple, iter])
def test_columns_and_order_are_attributes_in_any_sequence(pieces: Company, made: Any) -> None:
    with pieces.unit(read=True) as unit:
        query = Query(columns=made([Piece.name]), sort=made([Piece.name]))
        page = unit.records.query(Piece, query)

    assert (query.columns, query.sort) == (("name",), ("name",))
    assert [row["name"] for row in page.records()] == ["Ánfora", "Olla", "Vasija"]


HIDDEN: dict[str, Expression] = {
    "its column": lambda: Piece.price > 5,
    "the column that its text is compared by": lambda: Piece.place_key == "cali",
    "in an extension": lambda: AnnexPiece.points > 5,
    "the text that is searched": lambda: Piece.search_text.contains("cali"),
    "among others": lambda: or_(Piece.found < DAY, ~(Piece.price > 5)),
}
FOREIGN: dict[str, Expression] = {
    "another entity": lambda: Shelf.name == "A",
    "the id of another entity": lambda: Shelf.id.is_not(None),
}


@pytest.fixture(scope="module")
def clerk(pieces: Company) -> Actor:
    return clerk_of(pieces)


def clerk_of(company: Company) -> Actor:
    """Make somebody to whom fields are hidden."""
    return company.member_with(
        {"specimen.piece": {"view": "all", "edit": "all"}},
        fields={"specimen.piece": dict.fromkeys(("price", "place", "annex.points"), "hidden")},
    )


@pytest.mark.parametrize("name", {**HIDDEN, **FOREIGN})
def test_no_list_is_narrowed_by_a_hidden_field(pieces: Company, clerk: Actor, name: str) -> None:
    expression = {**HIDDEN, **FOREIGN}[name]()

    with pieces.unit(clerk, read=True) as unit:
        with pytest.raises(BadQuery, match="There is no field"):
            unit.records.query(Piece, filters=[expression])


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_is_counted_or_changed_by_foreign_tables(
    pieces: Company, clerk: Actor, name: str
) -> None:
    expression = FOREIGN[name]()

    with pieces.unit(clerk) as unit:
        with pytest.raises(BadQuery, match="There is no field"):
            unit.records.count_where(Piece, expression)
        with pytest.raises(BadQuery, match="There is no field"):
            unit.records.update_where(Piece, expression, values={"name": "Vasija"})


def test_a_plugins_expression_counts_and_changes_by_hidden_fields_and_no_filter_does(
    tenant: Company,
) -> None:
    clerk = clerk_of(tenant)
    with tenant.unit() as unit:
        unit.records.bulk(Piece, [{"name": "Cara", "price": "9"}, {"name": "Barata", "price": "1"}])
    filtered = Filter(path="price", op="gt", value=Decimal(5))

    with tenant.unit(clerk) as unit:
        counted = unit.records.count_where(Piece, Piece.price > 5)
        changed = unit.records.update_where(Piece, Piece.price > 5, values={Piece.code: "C"})
        for ask in (
            lambda: unit.records.count_where(Piece, filtered),
            lambda: unit.records.update_where(Piece, filtered, values={"name": "x"}),
        ):
            with pytest.raises(BadQuery, match="There is no field"):
                ask()

    assert (counted, changed) == (1, 1)


def test_a_condition_on_an_extension_that_is_not_enabled_is_refused(tenant: Company) -> None:
    tenant.disable("annex")

    with tenant.unit(read=True) as unit, pytest.raises(BadQuery, match="There is no field"):
        unit.records.count_where(Piece, AnnexPiece.id.is_(None))
