"""No network: in a test nothing of this process reaches further than its own machine."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: Methods of a socket that name whom to reach, and the place of the address among their arguments.
_REACHING = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
#: Functions that ask a name server.
_ASKING = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_HERE = {"", "localhost", "ip6-localhost", "localhost.localdomain"}


class Network:
    """Whom the tests tried to reach, since somebody last looked."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def take(self) -> list[str]:
        """Give what was tried, and forget it."""
        found, self.reached = self.reached, []
        return found

    def refuse(self, what: str) -> OSError:
        """Note an attempt; what tried it finds the network away, as on a machine without one."""
        self.reached.append(what)
        return OSError(errno.ENETUNREACH, f"tests have no network: {what}")


@contextmanager
def no_network() -> Iterator[Network]:
    """Let sockets reach this machine alone: loopback addresses and sockets in files.

    Drivers written in C, and programs that a test starts, are not held.
    """
    network = Network()
    with pytest.MonkeyPatch.context() as patch:
        for name, place in _REACHING.items():
            patch.setattr(socket.socket, name, _held(network, name, place))
        for name in _ASKING:
            patch.setattr(socket, name, _told(network, getattr(socket, name)))
        yield network


def is_here(host: object) -> bool:
    """Tell whether a host, by name or address, is this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in _HERE or host == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    # Who connects to the address that stands for all reaches this machine.
    return (mapped or address).is_loopback or address.is_unspecified


def _held(network: Network, name: str, place: int) -> Callable[..., Any]:
    real = getattr(socket.socket, name)

    def call(self: socket.socket, *args: Any) -> Any:
        inet = self.family in (socket.AF_INET, socket.AF_INET6)
        address = args[place] if len(args) > max(place, 0) else None
        if inet and isinstance(address, tuple) and not is_here(address[0]):
            refused = network.refuse(f"{name} to {address[0]}:{address[1]}")
            if name == "connect_ex":
                return refused.errno  # it tells, where the others raise
            raise refused
        return real(self, *args)

    return call


def _told(network: Network, real: Callable[..., Any]) -> Callable[..., Any]:
    numeric = socket.getaddrinfo

    def call(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_here(host):
            try:
                numeric(host, None, flags=socket.AI_NUMERICHOST)
            except socket.gaierror:
                raise network.refuse(f"look-up of {host}") from None
        return real(host, *args, **kwargs)

    return call
