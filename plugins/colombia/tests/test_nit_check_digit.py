"""The check digit of a NIT: weights 3 7 13 17 19 23 29 37 41 43 47 53 59 67 71 from the right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato_colombia.identification import nit_check_digit

# Written out again, on purpose: the tests must not borrow the table of the package.
WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)

numbers = st.text("0123456789", min_size=1, max_size=15)


def remainder(number: str) -> int:
    total = 0
    for place in range(len(number)):
        total += WEIGHTS[place] * int(number[-1 - place])
    return total % 11


@pytest.mark.parametrize(
    ("number", "digit"),
    [
        ("800197268", "4"),  # DIAN
        ("899999068", "1"),  # Ecopetrol
        ("890903938", "8"),  # Bancolombia
        ("860002964", "4"),  # Banco de Bogotá
        ("890900608", "9"),  # Almacenes Éxito
        ("899999061", "9"),  # Bogotá, Distrito Capital
        ("890905211", "1"),  # Municipio de Medellín
        ("860034313", "7"),  # Davivienda
        ("890904996", "1"),  # Empresas Públicas de Medellín
        ("899999063", "3"),  # Universidad Nacional
        ("899999239", "2"),  # ICBF
        ("899999034", "1"),  # SENA
        ("800153993", "7"),  # Comcel
        ("860007738", "9"),  # Banco Popular
        ("800037800", "8"),  # Banco Agrario
        ("830122566", "1"),  # Colombia Telecomunicaciones
    ],
)
def test_check_digit_is_that_of_the_rut(number: str, digit: str) -> None:
    assert nit_check_digit(number) == digit


@pytest.mark.parametrize(
    ("number", "total", "digit"),
    [
        ("15", 7 * 1 + 3 * 5, "0"),  # 22, remainder 0
        ("04", 7 * 0 + 3 * 4, "1"),  # 12, remainder 1
        ("08", 7 * 0 + 3 * 8, "9"),  # 24, remainder 2
        ("01", 7 * 0 + 3 * 1, "8"),  # 3
        ("05", 7 * 0 + 3 * 5, "7"),  # 15, remainder 4
        ("09", 7 * 0 + 3 * 9, "6"),  # 27, remainder 5
        ("02", 7 * 0 + 3 * 2, "5"),  # 6
        ("10", 7 * 1 + 3 * 0, "4"),  # 7
        ("21", 7 * 2 + 3 * 1, "5"),  # 17, remainder 6
        ("14", 7 * 1 + 3 * 4, "3"),  # 19, remainder 8
        ("03", 7 * 0 + 3 * 3, "2"),  # 9
        ("11", 7 * 1 + 3 * 1, "1"),  # 10
    ],
)
def test_each_remainder_gives_its_digit(number: str, total: int, digit: str) -> None:
    assert digit == str(total % 11 if total % 11 < 2 else 11 - total % 11)
    assert nit_check_digit(number) == digit


@pytest.mark.parametrize("place", range(15))
def test_each_weight_stands_at_its_place(place: int) -> None:
    number = "1" + "0" * place
    expected = WEIGHTS[place] % 11

    assert nit_check_digit(number) == str(expected if expected < 2 else 11 - expected)


@given(numbers)
def test_check_digit_follows_the_rule_for_every_number(number: str) -> None:
    rest = remainder(number)

    assert nit_check_digit(number) == str(rest if rest < 2 else 11 - rest)


@given(numbers, st.data())
def test_one_changed_digit_is_found_except_between_remainders_1_and_10(
    number: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    changed = number[:place] + other + number[place + 1 :]

    is_unnoticed = nit_check_digit(changed) == nit_check_digit(number)

    assert remainder(changed) != remainder(number)
    assert is_unnoticed == ({remainder(changed), remainder(number)} == {1, 10})


@given(numbers.filter(lambda number: len(number) > 1), st.data())
def test_swapped_neighbours_are_found_except_between_remainders_1_and_10(
    number: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(number) - 2))
    left, right = number[place], number[place + 1]
    swapped = number[:place] + right + left + number[place + 2 :]

    is_unnoticed = nit_check_digit(swapped) == nit_check_digit(number)

    remainders = {remainder(swapped), remainder(number)}
    assert is_unnoticed == (left == right or remainders == {1, 10})


def test_the_collision_exists() -> None:
    # 3 * 4 = 12, remainder 1; 3 * 7 = 21, remainder 10.
    assert nit_check_digit("4") == nit_check_digit("7") == "1"


@given(numbers, st.integers(0, 14))
def test_zeros_in_front_change_nothing(number: str, zeros: int) -> None:
    padded = ("0" * zeros + number)[-15:]

    assert nit_check_digit(padded) == nit_check_digit(number[-len(padded) :])


@pytest.mark.parametrize("wrong", ["", "12a", "1234567890123456", "٣٤٥", "-1", "1.2"])
def test_anything_but_one_to_fifteen_digits_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="A NIT has 1 to 15 digits"):
        nit_check_digit(wrong)
