"""Restoring: an archive's rows and files into an empty installation, or a tenant beside others.

Everything is one transaction; files are put in their places before it commits and taken away when
it does not. What runs already sees all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from trato.access.tables import door, user
from trato.db.engine import set_tenant, transaction
from trato.entities.base import metadata
from trato.errors import ConfigError, DatabaseUnavailable, TenantError, TratoError
from trato.host import Host
from trato.lifecycle import backup_format as form
from trato.lifecycle.backup_reading import BackupFile, broken
from trato.lifecycle.restore_checks import check_empty, check_fit
from trato.lifecycle.restored_files import RestoredFiles
from trato.records.reindexing import index_tenant
from trato.tenancy.tables import tenant as tenant_table
from trato.tenancy.tables import turn
from trato.text import _

Report = Callable[[int, int | None], None]
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore came to."""

    #: Slug and number of each tenant.
    tenants: Mapping[str, int]
    rows: int
    files: int
    #: Tenants that have another number than they had, by slug: the old one.
    renumbered: Mapping[str, int]
    #: Accounts of the archive that existed here; they keep their own passwords.
    known_users: int


def restore(host: Host, archive: BackupFile, *, report: Report | None = None) -> Restored:
    """Restore an archive.

    :raises ConfigError: when it does not fit this installation, or is damaged; nothing was changed.
    :raises TenantError: when the tenant of the archive exists here.
    :raises DatabaseUnavailable: when the database goes away; at the very end it may be saved.
    """
    check_fit(host, archive.manifest)
    files = RestoredFiles(host.settings, archive)
    is_whole = False
    try:
        with transaction(host.engine) as connection:
            work = _Restore(host, archive, connection, report)
            work.run()
            files.place(work.numbers)
            is_whole = True
    except BaseException as error:
        if is_whole and _may_be_saved(error):
            # Rows without their files would be worse than files without rows, which the next
            # restore takes for its own.
            if isinstance(error, DatabaseUnavailable):
                raise _uncertain(host) from error.__cause__
            raise
        files.take_back()
        if isinstance(error, IntegrityError | DataError):
            raise ConfigError(
                _("The rows of the archive do not fit this database: {reason}."),
                hint=_("Nothing was changed here."),
                reason=str(error.orig).strip().splitlines()[0], code="no_fit",
            ) from error  # fmt: skip
        raise
    _count_anew(host, work.tables)
    companies = archive.manifest.tenants
    return Restored(
        tenants={c.slug: work.numbers[c.id] for c in companies},
        rows=work.done, files=files.count,
        renumbered={c.slug: c.id for c in companies if work.numbers[c.id] != c.id},
        known_users=len(work.users),
    )  # fmt: skip


def _may_be_saved(error: BaseException) -> bool:
    """Tell whether an error at the commit leaves open what came of it."""
    if isinstance(error, DatabaseUnavailable):
        cause = error.__cause__
        return isinstance(cause, DBAPIError) and cause.connection_invalidated
    return not isinstance(error, DBAPIError | TratoError)


def _uncertain(host: Host) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        _("The connection to the database broke at the very moment of saving."),
        hint=_("It may have been saved, so the files stay in {folder}. Look with 'trato tenant "
               "list'; where nothing was saved, restore again: files that are there are known "
               "again."),
        folder=str(host.settings.storage_folder),
    )  # fmt: skip


