"""`trato migrate`, and what other commands do with a database that is behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine import make_url

from trato.db.engine import open_engine, transaction
from trato.db.migrate import head
from trato.db.security import check_role

if TYPE_CHECKING:
    from core.tests.conftest import Installation


def test_a_missing_sqlite_file_is_made_by_the_first_command(bare: Installation) -> None:
    ran = bare.did("tenant", "list", "--json")

    assert ran.json == []
    assert "Migrated core to core_" in ran.err
    assert bare.did("migrate", "--check").out == "Nothing is pending.\n"
    assert "Migrated" not in bare.did("tenant", "list").err


def test_checking_makes_no_file(bare: Installation) -> None:
    ran = bare.run("migrate", "--check")

    assert ran.code == 1
    assert re.search(r"^core: - → core_\d+$", ran.out, re.MULTILINE)
    assert re.search(r"^clients: - → clients_\d+$", ran.out, re.MULTILINE)
    assert list(bare.folder.iterdir()) == []


@pytest.mark.database("postgresql")
def test_only_migrate_makes_the_tables_of_postgresql(unmigrated: Installation) -> None:
    before = unmigrated.run("tenant", "list")
    checked = unmigrated.run("migrate", "--check")
    made = unmigrated.did("migrate")

    assert before.code == 2
    assert "trato migrate" in before.err
    assert checked.code == 1
    assert made.out.splitlines()[0].startswith("core: - → core_")
    assert unmigrated.did("migrate").out == "Nothing is pending.\n"
    assert unmigrated.did("tenant", "list", "--json").json == []


@pytest.mark.database("postgresql")
def test_migrating_grants_the_application_what_it_needs_and_no_more(
    unmigrated: Installation,
) -> None:
    unmigrated.did("migrate")

    engine = open_engine(unmigrated.environ["TRATO_DATABASE_URL"])
    with transaction(engine, read=True) as connection:
        check_role(connection, owner_url=unmigrated.environ["TRATO_OWNER_DATABASE_URL"])
        rights = connection.exec_driver_sql(
            "select has_table_privilege('core_audit', 'INSERT'), "
            "has_table_privilege('core_audit', 'UPDATE'), "
            "has_table_privilege('core_audit', 'DELETE')"
        ).one()
    engine.dispose()
    assert tuple(rights) == (True, False, False)


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("owner", ["", "the application's own"])
def test_migrating_postgresql_needs_the_owner(unmigrated: Installation, owner: str) -> None:
    unmigrated.environ["TRATO_OWNER_DATABASE_URL"] = (
        unmigrated.environ["TRATO_DATABASE_URL"] if owner else ""
    )

    ran = unmigrated.run("migrate")

    assert ran.code == 2
    assert "TRATO_OWNER_DATABASE_URL" in ran.err


@pytest.mark.database("postgresql")
def test_the_owner_of_another_database_migrates_nothing(
    unmigrated: Installation, databases: Any
) -> None:
    other = databases.empty("postgresql")
    owner = {"TRATO_OWNER_DATABASE_URL": other.owner_url}

    refused = unmigrated.run("migrate", environ=owner)
    engine = other.open_owner()
    with engine.connect() as connection:
        tables = connection.dialect.get_table_names(connection)
    engine.dispose()
    # Whoever does not get in as the application yet is told that nothing was seen.
    app = make_url(other.url)
    locked, absent = (
        owner | {"TRATO_DATABASE_URL": url.render_as_string(hide_password=False)}
        for url in (app.set(password="wrong"), app.set(username="nobody_yet"))
    )
    unseen = unmigrated.did("migrate", environ=locked)
    unmade = unmigrated.run("migrate", environ=absent)

    assert (refused.code, refused.out, tables) == (2, "", [])
    assert f"/{make_url(other.url).database}) and TRATO_DATABASE_URL (" in refused.err
    assert "name different databases." in refused.err
    assert str(make_url(other.url).password) not in refused.err + unseen.err
    assert "whether it names the same database was not seen" in unseen.err
    assert (unmade.code, 'role "nobody_yet" does not exist' in unmade.err) == (2, True)
    assert "trato doctor --sql" in unmade.err


def test_two_who_migrate_at_once_wait_for_each_other(unmigrated: Installation) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("TRATO_")
    } | unmigrated.environ
    command = [sys.executable, "-m", "trato", "migrate"]

    both = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    moved = sorted(out.decode().count("→") for out, _err in said)
    assert moved[0] == 0
    assert moved[1] >= 2
    assert unmigrated.run("migrate", "--check").code == 0


def test_a_plugins_revision_is_written_from_what_it_declares(bare: Installation) -> None:
    ran = bare.did("plugin", "migration", "clients", "-m", "Change nothing")

    assert "Nothing to write" in ran.out
    # It compares with an empty database of its own.
    assert list(bare.folder.iterdir()) == []


def test_a_plugin_that_is_not_there_gets_no_revision(bare: Installation) -> None:
    ran = bare.run("plugin", "migration", "nothing", "-m", "x")

    assert ran.code == 2
    assert "'nothing'" in ran.err


_MADE = """
import sqlalchemy as sa
from alembic import op

