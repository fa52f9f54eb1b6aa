"""Derived rows of existing records, made again when a tenant's own field is declared otherwise.

Nothing of a record itself changes, so neither its version nor its history does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, delete, func, insert, select, update

from trato.db.types import Id
from trato.entities.fields import LIST_KINDS, Field
from trato.entities.view import EntityView
from trato.records import storing, writing
from trato.records.changes import Change
from trato.records.convert import from_json, side_column, side_value
from trato.records.unit import Unit
from trato.tenancy.tables import value as side

_BATCH = 1_000

#: Told how many records were done, batch by batch.
Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A value that several living records hold."""

    value: str
    count: int
    #: Labels of some of the records.
    records: tuple[str, ...]


def forget_field(unit: Unit, entity: EntityView, path: str) -> None:
    """Remove the typed rows of a field that is no longer sorted or filtered by."""
    unit.connection.execute(
        delete(side).where(
            side.c.tenant_id == unit.tenant_id, side.c.entity == entity.name, side.c.field == path
        )
    )


def index_field(
    unit: Unit, entity: EntityView, field: Field, *, progress: Progress | None = None
) -> list[Duplicate]:
    """Make the typed rows of a tenant's own field for all records that hold a value.

    :return: values that stand in the way of the field being unique, at most ten; the caller
        then rolls back.
    """
    forget_field(unit, entity, field.path)
    for rows in _batches(unit, entity):
        made = []
        for record_id, custom, archived_at in rows:
            raw = (custom or {}).get(field.name)
            if raw is None:
                continue
            value = from_json(field, raw)
            for position, item in enumerate(value if field.kind in LIST_KINDS else [value]):
                text, number = side_value(field, item)
                made.append(
                    {
                        "tenant_id": unit.tenant_id, "entity": entity.name, "field": field.path,
                        "record_id": record_id, "position": position, "text": text,
                        "number": number, "is_active": archived_at is None, "unique_text": None,
                    }
                )  # fmt: skip
        if made:
            unit.connection.execute(insert(side), made)
        if progress is not None:
            progress(len(rows))
    if not field.unique:
        return []
    found = _duplicates(unit, entity, field)
    if not found:
        held: Any = side.c.text if side_column(field) == "text" else cast(side.c.number, Text)
        unit.connection.execute(
            update(side).where(*_own(unit, entity, field)).values(unique_text=held)
        )
    return found


def _own(unit: Unit, entity: EntityView, field: Field) -> tuple[Any, ...]:
    return (side.c.tenant_id == unit.tenant_id, side.c.entity == entity.name,
            side.c.field == field.path)  # fmt: skip


def _duplicates(unit: Unit, entity: EntityView, field: Field) -> list[Duplicate]:
    column = side.c[side_column(field)]
    doubled = unit.connection.execute(
        select(column, func.count())
        .where(*_own(unit, entity, field), side.c.is_active.is_(True), column.is_not(None))
        .group_by(column)
        .having(func.count() > 1)
        .order_by(column)
        .limit(10)
    ).all()
    table = entity.table
    found = []
    for value, count in doubled:
        labels = unit.connection.execute(
            select(table.c[entity.info.label], table.c.custom)
            .join(side, (side.c.tenant_id == table.c.tenant_id) & (side.c.record_id == table.c.id))
            .where(
                table.c.tenant_id == unit.tenant_id, *_own(unit, entity, field), column == value,
                side.c.is_active.is_(True),
            )
            .order_by(table.c.id)
            .limit(3)
        ).all()  # fmt: skip
        found.append(
            Duplicate(
                value=str((labels[0][1] or {}).get(field.name, value)), count=count,
                records=tuple(str(label) for label, _custom in labels),
            )
        )  # fmt: skip
    return found


def index_search(unit: Unit, entity: EntityView, *, progress: Progress | None = None) -> None:
    """Make the searched text of all records anew, those in the bin too."""
    table = entity.table
    statement = (
        update(table)
        .where(table.c.tenant_id == unit.tenant_id, table.c.id == bindparam("the_id", type_=Id))
        .values(search_text=bindparam("new_text"))
    )
    for rows in _batches(unit, entity):
        records = writing.read_before(unit, entity, [row[0] for row in rows])
        changes = [
            Change(entity=entity, action="update", id=record_id, version=record["version"],
                   before=record)
            for record_id, record in records.items()
        ]  # fmt: skip
        texts = {change.id: storing.searched_text(entity, change) for change in changes}
        unit.connection.execute(
            statement, [{"the_id": id, "new_text": text} for id, text in texts.items()]
        )
        if unit.connection.dialect.name == "sqlite":
            storing._index_sqlite(unit.connection, unit.tenant_id, entity, texts)
        if progress is not None:
            progress(len(rows))


def _batches(unit: Unit, entity: EntityView) -> Iterator[list[Any]]:
    """Walk all records of the tenant by key."""
    table = entity.table
    after: UUID | None = None
    while True:
        statement = select(table.c.id, table.c.custom, table.c.archived_at).where(
            table.c.tenant_id == unit.tenant_id
        )
        if after is not None:
            statement = statement.where(table.c.id > after)
        rows = list(unit.connection.execute(statement.order_by(table.c.id).limit(_BATCH)))
        if rows:
            yield rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].id
