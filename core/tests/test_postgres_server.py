"""The server that tests get is a real PostgreSQL with production's two roles."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.engine import make_url

from trato.errors import ConfigError
from trato.testing.postgres import (
    APP_ROLE,
    OWNER_ROLE,
    PostgresServer,
    attach_postgres,
    open_postgres,
    start_postgres,
)
from trato.testing.postgres_cluster import find_binaries, system_binaries, wheel_binaries

pytestmark = pytest.mark.postgres

INSTALLED = [path for path in (wheel_binaries(), system_binaries()) if path is not None]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = start_postgres()
    yield server
    server.stop()


def connect(url: str) -> psycopg.Connection:
    libpq = make_url(url).set(drivername="postgresql")
    return psycopg.connect(libpq.render_as_string(hide_password=False), autocommit=True)


def folder_of(server: PostgresServer) -> Path:
    with connect(server.admin_url) as admin:
        row = admin.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


@pytest.mark.parametrize("binaries", INSTALLED, ids=str)
def test_every_installed_server_starts(binaries: Path) -> None:
    server = start_postgres(binaries)

    urls = server.create_database()

    with connect(urls.owner_url) as owner:
        assert owner.info.server_version >= 150000
    server.stop()


def test_owner_owns_the_database_and_is_no_superuser(server: PostgresServer) -> None:
    urls = server.create_database()

    with connect(urls.owner_url) as owner:
        row = owner.execute(
            "SELECT current_user, pg_get_userbyid(datdba), rolsuper, rolbypassrls, rolcreaterole"
            " FROM pg_database, pg_roles"
            " WHERE datname = current_database() AND rolname = current_user"
        ).fetchone()

    assert row == (OWNER_ROLE, OWNER_ROLE, False, False, False)


def test_app_role_is_no_member_of_the_owner(server: PostgresServer) -> None:
    urls = server.create_database()

    with connect(urls.app_url) as app:
        row = app.execute(
            "SELECT current_user, rolsuper, rolbypassrls,"
            " pg_has_role(current_user, %s, 'MEMBER') FROM pg_roles WHERE rolname = current_user",
            [OWNER_ROLE],
        ).fetchone()

    assert row == (APP_ROLE, False, False, False)


def test_app_role_cannot_create_tables(server: PostgresServer) -> None:
    urls = server.create_database()

    with connect(urls.app_url) as app, pytest.raises(errors.InsufficientPrivilege):
        app.execute("CREATE TABLE visit (id int)")


def test_row_level_security_holds_for_the_app_role_only(server: PostgresServer) -> None:
    urls = server.create_database()
    with connect(urls.owner_url) as owner:
        owner.execute("CREATE TABLE visit (tenant_id int)")
        owner.execute("ALTER TABLE visit ENABLE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY tenant ON visit USING (tenant_id = 1)")
        owner.execute("INSERT INTO visit VALUES (1), (2)")
        owner.execute("GRANT SELECT ON visit TO trato_app")
        seen_by_owner = owner.execute("SELECT tenant_id FROM visit").fetchall()

    with connect(urls.app_url) as app:
        seen_by_app = app.execute("SELECT tenant_id FROM visit").fetchall()

    assert (seen_by_owner, seen_by_app) == ([(1,), (2,)], [(1,)])


@pytest.mark.parametrize("extension", ["pg_trgm", "btree_gin"])
def test_owner_may_create_the_search_extensions(server: PostgresServer, extension: str) -> None:
    urls = server.create_database()

    with connect(urls.owner_url) as owner:
        owner.execute(f"CREATE EXTENSION {extension}")
        row = owner.execute("SELECT 1 FROM pg_extension WHERE extname = %s", [extension]).fetchone()

    assert row == (1,)


def test_trigrams_know_letters_beyond_ascii(server: PostgresServer) -> None:
    urls = server.create_database()

    with connect(urls.owner_url) as owner:
        owner.execute("CREATE EXTENSION pg_trgm")
        row = owner.execute("SELECT 'ñ' = ANY(string_to_array(lower('Ñ'), NULL))").fetchone()
        trigrams = owner.execute("SELECT show_trgm('ñandú') = show_trgm('nandu')").fetchone()

    assert (row, trigrams) == ((True,), (False,))


def test_a_clone_has_its_templates_rows_and_owner(server: PostgresServer) -> None:
    template = server.create_database()
    with connect(template.owner_url) as owner:
        owner.execute("CREATE TABLE visit AS SELECT 7 AS id")

    clone = server.create_database(template=template.name)

    with connect(clone.owner_url) as owner:
        row = owner.execute(
            "SELECT id, tableowner FROM visit, pg_tables WHERE tablename = 'visit'"
        ).fetchone()
    assert row == (7, OWNER_ROLE)


def test_a_database_is_dropped_below_an_open_connection(server: PostgresServer) -> None:
    urls = server.create_database()
    with connect(urls.app_url) as app:
        server.drop_database(urls.name)

        with pytest.raises(psycopg.OperationalError):
            app.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(urls.app_url)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_breaks_connections_and_keeps_rows(mode: str) -> None:
    server = start_postgres()
    urls = server.create_database()
    with connect(urls.owner_url) as owner:
        owner.execute("CREATE TABLE visit AS SELECT 7 AS id")

        server.restart(mode)

        with pytest.raises(psycopg.OperationalError):
            owner.execute("SELECT id FROM visit")
    with connect(urls.owner_url) as owner:
        assert owner.execute("SELECT id FROM visit").fetchone() == (7,)
    server.stop()


def test_nobody_connects_during_an_outage() -> None:
    server = start_postgres()
    urls = server.create_database()

    with server.outage(), pytest.raises(psycopg.OperationalError, match="refused"):
        connect(urls.app_url)

    with connect(urls.app_url) as app:
        assert app.execute("SELECT 1").fetchone() == (1,)
    server.stop()


def test_stop_leaves_neither_server_nor_data() -> None:
    server = start_postgres()
    folder = folder_of(server)

    server.stop()
    server.stop()

    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connect(server.admin_url)


def test_only_loopback_is_listened_on(server: PostgresServer) -> None:
    with connect(server.admin_url) as admin:
        row = admin.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        ).fetchone()

    assert row == ("127.0.0.1", "")


def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    url = make_url(server.admin_url).set(password="guess")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(url.render_as_string(hide_password=False))


@pytest.fixture
def foreground() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Return a running ``python -m trato.testing.postgres`` and the variables it printed."""
    command = [sys.executable, "-m", "trato.testing.postgres"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ").strip() for _ in range(3)]
        yield process, dict(line.split("=", 1) for line in lines)
        process.kill()


def test_the_command_prints_urls_that_work(
    foreground: tuple[subprocess.Popen[str], dict[str, str]],
) -> None:
    process, printed = foreground

    with connect(printed["TRATO_OWNER_DATABASE_URL"]) as owner:
        owner.execute("CREATE TABLE visit (id int)")
    with connect(printed["TRATO_DATABASE_URL"]) as app:
        assert app.info.user == APP_ROLE

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


def test_a_killed_process_leaves_no_server(
    foreground: tuple[subprocess.Popen[str], dict[str, str]],
) -> None:
    process, printed = foreground
    with connect(printed["TRATO_TEST_POSTGRES_URL"]) as admin:
        process.kill()

        # Ends early because the server goes, and would end late if it stayed.
        with pytest.raises(psycopg.OperationalError):
            admin.execute("SELECT pg_sleep(60)")


def test_attached_servers_share_roles_and_drop_their_databases(server: PostgresServer) -> None:
    first, second = attach_postgres(server.admin_url), attach_postgres(server.admin_url)
    kept, dropped = first.create_database(), second.create_database()

    second.stop()

    with connect(kept.app_url) as app:
        assert app.info.user == APP_ROLE
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(dropped.owner_url)
    first.stop()


def test_an_attached_server_cannot_be_stopped(server: PostgresServer) -> None:
    attached = attach_postgres(server.admin_url)

    with pytest.raises(ConfigError, match=r"only attached to.*start_postgres\(\)"):
        attached.restart()


def test_the_environment_names_the_server(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRATO_TEST_POSTGRES_URL", server.admin_url)

    attached = open_postgres()

    assert (attached.admin_url, attached.cluster) == (server.admin_url, None)


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"not a database URL.*looks like postgresql://"):
        attach_postgres("localhost")


def test_roles_that_would_prove_nothing_are_refused() -> None:
    server = start_postgres()
    with connect(server.admin_url) as admin:
        admin.execute("GRANT trato_owner TO trato_app")

    with pytest.raises(ConfigError, match="trato_app may do more"):
        attach_postgres(server.admin_url)

    server.stop()


def test_the_newest_installed_version_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "14", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    (tmp_path / "18" / "lib").mkdir(parents=True)

    assert system_binaries(tmp_path) == tmp_path / "17" / "bin"


def test_versions_too_old_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "14" / "bin").mkdir(parents=True)
    (tmp_path / "14" / "bin" / "initdb").touch()

    assert system_binaries(tmp_path) is None


