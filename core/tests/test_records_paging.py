"""Pages of any order, under any filter, are the whole in order: no gap, no double."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from trato.access.actor import Actor
from trato.entities.fields import Field
from trato.entities.fold import FOLDS
from trato.errors import BadQuery
from trato.host import Host
from trato.records.query import Filter, Query
from trato.records.unit import Unit
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.specimen_data import add_custom_fields, fill, read_all
from trato.testing.statements import count_statements

PIECE = "specimen.piece"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def collection(specimen_host: Host, issue_license: LicenseIssuer) -> Company:
    company = make_company(specimen_host, issue_license)
    add_custom_fields(company)
    fill(company, 160)
    return company


@pytest.fixture(scope="module")
def rows(collection: Company) -> list[Row]:
    with collection.unit(read=True) as unit:
        return read_all(unit)


@pytest.fixture
def unit(collection: Company) -> Iterator[Unit]:
    with collection.unit(read=True) as unit:
        yield unit


def order_key(field: Field, value: Any) -> Any:
    if value is None or field.path == "id":
        return value
    if field.fold:
        return FOLDS[field.fold](value)[:500] or None
    return value


def in_order(
    rows: list[dict[str, Any]], fields: dict[str, Field], sort: tuple[str, ...]
) -> list[UUID]:
    """Sort in Python: empty values last both ways, then by id in the direction of the first key."""
    ordered = sorted(rows, key=lambda row: row["id"], reverse=sort[0].startswith("-"))
    for part in reversed(sort):
        path = part.removeprefix("-")
        keyed = [(order_key(fields[path], row[path]), row) for row in ordered]
        known = [pair for pair in keyed if pair[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=part.startswith("-"))
        ordered = [row for _key, row in known] + [row for key, row in keyed if key is None]
    return [row["id"] for row in ordered]


def all_pages(unit: Unit, limit: int, **options: Any) -> list[UUID]:
    found: list[UUID] = []
    cursor = None
    for _page in range(1000):
        page = unit.records.query(
            PIECE, Query(columns=("id",), limit=limit, cursor=cursor, **options)
        )
        assert len(page.rows) <= limit
        found += [row[0] for row in page.rows]
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.rows) == limit
    raise AssertionError("the pages never end")


FILTERS: list[tuple[Filter, Any]] = [
    (Filter(path="grade", op="ne", value="fair"), lambda r: r["grade"] != "fair"),
    (Filter(path="count", op="gte", value=0),
     lambda r: r["count"] is not None and r["count"] >= 0),
    (Filter(path="place", op="isnull", value=False), lambda r: r["place"] is not None),
    (Filter(path="annex.points", op="gt", value=0),
     lambda r: r["annex.points"] is not None and r["annex.points"] > 0),
    (Filter(path="custom.level", op="in", value=[0, 1]), lambda r: r["custom.level"] in (0, 1)),
    (Filter(path="custom.remark", op="isnull", value=True),
     lambda r: r["custom.remark"] is None),
]  # fmt: skip


def sortable(unit: Unit) -> dict[str, Field]:
    fields = unit.view.entity(PIECE).fields
    identifier = Field(path="id", label="Id", kind="ref")
    return {path: f for path, f in fields.items() if f.sortable} | {"id": identifier}


def test_every_kind_of_indexed_field_is_sortable(unit: Unit) -> None:
    sources = {field.source for field in sortable(unit).values()}
    kinds = {field.kind for field in sortable(unit).values()}

    assert sources == {"native", "extension", "custom"}
    assert kinds >= {"text", "email", "phone", "integer", "decimal", "money", "date", "moment",
                     "choice", "boolean", "ref"}  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_pages_are_the_whole_in_order(unit: Unit, rows: list[Row], seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - test data
    fields = sortable(unit)
    paths = draw.sample(sorted(fields), draw.randint(1, 3))
    sort = tuple(draw.choice(("", "-")) + path for path in paths)
    filters = draw.sample(FILTERS, draw.randint(0, 2))
    rows = [row for row in rows if all(keep(row) for _filter, keep in filters)]
    limit = draw.randint(1, 40)

    wanted: dict[str, Any] = {"sort": sort, "filters": tuple(f for f, _keep in filters)}

    found = all_pages(unit, limit, **wanted)
    back = all_pages(unit, limit, backward=True, **wanted)

    assert found == in_order(rows, fields, sort), (sort, limit)
    assert back == found[::-1], (sort, limit)


def test_each_sortable_field_pages_both_ways(unit: Unit, rows: list[Row]) -> None:
    fields = sortable(unit)

    for path in fields:
        for sort in ((path,), (f"-{path}",)):
            assert all_pages(unit, 7, sort=sort) == in_order(rows, fields, sort), sort


def test_the_bin_pages_like_the_living(unit: Unit) -> None:
    rows, fields = read_all(unit, archived=True), sortable(unit)
    sort = ("-annex.points", "custom.zone", "name")

    assert len(rows) >= 10
    assert all_pages(unit, 3, sort=sort, archived=True) == in_order(rows, fields, sort)


def test_without_a_sort_the_newest_come_first(unit: Unit, rows: list[Row]) -> None:
    assert all_pages(unit, 9) == in_order(rows, sortable(unit), ("-created_at",))


def test_the_count_is_of_what_the_filters_leave(unit: Unit, rows: list[Row]) -> None:
    for wanted, keep in FILTERS:
        page = unit.records.query(PIECE, filters=(wanted,), limit=1, count=True)

        assert page.total == len([row for row in rows if keep(row)]), wanted


def test_a_page_costs_at_most_two_statements(collection: Company, specimen_host: Host) -> None:
    with collection.unit(read=True) as unit:
        for path in sortable(unit):
            sort = (f"-{path}", "grade" if path != "grade" else "name")
            with count_statements(specimen_host.engine) as counted:
                unit.records.query(PIECE, sort=sort, limit=500)
            assert len(counted) <= 2, counted.texts


def test_a_record_made_between_two_pages_is_no_double(
    collection: Company, specimen_host: Host, issue_license: LicenseIssuer
) -> None:
    company = make_company(specimen_host, issue_license)
    with company.unit() as unit:
        for number in range(6):
            unit.records.create(PIECE, {"name": f"P {number}", "count": number})
        first = unit.records.query(PIECE, sort=("count",), limit=3, columns=("name",))
        unit.records.create(PIECE, {"name": "vor", "count": 0})
        unit.records.create(PIECE, {"name": "nach", "count": 9})

        second = unit.records.query(
            PIECE, sort=("count",), limit=3, columns=("name",), cursor=first.next
        )

    assert [row[2] for row in first.rows] == ["P 0", "P 1", "P 2"]
    assert [row[2] for row in second.rows] == ["P 3", "P 4", "P 5"]


def test_a_record_that_vanishes_between_two_pages_leaves_no_gap(
    specimen_host: Host, issue_license: LicenseIssuer
) -> None:
    company = make_company(specimen_host, issue_license)
    with company.unit() as unit:
        ids = [unit.records.create(PIECE, {"name": "igual"}).id for _ in range(6)]
        first = unit.records.query(PIECE, sort=("name",), limit=3)
        unit.records.archive(PIECE, ids[2])

        second = unit.records.query(PIECE, sort=("name",), limit=3, cursor=first.next)

    assert [row[0] for row in second.rows] == ids[3:]


@pytest.mark.parametrize(
    "broken",
    ["", "x", "####", "bnVsbA", "WyJhIl0", "W10", "e30", "WzEsMl0", "A" * 5000, "\N{SNOWMAN}"],
)
def test_a_cursor_that_is_none_of_ours_is_refused(unit: Unit, broken: str) -> None:
    with pytest.raises(BadQuery, match=r"The cursor cannot be read|belongs to other filters"):
        unit.records.query(PIECE, sort=("name",), cursor=broken)


def test_a_cursor_belongs_to_its_query(unit: Unit) -> None:
    cursor = unit.records.query(PIECE, sort=("name",), limit=5).next
    assert cursor is not None
    others: list[dict[str, Any]] = [
        {"sort": ("-name",), "limit": 5}, {"sort": ("name",), "limit": 6},
        {"sort": ("name",), "limit": 5, "search": "zeta"},
        {"sort": ("name",), "limit": 5, "archived": True},
        {"sort": ("name",), "limit": 5, "filters": (FILTERS[0][0],)},
    ]  # fmt: skip

    for other in others:
        with pytest.raises(BadQuery, match="belongs to other filters or another order"):
            unit.records.query(PIECE, cursor=cursor, **other)


def test_a_cursor_whose_values_were_changed_is_refused_or_harmless(unit: Unit) -> None:
    """Nobody can make the read path fail with anything but its own refusal."""
    hostile: list[Any] = [
        None, 1, -1, 2**70, 1.5, "x", "", True, [], {}, "9" * 400, "2026-01-01", "NaN", "\x00",
    ]  # fmt: skip
    tried = refused = 0
    for path in sortable(unit):
        page = unit.records.query(PIECE, sort=(path,), limit=2)
        assert page.next is not None
        bound_to, values = orjson.loads(
            base64.urlsafe_b64decode(page.next + "=" * (-len(page.next) % 4))
        )
        for place, value in itertools.product(range(len(values)), hostile):
            changed = [*values[:place], value, *values[place + 1 :]]
            cursor = base64.urlsafe_b64encode(json.dumps([bound_to, changed]).encode()).decode()
            tried += 1
            with contextlib.suppress(BadQuery):
                unit.records.query(PIECE, sort=(path,), limit=2, cursor=cursor)
                continue
            refused += 1

    assert tried > 500
    assert refused > tried / 2


def test_sorting_is_offered_on_indexed_fields_only(unit: Unit) -> None:
    for path in ("plain", "website", "is_rare", "tags", "shelf_id", "custom.remark"):
        with pytest.raises(BadQuery, match=f"cannot be sorted by '{path}', which has no index"):
            unit.records.query(PIECE, sort=(path,))


def test_wrong_orders_are_refused_with_what_would_do(unit: Unit, collection: Company) -> None:
    with pytest.raises(BadQuery, match=r"no field 'nane'. Did you mean 'name'\?"):
        unit.records.query(PIECE, sort=("nane",))
    with pytest.raises(BadQuery, match="'name' stands twice"):
        unit.records.query(PIECE, sort=("name", "-name"))
    with pytest.raises(BadQuery, match="At most 3 fields"):
        unit.records.query(PIECE, sort=("name", "code", "place", "count"))


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_between_one_and_500_rows(unit: Unit, limit: int) -> None:
    with pytest.raises(BadQuery, match="between 1 and 500 rows"):
        unit.records.query(PIECE, limit=limit)


def test_hidden_fields_cannot_be_asked_for(collection: Company) -> None:
    hidden = {PIECE: {path: "hidden" for path in ("name", "annex.points", "custom.level")}}
    actor: Actor = collection.member_with({"*": {"view": "all"}}, fields=hidden)

    with collection.unit(actor, read=True) as unit:
        for path in hidden[PIECE]:
            for query in (
                Query(sort=(path,)), Query(columns=(path,)),
                Query(filters=(Filter(path=path, op="isnull", value=False),)),
            ):  # fmt: skip
                with pytest.raises(BadQuery, match=f"There is no field '{path}'"):
                    unit.records.query(PIECE, query)
        page = unit.records.query(PIECE, limit=1)
    assert not set(hidden[PIECE]) & set(page.columns)
