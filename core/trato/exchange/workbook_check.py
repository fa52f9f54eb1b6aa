"""What a workbook (XLSX) may ask of the machine that reads it.

A workbook is a zip of XML. Three small files can end the process that reads them: one that
unpacks to gigabytes; one whose only two cells are A1 and XFD1048576, because calamine allocates
every cell between them and aborts without an exception; and one whose million cells all point to
the same long text. So the zip's directory is judged first, and then the parts that a sheet needs
are copied aside and counted on the way. Calamine sees that copy only: what was checked is what is
read, whatever else the zip says.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from trato.errors import DomainError, Message
from trato.text import _

_CHUNK = 1 << 20
_MANY_PARTS = 10_000
#: A ratio says nothing about a part smaller than this.
_RATIO_MATTERS = 1 << 20
_MANY_ERRORS = 10_000
#: Characters of a value that are looked at: an index or the name of an error.
_SHORT = 64


@dataclass(frozen=True)
class Limits:
    """How much a workbook may ask of the memory.

    :param unpacked: bytes of all its parts, and characters of all its texts.
    :param ratio: unpacked to packed bytes of one part. Real sheets stay below 50.
    :param cells: of one sheet, the empty ones between the others included (some 100 bytes each).
    """

    unpacked: int = 512 << 20
    ratio: int = 250
    cells: int = 5_000_000


def broken(reason: str, /, **params: object) -> DomainError:
    """Return the error for a damaged workbook."""
    return DomainError(
        _("The workbook is broken: {reason}."),
        hint=_("Open it in a spreadsheet program and save it again as .xlsx, or as CSV."),
        code="broken_workbook",
        reason=Message(reason, params),
    )


def too_large(message: str, **params: object) -> DomainError:
    """Return the error for a workbook that asks for more than the limits."""
    return DomainError(
        message,
        hint=_("Import fewer rows at a time, or save the sheet as CSV."),
        code="workbook_too_large",
        **params,
    )


def judge_directory(book: ZipFile, limits: Limits) -> dict[str, ZipInfo]:
    """Judge the workbook by the zip's directory; return its parts by lower-case name."""
    infos = book.infolist()
    if len(infos) > _MANY_PARTS:
        raise too_large(
            _("The workbook has {count} parts (at most {limit})."),
            count=len(infos),
            limit=_MANY_PARTS,
        )
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked:
        raise too_large(
            _("The workbook unpacks to {size} MB (at most {limit})."),
            size=unpacked >> 20,
            limit=limits.unpacked >> 20,
        )
    parts: dict[str, ZipInfo] = {}
    for info in infos:
        packed = max(info.compress_size, 1)
        if info.file_size > _RATIO_MATTERS and info.file_size > limits.ratio * packed:
            raise too_large(
                _("The part {part} of the workbook unpacks to {ratio} times its size."),
                part=info.filename,
                ratio=info.file_size // packed,
            )
        if info.flag_bits & 1:
            raise broken(_("its part {part} is encrypted"), part=info.filename)
        if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise broken(_("its part {part} is packed in an unknown way"), part=info.filename)
        if parts.setdefault(info.filename.lower(), info) is not info:
            raise broken(_("its part {part} is there twice"), part=info.filename)
    if "xl/workbook.xml" not in parts:
        raise DomainError(
            _("The file is a zip archive, but not an XLSX workbook."),
            hint=_("Import a CSV or XLSX file. An .ods or .xlsb file can be saved as .xlsx."),
            code="not_a_workbook",
        )
    return parts


