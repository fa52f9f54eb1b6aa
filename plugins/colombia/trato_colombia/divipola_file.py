"""Reading and checking of a list of municipalities (DANE, DIVIPOLA) from a CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from trato.api import Invalid, Message, _

COLUMNS = ("department_code", "department", "municipality_code", "municipality")
#: Optional column: codes, separated by spaces, that meant this municipality in older data.
OLD_CODES = "old_codes"

#: Errors reported at once; a file of another kind would otherwise give some for each row.
_MOST_ERRORS = 50

#: "D.C." of Bogotá, however it is dotted and spaced.
CAPITAL_DISTRICT = re.compile(r"\bD\.? ?C\b\.?", re.IGNORECASE)
# Spanish writes these words small inside a name: "El Carmen de Viboral", "María la Baja".
_SMALL_WORDS = frozenset({"de", "del", "la", "las", "los", "el", "y", "e", "en"})
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Department:
    """A department (Bogotá counts as one) with its code of two digits."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality, or an area that is none, with its code of five digits."""

    code: str
    name: str
    department: Department
    old_codes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name it so that homonyms differ: ``Armenia, Quindío``; Bogotá is named once."""
        return label_of(self.name, self.department.name)


def label_of(name: str, department: str) -> str:
    """Name a municipality as :attr:`Municipality.label` does."""
    return name if name == department else f"{name}, {department}"


def read_divipola(file: IO[bytes]) -> tuple[Municipality, ...]:
    """Read an edition of the list and check all of it.

    Comma or semicolon, UTF-8 or Windows-1252, columns in any order (:data:`COLUMNS`, and
    :data:`OLD_CODES` if present). Names come back in title case.

    :raises Invalid: with line, column and value of whatever is wrong; the header is line 1.
    """
    text = _decode(file.read())
    header = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in header else ",")
    rows.fieldnames = [name.strip().casefold() for name in rows.fieldnames or ()]
    reading = _Reading()
    for name in COLUMNS:
        if name not in rows.fieldnames:
            reading.refuse(1, name, _("Line {line} has no column '{column}'. Add it."))
    reading.stop_if_refused()
    found = []
    for row in rows:
        found.append(reading.municipality(rows.line_num, row))
        if len(reading.errors) >= _MOST_ERRORS:
            break
    if not found:
        reading.refuse(2, COLUMNS[0], _("Line {line} is missing: there is no municipality."))
    reading.stop_if_refused()
    return tuple(found)


def title_case(name: str) -> str:
    """Write a name in capitals the Spanish way: ``SAN JUAN DEL CESAR`` -> San Juan del Cesar."""

    def cased(word: re.Match[str]) -> str:
        small = word[0].lower()
        return small if word.start() and small in _SMALL_WORDS else small[0].upper() + small[1:]

    return CAPITAL_DISTRICT.sub("D. C.", _WORD.sub(cased, " ".join(name.split())))


class _Reading:
    """What the lines said so far, and what was wrong with them."""

    def __init__(self) -> None:
        self.errors: dict[str, list[Message]] = {}
        self._departments: dict[str, Department] = {}
        self._lines: dict[str, int] = {}

    def refuse(
        self, line: int, column: str, text: str, *, value: str = "", other: str | int = ""
    ) -> None:
        """Note an error; the reading goes on, to name as many at once as are useful."""
        params = {"line": line, "column": column, "value": value, "other": other}
        self.errors.setdefault(f"{line}:{column}", []).append(Message(text, params))

    def stop_if_refused(self) -> None:
        if self.errors:
            raise Invalid(
                self.errors,
                _("The list of municipalities was refused."),
                hint=_("Correct what is named and give the file again; the list in use stays."),
            )

    def municipality(self, line: int, row: Mapping[str, str | None]) -> Municipality:
        """Read one line; what is wrong with it is noted, not raised."""
        value = {name: (row.get(name) or "").strip() for name in (*COLUMNS, OLD_CODES)}
        for name in ("department", "municipality"):
            if not value[name]:
                self.refuse(line, name, _("Line {line}, '{column}': the name is empty. Write it."))
        code, department_code = value["municipality_code"], value["department_code"]
        if self._is_code(line, "department_code", department_code, 2) and self._is_code(
            line, "municipality_code", code, 5
        ):
            self._check_prefix(line, code, department_code)
            self._check_unique(line, "municipality_code", code)
        old_codes = tuple(value[OLD_CODES].split())
        for old in old_codes:
            if self._is_code(line, OLD_CODES, old, 5):
                self._check_unique(line, OLD_CODES, old)
        department = self._department(line, department_code, title_case(value["department"]))
        return Municipality(code, title_case(value["municipality"]), department, old_codes)

    def _is_code(self, line: int, column: str, code: str, length: int) -> bool:
        if len(code) == length and code.isascii() and code.isdigit():
            return True
        text = _(
            "Line {line}, '{column}': '{value}' is not a code of {other} digits. Write all of "
            "them; spreadsheets drop the zero in front."
        )
        self.refuse(line, column, text, value=code, other=length)
        return False

    def _check_prefix(self, line: int, code: str, department_code: str) -> None:
        if not code.startswith(department_code):
            text = _(
                "Line {line}, '{column}': '{value}' does not begin with the code of its "
                "department, '{other}'. Correct one of them."
            )
            self.refuse(line, "municipality_code", text, value=code, other=department_code)

    def _check_unique(self, line: int, column: str, code: str) -> None:
        first = self._lines.setdefault(code, line)
        if first != line:
            text = _(
                "Line {line}, '{column}': the code '{value}' is in line {other} already. "
                "Remove one of them."
            )
            self.refuse(line, column, text, value=code, other=first)

    def _department(self, line: int, code: str, name: str) -> Department:
        known = self._departments.setdefault(code, Department(code, name))
        if known.name != name:
            text = _(
                "Line {line}, '{column}': the name is '{value}' here and '{other}' further up, "
                "with the same code. Write it alike."
            )
            self.refuse(line, "department", text, value=name, other=known.name)
        return known


def _decode(content: bytes) -> str:
    """Read UTF-8, with or without its mark, else what a Spanish Windows spreadsheet writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Five bytes mean nothing in cp1252; a wrong letter is seen and mended, a crash is not.
        return content.decode("cp1252", errors="replace")
