"""Order and keyset paging: no gap, no double, and an index for every page.

Empty values come last both ways, and first where an order is read from its end. The tie-breaker
`id` goes the same way as the leading key and is the id of the leading key's table, or neither
database could walk the index.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Table, and_, false, or_

from trato.db.types import MAX_BIGINT, Scaled
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import BadQuery
from trato.records.convert import side_column
from trato.records.filters import unknown_field
from trato.tenancy.tables import value as side
from trato.text import _

_ID = Field(path="id", label="Id", kind="ref", indexed=True, required=True)
_MAX_KEYS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class SortKey:
    """One key of an order."""

    field: Field
    column: ColumnElement[Any]
    descending: bool
    nullable: bool
    #: The order is read from its end, where the empty values are.
    empty_first: bool = False
    #: Side table that holds the key, where it is not the entity's own, and how it is joined.
    source: FromClause | None = None
    on: ColumnElement[bool] | None = None
    record_id: ColumnElement[Any] | None = None


def sort_keys(
    entity: EntityView, visible: Mapping[str, Field], wanted: Sequence[str], *, tenant_id: int,
    backward: bool = False,
) -> list[SortKey]:  # fmt: skip
    """Resolve the wanted order; without one, newest first.

    :param backward: give the exact reverse of it.
    :raises BadQuery: for an unknown field, or one that has no index.
    """
    if len(wanted) > _MAX_KEYS:
        raise BadQuery(_("At most {limit} fields can be sorted by."), limit=_MAX_KEYS)
    keys: list[SortKey] = []
    for number, part in enumerate(wanted or ("-created_at",)):
        path = part.removeprefix("-")
        field = _ID if path == "id" else visible.get(path)
        if field is None:
            raise unknown_field(path, visible)
        if any(key.field.path == path for key in keys):
            raise BadQuery(_("Field '{field}' stands twice in the order."), field=path)
        if field is not _ID and not field.sortable:
            offered = [p for p, f in visible.items() if f.sortable]
            raise BadQuery(
                _("The list cannot be sorted by '{field}', which has no index."),
                hint=_("It can be sorted by: {fields}."),
                field=path, fields=", ".join(offered), code="not_sortable",
            )  # fmt: skip
        key = _key(entity, field, part.startswith("-") is not backward, number, tenant_id)
        keys.append(replace(key, empty_first=backward))
    return keys


def _key(
    entity: EntityView, field: Field, descending: bool, number: int, tenant_id: int
) -> SortKey:
    table = entity.table
    if field.source == "custom":
        rows = side.alias(f"sort_{number}")
        on = and_(
            rows.c.tenant_id == tenant_id, rows.c.entity == entity.name,
            rows.c.field == field.path, rows.c.position == 0,
            rows.c.record_id == table.c.id,
        )  # fmt: skip
        return SortKey(
            field=field, column=rows.c[side_column(field)], descending=descending, nullable=True,
            source=rows, on=on, record_id=rows.c.record_id,
        )  # fmt: skip
    source: Table = table
    name = field.path
    if field.source == "extension":
        source, name = entity.extensions[field.plugin].__table__, field.name
    column = source.c[f"{name}_key" if field.fold else name]
    if source is table:
        sure = (field.required and field.fold in (None, "text")) or field.readonly
        return SortKey(
            field=field, column=column, descending=descending,
            nullable=not sure and field is not _ID,
        )  # fmt: skip
    on = and_(source.c.tenant_id == table.c.tenant_id, source.c.id == table.c.id)
    return SortKey(
        field=field, column=column, descending=descending, nullable=True, source=source, on=on,
        record_id=source.c.id,
    )  # fmt: skip


def order_by(
    keys: Sequence[SortKey], tie: ColumnElement[Any], *, descending: bool, lead_known: bool
) -> list[Any]:
    """Make the ORDER BY of a region, empty values last or, backward, first.

    :param lead_known: the first key is known not to be empty.
    """
    made: list[Any] = []
    for number, key in enumerate(keys):
        if key.nullable and not (number == 0 and lead_known):
            made.append(key.column.is_not(None) if key.empty_first else key.column.is_(None))
        made.append(key.column.desc() if key.descending else key.column.asc())
    made.append(tie.desc() if descending else tie.asc())
    return made


def after(
    keys: Sequence[SortKey], values: Sequence[Any], tie: ColumnElement[Any], last: UUID,
    *, descending: bool, lead_known: bool,
) -> ColumnElement[bool]:  # fmt: skip
    """Make the condition that a row comes after the one whose key values are given."""
    steps: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, (key, value) in enumerate(zip(keys, values, strict=True)):
        greater: ColumnElement[bool]
        if value is None:
            greater = key.column.is_not(None) if key.empty_first else false()
        else:
            greater = key.column < value if key.descending else key.column > value
            if key.nullable and not key.empty_first and not (number == 0 and lead_known):
                greater = or_(greater, key.column.is_(None))
        steps.append(and_(*equal, greater))
        equal.append(key.column.is_(None) if value is None else key.column == value)
    steps.append(and_(*equal, tie < last if descending else tie > last))
    condition = or_(*steps)
    if not lead_known or values[0] is None:
        return condition
    # The redundant bound gives the planner an index range; it sees none in the OR.
    lead = keys[0].column
    return and_(lead <= values[0] if keys[0].descending else lead >= values[0], condition)


def raw_value(value: Any) -> Any:
    """Turn a key's value into what a cursor carries."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def key_value(key: SortKey, raw: Any) -> Any:
    """Turn what a cursor carries back into a key's value.

    :raises BadQuery: when somebody changed the cursor.
    """
    if raw is None:
        return None
    kind = key.field.kind
    try:
        if isinstance(raw, bool):  # an int to Python; a boolean's typed row holds 0 and 1
            raise ValueError(raw)
        if key.field.path == "id":
            return UUID(str(raw))
        if key.field.source == "custom":
            # Typed rows hold integers and text as they are.
            if side_column(key.field) == "number" and isinstance(raw, int) and _fits(raw):
                return raw
            if side_column(key.field) == "text" and isinstance(raw, str) and _fits(raw):
                return raw
            raise ValueError(raw)
        if kind in ("decimal", "money"):
            if not _fits(Scaled(key.field.scale).to_integer(Decimal(raw))):
                raise ValueError(raw)
            return Decimal(raw)
        if kind == "date":
            return dt.date.fromisoformat(raw)
        if kind == "moment":
            moment = dt.datetime.fromisoformat(raw)
            if moment.tzinfo is None:  # no column takes it
                raise ValueError(raw)
            return moment
        if not isinstance(raw, int if kind in ("integer", "boolean") else str) or not _fits(raw):
            raise ValueError(raw)
    except (ValueError, TypeError, ArithmeticError):
        raise BadQuery(_("The cursor cannot be read."), code="bad_cursor") from None
    return raw


def _fits(raw: str | int) -> bool:
    """Tell whether a column can hold it."""
    return "\x00" not in raw if isinstance(raw, str) else abs(raw) <= MAX_BIGINT


__all__ = ["SortKey", "after", "key_value", "order_by", "raw_value", "sort_keys"]
