"""How a file writes its numbers and dates, told from a whole column instead of cell by cell.

In a file with decimal points ``1.250`` is one and a quarter, in a Spanish one it is 1250; read cell
by cell, a column with ``12.5`` above it would come in half right. So an import first looks at the
column, and then reads all its cells in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from trato.i18n import DateOrder

DecimalSign: TypeAlias = Literal[".", ","]

# A number, perhaps between the signs of money, a minus or parentheses.
_NUMBER = re.compile(r"[^\d.,]{0,8}([\d.,]*\d)[^\d.,]{0,8}")
_GROUPS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*")
_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2\d{2,4}\b")
_OTHER: Final[dict[DecimalSign, DecimalSign]] = {".": ",", ",": "."}


def evident_sign(text: str) -> DecimalSign | None:
    """Return the decimal sign that the number must have, None where it may be either or none.

    ``1.234,50`` and ``1.234.567`` have a comma, ``12.5`` and ``0.125`` a point, ``1.234`` either.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    body = found[1]
    points, commas = body.count("."), body.count(",")
    if not points + commas:
        return None
    last: DecimalSign = "." if body.rfind(".") > body.rfind(",") else ","
    if points + commas == 1:
        return None if _GROUPS.fullmatch(body) else last
    if not (points and commas):  # 1.234.567: the signs are between groups
        return _OTHER[last] if _GROUPS.fullmatch(body) else None
    whole, _sign, _fraction = body.rpartition(last)
    return last if _GROUPS.fullmatch(whole) else None


def decimal_sign(texts: Iterable[str]) -> DecimalSign | None:
    """Return the decimal sign that a column shows; None where nothing or both are shown."""
    found = {sign for sign in map(evident_sign, texts) if sign is not None}
    return found.pop() if len(found) == 1 else None


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """Return the order that a column's dates show; None where nothing or both are shown.

    ``23/11/2026`` shows the day first, ``11/23/2026`` the month.
    """
    found: set[DateOrder] = set()
    for text in texts:
        numbers = _DATE.match(text.strip())
        if numbers is not None and int(numbers[1]) > 12:
            found.add("dmy")
        elif numbers is not None and int(numbers[3]) > 12:
            found.add("mdy")
    return found.pop() if len(found) == 1 else None
