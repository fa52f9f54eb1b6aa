"""Which column of a file fills which field.

A header names a field by its key, one of its labels or one of its synonyms, in any language;
capitals, accents and punctuation do not matter. What cannot be decided is told, never guessed:
all problems of a file at once, each with the nearest name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trato.entities.fold import fold as fold_text
from trato.errors import Invalid, Message
from trato.text import _

#: Columns that the file of refused rows adds; they are ignored when it is imported again.
ERROR_COLUMNS: Final = ("row", "column", "error")
#: How the pages title them in other languages; only all three at the end of a file are those.
ERROR_TITLES: Final[Mapping[str, tuple[str, ...]]] = {"es": ("fila", "columna", "error")}
#: Before their names where the file has such a column of its own.
ERROR_PREFIX: Final = "trato_"
#: What a map says of a column that fills nothing.
IGNORE: Final = "ignore"

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_SIMILAR = 0.6


@dataclass(frozen=True)
class FieldNames:
    """The names of one field.

    :param path: its key: ``name``, ``custom.zone``, ``colombia.municipality``.
    :param labels: its label in each language.
    :param synonyms: further names that files use.
    """

    path: str
    labels: Sequence[str] = ()
    synonyms: Sequence[str] = ()


@dataclass(frozen=True)
class HeaderMap:
    """Which field each column fills.

    :param headers: of the file, in order.
    :param paths: of the field that each fills, None where the column is ignored. A reference by
        a field of the other record is ``client.identification``.
    """

    headers: tuple[str, ...]
    paths: tuple[str | None, ...]

    def used(self) -> Iterator[tuple[int, str, str]]:
        """Yield position, header and path of the columns that fill a field."""
        for index, (header, path) in enumerate(zip(self.headers, self.paths, strict=True)):
            if path is not None:
                yield index, header, path

    def header_of(self, path: str) -> str | None:
        """Return the header of the column that fills the field, to name it in messages."""
        return next((header for _index, header, used in self.used() if used == path), None)


@dataclass(frozen=True)
class Proposal:
    """What is known of one column before a person decides.

    :param path: the field it fills, or None.
    :param ignored: whether it is meant to fill none.
    :param problem: why it fills none although it should, or None.
    :param suggestion: path of the field whose name is most alike, or None.
    """

    header: str
    path: str | None
    ignored: bool = False
    problem: Message | None = None
    suggestion: str | None = None


def fold(name: str) -> str:
    """Return the name without capitals, accents and punctuation: ``Núm. ID`` is ``numid``."""
    return "".join(filter(str.isalnum, fold_text(name)))


def match_headers(
    headers: Sequence[str],
    fields: Iterable[FieldNames],
    *,
    explicit: Mapping[str, str] | None = None,
) -> HeaderMap:
    """Decide for each header which field its column fills.

    :param explicit: a person's choices, which win: header to field, or field to header; `IGNORE`
        instead of a field leaves a column out. See `mapfile.read_map`.
    :raises Invalid: with the messages of each header that is unknown, ambiguous or fills a field
        that another column fills.
    """
    proposals = propose(headers, fields, explicit=explicit)
    errors = {one.header: [one.problem] for one in proposals if one.problem is not None}
    if errors:
        raise Invalid(
            errors,
            _("Some columns cannot be matched with a field."),
            hint=_("Rename the columns, or say in a map which field each fills."),
            code="unmatched_columns",
        )
    return HeaderMap(tuple(headers), tuple(one.path for one in proposals))


def propose(
    headers: Sequence[str],
    fields: Iterable[FieldNames],
    *,
    explicit: Mapping[str, str] | None = None,
) -> list[Proposal]:
    """Return for each header what is known, in the order of the file.

    :raises Invalid: if a line of the map names no column of the file.
    """
    names = _Names(fields)
    chosen = _chosen(headers, names, explicit or {})
    added = error_titles(headers)
    return _without_doubles(
        [chosen.get(header) or _recognised(header, names, header in added) for header in headers]
    )


def error_titles(headers: Sequence[str]) -> tuple[str, ...]:
    """Return the titles that a file of refused rows has added at the end, in any language."""
    last = tuple(headers[-3:])
    for titles in (ERROR_COLUMNS, *ERROR_TITLES.values()):
        if last in (titles, tuple(ERROR_PREFIX + title for title in titles)):
            return last
    return ()


class _Names:
    """The fields by each of their names, the strongest kind of name first."""

    def __init__(self, fields: Iterable[FieldNames]) -> None:
        self._paths: set[str] = set()
        #: Paths by folded key, label and synonym.
        self._levels: tuple[dict[str, list[str]], ...] = ({}, {}, {})
        #: A name as it is written, by what it folds to.
        self._written: dict[str, str] = {}
        for field in fields:
            self._paths.add(field.path)
            kinds = ((field.path,), field.labels, field.synonyms)
            for level, kind in zip(self._levels, kinds, strict=True):
                for name in filter(fold, kind):
                    paths = level.setdefault(fold(name), [])
                    if field.path not in paths:
                        paths.append(field.path)
                    self._written[fold(name)] = name

    def find(self, name: str) -> list[str]:
        """Return the paths that the name may mean; several are ambiguous, none is unknown."""
        name = name.strip()
        found = self._find_whole(name)
        if found:
            return found
        # A record of another entity by one of its fields; only that entity knows whether it has it.
        reference, dot, key = name.rpartition(".")
        if dot and _KEY.fullmatch(key):
            return [f"{path}.{key}" for path in self._find_whole(reference)]
        return []

    def _find_whole(self, name: str) -> list[str]:
        if name in self._paths:
            return [name]
        folded = fold(name)
        return next((level[folded] for level in self._levels if folded in level), [])

    def resolve(self, header: str, name: str) -> Proposal:
        """Propose the field of that name for the column."""
        paths = self.find(name)
        if len(paths) == 1:
            return Proposal(header, paths[0])
        if paths:
            fields = ", ".join(paths)
            text = _("'{name}' may be any of these fields: {fields}.")
            return Proposal(header, None, problem=Message(text, {"name": name, "fields": fields}))
        close = difflib.get_close_matches(fold(name), self._written, n=1, cutoff=_SIMILAR)
        if not close:
            return Proposal(
                header, None, problem=Message(_("No field is named '{name}'."), {"name": name})
            )
        nearest = self._written[close[0]]
        text = _("No field is named '{name}'; the nearest is '{nearest}'.")
        return Proposal(
            header,
            None,
            problem=Message(text, {"name": name, "nearest": nearest}),
            suggestion=self.find(nearest)[0],
        )


def _recognised(header: str, names: _Names, added: bool) -> Proposal:
    if added:
        return Proposal(header, None, ignored=True)
    found = names.resolve(header, header)
    if found.path is None and header.removeprefix(ERROR_PREFIX) in ERROR_COLUMNS:
        return Proposal(header, None, ignored=True)
    return found


def _chosen(
    headers: Sequence[str], names: _Names, explicit: Mapping[str, str]
) -> dict[str, Proposal]:
    chosen: dict[str, Proposal] = {}
    unknown: dict[str, list[Message]] = {}
    for left, right in explicit.items():
        header, other = _header(headers, left), _header(headers, right)
        if header is not None and fold(right) == IGNORE:
            chosen[header] = Proposal(header, None, ignored=True)
        elif header is not None and (names.find(right) or other is None):
            chosen[header] = names.resolve(header, right)
        elif other is not None:
            chosen[other] = names.resolve(other, left)
        else:
            text = _("The map says '{left}: {right}', and the file has no such column.")
            unknown[left] = [Message(text, {"left": left, "right": right})]
    if unknown:
        raise Invalid(
            unknown,
            _("The map does not fit the file."),
            hint=_("Its columns are: {headers}."),
            code="bad_map",
            headers=", ".join(headers),
        )
    return chosen


def _header(headers: Sequence[str], name: str) -> str | None:
    if name in headers:
        return name
    alike = [header for header in headers if fold(header) == fold(name)]
    return alike[0] if len(alike) == 1 else None


def _without_doubles(proposals: list[Proposal]) -> list[Proposal]:
    first: dict[str, str] = {}
    checked = []
    for one in proposals:
        if one.path is not None and first.setdefault(one.path, one.header) != one.header:
            text = _("'{header}' and '{other}' both fill the field '{field}'.")
            params = {"header": one.header, "other": first[one.path], "field": one.path}
            one = Proposal(one.header, None, problem=Message(text, params), suggestion=one.path)
        checked.append(one)
    return checked
