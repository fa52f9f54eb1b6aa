"""What is compared, sorted and searched instead of what was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.entities.fold import fold, fold_code, fold_digits, search_terms, search_text


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("  Peña   Nieto ", "pena nieto"), ("ÁÉÍÓÚ ñÑ üÜ", "aeiou nn uu"), ("Straße", "strasse"),
        ("ﬁnca", "finca"), ("İstanbul", "istanbul"), ("中文", "中文"), ("S.A.S.", "s.a.s."),
        ("Calle 5 № 3", "calle 5 no 3"), ("㏒ ℌ ᴬ", "log h a"),
    ],
)  # fmt: skip
def test_case_accents_and_blanks_do_not_count(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text(min_size=1))
def test_what_is_there_never_folds_to_nothing(typed: str) -> None:
    assert bool(fold(typed)) == bool(typed.strip())


def test_folding_again_changes_nothing() -> None:
    letters = (chr(code) for code in range(0x20, 0x30000) if not 0xD800 <= code < 0xE000)

    assert [letter for letter in letters if fold(fold(letter)) != fold(letter)] == []


@given(st.text())
def test_codes_keep_letters_and_digits_only(typed: str) -> None:
    folded = fold_code(typed)

    assert folded == "" or (folded.isalnum() and folded.isascii())
    assert fold_code(folded) == folded


def test_the_same_identification_typed_otherwise_is_the_same_code() -> None:
    typed = ["909.214.530-9", "909214530-9", "9092145309", " 909 214 530 9 "]

    assert {fold_code(text) for text in typed} == {"9092145309"}
    assert {fold_digits(text) for text in ("300 123-4567", "3001234567")} == {"3001234567"}


def test_searched_text_has_two_blanks_before_each_word() -> None:
    assert search_text(["El Yunque S.A.S.", None, "909.214.530-9"]) == (
        "  el  yunque  sas  9092145309"
    )
    assert search_text([None, "", "¡!"]) is None


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("yunque", ["yunque"]), ("D1", ["  d1"]), ("fe yu", ["  fe", "  yu"]),
        ("S.A.S.", ["sas"]), ("909.214.530-9", ["9092145309"]), ("  ", []), ("¿?", []),
        ("Café CAFÉ", ["cafe"]),
    ],
)  # fmt: skip
def test_short_terms_match_beginnings_and_long_ones_anywhere(typed: str, terms: list[str]) -> None:
    assert search_terms(typed) == terms
