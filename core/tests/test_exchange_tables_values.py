"""Cells as values of fields, and what a column shows of its file's conventions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.errors import DomainError, Message
from trato.exchange.cells import Cell, Unreadable
from trato.exchange.conventions import date_order, decimal_sign, evident_sign
from trato.exchange.values import KINDS, Choices, value_parser
from trato.i18n import Formats

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SPANISH = Formats("es", "America/Bogota", clock=lambda: NOW)
ENGLISH = Formats("en", "America/Bogota", clock=lambda: NOW)
SEGMENTS = {"wholesale": ("Wholesale", "Mayorista"), "retail": ("Retail", "Al detal")}


def parse(
    kind: str,
    raw: Cell,
    formats: Formats = SPANISH,
    choices: Mapping[str, Sequence[str]] | None = None,
) -> object:
    known = None if choices is None else Choices(choices)
    return value_parser(kind, formats=formats, choices=known)(raw)


def refusal(kind: str, raw: Cell, formats: Formats = SPANISH) -> str:
    with pytest.raises(DomainError) as caught:
        parse(kind, raw, formats)
    assert isinstance(caught.value.message, Message)
    return str(caught.value)


# -- every kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [None, "", "  ", "\t\n", "\u00a0"])
def test_empty_is_none(kind: str, raw: Cell) -> None:
    choices = SEGMENTS if kind in {"choice", "choices"} else None

    assert parse(kind, raw, choices=choices) is None


@pytest.mark.parametrize("kind", KINDS)
def test_cell_that_the_file_lost_is_refused_with_its_reason(kind: str) -> None:
    lost = Unreadable("#N/A", Message("The formula failed with {value}.", {"value": "#N/A"}))
    choices = Choices(SEGMENTS) if kind in {"choice", "choices"} else None
    read = value_parser(kind, formats=SPANISH, choices=choices)

    with pytest.raises(DomainError, match="The formula failed with #N/A"):
        read(lost)


@pytest.mark.parametrize("kind", ["ref", "member", "", "nit"])
def test_kind_that_no_cell_holds_is_a_mistake_of_the_caller(kind: str) -> None:
    with pytest.raises(ValueError, match="no cell holds"):
        parse(kind, "x")


def test_choices_without_labels_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="Choices are needed"):
        parse("choice", "x")


# -- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "  Ana \u00a0 María\nRuiz ", "Ana María Ruiz"),
        ("text", "00123", "00123"),
        ("text", 901234567, "901234567"),
        ("text", Decimal("12.50"), "12.50"),
        ("text", Decimal("1E-7"), "0.0000001"),
        ("text", date(2026, 11, 22), "2026-11-22"),
        ("text", datetime(2026, 11, 22, 10, 5), "2026-11-22 10:05:00"),
        ("text", True, "Sí"),
        ("longtext", " uno\r\n  dos\rtres ", "uno\n  dos\ntres"),
        ("phone", 6015550142, "6015550142"),
        ("phone", "+57 601  555", "+57 601 555"),
        ("email", "mailto:Ana@example.com", "Ana@example.com"),
        ("email", "no address", "no address"),
        ("url", "www.example.com/a?b=1", "https://www.example.com/a?b=1"),
        ("url", "example.com:8080", "https://example.com:8080"),
        ("url", "http://example.com", "http://example.com"),
        ("url", "javascript:alert(1)", "javascript:alert(1)"),
    ],
    ids=repr,
)
def test_text_is_what_a_person_sees(kind: str, raw: Cell, value: str) -> None:
    assert parse(kind, raw) == value


# -- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("1234", "1234"),
        ("1.234", "1234"),
        ("1.234.567,50", "1234567.50"),
        ("1,234,567.50", "1234567.50"),
        ("1,234,567", "1234567"),
        ("1234,5", "1234.5"),
        ("0,125", "0.125"),
        ("-1.234,5", "-1234.5"),
        ("(1.234)", "-1234"),
        ("$ 1.234.567", "1234567"),
        ("COP 1.234,50", "1234.50"),
        ("$1,234,567.50", "1234567.50"),
        (1234, "1234"),
        (Decimal("1.234"), "1.234"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["decimal", "money"])
def test_number_is_read_the_spanish_way_or_the_only_other(kind: str, raw: Cell, value: str) -> None:
    number = parse(kind, raw)

    assert isinstance(number, Decimal)
    assert number == Decimal(value)


@pytest.mark.parametrize(
    "raw", ["abc", "12.5", "1.23.456", "1,2,3", "1.234,5.6", "--5", "5 6x", "∞", "NaN", "1e5"]
)
def test_text_that_is_no_number_is_refused_with_its_text(raw: str) -> None:
    assert f"'{raw}' is not a number" in refusal("decimal", raw)


@pytest.mark.parametrize("raw", [True, date(2026, 1, 1), datetime(2026, 1, 1, 10)], ids=repr)
def test_typed_cell_of_another_kind_is_no_number(raw: Cell) -> None:
    assert "is not a number" in refusal("money", raw)


def test_sign_of_the_column_rules_all_its_cells() -> None:
    read = value_parser("decimal", formats=SPANISH, decimal=".")

    assert [read(raw) for raw in ("12.5", "1.250", "1,250")] == [
        Decimal("12.5"),
        Decimal("1.250"),
        Decimal(1250),
    ]
    with pytest.raises(DomainError, match="not a number"):
        read("12,5")


@pytest.mark.parametrize(
    ("raw", "value"),
    [("1.234", 1234), ("12", 12), (7, 7), (Decimal("7.0"), 7), ("3,00", 3), ("-5", -5)],
    ids=repr,
)
def test_whole_number_is_an_int(raw: Cell, value: int) -> None:
    number = parse("integer", raw)

    assert number == value
    assert type(number) is int


@pytest.mark.parametrize(("raw", "shown"), [("1,5", "1,5"), (Decimal("1.5"), "1.5")])
def test_fraction_is_no_whole_number(raw: Cell, shown: str) -> None:
    assert refusal("integer", raw) == f"'{shown}' is not a whole number."


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12
    )
)
def test_number_written_for_a_reader_is_read_back(number: Decimal) -> None:
    for formats in (SPANISH, ENGLISH):
        assert parse("decimal", formats.number(number), formats) == number


# -- dates and moments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "22/11/2026",
        "22-11-2026",
        "2026-11-22",
        "20261122",
        20261122,
        "22 de noviembre de 2026",
        "22/11/2026 00:00:00",
        "22/11/2026 0:00",
        "2026-11-22T00:00:00.000",
        "22/11/2026 12:00:00 a. m.",
        date(2026, 11, 22),
        datetime(2026, 11, 22),
        46348,
        Decimal("46348"),
    ],
    ids=repr,
)
def test_date_is_read_in_each_form(raw: Cell) -> None:
    value = parse("date", raw)

    assert value == date(2026, 11, 22)
    assert type(value) is date


@pytest.mark.parametrize(
    "raw",
    ["31/02/2022", "25999", 2026, 25, True, Decimal("0.5"), "22/11/2026 10:00", "x"],
    ids=repr,
)
def test_what_is_no_date_is_refused(raw: Cell) -> None:
    assert "is not a date" in refusal("date", raw)


def test_date_does_not_lose_a_time_of_day_in_silence() -> None:
    assert "'2026-11-22 10:30:00' has a time of day" in refusal(
        "date", datetime(2026, 11, 22, 10, 30)
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("22/11/2026 10:30", datetime(2026, 11, 22, 15, 30, tzinfo=UTC)),
        ("22/11/2026", datetime(2026, 11, 22, 5, 0, tzinfo=UTC)),
        ("2026-11-22T10:30:00Z", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 10, 30), datetime(2026, 11, 22, 15, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 10, 30, tzinfo=UTC), datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        (date(2026, 11, 22), datetime(2026, 11, 22, 5, 0, tzinfo=UTC)),
        (Decimal("46348.4375"), datetime(2026, 11, 22, 15, 30, tzinfo=UTC)),
    ],
    ids=repr,
)
def test_moment_is_the_readers_time_in_utc(raw: Cell, value: datetime) -> None:
    moment = parse("moment", raw)

    assert isinstance(moment, datetime)
    assert moment == value
    assert moment.tzinfo is UTC


def test_moment_beyond_the_last_year_is_refused() -> None:
    assert "beyond the last year" in refusal("moment", datetime(9999, 12, 31, 23))


def test_order_of_the_column_rules_its_dates() -> None:
    read = value_parser("date", formats=SPANISH, order="mdy")

    assert read("11/12/2026") == date(2026, 11, 12)


# -- conventions of a column ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("1.234,50", ","),
        ("1,234.50", "."),
        ("1.234.567", ","),
        ("1,234,567", "."),
        ("12.5", "."),
        ("12,5", ","),
        ("0.125", "."),
        (".5", "."),
        ("1234.567", "."),
        ("-12.5", "."),
        ("$ 12,5", ","),
        ("(12.5)", "."),
        ("USD 1,234.50", "."),
        ("1.234", None),
        ("123,456", None),
        ("1234", None),
        ("", None),
        ("1.2.3", None),
        ("1,23,456.7", None),
        ("2026-11-22", None),
        ("n/a", None),
    ],
)
def test_number_shows_its_decimal_sign_only_where_it_must(text: str, sign: str | None) -> None:
    assert evident_sign(text) == sign


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["1.250", "12.5", "", "x"], "."),
        (["1.250", "12,5"], ","),
        (["1.250", "1.000"], None),
        (["12.5", "12,5"], None),
        ([], None),
    ],
)
def test_column_shows_one_decimal_sign_or_none(texts: list[str], sign: str | None) -> None:
    assert decimal_sign(texts) == sign


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/08/2019", "23/11/2026"], "dmy"),
        (["03/08/2019", "11-23-2026 10:00"], "mdy"),
        (["03/08/2019"], None),
        (["23/11/2026", "11/23/2026"], None),
        (["2026-11-23", "hoy", ""], None),
    ],
)
def test_column_shows_one_order_of_dates_or_none(texts: list[str], order: str | None) -> None:
    assert date_order(texts) == order


# -- answers, choices, tags ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw", ["Sí", "si", "S", "x", "X", "1", "TRUE", "Verdadero", "yes", 1, True], ids=repr
)
def test_words_for_yes(raw: Cell) -> None:
    assert parse("boolean", raw) is True


@pytest.mark.parametrize("raw", ["No", "n", "0", "false", "FALSO", 0, False], ids=repr)
def test_words_for_no(raw: Cell) -> None:
    assert parse("boolean", raw) is False


@pytest.mark.parametrize("raw", ["quizás", "2", 2, "-", Decimal("0.5")], ids=repr)
def test_other_words_are_no_answer(raw: Cell) -> None:
    assert "is neither yes nor no" in refusal("boolean", raw)


@pytest.mark.parametrize("raw", ["wholesale", "Mayorista", " MAYORISTA ", "WholeSale", "mayoristá"])
def test_choice_is_named_by_key_or_any_label(raw: str) -> None:
    assert parse("choice", raw, choices=SEGMENTS) == "wholesale"


def test_key_that_is_a_number_may_be_a_number_in_the_file() -> None:
    assert parse("choice", 5, choices={"5": ("Five",)}) == "5"


def test_unknown_choice_is_told_with_the_nearest_first() -> None:
    with pytest.raises(DomainError) as caught:
        parse("choice", "Retal", choices=SEGMENTS)

    assert str(caught.value) == "'Retal' is not one of: Retail, Wholesale."


def test_long_list_of_choices_is_cut() -> None:
    many = {f"k{number}": (f"Label {number}",) for number in range(100)}

    with pytest.raises(DomainError) as caught:
        parse("choice", "x" * 500, choices=many)

    assert len(str(caught.value)) < 250
    assert "…" in str(caught.value)


def test_label_of_two_choices_names_neither() -> None:
    choices = {"a": ("Otro",), "b": ("Otro",), "otro": ("Nuevo",)}
    read = value_parser("choice", formats=SPANISH, choices=Choices(choices))

    assert read("otro") == "otro"  # the key itself
    with pytest.raises(DomainError, match="is not one of"):
        read("Otro")


@pytest.mark.parametrize(
    "raw", ["Mayorista; al detal", "retail|wholesale|Retail", ";Al detal;\nMayorista"]
)
def test_several_choices_are_split_and_each_once(raw: str) -> None:
    value = parse("choices", raw, choices=SEGMENTS)

    assert isinstance(value, tuple)
    assert sorted(value) == ["retail", "wholesale"]


def test_one_wrong_of_several_choices_is_told() -> None:
    with pytest.raises(DomainError, match="'Oro' is not one of"):
        parse("choices", "Mayorista;Oro", choices=SEGMENTS)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("VIP; Café |vip", ("VIP", "Café")),
        ("a, b", ("a, b",)),
        (2026, ("2026",)),
        (" ; | ", None),
    ],
    ids=repr,
)
def test_tags_are_split_and_each_once(raw: Cell, value: tuple[str, ...] | None) -> None:
    assert parse("tags", raw) == value


@given(
    kind=st.sampled_from([kind for kind in KINDS if kind not in {"choice", "choices"}]),
    raw=st.text(max_size=80)
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.dates()
    | st.datetimes(),
)
def test_any_cell_is_a_value_or_a_told_error(kind: str, raw: Cell) -> None:
    try:
        parse(kind, raw)
        told = "a value"
    except DomainError as error:
        told = str(error)

    assert told
    assert len(told) < 300
