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
from trato.records.query import Query
from trato.records.sorting import SortKey, raw_value, sort_keys
from trato.records.unit import Unit


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A record beside another one."""

    id: UUID
    #: Value of the field that names it; none where the actor may not see that.
    label: Any


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a record stands in an order."""

    #: 0 among the records with a value in the leading key, 1 among those without, which come last.
    region: int
    values: list[Any]


def neighbours(
    unit: Unit, entity: EntityView, record_id: UUID, query: Query
) -> tuple[Neighbour | None, Neighbour | None]:
    """Find the records before and after one; at most two statements each way, a search apart.

    :raises BadQuery: for an unknown field, filter or order.
    """
    visible = rules.visible_fields(unit.actor, entity)
    keys = sort_keys(entity, visible, query.sort, tenant_id=unit.tenant_id)
    if any(key.nullable for key in keys[1:]):
        # Empty values come last both ways, so the order has no exact reverse.
        return None, None
    place = _place(unit, entity, keys, record_id)
    if place is None:
        return None, None
    lead = keys[0].field.path
    # The name first, the leading key last.
    columns = tuple(p for p in dict.fromkeys((entity.info.label, lead)) if p in visible)
    wanted = replace(query, columns=columns, limit=1, cursor=None, count=False)
    sort = query.sort or ("-created_at",)
    back = replace(wanted, sort=tuple(_reversed(part) for part in sort))
    before = _first(unit, entity, back, place, record_id, same_region=place.region == 0)
    if before is None and place.region:
        before = _first(unit, entity, back, None, record_id, same_region=True)
    after = _first(unit, entity, replace(wanted, sort=sort), place, record_id)
    return before, after


def _reversed(part: str) -> str:
    return part[1:] if part.startswith("-") else f"-{part}"


def _place(
    unit: Unit, entity: EntityView, keys: Sequence[SortKey], record_id: UUID
) -> _Place | None:
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
    if row[0] is None and keys[0].nullable:
        return _Place(region=1, values=list(row[1:]))
    return _Place(region=0, values=list(row))


def _first(
    unit: Unit, entity: EntityView, query: Query, place: _Place | None, record_id: UUID,
    *, same_region: bool = False,
) -> Neighbour | None:  # fmt: skip
    """Read the first row after a place.

    :param same_region: a row without a leading value stands behind the others, not before them.
    """
    cursor = None
    if place is not None:
        bound_to = cursors.fingerprint(
            entity.name, query.filters, query.search, query.sort, query.archived, query.limit
        )
        values = [raw_value(value) for value in place.values]
        cursor = cursors.encode(bound_to, [place.region, *values, str(record_id)])
    found = unit.records.query(entity.name, replace(query, cursor=cursor)).rows
    if not found or (same_region and found[0][-1] is None):
        return None
    named = query.columns is not None and entity.info.label in query.columns
    return Neighbour(id=found[0][0], label=found[0][2] if named else None)
