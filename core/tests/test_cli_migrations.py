"""`trato migrate`, and what other commands do with a database that is behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from trato.db.engine import open_engine, transaction
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


def test_two_who_migrate_at_once_wait_for_each_other(unmigrated: Installation) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("TRATO_")
    } | unmigrated.environ
    command = [sys.executable, "-m", "trato", "migrate"]

    both = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]

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


def test_a_plugin_that_is_behind_is_off_and_stops_nobody(
    unmigrated: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    if unmigrated.database is None or unmigrated.database.backend == "sqlite":
        pytest.skip("a SQLite file is migrated by the command itself")
    unmigrated.did("migrate")
    folder = unmigrated.folder / "late" / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "0001_begin.py").write_text('revision = "late_0001"\ndown_revision = None\n')
    monkeypatch.setattr("trato.host.discover", lambda: ([make_plugin("late")], []))
    monkeypatch.setattr("trato.registry.package_folder", lambda plugin: folder.parent.parent)

    ran = unmigrated.did("tenant", "list", "--json")

    assert ran.json == []
    assert "late - → late_0001" in ran.err
    assert "trato migrate" in ran.err
