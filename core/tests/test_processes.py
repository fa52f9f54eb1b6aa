"""Several processes on one PostgreSQL: what one web process knows or counts holds in the other.

Two web servers (of two workers each), a scheduler and a worker, as on machines of their own, and
beside them a second installation in a database of its own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from core.tests.conftest import Installation

pytestmark = [pytest.mark.database("postgresql"), pytest.mark.slow]

#: What has not come after so many seconds never does.
WITHIN = 60
PASSWORD = "correcta-clave-1"


@dataclass
class Process:
    """A command that runs, and the lines that it writes."""

    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        line = wait_for(lambda: next((line for line in self.lines if "http://" in line), None))
        return "http://" + line.split("http://")[1].split()[0]


@contextmanager
def started(installation: Installation, *words: str) -> Iterator[Process]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    popen = subprocess.Popen(
        [sys.executable, "-m", "trato", *words], env=own | installation.environ,
        cwd=installation.folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process = Process(popen)
    assert popen.stderr is not None
    stream = popen.stderr
    reader = threading.Thread(target=lambda: process.lines.extend(iter(stream.readline, "")))
    reader.start()
    try:
        yield process
    finally:
        popen.terminate()
        try:
            popen.wait(timeout=WITHIN)
        finally:
            popen.kill()
            reader.join(timeout=WITHIN)
            stream.close()


def wait_for(find: Callable[[], Any], *, within: float = WITHIN) -> Any:
    """Ask again until there is an answer."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        found = find()
        if found:
            return found
        threading.Event().wait(0.1)
    raise TimeoutError(find)


