"""Write tables as CSV and XLSX, row by row, so that the memory does not grow with them.

Rows come typed: numbers as int or Decimal, dates and moments as such, everything else as the text
a person reads. Numbers stay numbers and texts stay texts: a code keeps its leading zeros, and no
text can run as a formula. In a CSV file such a text gets an apostrophe, which reading takes away
again (see `cells.neutralise`); a workbook marks its texts as text, where nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from trato.errors import DomainError, Message
from trato.exchange.cells import (
    DELIMITERS,
    Cell,
    cell_text,
    guard_apostrophe,
    neutralise,
)
from trato.exchange.mapping import ERROR_COLUMNS, ERROR_PREFIX, error_titles
from trato.exchange.reading import Row
from trato.text import _

_MARK = "\ufeff"
_WORDS = ("false", "true")
# Any delimiter that a program may choose: a text must not fall apart, and free a formula inside
# it, where the file is opened with another delimiter than it was written with.
_NEEDS_QUOTES = re.compile(f'[{re.escape("".join(DELIMITERS))}"\r\n]|^\\s|\\s$')

#: Excel's number keeps 15 digits; a longer one is written as text.
_DIGITS: Final = 15
_TOO_LONG: Final = 10**_DIGITS
#: Before it, Excel counts a 29 February 1900 that never was.
_FIRST_DATE = date(1900, 3, 1)
_WIDTHS: Final = {"longtext": 50, "text": 24, "moment": 18, "money": 16, "date": 12}


class TextSink(Protocol):
    """Where text goes: a file opened with ``newline=""``, ``sys.stdout``, ``io.StringIO``."""

    def write(self, text: str, /) -> object:
        """Take the next piece."""


def write_csv(
    stream: TextSink,
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    delimiter: str = ";",
    bom: bool = True,
    zone: tzinfo = UTC,
    booleans: tuple[str, str] = _WORDS,
) -> int:
    """Write a CSV file and return the number of its rows. See `csv_lines`."""
    lines = csv_lines(headers, rows, delimiter=delimiter, bom=bom, zone=zone, booleans=booleans)
    count = -1  # the headers
    for line in lines:
        stream.write(line)
        count += 1
    return count


def csv_lines(
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    delimiter: str = ";",
    bom: bool = True,
    zone: tzinfo = UTC,
    booleans: tuple[str, str] = _WORDS,
) -> Iterator[str]:
    """Yield the lines of a CSV file, for an answer that is sent while it is made.

    Numbers have a decimal point where the delimiter is a comma, else a decimal comma, and never
    a thousands separator.

    :param bom: begin with the mark by which Excel knows UTF-8.
    :param zone: of the moments, which the file shows without it.
    :param booleans: the words for false and true.
    """
    form = _CsvForm(delimiter, zone, booleans)
    yield (_MARK if bom else "") + form.line(headers)
    for row in rows:
        yield form.line(row)


class _CsvForm:
    def __init__(self, delimiter: str, zone: tzinfo, booleans: tuple[str, str]) -> None:
        self._delimiter = delimiter
        self._zone = zone
        self._booleans = booleans
        self._decimal = "." if delimiter == "," else ","

    def line(self, row: Iterable[Cell]) -> str:
        return self._delimiter.join(map(self._field, row)) + "\r\n"

    def _field(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            text = self._booleans[cell]
        elif isinstance(cell, int):
            return str(cell)
        elif isinstance(cell, Decimal):
            return self._number(cell)
        elif isinstance(cell, datetime):
            text = _local(cell, self._zone).isoformat(" ")
        else:
            text = neutralise(cell_text(cell))
        if _NEEDS_QUOTES.search(text):
            text = '"' + text.replace('"', '""') + '"'
        return text

    def _number(self, number: Decimal) -> str:
        whole, point, fraction = f"{number:f}".partition(".")
        if len(fraction) == 3:
            # 1.234 is a thousand to half of the world; 1.2340 is the same number to everybody.
            fraction += "0"
        return whole + point.replace(".", self._decimal) + fraction


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def write_xlsx(
    path: str | Path,
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    kinds: Sequence[str],
    sheet_name: str,
    zone: tzinfo = UTC,
) -> int:
    """Write a workbook of one sheet and return the number of its rows.

    The file appears when it is complete; nothing is left of one that failed.

    :param kinds: of each column (`values.KINDS`): its format and width.
    :param sheet_name: cut to what a tab may be called.
    :param zone: of the moments, which a workbook shows without it.
    :raises DomainError: for more rows, or a longer text, than a workbook can hold.
    :raises OSError: when it cannot be written.
    """
    path = Path(path)
    with TemporaryDirectory(prefix=".trato-export-", dir=path.parent) as folder:
        draft = Path(folder) / "draft.xlsx"
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": folder,
            "use_zip64": True,
        }
        try:
            with Workbook(str(draft), options) as book:
                sheet = _SheetForm(book, headers, kinds=kinds, name=sheet_name, zone=zone)
                for row in rows:
                    sheet.add(row)
        except FileCreateError as error:
            # It only wraps what the system said, such as a full disk.
            raise error.args[0] from error
        draft.replace(path)
    return sheet.count


class _SheetForm:
    def __init__(
        self,
        book: Any,  # XlsxWriter has no types
        headers: Sequence[str],
        *,
        kinds: Sequence[str],
        name: str,
        zone: tzinfo,
    ) -> None:
        self.count = 0
        self._zone = zone
        self._headers = headers
        # Built-in formats are shown as the reader's own program writes them.
        self._date = book.add_format({"num_format": 14})
        self._moment = book.add_format({"num_format": 22})
        money = book.add_format({"num_format": 4})
        text = book.add_format({"num_format": 49})
        formats = dict.fromkeys(("integer", "decimal", "boolean"))
        formats |= {"money": money, "date": self._date, "moment": self._moment}
        self._formats = [formats.get(kind, text) for kind in kinds]
        self._sheet = book.add_worksheet(_tab_name(name))
        self._sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True, "num_format": 49})
        for column, (header, kind) in enumerate(zip(headers, kinds, strict=True)):
            width = max(_WIDTHS.get(kind, 16), min(len(header) + 2, 40))
            self._sheet.set_column(column, column, width, self._formats[column])
            self._sheet.write_string(0, column, guard_apostrophe(header), bold)

    def add(self, row: Sequence[Cell]) -> None:
        self.count += 1
        for column, (cell, form) in enumerate(zip(row, self._formats, strict=True)):
            if cell is None:
                continue
            failed = self._write(self.count, column, cell, form)
            if failed == -1:
                raise _too_large(
                    _("A sheet holds {limit} rows, headers included."), limit=self._sheet.xls_rowmax
                )
            if failed:
                raise _too_large(
                    _("Row {row}, '{header}': a cell of a workbook holds {limit} characters."),
                    row=self.count + 1,
                    header=self._headers[column],
                    limit=self._sheet.xls_strmax,
                )

    def _write(self, row: int, column: int, cell: Cell, form: Any) -> int:  # Any: a format
        sheet = self._sheet
        result: int
        if isinstance(cell, bool):
            result = sheet.write_boolean(row, column, cell, form)
        elif isinstance(cell, (int, Decimal)) and _is_exact(cell):
            result = sheet.write_number(row, column, float(cell), form)
        elif isinstance(cell, datetime):
            moment = _local(cell, self._zone)
            if moment.date() >= _FIRST_DATE:
                result = sheet.write_datetime(row, column, moment, self._moment)
            else:
                result = sheet.write_string(row, column, moment.isoformat(" "), form)
        elif isinstance(cell, date) and cell >= _FIRST_DATE:
            result = sheet.write_datetime(row, column, cell, self._date)
        else:
            result = sheet.write_string(row, column, guard_apostrophe(cell_text(cell)), form)
        return result


def _too_large(message: str, **params: object) -> DomainError:
    return DomainError(
        message, hint=_("Export as CSV instead."), code="too_large_for_a_workbook", **params
    )


def _is_exact(number: int | Decimal) -> bool:
    """Return whether a workbook keeps every digit of the number."""
    if not -_TOO_LONG < number < _TOO_LONG:
        return False
    if isinstance(number, int):
        return True
    digits = number.normalize().as_tuple()
    return len(digits.digits) <= _DIGITS and number.adjusted() > -_DIGITS


def _tab_name(name: str) -> str:
    cleaned = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name)
    while len(cleaned.encode("utf-16-le")) > 62:  # 31 units
        cleaned = cleaned[:-1]
    return cleaned.strip("' ")


class ErrorWriter:
    """Write the rows that an import refused, to be mended and imported again.

    A CSV file like the original one, and behind its columns ``row`` (number in the original file),
    ``column`` (headers of the wrong cells) and ``error``, which a second import ignores. One line
    for each refused row, however many errors it has; cells beyond the headers come last.
    """

    def __init__(
        self,
        stream: TextSink,
        headers: Sequence[str],
        *,
        delimiter: str = ";",
        translate: Callable[[Message], str] = str,
        is_new: bool = True,
        titles: Sequence[str] = ERROR_COLUMNS,
    ) -> None:
        """Begin the file, or go on with one that was begun.

        :param headers: of the original file; those of an earlier file of errors are replaced.
        :param translate: makes a message readable for the person.
        :param titles: of the three columns; see ``mapping.ERROR_TITLES``.
        """
        self.count = 0
        self._stream = stream
        self._translate = translate
        self._form = _CsvForm(delimiter, UTC, _WORDS)
        self._headers, added = _with_error_columns(headers, titles)
        self._width = len(headers)
        if is_new:
            stream.write(_MARK + self._form.line((*self._headers, *added)))

    def add(self, row: Row, errors: Mapping[str, Sequence[Message]]) -> None:
        """Write one refused row.

        :param errors: by header; ``""`` for what is wrong with the row as a whole. The row's own
            problem is added to them.
        """
        whole = [row.problem] if row.problem is not None else []
        told = [("", message) for message in whole]
        told += [(header, message) for header, messages in errors.items() for message in messages]
        columns = ", ".join(dict.fromkeys(header for header, _message in told if header))
        texts = [
            f"{header}: {self._translate(message)}" if header else self._translate(message)
            for header, message in told
        ]
        cells = row.cells
        self._stream.write(
            self._form.line(
                [
                    *cells[: len(self._headers)],
                    row.number,
                    columns,
                    " ".join(texts),
                    *cells[self._width :],
                ]
            )
        )
        self.count += 1


def _with_error_columns(
    headers: Sequence[str], titles: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the original headers and those to add behind them."""
    original = list(headers)
    if added := error_titles(headers):
        return original[:-3], list(added)
    taken = {header.casefold() for header in original}
    plain = list(titles)
    return original, [ERROR_PREFIX + name for name in plain] if taken & {*plain} else plain
