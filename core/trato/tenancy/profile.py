"""The tenant's own row: its profile, the plugins it has on, and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, and_, delete, select, true, update

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


def forget_plugin(connection: Connection, plugin: str, *, tenant_id: int | None = None) -> None:
    """Remove what tenants chose for a plugin: switches, settings, own fields of its entities.

    :param tenant_id: the one tenant; none: all of them.
    """
    field = t.custom_field.c
    for table, chosen in (
        (t.plugin_state, t.plugin_state.c.plugin == plugin),
        (t.setting, t.setting.c.plugin == plugin),
        (t.custom_field, and_(field.entity >= f"{plugin}.", field.entity < f"{plugin}/")),
    ):
        ours = true() if tenant_id is None else table.c.tenant_id == tenant_id
        connection.execute(delete(table).where(chosen, ours))
    if tenant_id is None:
        store.touch_all(connection)
    else:
        store.touch(connection, tenant_id)
