"""Delimited text files: which encoding, which delimiter, and their records one at a time.

A file is read twice and never held: once to decide the encoding over the whole of it, once for
its records. Detection by statistics is not used: it read a Spanish Windows-1252 file as cp1250.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TextIO

from trato.errors import ConfigError, DomainError, Message
from trato.exchange.cells import DELIMITERS
from trato.text import _

#: Encodings that a person may name; other spellings of the same (``cp1252``) are understood.
ENCODINGS: Final = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "cp850",
    "cp437",
    "mac-roman",
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHUNK = 1 << 20
#: Characters of one record, its quoted line ends included. A spreadsheet's cell holds 32,767.
MAX_RECORD: Final = 1 << 22
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 50
# Excel writes and obeys this first line, and does not show it as a row.
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


class RawRow(NamedTuple):
    """One record of a file: its number in a spreadsheet, its cells, what is wrong with it."""

    number: int
    cells: list[str]
    problem: Message | None = None


@dataclass(frozen=True)
class TextFile:
    """How to read one delimited file.

    :param encoding: the codec's name for a person, ``utf-8-sig`` where a mark stands in front.
    :param codec: the codec for what follows the mark.
    :param start: bytes of the mark.
    :param skipped_lines: 1 where a ``sep=`` line comes first.
    """

    path: Path
    encoding: str
    codec: str
    start: int
    delimiter: str
    skipped_lines: int

    def rows(self) -> Generator[RawRow]:
        """Yield the records, blank ones too, numbered from 1 as a spreadsheet numbers them."""
        with _open_text(self.path, self.codec, self.start) as file:
            for _line in range(self.skipped_lines):
                file.readline()
            yield from _records(_Lines(file, self.skipped_lines), self.delimiter)


def examine(path: Path, *, encoding: str | None, delimiter: str | None) -> TextFile:
    """Decide encoding and delimiter of a delimited file, each only where it is not given.

    The encoding is that of the mark in front, else UTF-8 if the whole file is, else Windows-1252.
    """
    wanted = None if encoding is None else _known(encoding)
    chosen = None if delimiter is None else _one_character(delimiter)
    with path.open("rb") as file:
        name, codec, start = _encoding(file, wanted)
    with _open_text(path, codec, start) as text:
        sample = text.read(_SAMPLE)
    skipped = 0
    line = _SEPARATOR_LINE.match(sample)
    if line is not None:
        chosen = chosen or line[1]
        skipped = 1
        sample = sample[line.end() :]
    return TextFile(path, name, codec, start, chosen or _delimiter(sample), skipped)


def _known(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    for known in ENCODINGS:
        if codecs.lookup(known).name == codec:
            return known
    raise ConfigError(
        _("There is no encoding named '{name}'."),
        hint=_("Choose one of: {known}."),
        code="unknown_encoding",
        name=name,
        known=", ".join(ENCODINGS),
    )


def _one_character(delimiter: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(character) == 1 and character not in "\"'\r\n\0" and not character.isalnum():
        return character
    raise ConfigError(
        _("'{delimiter}' cannot separate columns."),
        hint=_("Use ; or , or | or tab."),
        code="bad_delimiter",
        delimiter=delimiter,
    )


def _open_text(path: Path, codec: str, start: int) -> TextIO:
    file = path.open("rb")
    file.seek(start)
    # newline="" leaves line ends alone: a quoted cell may hold them.
    return io.TextIOWrapper(file, encoding=codec, newline="")


def _encoding(file: BinaryIO, wanted: str | None) -> tuple[str, str, int]:
    """Return the encoding's name, its codec and the length of the mark in front."""
    head = file.read(4)
    mark, marked = next(((m, name) for m, name in _MARKS if head.startswith(m)), (b"", ""))
    if wanted is None:
        names = (marked,) if marked else ("utf-8", "windows-1252")
    elif wanted in {"utf-8", "utf-8-sig"}:
        names = ("utf-8-sig" if marked == "utf-8-sig" else "utf-8",)
    elif wanted == "utf-16":
        # Without a mark: the byte order of every machine that still writes it.
        names = (marked if marked.startswith("utf-16") else "utf-16-le",)
    else:
        names = (wanted,)
    if marked and marked != names[0]:
        raise DomainError(
            _("The file is not {encoding}: it begins with the mark of {marked}."),
            hint=_("Let the encoding be recognised, or choose {marked}."),
            code="wrong_encoding",
            encoding=names[0],
            marked=marked,
        )
    faults: list[_Fault] = []
    for name in names:
        codec = {"utf-8-sig": "utf-8", "windows-1252": "cp1252"}.get(name, name)
        file.seek(len(mark))
        fault = _first_fault(file, codec, len(mark))
        if fault is None:
            return name, codec, len(mark)
        faults.append(fault)
    if len(names) > 1:
        raise DomainError(
            _("The file is neither a workbook nor text in UTF-8 or Windows-1252: byte {byte} at "
              "offset {offset} (line {line}) is wrong."),
            hint=_("Import a CSV or Excel (.xlsx) file. If this one is text in another encoding, "
                   "save it again as UTF-8."),
            code="wrong_encoding", byte=faults[-1].byte, offset=faults[-1].offset,
            line=faults[-1].line,
        )  # fmt: skip
    raise DomainError(
        _("The file is not {encoding}: byte {byte} at offset {offset} (line {line}) is wrong."),
        hint=_("Choose another encoding, or save the file again as UTF-8."),
        code="wrong_encoding",
        encoding=" / ".join(names),
        byte=faults[-1].byte,
        offset=faults[-1].offset,
        line=faults[-1].line,
    )


