from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato_colombia.identification import (
    FINAL_CONSUMER,
    Level,
    Verdict,
    check_identification,
    format_identification,
    nit_check_digit,
)
from trato_colombia.identification_types import (
    CC,
    NIT,
    TYPES,
    Holder,
    IdentificationType,
    find_type,
)

STRICT_DIGITS = [kind for kind in TYPES if kind.strict and kind.digits_only]
FOREIGN = ["ce", "passport", "pep", "ppt", "te", "foreign_document", "foreign_nit"]


def kind_of(key: str) -> IdentificationType:
    kind = find_type(key)
    assert kind is not None
    return kind


def text_of(verdict: Verdict) -> str:
    assert verdict.message is not None
    return str(verdict.message)


def test_types_carry_the_codes_of_the_dian() -> None:
    assert {kind.key: kind.dian_code for kind in TYPES} == {
        "rc": "11",
        "ti": "12",
        "cc": "13",
        "te": "21",
        "ce": "22",
        "nit": "31",
        "passport": "41",
        "foreign_document": "42",
        "pep": "47",
        "ppt": "48",
        "foreign_nit": "50",
        "nuip": "91",
    }


def test_only_tax_numbers_belong_to_companies() -> None:
    of_companies = {kind.key for kind in TYPES if Holder.COMPANY in kind.holders}

    assert of_companies == {"nit", "foreign_nit"}
    assert all(Holder.PERSON in kind.holders for kind in TYPES)


def test_only_documents_of_foreigners_are_not_strict() -> None:
    assert sorted(kind.key for kind in TYPES if not kind.strict) == sorted(FOREIGN)


@pytest.mark.parametrize("text", ["CC", "cc", " C.C. ", "13"])
def test_a_type_is_found_by_key_abbreviation_and_code(text: str) -> None:
    assert find_type(text) is CC


def test_an_unknown_type_is_not_found() -> None:
    assert find_type("carné") is None
    assert find_type("") is None


@pytest.mark.parametrize(
    "typed",
    [
        "909.214.530-9",
        "909214530-9",
        "9092145309",
        "909.214.5309",
        "909 214 530 9",
        "909 214 530 - 9",
        "909.214.530.9",
        "909,214,530-9",
        "909'214'530-9",
        "909-214-530-9",
        " 909.214.530-9 ",
        "909.214.530\u00a0-\u00a09",  # no-break spaces
        "909.214.530–9",  # en dash
        "909.214.530−9",  # minus sign
        "９０９２１４５３０-9",  # full width
        "0909214530-9",
        "00909214530",
        "909214530",
        "909.214.530",
        "909.214.530-",
        "909214530.0",  # a spreadsheet took it for a number
        "NIT 909.214.530-9",
        "nit: 909214530-9",
        "N.I.T. 909.214.530-9",
        "NIT No. 909.214.530-9",
    ],
)
def test_a_nit_is_read_however_it_is_typed(typed: str) -> None:
    assert check_identification(NIT, typed) == Verdict(Level.OK, "909214530", "9")


def test_a_nit_of_a_person_has_ten_digits_beginning_with_one() -> None:
    plain = check_identification(NIT, "1020304050")
    checked = check_identification(NIT, "10203040508")

    assert plain == checked == Verdict(Level.OK, "1020304050", "8")


@pytest.mark.parametrize("number", ["444444001", "700123456", "901234567"])
def test_ten_digits_that_do_not_begin_with_one_end_in_the_check_digit(number: str) -> None:
    digit = nit_check_digit(number)

    assert check_identification(NIT, number + digit) == Verdict(Level.OK, number, digit)


def test_a_check_digit_may_come_in_a_field_of_its_own() -> None:
    assert check_identification(NIT, "909.214.530", check_digit=" 9 ").level is Level.OK
    assert check_identification(NIT, "909.214.530", check_digit="8").level is Level.ERROR


