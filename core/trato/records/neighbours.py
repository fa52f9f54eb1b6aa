"""The records before and after one in a list, by the list's own order and conditions.

The place of the record is read from the keys of the order; from there one row each way, as a page
of the list would be read. So it also works where the record itself no longer meets the conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from trato.access import rules
from trato.entities.view import EntityView
from trato.records import cursor as cursors
from trato.records.conditions import stated
from trato.records.query import Query
from trato.records.sorting import SortKey, raw_value, sort_keys
from trato.records.unit import Unit


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A record beside another one."""

    id: UUID
    #: Value of the field that names it; none where the actor may not see that.
    label: Any


def neighbours(
    unit: Unit, entity: EntityView, record_id: UUID, query: Query
) -> tuple[Neighbour | None, Neighbour | None]:
    """Find the records before and after one; at most two statements each way, unless a
    search is for a term that many records contain.

    :raises BadQuery: for an unknown field, filter or order.
    """
    visible = rules.visible_fields(unit.actor, entity)
    keys = sort_keys(entity, visible, query.sort, tenant_id=unit.tenant_id)
    place = _place(unit, entity, keys, record_id)
    if place is None:
        return None, None
    columns = tuple(path for path in (entity.info.label,) if path in visible)
    wanted = replace(query, columns=columns, limit=1, cursor=None, count=False)
    before = _first(unit, entity, replace(wanted, backward=True), place)
    return before, _first(unit, entity, wanted, place)


def _place(
    unit: Unit, entity: EntityView, keys: Sequence[SortKey], record_id: UUID
) -> list[Any] | None:
    """Read where a record stands in an order, as a cursor says it.

    Records without a value in the leading key, which come last, are a region of their own.
    """
    table = entity.table
    source: Any = table
    for key in keys:
        if key.source is not None and key.on is not None:
            source = source.outerjoin(key.source, key.on)
    row = unit.connection.execute(
        select(*(key.column.label(None) for key in keys))
        .select_from(source)
        .where(table.c.tenant_id == unit.tenant_id, table.c.id == record_id)
    ).first()
    if row is None:
        return None
    region = int(row[0] is None and keys[0].nullable)
    return [region, *(raw_value(value) for value in row[region:]), str(record_id)]


def _first(unit: Unit, entity: EntityView, query: Query, place: list[Any]) -> Neighbour | None:
    """Read the first row after a place."""
    bound_to = cursors.fingerprint(
        entity.name, stated(query.filters), query.search, query.sort, query.archived, query.limit
    )
    cursor = cursors.encode(bound_to, place)
    found = unit.records.query(entity.name, replace(query, cursor=cursor)).rows
    if not found:
        return None
    return Neighbour(id=found[0][0], label=found[0][2] if query.columns else None)