class _Fault(NamedTuple):
    byte: str
    offset: int
    line: int


def _first_fault(file: BinaryIO, codec: str, start: int) -> _Fault | None:
    """Decode the whole file in pieces; return the first byte that the codec does not know."""
    decoder = codecs.getincrementaldecoder(codec)()
    end = start
    lines = 1
    while True:
        chunk = file.read(_CHUNK)
        end += len(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            # The object decoded is what was left of the chunk before, and this chunk.
            before = error.object[: error.start].decode(codec, "ignore")
            return _Fault(
                f"0x{error.object[error.start]:02X}",
                end - len(error.object) + error.start,
                lines + before.count("\n"),
            )
        if "\0" in text:
            raise DomainError(
                _("The file is not text: line {line} holds a zero byte."),
                hint=_(
                    "Import a CSV or Excel (.xlsx) file. If it is UTF-16 text without a mark, "
                    "save it again as UTF-8, or give the command --encoding utf-16-le."
                ),
                code="not_text",
                line=lines + text[: text.index("\0")].count("\n"),
            )
        lines += text.count("\n")
        if not chunk:
            return None


def _delimiter(sample: str) -> str:
    """Return the delimiter that explains most columns, and the same number in most rows."""
    if len(sample) == _SAMPLE:  # the last line is probably cut
        sample = sample[: sample.rfind("\n") + 1] or sample
    return max(DELIMITERS, key=lambda delimiter: _agreement(sample, delimiter))


def _agreement(sample: str, delimiter: str) -> int:
    """Return delimiters in the header times rows that have as many."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    widths: list[int] = []
    while len(widths) < _SAMPLE_ROWS:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error:  # quotes that do not fit speak against the delimiter
            widths.append(0)
        else:
            if any(cell.strip() for cell in record):
                widths.append(len(record))
    header = next(filter(None, widths), 1)
    return (header - 1) * widths.count(header)


class _Lines:
    """Feed lines to the parser and remember those of the current record, up to a limit."""

    def __init__(self, file: TextIO, count: int) -> None:
        self._file = file
        self._characters = 0
        #: Lines given so far, from the beginning of the file.
        self.count = count
        #: Lines given since the record began.
        self.record: list[str] = []

    def begin_record(self) -> None:
        self._characters = 0
        self.record.clear()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_RECORD + 1 - self._characters)
        if not line:
            raise StopIteration
        self.count += 1
        self.record.append(line)
        self._characters += len(line)
        if self._characters > MAX_RECORD:
            raise DomainError(
                _("The row that ends in line {line} holds more than {limit} characters."),
                hint=_("Look for a quote that is opened and never closed, or a file of one line."),
                code="row_too_long",
                line=self.count,
                limit=MAX_RECORD,
            )
        return line


def _records(lines: _Lines, delimiter: str) -> Iterator[RawRow]:
    # Strict: a quote in the wrong place is told, instead of moving cells to other columns.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        first = lines.count + 1
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # Every line that the broken quotes swallowed is given back as a row of its own, so
            # that none is lost in silence. The parser starts afresh with the next line.
            problem = _unbalanced(first, lines.count)
            for line in lines.record:
                number += 1
                yield RawRow(number, line.rstrip("\r\n").split(delimiter), problem)
        else:
            number += 1
            yield RawRow(number, cells)


def _unbalanced(first: int, last: int) -> Message:
    return Message(
        _(
            "The quotes do not match between lines {first} and {last}: a cell with a quote inside "
            'is written in quotes with that quote doubled ("Tubo 1/2"" PVC").'
        ),
        {"first": first, "last": last},
    )
