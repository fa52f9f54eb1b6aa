"""What became of an imported file: counts, what was refused and why, and the file to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from trato.errors import Message
from trato.exchange.reading import Row, Table
from trato.exchange.wording import Wording
from trato.exchange.writing import ErrorWriter

#: Refusals that the result keeps; the error file has them all.
SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class ImportProblem:
    """What is wrong in one cell, or with one row."""

    #: As the spreadsheet numbers it.
    row: int
    #: Header of the column; empty for the row as a whole.
    column: str
    message: Message


@dataclass(kw_only=True)
class ImportResult:
    """What became of a file."""

    #: Rows that there are; each is in one of the four counts below.
    total: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    dry_run: bool = False
    #: Of a text file; None for a workbook.
    encoding: str | None = None
    delimiter: str | None = None
    #: Of a workbook.
    sheet: str | None = None
    #: Each header and the path of the field that it fills; None where it fills none.
    columns: Sequence[tuple[str, str | None]] = ()
    match: str | None = None
    notices: Sequence[Message] = ()
    #: The first `SHOWN` of them.
    problems: list[ImportProblem] = field(default_factory=list)
    #: Where the refused rows are, if there are any.
    errors_path: Path | None = None


class Refusals:
    """Keeps what was refused: the first for the result, all for the file of errors."""

    def __init__(
        self, table: Table, result: ImportResult, path: Path | None, wording: Wording
    ) -> None:
        self._table = table
        self._result = result
        self._path = path
        self._wording = wording
        self._file: TextIO | None = None
        self._writer: ErrorWriter | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()  # an older run's errors are not this one's
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row, errors: Mapping[str, Sequence[Message]]) -> None:
        """Keep a refused row with its reasons by header."""
        result = self._result
        result.refused += 1
        told = [] if row.problem is None else [("", row.problem)]
        told += [(header, message) for header, texts in errors.items() for message in texts]
        for header, message in told:
            if len(result.problems) < SHOWN:
                result.problems.append(
                    ImportProblem(row=row.number, column=header, message=message)
                )
        if self._path is None:
            return
        if self._writer is None:
            result.errors_path = self._path
            # The Windows form of line ends is the writer's.
            self._file = self._path.open("w", encoding="utf-8", newline="")
            self._writer = ErrorWriter(
                self._file, self._table.headers, delimiter=self._table.delimiter or ";",
                translate=self._wording.message,
            )  # fmt: skip
        self._writer.add(row, errors)
