"""Requests that are cut in the middle, or come slowly: nothing is written, nobody else waits."""

from __future__ import annotations

import json
import re
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from core.tests.load import CLIENTS, Caller, Known, compare, token_of
from core.tests.test_processes import Visitor, started

if TYPE_CHECKING:
    from core.tests.conftest import Installation

pytestmark = [pytest.mark.slow, pytest.mark.database("sqlite")]

#: More than there are threads that answer.
SLOW = 12


class HalfRequest:
    """A request whose body has not come to its end."""

    def __init__(self, address: str, path: str, body: bytes, **headers: str) -> None:
        self.rest = body[-5:]
        where = urlsplit(address)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=30)
        lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body[:-5])

    def finish(self) -> bytes:
        """Send the rest; gives the first line of the answer."""
        self.socket.sendall(self.rest)
        with self.socket.makefile("rb") as answer:
            return answer.readline().strip()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def test_requests_that_are_cut_or_slow_write_nothing_and_hold_nobody_up(
    installation: Installation,
) -> None:
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
        cut.append(half_form(server.address, "Cortado en el formulario"))
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
    assert found is not None
    came = {UUID(row["id"]): Known(1, row["name"], "") for row in found.data["data"]}
    assert len(came) == SLOW
    compare(installation, came | {UUID(id): one for id, one in other.known.items()})


def half_form(address: str, name: str) -> HalfRequest:
    """Send a form of a page that ends in the middle of a value."""
    visitor = Visitor()
    assert visitor.sign_in(address, "ana@acme.example") == 302
    page = visitor.ask(f"{address}/clients/clients/new")[1]
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)
    assert csrf is not None
    form = urlencode({"csrf_token": csrf[1], "name": name})
    return HalfRequest(
        address, "/clients/clients/new", form.encode(),
        Content_Type="application/x-www-form-urlencoded",
        Cookie="; ".join(f"{name}={value}" for name, value in visitor.cookies.items()),
    )  # fmt: skip


def test_an_answer_that_nobody_waits_for_is_written_once(installation: Installation) -> None:
    token = token_of(installation)
    with started(installation, "serve", "--port", "0") as server:
        caller = Caller(address=server.address, token=token, number=0)
        for _time in range(5):
            caller.create(dropped=True)
        caller.hang_up()

    assert caller.wrong == []
    compare(installation, {UUID(id): one for id, one in caller.known.items()})
