"""Derived rows of existing records, made again when a tenant's own field is declared otherwise.

Nothing of a record itself changes, so neither its version nor its history does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
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
#: Opens the unit of a batch: always the caller's own, or a new one with its own transaction.
Units = Callable[[], AbstractContextManager[Unit]]


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A value that several living records hold."""

    value: str
    count: int
    #: Labels of some of the records.
    records: tuple[str, ...]


def refill(
    units: Units, entity: str, paths: Collection[str], *, texts: bool,
    progress: Progress | None = None,
) -> int:  # fmt: skip
    """Make typed rows, and searched texts, of all records of an entity as they are declared.

    Each batch reads the declarations anew, so doing it twice, or after another change, is right.

    :param paths: own fields whose typed rows are made; of one that needs none they are removed.
    :param texts: make the searched texts too, those of records in the bin with them.
    :return: how many records there are.
    """
    with units() as unit:
        view = unit.view.entity(entity)
        for path in paths:
            if path in view.fields and view.fields[path] not in view.in_rows:
                _forget(unit, view, path)
    done = 0
    after: UUID | None = None
    while True:
        with units() as unit:
            view = unit.view.entity(entity)
            fields = [field for field in view.in_rows if field.path in paths]
            rows = _next(unit, view, after) if fields or texts else []
            if rows:
                _make_rows(unit, view, fields, rows)
            if rows and texts:
                _make_texts(unit, view, [row.id for row in rows])
        done += len(rows)
        if progress is not None and rows:
            progress(len(rows))
        if len(rows) < _BATCH:
            return done
        after = rows[-1].id


def make_unique(unit: Unit, entity: EntityView, field: Field) -> list[Duplicate]:
    """Let the index watch over the values of a field whose typed rows are there.

    :return: values that stand in its way, at most ten; then nothing was changed.
    """
    found = _duplicates(unit, entity, field)
    if not found:
        held: Any = side.c.text if side_column(field) == "text" else cast(side.c.number, Text)
        unit.connection.execute(
            update(side).where(*_own(unit, entity, field.path)).values(unique_text=held)
        )
    return found


def _next(unit: Unit, entity: EntityView, after: UUID | None) -> list[Any]:
    """Read the next records by key, locked: what is made of them must not be older than they."""
    table = entity.table
    statement = select(table.c.id, table.c.custom, table.c.archived_at).where(
        table.c.tenant_id == unit.tenant_id
    )
    if after is not None:
        statement = statement.where(table.c.id > after)
    statement = statement.order_by(table.c.id).limit(_BATCH).with_for_update()
    return list(unit.connection.execute(statement))


def _make_rows(
    unit: Unit, entity: EntityView, fields: Sequence[Field], records: Sequence[Any]
) -> None:
    if not fields:
        return
    unit.connection.execute(
        delete(side).where(
            side.c.tenant_id == unit.tenant_id, side.c.entity == entity.name,
            side.c.field.in_([field.path for field in fields]),
            side.c.record_id.in_([record.id for record in records]),
        )
    )  # fmt: skip
    made = []
    for field in fields:
        for record in records:
            raw = (record.custom or {}).get(field.name)
            if raw is None:
                continue
            value = from_json(field, raw)
            for position, item in enumerate(value if field.kind in LIST_KINDS else [value]):
                text, number = side_value(field, item)
                made.append(
                    {
                        "tenant_id": unit.tenant_id, "entity": entity.name, "field": field.path,
                        "record_id": record.id, "position": position, "text": text,
                        "number": number, "is_active": record.archived_at is None,
                        "unique_text": None,
                    }
                )  # fmt: skip
    if made:
        unit.connection.execute(insert(side), made)


def _forget(unit: Unit, entity: EntityView, path: str) -> None:
    unit.connection.execute(delete(side).where(*_own(unit, entity, path)))


def _own(unit: Unit, entity: EntityView, path: str) -> tuple[Any, ...]:
    return (side.c.tenant_id == unit.tenant_id, side.c.entity == entity.name, side.c.field == path)


def _duplicates(unit: Unit, entity: EntityView, field: Field) -> list[Duplicate]:
    column = side.c[side_column(field)]
    own = _own(unit, entity, field.path)
    doubled = unit.connection.execute(
        select(column, func.count())
        .where(*own, side.c.is_active.is_(True), column.is_not(None))
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
                table.c.tenant_id == unit.tenant_id, *own, column == value,
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


def _make_texts(unit: Unit, entity: EntityView, ids: Sequence[UUID]) -> None:
    table = entity.table
    records = writing.read_before(unit, entity, ids)
    changes = [
        Change(entity=entity, action="update", id=record_id, version=record["version"],
               before=record)
        for record_id, record in records.items()
    ]  # fmt: skip
    texts = {change.id: storing.searched_text(entity, change) for change in changes}
    unit.connection.execute(
        update(table)
        .where(table.c.tenant_id == unit.tenant_id, table.c.id == bindparam("the_id", type_=Id))
        .values(search_text=bindparam("new_text")),
        [{"the_id": id, "new_text": text} for id, text in texts.items()],
    )
    if unit.connection.dialect.name == "sqlite":
        storing._index_sqlite(unit.connection, unit.tenant_id, entity, texts)
