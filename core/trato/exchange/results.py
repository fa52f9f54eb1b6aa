"""What became of an imported file: counts, what was refused and why, and the file to mend."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path
from typing import Any, Self, TextIO

from trato.errors import Message
from trato.exchange.mapping import ERROR_COLUMNS
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

    #: Rows that there are; each is in one of the five counts below.
    total: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    #: Left out, as there was such a record already.
    skipped: int = 0
    #: Created although there was such a record already.
    duplicates: int = 0
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

    def dump(
        self, rows: int, last: int, written: int, say: Callable[[Message], str]
    ) -> dict[str, Any]:
        """Write how far it is as plain data.

        :param rows: rows done.
        :param last: the last of them, as the spreadsheet numbers it.
        :param written: bytes of the file of errors.
        :param say: translates a message for whoever imports.
        """
        return {
            "rows": rows, "row": last, "total": self.total, "errors_bytes": written,
            **{name: getattr(self, name) for name in COUNTS},
            "problems": [[p.row, p.column, say(p.message)] for p in self.problems],
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what an earlier run came to, see ``dump``."""
        for name in COUNTS:
            setattr(self, name, int(data[name]))
        self.problems = [
            ImportProblem(row=row, column=column, message=Message("{text}", {"text": text}))
            for row, column, text in data["problems"]
        ]


COUNTS = ("created", "updated", "unchanged", "skipped", "refused", "duplicates")


class Refusals:
    """Keeps what was refused: the first for the result, all for the file of errors."""

    def __init__(
        self, table: Table, result: ImportResult, path: Path | None, wording: Wording, *,
        resume: Mapping[str, Any] | None = None, titles: Sequence[str] = ERROR_COLUMNS,
    ) -> None:  # fmt: skip
        self._titles = titles
        self._table = table
        self._result = result
        self._path = path
        self._wording = wording
        self._file: TextIO | None = None
        self._writer: ErrorWriter | None = None
        self._kept = 0 if resume is None else int(resume["errors_bytes"])

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        if self._kept:
            # What was written after the last batch that counts is written again.
            self._file = self._path.open("r+", encoding="utf-8", newline="")
            self._file.truncate(self._kept)
            self._file.seek(0, SEEK_END)
            self._writer = self._make_writer(self._file, is_new=False)
            self._result.errors_path = self._path
        elif self._path.is_file():  # and no device, as /dev/stdout
            self._path.unlink()  # an older run's errors are not this one's
        return self

    def written(self) -> int:
        """Bring the file to the disk, and say how long it is."""
        if self._file is None:
            return 0
        self._file.flush()
        return os.fstat(self._file.fileno()).st_size

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
            self._writer = self._make_writer(self._file, is_new=True)
        self._writer.add(row, errors)

    def _make_writer(self, file: TextIO, *, is_new: bool) -> ErrorWriter:
        return ErrorWriter(
            file, self._table.headers, delimiter=self._table.delimiter or ";",
            translate=self._wording.message, is_new=is_new, titles=self._titles,
        )  # fmt: skip
