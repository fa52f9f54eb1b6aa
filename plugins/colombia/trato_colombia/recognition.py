"""Telling what a typed identification is when nobody said its type, and its other spellings."""

from __future__ import annotations

import re
from functools import lru_cache

from trato_colombia.identification import Level, check_identification
from trato_colombia.identification_types import CC, NIT, Holder, IdentificationType, find_type

_LEADING_WORD = re.compile(r"\s*([A-Z.]+?)[.\s:#]*[0-9]", re.IGNORECASE)
_NOT_DIGIT = re.compile(r"[^0-9]+")
#: Shortest number that is taken for a document without a type beside it.
_SHORTEST = 6


def guess_type(holder: Holder, text: str) -> IdentificationType | None:
    """Guess the type of a document where it can hardly be another; ``None`` in any doubt.

    * What begins with the abbreviation of a type is of that type: "NIT 909.214.530".
    * A number with its right check digit is a NIT; one of a person only when a separator sets
      the digit apart.
    * Nine digits of a company that begin with 8 or 9 are a NIT.
    * Six to eight digits of a person, or ten that begin with 1, are a citizenship card.
    """
    written = _written_type(text)
    if written is not None:
        right = check_identification(written, text).level is not Level.ERROR
        return written if right else None
    nit = check_identification(NIT, text)
    if nit.level is Level.OK and len(nit.number) >= _SHORTEST:
        digits = _NOT_DIGIT.sub("", text).lstrip("0")
        has_digit = len(digits) == len(nit.number) + 1
        is_company = holder is Holder.COMPANY
        if has_digit and (is_company or not text.strip()[-2:].isdigit()):
            return NIT
        if is_company and len(nit.number) == 9 and nit.number[0] in "89":
            return NIT
    if holder is Holder.PERSON:
        card = check_identification(CC, text)
        length = len(card.number)
        usual = _SHORTEST <= length <= 8 or (length == 10 and card.number[0] == "1")
        if card.level is Level.OK and usual:
            return CC
    return None


@lru_cache(maxsize=4096)  # a save compares the number of a record several times
def identification_spellings(text: str) -> tuple[str, ...]:
    """Give the ways in which the same number may be kept: without its check digit, and with it.

    A number of fewer than nine digits is never sought with a digit behind it: that would be the
    NIT of another.
    """
    verdict = check_identification(NIT, text)
    if verdict.level is not Level.OK:
        return (text,)
    found = [verdict.number]
    if len(verdict.number) >= 9:
        found.append(verdict.number + verdict.check_digit)
    if text.isdigit():
        found.append(text)
    return tuple(dict.fromkeys(found))


def _written_type(text: str) -> IdentificationType | None:
    """Find the type whose abbreviation stands before the number, unless it may be part of it."""
    match = _LEADING_WORD.match(text)
    found = find_type(match[1]) if match else None
    return found if found is not None and found.digits_only else None
