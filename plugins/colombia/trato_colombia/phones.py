"""Telephone numbers: from what somebody typed to E.164, and back to what people read.

Numbers without a country code are Colombian by default. The plan is that of the package
``phonenumberslite``; its geocoder costs seconds to import and is never used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from trato.api import DomainError, Message, _

DEFAULT_REGION = "CO"
_COLOMBIA = 57

# The package reads letters as keys (310-FLOWERS) and takes what follows a number into it
# ("3101234567 (Juan)" gains 5826), so words may only stand in front, as in "Cel: 310 123 4567".
_TYPED = re.compile(
    r"(?:[^\W\d]+[.:\s]+)*[^\W\d]*"  # "Tel. oficina:"
    r"([+(]*\s?[0-9][0-9\s().–-]*)"
    r"(?:(?:ext|extensión|extension|int|x|#)[.:]?\s*([0-9]{1,7}))?\s*",
    re.IGNORECASE,
)
_NOT_DIGIT = re.compile(r"[^0-9]+")
# Ten digits are by far the most common; building their number here saves two thirds of the time.
_COLOMBIAN = re.compile(r"[36][0-9]{9}")

# People group them so; the package leaves the last seven digits together.
_AT_HOME = re.compile(r"\+57([0-9]{3})([0-9]{3})([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number that can be dialled and compared."""

    #: ``+573101234567``
    e164: str
    extension: str = ""
    #: Of a right length, but nobody has such numbers as far as the plan says; ``None`` otherwise.
    doubt: Message | None = None


def parse_phone(text: str, *, region: str = DEFAULT_REGION) -> Phone:
    """Read a telephone number as typed, with or without country code and extension.

    :param region: country (ISO 3166, two letters) of numbers without a country code.
    :raises DomainError: with code ``invalid_phone`` for what cannot be a single number.
    """
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        raise _refused(_("'{typed}' is not one telephone number."), text)
    number = _read(match[1], text, region)
    length = phonenumbers.is_possible_number_with_reason(number)
    if _is_old_landline(number):
        raise _refused(
            _("'{typed}' is a landline as it was dialled before September 2021."),
            text,
            hint=_("Write ten digits: 60, the digit of the area, and the seven digits."),
        )
    if length != ValidationResult.IS_POSSIBLE:
        raise _refused(_TOO_LONG if length == ValidationResult.TOO_LONG else _TOO_SHORT, text)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    doubt = None
    if not phonenumbers.is_valid_number(number):
        doubt = Message(
            _("No number like {number} has been assigned. Check its first digits."),
            {"number": e164},
        )
    return Phone(e164, match[2] or "", doubt)


def format_phone(e164: str, *, extension: str = "", region: str = DEFAULT_REGION) -> str:
    """Show a stored number: nationally in its own region, else with its country code.

    What is not E.164 comes back unchanged: old data must stay readable.
    """
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return e164
    if extension:
        number.extension = extension
    at_home = phonenumbers.country_code_for_region(region) == number.country_code
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


# A save compares the phone of a record several times, and the plan of numbers is slow to ask.
@lru_cache(maxsize=4096)
def tidy_phone(text: str) -> str:
    """Write a Colombian number that exists in E.164, with its extension; leave all others."""
    try:
        phone = parse_phone(text)
    except DomainError:
        return text
    if phone.doubt or not phone.e164.startswith(f"+{_COLOMBIA}"):
        return text
    return f"{phone.e164} ext {phone.extension}" if phone.extension else phone.e164


def shown_phone(text: str) -> str:
    """Show a number with its country, ``+57 310 123 4567``; what is no number as it is."""
    try:
        phone = parse_phone(text)
    except DomainError:
        return text
    at_home = _AT_HOME.fullmatch(phone.e164)
    if at_home:
        shown = " ".join(("+57", *at_home.groups()))
        return f"{shown} ext. {phone.extension}" if phone.extension else shown
    number = phonenumbers.parse(phone.e164)
    if phone.extension:
        number.extension = phone.extension
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def phone_spellings(text: str) -> tuple[str, ...]:
    """Give the ways in which a Colombian number is kept: in E.164, and without country code."""
    tidy = tidy_phone(text)
    if not tidy.startswith(f"+{_COLOMBIA}"):
        return (text,)
    return (tidy, tidy.removeprefix(f"+{_COLOMBIA}"))


_TOO_SHORT = _("'{typed}' has too few digits for a telephone number.")
_TOO_LONG = _("'{typed}' has too many digits for a telephone number.")


def _read(typed: str, text: str, region: str) -> PhoneNumber:
    digits = _NOT_DIGIT.sub("", typed)
    if region == DEFAULT_REGION and "+" not in typed:
        if _COLOMBIAN.fullmatch(digits):
            return PhoneNumber(country_code=_COLOMBIA, national_number=int(digits))
        # In Colombia 00 must be followed by a carrier (005, 007, 009); people leave it out.
        if digits.startswith("0057"):
            typed = f"+{digits[2:]}"
    try:
        return phonenumbers.parse(typed, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise _refused(_("'{typed}' begins with no country code."), text) from error
        too_long = error.error_type == NumberParseException.TOO_LONG
        raise _refused(_TOO_LONG if too_long else _TOO_SHORT, text) from error


def _is_old_landline(number: PhoneNumber) -> bool:
    """Tell the plan before CRC resolution 5826 of 2019: seven digits, or the area digit first."""
    return number.country_code == _COLOMBIA and 10**6 <= (number.national_number or 0) < 10**8


def _refused(message: str, typed: str, *, hint: str = "") -> DomainError:
    typed = typed.strip()
    return DomainError(
        message,
        hint=hint or _("Write one number with its area, like 310 123 4567 or +34 612 345 678."),
        code="invalid_phone",
        typed=typed if len(typed) <= 40 else f"{typed[:40]}…",
    )
