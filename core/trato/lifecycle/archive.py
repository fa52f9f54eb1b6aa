"""Archives: a zip file with a table an entity, and a manifest that says what is in it."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from trato import __version__
from trato.db import tenant_rows
from trato.db.migrate import current
from trato.entities.base import metadata
from trato.entities.view import EntityView
from trato.host import Host
from trato.lifecycle.new_zip import NewZip
from trato.records import dump
from trato.tenancy.own_fields import read_own_fields
from trato.tenancy.view import Tenant

#: Writes a table to a text stream: headers, rows; gives the number of rows. Core's is
#: ``trato.exchange.writing.write_csv``, which stands above this package.
WriteTable = Callable[[Any, Sequence[str], Iterable[Sequence[Any]]], int]

#: Derived or passing: made anew from what is archived, or worth nothing tomorrow.
_LEFT_OUT = frozenset({
    "core_value", "core_search_row", "core_idempotency", "core_draft", "core_import_course",
})  # fmt: skip
#: Secrets leave no installation.
_SECRET_COLUMNS = frozenset({"secret_hash"})
_SECRET_TABLES = frozenset({"core_setting"})


class Archive(NewZip):
    """A zip file with a table an entity, for people and other programs to read."""

    def __init__(self, path: Path, write_table: WriteTable, *, at: datetime) -> None:
        super().__init__(path, at=at)
        self._write_table = write_table
        self.manifest: dict[str, Any] = {"format": "trato-archive", "version": 1}

    def finish(self) -> None:
        """Add the manifest."""
        text = json.dumps(self.manifest, ensure_ascii=False, indent=2, default=_plain)
        self.add_text("manifest.json", text)

    def add_text(self, name: str, text: str) -> None:
        """Add a text file."""
        self.add(name, text.encode())

    def add_table(self, name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Add a table; gives the number of its rows."""
        with (
            self.member(name) as raw,
            io.TextIOWrapper(raw, "utf-8", newline="") as stream,
        ):
            return self._write_table(stream, headers, ([_cell(v) for v in row] for row in rows))

    def add_lines(self, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add rows as lines of JSON; gives their number."""
        count = 0
        with self.member(name) as raw:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, default=_plain)
                raw.write(line.encode() + b"\n")
                count += 1
        return count


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def whole_entity(host: Host, connection: Connection, tenant_id: int, entity: Any) -> EntityView:
    """Give an entity with all fields of every installed plugin, retired own ones too."""
    registry = host.registry
    name = entity.__entity__.name
    fields = dict(entity.__entity__.fields)
    existing = set(inspect(connection).get_table_names())
    extensions = {
        plugin: extension
        for plugin, extension in registry.extensions.get(name, {}).items()
        if extension.__table__.name in existing
    }
    for extension in extensions.values():
        fields |= extension.__entity__.fields
    for (of, _key), own in read_own_fields(connection, tenant_id).items():
        if of == name:
            fields[own.field().path] = own.field()
    return EntityView(entity=entity, fields=fields, extensions=extensions)


def add_entities(
    archive: Archive, host: Host, connection: Connection, tenant: Tenant, *,
    plugin: str | None = None, folder: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Add a table for each entity, of one plugin or of all; gives their part of the manifest."""
    described = {}
    existing = set(inspect(connection).get_table_names())
    for name, entity in host.registry.entities.items():
        info = entity.__entity__
        if plugin not in (None, info.plugin) or entity.__table__.name not in existing:
            continue
        view = whole_entity(host, connection, tenant.id, entity)
        file = f"{folder}{name}.csv"
        count = archive.add_table(file, dump.columns(view), dump.rows(connection, tenant.id, view))
        described[name] = {
            "file": file, "records": count,
            "fields": {path: {"label": f.label, "kind": f.kind} for path, f in view.fields.items()},
        }  # fmt: skip
    return described


def add_other_tables(
    archive: Archive, host: Host, connection: Connection, tenant: Tenant
) -> dict[str, Any]:
    """Add what a tenant has in all other tables, without secrets, as lines of JSON."""
    told = {entity.__table__.name for entity in host.registry.entities.values()} | {
        extension.__table__.name
        for extensions in host.registry.extensions.values()
        for extension in extensions.values()
    }
    described = {}
    for table in tenant_rows.tables_of_tenants(connection, metadata):
        if table.name in told | _LEFT_OUT | _SECRET_TABLES:
            continue
        file = f"tables/{table.name}.jsonl"
        rows = (
            {name: value for name, value in row.items() if name not in _SECRET_COLUMNS}
            for row in tenant_rows.rows_of_tenant(connection, table, tenant.id)
        )
        described[table.name] = {"file": file, "rows": archive.add_lines(file, rows)}
    return described


def about(host: Host, connection: Connection) -> dict[str, Any]:
    """Say what wrote an archive and when."""
    return {
        "written_by": f"trato {__version__}",
        "written_at": host.clock().isoformat(),
        "plugins": {
            name: {"version": plugin.version, "revision": current(connection, name)}
            for name, plugin in host.plugins.items()
        },
    }


def free_path(folder: Path, host: Host, name: str) -> Path:
    """Choose the name of a new archive: it tells the second, and is nobody else's.

    Another process may choose at the same moment, before either has a file.
    """
    moment = f"{host.clock():%Y%m%d-%H%M%S}"
    return folder / f"trato-{name}-{moment}-{secrets.token_hex(4)}.zip"
