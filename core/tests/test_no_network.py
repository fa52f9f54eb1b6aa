"""A test that reaches for the network fails, and one that stays on its machine does not."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trato.testing.network import Network, is_here

#: For documentation only (RFC 5737, RFC 3849); nobody answers there.
FAR = ("192.0.2.1", 9)
FAR6 = ("2001:db8::1", 9)


def tcp(call: Callable[[socket.socket], Any], family: int = socket.AF_INET) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        call(tried)


def udp(call: Callable[[socket.socket], Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        call(tried)


def test_what_leaves_the_machine_is_refused_and_noted(network: Network) -> None:
    ways: list[tuple[Callable[[], Any], str]] = [
        (lambda: tcp(lambda s: s.connect(FAR)), "connect to 192.0.2.1:9"),
        (lambda: tcp(lambda s: s.connect(FAR6), socket.AF_INET6), "connect to 2001:db8::1:9"),
        (lambda: socket.create_connection(FAR, timeout=1), "connect to 192.0.2.1:9"),
        (lambda: udp(lambda s: s.sendto(b"x", FAR)), "sendto to 192.0.2.1:9"),
        (lambda: udp(lambda s: s.sendto(b"x", 0, FAR)), "sendto to 192.0.2.1:9"),
        (lambda: udp(lambda s: s.sendmsg([b"x"], [], 0, FAR)), "sendmsg to 192.0.2.1:9"),
        (lambda: socket.getaddrinfo("erp.example", 443), "look-up of erp.example"),
        (lambda: socket.gethostbyname("erp.example"), "look-up of erp.example"),
        (lambda: socket.create_connection(("erp.example", 443)), "look-up of erp.example"),
    ]
    for reach, told in ways:
        with pytest.raises(OSError, match="tests have no network"):
            reach()

        assert network.take() == [told]


def test_what_tells_a_number_instead_of_raising_tells_it(network: Network) -> None:
    with socket.socket() as tried:
        told = tried.connect_ex(FAR)

    assert told == errno.ENETUNREACH
    assert network.take() == ["connect_ex to 192.0.2.1:9"]


def test_loopback_and_sockets_in_files_work(network: Network, tmp_path: Path) -> None:
    def meet(family: int, address: Any) -> bytes:
        with socket.socket(family) as listening:
            listening.bind(address)
            listening.listen()
            with socket.socket(family) as calling:
                calling.connect(listening.getsockname())
                accepted, _who = listening.accept()
                with accepted:
                    accepted.sendall(b"here")
                return calling.recv(4)

    assert meet(socket.AF_INET, ("127.0.0.1", 0)) == b"here"
    assert meet(socket.AF_UNIX, str(tmp_path / "s")) == b"here"
    assert socket.getaddrinfo("localhost", 80)
    assert socket.getaddrinfo("192.0.2.1", 80)  # an address is not looked up
    assert network.take() == []


def test_the_machines_own_name_is_no_network() -> None:
    assert is_here(socket.gethostname())


def test_what_another_thread_tries_is_noted_too(network: Network) -> None:
    said: list[str] = []

    def reach() -> None:
        try:
            socket.create_connection(FAR)
        except OSError as error:  # as a program that goes on without the network does
            said.append(str(error))

    thread = threading.Thread(target=reach)
    thread.start()
    thread.join()

    assert said
    assert network.take() == ["connect to 192.0.2.1:9"]


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("localhost", True), (None, True), ("", True), ("::", True),
        ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("localhost.example", False),
        ("fe80::1%eth0", False),
    ],
)  # fmt: skip
def test_this_machine_is_told_from_others(host: object, here: bool) -> None:
    assert is_here(host) is here


def test_a_test_that_reaches_out_and_hides_it_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import socket\n"
        "def test_hides_it():\n"
        "    try:\n"
        "        socket.create_connection(('192.0.2.1', 9))\n"
        "    except OSError:\n"
        "        pass\n"
        "def test_stays_here():\n"
        "    pass\n",
        "utf-8",
    )

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "2 passed, 1 error" in ran.stdout
    assert "a test reached for the network: connect to 192.0.2.1:9" in ran.stdout
