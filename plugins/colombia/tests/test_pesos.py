from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.api import DomainError
from trato_colombia.pesos import NBSP, format_pesos, parse_pesos, round_half_up

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**30))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$ 0"),
        (999, "$ 999"),
        (1000, "$ 1.000"),
        (1234567, "$ 1.234.567"),
        (-1234567, "-$ 1.234.567"),
        (Decimal("1234567.50"), "$ 1.234.568"),
        (Decimal("1234567.49"), "$ 1.234.567"),
        (Decimal("-0.4"), "$ 0"),
        (Decimal("1E+6"), "$ 1.000.000"),
    ],
)
def test_pesos_are_shown_without_decimals(amount: Decimal | int, shown: str) -> None:
    assert format_pesos(amount) == shown.replace(" ", NBSP)


def test_the_sign_never_parts_from_the_number() -> None:
    assert format_pesos(1) == "$\u00a01"


def test_decimals_and_symbol_are_optional() -> None:
    assert format_pesos(Decimal("1234567.5"), decimals=2) == f"${NBSP}1.234.567,50"
    assert format_pesos(Decimal("-1234.5"), decimals=2, symbol=False) == "-1.234,50"
    assert format_pesos(1234, decimals=2) == f"${NBSP}1.234,00"


@pytest.mark.parametrize(
    ("amount", "decimals", "rounded"),
    [
        ("2.5", 0, "3"),
        ("3.5", 0, "4"),  # half to even would give the same, 2.5 would not
        ("-2.5", 0, "-3"),
        ("2.4999999999999999999999999999999999", 0, "2"),
        ("0.005", 2, "0.01"),
        ("1.005", 2, "1.01"),  # a float would give 1.0
        ("999.995", 2, "1000.00"),
        ("1234567", -3, "1235000"),
    ],
)
def test_halves_are_rounded_away_from_zero(amount: str, decimals: int, rounded: str) -> None:
    assert round_half_up(Decimal(amount), decimals=decimals) == Decimal(rounded)


def test_sums_beyond_the_default_precision_stay_exact() -> None:
    amount = Decimal("12345678901234567890123456789012345678901.55")

    shown = format_pesos(amount, decimals=2, symbol=False)

    assert shown == "12.345.678.901.234.567.890.123.456.789.012.345.678.901,55"
    assert parse_pesos(f"-{shown}") == amount.copy_negate()


@pytest.mark.parametrize("amount", [1.5, True, "1"])
def test_only_exact_numbers_are_amounts(amount: object) -> None:
    with pytest.raises(TypeError, match="an int or a Decimal"):
        format_pesos(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_only_finite_numbers_are_amounts(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        format_pesos(Decimal(amount))


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1.234.567,50", "1234567.50"),
        ("$ 1.234.567", "1234567"),
        ("$1.234.567", "1234567"),
        ("$\u00a01.234.567", "1234567"),
        ("1234567", "1234567"),
        ("1234567,5", "1234567.5"),
        ("$ 1'234.567", "1234567"),
        ("1’234.567", "1234567"),
        ("1 234 567", "1234567"),
        ("COP 5.000", "5000"),
        ("5.000 COP", "5000"),
        ("COP $ 5.000", "5000"),
        ("-$ 1.234", "-1234"),
        ("$ -1.234", "-1234"),
        ("− 1.234", "-1234"),
        ("0,05", "0.05"),
        ("1.234", "1234"),
        ("0", "0"),
    ],
)
def test_an_amount_is_read_as_colombians_write_it(typed: str, amount: str) -> None:
    assert parse_pesos(typed) == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "fact"),
    [
        ("1234.50", "The dots in '1234.50' do not separate thousands."),
        ("1.2345", "The dots in '1.2345' do not separate thousands."),
        ("12.34.567", "The dots in '12.34.567' do not separate thousands."),
        ("1,234", "'1,234' has more than 2 decimals."),
        ("1,234,567.50", "'1,234,567.50' is not an amount in pesos."),
        ("1,234.50", "'1,234.50' is not an amount in pesos."),
        ("", "'' is not an amount in pesos."),
        ("$", "'$' is not an amount in pesos."),
        ("mil", "'mil' is not an amount in pesos."),
        ("1e5", "'1e5' is not an amount in pesos."),
        ("--5", "'--5' is not an amount in pesos."),
        ("-$ -5", "'-$ -5' is not an amount in pesos."),
        ("٣", "'٣' is not an amount in pesos."),
        ("US$ 5", "'US$ 5' is not an amount in pesos."),
    ],
)
def test_what_may_mean_two_amounts_or_none_is_refused(typed: str, fact: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_pesos(typed)

    assert refused.value.code == "invalid_amount"
    assert str(refused.value.message) == fact
    assert str(refused.value.hint) == (
        "Write it like 1.234.567,50: dots for thousands, a comma for decimals."
    )


def test_more_decimals_are_read_where_they_are_allowed() -> None:
    assert parse_pesos("1,234", decimals=4) == Decimal("1.234")


@given(amounts)
def test_what_is_shown_is_read_back(amount: Decimal) -> None:
    assert parse_pesos(format_pesos(amount, decimals=2)) == amount


@given(amounts, st.integers(0, 2))
def test_rounding_is_off_by_half_a_unit_at_most(amount: Decimal, decimals: int) -> None:
    # Scaled integers, because the difference of two long decimals would be rounded itself.
    hundredths = int(amount.scaleb(2))
    rounded = int(round_half_up(amount, decimals=decimals).scaleb(2))
    unit = 10 ** (2 - decimals)

    assert rounded % unit == 0
    assert abs(rounded - hundredths) * 2 <= unit
    if abs(rounded - hundredths) * 2 == unit:
        assert abs(rounded) > abs(hundredths)
