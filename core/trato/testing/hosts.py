"""Hosts for tests: the installed plugins on a test's database, or these and others for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, inspect

from trato.db.security import secure
from trato.entities.base import metadata
from trato.host import Host, discover
from trato.licensing import PublicKey
from trato.plugin import Plugin
from trato.records.unit import Clock
from trato.settings import Settings
from trato.testing.databases import Database


def make_settings(database: Database, *, public_key: PublicKey, storage: Path) -> Settings:
    """Make the settings of a host on a database, with passwords that cost next to nothing."""
    environ = {
        "TRATO_DATABASE_URL": database.url,
        "TRATO_SECRET_KEY": "a-key-for-tests-long-enough-to-sign-with",
        "TRATO_LICENSE_PUBLIC_KEY": public_key.line(),
        "TRATO_STORAGE_URL": storage.as_uri(),
        # Doubles of other systems are on loopback.
        "TRATO_PRIVATE_HOSTS": "127.0.0.1",
        "TRATO_PASSWORD_TIME_COST": "1",
        "TRATO_PASSWORD_MEMORY_KIB": "1024",
    }
    if database.backend == "postgresql":
        environ["TRATO_OWNER_DATABASE_URL"] = database.owner_url
    return Settings.load(environ)


def make_plugin(name: str, **manifest: Any) -> Plugin:
    """Make a plugin that no distribution brings; its package is this one unless said."""
    manifest.setdefault("title", name.title())
    manifest.setdefault("version", "1.0.0")
    manifest.setdefault("package", "trato.testing")
    return Plugin(name=name, **manifest)


def _packaged(plugin: Plugin) -> Plugin:
    """Give a plugin that is written in a test a package, as it has none of its own."""
    if plugin.package or find_spec(f"trato_{plugin.name}") is not None:
        return plugin
    return replace(plugin, package="trato.testing")


@contextmanager
def temporarily(
    settings: Settings, database: Database, plugins: Sequence[Plugin], *, clock: Clock
) -> Iterator[Host]:
    """Serve the installed plugins and others, whose tables are made first and dropped at the end.

    :raises ValueError: when one of the others was left out, with the reasons.
    """
    found, _problems = discover()
    others = [_packaged(plugin) for plugin in plugins]
    host = Host(settings, plugins=[*found, *others], clock=clock)
    names = {plugin.name for plugin in plugins}
    wrong = [str(problem) for problem in host.problems if problem.plugin in names]
    if wrong:
        raise ValueError("; ".join(wrong))
    made = make_tables(database, names)
    try:
        yield host
    finally:
        host.close()
        drop_tables(database, made)


def make_tables(database: Database, plugins: set[str]) -> list[Table]:
    """Make the tables of plugins that have no migrations, secured as a migration would.

    :return: those that were not there; a host that is still served may use the others.
    """
    with _owner(database) as connection:
        there = set(inspect(connection).get_table_names())
        wanted = [t for t in metadata.sorted_tables if t.info.get("plugin") in plugins]
        missing = [table for table in wanted if table.name not in there]
        metadata.create_all(connection, tables=missing)
        secure(connection, metadata, app_role=database.app_role)
    return missing


def drop_tables(database: Database, tables: Sequence[Table]) -> None:
    """Drop tables."""
    with _owner(database) as connection:
        metadata.drop_all(connection, tables=tables)


@contextmanager
def _owner(database: Database) -> Iterator[Connection]:
    engine = database.open_owner()
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
