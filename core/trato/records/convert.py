"""Values of fields: from what a caller sent to Python, to JSON, to the typed side rows, and back.

Python values are str, int, Decimal, date, aware datetime, bool, UUID, and lists of str.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from trato.db.types import MAX_BIGINT, Scaled
from trato.entities.fields import LIST_KINDS, REF_KINDS, TEXT_KINDS, Field
from trato.entities.fold import FOLDS, fold
from trato.errors import Message
from trato.text import _

#: Control characters but tab and newlines; NUL cannot be stored by PostgreSQL at all. Lone
#: surrogates cannot be encoded.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = re.compile(
    r"[^@\s,;<>()\[\]\\\"]{1,64}@"
    r"(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W\d_](?:[\w-]{0,61}[\w])?"
)
_PHONE = re.compile(
    r"(?:\+\(?|\(\+?)?[0-9][0-9 ().\-/]{2,30}(?:\s*(?:ext|x|#)\.?\s*[0-9]{1,8})?", re.IGNORECASE
)
_URL = re.compile(r"https?://[^\s/$.?#<>\"'][^\s<>\"']*", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_MAX_LIST = 100
#: PostgreSQL refuses index rows over some 2,700 bytes.
_LONGEST_KEY = 500
#: The default context's 28 digits are too few to compare a hostile number.
_WIDE = Context(prec=80)


class Refused(ValueError):
    """A value that a field does not accept."""

    def __init__(self, text: str, **params: Any) -> None:
        super().__init__(text)
        self.message = Message(text, params)


def load_value(field: Field, value: Any) -> Any:
    """Turn a JSON-like value into the field's Python value; empty text becomes None.

    :raises Refused: when the field does not accept it.
    """
    if value is None:
        return None
    return _LOADERS[field.kind](field, value)


#: Turns a value that is not None into the field's Python value, or raises ``Refused``.
Converter = Callable[[Any], Any]


def converter(field: Field) -> Converter:
    """Give the function that does for one field what ``load_value`` does for any."""
    return partial(_LOADERS[field.kind], field)


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise Refused(_("This is text; {value} is not."), value=_shown(value))
    if _CONTROL.search(value):
        raise Refused(_("Control characters are not allowed."))
    value = value.strip()
    if field.kind != "longtext":
        value = " ".join(value.split())
    limit = field.max_length
    if limit is not None and len(value) > limit:
        raise Refused(_("At most {limit} letters; these are {length}."), limit=limit,
                      length=len(value))  # fmt: skip
    return str(value) or None


def _email(field: Field, value: Any) -> str | None:
    address = _text(field, value)
    if address is not None and not _EMAIL.fullmatch(address):
        raise Refused(_("'{value}' is not an e-mail address."), value=address)
    return address


def _phone(field: Field, value: Any) -> str | None:
    number = _text(field, value)
    if number is not None and not _PHONE.fullmatch(number):
        raise Refused(_("'{value}' is not a phone number."), value=number)
    return number


def _url(field: Field, value: Any) -> str | None:
    address = _text(field, value)
    if address is not None and not _URL.fullmatch(address):
        raise Refused(
            _("'{value}' is not a web address; it starts with https:// or http://."),
            value=address,
        )
    return address


def _integer(field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(_("{value} is not a whole number."), value=_shown(value))
    if not -MAX_BIGINT <= value <= MAX_BIGINT:
        raise Refused(_("The number is too large."))
    _range(field, Decimal(value))
    return value


def _decimal(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Refused(_("{value} is not a number."), value=_shown(value))
    if isinstance(value, Decimal):
        number = value
    else:
        plain = repr(value) if isinstance(value, float) else str(value).strip()
        if isinstance(value, str) and not _NUMBER.fullmatch(plain):
            raise Refused(_("{value} is not a number."), value=_shown(value))
        try:
            number = Decimal(plain)
        except InvalidOperation:
            raise Refused(_("{value} is not a number."), value=_shown(value)) from None
    if not number.is_finite():
        raise Refused(_("{value} is not a number."), value=_shown(value))
    unit, scaled = _scaling(field.scale)
    if abs(number) > scaled.limit:
        raise Refused(_("The number is too large."))
    exact = number.quantize(unit, context=_WIDE)
    if exact != number:
        raise Refused(_("At most {scale} decimals."), scale=field.scale)
    _range(field, exact)
    return exact


@lru_cache
def _scaling(scale: int) -> tuple[Decimal, Scaled]:
    """Give the least step of a scale and its type, which SQLAlchemy makes slowly."""
    return Decimal(1).scaleb(-scale), Scaled(scale)


def _range(field: Field, number: Decimal) -> None:
    if field.minimum is not None and number < field.minimum:
        raise Refused(_("At least {limit}."), limit=field.minimum)
    if field.maximum is not None and number > field.maximum:
        raise Refused(_("At most {limit}."), limit=field.maximum)


def _date(field: Field, value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise Refused(_("{value} is not a date like 2026-11-22."), value=_shown(value))


def _moment(field: Field, value: Any) -> dt.datetime:
    moment: dt.datetime | None = None
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", value):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if moment is None:
        raise Refused(
            _("{value} is not a moment like 2026-11-22T15:30:00-05:00."), value=_shown(value)
        )
    if moment.tzinfo is None:
        raise Refused(_("{value} has no time zone; add one, like -05:00."), value=_shown(value))
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise Refused(_("The moment is out of range.")) from None


def _boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(_("{value} is neither true nor false."), value=_shown(value))
    return value


def _choice(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or value not in choice_labels(field):
        known = [key for key, _label in field.choices[:12]]
        raise Refused(
            _("{value} is not one of: {choices}."),
            value=_shown(value),
            choices=", ".join(known) + (" …" if len(field.choices) > 12 else ""),
        )
    return str(value)


def _list(field: Field, value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple):
        raise Refused(_("This is a list; {value} is not."), value=_shown(value))
    if len(value) > _MAX_LIST:
        raise Refused(_("At most {limit} values."), limit=_MAX_LIST)
    load = _choice if field.kind == "choices" else _text
    items = [item for raw in value if (item := load(field, raw)) is not None]
    # The same word in other capitals is the same tag; the first spelling stays.
    kept: dict[str, str] = {}
    for item in items:
        kept.setdefault(fold(item), item)
    return list(kept.values()) or None


def _id(field: Field, value: Any) -> UUID | None:
    if isinstance(value, UUID):
        return value
    if value == "":
        return None
    if isinstance(value, str) and len(value) in (32, 36):
        try:
            return UUID(value)
        except ValueError:
            pass
    raise Refused(_("{value} is not an id."), value=_shown(value))


_LOADERS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text, "longtext": _text, "integer": _integer, "decimal": _decimal,
    "money": _decimal, "date": _date, "moment": _moment, "boolean": _boolean,
    "choice": _choice, "choices": _list, "tags": _list, "email": _email, "phone": _phone,
    "url": _url, "ref": _id, "member": _id, "team": _id,
}  # fmt: skip


def _shown(value: Any) -> str:
    """Show a refused value, shortened."""
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def choice_labels(field: Field) -> Mapping[str, str]:
    """Give a choice field's allowed values with their labels."""
    # dict() of a tuple of pairs is fast; a country's municipalities are kept by identity.
    cached = _LABELS.get(id(field.choices))
    if cached is None or cached[0] is not field.choices:
        if len(_LABELS) > 512:
            _LABELS.clear()
        cached = _LABELS[id(field.choices)] = (field.choices, dict(field.choices))
    return cached[1]


