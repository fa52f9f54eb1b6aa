"""All rows of a tenant, whatever table they are in: reading them raw, and removing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, delete, inspect, select
from sqlalchemy import text as sql

#: SQLite's full-text table and what belongs to it: no columns of ours.
_FULL_TEXT = "core_search_text"
_FORGET_TENANT = sql(
    "DELETE FROM core_search_text WHERE rowid IN "
    "(SELECT rowid FROM core_search_row WHERE tenant_id = :tenant)"
)
_FORGET_PLUGIN = sql(
    "DELETE FROM core_search_text WHERE rowid IN (SELECT rowid FROM core_search_row "
    "WHERE tenant_id = :tenant AND entity >= :first AND entity < :after)"
)


def tables_of_tenants(connection: Connection, metadata: MetaData) -> list[Table]:
    """Find the tables whose rows belong to tenants, those that others refer to first.

    Tables of plugins that are no longer installed are found in the database itself; they come
    last, as nothing that is known refers to them.
    """
    return [table for table in _tables(connection, metadata) if "tenant_id" in table.c]


def shared_tables(connection: Connection, metadata: MetaData) -> list[Table]:
    """Find the tables whose rows belong to no tenant, those that others refer to first."""
    return [table for table in _tables(connection, metadata) if "tenant_id" not in table.c]


def _tables(connection: Connection, metadata: MetaData) -> list[Table]:
    existing = set(inspect(connection).get_table_names())
    columns = {
        name: {str(column["name"]) for column in there}
        for (_schema, name), there in inspect(connection).get_multi_columns().items()
    }
    known = [
        _as_it_is(table, columns[table.name])
        for table in metadata.sorted_tables
        if table.name in existing
    ]
    left = [
        name
        for name in sorted(existing - set(metadata.tables))
        if not name.startswith((_FULL_TEXT, "alembic_"))
    ]
    found = MetaData()
    if left:
        found.reflect(connection, only=left)
    return known + [table for table in found.sorted_tables if table.name in left]


def _as_it_is(table: Table, columns: set[str]) -> Table:
    """Leave out the columns that a plugin whose tables are behind declares and does not have."""
    if columns.issuperset(table.c.keys()):
        return table
    return Table(
        table.name, MetaData(),
        *(Column(c.name, c.type, primary_key=c.primary_key) for c in table.c if c.name in columns),
        info=table.info,
    )  # fmt: skip


def rows_of_tenant(
    connection: Connection, table: Table, tenant_id: int
) -> Iterator[dict[str, Any]]:
    """Read a tenant's rows of a table in the order of its key."""
    statement = select(table).where(table.c.tenant_id == tenant_id)
    statement = statement.order_by(*table.primary_key.columns).execution_options(yield_per=1_000)
    for row in connection.execute(statement):
        yield dict(row._mapping)


def remove_tenant(connection: Connection, tables: Iterable[Table], tenant_id: int) -> int:
    """Remove all rows of a tenant from tables that are in the order of ``tables_of_tenants``.

    :return: how many they were.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(_FORGET_TENANT, {"tenant": tenant_id})
    return sum(
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id)).rowcount
        for table in reversed(list(tables))
    )


def remove_of_plugin(
    connection: Connection, metadata: MetaData, plugin: str, tenant_id: int
) -> int:
    """Remove a plugin's rows of a tenant, and what core keeps about its records but the audit.

    :return: how many rows of the plugin's own tables they were.
    """
    first, after = f"{plugin}.", f"{plugin}/"  # "/" follows "." in both alphabets
    if connection.dialect.name == "sqlite":
        connection.execute(_FORGET_PLUGIN, {"tenant": tenant_id, "first": first, "after": after})
    for table in metadata.sorted_tables:
        kept = table.info.get("append_only") or table.name == "core_custom_field"
        if table.info.get("plugin") != "core" or kept or "tenant_id" not in table.c:
            continue
        for name in ("entity", "field"):
            if name in table.c:
                connection.execute(
                    delete(table).where(
                        table.c.tenant_id == tenant_id, table.c[name] >= first,
                        table.c[name] < after,
                    )
                )  # fmt: skip
    return sum(
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id)).rowcount
        for table in reversed(tables_of_plugin(metadata, plugin))
    )


def tables_of_plugin(metadata: MetaData, plugin: str) -> list[Table]:
    """Name a plugin's tables, those that others refer to first."""
    return [
        table
        for table in metadata.sorted_tables
        if table.info.get("plugin") == plugin and "tenant_id" in table.c
    ]


def referring_plugins(
    connection: Connection, metadata: MetaData, plugin: str, *, tenant_id: int | None = None
) -> list[str]:
    """Name other plugins whose rows refer to a plugin's rows.

    :param tenant_id: look at one tenant's rows; without it a table that exists is enough.
    """
    own = {table.name for table in tables_of_plugin(metadata, plugin)}
    existing = set(inspect(connection).get_table_names())
    found = set()
    for table in metadata.sorted_tables:
        owner = table.info.get("plugin")
        if owner in (plugin, None) or table.name not in existing:
            continue
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table.name not in own:
                continue
            if tenant_id is None:
                found.add(str(owner))
                continue
            set_ones = [column.is_not(None) for column in constraint.columns]
            held = select(table.c.tenant_id).where(table.c.tenant_id == tenant_id, *set_ones)
            if connection.execute(held.limit(1)).first() is not None:
                found.add(str(owner))
    return sorted(found)
