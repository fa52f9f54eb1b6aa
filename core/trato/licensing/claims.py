"""Between the claims of a token (any JSON) and ``License``: every claim is checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeGuard

from trato.errors import LicenseError, Message
from trato.licensing.license import License
from trato.text import _

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What each claim must be, for the message that refuses it.
_WANTED = {
    "tenant": _("a word"),
    "plugins": _("a list of words"),
    "seats": _("a whole number from 1"),
    "expires": _("a date such as 2027-12-31"),
    "iat": _("a time in seconds"),
    "jti": _("a word"),
}


def read_claims(claims: Mapping[str, Any], kid: str) -> License:
    """Turn claims into a licence, or raise LicenseError for the first one that is wrong."""
    for name in _WANTED:
        if name not in claims:
            raise LicenseError(
                _("The licence lacks the claim '{claim}'."),
                hint=_("Ask the issuer for a complete licence."),
                code="license_claim",
                claim=name,
            )
    return License(
        tenant=_word(claims, "tenant"),
        plugins=_plugins(claims["plugins"]),
        seats=_seats(claims["seats"]),
        expires=_expires(claims["expires"]),
        id=_word(claims, "jti"),
        issued_at=_issued_at(claims["iat"]),
        kid=kid,
    )


def _word(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not _is_word(value):
        raise _wrong(name, value)
    return str(value)


def _plugins(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(_is_word, value)):
        raise _wrong("plugins", value)
    doubled = sorted({name for name in value if value.count(name) > 1})
    if doubled:
        raise LicenseError(
            _("The licence names a plugin more than once: {doubled}."),
            hint=_("Name each plugin once."),
            code="license_claim",
            doubled=", ".join(doubled),
        )
    return tuple(value)


def _seats(value: object) -> int:
    if not _is_whole(value) or value < 1:
        raise _wrong("seats", value)
    return value


def _expires(value: object) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _wrong("expires", value)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise _wrong("expires", value) from error


def _issued_at(value: object) -> datetime:
    if not _is_whole(value):
        raise _wrong("iat", value)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise _wrong("iat", value) from error


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(name: str, value: object) -> LicenseError:
    return LicenseError(
        _("The claim '{claim}' of the licence is {value}, and must be {wanted}."),
        hint=_("Ask the issuer for a correct licence."),
        code="license_claim",
        claim=name,
        value=repr(value),
        wanted=Message(_WANTED[name]),
    )
