"""Purging a plugin: its data of one tenant, or its tables altogether."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, inspect, select

from trato.access.actor import Actor
from trato.administration import record_act
from trato.administration import tenant as find_tenant
from trato.db import tenant_rows
from trato.db.engine import transaction
from trato.db.migrate import current, downgrade, migration
from trato.entities.base import metadata
from trato.errors import PluginError
from trato.host import Host
from trato.lifecycle import archive as archives
from trato.records import dump
from trato.records.outbox import forget_connectors
from trato.tenancy import profile, store
from trato.tenancy.view import Tenant, TenantView
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What a purge came to."""

    archive: Path
    records: int


def check_purge(host: Host, plugin: str, slug: str | None, *, engine: Engine | None = None) -> None:
    """Find out whether a purge is possible, before anybody is asked.

    :param slug: the tenant; none: everywhere, as the owner's engine sees it.
    :raises PluginError: with what stands in the way.
    """
    _check_known(host, plugin)
    if slug is not None:
        owner = find_tenant(host, slug)
        with transaction(host.engine, tenant_id=owner.id, read=True) as connection:
            _check_tenant(host, connection, owner, plugin)
    else:
        with transaction(engine or host.engine, read=True) as connection:
            _check_everywhere(connection, plugin)


def purge_for_tenant(
    host: Host, slug: str, plugin: str, *, folder: Path, write_table: archives.WriteTable
) -> Purged:
    """Archive a plugin's data of one tenant and remove it; every record leaves a tombstone.

    :raises PluginError: while the tenant has the plugin on, or other plugins refer to its data.
    """
    actor = host.system(find_tenant(host, slug).id, via="command", label="plugin purge")
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        return purge_within(host, connection, actor, plugin, folder=folder, write_table=write_table)


def purge_within(
    host: Host, connection: Connection, actor: Actor, plugin: str, *, folder: Path,
    write_table: archives.WriteTable,
) -> Purged:  # fmt: skip
    """Archive and remove a plugin's data of the actor's tenant, inside a transaction of it.

    The application's own role may do all of it. An archive whose transaction fails stays.

    :raises PluginError: while the tenant has the plugin on, or other plugins refer to its data.
    """
    owner = actor.view.tenant
    _check_known(host, plugin)
    _check_tenant(host, connection, owner, plugin)
    path = archives.free_path(folder, host, f"{owner.slug}-{plugin}")
    with archives.Archive(path, write_table, at=host.clock()) as archive:
        archive.manifest |= archives.about(host, connection)
        archive.manifest |= {"plugin": plugin} | _archive(archive, host, connection, owner, plugin)
    count = _remove(host, connection, actor, plugin)
    profile.forget_plugin(connection, plugin, tenant_id=owner.id)
    record_act(
        host, connection, actor, entity="core.plugin", name=plugin, action="purge",
        changes={"records": [count, 0]},
    )  # fmt: skip
    return Purged(archive=path, records=count)


def contents(host: Host, connection: Connection, tenant_id: int, plugin: str) -> dict[str, int]:
    """Count what a purge of a plugin would remove of a tenant, the recycle bin included.

    :return: rows by table, those of its entities first; tables without rows are left out.
    """
    own = {
        entity.__table__.name for entity in host.registry.entities.values()
        if entity.__entity__.plugin == plugin
    }  # fmt: skip
    existing = set(inspect(connection).get_table_names())
    found = {}
    for table in tenant_rows.tables_of_plugin(metadata, plugin):
        if table.name in existing:
            counted = select(func.count()).select_from(table)
            rows = connection.execute(counted.where(table.c.tenant_id == tenant_id)).scalar_one()
            if rows:
                found[table.name] = int(rows)
    return dict(sorted(found.items(), key=lambda item: item[0] not in own))


def purge_everywhere(
    host: Host, plugin: str, *, engine: Engine, folder: Path, write_table: archives.WriteTable
) -> Purged:
    """Archive a plugin's data of all tenants and remove its tables.

    :param engine: as the owner of the tables.
    :raises PluginError: while a tenant has it on, or another plugin's tables refer to its.
    """
    _check_known(host, plugin)
    with migration(engine) as connection:
        _check_everywhere(connection, plugin)
        path = archives.free_path(folder, host, f"plugin-{plugin}")
        count = 0
        with archives.Archive(path, write_table, at=host.clock()) as archive:
            archive.manifest |= archives.about(host, connection) | {"plugin": plugin}
            archive.manifest["tenants"] = parts = {}
            for owner in store.list_tenants(connection):
                parts[owner.slug] = _archive(
                    archive, host, connection, owner, plugin, folder=f"{owner.slug}/"
                )
        for owner in store.list_tenants(connection):
            view = host.build_view(connection, owner.id)
            actor = Actor(view=view, via="command", label="plugin purge")
            count += _remove(host, connection, actor, plugin)
        profile.forget_plugin(connection, plugin)
        downgrade(connection, plugin, host.registry.folders[plugin], "base")
    return Purged(archive=path, records=count)


