"""Departments and municipalities of Colombia, looked up by code, by name and as somebody types.

The list is data: it ships beside this module and any newer edition can take its place
(:func:`read_divipola`). Nothing here knows how many municipalities there are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from trato_colombia.divipola_file import (
    CAPITAL_DISTRICT,
    Department,
    Municipality,
    read_divipola,
)

__all__ = ["Department", "Divipola", "Municipality", "fold", "read_divipola"]

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
#: End of the folded name "Bogotá, D. C.", which addresses leave out.
_CAPITAL = " dc"
#: Addresses whose municipality is remembered; an import repeats a few hundred.
_MOST_RESOLVED = 20_000


class Divipola:
    """Look municipalities up; the list is read when it is first asked for.

    :param municipalities: a list from :func:`read_divipola`; the shipped one by default.
    """

    def __init__(self, municipalities: Iterable[Municipality] | None = None) -> None:
        self._given = None if municipalities is None else tuple(municipalities)

    @cached_property
    def municipalities(self) -> tuple[Municipality, ...]:
        """List all municipalities by code."""
        found = _shipped() if self._given is None else self._given
        return tuple(sorted(found, key=lambda municipality: municipality.code))

    @cached_property
    def departments(self) -> tuple[Department, ...]:
        """List the departments by name, in Spanish order."""
        found = {municipality.department for municipality in self.municipalities}
        return tuple(sorted(found, key=lambda department: fold(department.name)))

    def get(self, code: str) -> Municipality | None:
        """Find a municipality by its code or by an old one.

        Four digits are taken for a code whose zero in front a spreadsheet has lost.
        """
        return self._by_code.get(code.strip().zfill(5))

    def named(self, name: str, *, department: str = "") -> tuple[Municipality, ...]:
        """Find the municipalities of exactly this name, whatever its accents and capitals.

        :param department: code or name of a department, to tell homonyms apart.
        """
        wanted, inside = fold(name), fold(department)
        return tuple(
            entry.municipality
            for entry in self._index
            if entry.name == wanted
            and inside in ("", entry.department, entry.municipality.department.code)
        )

    def resolve(self, city: str, department: str) -> Municipality | None:
        """Find the one municipality that an address means, or ``None`` in any doubt.

        The department may be written shorter ("Valle") and so may the city, as long as no other
        municipality there begins or ends so: "Cúcuta" is San José de Cúcuta, "Cartagena" is
        Cartagena de Indias. The capital needs no department.
        """
        key = (fold(city).removesuffix(_CAPITAL), fold(department))
        if key not in self._resolved:
            if len(self._resolved) > _MOST_RESOLVED:
                self._resolved.clear()
            self._resolved[key] = self._resolve(*key)
        return self._resolved[key]

    def _resolve(self, name: str, department: str) -> Municipality | None:
        if not name:
            return None
        for entry in self._index:
            if entry.name == f"{name}{_CAPITAL}":
                return entry.municipality
        inside = self._inside(department)
        if not inside or name == inside[0].department:
            # Who writes the department's name for the city means none in particular.
            exact = [entry for entry in inside if entry.name == name]
            return exact[0].municipality if len(exact) == 1 else None
        for fits in (
            lambda entry: entry.name == name,
            lambda entry: entry.name.startswith(f"{name} ") or entry.name.endswith(f" {name}"),
        ):
            found = [entry for entry in inside if fits(entry)]
            if found:
                return found[0].municipality if len(found) == 1 else None
        return None

    def _inside(self, department: str) -> Sequence[_Entry]:
        """Give the municipalities of the one department that a folded name means."""
        if department in self._by_department:
            return self._by_department[department]
        wanted = set(department.split())
        named = [name for name in self._by_department if wanted and wanted <= set(name.split())]
        return self._by_department[named[0]] if len(named) == 1 else ()

    @cached_property
    def _resolved(self) -> dict[tuple[str, str], Municipality | None]:
        return {}

    @cached_property
    def _by_department(self) -> Mapping[str, Sequence[_Entry]]:
        found: dict[str, list[_Entry]] = {}
        for entry in self._index:
            found.setdefault(entry.department, []).append(entry)
        return found

    def search(self, text: str, *, department: str = "", limit: int = 20) -> list[Municipality]:
        """Find municipalities by what somebody types, best first.

        Each typed word must begin a word of the name or of the department, accents ignored
        ("cuerq", "armenia quin"); digits find the codes that begin with them. The exact name
        comes first, then names beginning with the text, then other names, then departments.

        :param department: code of the department to stay in.
        """
        wanted = fold(text)
        if not wanted:
            return []
        starts = [f" {word}" for word in wanted.split()]
        ranked = []
        for entry in self._index:
            municipality = entry.municipality
            if department and municipality.department.code != department:
                continue
            if municipality.code.startswith(wanted) or entry.name == wanted:
                rank = 0
            elif entry.name.startswith(wanted):
                rank = 1
            elif all(start in f" {entry.name}" for start in starts):
                rank = 2
            elif all(start in f" {entry.name} {entry.department}" for start in starts):
                rank = 3
            else:
                continue
            ranked.append((rank, entry.name, municipality))
        # The sort is stable, so homonyms stay in the order of their codes.
        return [found[-1] for found in sorted(ranked, key=lambda found: found[:2])[:limit]]

    @cached_property
    def _by_code(self) -> Mapping[str, Municipality]:
        old = {
            code: municipality
            for municipality in self.municipalities
            for code in municipality.old_codes
        }
        return old | {municipality.code: municipality for municipality in self.municipalities}

    @cached_property
    def _index(self) -> tuple[_Entry, ...]:
        return tuple(
            _Entry(fold(municipality.name), fold(municipality.department.name), municipality)
            for municipality in self.municipalities
        )


def fold(text: str) -> str:
    """Reduce a name to what search compares: small letters and digits, words one space apart."""
    # "D. C.", "D.C." and "DC" must be the same word.
    text = CAPITAL_DISTRICT.sub("dc", text)
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _NOT_ALPHANUMERIC.sub(" ", plain).strip()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A municipality beside its folded names."""

    name: str
    department: str
    municipality: Municipality


def _shipped() -> tuple[Municipality, ...]:
    with files("trato_colombia").joinpath("data", "divipola.csv").open("rb") as file:
        return read_divipola(file)
