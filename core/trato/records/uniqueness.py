"""Unique values and duplicates: what another record, or another row of the same save, holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, tuple_

from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.changes import Change
from trato.records.convert import shadow_value, side_column, side_value, spelled
from trato.records.search import among
from trato.tenancy.tables import value as side
from trato.text import _

_BATCH = 400


def check(
    connection: Connection, tenant_id: int, entity: EntityView, changes: Sequence[Change]
) -> None:
    """Refuse each change that would hold a unique value of another living record.

    The unique indexes stand behind it, for two who save at once.
    """
    groups: list[tuple[str, ...]] = [(f.path,) for f in entity.fields.values() if f.unique]
    groups += [tuple(group) for group in entity.info.unique]
    for group in groups:
        fields = [entity.fields[path] for path in group]
        wanted: dict[tuple[Any, ...], list[Change]] = defaultdict(list)
        for change in changes:
            if change.action in ("create", "restore") or change.touches(*group):
                key = tuple(comparable(f, change[f.path]) for f in fields)
                if None not in key:
                    wanted[key].append(change)
        if not wanted:
            continue
        forms = {
            key: _forms(fields, [change[fields[0].path] for change in sharing], key)
            for key, sharing in wanted.items()
        }
        taken = _taken(connection, tenant_id, entity, fields, forms)
        saved = {change.id for change in changes}
        for key, sharing in wanted.items():
            others = [r for r in taken.get(key, ()) if r not in saved]
            refused = sharing if others else sharing[1:]
            for change in refused:
                change.refuse(
                    group[-1],
                    _("'{value}' is taken by another record."),
                    value=" · ".join(str(change[path]) for path in group),
                )


def comparable(field: Field, value: Any) -> Any:
    """Give the form in which two values of a field are the same."""
    if value is None:
        return None
    if field.source == "custom":
        text, number = side_value(field, value)
        return text if text is not None else number
    if field.spellings:
        return next(iter(spelled(field, value)), None)
    return shadow_value(field, value) if field.fold else value


def _taken(
    connection: Connection, tenant_id: int, entity: EntityView, fields: Sequence[Field],
    forms: Mapping[tuple[Any, ...], Collection[Any]],
) -> dict[tuple[Any, ...], list[UUID]]:  # fmt: skip
    """Find the living records by what is comparable.

    :param forms: by key the ways in which it may be stored; see ``_forms``.
    """
    found: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    keys = list(forms)
    for start in range(0, len(keys), _BATCH):
        some = keys[start : start + _BATCH]
        first = fields[0]
        if first.source == "custom":
            column = side.c[side_column(first)]
            statement = select(side.c.record_id, column).where(
                side.c.tenant_id == tenant_id, side.c.entity == entity.name,
                side.c.field == first.path, side.c.is_active.is_(True),
            )  # fmt: skip
            statement = statement.where(among(connection, column, [key[0] for key in some]))
        else:
            table = entity.table
            if first.source == "extension":
                table = entity.extensions[first.plugin].__table__
            columns = [table.c[f"{f.name}_key" if f.fold else f.name] for f in fields]
            statement = select(table.c.id, *columns).where(table.c.tenant_id == tenant_id)
            if table is entity.table:
                statement = statement.where(table.c.archived_at.is_(None))
            if len(columns) == 1:
                written = {form for key in some for form in forms[key]}
                statement = statement.where(among(connection, columns[0], written))
            else:
                statement = statement.where(tuple_(*columns).in_(some))
        for row in connection.execute(statement):
            # What is stored may be written in another way than what is sought.
            stored = (
                comparable(f, v) if f.spellings else v for f, v in zip(fields, row[1:], strict=True)
            )
            found[tuple(stored)].append(row[0])
    return found


def _forms(
    fields: Sequence[Field], values: Collection[Any], key: tuple[Any, ...]
) -> Collection[Any]:
    """Give the ways in which values of one key may be stored: a number with leading zeros too."""
    if len(fields) != 1 or not fields[0].spellings:
        return (key[0],)
    return {form for value in values for form in spelled(fields[0], value)}


def holding(
    connection: Connection, tenant_id: int, entity: EntityView, field: Field,
    values: Sequence[Any],
) -> dict[Any, list[UUID]]:  # fmt: skip
    """Find the living records that hold given values of a field; keys are as ``comparable``."""
    same: dict[Any, list[Any]] = defaultdict(list)
    for value in values:
        if (key := comparable(field, value)) is not None:
            same[key].append(value)
    forms = {(key,): _forms([field], written, (key,)) for key, written in same.items()}
    return {
        key[0]: ids for key, ids in _taken(connection, tenant_id, entity, [field], forms).items()
    }