class Visitor:
    """A browser that keeps cookies, whichever server answers."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        #: Of the last answer.
        self.headers: Message = Message()

    def ask(
        self, address: str, *, data: dict[str, str] | bytes | None = None,
        kind: str | None = None, token: str | None = None,
    ) -> tuple[int, str]:  # fmt: skip
        body = urllib.parse.urlencode(data).encode() if isinstance(data, dict) else data
        asked = urllib.request.Request(address, body)  # noqa: S310 - our own server
        asked.add_header("Cookie", "; ".join(f"{n}={v}" for n, v in self.cookies.items()))
        if kind is not None:
            asked.add_header("Content-Type", kind)
        if token is not None:
            asked.add_header("Authorization", f"Bearer {token}")
        try:
            answer = _opener.open(asked, timeout=WITHIN)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.headers = answer.headers
            for line in answer.headers.get_all("Set-Cookie") or ():
                name, _equals, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.read().decode()

    def sign_in(self, address: str, email: str, password: str = PASSWORD) -> int:
        page = self.ask(f"{address}/login")[1]
        csrf = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)
        assert csrf is not None, page
        form = {"email": email, "password": password, "csrf_token": csrf[1]}
        return self.ask(f"{address}/login", data=form)[0]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


_opener = urllib.request.build_opener(_Stay)


def numbers(address: str) -> dict[str, float]:
    text = Visitor().ask(f"{address}/metrics")[1]
    rows = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _blank, value in rows}


def test_web_scheduler_and_worker_are_one_installation(
    installation: Installation, databases: Any, tmp_path: Any
) -> None:
    installation.environ |= {"TRATO_API_CALLS_PER_MINUTE": "40", "TRATO_LOG_FORMAT": "json"}
    installation.environ["TRATO_STORAGE_URL"] = (tmp_path / "files").as_uri()
    installation.tenant("acme", "clients")
    token = installation.did("token", "create", "acme", "ana@acme.example", "--json").json["token"]
    second = databases.migrated("postgresql")
    beside = replace(
        installation, database=second,
        environ=installation.environ | {
            "TRATO_DATABASE_URL": second.url, "TRATO_OWNER_DATABASE_URL": second.owner_url,
        },
    )  # fmt: skip
    beside.tenant("acme", "clients")
    serve = ("serve", "--port", "0", "--workers", "2")
    with ExitStack() as stack:
        first, other, alone = (
            stack.enter_context(started(where, *serve))
            for where in (installation, installation, beside)
        )
        stack.enter_context(started(installation, "scheduler"))
        stack.enter_context(started(installation, "worker"))
        webs = [first.address, other.address]

        sessions_hold(webs, alone.address)
        limits_hold(webs, token)
        work_is_done_elsewhere(installation, webs)
        maintenance_is_seen(installation, webs)
        counts_are_summed(webs[0])
        wait_for(lambda: any(TOLD <= set(line) for line in told_in_json(first)))

    assert token not in "".join(first.lines + other.lines)


#: What a log says of a request.
TOLD = {"request", "route", "status", "ms", "tenant"}


def told_in_json(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in list(process.lines) if line.startswith("{")]


def sessions_hold(webs: list[str], alone: str) -> None:
    ana = Visitor()
    assert ana.sign_in(webs[0], "ana@acme.example") == 302
    assert [ana.ask(f"{web}/clients/clients")[0] for web in webs * 3] == [200] * 6
    # The other installation knows neither session nor, by the way, that there is one.
    assert ana.ask(f"{alone}/clients/clients")[0] == 302
    wrong = Visitor()
    answers = [wrong.sign_in(webs[n % 2], "ana@acme.example", "equivocada") for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert Visitor().sign_in(alone, "ana@acme.example") == 302


def limits_hold(webs: list[str], token: str) -> None:
    program = Visitor()
    #: Statuses of the calls of each minute: another may begin meanwhile, at any call.
    minutes: list[list[int]] = []
    last = 0
    for number in range(90):
        asked = program.ask(f"{webs[number % 2]}/api/v1/clients/clients", token=token)
        left = int(program.headers["RateLimit-Reset"])
        if left > last:
            minutes.append([])
        last = left
        minutes[-1].append(asked[0])
    for statuses in minutes:
        assert set(statuses) <= {200, 429}
        # Each of the four processes may have reserved a call that it was not asked for.
        assert min(len(statuses), 36) <= statuses.count(200) <= 40


def work_is_done_elsewhere(installation: Installation, webs: list[str]) -> None:
    made = installation.did("job", "run", "acme", "core.verify_audit", "--later", "--json").json
    wait_for(
        lambda: any(
            task["id"] == made["id"]
            for task in installation.did(
                "job", "list", "acme", "--state", "done", "--json"
            ).json
        )
    )  # fmt: skip
    assert numbers(webs[1])['trato_tasks{state="done"}'] >= 1


def maintenance_is_seen(installation: Installation, webs: list[str]) -> None:
    installation.did("maintenance", "on")
    for web in webs * 2:
        wait_for(lambda web=web: Visitor().ask(f"{web}/login")[0] == 503)
        assert Visitor().ask(f"{web}/health/ready")[0] == 200
    installation.did("maintenance", "off")
    for web in webs * 2:
        wait_for(lambda web=web: Visitor().ask(f"{web}/login")[0] == 200)


def counts_are_summed(web: str) -> None:
    """Ask often enough for both workers of a server to answer; each tells the same sum."""
    count = 'trato_request_seconds_count{route="health",status="2xx"}'
    before = numbers(web).get(count, 0)
    for _time in range(40):
        Visitor().ask(f"{web}/health/live")
    assert {numbers(web)[count] - before for _time in range(8)} == {40}
    assert numbers(web)["trato_processes"] == 2


@pytest.mark.database("sqlite")
def test_workers_do_not_outlive_a_server_that_was_killed(installation: Installation) -> None:
    with started(installation, "serve", "--port", "0", "--workers", "2") as server:
        address = server.address
        assert Visitor().ask(f"{address}/health/live")[0] == 200
        children = _children(server.popen.pid)
        assert len(children) >= 4  # two that answer, worker and clock

        server.popen.send_signal(signal.SIGKILL)
        server.popen.wait(timeout=WITHIN)

        wait_for(lambda: not [pid for pid in children if _lives(pid)])


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