def test_a_folder_without_programs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRATO_TEST_POSTGRES_BIN", str(tmp_path))

    with pytest.raises(ConfigError, match=f"{tmp_path}, which holds no initdb"):
        find_binaries()


def test_what_the_program_said_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        broken = Path(name)
        broken.chmod(0o755)
        (broken / "initdb").write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 1\n")
        (broken / "initdb").chmod(0o755)

        with pytest.raises(ConfigError, match="the disk is on fire"):
            start_postgres(broken)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_programs_that_the_account_may_not_read_are_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "initdb").touch()

    with pytest.raises(ConfigError, match=f"may not read {tmp_path}"):
        start_postgres(tmp_path)


@pytest.mark.slow
def test_a_private_checkout_is_no_obstacle(tmp_path: Path) -> None:
    wheel = wheel_binaries()
    assert wheel is not None
    package = wheel.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, tmp_path / part.name)
    tmp_path.chmod(0o700)

    done = subprocess.run(
        [sys.executable, "-c", _START_AND_SAY],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == (f"{tmp_path} True", "")


_START_AND_SAY = """
from trato.testing.postgres import start_postgres
from trato.testing.postgres_cluster import wheel_binaries
server = start_postgres()
print(wheel_binaries().parents[2], server.create_database().name.startswith("trato_test_"))
"""
