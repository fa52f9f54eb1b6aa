"""A copy of all that a tenant has, as a file that its administrator takes away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from trato.db.engine import transaction
from trato.host import Host
from trato.lifecycle import archive as archives
from trato.lifecycle.tenants import add_tenant
from trato.tenancy import store

#: Copies that are kept of a tenant; making one more removes the oldest.
KEPT = 3
#: For so long the archive of a module's removed data can be taken away.
REMOVED_KEPT = dt.timedelta(days=30)
_REPORT_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A finished copy."""

    file: str
    bytes: int
    records: int


def exports_folder(host: Host, tenant_id: int) -> Path:
    """Say where the copies of a tenant are kept."""
    return host.settings.storage_folder / "exports" / str(tenant_id)


def find_export(host: Host, tenant_id: int, result: object) -> Path | None:
    """Find the file that the result of a task names; None where there is none any more.

    An archive that was restored may have brought the result, and name any file of the machine.
    """
    folder = exports_folder(host, tenant_id).resolve()
    name = result.get("file") if isinstance(result, dict) else None
    path = (folder / str(name)).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def export_tenant(
    host: Host, tenant_id: int, *, write_table: archives.WriteTable,
    report: Callable[[int, int | None], None] = lambda done, total: None,
) -> Exported:  # fmt: skip
    """Write all records, tables and the configuration of a tenant into a zip file.

    Everything is read at one moment, and nobody waits for it.

    :param report: told how many records are written, and how many there are.
    """
    folder = exports_folder(host, tenant_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = host.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with transaction(engine, tenant_id=tenant_id, read=True) as connection:
        tenant = store.read_tenant(connection, tenant_id)
        view = host.build_view(connection, tenant_id)
        total = sum(
            connection.execute(
                select(func.count()).select_from(entity.table)
                .where(entity.table.c.tenant_id == tenant_id)
            ).scalar_one()
            for entity in view.entities.values()
        )  # fmt: skip
        path = archives.free_path(folder, host, tenant.slug)
        counted = _counting(write_table, report, total)
        with archives.Archive(path, counted, at=host.clock()) as archive:
            records = add_tenant(archive, host, connection, tenant)
    for old in sorted(folder.glob("*.zip"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return Exported(file=path.name, bytes=path.stat().st_size, records=records)


def removed_folder(host: Host, tenant_id: int) -> Path:
    """Say where the archives of a tenant's removed modules are kept, and make it.

    :raises ConfigError: when files are not kept in a folder.
    """
    folder = exports_folder(host, tenant_id) / "removed"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def drop_removed(host: Host, tenant_id: int, *, now: dt.datetime) -> int:
    """Delete the archives of removed modules whose time is over.

    :return: how many they were.
    """
    folder = host.settings.storage_folder
    old = [
        file
        for file in (folder / "exports" / str(tenant_id) / "removed").glob("*.zip")
        if file.stat().st_mtime < (now - REMOVED_KEPT).timestamp()
    ]
    for file in old:
        file.unlink()
    return len(old)


def _counting(
    write_table: archives.WriteTable, report: Callable[[int, int | None], None], total: int
) -> archives.WriteTable:
    """Report progress while tables are written."""
    done = 0

    def write(stream: Any, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        def passed() -> Iterable[Sequence[Any]]:
            nonlocal done
            for row in rows:
                done += 1
                if done % _REPORT_EVERY == 0:
                    report(done, max(done, total))
                yield row

        return write_table(stream, headers, passed())

    return write
