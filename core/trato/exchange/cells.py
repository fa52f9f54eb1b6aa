"""What one cell of a table may hold, how it reads as text, and how a formula is made harmless.

Nothing here knows files, fields or records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from trato.errors import Message

#: Delimiters that a reader may choose; a text holding any of them is quoted when written.
DELIMITERS: Final = (";", "\t", "|", ",")

# The first characters that make a spreadsheet run a text (OWASP, "CSV Injection"), with the
# full-width forms that East Asian settings treat alike.
_FORMULA_START = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_RUNNABLE = re.compile(f"'*[{_FORMULA_START}]")
_NEUTRALISED = re.compile(f"'+[{_FORMULA_START}]")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose value the file itself has lost: a formula's error, or digits beyond the 15th.

    :param shown: what a person sees in the cell.
    :param message: why it cannot be taken.
    """

    shown: str
    message: Message

    def __str__(self) -> str:
        return self.shown


#: Text of a CSV file; text, exact number, truth, date or local time of a workbook. None is empty.
Cell: TypeAlias = str | int | Decimal | bool | date | datetime | Unreadable | None


def cell_text(cell: Cell) -> str:
    """Return the cell as plain text: ``""``, ``901234567``, ``12.5``, ``2026-11-22 10:00:00``."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def is_blank(cells: Sequence[Cell]) -> bool:
    """Return whether no cell holds more than white space."""
    return not any(
        cell is not None and not (isinstance(cell, str) and not cell.strip()) for cell in cells
    )


def column_letter(index: int) -> str:
    """Return the name a spreadsheet gives to the column: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def neutralise(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    A text that already has apostrophes before such a start gets one more, so that `restore`
    returns every text to what it was.
    """
    return f"'{text}" if _RUNNABLE.match(text) else text


def guard_apostrophe(text: str) -> str:
    """Double the apostrophe of a text that `restore` would take for a neutralised formula.

    For workbooks, whose texts cannot run and are otherwise written as they are.
    """
    return f"'{text}" if _NEUTRALISED.match(text) else text


def restore(text: str) -> str:
    """Take away the one apostrophe that `neutralise` put there, and change nothing else.

    Files from elsewhere are treated alike: ``'+57 300`` and ``'=A1`` lose their apostrophe, which
    people type to keep a spreadsheet from calculating; ``'Til`` and ``O'Hara`` keep theirs.
    """
    return text[1:] if _NEUTRALISED.match(text) else text