revision = "{plugin}_0001"
down_revision = None

def upgrade():
    op.create_table("{plugin}_thing", sa.Column("id", sa.Integer), info={{"shared": True}})
    op.execute("INSERT INTO {plugin}_thing (id) VALUES (1)")
"""
_OBLIGATORY = """
import sqlalchemy as sa
from alembic import op

revision = "{plugin}_0002"
down_revision = "{plugin}_0001"

def upgrade():
    op.execute("UPDATE {plugin}_thing SET id = 2")
    with op.batch_alter_table("{plugin}_thing") as batch_op:
        batch_op.add_column(sa.Column("code", sa.Text, nullable=False))
"""
_RAISES = """
revision = "{plugin}_0002"
down_revision = "{plugin}_0001"

def upgrade():
    {{}}["typo"]
"""
_UNREADABLE = """
revision = "{plugin}_0002"
down_revision = "{plugin}_0001"

def upgrade(
"""
_GOOD = """
from alembic import op

revision = "{plugin}_0002"
down_revision = "{plugin}_0001"

def upgrade():
    op.execute("UPDATE {plugin}_thing SET id = 3")
"""


def _revise(installation: Installation, plugin: str, number: int, source: str) -> None:
    folder = installation.folder / plugin / "migrations" / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:04d}.py").write_text(source.format(plugin=plugin))
    head.cache_clear()


def _first_rows(installation: Installation, *plugins: str) -> list[int]:
    database = installation.database
    assert database is not None
    engine = database.open_owner()
    with engine.connect() as connection:
        rows = [
            connection.exec_driver_sql(f"SELECT id FROM {name}_thing").scalar_one()
            for name in plugins
        ]
    engine.dispose()
    return rows


def test_a_revision_that_fails_leaves_out_its_plugin_and_what_needs_it(
    unmigrated: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    second = {"late": _OBLIGATORY, "raising": _RAISES, "broken": _UNREADABLE, "needing": _GOOD,
              "other": _GOOD}  # fmt: skip
    plugins = [make_plugin(name, depends=["late"] if name == "needing" else []) for name in second]
    monkeypatch.setattr("trato.host.discover", lambda: (plugins, []))
    monkeypatch.setattr(
        "trato.registry.package_folder", lambda plugin: unmigrated.folder / plugin.name
    )
    for name in second:
        _revise(unmigrated, name, 1, _MADE)
    unmigrated.did("migrate")
    slug = unmigrated.tenant("acme", "late", "other")
    for name, source in second.items():
        _revise(unmigrated, name, 2, source)

    # On SQLite the command migrates; on PostgreSQL it says what is to be done, and goes on.
    before = unmigrated.did("tenant", "list")
    moved = unmigrated.run("migrate")
    listed = unmigrated.did("plugin", "list", "--tenant", slug, "--json")
    off = unmigrated.did("plugin", "disable", slug, "late")

    for said in (before, moved, listed, off):
        assert "Traceback" not in said.err
        assert "late_0002" in said.err
    assert unmigrated.database is not None
    # Partly done; nothing where all that can be was done before.
    assert moved.code == (1 if unmigrated.database.backend == "postgresql" else 2)
    assert unmigrated.run("migrate").code == 2
    for name, why in {"late": "", "raising": "KeyError: 'typo'", "broken": "Syntax"}.items():
        [line] = [line for line in moved.err.splitlines() if f"'{name}'" in line]
        assert f"Plugin '{name}', revision {name}_0002 cannot be applied: " in line
        assert why in line
        assert line.endswith("; nothing of it was changed.")
    assert _first_rows(unmigrated, *second) == [1, 1, 1, 1, 3]
    states = {row["name"]: row["reason"] for row in listed.json}
    assert states["other"] is None
    assert "Its tables are behind" in states["late"]
    assert unmigrated.run("migrate", "--check").code == 1
    # Mended, everything goes on.
    for name in second:
        _revise(unmigrated, name, 2, _GOOD)
    unmigrated.did("migrate")
    assert _first_rows(unmigrated, *second) == [3, 3, 3, 3, 3]
    # None of them has a downgrade().
    purged = unmigrated.run("plugin", "purge", "raising", "--yes")
    assert (purged.code, "Traceback" in purged.err) == (2, False)
    assert "revision raising_0002 cannot be taken back: AttributeError: " in purged.err
    assert "Mend downgrade()" in purged.err
    assert _first_rows(unmigrated, "raising") == [3]
