"""The two servers that are compared, as processes of their own."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PATIENCE = 60.0


class Browser:
    """One kept connection to a server, over which requests follow each other."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = dict(headers)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[float, bytes]:
        """Send a request.

        :return: seconds until the last byte was there, and the body.
        :raises ValueError: when it was not answered well.
        """
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        started = time.perf_counter()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        taken = time.perf_counter() - started
        if answer.status not in (200, 201):
            raise ValueError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return taken, data


@dataclass(kw_only=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    #: What it writes.
    said: IO[bytes]
    #: Seconds from the start of the process until it answered a page.
    started_in: float = field(default=0.0)

    def browser(self, headers: Mapping[str, str] | None = None) -> Browser:
        """Open a connection."""
        return Browser(self.port, headers or {})

    def settle(self) -> None:
        """Wait until its processes have started, and compute nothing any more.

        On SQLite a worker and a scheduler start beside the one that answers, and would slow down
        whatever is measured first.
        """
        until = time.monotonic() + _PATIENCE
        before = -1
        while time.monotonic() < until:
            ticks = sum(map(_ticks, [self.process.pid, *_children(self.process.pid)]))
            if ticks - before <= 1:
                return
            before = ticks
            time.sleep(1)

    def memory(self) -> tuple[float, float]:
        """Measure the largest process that answers at the port: RSS and PSS in MiB."""
        sockets = _listening(self.port)
        found = [_memory(pid) for pid in _children(self.process.pid) if sockets & _sockets(pid)]
        return max(found, default=(0.0, 0.0), key=lambda pair: pair[1])


@contextlib.contextmanager
def serving(
    command: Sequence[str], environ: Mapping[str, str], port: int, page: str,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Server]:  # fmt: skip
    """Run a server until the block ends; its first page is awaited and timed."""
    begun = time.perf_counter()
    # A file: nobody reads while it is timed, and a full pipe would stop a server that logs.
    said = tempfile.TemporaryFile()
    process = subprocess.Popen(
        [*command], env={**os.environ, **environ}, stdout=said, stderr=said,
        start_new_session=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    server = Server(process=process, port=port, said=said)
    try:
        _await(server, page, headers or {})
        server.started_in = time.perf_counter() - begun
        yield server
    finally:
        _end(process)
        said.close()


def bare_command(url: str, tenant_id: int, port: int) -> list[str]:
    """Give the command that runs the bare page."""
    return [sys.executable, "-m", "benchmarks.bare", "--url", url, "--tenant", str(tenant_id),
            "--port", str(port)]  # fmt: skip


def trato_command(port: int) -> list[str]:
    """Give the command that runs Trato with one process that answers."""
    return [str(Path(sys.executable).with_name("trato")), "serve", "--port", str(port),
            "--workers", "1"]  # fmt: skip


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await(server: Server, page: str, headers: Mapping[str, str]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        if server.process.poll() is not None:
            server.said.seek(0)
            words = server.said.read().decode()[-2000:]
            raise RuntimeError(f"the server ended before it answered: {words}")
        try:
            server.browser(headers).ask("GET", page)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _children(pid: int) -> list[int]:
    """List the processes that a process started, and those that they did."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid:
                child = int(folder.name)
                found += [child, *_children(child)]
    return found


def _ticks(pid: int) -> int:
    """Tell how long a process has computed, in hundredths of a second."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    return 0


def _listening(port: int) -> set[str]:
    """Name the sockets that listen at a port, as the kernel lists them."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return {f"socket:[{r[9]}]" for r in rows if r[3] == "0A" and r[1].endswith(f":{port:04X}")}


def _sockets(pid: int) -> set[str]:
    found = set()
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(handle))
    return found


def _memory(pid: int) -> tuple[float, float]:
    sizes = {"Rss": 0.0, "Pss": 0.0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name = line.split(":")[0]
            if name in sizes:
                sizes[name] = int(line.split()[1]) / 1024
    return sizes["Rss"], sizes["Pss"]