def _check_tenant(host: Host, connection: Connection, owner: Tenant, plugin: str) -> TenantView:
    view = host.build_view(connection, owner.id)
    if view.plugins[plugin].is_on:
        raise PluginError(
            _("Plugin '{plugin}' is on for tenant '{tenant}'; its data was not purged."),
            hint=_("Disable it first: trato plugin disable {tenant} {plugin}"),
            plugin=plugin, tenant=owner.slug, code="enabled",
        )  # fmt: skip
    others = tenant_rows.referring_plugins(connection, metadata, plugin, tenant_id=owner.id)
    if others:
        raise PluginError(
            _("Data of {others} refers to plugin '{plugin}' in tenant '{tenant}'."),
            hint=_("Purge {others} for the tenant first."), others=", ".join(others),
            plugin=plugin, tenant=owner.slug, code="referred",
        )  # fmt: skip
    return view


def _check_everywhere(connection: Connection, plugin: str) -> None:
    slugs = profile.tenants_with(connection, plugin)
    if slugs:
        raise PluginError(
            _("Plugin '{plugin}' is on for {tenants}; it was not purged."),
            hint=_("Disable it there first: {commands}"),
            plugin=plugin, tenants=", ".join(slugs), code="enabled",
            commands="; ".join(f"trato plugin disable {slug} {plugin}" for slug in slugs),
        )  # fmt: skip
    if current(connection, plugin) is None:
        raise PluginError(_("Plugin '{plugin}' has no tables."), plugin=plugin, code="no_tables")
    others = tenant_rows.referring_plugins(connection, metadata, plugin)
    if others:
        raise PluginError(
            _("Tables of {others} refer to plugin '{plugin}'."),
            hint=_("Purge {others} first."), others=", ".join(others), plugin=plugin,
            code="referred",
        )  # fmt: skip


def _check_known(host: Host, plugin: str) -> None:
    if plugin not in host.plugins:
        raise PluginError(
            _("There is no plugin '{plugin}' that works."),
            hint=_("A plugin must be installed for its data to be purged."), plugin=plugin,
            code="no_plugin",
        )  # fmt: skip


def _archive(
    archive: archives.Archive, host: Host, connection: Connection, owner: Tenant, plugin: str, *,
    folder: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Add a tenant's part of the plugin: its entities, and its fields of others' records."""
    entities = archives.add_entities(
        archive, host, connection, owner, plugin=plugin, folder=f"{folder}entities/"
    )
    tables = {}
    told = {host.registry.entities[name].__table__.name for name in entities}
    for table in tenant_rows.tables_of_plugin(metadata, plugin):
        if table.name not in told:
            file = f"{folder}tables/{table.name}.jsonl"
            rows = tenant_rows.rows_of_tenant(connection, table, owner.id)
            tables[table.name] = {"file": file, "rows": archive.add_lines(file, rows)}
    return {"tenant": asdict(owner), "entities": entities, "tables": tables}


def _remove(host: Host, connection: Connection, actor: Actor, plugin: str) -> int:
    """Remove a tenant's part of the plugin; gives its records, with those that extend others'."""
    count = 0
    for extensions in host.registry.extensions.values():
        if plugin in extensions:
            table = extensions[plugin].__table__
            counted = select(func.count()).select_from(table)
            counted = counted.where(table.c.tenant_id == actor.tenant_id)
            count += int(connection.execute(counted).scalar_one())
    for entity in host.registry.entities.values():
        if entity.__entity__.plugin == plugin:
            whole = archives.whole_entity(host, connection, actor.tenant_id, entity)
            count += dump.mark_purged(
                connection, actor, whole, at=host.clock(), key=host.audit_keys[0]
            )
    tenant_rows.remove_of_plugin(connection, metadata, plugin, actor.tenant_id)
    forget_connectors(connection, actor.tenant_id, plugin)
    return count
