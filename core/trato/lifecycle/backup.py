"""Backups: all rows and files of an installation, or of one tenant, as they are at one moment.

The application's role does it: it reads each tenant's rows in turn, in one transaction, so that
whoever makes the nightly backup need not know the owner's password. Memory does not grow with the
data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from sqlalchemy import ColumnElement, Connection, Table, func, inspect, select

from trato import __version__
from trato.access.tables import member, user
from trato.db import tenant_rows
from trato.db.engine import set_tenant, transaction
from trato.db.migrate import core_folder, current
from trato.entities.base import metadata
from trato.errors import ConfigError
from trato.host import Host
from trato.lifecycle import backup_format as form
from trato.lifecycle import storage
from trato.lifecycle.new_zip import NewZip
from trato.tenancy import store
from trato.tenancy.tables import tenant as tenant_table
from trato.tenancy.tables import turn
from trato.tenancy.view import Tenant
from trato.text import _

#: Told how many rows are written, and how many there are.
Report = Callable[[int, int | None], None]
_CHUNK = 1 << 20
_REPORT_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class BackedUp:
    """What a backup came to."""

    path: Path
    tenants: tuple[str, ...]
    rows: int
    #: How many of the rows are records.
    records: int
    files: int
    bytes: int


def back_up(
    host: Host, path: Path, *, slug: str | None = None, report: Report | None = None
) -> BackedUp:
    """Write an archive of the installation, or of one tenant, as it is at one moment.

    Nobody waits for it. A file of that name is replaced once the new one is complete.

    :param slug: the tenant; none: everything.
    :raises TenantError: when there is no such tenant.
    :raises ConfigError: when there is no tenant at all: it is not the database that was meant.
    """
    engine = host.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with transaction(engine, read=True) as connection:
        only = None if slug is None else store.find_tenant(connection, slug)
        if only is None and not store.list_tenants(connection):
            raise ConfigError(
                _("There is no company in {database}, so there is nothing to back up."),
                hint=_("Nothing was written. Give the command the settings that the services have: "
                       "'trato doctor' says what it finds."),
                database=engine.url.render_as_string(), code="no_company",
            )  # fmt: skip
        return write_backup(host, connection, path, only=only, report=report)


def write_backup(
    host: Host, connection: Connection, path: Path, *, only: Tenant | None = None,
    report: Report | None = None,
) -> BackedUp:  # fmt: skip
    """Write an archive inside a transaction of the caller, which shows it one moment."""
    with _Writer(host, connection, path, only=only, report=report) as archive:
        archive.write()
    parts = archive.parts
    entities = {table.name for table in metadata.tables.values() if "entity" in table.info}
    return BackedUp(
        path=path, tenants=tuple(tenant.slug for tenant in archive.tenants),
        rows=sum(part.rows for part in parts),
        records=sum(part.rows for part in parts if part.table in entities),
        files=sum(part.table is None for part in parts), bytes=path.stat().st_size,
    )  # fmt: skip


@dataclass(kw_only=True)
class _Counted:
    """A stream that keeps length and hash of what is written to it."""

    stream: IO[bytes]
    length: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.length += len(data)
        self.hash.update(data)


class _Writer(NewZip):
    def __init__(
        self, host: Host, connection: Connection, path: Path, *, only: Tenant | None,
        report: Report | None,
    ) -> None:  # fmt: skip
        super().__init__(path, at=host.clock())
        self._host = host
        self._connection = connection
        self._only = only
        self._report = report
        self._done = 0
        self._total = 0
        self.tenants = [only] if only else store.list_tenants(connection)
        self.parts: list[form.Part] = []
        self._versions = inspect(connection).get_table_names()

    def write(self) -> None:
        """Write rows, then files."""
        connection = self._connection
        shared = [
            (table, self._of_tenant(table))
            for table in tenant_rows.shared_tables(connection, metadata)
            if table.name not in form.LEFT_OUT
        ]
        if self._only is not None:
            shared = [(table, condition) for table, condition in shared if condition is not None]
        owned = [
            table
            for table in tenant_rows.tables_of_tenants(connection, metadata)
            if table.name not in form.LEFT_OUT
        ]
        if self._report is not None:
            self._total = self._count(shared, owned)
        # Row-level security lets a session see memberships of its own tenant only.
        if self._only is not None:
            set_tenant(connection, self._only.id)
        for table, condition in shared:
            self._add_rows(table, condition, None)
        for tenant in self.tenants:
            set_tenant(connection, tenant.id)
            for table in owned:
                self._add_rows(table, table.c.tenant_id == tenant.id, tenant.id)
        self._add_files()

    def finish(self) -> None:
        """Add the manifest and its seal."""
        host = self._host
        folders = {"core": core_folder(), **host.registry.folders}
        versions = {name: plugin.version for name, plugin in host.plugins.items()}
        manifest = form.Manifest(
            scope="installation" if self._only is None else "tenant",
            written_at=host.clock().isoformat(),
            plugins={
                name: form.Versions(
                    version=versions.get(name, __version__),
                    revision=current(self._connection, name),
                )
                for name in folders
            },
            tenants=[form.Company(id=t.id, slug=t.slug, name=t.name) for t in self.tenants],
            parts=self.parts,
        ).dump()  # fmt: skip
        self.add(form.MANIFEST, manifest)
        self.add(form.SEAL, "\n".join(form.seals(manifest, host.secret_keys)).encode())

    def _of_tenant(self, table: Table) -> ColumnElement[bool] | None:
        """Give the condition for rows of a shared table that the one tenant needs, if any."""
        if self._only is None:
            return None
        number = self._only.id
        if table is tenant_table:
            return tenant_table.c.id == number
        if table is turn:
            return turn.c.tenant == number
        if table is user:
            # The person's account goes with the tenant, or nobody could sign in where it goes.
            return user.c.id.in_(select(member.c.user_id).where(member.c.tenant_id == number))
        return None

    def _count(
        self, shared: Iterable[tuple[Table, ColumnElement[bool] | None]], owned: Iterable[Table]
    ) -> int:
        found = 0
        for tenant in self.tenants:
            set_tenant(self._connection, tenant.id)
            for table in owned:
                statement = select(func.count()).where(table.c.tenant_id == tenant.id)
                found += self._connection.execute(statement.select_from(table)).scalar_one()
        for table, condition in shared:
            counted = select(func.count()).select_from(table)
            counted = counted if condition is None else counted.where(condition)
            found += self._connection.execute(counted).scalar_one()
        return found

    def _add_rows(
        self, table: Table, condition: ColumnElement[bool] | None, tenant_id: int | None
    ) -> None:
        """Add a table's rows, in the order of its key; none where there is no row."""
        statement = select(table).order_by(*table.primary_key.columns)
        statement = statement if condition is None else statement.where(condition)
        rows = iter(self._connection.execute(statement.execution_options(yield_per=1_000)))
        first = next(rows, None)
        if first is None:
            return
        folder = form.ROWS if tenant_id is None else f"{form.ROWS}{tenant_id}/"
        name = f"{folder}{table.name}.jsonl"
        count = 0
        with self._new_part(name) as stream:
            stream.write(form.head_line(table))
            for row in chain([first], rows):
                stream.write(form.line(tuple(row)))
                count += 1
                if count % _REPORT_EVERY == 0:
                    self._tell(_REPORT_EVERY)
        self._tell(count % _REPORT_EVERY)
        self.parts.append(
            form.Part(
                name=name, bytes=stream.length, sha256=stream.hash.hexdigest(), table=table.name,
                plugin=self._plugin_of(table), tenant=tenant_id, rows=count,
            )
        )  # fmt: skip

    def _plugin_of(self, table: Table) -> str:
        """Name a table's plugin; of one that is not installed, by its version table."""
        known = table.info.get("plugin")
        if known is not None:
            return str(known)
        left = [name.removeprefix("alembic_") for name in self._versions
                if name.startswith("alembic_")]  # fmt: skip
        fitting = [name for name in left if table.name.startswith(f"{name}_")]
        return max(fitting, key=len, default=table.name)

    def _add_files(self) -> None:
        folder = self._host.settings.storage_folder
        number = None if self._only is None else self._only.id
        for path, file in storage.files_in(folder, tenant_id=number):
            try:
                source = file.open("rb")
            except FileNotFoundError:
                continue  # removed meanwhile
            name = form.FILES + path
            with source, self._new_part(name, packed=False) as stream:
                while chunk := source.read(_CHUNK):
                    stream.write(chunk)
            digest = stream.hash.hexdigest()
            self.parts.append(form.Part(name=name, bytes=stream.length, sha256=digest))

    @contextmanager
    def _new_part(self, name: str, *, packed: bool = True) -> Iterator[_Counted]:
        with self.member(name, packed=packed) as stream:
            yield _Counted(stream=stream)

    def _tell(self, count: int) -> None:
        self._done += count
        if self._report is not None:
            self._report(self._done, self._total)
