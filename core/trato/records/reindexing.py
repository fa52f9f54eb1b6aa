"""SQLite's full-text table, filled from the entities' own columns that hold the texts."""

from __future__ import annotations

from sqlalchemy import Connection, Table, column, insert, literal, select
from sqlalchemy import table as named

from trato.tenancy.tables import search_row

_FULL_TEXT = named("core_search_text", column("rowid"), column("searched"))


def index_tenant(connection: Connection, table: Table, tenant_id: int) -> None:
    """Index the records that a tenant has in an entity's table, none of which is indexed yet."""
    entity = literal(table.info["entity"])
    connection.execute(
        insert(search_row).from_select(
            ["tenant_id", "entity", "record_id"],
            select(table.c.tenant_id, entity, table.c.id).where(table.c.tenant_id == tenant_id),
        )
    )
    indexed = (search_row.c.tenant_id == table.c.tenant_id) & (search_row.c.record_id == table.c.id)
    connection.execute(
        insert(_FULL_TEXT).from_select(
            ["rowid", "searched"],
            select(search_row.c.rowid, table.c.search_text)
            .join_from(search_row, table, indexed)
            .where(
                search_row.c.tenant_id == tenant_id, search_row.c.entity == entity,
                table.c.search_text.is_not(None),
            ),
        )
    )  # fmt: skip
