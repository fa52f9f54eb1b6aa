"""Folding of text: what is compared, sorted and searched instead of what was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,\-/ ](?=\d)")
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}")
_NOT_WORD = re.compile(r"[^0-9a-z&+@._-]+")
_NOT_CODE = re.compile(r"[^0-9a-z]+")
_NOT_DIGIT = re.compile(r"\D+")


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Decomposing can bring capitals ("№" is "No"), and folding case what can be decomposed.
    folded = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def fold(text: str) -> str:
    """Lower case, no accents, single blanks: the form that names are sorted and compared by.

    What is nothing but accents stays as it is: a name that is there has a place in the order.
    """
    return " ".join(_plain(text).split()) or text.strip()


def fold_code(text: str) -> str:
    """Letters and digits only, lower case: `909.214.530-9` and `9092145309` are the same code."""
    return _NOT_CODE.sub("", _plain(text))


def fold_digits(text: str) -> str:
    """Digits only, as phone numbers are compared."""
    return _NOT_DIGIT.sub("", text)


FOLDS = {"text": fold, "code": fold_code, "digits": fold_digits}


def words(text: str) -> list[str]:
    """Split text into the words that search knows.

    Punctuation between digits is dropped, and initials are joined ("S.A.S." is "sas").
    """
    plain = _BETWEEN_DIGITS.sub("", _plain(text))
    if "." in plain:
        plain = _INITIALS.sub(lambda found: found[0].replace(".", ""), plain)
    return [word for part in _NOT_WORD.split(plain) if (word := part.strip("._-"))]


def search_text(values: Iterable[str | None]) -> str | None:
    """Make the searched text of a record from its searchable values.

    Two blanks stand before each word, so that a word's beginning of one or two letters is a
    trigram too ("  d", " d1"), and short terms need no index of their own.
    """
    seen = dict.fromkeys(word for value in values if value for word in words(value))
    return "".join(f"  {word}" for word in seen) or None


def search_terms(text: str) -> list[str]:
    """Turn what a person typed into the pieces that a searched text must all contain.

    One and two letters match the beginning of a word, three and more match anywhere.
    """
    terms = dict.fromkeys(words(text))
    return [term if len(term) > 2 else f"  {term}" for term in terms]
