"""Turn cells into the values of fields.

A cell is what a file holds, a value what a field takes: here ``Sí`` becomes True, a label its key
and ``$ 1.234,50`` a Decimal. Whether the field accepts the value (length, range, shape of an
address) is decided where all values are, in ``trato.records``; nothing is decided twice.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from trato.entities.fold import fold as fold_text
from trato.errors import DomainError
from trato.exchange.cells import Cell, Unreadable, cell_text
from trato.exchange.conventions import DecimalSign, evident_sign
from trato.exchange.mapping import fold
from trato.i18n import DateOrder, Formats
from trato.text import _

#: Kinds of fields whose values a cell holds by itself; references need the other records.
KINDS: Final = (
    "text",
    "longtext",
    "integer",
    "decimal",
    "money",
    "date",
    "moment",
    "boolean",
    "choice",
    "choices",
    "tags",
    "email",
    "phone",
    "url",
)

_SHOWN = 60
_LISTED = 12
_TRUE = frozenset({"si", "s", "x", "1", "true", "t", "verdadero", "v", "yes", "y", "on"})
_FALSE = frozenset({"no", "n", "0", "false", "f", "falso", "off"})
_LIST_SIGNS = re.compile(r"[;|\n]")
# Systems without dates write midnight behind each.
_MIDNIGHT = re.compile(
    r"[ T]+(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00)?\s*a\.?\s*m\.?)$", re.IGNORECASE
)
_NO_SCHEME = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#].*)?")
#: Excel's day 0. A number below the first stands for a date before 1927 or is a year.
_EXCEL_EPOCH = datetime(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 2_958_465

Parser = Callable[[Cell], Any]  # Any: the value's type depends on the kind


class Choices:
    """The values of a choice by key and by label in any language, accents ignored.

    :param labels: by key the labels in all languages; the first is shown in messages.
    """

    def __init__(self, labels: Mapping[str, Sequence[str]]) -> None:
        self._keys = {key: key for key in labels}
        self._labels: dict[str, str | None] = {}
        self._shown = [texts[0] if texts else key for key, texts in labels.items()]
        for key, texts in labels.items():
            for text in (key, *texts):
                # None: two keys share the label, so it names neither.
                known = self._labels.setdefault(fold(text), key)
                if known != key:
                    self._labels[fold(text)] = None

    def read(self, cell: Cell) -> str:
        """Return the key of a cell with one value. See `find`."""
        return self.find(cell_text(cell).strip())

    def read_several(self, cell: Cell) -> tuple[str, ...] | None:
        """Return the keys of a cell with several values, each once. See `find`."""
        return tuple(dict.fromkeys(map(self.find, _parts(cell)))) or None

    def find(self, text: str) -> str:
        """Return the key that the text names.

        :raises DomainError: that lists the values, the nearest first.
        """
        key = self._keys.get(text) or self._labels.get(fold(text))
        if key is not None:
            return key
        nearest = difflib.get_close_matches(text, self._shown, n=_LISTED, cutoff=0.6)
        listed = list(dict.fromkeys((*nearest, *self._shown)))
        more = " …" if len(listed) > _LISTED else ""
        raise _refused(
            _("'{value}' is not one of: {choices}."),
            text,
            choices=", ".join(listed[:_LISTED]) + more,
        )


def value_parser(
    kind: str,
    *,
    formats: Formats,
    choices: Choices | None = None,
    decimal: DecimalSign | None = None,
    order: DateOrder | None = None,
) -> Parser:
    """Return a function from a cell to the value of a field, for all cells of a column.

    :param kind: one of `KINDS`.
    :param choices: of a choice field; needed for ``choice`` and ``choices``.
    :param decimal: sign of the column (`conventions.decimal_sign`). Without it numbers are read
        the reader's way, and in the other way only where they cannot be anything else: to a
        reader of Spanish ``1.234`` is a thousand.
    :param order: of the column's dates (`conventions.date_order`); the reader's by default.

    The function returns None for an empty cell, a tuple for several choices or tags, a moment in
    UTC; it raises DomainError, with the cell in its message, for what it cannot read.
    """
    if (choices is not None) != (kind in {"choice", "choices"}):
        raise ValueError("Choices are needed for choice and choices, and for nothing else.")
    parse: Parser
    match kind:
        case "text" | "longtext" | "email" | "phone" | "url":
            parse = partial(_text, kind=kind, formats=formats)
        case "integer":
            parse = partial(_integer, formats=formats, decimal=decimal)
        case "decimal" | "money":
            parse = partial(_number, formats=formats, decimal=decimal)
        case "date":
            parse = partial(_date, formats=formats, order=order)
        case "moment":
            parse = partial(_moment, formats=formats, order=order)
        case "boolean":
            parse = _boolean
        case "choice" if choices is not None:
            parse = choices.read
        case "choices" if choices is not None:
            parse = choices.read_several
        case "tags":
            parse = _tags
        case _:
            raise ValueError(f"no cell holds a {kind}")

    def read(cell: Cell) -> Any:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return None
        if isinstance(cell, Unreadable):
            raise DomainError(cell.message.text, code="unreadable_cell", **cell.message.params)
        return parse(cell)

    return read


def _refused(message: str, cell: Cell, /, **params: str) -> DomainError:
    text = cell_text(cell)
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return DomainError(message, code="bad_value", value=shown, **params)


def _text(cell: Cell, *, kind: str, formats: Formats) -> str:
    if isinstance(cell, bool):
        return formats.yes_no(cell)
    text = cell_text(cell).strip()
    if kind == "longtext":
        return text.replace("\r\n", "\n").replace("\r", "\n")
    text = " ".join(text.split())
    if kind == "email" and text[:7].lower() == "mailto:":  # a link copied from a spreadsheet
        return text[7:]
    if kind == "url" and _NO_SCHEME.fullmatch(text):
        return f"https://{text}"
    return text


def _number(cell: Cell, *, formats: Formats, decimal: DecimalSign | None) -> Decimal:
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, bool) or isinstance(cell, date):
        raise _refused(_("'{value}' is not a number."), cell)
    if isinstance(cell, int):
        return Decimal(cell)
    text = cell_text(cell)
    if decimal is None and text.count(".") + text.count(",") > 1:
        decimal = evident_sign(text)
    return formats.parse_number(text, decimal=decimal)


def _integer(cell: Cell, *, formats: Formats, decimal: DecimalSign | None) -> int:
    number = _number(cell, formats=formats, decimal=decimal)
    if number != number.to_integral_value():
        raise _refused(_("'{value}' is not a whole number."), cell)
    return int(number)


def _date(cell: Cell, *, formats: Formats, order: DateOrder | None) -> date:
    if isinstance(cell, (int, Decimal)):
        cell = _from_serial(cell)
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise _refused(_("'{value}' has a time of day, and this is a date."), cell)
        return cell.date()
    if isinstance(cell, date):
        return cell
    return formats.parse_date(_MIDNIGHT.sub("", cell_text(cell).strip()), order=order)


def _moment(cell: Cell, *, formats: Formats, order: DateOrder | None) -> datetime:
    if isinstance(cell, (int, Decimal)):
        cell = _from_serial(cell)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
    if isinstance(cell, datetime):
        local = cell.replace(tzinfo=formats.zone) if cell.tzinfo is None else cell
        try:
            return local.astimezone(UTC)
        except OverflowError:
            raise _refused(_("'{value}' is beyond the last year."), cell) from None
    return formats.parse_datetime(cell_text(cell), order=order)


def _from_serial(number: int | Decimal) -> Cell:
    """Return the date of a cell that lost its date format, else the number as text."""
    if isinstance(number, bool) or not _FIRST_SERIAL <= number <= _LAST_SERIAL:
        return cell_text(number)  # 20261122 is a date too, and 2026 is none
    seconds = round(number % 1 * 86_400)
    return _EXCEL_EPOCH + timedelta(days=int(number), seconds=seconds)


def _boolean(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    word = fold(cell_text(cell))
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _refused(_("'{value}' is neither yes nor no."), cell)


def _tags(cell: Cell) -> tuple[str, ...] | None:
    tags: dict[str, str] = {}
    for tag in _parts(cell):
        # The same word in other capitals is the same tag; C, C# and C++ are three.
        tags.setdefault(fold_text(tag), tag)
    return tuple(tags.values()) or None


def _parts(cell: Cell) -> list[str]:
    parts = (" ".join(part.split()) for part in _LIST_SIGNS.split(cell_text(cell)))
    return [part for part in parts if part]
