"""Deleting a tenant: everything is archived, then everything is removed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from trato.access.removal import delete_orphans, users_of
from trato.configuration import document
from trato.configuration.state import read_state, to_document
from trato.db import tenant_rows
from trato.db.engine import transaction
from trato.entities.base import metadata
from trato.host import Host
from trato.lifecycle import archive as archives
from trato.lifecycle import storage
from trato.lifecycle.backup import write_backup
from trato.tenancy import store
from trato.tenancy.profile import delete_tenant_row
from trato.tenancy.view import Tenant


@dataclass(frozen=True, kw_only=True)
class DeletedTenant:
    """What deleting a tenant came to."""

    archive: Path
    records: int
    rows: int
    #: Accounts that belonged to no other tenant.
    users: int


def delete_tenant(host: Host, slug: str, *, engine: Engine, folder: Path) -> DeletedTenant:
    """Back a tenant up into a zip file, then remove all that belongs to it, its files too.

    :param engine: as the owner of the tables; the application may not delete the audit.
    :param folder: where the archive goes, from which ``trato restore`` brings the tenant back.
    :raises TenantError: when there is no such tenant.
    :raises DatabaseUnavailable: when somebody writes meanwhile; it is there as before.
    """
    if engine.dialect.name == "postgresql":
        # What was archived is what is deleted; who writes meanwhile makes it fail as a whole.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    path = archives.free_path(folder, host, slug)
    is_removed = False
    try:
        with transaction(engine) as connection:
            tenant = store.find_tenant(connection, slug)
            users = users_of(connection, tenant.id)
            archived = write_backup(host, connection, path, only=tenant)
            tables = tenant_rows.tables_of_tenants(connection, metadata)
            rows = tenant_rows.remove_tenant(connection, tables, tenant.id)
            orphans = delete_orphans(connection, [user.id for user in users])
            delete_tenant_row(connection, tenant.id)
            is_removed = True
    except BaseException:
        # What breaks at the very end may have deleted it; before, the archive is of no use.
        if not is_removed:
            path.unlink(missing_ok=True)
        raise
    for _path, file in storage.files_in(host.settings.storage_folder, tenant_id=tenant.id):
        file.unlink(missing_ok=True)
    return DeletedTenant(archive=path, records=archived.records, rows=rows, users=orphans)


def add_tenant(
    archive: archives.Archive, host: Host, connection: Connection, tenant: Tenant
) -> int:
    """Add all that a tenant has, without secrets, to an archive.

    :return: how many records it holds.
    """
    state = read_state(connection, tenant.id)
    archive.add_text("configuration.yaml", document.write(to_document(state, host.registry)))
    archive.add_lines(
        "users.jsonl",
        ({"id": u.id, "email": u.email, "name": u.name} for u in users_of(connection, tenant.id)),
    )
    entities = archives.add_entities(archive, host, connection, tenant, folder="entities/")
    archive.manifest |= archives.about(host, connection)
    archive.manifest |= {
        "tenant": asdict(tenant), "entities": entities,
        "tables": archives.add_other_tables(archive, host, connection, tenant),
    }  # fmt: skip
    return sum(entity["records"] for entity in entities.values())