@pytest.mark.parametrize("typed", ["909.214.530-5", "9092145305", "909 214 530 5"])
def test_a_wrong_check_digit_is_an_error_that_names_the_right_one(typed: str) -> None:
    verdict = check_identification(NIT, typed)

    assert (verdict.level, verdict.number, verdict.check_digit) == (Level.ERROR, "909214530", "9")
    assert text_of(verdict) == ("The check digit of NIT 909.214.530 is 9, not 5. Check the number.")


@pytest.mark.parametrize("typed", ["", "   ", "-", "000", "..."])
@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_a_missing_number_is_an_error_for_every_type(kind: IdentificationType, typed: str) -> None:
    verdict = check_identification(kind, typed)

    assert verdict.level is Level.ERROR
    assert text_of(verdict) == f"'{typed.strip()}' has no document number. Write it."


def test_the_abbreviation_alone_is_no_number() -> None:
    assert "has no document number" in text_of(check_identification(NIT, "NIT:"))


@pytest.mark.parametrize("typed", ["90921453a", "9.09E+08", "909214530/9", "909214530-12", "nueve"])
def test_an_unreadable_nit_is_an_error_that_says_how_to_write_it(typed: str) -> None:
    verdict = check_identification(NIT, typed)

    assert verdict.level is Level.ERROR
    assert text_of(verdict) == (
        f"'{typed}' is no NIT. Write its digits, with or without dots, "
        "and at most one digit after a hyphen."
    )


def test_a_nit_of_the_wrong_length_is_an_error_that_names_the_lengths() -> None:
    verdict = check_identification(NIT, "909214530777")

    assert verdict.level is Level.ERROR
    assert text_of(verdict) == (
        "A document of this type has 3 to 10 characters, '909214530777' has 12. "
        "Check number and type."
    )


def test_a_long_text_is_cut_in_the_message() -> None:
    verdict = check_identification(NIT, "1" * 5000)

    assert "'1111111111111111111111111111111111111111…'" in text_of(verdict)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("79.123.456", "79123456"),
        ("C.C. 79.123.456", "79123456"),
        ("CC No. 1.020.304.050", "1020304050"),
        ("79123456.0", "79123456"),
        ("0079123456", "79123456"),
        ("5.123", "5123"),
    ],
)
def test_a_cedula_is_read_however_it_is_typed(typed: str, number: str) -> None:
    assert check_identification(CC, typed) == Verdict(Level.OK, number)


def test_a_cedula_copied_from_a_rut_loses_its_check_digit() -> None:
    right = nit_check_digit("79123456")
    wrong = str((int(right) + 1) % 10)

    assert check_identification(CC, f"79.123.456-{right}") == Verdict(Level.OK, "79123456")
    assert check_identification(CC, f"79.123.456-{wrong}").level is Level.ERROR


def test_a_cedula_of_nine_digits_warns_that_it_looks_like_a_nit() -> None:
    for typed in ("909214530", "909.214.530-9"):
        verdict = check_identification(CC, typed)

        assert (verdict.level, verdict.number) == (Level.WARNING, "909214530")
        assert "nine digits like the NIT of a company" in text_of(verdict)


def test_the_final_consumer_is_accepted_as_a_cedula() -> None:
    assert check_identification(CC, FINAL_CONSUMER) == Verdict(Level.OK, FINAL_CONSUMER)


def test_an_old_minors_number_keeps_its_zero_in_front() -> None:
    # Born in 2000: eleven digits that begin with the date.
    assert check_identification(kind_of("ti"), "000101-12345").level is Level.ERROR
    assert check_identification(kind_of("ti"), "00010112345").number == "00010112345"


@pytest.mark.parametrize(
    ("key", "typed", "number"),
    [
        ("rc", "a1b 0250123", "A1B0250123"),
        ("nuip", "1.001.234.567", "1001234567"),
        ("passport", "ab 123-456", "AB123456"),
        ("pep", "912345678901234", "912345678901234"),
        ("ppt", "1.234.567", "1234567"),
        ("ce", "CE 0123456", "123456"),
        ("ce", "123.456-7", "1234567"),
        ("te", "T-123", "T123"),
        ("foreign_document", "12.345.678-X", "12345678X"),
        ("foreign_nit", "J-12345678-9", "J123456789"),
        ("foreign_nit", "12.345.678/0001-95", "12345678000195"),
    ],
)
def test_other_documents_keep_letters_and_digits_only(key: str, typed: str, number: str) -> None:
    assert check_identification(kind_of(key), typed) == Verdict(Level.OK, number)


