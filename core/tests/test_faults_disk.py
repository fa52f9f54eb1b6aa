"""The disk is full, by the system's own limit of a file's size: refused, nothing half, then on."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from core.tests.load import CLIENTS, Answer, Caller, Known, compare, token_of
from core.tests.test_cli_serving import children
from core.tests.test_processes import Visitor, started, wait_for

from trato.jobs.catalogue import EXPORT

if TYPE_CHECKING:
    from core.tests.conftest import Installation

pytestmark = pytest.mark.slow

#: Bytes that a file may have while the disk is full.
ROOM = 1_000
#: The page that takes files of clients, and what its form is sent as.
IMPORT = "/clients/clients/import"
MULTIPART = "multipart/form-data; boundary=x"


@contextmanager
def full_disk(*pids: int) -> Iterator[None]:
    """Let none of some processes make a file longer than that."""
    usual = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, usual[pid][1]))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual[pid])


@pytest.mark.database("sqlite")
def test_sqlite_on_a_full_disk_refuses_to_write_reads_on_and_goes_on(
    installation: Installation,
) -> None:
    token = token_of(installation)
    with started(installation, "serve", "--port", "0") as server:
        caller = Caller(address=server.address, token=token, number=0)
        caller.create()
        (id,) = caller.known
        with full_disk(*children(server.popen.pid)):
            refused = [
                caller.ask("POST", CLIENTS, {"name": "No cabe"}),
                caller.ask("PATCH", f"{CLIENTS}/{id}", {"name": "Tampoco"}),
            ]
            read = caller.ask("GET", f"{CLIENTS}/{id}")
            found = caller.ask("GET", f"{CLIENTS}?q=cliente")
        caller.create()
        caller.hang_up()

    for answer in refused:
        assert answer is not None
        assert (answer.status, answer.data["code"]) == (503, "disk_full")
        assert "disco" in answer.data["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    assert [status(read), status(found)] == [200, 200]
    assert caller.wrong == []
    known: dict[UUID, Known] = {UUID(id): one for id, one in caller.known.items()}
    assert len(known) == 2
    compare(installation, known)


def status(answer: Answer | None) -> int:
    return 0 if answer is None else answer.status


@pytest.mark.database("postgresql")
def test_an_upload_that_finds_no_room_leaves_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    installation.environ["TRATO_STORAGE_URL"] = files.as_uri()
    installation.tenant("acme", "clients")
    with started(installation, "serve", "--port", "0", "--workers", "1") as server:
        visitor = Visitor()
        assert visitor.sign_in(server.address, "ana@acme.example") == 302
        with full_disk(*children(server.popen.pid)):
            # A small file fails when it is put away, a large one while it comes in.
            answers = [upload(visitor, server.address, rows) for rows in (3_000, 30_000)]
            listed = visitor.ask(f"{server.address}/clients/clients")[0]
        left = [path for path in files.rglob("*") if path.is_file() or path.name.count("-") == 4]
        after = upload(visitor, server.address, 3_000)[0]

    assert [answer[0] for answer in answers] == [503, 503]
    assert ["No queda espacio en el disco" in answer[1] for answer in answers] == [True, True]
    assert listed == 200
    assert left == []
    assert after == 302


def upload(visitor: Visitor, address: str, rows: int) -> tuple[int, str]:
    """Bring a file of clients to the page of imports."""
    return visitor.ask(f"{address}{IMPORT}", data=file_form(visitor, address, rows), kind=MULTIPART)


def file_form(visitor: Visitor, address: str, rows: int) -> bytes:
    """Write the form by which a file of clients is brought."""
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', visitor.ask(f"{address}{IMPORT}")[1])
    assert csrf is not None
    lines = "".join(f"Cliente de la importación {number}\n" for number in range(rows))
    part = "--x\r\nContent-Disposition: form-data; name="
    return (
        f'{part}"csrf_token"\r\n\r\n{csrf[1]}\r\n'
        f'{part}"file"; filename="clientes.csv"\r\nContent-Type: text/csv\r\n\r\n'
        f"name\n{lines}\r\n--x--\r\n"
    ).encode()


@pytest.mark.database("postgresql")
def test_a_file_that_finds_no_room_is_not_left_half(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    rows = "".join(f"Cliente {number}\n" for number in range(200))
    (installation.folder / "clients.csv").write_text(f"name\n{rows}", "utf-8")
    installation.did("import", "acme", "clients.client", "clients.csv")
    before = set(installation.folder.rglob("*"))
    orders = {
        "all.trato": ("backup", "all.trato"),
        "out.csv": ("export", "acme", "clients.client", "out.csv"),
        "out.xlsx": ("export", "acme", "clients.client", "out.xlsx"),
    }

    for file, words in orders.items():
        ran = without_room(installation, *words)

        assert ran.returncode != 0
        assert file in ran.stderr
        assert "Traceback" not in ran.stderr
        assert os.strerror(errno.EFBIG) in ran.stderr
        assert set(installation.folder.rglob("*")) == before
        installation.did(*words)
        assert (installation.folder / file).stat().st_size > ROOM
        before.add(installation.folder / file)


@pytest.mark.database("postgresql")
def test_a_restore_that_finds_no_room_for_a_file_restores_nothing(
    installation: Installation,
) -> None:
    installation.tenant("acme")
    # Deleting the company archives it with its file, and removes both.
    file = installation.folder / "trato-files" / "exports" / "1" / "copy.zip"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(ROOM + 1))
    archive = installation.did("tenant", "delete", "acme", "--yes", "--json").json["archive"]
    shutil.rmtree(installation.folder / "trato-files")

    ran = without_room(installation, "restore", archive)
    left = installation.did("tenant", "list", "--json").json

    assert ran.returncode == 2
    assert f"{file} cannot be written: {os.strerror(errno.EFBIG)}" in ran.stderr
    assert "Nothing was restored." in ran.stderr
    assert left == []
    assert not (installation.folder / "trato-files").exists()
    installation.did("restore", archive)
    assert file.read_bytes() == bytes(ROOM + 1)


@pytest.mark.database("postgresql")
def test_a_task_that_finds_no_room_is_tried_again(
    installation: Installation, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    installation.environ["TRATO_STORAGE_URL"] = files.as_uri()
    installation.tenant("acme", "clients")

    def tasks(state: str) -> list[dict[str, Any]]:
        found = installation.did("job", "list", "acme", "--state", state, "--json").json
        return [task for task in found if task["message"] or state != "queued"]

    with started(installation, "worker") as worker:
        wait_for(lambda: worker.lines)
        with full_disk(worker.popen.pid):
            installation.did("job", "run", "acme", EXPORT, "--later")
            (task,) = wait_for(lambda: tasks("queued") or tasks("failed"))
    left = [path.name for path in files.rglob("*") if path.is_file()]

    assert (task["state"], task["attempts"]) == ("queued", 1)
    assert os.strerror(errno.EFBIG) in task["message"]
    assert left == []


def without_room(installation: Installation, *words: str) -> subprocess.CompletedProcess[Any]:
    """Run a command that may not write more than a little into a file."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    limited = (
        f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({ROOM}, {ROOM}));"
        "runpy.run_module('trato', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-B", "-c", limited, *words], env=own | installation.environ,
        cwd=installation.folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