def safe_parser() -> expat.XMLParserType:
    """Return an XML parser that refuses entities and encodings other than UTF-8."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_arguments: Any) -> None:  # Any: the handler's arguments are not looked at
        raise broken(_("its XML is not that of a workbook"))

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "utf-8").lower() not in {"utf-8", "us-ascii"}:
            refuse()

    # What is counted must be what calamine sees: it expands no entities.
    parser.StartDoctypeDeclHandler = refuse
    parser.XmlDeclHandler = declaration
    return parser


def copy_checked(
    book: ZipFile,
    parts: dict[str, ZipInfo],
    wanted: Sequence[str],
    *,
    target: Path,
    limits: Limits,
) -> Scan:
    """Copy the wanted parts that exist into a new zip, counting cells and texts on the way."""
    scan = Scan(limits)
    with ZipFile(target, "w", ZIP_STORED) as copy:
        for name in dict.fromkeys(wanted):
            info = parts.get(name)
            if info is None:
                continue
            parser = scan.parser()
            with book.open(info) as source, copy.open(info.filename, "w") as sink:
                while chunk := source.read(_CHUNK):
                    if b"\0" in chunk:
                        raise broken(_("its part {part} is no XML"), part=info.filename)
                    parser.Parse(chunk)
                    sink.write(chunk)
                parser.Parse(b"", True)
    return scan


@dataclass
class Scan:
    """Count what a sheet will take in memory, and find its formulas' errors.

    The same counting is done in every part, because a hostile workbook may name any part a sheet.
    """

    limits: Limits
    #: Shown text of formulas that failed, by row and column from 0; calamine gives "" for them.
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    _shared: array[int] = field(default_factory=lambda: array("L"))
    _characters: int = 0
    #: Where a cell without a reference of its own stands.
    _row: int = 0
    _column: int = 0
    _place: tuple[int, int] = (0, 0)
    _type: str = ""
    _inside: str = ""
    _text: str = ""
    _length: int = 0
    _top: int = -1
    _bottom: int = -1
    _left: int = -1
    _right: int = -1

    def parser(self) -> expat.XMLParserType:
        """Return a parser for the next part."""
        self._row = self._column = 0
        self._top = -1
        parser = safe_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        return parser

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r")
            self._place = (self._row, self._column) if reference is None else _place(reference)
            self._column = self._place[1] + 1
            self._type = attributes.get("t", "")
        elif name == "v" or name == "is" or name == "f":
            self._inside = name
            self._text = ""
            self._count_cell()
        elif name == "row":
            if "r" in attributes:
                self._row = _row_number(attributes["r"])
        elif name == "si":
            self._length = 0

    def _data(self, text: str) -> None:
        if self._inside == "v":
            self._text = (self._text + text)[:_SHORT]
        else:
            self._length += len(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "v":
            self._inside = ""
            if self._type == "s":
                self._count_shared()
            elif self._type == "e":
                self._keep_error()
        elif name == "row":
            self._row += 1
            self._column = 0
        elif name == "si":
            self._shared.append(self._length)
        elif name == "is" or name == "f":
            self._inside = ""

    def _count_cell(self) -> None:
        row, column = self._place
        if self._top < 0:
            self._top = self._bottom = row
            self._left = self._right = column
            return
        if self._top <= row <= self._bottom and self._left <= column <= self._right:
            return
        self._top, self._bottom = min(self._top, row), max(self._bottom, row)
        self._left, self._right = min(self._left, column), max(self._right, column)
        cells = (self._bottom - self._top + 1) * (self._right - self._left + 1)
        if cells > self.limits.cells:
            raise too_large(
                _("The sheet spans {cells} cells, the empty ones included (at most {limit})."),
                cells=cells,
                limit=self.limits.cells,
            )

    def _count_shared(self) -> None:
        try:
            self._characters += self._shared[int(self._text)]
        except (ValueError, IndexError):
            raise broken(_("a cell points to a text that is not there")) from None
        if self._characters > self.limits.unpacked:
            raise too_large(
                _("The sheet's texts hold more than {limit} million characters."),
                limit=self.limits.unpacked >> 20,
            )

    def _keep_error(self) -> None:
        self.errors[self._place] = self._text
        if len(self.errors) > _MANY_ERRORS:
            raise DomainError(
                _("The sheet has more than {limit} cells with the error of a formula ({error})."),
                hint=_("Mend the formulas, or paste their values, and save again."),
                code="too_many_formula_errors",
                limit=_MANY_ERRORS,
                error=self._text,
            )


def _place(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    if not (letters.isascii() and letters.isalpha() and 1 <= column <= 16_384):
        raise broken(_("there is no cell {place}"), place=reference[:_SHORT])
    return _row_number(reference[len(letters) :]), column - 1


def _row_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= 1_048_576):
        raise broken(_("there is no row {place}"), place=text[:_SHORT])
    return int(text) - 1
