"""Parsing, judging and showing of identification numbers, and the check digit of a NIT.

It knows no database and no client: a type and a typed text go in, a verdict comes out, and the
caller decides whether to store, warn or refuse.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from stdnum.co.nit import calc_check_digit

from trato.api import Message, _
from trato_colombia.identification_types import CC, IdentificationType, find_type

#: Number that stands for the unnamed final consumer, with type 13, in electronic invoices
#: (DIAN, Anexo técnico de factura electrónica de venta). No cédula, but ERPs send it as one.
FINAL_CONSUMER = "222222222222"

#: DIAN has published so many weights: 3 7 13 17 19 23 29 37 41 43 47 53 59 67 71.
_MOST_WEIGHTED_DIGITS = 15

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))

# Groups after the first have two digits or more, so a single last digit that is set apart by a
# hyphen, dot or space can only be the check digit. Behind a hyphen only groups of three count:
# "79123456-12" is a slip of the hand, not a number of ten digits.
_NUMBER = re.compile(r"([0-9]+(?:[ .,']+[0-9]{2,}|-[0-9]{3})*)(?:[ .,'-]+([0-9]))?[ .,'-]*")
_DECIMAL_OF_A_SPREADSHEET = re.compile(r"[0-9]+\.0")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


class Level(StrEnum):
    """How serious a verdict is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say what a typed identification means and whether it can be right.

    ``number`` is normalised as far as it could be read, also with an error, so that it can be
    searched. ``check_digit`` is always the computed one and filled for a NIT only.
    """

    level: Level
    number: str
    check_digit: str = ""
    #: The fact and what to do; ``None`` when all is well.
    message: Message | None = None


def nit_check_digit(number: str) -> str:
    """Compute the check digit of a NIT, given 1 to 15 digits without it (modulus 11, DIAN).

    With r = sum(weight * digit) mod 11, weights from right to left, it is r for r < 2, else
    11 - r. No weight is a multiple of 11, so one changed digit always changes r; that stays
    unnoticed only where r turns from 1 into 10 or back, which share the check digit 1. As no two
    neighbouring weights are equal mod 11, the same holds for neighbours that change places.

    :raises ValueError: for anything but 1 to 15 ASCII digits.
    """
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_WEIGHTED_DIGITS):
        raise ValueError(f"A NIT has 1 to {_MOST_WEIGHTED_DIGITS} digits, not {number!r}.")
    return calc_check_digit(number)


def check_identification(kind: IdentificationType, text: str, *, check_digit: str = "") -> Verdict:
    """Read a typed identification and judge it.

    Dots, commas, apostrophes, spaces and hyphens only separate; the type's own abbreviation
    ("NIT 909.214.530-9") and the zeros in front of a NIT or cédula are dropped. A check digit
    that no separator sets apart is recognised in a NIT of eleven digits, and of ten that do not
    begin with 1 (the ten digits of a cédula do).

    :param check_digit: the check digit of a NIT where it was typed in a field of its own.
    """
    cleaned = _tidy(text)
    if kind.digits_only:
        cleaned = _without_abbreviation(kind, cleaned)
    number = _NOT_ALPHANUMERIC.sub("", cleaned)
    if not number.strip("0"):
        nothing = _("'{typed}' has no document number. Write it.")
        return _verdict(Level.ERROR, number, nothing, kind, text)
    if not (kind.digits_only and kind.strict):
        return _judge_form(kind, _without_padding(kind, number), text)
    match = _NUMBER.fullmatch(cleaned)
    if match is None:
        unreadable = _(
            "'{typed}' is no {type}. Write its digits, with or without dots, "
            "and at most one digit after a hyphen."
        )
        return _verdict(Level.ERROR, number, unreadable, kind, text)
    number = _without_padding(kind, _NOT_ALPHANUMERIC.sub("", match[1]))
    typed_digit = check_digit.strip() or match[2]
    if kind.has_check_digit and not typed_digit and _ends_in_check_digit(number):
        number, typed_digit = number[:-1], number[-1]
    verdict = _judge_form(kind, number, text)
    if verdict.level is Level.ERROR or not (kind.has_check_digit or typed_digit):
        return verdict
    return _judge_check_digit(kind, verdict, typed_digit)


def format_identification(kind: IdentificationType, number: str, check_digit: str = "") -> str:
    """Show a normalised number as people write it: ``909.214.530-9``, ``1.020.304.050``.

    The check digit of a NIT is computed when it is not given.
    """
    if not (number.isascii() and number.isdigit()):
        return number
    shown = number
    # The old minor's numbers of eleven digits begin with a date of birth and are never grouped.
    if kind.grouped and len(number) <= 10:
        first = len(number) % 3 or 3
        rest = (number[at : at + 3] for at in range(first, len(number), 3))
        shown = ".".join((number[:first], *rest))
    if not kind.has_check_digit:
        return shown
    if not check_digit and len(number) <= _MOST_WEIGHTED_DIGITS:
        check_digit = nit_check_digit(number)
    return f"{shown}-{check_digit}" if check_digit else shown


def shown_identification(number: str, key: str | None, check_digit: str | None) -> str:
    """Show the identification of a client; without a type of document it stands as it is.

    :param key: stored type of the document.
    """
    kind = find_type(key) if key else None
    return number if kind is None else format_identification(kind, number, check_digit or "")


def _tidy(text: str) -> str:
    """Make dashes and spaces plain, letters capital, and drop the ".0" of a spreadsheet."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    text = " ".join(text.split()).upper()
    return text[:-2] if _DECIMAL_OF_A_SPREADSHEET.fullmatch(text) else text


