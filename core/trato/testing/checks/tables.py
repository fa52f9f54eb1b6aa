"""The plugin's migrations make just the tables that it declares, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect

from trato.db.generate import differences
from trato.db.migrate import core_folder, current, downgrade, head, migration, upgrade
from trato.db.security import tenant_tables
from trato.entities.base import metadata
from trato.registry import package_folder
from trato.testing.checks.base import Checked, installed
from trato.testing.databases import Backend, Databases


class TableChecks(Checked):
    """Empty, head, base and head again, on both databases."""

    def test_migrations_go_there_and_back(self, databases: Databases, backend: Backend) -> None:
        folder = package_folder(self.manifest)
        newest = head(folder)
        with _empty(databases, backend) as engine:
            with migration(engine) as connection:
                for name, needed in self._before().items():
                    upgrade(connection, name, needed, "head")
                others = set(inspect(connection).get_table_names())
            if newest is None:
                assert self._tables() == set()
                return

            for _turn in range(2):
                with migration(engine) as connection:
                    upgrade(connection, self.plugin, folder, "head")
                with migration(engine) as connection:
                    assert current(connection, self.plugin) == newest
                    there = set(inspect(connection).get_table_names())
                    assert there - others - {f"alembic_{self.plugin}"} == self._tables()
                    found = differences(connection, self.plugin, metadata).upgrade_ops.as_diffs()
                    assert [one for one in found if not _becomes_obligatory(one)] == []
                if found:
                    with migration(engine) as connection:
                        downgrade(connection, self.plugin, folder, "-1")
                    assert [one for one in found if not _is_to_fill(one, engine)] == []
                with migration(engine) as connection:
                    downgrade(connection, self.plugin, folder, "base")
                with migration(engine) as connection:
                    left = set(inspect(connection).get_table_names())
                    assert left - others <= {f"alembic_{self.plugin}"}

    def test_tables_are_named_and_keyed_for_tenants(self) -> None:
        tables = [t for t in tenant_tables(metadata) if t.info.get("plugin") == self.plugin]

        for table in tables:
            assert table.name.startswith(f"{self.plugin}_")
            assert next(c.name for c in table.primary_key.columns) == "tenant_id", table.name
        # A list that all tenants share says so; everything else belongs to tenants.
        shared = {t.name for t in metadata.sorted_tables if t.info.get("shared")}
        assert {table.name for table in tables} == self._tables() - shared

    def _before(self) -> dict[str, Path]:
        """Give core and the plugins that come before, with their folders."""
        registry = installed()
        found: dict[str, Path] = {"core": core_folder()}
        for name in registry.plugins:
            if name == self.plugin:
                break
            if head(registry.folders[name]) is not None:
                found[name] = registry.folders[name]
        return found

    def _tables(self) -> set[str]:
        return {t.name for t in metadata.sorted_tables if t.info.get("plugin") == self.plugin}


def _becomes_obligatory(difference: Any) -> bool:
    return isinstance(difference, list) and all(
        one[0] == "modify_nullable" and one[-1] is False for one in difference
    )


def _is_to_fill(difference: Any, engine: Engine) -> bool:
    """Tell whether the newest revision has added the column, so that its author fills it first.

    The next revision that is written makes it obligatory.

    :param engine: with the tables as they were before the newest revision.
    """
    _what, _schema, table, column, *_change = difference[0]
    before = inspect(engine)
    return before.has_table(table) and column not in {
        found["name"] for found in before.get_columns(table)
    }


@contextmanager
def _empty(databases: Databases, backend: Backend) -> Iterator[Engine]:
    engine = databases.empty(backend).open_owner()
    try:
        if backend == "postgresql":
            with engine.begin() as connection:
                for extension in ("pg_trgm", "btree_gin"):
                    connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        yield engine
    finally:
        engine.dispose()
