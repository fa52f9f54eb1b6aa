"""Storing of checked changes: the entity's row, its extension rows, typed rows and search text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    CursorResult,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import text as sql

from trato.access.actor import Actor
from trato.db.types import Id
from trato.entities.fields import LIST_KINDS, Field
from trato.entities.fold import fold_code, search_text
from trato.entities.view import EntityView
from trato.records.changes import Change
from trato.records.convert import searched, shadow_value, side_value, to_json
from trato.records.tables import draft, mark, note, notice
from trato.tenancy.tables import search_row
from trato.tenancy.tables import value as side

_BATCH = 500
#: Below it a statement of its own for the columns that are filled would cost more than it saves.
_FEW = 100


def native_values(entity: EntityView, change: Change, paths: Sequence[str]) -> dict[str, Any]:
    """Give the entity's own columns for some paths, shadow columns with them."""
    values: dict[str, Any] = {}
    for path in paths:
        field = entity.fields[path]
        if field.source != "native":
            continue
        value = values[path] = change[path]
        if field.fold:
            values[f"{path}_key"] = None if value is None else shadow_value(field, value)
    return values


def custom_values(entity: EntityView, change: Change) -> dict[str, Any] | None:
    """Give the JSON of a tenant's own fields; kept values of retired fields stay."""
    data = dict(change.before.get("custom") or {})
    for path, field in entity.custom.items():
        value = to_json(field, change[path])
        if value is None:
            data.pop(field.name, None)
        else:
            data[field.name] = value
    return data or None


def searched_text(entity: EntityView, change: Change) -> str | None:
    """Make the searched text of a record as it will be."""
    found: list[str | None] = []
    for field in entity.searchable:
        text = searched(field, change[field.path])
        if text is not None and field.follows and change[field.follows] is not None:
            text = f"{change[field.follows]}{text}"
        found.append(text)
        if text is not None and field.fold == "code" and not text.isalnum():
            # As its filter compares it: "AB-1 23" is found by ab123 too.
            found.append(fold_code(text))
    return search_text(found)


def insert_records(
    connection: Connection, actor: Actor, entity: EntityView, changes: Sequence[Change],
    *, now: dt.datetime,
) -> None:  # fmt: skip
    """Write new records and all that hangs on them."""
    native = [path for path, field in entity.fields.items() if field.source == "native"
              and not field.readonly]  # fmt: skip
    rows = []
    for change in changes:
        row = native_values(entity, change, native)
        row |= {
            "tenant_id": actor.tenant_id, "id": change.id, "version": change.version,
            "created_at": now, "created_by": actor.member_id,
            "updated_at": now, "updated_by": actor.member_id,
            "archived_at": None, "archived_by": None,
            "custom": custom_values(entity, change),
            "search_text": searched_text(entity, change),
        }  # fmt: skip
        rows.append(row)
    connection.execute(insert(entity.table), _without_empty(entity.table, rows))
    _insert_extensions(connection, actor.tenant_id, entity, changes)
    _insert_side_rows(connection, actor.tenant_id, entity, changes, entity.in_rows)
    if connection.dialect.name == "sqlite" and entity.searchable:
        texts = {row["id"]: row["search_text"] for row in rows}
        _index_sqlite(connection, actor.tenant_id, entity, texts, are_new=True)