def _without_abbreviation(kind: IdentificationType, cleaned: str) -> str:
    """Drop "NIT", "N.I.T.:" or "C.C. No." in front of the number."""
    if cleaned[:1].isdigit():
        return cleaned
    abbreviation = r"\.?".join(kind.abbreviation)
    return re.sub(rf"\A{abbreviation}\.?[ :]*(?:(?:N[O°]\.?|#)[ :]*)?", "", cleaned)


def _without_padding(kind: IdentificationType, number: str) -> str:
    return number.lstrip("0") if kind.padded else number


def _ends_in_check_digit(number: str) -> bool:
    """Tell from the length of an unseparated NIT whether its last digit is the check digit."""
    return len(number) == 11 or (len(number) == 10 and number[0] != "1")


def _judge_form(kind: IdentificationType, number: str, typed: str) -> Verdict:
    """Judge characters and length of a normalised number."""
    level = Level.ERROR if kind.strict else Level.WARNING
    if not number.isascii():
        text = _(
            "A document number has only digits and the letters A to Z, '{typed}' has others. "
            "Check it."
        )
        return _verdict(level, number, text, kind, typed)
    if kind.digits_only and not number.isdigit():
        text = _(
            "A document of this type has only digits, '{typed}' has letters, too. "
            "Check number and type."
        )
        return _verdict(level, number, text, kind, typed)
    if kind is CC and number == FINAL_CONSUMER:
        return Verdict(Level.OK, number)
    if not kind.shortest <= len(number) <= kind.longest:
        text = (
            _(
                "A document of this type has {longest} characters, '{typed}' has {found}. "
                "Check number and type."
            )
            if kind.shortest == kind.longest
            else _(
                "A document of this type has {shortest} to {longest} characters, "
                "'{typed}' has {found}. Check number and type."
            )
        )
        return _verdict(level, number, text, kind, typed)
    if kind is CC and len(number) == 9:
        # Cédulas were given with up to eight digits and later with ten, never with nine.
        text = _("'{typed}' has nine digits like the NIT of a company. Check that it is a {type}.")
        return _verdict(Level.WARNING, number, text, kind, typed)
    return Verdict(Level.OK, number)


def _judge_check_digit(kind: IdentificationType, verdict: Verdict, typed_digit: str) -> Verdict:
    """Compare the check digit; a cédula copied from a RUT carries one, too."""
    right = nit_check_digit(verdict.number)
    computed = right if kind.has_check_digit else ""
    if not typed_digit or typed_digit == right:
        return Verdict(verdict.level, verdict.number, computed, verdict.message)
    params = {
        "type": kind.abbreviation,
        "number": format_identification(kind, verdict.number, right).removesuffix(f"-{right}"),
        "right": right,
        "typed": typed_digit,
    }
    text = _("The check digit of {type} {number} is {right}, not {typed}. Check the number.")
    return Verdict(Level.ERROR, verdict.number, computed, Message(text, params))


def _verdict(level: Level, number: str, text: str, kind: IdentificationType, typed: str) -> Verdict:
    typed = typed.strip()
    params = {
        "type": kind.abbreviation,
        "typed": typed if len(typed) <= 40 else f"{typed[:40]}…",
        "shortest": kind.shortest,
        "longest": kind.longest,
        "found": len(number),
    }
    return Verdict(level, number, message=Message(text, params))
