"""Whether an archive fits an installation: plugins, their tables' versions, and room for it."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select

from trato.access.tables import user
from trato.db.engine import transaction
from trato.db.migrate import core_folder, current, has_revision
from trato.entities.base import metadata
from trato.errors import ConfigError, Message
from trato.host import Host
from trato.lifecycle.backup_format import Manifest
from trato.tenancy.tables import tenant
from trato.text import _


def check_fit(host: Host, manifest: Manifest) -> None:
    """Refuse an archive whose rows this installation has no tables for.

    :raises ConfigError: for a plugin that is missing, or is here in another version.
    """
    needed = {part.plugin for part in manifest.parts if part.plugin is not None}
    folders = {"core": core_folder(), **host.registry.folders}
    missing = sorted(name for name in needed if name not in folders)
    if missing:
        raise ConfigError(
            _("The archive holds data of plugins that are not installed here: {plugins}."),
            hint=_("Install them, run 'trato migrate', and restore again."),
            plugins=", ".join(_named(manifest, name) for name in missing), code="missing_plugin",
        )  # fmt: skip
    with transaction(host.engine, read=True) as connection:
        here = {name: current(connection, name) for name in sorted(needed)}
        tables = set(inspect(connection).get_table_names())
    for name, revision in here.items():
        there = manifest.plugins[name].revision if name in manifest.plugins else None
        if revision == there:
            continue
        newer = there is not None and not has_revision(folders[name], there)
        raise ConfigError(
            _("The archive has the tables of '{plugin}' at {there}; here they are at {here}."),
            hint=_("Update '{plugin}' here, run 'trato migrate', and restore again.")
            if newer
            else _("Restore it with the versions that wrote it ({versions}), then update and run "
                   "'trato migrate'. If the archive is the newer one, run 'trato migrate' here."),
            plugin=name, there=there or "-", here=revision or "-", code="other_schema",
            versions=", ".join([manifest.written_by, *(_named(manifest, n) for n in here
                                                       if n != "core")]),
        )  # fmt: skip
    unknown = {part.table for part in manifest.parts if part.table} - tables & set(metadata.tables)
    if unknown:
        raise ConfigError(
            _("The archive holds tables that do not exist here: {tables}."),
            hint=_("Install the plugins that own them, run 'trato migrate', and restore again."),
            tables=", ".join(sorted(map(str, unknown))), code="missing_plugin",
        )  # fmt: skip


def _named(manifest: Manifest, plugin: str) -> str:
    known = manifest.plugins.get(plugin)
    return plugin if known is None else f"{plugin} {known.version}"


def check_empty(connection: Connection) -> None:
    """Refuse to restore an installation over another one.

    :raises ConfigError: when there is a tenant or a person.
    """
    slugs = list(connection.execute(select(tenant.c.slug).order_by(tenant.c.slug)).scalars())
    if slugs or connection.execute(select(user.c.id).limit(1)).first() is not None:
        raise ConfigError(
            _("This installation is not empty: it has {tenants}."),
            hint=_("Nothing was changed. Restore into an empty database: name another one in "
                   "TRATO_DATABASE_URL, on PostgreSQL after 'trato migrate'."),
            tenants=", ".join(slugs) or Message(_("accounts")), code="not_empty",
        )  # fmt: skip
