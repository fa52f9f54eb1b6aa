"""`trato serve`, as a real process."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from trato.cli.serving import _is_alive

if TYPE_CHECKING:
    from core.tests.conftest import Installation

#: SIGTERM ends the server and its children within so many seconds, on a busy machine too.
WITHIN = 60


def environment(installation: Installation) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    return own | installation.environ


@contextmanager
def serving(installation: Installation, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the server and wait for the line with its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trato", "serve", "--port", "0", *words],
        env=environment(installation), cwd=installation.folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    # Further lines are read away, or the server would wait for its reader.
    reader = threading.Thread(target=process.stderr.read, daemon=True)
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "http://" in line:
                reader.start()
                yield process, line.split()[-1]
                return
        pytest.fail(f"the server ended: {lines}")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if reader.is_alive():
            reader.join(timeout=WITHIN)
        process.stderr.close()


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=WITHIN) as answer:  # noqa: S310 - our own server
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def test_pages_are_served_until_sigterm(installation: Installation) -> None:
    with serving(installation, "--workers", "2") as (process, address):
        assert get(f"{address}/login") == 200
        assert get(f"{address}/health/live") == 200
        workers = children(process.pid)
        assert len(workers) >= 2

        until = time.monotonic() + WITHIN
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=WITHIN)
        # Python's own tracker of resources sees its pipe close only now.
        while any(alive(pid) for pid in workers) and time.monotonic() < until:
            installation.did("tenant", "list")

        assert code == 0
        assert [pid for pid in workers if alive(pid)] == []


def wait_for_both(installation: Installation) -> None:
    """Wait until worker and clock say that they are there."""
    path = make_url(installation.environ["TRATO_DATABASE_URL"]).database
    until = time.monotonic() + WITHIN
    with closing(sqlite3.connect(str(path))) as database:
        while database.execute("SELECT count(*) FROM core_process").fetchone()[0] < 2:
            assert time.monotonic() < until
            threading.Event().wait(0.1)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_stopped_with_its_group_ends_at_once_and_in_order(
    installation: Installation, number: signal.Signals
) -> None:
    """As Ctrl+C in a terminal does, and a service manager: the children hear it twice."""
    with subprocess.Popen(
        [sys.executable, "-m", "trato", "serve", "--port", "0"], env=environment(installation),
        cwd=installation.folder, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        first = process.stderr.readline()
        if number == signal.SIGTERM:  # else worker and clock are still importing
            wait_for_both(installation)
        # On a busy machine a worker hears its group and its server at one moment.
        workers = [pid for pid in children(process.pid) if "serve" in command_of(pid)]
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        os.killpg(process.pid, number)
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)
        rest = process.communicate(timeout=WITHIN)[1]

    assert "http://127.0.0.1:" in first
    assert len(workers) == 1
    # Nobody was broken off, and nobody had to be killed after the seconds of grace.
    assert "Traceback" not in rest
    assert "refused to gracefully stop" not in rest
    assert process.returncode == 0


@pytest.mark.database("sqlite")
def test_a_request_that_hangs_does_not_keep_the_server(installation: Installation) -> None:
    path = installation.environ["TRATO_DATABASE_URL"].removeprefix("sqlite:///")
    installation.tenant("acme")
    with serving(installation) as (process, address):
        assert get(f"{address}/health/live") == 200
        # Whoever writes waits half a minute for this lock; signing in writes.
        with closing(sqlite3.connect(path, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            hanging = [half_a_request(address), sign_in(address)]
            # Answered after the request above was taken up: there is one queue.
            assert [get(f"{address}/health/live") for _ in range(8)] == [200] * 8

            process.send_signal(signal.SIGTERM)
            process.wait(timeout=WITHIN)

        # None was waited for: after its half minute the sign-in would have been answered.
        assert [answer_of(connection) for connection in hanging] == [b"", b""]


def answer_of(connection: socket.socket) -> bytes:
    """Give what came by a connection whose other end is gone."""
    with connection:
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


def half_a_request(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na")
    return connection


def sign_in(address: str) -> socket.socket:
    """Send a sign-in and do not wait for the answer."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    connection.request("GET", "/login")
    answer = connection.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', answer.read().decode())
    assert token is not None
    form = {"email": "ana@acme.example", "password": "correcta-clave-1", "csrf_token": token[1]}
    cookie = "; ".join(c.partition(";")[0] for c in answer.headers.get_all("Set-Cookie") or ())
    connection.request(
        "POST", "/login", urllib.parse.urlencode(form),
        {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie},
    )  # fmt: skip
    assert connection.sock is not None
    return connection.sock


def test_a_worker_that_another_thread_saw_end_is_none_that_refuses_to() -> None:
    theirs, ours = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=theirs.recv)
    child.start()
    worker = SimpleNamespace(inner=child)
    before = _is_alive(worker)
    ours.send(None)
    assert child.pid is not None
    os.waitpid(child.pid, 0)  # as the other thread does, which says so to Python only later

    assert before
    assert child.is_alive()
    assert not _is_alive(worker)


@pytest.mark.database("sqlite")
def test_a_port_that_is_taken_is_named(installation: Installation) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        ran = installation.run("serve", "--port", str(port))

    assert ran.code == 2
    assert f"Port {port} of 127.0.0.1 is in use" in ran.err
    assert "--port" in ran.err


@pytest.mark.parametrize(
    "words", [("--host", "203.0.113.7"), ("--port", "70000"), ("--workers", "0")]
)
def test_an_address_that_cannot_be_is_refused(bare: Installation, words: tuple[str, ...]) -> None:
    ran = bare.run("serve", *words)

    assert ran.code == 2
    for unwanted in ("Traceback", "bind()", ".."):
        assert unwanted not in ran.err


@pytest.mark.database("postgresql")
def test_services_are_refused_as_the_owner(installation: Installation) -> None:
    owner = installation.environ["TRATO_OWNER_DATABASE_URL"]

    for service in ("serve", "worker", "scheduler"):
        ran = installation.run(service, environ={"TRATO_DATABASE_URL": owner})

        assert (ran.code, ran.out) == (2, ""), service
        assert "row-level security does not hold it" in ran.err
        assert "trato doctor --sql" in ran.err


@pytest.mark.database("postgresql")
def test_serving_is_refused_before_migrations(unmigrated: Installation) -> None:
    ran = unmigrated.run("serve")

    assert ran.code == 2
    assert "trato migrate" in ran.err


@pytest.mark.database("postgresql")
def test_serving_is_refused_without_a_secret(installation: Installation) -> None:
    ran = installation.run("serve", environ={"TRATO_SECRET_KEY": ""})

    assert ran.code == 2
    assert "TRATO_SECRET_KEY" in ran.err