@pytest.mark.parametrize("key", FOREIGN)
@pytest.mark.parametrize("typed", ["Ж-123456", "1", "1" * 40, "ab?c", "12345678901234567-8"])
def test_documents_of_foreigners_only_ever_warn(key: str, typed: str) -> None:
    verdict = check_identification(kind_of(key), typed)

    assert verdict.level in (Level.OK, Level.WARNING)
    assert verdict.number


def test_a_warning_says_what_is_unusual() -> None:
    pep = check_identification(kind_of("pep"), "123")
    ce = check_identification(kind_of("ce"), "E123456")
    passport = check_identification(kind_of("passport"), "ЖБ12345")

    assert pep.level is ce.level is passport.level is Level.WARNING
    assert "has 15 characters, '123' has 3" in text_of(pep)
    assert "only digits, 'E123456' has letters" in text_of(ce)
    assert "letters A to Z, 'ЖБ12345' has others" in text_of(passport)


@given(st.sampled_from(TYPES), st.text(max_size=60))
def test_every_text_gets_a_verdict(kind: IdentificationType, typed: str) -> None:
    verdict = check_identification(kind, typed)

    assert (verdict.level is Level.OK) == (verdict.message is None)
    if verdict.message is not None:
        assert str(verdict.message)


@given(st.sampled_from(TYPES), st.text("0123456789ABCXYZ", min_size=1, max_size=20))
def test_what_is_ok_fits_the_pattern_and_survives_formatting(
    kind: IdentificationType, typed: str
) -> None:
    verdict = check_identification(kind, typed)

    if verdict.level is Level.OK and verdict.number != FINAL_CONSUMER:
        assert re.fullmatch(kind.pattern, verdict.number)
        shown = format_identification(kind, verdict.number, verdict.check_digit)
        assert check_identification(kind, shown) == verdict


@given(st.integers(100, 10**10 - 1), st.data())
def test_one_changed_digit_of_a_nit_is_an_error_unless_its_check_digit_is_1(
    number: int, data: st.DataObject
) -> None:
    digits = str(number)
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([digit for digit in "123456789" if digit != digits[place]]))
    check_digit = nit_check_digit(digits)
    changed = f"{digits[:place]}{other}{digits[place + 1 :]}-{check_digit}"

    verdict = check_identification(NIT, changed)

    if check_digit != "1":
        assert verdict.level is Level.ERROR


@pytest.mark.parametrize(
    ("key", "number", "shown"),
    [
        ("nit", "909214530", "909.214.530-9"),
        ("nit", "1020304050", "1.020.304.050-8"),
        ("cc", "1020304050", "1.020.304.050"),
        ("cc", "79123456", "79.123.456"),
        ("cc", "123", "123"),
        ("cc", "1234", "1.234"),
        ("ti", "1001234567", "1.001.234.567"),
        ("ti", "00010112345", "00010112345"),
        ("nuip", "0012345678", "0.012.345.678"),
        ("nuip", "A1B0250123", "A1B0250123"),
        ("ce", "123456", "123456"),
        ("passport", "AB123456", "AB123456"),
        ("nit", "", ""),
    ],
)
def test_a_number_is_shown_as_people_write_it(key: str, number: str, shown: str) -> None:
    assert format_identification(kind_of(key), number) == shown


def test_the_given_check_digit_is_shown() -> None:
    assert format_identification(NIT, "909214530", "9") == "909.214.530-9"


@pytest.mark.parametrize("kind", STRICT_DIGITS, ids=lambda kind: kind.key)
def test_hostile_texts_are_judged_at_once(kind: IdentificationType) -> None:
    # Quadratic or worse matching would take minutes for these.
    for typed in ("1" + "." * 20_000 + "x", "12 " * 20_000 + "x", "1-123" * 10_000 + "x"):
        assert check_identification(kind, typed).level is Level.ERROR
