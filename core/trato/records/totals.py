"""Sums over all records that a query finds, exact to the last decimal on both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, func, select, type_coerce
from sqlalchemy import Numeric as SqlNumeric
from sqlalchemy import cast as sql_cast

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.filters import json_text
from trato.records.query import Query
from trato.records.reading import matching
from trato.records.unit import Unit

#: More records than this are not summed: a page would wait for it.
TOTALED = 100_000
#: A sum of whole numbers of 64 bits may need more; it is made of what is above this and below.
_SPLIT = 10**9

#: A sum, and what one of it is worth.
_Part = tuple[ColumnElement[Any], Decimal]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums of a list's columns of money, and of numbers that say that they are summed."""

    #: By path, then by currency; the tenant's own currency, and none, is the empty text. A column
    #: without a value is missing.
    sums: Mapping[str, Mapping[str, Decimal]]
    #: Records that were found.
    count: int = 0
    #: There are more records than ``TOTALED``: nothing was summed.
    is_capped: bool = False


def summable(entity: EntityView, visible: Mapping[str, Field], path: str) -> bool:
    """Tell whether a column is summed: money whose currency the person may see, or a ``total``."""
    field = visible[path]
    if field.kind != "money":
        return field.total
    return field.currency is None or _currency(field) in visible


def totals(unit: Unit, entity: EntityView, query: Query, paths: Sequence[str]) -> Totals:
    """Sum fields of all records that a query finds, whatever page it asks for, in one statement.

    :param paths: fields that are ``summable``; others are left out.
    :raises Forbidden: when the actor may see no record of the entity.
    """
    visible = rules.visible_fields(unit.actor, entity)
    fields = [visible[p] for p in paths if p in visible and summable(entity, visible, p)]
    if not fields:
        return Totals(sums={})
    dialect = unit.connection.dialect.name
    currencies = [visible[_currency(f)] for f in fields if f.currency is not None]
    groups = {f.path: _column(entity, f) for f in currencies}
    parts = [_parts(entity, field, dialect) for field in fields]
    flat = [part for one in parts for part, _worth in one]
    found = matching(
        unit.connection, unit.actor, entity, query,
        [c.label(f"c{n}") for n, c in enumerate([*groups.values(), *flat])],
        [*fields, *currencies],
    )  # fmt: skip
    if found is None:
        return Totals(sums={})
    rows = found.limit(TOTALED + 1).subquery()
    grouped, summed = list(rows.c)[: len(groups)], list(rows.c)[len(groups) :]
    statement = select(*grouped, func.count(), *(func.sum(c) for c in summed)).select_from(rows)
    if grouped:
        statement = statement.group_by(*grouped)
    lines = unit.connection.execute(statement).all()
    count = sum(line[len(groups)] for line in lines)
    if count > TOTALED:
        return Totals(sums={}, count=TOTALED, is_capped=True)
    places = {path: place for place, path in enumerate(groups)}
    sums: dict[str, dict[str, Decimal]] = {}
    for line in lines:
        values = iter(line[len(groups) + 1 :])
        for field, one in zip(fields, parts, strict=True):
            taken = [(next(values), worth) for _part, worth in one]
            if taken[0][0] is None:
                continue
            code = "" if field.currency is None else line[places[_currency(field)]] or ""
            by_currency = sums.setdefault(field.path, {})
            amount = sum((Decimal(value) * worth for value, worth in taken), Decimal(0))
            by_currency[code] = by_currency.get(code, Decimal(0)) + amount
    return Totals(sums=sums, count=count)


def count(unit: Unit, entity: EntityView, query: Query) -> int:
    """Count all records that a query finds, however many, for work that reads every one of them.

    :raises Forbidden: when the actor may see no record of the entity.
    """
    found = matching(unit.connection, unit.actor, entity, query, [entity.table.c.id], ())
    if found is None:
        return 0
    counted = select(func.count()).select_from(found.subquery())
    return int(unit.connection.execute(counted).scalar_one())


def _currency(field: Field) -> str:
    """Give the path of the field beside this one that holds its currency."""
    head, dot, _name = field.path.rpartition(".")
    return f"{head}{dot}{field.currency}"


def _column(entity: EntityView, field: Field) -> ColumnElement[Any]:
    if field.source == "extension":
        return entity.extensions[field.plugin].__table__.c[field.name]
    return entity.table.c[field.path]


def _parts(entity: EntityView, field: Field, dialect: str) -> list[_Part]:
    """Give whole numbers that make up a field's value, and what one of each is worth."""
    if field.source != "custom":
        kept = type_coerce(_column(entity, field), BigInteger)
        return _split(kept, Decimal(1).scaleb(-field.scale))
    text = json_text(entity, field, dialect)
    if dialect == "postgresql":
        return [(sql_cast(text, SqlNumeric), Decimal(1))]
    # SQLite would read the text as a floating number; money always has its point.
    point = func.instr(text, ".") + 1
    after = func.substr(text.concat("0" * field.scale), point, field.scale)
    sign = case((text.like("-%"), -1), else_=1)
    whole = _split(sql_cast(text, BigInteger), Decimal(1))
    return [*whole, (sql_cast(after, BigInteger) * sign, Decimal(1).scaleb(-field.scale))]


def _split(number: ColumnElement[Any], worth: Decimal) -> list[_Part]:
    return [(number // _SPLIT, worth * _SPLIT), (number % _SPLIT, worth)]