_LABELS: dict[int, tuple[Any, dict[str, str]]] = {}


def to_json(field: Field, value: Any) -> Any:
    """Turn a Python value into what JSON holds: REST answers, the custom column, the audit."""
    if value is None:
        return None
    if field.kind in ("decimal", "money"):
        return plain_decimal(value, 2 if field.kind == "money" else 0)
    if field.kind == "date":
        return value.isoformat()
    if field.kind == "moment":
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if field.kind in REF_KINDS:
        return str(value)
    return value


def plain_decimal(value: Decimal, least: int = 0) -> str:
    """Write a decimal without exponent and without needless zeros, with ``least`` decimals."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    whole, _dot, part = text.partition(".")
    part = part.rstrip("0").ljust(least, "0")
    if part:
        return f"{whole}.{part}"
    return "0" if whole == "-0" else whole


#: Kinds whose values JSON holds as they are.
JSON_KINDS = TEXT_KINDS | LIST_KINDS | {"integer", "boolean", "choice"}


def from_json(field: Field, value: Any) -> Any:
    """Turn what JSON holds back into the Python value; the inverse of ``to_json``."""
    if value is None:
        return None
    if field.kind in ("decimal", "money"):
        return Decimal(value)
    if field.kind == "date":
        return dt.date.fromisoformat(value)
    if field.kind == "moment":
        return dt.datetime.fromisoformat(value)
    if field.kind in REF_KINDS:
        return UUID(value)
    return value


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def side_value(field: Field, value: Any) -> tuple[str | None, int | None]:
    """Turn one Python value into (text, number) of the typed side rows, ready to compare.

    Numbers are scaled integers, moments microseconds since 1970; dates are ISO text.
    """
    kind = field.kind
    if kind in ("integer", "boolean"):
        return None, int(value)
    if kind in ("decimal", "money"):
        return None, _scaling(field.scale)[1].to_integer(value)
    if kind == "moment":
        return None, (value - _EPOCH) // dt.timedelta(microseconds=1)
    if kind == "date":
        return value.isoformat(), None
    if kind in REF_KINDS:
        return str(value), None
    if kind == "choice" or kind == "choices":
        return value, None
    return FOLDS[field.fold or "text"](value)[:_LONGEST_KEY] or None, None


def side_column(field: Field) -> str:
    """Name the column of the typed side rows that holds a field's values."""
    numbers = ("integer", "boolean", "decimal", "money", "moment")
    return "number" if field.kind in numbers else "text"


def shadow_value(field: Field, value: Any) -> str | None:
    """Fold a text value into its shadow column; what folds to nothing is NULL."""
    if value is None or field.fold is None:
        return None
    return FOLDS[field.fold](value)[:_LONGEST_KEY] or None


def spelled(field: Field, value: Any) -> list[str]:
    """Fold a text value in each of its spellings, the one to keep first."""
    if field.spellings is None:
        key = shadow_value(field, value)
        return [key] if key else []
    return list(_spelled(field.spellings, field.fold, value))


@lru_cache(maxsize=8_192)
def _spelled(
    write: Callable[[str], Iterable[str]], folded: str | None, value: str
) -> tuple[str, ...]:
    """Ask a field's function once for a value: an import asks five times for each row's."""
    fold = None if folded is None else FOLDS[folded]
    keys = (None if fold is None else fold(text)[:_LONGEST_KEY] for text in write(value))
    return tuple(dict.fromkeys(key for key in keys if key))


def searched(field: Field, value: Any) -> str | None:
    """Give the text under which a value is found."""
    if value is None:
        return None
    if field.kind in LIST_KINDS:
        return " ".join(value)
    if field.kind == "choice":
        return choice_labels(field).get(value, str(value))
    return str(value)
