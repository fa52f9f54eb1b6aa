from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato_colombia.identification import format_identification, nit_check_digit
from trato_colombia.identification_types import NIT, TYPES, Holder, find_type
from trato_colombia.recognition import guess_type, identification_spellings

NITS = st.integers(min_value=800_000_000, max_value=999_999_999).map(str)
NUMBERS = st.integers(min_value=100, max_value=1_999_999_999).map(str)


@given(NITS)
def test_all_ways_of_writing_a_nit_of_a_company_mean_the_same(number: str) -> None:
    digit = nit_check_digit(number)
    written = [number, f"{number}-{digit}", number + digit, format_identification(NIT, number)]

    spellings = [identification_spellings(text) for text in written]

    assert {found[0] for found in spellings} == {number}
    assert all(set(found) == {number, number + digit} for found in spellings)


@given(NUMBERS)
def test_the_kept_spelling_stays_what_it_is(number: str) -> None:
    [kept, *_others] = identification_spellings(number)

    assert identification_spellings(kept)[0] == kept


@given(NUMBERS.filter(lambda number: len(number) < 9))
def test_a_short_number_never_means_the_nit_behind_it(number: str) -> None:
    set_apart = f"{number}-{nit_check_digit(number)}"

    assert identification_spellings(number) == (number,)
    assert identification_spellings(set_apart) == (number,)


@pytest.mark.parametrize("typed", ["909214530-7", "AB 123.456", "", "ñ", "12", "9" * 40])
def test_what_is_no_nit_has_one_spelling(typed: str) -> None:
    assert identification_spellings(typed) == (typed,)


@given(st.sampled_from(Holder), st.text(max_size=30))
def test_any_text_can_be_asked(holder: Holder, text: str) -> None:
    assert guess_type(holder, text) in {None, *TYPES}
    assert identification_spellings(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("nit", "nit"), ("N.I.T.", "nit"), ("N. I. T.", "nit"), ("31", "nit"), ("13", "cc"),
        ("C. C.", "cc"), ("CÉDULA", "cc"), ("Cédula de  ciudadanía", "cc"),
        ("Pasaporte", "passport"),
        ("foreign_document", "foreign_document"), ("T.I.", "ti"), ("NIT extranjero", "foreign_nit"),
    ],
)  # fmt: skip
def test_a_type_is_found_by_all_its_names(text: str, key: str) -> None:
    found = find_type(text)

    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("text", ["", ".", "licencia", "99", "c"])
def test_a_text_that_names_no_type_finds_none(text: str) -> None:
    assert find_type(text) is None
