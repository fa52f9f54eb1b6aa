"""A tenant with a row in every table that there is, and something in every column of it."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, Table, func, insert, inspect, select
from sqlalchemy import types as kinds

from trato.db.engine import set_tenant
from trato.db.types import Scaled, UtcDateTime, new_id
from trato.entities.base import metadata
from trato.tenancy.tables import tenant

#: Hard for one database or the other: signs of three alphabets, marks, quotes, and a line's end.
TEXT = "Ñandú «€» 漢字 🦩 'a' \"b\" \\n\nfin "
#: `status IN ('open', …)`
_CHOICES = re.compile(r"(\w+) IN \('([^']*)'")
_MAKE: tuple[tuple[type[Any], Callable[[int], Any]], ...] = (
    (Scaled, lambda n: Decimal("-900719925474.0991") + n),
    (UtcDateTime, lambda n: dt.datetime(2026, 11, 22, 23, 59, 59, n, tzinfo=dt.UTC)),
    (kinds.Date, lambda n: dt.date(1999, 12, 31) + dt.timedelta(days=n)),
    (kinds.Uuid, lambda n: new_id()),
    (kinds.LargeBinary, lambda n: bytes(range(256)) + bytes([n % 256])),
    (kinds.JSON, lambda n: {TEXT: [None, True, 0.1, -n, {"": ""}]}),
    (kinds.Boolean, lambda n: True),
    (kinds.BigInteger, lambda n: 2**62 + n),
    (kinds.Integer, lambda n: n),
    (kinds.Float, lambda n: n / 3),
    (kinds.Text, lambda n: f"{TEXT}{n}"),
    (kinds.String, lambda n: f"ñ-{n}"),
)


def fill(connection: Connection, slug: str, *, without: frozenset[str]) -> None:
    """Give a tenant a row in every table where it has none, and shared tables one.

    :param without: tables that stay as they are.
    """
    existing = set(inspect(connection).get_table_names()) - without
    numbers = itertools.count(1)
    tenant_id = connection.execute(select(tenant.c.id).where(tenant.c.slug == slug)).scalar_one()
    set_tenant(connection, tenant_id)
    for table in metadata.sorted_tables:
        own = {"tenant_id": tenant_id} if "tenant_id" in table.c else {}
        if table.name in existing and not _count(connection, table, own):
            connection.execute(insert(table).values(_row(connection, table, own, numbers)))


def _count(connection: Connection, table: Table, own: Mapping[str, Any]) -> int:
    statement = select(func.count()).select_from(table).filter_by(**own)
    return int(connection.execute(statement).scalar_one())


def _row(
    connection: Connection, table: Table, own: Mapping[str, Any], numbers: Iterator[int]
) -> dict[str, Any]:
    row = {column.name: _value(column, next(numbers)) for column in table.columns} | dict(own)
    row |= _chosen(table)
    for key in table.foreign_key_constraints:
        places = {part.parent.name: part.column for part in key.elements}
        shared = {c.name: own[name] for name, c in places.items() if name in own}
        found = connection.execute(select(*places.values()).filter_by(**shared).limit(1)).first()
        row |= dict(zip(places, (None,) * len(places) if found is None else found, strict=True))
        row |= dict(own)
    return row


def _chosen(table: Table) -> dict[str, str]:
    """Give the first choice of each column that takes some values only."""
    checks = [str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)]
    return dict(found.groups() for text in checks for found in _CHOICES.finditer(text))


def _value(column: Column[Any], number: int) -> Any:
    for kind, make in _MAKE:
        if isinstance(column.type, kind):
            return make(number)
    raise TypeError(f"{column} is of a kind that nothing is made for: {column.type!r}")
