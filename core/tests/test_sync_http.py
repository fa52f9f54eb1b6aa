"""Calls to other systems do not lead into the private network, and end."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from core.tests.shop import TOKEN, ShopDouble

from trato.errors import ConfigError
from trato.sync.errors import (
    RemoteBusy,
    RemoteDenied,
    RemoteRefused,
    RemoteUnanswered,
    RemoteUnreachable,
    SyncError,
)
from trato.sync.http import Answer, Http, is_public
from trato.testing.remote import Reply, Request

HERE = ("127.0.0.1",)


@contextmanager
def answering(content: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection with what a server of ours would never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _peer = server.accept()
            with connection:
                connection.recv(65536)
                content(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(60)


@pytest.mark.parametrize(
    "address",
    # None is bound to; all are refused.
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
     "2002:0a00:0001::1", "::ffff:127.0.0.1"],
)  # fmt: skip
def test_private_addresses_are_not_public_whatever_they_hide_in(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["200.14.207.1", "8.8.8.8", "2607:f8b0::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://localhost:9/", "https://[::1]/", "https://10.0.0.8:8443/erp",
     "https://169.254.169.254/latest/meta-data", "https://2130706433/", "https://0x7f.1/"],
)  # fmt: skip
def test_the_private_network_is_not_called(url: str) -> None:
    with pytest.raises((ConfigError, RemoteUnreachable)) as caught:
        Http().get(url)

    assert caught.value.code in ("private_host", "remote_unreachable")
    if isinstance(caught.value, ConfigError):
        assert "TRATO_PRIVATE_HOSTS" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "https://", "https://u:p@example.com/",
            "https://example.com:99999/", "example.com"],
)  # fmt: skip
def test_what_is_no_address_is_not_called(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Http(private_hosts=HERE).get(url)

    assert caught.value.code == "bad_address"


def test_the_internet_is_not_called_without_encryption() -> None:
    with pytest.raises(ConfigError) as caught:
        Http().get("http://example.com/")

    assert caught.value.code == "not_encrypted"


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1:{port}", "localhost"])
def test_what_the_operator_lists_is_called(entry: str) -> None:
    with ShopDouble() as double:
        port = double.url.rpartition(":")[2]
        host = "localhost" if entry == "localhost" else "127.0.0.1"

        answer = Http(private_hosts=[entry.format(port=port)]).get(
            f"http://{host}:{port}/me", headers={"Authorization": f"Bearer {TOKEN}"}
        )

    assert answer.check().json() == {"ok": True}


def test_another_port_than_the_listed_one_is_not_called() -> None:
    with ShopDouble() as double, pytest.raises(ConfigError):
        Http(private_hosts=["127.0.0.1:1"]).get(double.url)


def test_a_name_that_changes_its_address_in_between_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []
    dialled: list[Any] = []
    answers = iter(["200.14.207.1", "127.0.0.1", "127.0.0.1"])

    def resolve(host: str, port: int, *_rest: Any, **_named: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def dial(address: Any, *_rest: Any, **_named: Any) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)

    with pytest.raises(RemoteUnreachable):
        Http().get("https://rebinding.example/")

    assert looked_up == ["rebinding.example"]
    assert dialled == [("200.14.207.1", 443)]


def test_a_name_with_one_private_address_among_public_ones_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_named: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("200.14.207.1", port)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port)),
    ])  # fmt: skip

    with pytest.raises(ConfigError) as caught:
        Http().get("https://mixed.example/")

    assert caught.value.code == "private_host"


def test_a_redirect_is_not_followed() -> None:
    class Elsewhere(ShopDouble):
        def answer(self, request: Request) -> Reply:
            return Reply({}, 302, {"Location": "http://127.0.0.1:1/"})

    with Elsewhere() as double, pytest.raises(SyncError) as caught:
        Http(private_hosts=HERE).get(double.url)

    assert caught.value.code == "redirected"


def test_a_server_that_drips_is_cut_off_in_time() -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            return

    with answering(drip) as url:
        with pytest.raises(RemoteUnanswered, match="no answer within"):
            Http(private_hosts=HERE, seconds=0.5).get(url)
        over.set()


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")

    with answering(half) as url, pytest.raises(RemoteUnanswered, match="broke off"):
        Http(private_hosts=HERE).get(url)


def test_an_answer_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trato.sync.http.MOST_BYTES", 1024)

    def much(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999)

    with answering(much) as url, pytest.raises(RemoteUnanswered, match="longer"):
        Http(private_hosts=HERE).get(url)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, RemoteDenied), (403, RemoteDenied), (429, RemoteBusy), (408, RemoteBusy),
     (400, RemoteRefused), (404, RemoteRefused), (422, RemoteRefused), (500, RemoteUnanswered),
     (503, RemoteUnanswered)],
)  # fmt: skip
def test_each_status_means_something(status: int, kind: type[SyncError]) -> None:
    with pytest.raises(kind):
        Answer(status=status, headers={}, content=b"").check()


def test_a_busy_system_says_how_long_it_wants_to_be_left_alone() -> None:
    with pytest.raises(RemoteBusy) as caught:
        Answer(status=429, headers={"retry-after": "90"}, content=b"").check()

    assert caught.value.after == dt.timedelta(seconds=90)


@pytest.mark.parametrize("wait", ["soon", "-5", "99999999999999", "9" * 5000])
def test_a_wait_that_is_none_is_as_if_it_were_not_said(wait: str) -> None:
    with pytest.raises(RemoteBusy) as caught:
        Answer(status=429, headers={"retry-after": wait}, content=b"").check()

    assert caught.value.after is None


def test_what_is_not_json_is_told() -> None:
    with pytest.raises(RemoteUnanswered, match="not JSON"):
        Answer(status=200, headers={}, content=b"<html>").json()
