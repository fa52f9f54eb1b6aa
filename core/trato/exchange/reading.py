"""Open a file as a table of headers and rows, whatever its format.

The content decides the format, not the name: a zip is a workbook, anything else is text.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from trato.errors import ConfigError, DomainError, Message
from trato.exchange.cells import Cell, cell_text, column_letter, is_blank, restore
from trato.exchange.delimited import RawRow, examine
from trato.exchange.workbook import read_sheet
from trato.exchange.workbook_check import Limits
from trato.text import _

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password
_DEFAULT_LIMITS = Limits()


class Row(NamedTuple):
    """One row of a table.

    :param number: as a person sees it beside the row in a spreadsheet; the header is 1.
    :param cells: one for each header; a row that is too long keeps the rest behind them.
    :param problem: why the row cannot be taken as a whole, or None.
    """

    number: int
    cells: list[Cell]
    problem: Message | None = None


_Source: TypeAlias = Callable[[], Iterator[tuple[int, list[Cell], Message | None]]]


class Table:
    """Headers and rows of one file; iterating again reads the file again.

    Blank rows are left out and counted. Made by `open_table`.
    """

    #: Titles of the columns, all different and none empty.
    headers: tuple[str, ...]
    #: Of a delimited file: its encoding and delimiter. None for a workbook.
    encoding: str | None
    delimiter: str | None
    #: Of a workbook: the sheet that is read and those that could be. None and () for text.
    sheet: str | None
    sheets: tuple[str, ...]

    def __init__(
        self,
        source: _Source,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        sheet: str | None = None,
        sheets: tuple[str, ...] = (),
        first_column: int = 0,
    ) -> None:
        self.encoding = encoding
        self.delimiter = delimiter
        self.sheet = sheet
        self.sheets = sheets
        self._source = source
        self._first_column = first_column
        self._running: list[Generator[Row]] = []
        self._closed = False
        self._header_row, self.headers = self._read_headers()
        if next(iter(self), None) is None:
            raise DomainError(
                _("The file has headers and no row below them."),
                hint=_("Add at least one row."),
                code="no_rows",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what the iterations so far have opened."""
        self._closed = True
        for rows in self._running:
            rows.close()
        self._running.clear()

    def __iter__(self) -> Iterator[Row]:
        if self._closed:
            raise ValueError("The table is closed.")
        rows = self._rows()
        self._running.append(rows)
        return rows

    def _rows(self) -> Generator[Row]:
        for number, cells, problem in self._source():
            if number > self._header_row and not is_blank(cells):
                yield self._fitted(number, cells, problem)

    def _fitted(self, number: int, cells: list[Cell], problem: Message | None) -> Row:
        width = len(self.headers)
        while len(cells) > width and is_blank(cells[-1:]):
            cells.pop()
        if len(cells) != width and problem is None:
            problem = Message(
                _("The row has {found} cells and the header {expected}."),
                {"found": len(cells), "expected": width},
            )
        cells.extend([None] * (width - len(cells)))
        return Row(number, cells, problem)

    def _read_headers(self) -> tuple[int, tuple[str, ...]]:
        for number, cells, problem in self._source():
            if is_blank(cells):
                continue
            if problem is not None:
                raise DomainError(problem.text, code="bad_header", **problem.params)
            titles = [cell_text(cell).strip() for cell in cells]
            while not titles[-1]:
                titles.pop()
            self._check_headers(titles)
            return number, tuple(titles)
        raise DomainError(
            _("The file is empty."), hint=_("Choose a file with headers and rows."), code="no_rows"
        )

    def _check_headers(self, titles: list[str]) -> None:
        seen: dict[str, int] = {}
        for index, title in enumerate(titles):
            letter = column_letter(self._first_column + index)
            if not title:
                raise DomainError(
                    _("Column {column} has no header."),
                    hint=_("Write one in the first row, or remove the column."),
                    code="bad_header",
                    column=letter,
                )
            first = seen.setdefault(title.casefold(), index)
            if first != index:
                raise DomainError(
                    _("Columns {first} and {second} have the same header, '{header}'."),
                    hint=_("Rename or remove one of them."),
                    code="bad_header",
                    first=column_letter(self._first_column + first),
                    second=letter,
                    header=title,
                )


def open_table(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> Table:
    """Open a CSV or XLSX file for ``with``; what is not given is recognised.

    :param encoding: of a text file; see `delimited.ENCODINGS`.
    :param delimiter: of a text file: ``;`` ``,`` ``|`` or ``tab``.
    :param sheet: of a workbook; the first visible one by default.
    :raises ConfigError: for a file that cannot be opened, an unknown encoding or delimiter.
    :raises DomainError: for a file that cannot be read as a table; the message says where.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise cannot_open(path, error) from error
    if head.startswith(_ZIP):
        found = read_sheet(path, sheet, limits)
        return Table(
            lambda: ((number, _restored(cells), None) for number, cells in found.rows()),
            sheet=found.name,
            sheets=found.names,
            first_column=found.first_column,
        )
    _refuse_other_formats(path, head)
    text = examine(path, encoding=encoding, delimiter=delimiter)
    return Table(
        lambda: map(_text_row, text.rows()), encoding=text.encoding, delimiter=text.delimiter
    )


def cannot_open(path: Path, error: OSError) -> ConfigError:
    """Return the error that says why the system does not give the file."""
    return ConfigError(
        _("The file '{path}' cannot be opened: {reason}."),
        hint=_("Check the name and whether you may read it."),
        code="no_file",
        path=str(path),
        reason=error.strerror or str(error),
    )


def _refuse_other_formats(path: Path, head: bytes) -> None:
    if head.startswith(_OLD_OFFICE):
        raise DomainError(
            _("The file is an old Excel workbook (.xls) or is protected with a password."),
            hint=_("Open it and save it as .xlsx without a password, or as CSV."),
            code="not_a_workbook",
        )
    if path.suffix.lower() in {".xlsx", ".xlsm"} and head:
        raise DomainError(
            _("The file is named {suffix} and is not a workbook."),
            hint=_("Open it in a spreadsheet program and save it again as .xlsx, or as CSV."),
            code="not_a_workbook",
            suffix=path.suffix,
        )


def _text_row(row: RawRow) -> tuple[int, list[Cell], Message | None]:
    return row.number, _restored(row.cells), row.problem


def _restored(cells: list[Cell] | list[str]) -> list[Cell]:
    return [(restore(cell) or None) if isinstance(cell, str) else cell for cell in cells]