class _Restore:
    """One restore, in its transaction."""

    def __init__(
        self, host: Host, archive: BackupFile, connection: Connection, report: Report | None
    ) -> None:
        self._host = host
        self._archive = archive
        self._connection = connection
        self._report = report
        self._manifest = archive.manifest
        self._total = sum(part.rows for part in self._manifest.parts)
        self.done = 0
        #: Number in the archive to number here.
        self.numbers: dict[int, int] = {}
        #: Users of the archive to the users that they are here.
        self.users: dict[Any, Any] = {}
        self.tables: list[str] = []

    def run(self) -> None:
        """Write all rows, those first that others refer to."""
        connection = self._connection
        parts: dict[str, list[form.Part]] = {}
        for part in self._manifest.parts:
            if part.table is not None:
                parts.setdefault(part.table, []).append(part)
        order = [table for table in metadata.sorted_tables if table.name in parts]
        if self._manifest.scope == "installation":
            check_empty(connection)
            for table in reversed(metadata.sorted_tables):
                # Lists that a migration has filled are as the archive says.
                if table.name in parts and "tenant_id" not in table.c:
                    connection.execute(delete(table))
        self._number_tenants()
        for table in order:
            late = [p for p in parts[table.name] if self._load(table, p)]
            for part in late:
                self._link(table, part)
            self.tables.append(table.name)
        self._move_sequences(order)
        if connection.dialect.name == "sqlite":
            for table in order:
                if "entity" in table.info and "search_text" in table.c:
                    for number in self.numbers.values():
                        index_tenant(connection, table, number)

    # --- tenants ---------------------------------------------------------------------------------

    def _number_tenants(self) -> None:
        """Keep each tenant's number where it is free: API tokens begin with it."""
        taken = {
            row.id: row.slug
            for row in self._connection.execute(select(tenant_table.c.id, tenant_table.c.slug))
        }
        for company in self._manifest.tenants:
            if company.slug in taken.values():
                raise TenantError(
                    _("The tenant '{slug}' exists already."),
                    hint=_("Nothing was changed. Delete it first, which archives it: trato tenant "
                           "delete {slug}"),
                    slug=company.slug, code="tenant_exists",
                )  # fmt: skip
            number = company.id if company.id not in taken else self._free_number(taken)
            taken[number] = company.slug
            self.numbers[company.id] = number

    def _free_number(self, taken: Mapping[int, str]) -> int:
        if self._connection.dialect.name == "postgresql":
            while (number := self._next_of(tenant_table)) in taken:
                pass
            return number
        return max(taken, default=0) + 1

    def _next_of(self, table: Table) -> int:
        column = table.autoincrement_column
        name = None if column is None else column.name
        found = self._connection.execute(
            text("SELECT nextval(pg_get_serial_sequence(:table, :column))"),
            {"table": table.name, "column": name},
        )
        return int(found.scalar_one())

    def _move_sequences(self, tables: list[Table]) -> None:
        """Let PostgreSQL count on behind what was written with its number.

        The application may take numbers and not set them; what is skipped was skipped at the
        source too.
        """
        if self._connection.dialect.name != "postgresql":
            return
        for table in tables:
            column = table.autoincrement_column
            if column is None:
                continue
            highest = self._connection.execute(select(func.max(column))).scalar() or 0
            while self._next_of(table) < highest:
                pass

    # --- rows ------------------------------------------------------------------------------------

    def _load(self, table: Table, part: form.Part) -> bool:
        """Insert the rows of a part.

        :return: whether references are left that can be written only once all rows are there.
        """
        self._enter(part)
        late = _late_references(table)
        left = False
        for rows in _batches(self._rows(table, part)):
            for row in rows:
                for name in late:
                    left = left or row.get(name) is not None
                    row[name] = None
            new = self._new_users(rows) if table is user else rows
            if new:
                self._connection.execute(insert(table), new)
            self._tell(len(rows))
        return left

    def _link(self, table: Table, part: form.Part) -> None:
        """Write the references between rows of one table."""
        self._enter(part)
        late = _late_references(table)
        key = [column.name for column in table.primary_key.columns]
        statement = (
            update(table)
            .where(*(table.c[name] == bindparam(f"key_{name}") for name in key))
            .values({name: bindparam(f"new_{name}") for name in late})
        )
        linked = (
            {f"key_{name}": row[name] for name in key} | {f"new_{name}": row[name] for name in late}
            for row in self._rows(table, part)
            if any(row[name] is not None for name in late)
        )
        for rows in _batches(linked):
            self._connection.execute(statement, rows)

    def _enter(self, part: form.Part) -> None:
        if part.tenant is not None:
            if part.tenant not in self.numbers:
                raise broken(_("{name} belongs to no tenant of it"), name=part.name)
            set_tenant(self._connection, self.numbers[part.tenant])

    def _rows(self, table: Table, part: form.Part) -> Iterator[dict[str, Any]]:
        lines = self._archive.rows(part)
        names = next(lines, None)
        if names is None or set(names) != set(table.c.keys()):
            raise broken(_("the columns of {name} are not those of its table"), name=part.name)
        readers = [form.reader(table.c[name]) for name in names]
        change = self._changes(table, part)
        for line in lines:
            if len(line) != len(names):
                raise broken(_("{name} cannot be read"), name=part.name)
            try:
                row = {
                    name: value if value is None or read is None else read(value)
                    for name, value, read in zip(names, line, readers, strict=True)
                }
            except (ValueError, TypeError, ArithmeticError) as error:
                raise broken(_("{name} cannot be read"), name=part.name) from error
            change(row)
            yield row

    def _changes(self, table: Table, part: form.Part) -> Callable[[dict[str, Any]], None]:
        """Make the function that gives a row its numbers here."""
        users = [
            column.name
            for constraint in table.foreign_key_constraints
            if constraint.referred_table is user
            for column in constraint.columns
        ]

        def change(row: dict[str, Any]) -> None:
            if row.get("tenant_id") != part.tenant:
                # Row-level security would stop it on PostgreSQL only.
                raise broken(_("{name} holds another tenant's row"), name=part.name)
            if part.tenant is not None:
                row["tenant_id"] = self.numbers[part.tenant]
            elif table is tenant_table:
                self._change_tenant(row)
            elif table is turn or table is door:
                if row["tenant"] not in self.numbers:
                    raise broken(_("{name} holds another tenant's row"), name=part.name)
                row["tenant"] = self.numbers[row["tenant"]]
            for name in users:
                row[name] = self.users.get(row[name], row[name])

        return change

    def _change_tenant(self, row: dict[str, Any]) -> None:
        old = row["id"]
        if (old, row["slug"]) not in [(c.id, c.slug) for c in self._manifest.tenants]:
            raise broken(_("it holds a tenant that it does not name"))
        number = self.numbers[old]
        history = row["history_number"] or old
        row["id"] = number
        row["history_number"] = None if history == number else history
        if self._manifest.scope == "tenant":
            # Who brings a company back wants people to get in.
            row["closed_at"] = row["closed_by"] = None
            # A process that served the tenant before it was deleted may know a higher version
            # and would take what it remembers for newer.
            row["version"] = max(row["version"], int(self._host.clock().timestamp()))

    def _new_users(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Leave out people who have an account here: it is theirs, whatever the archive says."""
        ids = {row["email_key"]: row["id"] for row in rows}
        found = self._connection.execute(
            select(user.c.id, user.c.email_key).where(
                or_(user.c.email_key.in_(ids), user.c.id.in_(ids.values()))
            )
        )
        for known in found:
            # Else the same account, under another address by now.
            self.users[ids.get(known.email_key, known.id)] = known.id
        return [row for row in rows if row["id"] not in self.users]

    def _tell(self, count: int) -> None:
        self.done += count
        if self._report is not None:
            self._report(self.done, self._total)


def _late_references(table: Table) -> list[str]:
    """Name the columns by which rows of a table refer to rows of the same table."""
    return [
        column.name
        for constraint in table.foreign_key_constraints
        if constraint.referred_table is table
        for column in constraint.columns
        if column.nullable
    ]


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _count_anew(host: Host, tables: list[str]) -> None:
    """Tell PostgreSQL's planner at once what autovacuum would tell it minutes later."""
    if host.engine.dialect.name == "postgresql":
        # Everything is saved by now; a database that goes away here must not deny it.
        with suppress(DatabaseUnavailable), transaction(host.engine) as connection:
            for name in tables:
                connection.execute(text("SELECT core_analyze(:table)"), {"table": name})


__all__ = ["Restored", "restore"]
