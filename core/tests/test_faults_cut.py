"""Requests that are cut in the middle, or come slowly: nothing is written, nobody else waits."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from core.tests.load import CLIENTS, Caller, Known, compare, token_of
from core.tests.test_faults_disk import IMPORT, MULTIPART, file_form
from core.tests.test_processes import Visitor, started

if TYPE_CHECKING:
    from core.tests.conftest import Installation

pytestmark = pytest.mark.slow

#: More than there are threads that answer.
SLOW = 12


class HalfRequest:
    """A request whose body has not come to its end."""

    def __init__(
        self, address: str, path: str, body: bytes, *, missing: int = 5, **headers: str
    ) -> None:
        self.rest = body[-missing:]
        where = urlsplit(address)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=30)
        lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body[:-missing])

    def finish(self) -> bytes:
        """Send the rest; gives the first line of the answer."""
        self.socket.sendall(self.rest)
        with self.socket.makefile("rb") as answer:
            return answer.readline().strip()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def test_requests_that_are_cut_or_slow_write_nothing_and_hold_nobody_up(
    installation: Installation, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    installation.environ["TRATO_STORAGE_URL"] = files.as_uri()
    token = token_of(installation)
    with started(installation, "serve", "--port", "0") as server, ExitStack() as stack:
        other = Caller(address=server.address, token=token, number=0)
        stack.callback(other.hang_up)

        def half(name: str) -> HalfRequest:
            body = json.dumps({"name": name}).encode()
            return HalfRequest(
                server.address, CLIENTS, body, Content_Type="application/json",
                Authorization=f"Bearer {token}",
            )  # fmt: skip

        cut = [half(f"Cortado {number}") for number in range(SLOW)]
        visitor = Visitor()
        assert visitor.sign_in(server.address, "ana@acme.example") == 302
        cut.append(half_form(visitor, server.address, "Cortado en el formulario"))
        cut += half_files(visitor, server.address)
        for one in cut:
            one.close()
        other.create()
        slow = [half(f"Lento {number}") for number in range(SLOW)]
        for one in slow:
            stack.callback(one.close)
        # Answered while all the others are still sending.
        other.create()
        lines = [one.finish() for one in slow]
        found = other.ask("GET", f"{CLIENTS}?q=lento")

    assert other.wrong == []
    assert lines == [b"HTTP/1.1 201 Created"] * SLOW
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert found is not None
    came = {UUID(row["id"]): Known(1, row["name"], "") for row in found.data["data"]}
    assert len(came) == SLOW
    compare(installation, came | {UUID(id): one for id, one in other.known.items()})


def half_form(visitor: Visitor, address: str, name: str) -> HalfRequest:
    """Send a form of a page that ends in the middle of a value."""
    page = visitor.ask(f"{address}/clients/clients/new")[1]
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)
    assert csrf is not None
    form = urlencode({"csrf_token": csrf[1], "name": name})
    return HalfRequest(
        address, "/clients/clients/new", form.encode(),
        Content_Type="application/x-www-form-urlencoded", Cookie=cookies(visitor),
    )  # fmt: skip


def half_files(visitor: Visitor, address: str) -> Iterator[HalfRequest]:
    """Send a large file to the page of imports, cut near its beginning, middle and end."""
    body = file_form(visitor, address, 30_000)
    for missing in (len(body) - 500, len(body) // 2, 5):
        yield HalfRequest(address, IMPORT, body, missing=missing, Content_Type=MULTIPART,
                          Cookie=cookies(visitor))  # fmt: skip


def cookies(visitor: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


def test_an_answer_that_nobody_waits_for_is_written_once(installation: Installation) -> None:
    token = token_of(installation)
    with started(installation, "serve", "--port", "0") as server:
        caller = Caller(address=server.address, token=token, number=0)
        for _time in range(5):
            caller.create(dropped=True)
        caller.hang_up()

    assert caller.wrong == []
    compare(installation, {UUID(id): one for id, one in caller.known.items()})
