"""Text search: which records contain all the words.

PostgreSQL may not use a trigram index under row-level security, because LIKE is not leakproof,
so a definer function asks the index and gives back keys only. SQLite asks a full-text table.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, and_, bindparam, false, func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY as PG_ARRAY

from trato.db.types import Id
from trato.entities.fold import search_terms
from trato.entities.view import EntityView

#: More records than this contain the words: the term is common, and the caller walks its sort
#: index instead of collecting keys.
MANY = 1_000
#: A search looks at no more words than this.
MAX_TERMS = 8

_INTERNATIONAL = re.compile(r"\+[0-9]{11,15}")

_FIND_POSTGRESQL = select(
    func.core_search(
        bindparam("table", type_=Text), bindparam("patterns", type_=PG_ARRAY(Text)), MANY + 1
    ).column_valued("id")
)
_FIND_SQLITE = sql(
    "SELECT r.record_id FROM core_search_text t CROSS JOIN core_search_row r "
    "ON r.rowid = t.rowid WHERE t.core_search_text MATCH :match "
    "AND r.tenant_id = :tenant AND r.entity = :entity LIMIT :many"
).columns(record_id=Id)


def terms(text: str) -> list[str]:
    """Split what a person typed into at most eight terms.

    Of a phone number with its country the last ten digits are sought: it may be kept without.
    """
    found = search_terms(text.replace("\x00", " "))[:MAX_TERMS]
    return [term[-10:] if _INTERNATIONAL.fullmatch(term) else term for term in found]


def find(
    connection: Connection, entity: EntityView, tenant_id: int, wanted: list[str]
) -> list[UUID] | None:
    """Find the records that contain all terms, of whatever state and owner.

    :return: their ids, or None when there are more than ``MANY``.
    """
    if connection.dialect.name == "postgresql":
        found = connection.execute(
            _FIND_POSTGRESQL,
            {"table": entity.table.name, "patterns": [like(term) for term in wanted]},
        ).scalars()
    else:
        match = " AND ".join('"' + term.replace('"', '""') + '"' for term in wanted)
        found = connection.execute(
            _FIND_SQLITE,
            {"match": match, "tenant": tenant_id, "entity": entity.name, "many": MANY + 1},
        ).scalars()
    ids = list(found)
    return None if len(ids) > MANY else ids


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
