"""The tenant's own row: its profile, the plugins it has on, and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from trato.tenancy import store
from trato.tenancy import tables as t


def save_profile(connection: Connection, tenant_id: int, values: Mapping[str, str]) -> None:
    """Change name, locale, timezone or currency of a tenant."""
    connection.execute(update(t.tenant).where(t.tenant.c.id == tenant_id).values(**values))
    store.touch(connection, tenant_id)


def set_closed(connection: Connection, tenant_id: int, *, at: dt.datetime | None, by: str) -> bool:
    """Close a tenant, or open it with no moment.

    :return: False when it was so already.
    """
    closed = t.tenant.c.closed_at.is_not(None)
    changed = connection.execute(
        update(t.tenant)
        .where(t.tenant.c.id == tenant_id, closed if at is None else ~closed)
        .values(closed_at=at, closed_by=None if at is None else by)
    )
    if changed.rowcount:
        store.touch(connection, tenant_id)
    return bool(changed.rowcount)


def delete_tenant_row(connection: Connection, tenant_id: int) -> None:
    """Remove a tenant itself, after all that belongs to it."""
    connection.execute(delete(t.tenant).where(t.tenant.c.id == tenant_id))


def tenants_with(connection: Connection, plugin: str) -> list[str]:
    """Name the tenants that have a plugin switched on; as the owner, who sees all of them."""
    return list(
        connection.execute(
            select(t.tenant.c.slug)
            .join(t.plugin_state, t.plugin_state.c.tenant_id == t.tenant.c.id)
            .where(t.plugin_state.c.plugin == plugin, t.plugin_state.c.is_on.is_(True))
            .order_by(t.tenant.c.slug)
        ).scalars()
    )


def forget_plugin(connection: Connection, plugin: str) -> None:
    """Remove what tenants chose for a plugin: switches, settings, own fields of its entities."""
    for table in (t.plugin_state, t.setting):
        connection.execute(delete(table).where(table.c.plugin == plugin))
    connection.execute(
        delete(t.custom_field).where(
            t.custom_field.c.entity >= f"{plugin}.", t.custom_field.c.entity < f"{plugin}/"
        )
    )
    store.touch_all(connection)
