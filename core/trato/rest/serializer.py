"""Records as JSON: a serializer made once per entity view and set of columns.

A row is a tuple; it becomes a dictionary by ``dict(zip(...))``, and only decimals are touched one
by one. Ids, days and moments are left to orjson, which writes them as the contract says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.convert import plain_decimal
from trato.records.query import Record

#: Callers choose columns freely; no more combinations than this are kept per entity.
_MOST_SHAPES = 200

Row = Sequence[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """How rows of certain columns become JSON objects."""

    #: Paths to read, own fields first, then those of each prefix.
    paths: tuple[str, ...]
    names: tuple[str, ...]
    #: Prefix, the names below it, and where in the row they stand.
    groups: tuple[tuple[str, tuple[str, ...], slice], ...]
    #: Places of decimals, and what writes them.
    decimals: tuple[tuple[int, Callable[[Decimal], str]], ...]
    #: Tells this representation from those of other columns.
    mark: str

    def one(self, row: Row) -> dict[str, Any]:
        """Turn a row into an object; it begins with id and version."""
        if self.decimals:
            values = list(row)
            for place, write in self.decimals:
                value = values[place]
                if value is not None:
                    values[place] = write(value)
            row = values
        data = dict(zip(self.names, row, strict=False))
        for prefix, names, where in self.groups:
            data[prefix] = dict(zip(names, row[where], strict=True))
        return data

    def many(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """Turn rows into objects."""
        return [self.one(row) for row in rows]

    def record(self, record: Record) -> dict[str, Any]:
        """Turn a record into an object; one that was given away is its id and version alone."""
        if not record.values:
            return {"id": record.id, "version": record.version}
        values = record.values
        return self.one((record.id, record.version, *(values[path] for path in self.paths)))

    def etag(self, record_id: UUID, version: int) -> str:
        """Give the strong entity tag of a record in this representation."""
        return f'"{version}-{self.mark}-{record_id.hex[-12:]}"'


def shape(entity: EntityView, fields: Iterable[Field], *, whole: bool = True) -> Shape:
    """Give the shape of some fields of an entity, made on first use.

    :param whole: all that there is: `custom` is then there even where nobody made own fields.
    """
    chosen = tuple(fields)
    key = (whole, *(field.path for field in chosen))
    kept: dict[Any, Shape] = entity.cache.setdefault("rest shapes", {})
    found = kept.get(key)
    if found is None:
        if len(kept) >= _MOST_SHAPES:
            kept.clear()
        found = kept[key] = _make(entity, chosen, whole=whole)
    return found


def _make(entity: EntityView, fields: Sequence[Field], *, whole: bool) -> Shape:
    by_prefix: dict[str, list[Field]] = {"": []}
    if whole:
        by_prefix["custom"] = []
    for field in fields:
        by_prefix.setdefault(prefix(field), []).append(field)
    ordered = [field for group in by_prefix.values() for field in group]
    groups = []
    place = 2 + len(by_prefix[""])
    for name, group in by_prefix.items():
        if name:
            names = tuple(field.name for field in group)
            groups.append((name, names, slice(place, place + len(names))))
            place += len(names)
    paths = tuple(field.path for field in ordered)
    return Shape(
        paths=paths,
        names=("id", "version", *(field.path for field in by_prefix[""])),
        groups=tuple(groups),
        decimals=tuple(
            (place, partial(plain_decimal, least=2 if field.kind == "money" else 0))
            for place, field in enumerate(ordered, start=2)
            if field.kind in ("decimal", "money")
        ),
        mark=hashlib.sha256(repr((entity.name, paths)).encode()).hexdigest()[:8],
    )


def prefix(field: Field) -> str:
    """Give the name under which a field stands in an object; none for an entity's own."""
    return field.path.rpartition(".")[0]


def dumps(data: Any) -> bytes:
    """Write JSON; moments are in UTC with a Z."""
    return orjson.dumps(data, option=orjson.OPT_UTC_Z)
