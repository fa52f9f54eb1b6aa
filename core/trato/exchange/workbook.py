"""Workbooks (XLSX) as rows of cells, read through calamine after `workbook_check`."""

from __future__ import annotations

import errno
import posixpath
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from trato.errors import DomainError, Message
from trato.exchange.cells import Cell, Unreadable
from trato.exchange.workbook_check import (
    Limits,
    broken,
    copy_checked,
    judge_directory,
    safe_parser,
    too_large,
)
from trato.text import _

#: Parts that only list other parts (sheets, relations) are small in every honest workbook.
_SMALL_PART = 8 << 20
#: What the libraries below say of a damaged file.
_DAMAGES = (
    BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    expat.ExpatError,
    CalamineError,
)
#: Excel keeps 15 digits of a number and writes zeros for the rest.
_EXACT: Final = 10**15
#: What calamine reads, by lower-case name, besides the sheet itself.
_COMMON_PARTS = (
    "[content_types].xml",
    "_rels/.rels",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedstrings.xml",
)


@dataclass(frozen=True)
class Sheet:
    """A sheet in memory.

    :param name: as on its tab.
    :param names: of all sheets of the workbook that a person sees, in order.
    :param first_column: number of the first column that holds anything; 0 is A.
    """

    name: str
    names: tuple[str, ...]
    first_column: int
    _sheet: CalamineSheet
    _errors: dict[tuple[int, int], str]

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the rows with the numbers that the spreadsheet shows beside them."""
        with_errors = {row for row, _column in self._errors}
        for index, values in enumerate(self._sheet.iter_rows()):
            cells = [_cell(value) for value in values]
            if index in with_errors:
                for column in range(len(cells)):
                    shown = self._errors.get((index, column + self.first_column))
                    if shown is not None:
                        cells[column] = _failed_formula(shown)
            yield index + 1, cells


def read_sheet(path: Path, name: str | None, limits: Limits) -> Sheet:
    """Check the workbook and read one sheet of it, the first visible one if none is named."""
    try:
        with ZipFile(path) as book, TemporaryDirectory(prefix="trato-import-") as folder:
            parts = judge_directory(book, limits)
            listed = _listed_sheets(book, parts)
            chosen = _choose(listed, name)
            # The suffix tells calamine the format; it must not guess from the content.
            copy = Path(folder) / "checked.xlsx"
            if chosen.part not in parts:
                raise broken(_("its part {part} is missing"), part=chosen.part)
            wanted = (*_COMMON_PARTS, chosen.part)
            scan = copy_checked(book, parts, wanted, target=copy, limits=limits)
            with CalamineWorkbook.from_path(copy) as workbook:
                sheet = workbook.get_sheet_by_name(chosen.name)
    except _DAMAGES as error:
        raise broken(_("its content cannot be read")) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the file's beginning
            raise
        raise broken(_("its content cannot be read")) from error
    start = sheet.start
    return Sheet(
        name=chosen.name,
        names=tuple(one.name for one in listed if one.visible),
        first_column=0 if start is None else start[1],
        _sheet=sheet,
        _errors=scan.errors,
    )


class _Listed(NamedTuple):
    name: str
    part: str
    visible: bool


def _listed_sheets(book: ZipFile, parts: dict[str, ZipInfo]) -> list[_Listed]:
    targets: dict[str, str] = {}
    sheets: list[tuple[str, str, bool]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            target = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            targets[attributes.get("Id", "")] = posixpath.normpath(target).lower()

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            key = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            visible = attributes.get("state", "visible") == "visible"
            sheets.append((attributes.get("name", ""), key, visible))

    _read_small(book, parts, "xl/_rels/workbook.xml.rels", relation)
    _read_small(book, parts, "xl/workbook.xml", sheet)
    return [_Listed(name, targets[key], visible) for name, key, visible in sheets if key in targets]


def _read_small(
    book: ZipFile,
    parts: dict[str, ZipInfo],
    name: str,
    start: Callable[[str, dict[str, str]], None],
) -> None:
    info = parts.get(name)
    if info is None:
        raise broken(_("its part {part} is missing"), part=name)
    if info.file_size > _SMALL_PART:
        raise too_large(
            _("The part {part} of the workbook is {size} MB (at most {limit})."),
            part=name,
            size=info.file_size >> 20,
            limit=_SMALL_PART >> 20,
        )
    parser = safe_parser()
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    parser.Parse(book.read(info), True)


def _choose(sheets: list[_Listed], name: str | None) -> _Listed:
    if not sheets:
        raise broken(_("it has no sheet with cells"))
    if name is None:
        return next((sheet for sheet in sheets if sheet.visible), sheets[0])
    wanted = name.strip().casefold()
    for sheet in sheets:
        if sheet.name.strip().casefold() == wanted:
            return sheet
    raise DomainError(
        _("The workbook has no sheet named '{name}'."),
        hint=_("Its sheets are: {sheets}."),
        code="unknown_sheet",
        name=name,
        sheets=", ".join(sheet.name for sheet in sheets),
    )


def _failed_formula(shown: str) -> Unreadable:
    return Unreadable(
        shown,
        Message(_("The cell shows the error {value} of a formula."), {"value": shown}),
    )


def _cell(value: object) -> Cell:
    """Turn a value of calamine, where every number is a float and empty is ``""``, into a cell."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (bool, int, datetime, date)):
        return value
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    raise TypeError(f"calamine gave a {type(value).__name__}")


def _number(value: float) -> Cell:
    if not abs(value) < _EXACT:  # nor is NaN
        shown = f"{value:.15g}"
        return Unreadable(
            shown,
            Message(
                _(
                    "The number {value} has more than 15 digits, and a spreadsheet keeps no more: "
                    "format the column as text and type it again."
                ),
                {"value": shown},
            ),
        )
    if value.is_integer():
        return int(value)
    # 15 digits are what the person saw: 0.1+0.2 is 0.3, not 0.30000000000000004.
    return Decimal(f"{value:.15g}")
