"""Databases for tests: migrated once per run and kind, then cloned."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, make_url

# Core's tables, for the metadata to be whole before a database is migrated.
import trato.access.tables
import trato.records.tables
import trato.tenancy.tables  # noqa: F401
from trato.db.engine import open_engine
from trato.db.migrate import migrate
from trato.entities.base import metadata
from trato.testing.postgres import APP_ROLE, PostgresServer

Backend = Literal["sqlite", "postgresql"]
BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of a test, and who may do what in it."""

    backend: Backend
    #: As the application uses it.
    url: str
    #: As the role that owns the tables; on SQLite the same.
    owner_url: str

    @property
    def app_role(self) -> str | None:
        """Role that row-level security holds, where there is such a thing."""
        return APP_ROLE if self.backend == "postgresql" else None

    def open_owner(self) -> Engine:
        """Open it as the owner; dispose of the engine afterwards."""
        return open_engine(self.owner_url, pool_size=2)


@dataclass(kw_only=True)
class Databases:
    """Makes databases that are thrown away with the run.

    :param folder: for SQLite's files.
    :param server: gives the PostgreSQL server, started when the first test needs it.
    :param migrations: folders of the plugins whose tables a migrated database has.
    """

    folder: Path
    server: Callable[[], PostgresServer]
    migrations: Mapping[str, Path]
    _templates: dict[Backend, str] = field(default_factory=dict, init=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, init=False)

    def empty(self, backend: Backend) -> Database:
        """Make a database without tables."""
        if backend == "sqlite":
            return _sqlite(self.folder / f"empty-{next(self._numbers)}.sqlite")
        urls = self.server().create_database()
        return Database(backend=backend, url=urls.app_url, owner_url=urls.owner_url)

    def migrated(self, backend: Backend) -> Database:
        """Make a database with the tables of core and of the installed plugins."""
        template = self._templates.get(backend)
        if template is None:
            template = self._templates[backend] = self._make_template(backend)
        if backend == "sqlite":
            file = self.folder / f"trato-{next(self._numbers)}.sqlite"
            shutil.copyfile(template, file)
            return _sqlite(file)
        urls = self.server().create_database(template=template)
        return Database(backend=backend, url=urls.app_url, owner_url=urls.owner_url)

    def forget(self, database: Database) -> None:
        """Remove a database that no test needs any more."""
        name = str(make_url(database.url).database)
        if database.backend == "postgresql":
            self.server().drop_database(name)
            return
        for part in ("", "-wal", "-shm"):
            Path(f"{name}{part}").unlink(missing_ok=True)

    def _make_template(self, backend: Backend) -> str:
        if backend == "sqlite":
            name = str(self.folder / "template.sqlite")
            made = _sqlite(Path(name))
        else:
            urls = self.server().create_database()
            name = urls.name
            made = Database(backend=backend, url=urls.app_url, owner_url=urls.owner_url)
        engine = made.open_owner()
        migrate(engine, self.migrations, metadata, app_role=made.app_role)
        engine.dispose()
        return name


def _sqlite(file: Path) -> Database:
    url = f"sqlite:///{file}"
    return Database(backend="sqlite", url=url, owner_url=url)
