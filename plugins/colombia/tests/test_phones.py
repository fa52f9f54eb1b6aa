from __future__ import annotations

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.api import DomainError
from trato_colombia.phones import (
    Phone,
    format_phone,
    parse_phone,
    phone_spellings,
    tidy_phone,
)


@pytest.mark.parametrize(
    "typed",
    [
        "3101234567",
        "310 123 4567",
        "(310) 123-4567",
        "310.123.4567",
        "310–123–4567",
        "310\u00a0123\u00a04567",
        "+57 310 123 4567",
        "(+57) 310 123 4567",
        "+ 57 310 1234567",
        "573101234567",
        "0057 310 123 4567",
        "009 57 310 123 4567",
        "03 310 123 4567",
        "Cel: 310 123 4567",
        "Tel. móvil 310 123 4567",
        "  3101234567  ",
    ],
)
def test_a_mobile_is_read_however_it_is_typed(typed: str) -> None:
    assert parse_phone(typed) == Phone("+573101234567")


@pytest.mark.parametrize("typed", ["604 444 5566", "(604) 4445566", "+57 604 444 5566"])
def test_a_landline_is_read_however_it_is_typed(typed: str) -> None:
    assert parse_phone(typed) == Phone("+576044445566")


@pytest.mark.parametrize(
    ("typed", "extension"),
    [
        ("604 444 5566 ext. 123", "123"),
        ("604 444 5566 ext 123", "123"),
        ("604 444 5566 Extensión: 12", "12"),
        ("6044445566 x9", "9"),
        ("6044445566 #1234", "1234"),
        ("6044445566 int. 7", "7"),
    ],
)
def test_an_extension_is_kept_apart(typed: str, extension: str) -> None:
    assert parse_phone(typed) == Phone("+576044445566", extension)


def test_a_toll_free_number_is_read() -> None:
    assert parse_phone("01 8000 123 456") == Phone("+5718000123456")


def test_a_foreign_number_needs_its_country_code() -> None:
    assert parse_phone("+34 612 345 678") == Phone("+34612345678")
    # Ten digits with a plus sign are not a Colombian number.
    assert parse_phone("+65 6123 4567") == Phone("+6561234567")
    assert parse_phone("612 345 678", region="ES") == Phone("+34612345678")
    assert parse_phone("310 555 0123", region="US") == Phone("+13105550123")
    assert parse_phone("+57 310 123 4567", region="ES") == Phone("+573101234567")


@pytest.mark.parametrize("typed", ["444 5566", "(4) 444 5566", "(4) 612 3456", "+57 1 444 5566"])
def test_a_landline_of_before_2021_is_refused_with_the_way_to_write_it(typed: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_phone(typed)

    assert refused.value.code == "invalid_phone"
    assert str(refused.value) == (
        f"'{typed}' is a landline as it was dialled before September 2021. "
        "Write ten digits: 60, the digit of the area, and the seven digits."
    )


@pytest.mark.parametrize(
    ("typed", "fact"),
    [
        ("", "'' is not one telephone number."),
        ("no tiene", "'no tiene' is not one telephone number."),
        ("310-FLOWERS", "'310-FLOWERS' is not one telephone number."),
        ("3101234567 / 3111234567", "'3101234567 / 3111234567' is not one telephone number."),
        ("3101234567, 3111234567", "'3101234567, 3111234567' is not one telephone number."),
        ("3101234567 (Juan)", "'3101234567 (Juan)' is not one telephone number."),
        ("ana@example.com", "'ana@example.com' is not one telephone number."),
        ("٣١٠١٢٣٤٥٦٧", "'٣١٠١٢٣٤٥٦٧' is not one telephone number."),
        ("123", "'123' has too few digits for a telephone number."),
        ("7", "'7' has too few digits for a telephone number."),
        (
            "3101234567-3111234567",
            "'3101234567-3111234567' has too many digits for a telephone number.",
        ),
        ("+57 310 123 45678901", "'+57 310 123 45678901' has too many digits"),
        ("+999 123456", "'+999 123456' begins with no country code."),
    ],
)
def test_what_is_not_one_number_is_refused(typed: str, fact: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_phone(typed)

    assert refused.value.code == "invalid_phone"
    assert str(refused.value.message).startswith(fact)
    assert "310 123 4567" in str(refused.value.hint)


def test_a_prefix_that_nobody_has_is_kept_with_a_doubt() -> None:
    phone = parse_phone("399 123 4567")

    assert phone.e164 == "+573991234567"
    assert str(phone.doubt) == (
        "No number like +573991234567 has been assigned. Check its first digits."
    )


@given(st.from_regex(r"[36][0-9]{9}", fullmatch=True))
def test_the_short_way_for_ten_digits_agrees_with_the_package(typed: str) -> None:
    number = phonenumbers.parse(typed, "CO")

    phone = parse_phone(typed)

    assert phone.e164 == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert (phone.doubt is None) == phonenumbers.is_valid_number(number)


@given(st.text(max_size=40))
def test_every_text_is_read_or_refused(typed: str) -> None:
    try:
        phone = parse_phone(typed)
    except DomainError:
        return

    assert parse_phone(phone.e164) == Phone(phone.e164, doubt=phone.doubt)


@pytest.mark.parametrize(
    "typed", ["a" * 20_000 + "!", "a " * 10_000 + "!", "." * 20_000, "1" * 20_000, "+( " * 9000]
)
def test_hostile_texts_are_refused_at_once(typed: str) -> None:
    with pytest.raises(DomainError):
        parse_phone(typed)


@pytest.mark.parametrize(
    ("e164", "extension", "shown"),
    [
        ("+573101234567", "", "310 1234567"),
        ("+576044445566", "", "(604) 4445566"),
        ("+576044445566", "123", "(604) 4445566 ext. 123"),
        ("+34612345678", "", "+34 612 34 56 78"),
        ("llamar a Ana", "", "llamar a Ana"),
        ("", "", ""),
    ],
)
def test_a_number_is_shown_as_it_is_dialled_from_colombia(
    e164: str, extension: str, shown: str
) -> None:
    assert format_phone(e164, extension=extension) == shown


def test_a_number_is_shown_as_it_is_dialled_from_elsewhere() -> None:
    assert format_phone("+573101234567", region="ES") == "+57 310 1234567"
    assert format_phone("+34612345678", region="ES") == "612 34 56 78"


def test_the_geocoder_is_never_imported() -> None:
    program = (
        "import sys\n"
        "from trato_colombia.phones import format_phone, parse_phone\n"
        "format_phone(parse_phone('+34 612 345 678').e164)\n"
        "print([name for name in sys.modules if 'geo' in name and 'phonenumbers' in name])\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "typed", ["310 123 4567", "+57 310 1234567", "573101234567", "+573101234567", "3101234567"]
)
def test_a_colombian_number_has_two_spellings_however_it_is_typed(typed: str) -> None:
    assert phone_spellings(typed) == ("+573101234567", "3101234567")


def test_an_extension_belongs_to_every_spelling() -> None:
    kept = tidy_phone("604 555 1234 ext 12")

    assert phone_spellings(kept) == ("+576045551234 ext 12", "6045551234 ext 12")


@pytest.mark.parametrize("typed", ["+34 612 345 678", "5551234", "x", ""])
def test_other_numbers_stay_as_typed(typed: str) -> None:
    assert tidy_phone(typed) == typed
    assert phone_spellings(typed) == (typed,)
