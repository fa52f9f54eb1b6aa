"""Backup and restore are ended in the middle: nothing half is left, and the next one does all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from core.tests.test_backup import open_host, other, put_file, rows_of, source
from core.tests.test_processes import wait_for
from sqlalchemy import event

from trato.errors import DatabaseUnavailable
from trato.lifecycle.backup_reading import BackupFile
from trato.lifecycle.restore import restore

if TYPE_CHECKING:
    from core.tests.conftest import Installation

    from trato.testing.postgres import PostgresServer

__all__ = ["other", "source"]

FILES = {"exports/1/one.zip": b"\x00\xff" * 5000, "exports/1/two.zip": b"two"}


@contextmanager
def running(installation: Installation, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command as a process of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    with subprocess.Popen(
        [sys.executable, "-m", "trato", *words], env=own | installation.environ, text=True,
        cwd=installation.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as popen:  # fmt: skip
        try:
            yield popen
        finally:
            popen.kill()


def files_of(installation: Installation) -> Path:
    """Say where an installation keeps its files."""
    return Path(installation.environ["TRATO_STORAGE_URL"].removeprefix("file://"))


def left(folder: Path) -> list[str]:
    """Name the files of a folder, at any depth."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


@pytest.fixture
def archived(source: Installation) -> Installation:
    """Give an installation with a company, two files, and its archive in `all.trato`."""
    source.tenant("acme")
    for path, content in FILES.items():
        put_file(source, path, content)
    source.did("backup", "all.trato")
    return source


@pytest.mark.slow
def test_a_restore_that_is_ended_half_way_leaves_nothing_and_is_done_again(
    archived: Installation, other: Callable[..., Installation]
) -> None:
    there = other(archived.database.backend)
    files = files_of(there)
    empty = rows_of(there)

    def end(number: int) -> int:
        """End it while it waits for the second file, which nobody reads; all rows are written."""
        waiting = files / "exports" / "1" / ".two.zip.part"
        waiting.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(waiting)
        with running(there, "restore", "all.trato") as popen:
            wait_for((files / "exports" / "1" / ".one.zip.part").exists)
            popen.send_signal(number)
            code = popen.wait(timeout=60)
        waiting.unlink(missing_ok=True)
        return code

    ended = end(signal.SIGTERM)
    after_end = (left(files), rows_of(there))
    killed = end(signal.SIGKILL)
    after_kill = ([name for name in left(files) if not name.endswith(".part")], rows_of(there))
    there.did("restore", "all.trato")

    assert (ended, killed) == (143, -signal.SIGKILL)
    assert after_end == ([], empty)
    assert after_kill == ([], empty)
    assert rows_of(there) == rows_of(archived)
    assert {name: (files / name).read_bytes() for name in left(files)} == FILES


@pytest.mark.database("sqlite")
def test_a_disk_that_fails_below_the_archive_is_no_fault_of_the_folder(
    archived: Installation, other: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = other(archived.database.backend)
    read = zipfile.ZipExtFile.read

    def fail(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        if self.name == "files/exports/1/two.zip":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(self, n)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", fail)
    ran = there.run("restore", "all.trato")

    assert ran.code == 2
    assert "The archive is damaged: files/exports/1/two.zip cannot be read." in ran.err
    assert left(files_of(there)) == []


@pytest.mark.database("postgresql")
def test_a_backup_that_is_told_to_end_leaves_no_part(archived: Installation) -> None:
    before = left(archived.folder)
    url = archived.database.owner_url.replace("postgresql+psycopg:", "postgresql:")

    with psycopg.connect(url) as connection:
        # It waits in the middle, for as long as this lock is held.
        connection.execute("LOCK TABLE core_task IN ACCESS EXCLUSIVE MODE")
        with running(archived, "backup", "new.trato") as popen:
            wait_for(lambda: any(archived.folder.glob(".new.trato.*.part")))
            popen.terminate()
            code = popen.wait(timeout=60)
            said = popen.stderr.read()

    assert (code, said) == (143, "Error: Interrupted.\n")
    assert left(archived.folder) == before


@pytest.fixture
def break_off(
    archived: Installation, postgres_server: PostgresServer
) -> Callable[[Installation, Callable[[psycopg.Connection[Any]], object]], None]:
    """Restore the archive where the connection breaks at the commit, after what is done before."""
    admin = postgres_server.admin_url.replace("postgresql+psycopg:", "postgresql:")

    def run(there: Installation, before: Callable[[psycopg.Connection[Any]], object]) -> None:
        host = open_host(there)

        def end(connection: Any) -> None:
            if connection.get_execution_options().get("trato_read"):
                return
            driver = connection.connection.driver_connection
            before(driver)
            with psycopg.connect(admin, autocommit=True) as server:
                server.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])

        event.listen(host.engine, "commit", end)
        try:
            with BackupFile(archived.folder / "all.trato") as archive:
                restore(host, archive)
        finally:
            host.close()

    return run


@pytest.mark.database("postgresql")
def test_files_stay_when_it_is_not_known_whether_the_rows_were_saved(
    archived: Installation, other: Callable[..., Installation], break_off: Callable[..., None]
) -> None:
    there = other("postgresql")
    empty = rows_of(there)

    def nothing(driver: psycopg.Connection[Any]) -> None:
        """Let the commit itself be lost."""

    def commit(driver: psycopg.Connection[Any]) -> None:
        """Let only the answer be lost."""
        driver.commit()
        driver.execute("SELECT 1")

    for before, rows in ((nothing, empty), (commit, rows_of(archived))):
        with pytest.raises(DatabaseUnavailable) as caught:
            break_off(there, before)

        assert "may have been saved, so the files stay" in str(caught.value)
        assert left(files_of(there)) == sorted(FILES)
        assert rows_of(there) == rows


@pytest.mark.database("postgresql")
def test_a_database_that_goes_away_after_the_commit_does_not_deny_it(
    archived: Installation, other: Callable[..., Installation], break_off: Callable[..., None]
) -> None:
    there = other("postgresql")

    break_off(there, lambda driver: driver.commit())

    assert rows_of(there) == rows_of(archived)
    assert left(files_of(there)) == sorted(FILES)
