"""Every operator of every kind of field finds just what Python finds in the same records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from trato.access.actor import Actor
from trato.entities.fields import LIST_KINDS, TEXT_KINDS, Field
from trato.entities.fold import FOLDS, fold
from trato.errors import BadQuery
from trato.host import Host
from trato.records.filters import operators, parse_filter
from trato.records.query import OPS, Filter
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
    fill(company, 140, seed=7)
    return company


@pytest.fixture(scope="module")
def rows(collection: Company) -> list[Row]:
    with collection.unit(read=True) as unit:
        return read_all(unit)


@pytest.fixture
def unit(collection: Company) -> Iterator[Unit]:
    with collection.unit(read=True) as unit:
        yield unit


def compared(field: Field) -> Callable[[Any], Any]:
    """Give the form in which values of a field are ordered and, but for plain text, equal."""
    if field.kind in LIST_KINDS:
        return fold if field.kind == "tags" else str
    return FOLDS[field.fold] if field.fold and is_folded(field) else lambda value: value


def is_folded(field: Field) -> bool:
    """Tell whether a folded form of the field is kept: own fields only with an index have one."""
    return bool(field.fold) and (field.source != "custom" or field.indexed)


def matches(field: Field, op: str, wanted: Any, value: Any) -> bool:
    """Say what a filter means, in Python."""
    if op == "isnull":
        return (value is None) == wanted
    if value is None:
        return op == "ne"
    form = compared(field)
    if field.kind in LIST_KINDS:
        items = {form(item) for item in value}
        hit = not items.isdisjoint({form(w) for w in (wanted if op == "in" else [wanted])})
        return not hit if op == "ne" else hit
    if op in ("contains", "startswith"):
        # Without an index of folded text, accents count and capitals do not.
        text = form if is_folded(field) else str.lower
        return (
            text(wanted) in text(value)
            if op == "contains"
            else text(value).startswith(text(wanted))
        )
    same = (lambda a, b: a == b) if field.kind == "text" else lambda a, b: form(a) == form(b)
    match op:
        case "eq":
            return same(value, wanted)
        case "ne":
            return not same(value, wanted)
        case "in":
            return any(same(value, one) for one in wanted)
        case "gt":
            return bool(form(value) > form(wanted))
        case "gte":
            return bool(form(value) >= form(wanted))
        case "lt":
            return bool(form(value) < form(wanted))
        case "lte":
            return bool(form(value) <= form(wanted))
    raise AssertionError(op)


HOSTILE = ("%", "_", "\\", '"', "'", "*", "100 %", "a_b", "a\\b", "CAFÉ", "café", "caf", "ñ", "Ñ",
           "o'higgins", ";--", "$1", ":x", "(", "[")  # fmt: skip


def probes(field: Field, op: str, rows: list[Row]) -> list[Any]:
    """Choose values to filter by: those that are there, and those that look for trouble."""
    if op == "isnull":
        return [True, False]
    present: list[Any] = []
    for row in rows:
        value = row[field.path]
        for item in value if isinstance(value, list) else [value]:
            if item is not None and item not in present:
                present.append(item)
    present = present[:12]
    if field.kind in TEXT_KINDS:
        if op in ("contains", "startswith"):
            present = [text[:4] for text in present] + [text[1:5] for text in present if text[1:5]]
        present = [*present, *HOSTILE]
    if field.kind in ("ref", "member", "team"):
        present.append(uuid4())
    if op == "in":
        return [present[:1], present[1:6], present]
    return present


def fields_of(unit: Unit) -> list[Field]:
    return [f for f in unit.view.entity(PIECE).fields.values() if f.kind != "team"]


def found(unit: Unit, *filters: Filter) -> set[UUID]:
    page = unit.records.query(PIECE, columns=("id",), filters=filters, limit=500)
    return {row[0] for row in page.rows}


def test_every_kind_of_field_is_tried(unit: Unit) -> None:
    tried = {(f.source, f.kind) for f in fields_of(unit)}

    assert {kind for source, kind in tried if source == "native"} == {
        "text", "longtext", "email", "phone", "url", "integer", "decimal", "money", "date",
        "moment", "boolean", "choice", "choices", "tags", "ref", "member",
    }  # fmt: skip
    assert len({kind for source, kind in tried if source == "custom"}) == 12


@pytest.mark.parametrize("op", [op for op in OPS if op != "under"])
def test_filter_finds_what_python_finds(unit: Unit, rows: list[Row], op: str) -> None:
    tried = 0

    for field in fields_of(unit):
        if op not in operators(field):
            continue
        for wanted in probes(field, op, rows):
            expected = {row["id"] for row in rows if matches(field, op, wanted, row[field.path])}
            got = found(unit, Filter(path=field.path, op=op, value=wanted))  # type: ignore[arg-type]
            assert got == expected, (field.path, op, wanted, [
                row[field.path] for row in rows if row["id"] in got ^ expected
            ][:5])  # fmt: skip
            tried += 1

    assert tried >= 40


def test_filters_on_all_sources_hold_together(unit: Unit, rows: list[Row]) -> None:
    fields = unit.view.entity(PIECE).fields
    wanted = [
        Filter(path="grade", op="ne", value="poor"),
        Filter(path="annex.points", op="gte", value=0),
        Filter(path="custom.level", op="lte", value=2),
        Filter(path="custom.size", op="isnull", value=False),
        Filter(path="tags", op="isnull", value=False),
    ]

    expected = {
        row["id"] for row in rows
        if all(matches(fields[f.path], f.op, f.value, row[f.path]) for f in wanted)
    }  # fmt: skip

    assert expected
    assert found(unit, *wanted) == expected


def test_under_finds_a_node_and_all_below_it(unit: Unit, rows: list[Row]) -> None:
    table = unit.view.entity("specimen.shelf").table
    shelves = {
        row.id: row.parent_id
        for row in unit.connection.execute(
            table.select().where(table.c.tenant_id == unit.tenant_id)
        )
    }

    def above(shelf: UUID | None) -> set[UUID | None]:
        line: set[UUID | None] = set()
        while shelf is not None:
            line.add(shelf)
            shelf = shelves[shelf]
        return line

    for root in shelves:
        expected = {row["id"] for row in rows if root in above(row["shelf_id"])}
        assert found(unit, Filter(path="shelf_id", op="under", value=root)) == expected


def test_a_day_filters_moments_by_their_instant(unit: Unit, rows: list[Row]) -> None:
    noon = dt.datetime(2026, 1, 1, 7, tzinfo=dt.timezone(dt.timedelta(hours=-5)))

    for path in ("seen", "custom.at", "custom.moment"):
        expected = {r["id"] for r in rows if r[path] is not None and r[path] >= noon}
        assert found(unit, Filter(path=path, op="gte", value=noon)) == expected


def test_amounts_of_many_digits_are_compared_exactly(
    specimen_host: Host, issue_license: LicenseIssuer
) -> None:
    company = make_company(specimen_host, issue_license)
    company.custom_field(PIECE, "indexed", "money", indexed=True)
    paths = ("price", "annex.worth", "custom.indexed")
    amounts = [Decimal("900719925474099.1234"), Decimal("900719925474099.1235")]
    with company.unit() as unit:
        for amount in amounts:
            unit.records.create(PIECE, {"name": "x", **{path: str(amount) for path in paths}})
        for path in paths:
            for amount in amounts:
                page = unit.records.query(
                    PIECE, columns=(path,), filters=(Filter(path=path, op="eq", value=amount),)
                )
                assert [row[2] for row in page.rows] == [amount]


@pytest.fixture
def parse(unit: Unit) -> Callable[..., Filter]:
    actor: Actor = unit.actor
    fields = unit.view.entity(PIECE).fields
    return lambda path, op, text: parse_filter(fields[path], op, text, actor=actor)


@pytest.mark.parametrize(
    ("path", "op", "text", "message"),
    [
        ("count", "contains", "1", "Field 'count' cannot be filtered with 'contains'. "
         "It takes: eq, ne, gt, gte, lt, lte, in, isnull."),
        ("count", "eq", "one", "Filter 'count': 'one' is not a whole number."),
        ("count", "eq", "1.5", "Filter 'count': '1.5' is not a whole number."),
        ("count", "eq", "9" * 30, f"Filter 'count': '{'9' * 30}' is not a whole number."),
        ("price", "gt", "NaN", "Filter 'price': 'NaN' is not an amount."),
        ("price", "gt", "1e400", "Filter 'price': '1e400' is not an amount."),
        ("found", "eq", "2026-02-30",
         "Filter 'found': '2026-02-30' is not a date like 2026-11-22."),
        ("seen", "eq", "yesterday",
         "Filter 'seen': 'yesterday' is not a moment like 2026-11-22T15:30:00-05:00."),
        ("is_rare", "eq", "yes", "Filter 'is_rare': 'yes' is not true or false."),
        ("grade", "eq", "great", "Filter 'grade': 'great' is not one of: poor, fair, good."),
        ("grade", "in", "good,great", "Filter 'grade': 'great' is not one of: poor, fair, good."),
        ("marks", "contains", "x", "Filter 'marks': 'x' is not one of: poor, fair, good."),
        ("shelf_id", "eq", "1", "Filter 'shelf_id': '1' is not an id."),
        ("owner_id", "eq", "you", "Filter 'owner_id': 'you' is not an id, or me."),
        ("place", "isnull", "maybe", "Filter 'place': 'maybe' is not true or false."),
        ("place", "in", ",,", "Filter 'place': ',,' is not a list of values with commas "
         "between them."),
        ("place", "nope", "x", "Field 'place' cannot be filtered with 'nope'. It takes: "
         "contains, startswith, eq, ne, in, gt, gte, lt, lte, isnull."),
        ("name", "contains", "a\x00b",
         "Filter 'name': 'a?b' is not a text without control characters."),
    ],
)  # fmt: skip
def test_a_wrong_filter_says_what_would_do(
    parse: Callable[..., Filter], path: str, op: str, text: str, message: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(path, op, text)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("path", "op", "fitting"),
    [
        ("place", "like", "contains, startswith, eq, ne, in, gt, gte, lt, lte, isnull"),
        ("tags", "like", "contains, eq, ne, in, isnull"),
        ("count", "contains", "eq, ne, gt, gte, lt, lte, in, isnull"),
        ("grade", "under", "eq, ne, in, isnull"),
    ],
)
def test_a_wrong_operator_of_a_plugin_names_those_that_fit(
    collection: Company, path: str, op: Any, fitting: str
) -> None:
    with collection.unit(read=True) as unit, pytest.raises(BadQuery) as refused:
        found(unit, Filter(path=path, op=op, value="1"))

    assert str(refused.value) == (
        f"Field '{path}' cannot be filtered with '{op}'. It takes: {fitting}."
    )


def test_a_filter_in_a_url_is_read_as_the_field_is_typed(parse: Callable[..., Filter]) -> None:
    assert parse("count", "in", "1,-2").value == [1, -2]
    assert parse("price", "gte", "10.5").value == Decimal("10.5")
    assert parse("found", "lt", "2026-02-28").value == dt.date(2026, 2, 28)
    assert parse("seen", "gte", "2026-01-01").value == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert parse("is_rare", "eq", "FALSE").value is False
    assert parse("place", "isnull", "1").value is True
    assert parse("tags", "contains", "Café").value == "Café"


def test_me_is_the_actor(collection: Company) -> None:
    member = collection.member("seller")
    with collection.unit(member) as unit:
        mine = unit.records.create(PIECE, {"name": "mía"}).id
        wanted = parse_filter(
            unit.view.entity(PIECE).fields["owner_id"], "eq", "me", actor=unit.actor
        )

        assert found(unit, wanted) == {mine}
        unit.records.archive(PIECE, mine)


def test_more_than_200_values_are_refused(parse: Callable[..., Filter]) -> None:
    assert len(parse("count", "in", ",".join(["1"] * 200)).value) == 200
    with pytest.raises(BadQuery, match="is not a list of at most 200 values"):
        parse("count", "in", ",".join(["1"] * 201))


def test_an_unknown_field_is_refused_with_the_nearest(unit: Unit) -> None:
    with pytest.raises(BadQuery, match=r"There is no field 'plce'. Did you mean 'place'\?"):
        found(unit, Filter(path="plce", op="eq", value="x"))
    with pytest.raises(BadQuery, match=r"There is no field 'custom.none'."):
        found(unit, Filter(path="custom.none", op="eq", value="x"))


@pytest.mark.database("postgresql")
def test_plain_text_is_ordered_by_code_point_in_a_database_of_any_language(
    unit: Unit, specimen_host: Host
) -> None:
    for path in ("plain", "custom.remark"):
        with count_statements(specimen_host.engine) as counted:
            found(unit, Filter(path=path, op="gt", value="a"))

        conditions = counted.texts[0].partition("WHERE")[2]
        assert 'COLLATE "C"' in conditions