def _without_empty(table: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the columns that no row fills, of many rows: a file fills few, and each costs."""
    if len(rows) < _FEW:
        return rows
    kept = [
        name for name in rows[0]
        if (column := table.c[name]).default is not None or column.server_default is not None
        or any(row[name] is not None for row in rows)
    ]  # fmt: skip
    return [{name: row[name] for name in kept} for row in rows]


def _insert_extensions(
    connection: Connection, tenant_id: int, entity: EntityView, changes: Sequence[Change]
) -> None:
    for plugin, extension in entity.extensions.items():
        fields = [f for f in entity.fields.values() if f.source == "extension"
                  and f.plugin == plugin]  # fmt: skip
        rows = [
            _extension_row(tenant_id, change, fields)
            for change in changes
            if any(change[field.path] is not None for field in fields)
        ]
        if rows:
            table = extension.__table__
            connection.execute(insert(table), _without_empty(table, rows))


def _extension_row(tenant_id: int, change: Change, fields: Sequence[Field]) -> dict[str, Any]:
    row: dict[str, Any] = {"tenant_id": tenant_id, "id": change.id}
    for field in fields:
        row[field.name] = change[field.path]
        if field.fold:
            row[f"{field.name}_key"] = shadow_value(field, change[field.path])
    return row


def _insert_side_rows(
    connection: Connection, tenant_id: int, entity: EntityView, changes: Sequence[Change],
    fields: Sequence[Field],
) -> None:  # fmt: skip
    rows = []
    for change in changes:
        for field in fields:
            value = change[field.path]
            if value is None:
                continue
            items = value if field.kind in LIST_KINDS else [value]
            for position, item in enumerate(items):
                text, number = side_value(field, item)
                unique = None
                if field.unique:
                    unique = text if text is not None else str(number)
                rows.append(
                    {
                        "tenant_id": tenant_id, "entity": entity.name, "field": field.path,
                        "record_id": change.id, "position": position, "text": text,
                        "number": number, "is_active": change.action != "archive",
                        "unique_text": unique,
                    }
                )  # fmt: skip
    if rows:
        connection.execute(insert(side), rows)


def update_records(
    connection: Connection, actor: Actor, entity: EntityView, changes: Sequence[Change],
    *, now: dt.datetime,
) -> list[tuple[CursorResult[Any], int]]:  # fmt: skip
    """Write changed records, each only if its version is still the one that was read.

    :return: statements, and how many rows each must have reached; fewer mean that somebody else
        saved one of them, and the caller's transaction is then rolled back.
    """
    if not changes:
        return []
    updated: list[tuple[CursorResult[Any], int]] = []
    table = entity.table
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        groups.setdefault(tuple(sorted(change.changed)), []).append(change)
    for paths, members in groups.items():
        rows = []
        for change in members:
            row = native_values(entity, change, paths)
            row |= {"updated_at": now, "updated_by": actor.member_id, "version": change.version}
            if any(path in entity.custom for path in paths):
                row["custom"] = custom_values(entity, change)
            if any(entity.fields[path].searchable for path in paths):
                row["search_text"] = searched_text(entity, change)
            if change.action in ("archive", "restore"):
                gone = change.action == "archive"
                row["archived_at"] = now if gone else None
                row["archived_by"] = actor.member_id if gone else None
            rows.append((change, row))
        names = list(rows[0][1])
        statement = (
            update(table)
            .where(
                table.c.tenant_id == actor.tenant_id,
                table.c.id == bindparam("the_id", type_=Id),
                table.c.version == bindparam("the_version"),
            )
            .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
        )
        bound = [
            {"the_id": change.id, "the_version": change.version - 1}
            | {f"new_{name}": value for name, value in row.items()}
            for change, row in rows
        ]
        updated.append((connection.execute(statement, bound), len(bound)))
    _update_extensions(connection, actor.tenant_id, entity, changes)
    _update_side_rows(connection, actor.tenant_id, entity, changes)
    if connection.dialect.name == "sqlite" and entity.searchable:
        touched = [c for c in changes if any(entity.fields[p].searchable for p in c.changed)]
        if touched:
            texts = {change.id: searched_text(entity, change) for change in touched}
            _index_sqlite(connection, actor.tenant_id, entity, texts)
    return updated


def _update_extensions(
    connection: Connection, tenant_id: int, entity: EntityView, changes: Sequence[Change]
) -> None:
    for plugin, extension in entity.extensions.items():
        fields = [f for f in entity.fields.values() if f.source == "extension"
                  and f.plugin == plugin]  # fmt: skip
        paths = {field.path for field in fields}
        touched = [change for change in changes if not paths.isdisjoint(change.changed)]
        if not touched:
            continue
        table = extension.__table__
        # A row may be missing: the plugin was enabled after the record was made.
        connection.execute(
            delete(table).where(
                table.c.tenant_id == tenant_id, table.c.id == bindparam("the_id", type_=Id)
            ),
            [{"the_id": change.id} for change in touched],
        )
        rows = [
            _extension_row(tenant_id, change, fields)
            for change in touched
            if any(change[field.path] is not None for field in fields)
        ]
        if rows:
            connection.execute(insert(table), rows)


def _update_side_rows(
    connection: Connection, tenant_id: int, entity: EntityView, changes: Sequence[Change]
) -> None:
    moved = [change for change in changes if change.action in ("archive", "restore")]
    if moved:
        connection.execute(
            update(side)
            .where(side.c.tenant_id == tenant_id, side.c.record_id == bindparam("the_id", type_=Id))
            .values(is_active=bindparam("alive")),
            [{"the_id": c.id, "alive": c.action == "restore"} for c in moved],
        )
    for field in entity.in_rows:
        touched = [change for change in changes if field.path in change.changed]
        if not touched:
            continue
        connection.execute(
            delete(side).where(
                side.c.tenant_id == tenant_id, side.c.entity == entity.name,
                side.c.field == field.path, side.c.record_id == bindparam("the_id", type_=Id),
            ),
            [{"the_id": change.id} for change in touched],
        )  # fmt: skip
        _insert_side_rows(connection, tenant_id, entity, touched, [field])


_FTS_DELETE = sql("DELETE FROM core_search_text WHERE rowid = :rowid")
_FTS_INSERT = sql("INSERT INTO core_search_text(rowid, searched) VALUES (:rowid, :searched)")


def _index_sqlite(
    connection: Connection, tenant_id: int, entity: EntityView,
    texts: Mapping[UUID, str | None], *, are_new: bool = False,
) -> None:  # fmt: skip
    """Put searched texts into SQLite's full-text table, by rowid: by key it would scan."""
    known = {} if are_new else _rowids(connection, tenant_id, list(texts))
    if known:
        connection.execute(_FTS_DELETE, [{"rowid": rowid} for rowid in known.values()])
    new = [record_id for record_id in texts if record_id not in known]
    if new:
        # Counted here, as nobody else writes meanwhile: asking for them again takes as long.
        last = connection.execute(select(func.max(search_row.c.rowid))).scalar() or 0
        added = {record_id: last + number for number, record_id in enumerate(new, start=1)}
        connection.execute(
            insert(search_row),
            [
                {"rowid": rowid, "tenant_id": tenant_id, "entity": entity.name, "record_id": id}
                for id, rowid in added.items()
            ],
        )
        known |= added
    indexed = [
        {"rowid": known[record_id], "searched": text}
        for record_id, text in texts.items()
        if text is not None
    ]
    if indexed:
        connection.execute(_FTS_INSERT, indexed)


def _rowids(connection: Connection, tenant_id: int, ids: Sequence[UUID]) -> dict[UUID, int]:
    known: dict[UUID, int] = {}
    for start in range(0, len(ids), _BATCH):
        rows = connection.execute(
            select(search_row.c.record_id, search_row.c.rowid).where(
                search_row.c.tenant_id == tenant_id,
                search_row.c.record_id.in_(ids[start : start + _BATCH]),
            )
        )
        known |= {row[0]: row[1] for row in rows}
    return known


def delete_records(
    connection: Connection, tenant_id: int, entity: EntityView, ids: Sequence[UUID]
) -> None:
    """Remove records for good, with typed rows, search text and what members kept of them."""
    for kept in (note, notice, mark, draft):
        connection.execute(
            delete(kept).where(kept.c.tenant_id == tenant_id, kept.c.record_id.in_(ids))
        )
    connection.execute(delete(side).where(side.c.tenant_id == tenant_id, side.c.record_id.in_(ids)))
    if connection.dialect.name == "sqlite":
        found = select(search_row.c.rowid).where(
            search_row.c.tenant_id == tenant_id, search_row.c.record_id.in_(ids)
        )
        rowids = [{"rowid": r} for r in connection.execute(found).scalars()]
        if rowids:
            connection.execute(_FTS_DELETE, rowids)
        connection.execute(
            delete(search_row).where(
                search_row.c.tenant_id == tenant_id, search_row.c.record_id.in_(ids)
            )
        )
    table = entity.table
    connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids)))
