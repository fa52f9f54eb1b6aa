"""Text search: which records contain all the words.

PostgreSQL may not use a trigram index under row-level security, because LIKE is not leakproof,
so a definer function asks the index and gives back keys only. SQLite asks a full-text table.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY as PG_ARRAY
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import UserDefinedType

from trato.db.types import Id
from trato.entities.fold import search_terms
from trato.entities.view import EntityView

#: More records than this contain the words: the term is common, and the caller looks along its sort
#: index before it collects keys.
MANY = 1_000
#: A page of a list reads so many and puts them into order. On PostgreSQL, which reads them where
#: they stand, that costs what a look along the index does.
FEW = {"postgresql": 2_500, "sqlite": MANY}
#: A search looks at no more words than this.
MAX_TERMS = 8

_INTERNATIONAL = re.compile(r"\+[0-9]{11,15}")

_FOUND_POSTGRESQL = func.core_search(
    bindparam("searched", type_=Text), bindparam("patterns", type_=PG_ARRAY(Text)),
    bindparam("many", type_=Integer) + 1,
).column_valued("found")  # fmt: skip
_FIND_POSTGRESQL = select(_FOUND_POSTGRESQL)
_FIND_SQLITE = sql(
    "SELECT r.record_id FROM core_search_text t CROSS JOIN core_search_row r "
    "ON r.rowid = t.rowid WHERE t.core_search_text MATCH :match "
    "AND r.tenant_id = :searcher AND r.entity = :searched LIMIT :many + 1"
).columns(record_id=Id)


class _Tid(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TID"


_PLACE = func.core_search_places(
    bindparam("searched", type_=Text), bindparam("patterns", type_=PG_ARRAY(Text)),
    bindparam("many", type_=Integer) + 1,
).column_valued("place")  # fmt: skip
#: Where they stand, as one value, and nowhere where they are too many: PostgreSQL then goes there.
_FEW_POSTGRESQL = cast(
    select(
        case((func.count() <= bindparam("many", type_=Integer), func.array_agg(_PLACE)))
    ).scalar_subquery(),
    PG_ARRAY(_Tid()),
)
_FOUND_SQLITE = _FIND_SQLITE.subquery("found")
_NUMBERED = select(_FOUND_SQLITE.c.record_id, func.count().over().label("number")).subquery()
_FEW_SQLITE = select(_NUMBERED.c.record_id).where(
    _NUMBERED.c.number <= bindparam("many", type_=Integer)
)


def terms(text: str) -> list[str]:
    """Split what a person typed into at most eight terms.

    Of a phone number with its country the last ten digits are sought: it may be kept without.
    """
    found = search_terms(text.replace("\x00", " "))[:MAX_TERMS]
    return [term[-10:] if _INTERNATIONAL.fullmatch(term) else term for term in found]


def bound(
    connection: Connection, entity: EntityView, tenant_id: int, wanted: list[str], *,
    many: int = MANY,
) -> dict[str, Any]:  # fmt: skip
    """Give the values with which a statement looks for all terms; see ``few``."""
    if connection.dialect.name == "postgresql":
        return {"searched": entity.table.name, "patterns": [like(term) for term in wanted],
                "many": many}  # fmt: skip
    match = " AND ".join('"' + term.replace('"', '""') + '"' for term in wanted)
    return {"match": match, "searcher": tenant_id, "searched": entity.name, "many": many}


def find(
    connection: Connection, entity: EntityView, tenant_id: int, wanted: list[str]
) -> list[UUID] | None:
    """Find the records that contain all terms, of whatever state and owner.

    :return: their ids, or None when there are more than ``MANY``.
    """
    statement = _FIND_POSTGRESQL if connection.dialect.name == "postgresql" else _FIND_SQLITE
    ids = list(connection.scalars(statement, bound(connection, entity, tenant_id, wanted)))
    return None if len(ids) > MANY else ids


def few(connection: Connection, entity: EntityView) -> ColumnElement[bool]:
    """Make the condition that a record contains the terms of ``bound``.

    It holds for none where more records contain them than ``bound`` was told.
    """
    if connection.dialect.name == "postgresql":
        return literal_column(f"{entity.table.name}.ctid") == func.any(_FEW_POSTGRESQL)
    return entity.table.c.id.in_(_FEW_SQLITE)


def unindexed(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Let SQLite order by a column without its index.

    It would walk the whole list in order rather than go by the keys of a few records.
    """
    if connection.dialect.name != "sqlite":
        return column
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def like(term: str) -> str:
    """Make the LIKE pattern of a term."""
    for special in ("\\", "%", "_"):
        term = term.replace(special, "\\" + special)
    return f"%{term}%"


def contains(column: ColumnElement[str | None], wanted: list[str]) -> ColumnElement[bool]:
    """Make the condition that a searched text contains all terms."""
    return and_(*(column.like(like(term), escape="\\") for term in wanted))


def among(
    connection: Connection, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Make the condition that a column is one of many values, as one bound value where that exists.

    One value, because PostgreSQL compares with each of a thousand in turn, row by row, where it
    plans for all values there may be.
    """
    wanted = sorted(set(values))
    if not wanted:
        return false()
    if connection.dialect.name == "postgresql":
        # An array has no collation; the column keeps its own.
        item = Text() if isinstance(column.type, Text) else column.type
        return column == func.any(bindparam(None, wanted, type_=ARRAY(item)))
    return column.in_(wanted)


def one_of(connection: Connection, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Make the condition that a text column is one of the list bound by a name; see ``among``."""
    if connection.dialect.name == "postgresql":
        return column == func.any(bindparam(name, type_=ARRAY(Text())))
    return column.in_(bindparam(name, expanding=True))
