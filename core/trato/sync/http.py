"""Calls to other systems over HTTP that cannot be led into the private network.

A name is resolved once, the address is checked, and that very address is connected to: a name
that changes its address in between leads nowhere else. Redirects are errors, proxies of the
environment are not used, and an answer has a limit in size and in time.
"""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import json as jsonlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from trato.errors import ConfigError
from trato.sync.errors import (
    RemoteBusy,
    RemoteDenied,
    RemoteRefused,
    RemoteUnanswered,
    RemoteUnreachable,
    SyncError,
)
from trato.text import _

#: Longest answer that is read.
MOST_BYTES = 32 * 1024 * 1024
_CONNECT_SECONDS = 10.0
#: A wait of more digits is nonsense, and soon more than a span can hold.
_MOST_DIGITS = 9
#: Where systems write what is wrong.
_WORDS = ("detail", "message", "mensaje", "error_description", "error", "title")
#: Addresses inside which another one hides: NAT64.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the other system answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Read the body as JSON.

        :raises RemoteUnanswered: when it is none.
        """
        try:
            return jsonlib.loads(self.content)
        except ValueError as error:
            raise RemoteUnanswered(
                _("The other system answered something that is not JSON."),
                hint=_("Check the address; it may be that of another service."),
            ) from error

    def _said(self) -> str:
        """Give the words in which the other system refuses, out of the JSON around them."""
        text = self.text
        try:
            body = jsonlib.loads(self.content)
        except ValueError:
            body = None
        if isinstance(body, dict):
            said = (body.get(key) for key in _WORDS)
            text = next((word for word in said if isinstance(word, str) and word), text)
        return " ".join(text.split())[:300]

    def check(self) -> Answer:
        """Raise what the status means; the answer itself when it is good.

        :raises SyncError: see ``trato.sync.errors``.
        """
        if self.status < 300:
            return self
        if self.status in (401, 403):
            raise RemoteDenied(
                _("The other system does not accept the keys (HTTP {status})."),
                hint=_("Check the user, password or token in the module's settings."),
                status=self.status,
            )
        if self.status in (408, 425, 429):
            wait = self.headers.get("retry-after", "")
            is_wait = wait.isdecimal() and len(wait) <= _MOST_DIGITS
            after = dt.timedelta(seconds=int(wait)) if is_wait else None
            raise RemoteBusy(
                _("The other system has too much to do (HTTP {status})."),
                hint=_("It is tried again later by itself."), after=after, status=self.status,
            )  # fmt: skip
        if self.status >= 500:
            raise RemoteUnanswered(
                _("The other system failed (HTTP {status})."),
                hint=_("Its operator can tell why. It is tried again by itself."),
                status=self.status,
            )
        raise RemoteRefused(
            _("The other system refused it (HTTP {status}): {text}"),
            status=self.status, text=self._said() or "-",
        )  # fmt: skip


class Http:
    """Calls other systems.

    :param private_hosts: what the operator allows in the private network: names, addresses,
        networks, each but a network with a port where wanted.
    :param seconds: longest that a call may take, all in all.
    """

    def __init__(self, *, private_hosts: Sequence[str] = (), seconds: float = 60.0) -> None:
        self.private_hosts = tuple(private_hosts)
        self.seconds = seconds

    def get(self, url: str, **options: Any) -> Answer:
        """Fetch; options are those of ``call``."""
        return self.call("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        """Send; options are those of ``call``."""
        return self.call("POST", url, **options)

    def call(
        self, method: str, url: str, *, params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, json: Any = None, data: bytes | None = None,
    ) -> Answer:  # fmt: skip
        """Call an address and give its answer, whatever its status; see ``Answer.check``.

        :param json: sent as JSON; or ``data`` as it is.
        :raises ConfigError: for an address that must not be called.
        :raises RemoteUnreachable: when nothing was sent.
        :raises RemoteUnanswered: when something was, and no whole answer came.
        """
        parts = urlsplit(url)
        self.check(url)
        host, port, secure = _target(parts)
        address = self.resolve(host, port)
        path = parts.path or "/"
        query = "&".join(q for q in (parts.query, urlencode(params or {}, doseq=True)) if q)
        sent = {"User-Agent": "Trato", "Accept": "application/json", **(headers or {})}
        if json is not None:
            data = jsonlib.dumps(json, ensure_ascii=False).encode()
            sent.setdefault("Content-Type", "application/json; charset=utf-8")
        connection = _connection(host, port, address, secure, min(_CONNECT_SECONDS, self.seconds))
        try:
            _connect(connection, host)
            return self._exchange(
                connection, method, path + (f"?{query}" if query else ""), data, sent, host
            )
        finally:
            connection.close()

    def check(self, url: str) -> None:
        """Refuse an address that must not be called, as far as that can be told without calling.

        :raises ConfigError: when it is none, or is not encrypted and the operator does not list it.
        """
        host, port, secure = _target(urlsplit(url))
        if not secure and not self._allows(host, port, None):
            raise ConfigError(
                _("'{host}' is called without encryption."),
                hint=_("Use https, or let the operator list it in TRATO_PRIVATE_HOSTS."),
                host=host, code="not_encrypted",
            )  # fmt: skip

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, target: str,
        data: bytes | None, headers: Mapping[str, str], host: str,
    ) -> Answer:  # fmt: skip
        """Send and read under one clock, as a socket's own is set back by every byte."""
        sock: socket.socket = connection.sock
        sock.settimeout(self.seconds)
        late = threading.Event()

        def cut() -> None:
            late.set()
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

        watch = threading.Timer(self.seconds, cut)
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, target, body=data, headers=dict(headers))
            got = connection.getresponse()
            content = got.read(MOST_BYTES + 1)
            # Of an answer that ends too soon http.client gives what there is, without a word.
            if late.is_set() or (got.length and len(content) <= MOST_BYTES):
                raise http.client.IncompleteRead(content)
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise RemoteUnanswered(
                    _("'{host}' gave no answer within {seconds} seconds."),
                    host=host, seconds=round(self.seconds),
                ) from error  # fmt: skip
            raise RemoteUnanswered(
                _("'{host}' broke off before its answer was whole."), host=host
            ) from error
        finally:
            watch.cancel()
        if len(content) > MOST_BYTES:
            raise RemoteUnanswered(
                _("The answer of '{host}' is longer than {limit} MB."),
                hint=_("Ask for smaller pages."), host=host, limit=MOST_BYTES // 1024**2,
            )  # fmt: skip
        if 300 <= got.status < 400 and got.status != 304:
            raise SyncError(
                _("'{host}' leads to another address, which is not followed."),
                hint=_("Enter the final address in the module's settings."), host=host,
                code="redirected",
            )  # fmt: skip
        plain = {name.lower(): value for name, value in got.getheaders()}
        return Answer(status=got.status, headers=plain, content=content)

    def resolve(self, host: str, port: int) -> Address:
        """Find the address of a host and make sure that it may be called."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise RemoteUnreachable(
                _("There is no host '{host}'."),
                hint=_("Check the address in the module's settings, and the network."), host=host,
            ) from error  # fmt: skip
        addresses = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found]
        for address in addresses:
            # One that is private among public ones is how a name is made to lead inside.
            if not is_public(address) and not self._allows(host, port, address):
                raise ConfigError(
                    _("'{host}' is in the private network ({address})."),
                    hint=_("If it may be called, let the operator list it in "
                           "TRATO_PRIVATE_HOSTS."),
                    host=host, address=str(address), code="private_host",
                )  # fmt: skip
        # IPv4 first: where IPv6 is announced but leads nowhere, nothing would be reached.
        return min(addresses, key=lambda address: address.version)

    def _allows(self, host: str, port: int, address: Address | None) -> bool:
        """Tell whether the operator lists a host, its address, or a network around it."""
        names = {host, f"{host}:{port}"}
        if address is not None:
            written = f"[{address}]" if address.version == 6 else str(address)
            names |= {str(address), written, f"{written}:{port}"}
        elif (literal := _literal(host)) is not None:
            address = literal
        if names & set(self.private_hosts):
            return True
        return address is not None and any(
            address in ipaddress.ip_network(entry, strict=False)
            for entry in self.private_hosts
            if "/" in entry
        )


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the whole internet, seen through what it may hide in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _target(parts: Any) -> tuple[str, int, bool]:
    """Read host and port of an address.

    :raises ConfigError: when it is none that can be called.
    """
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ConfigError(
            _("'{address}' is not an address that can be called."),
            hint=_("Write it like https://erp.example.com/api, without user or password."),
            address=f"{parts.scheme}://{host or ''}", code="bad_address",
        )  # fmt: skip
    secure = parts.scheme == "https"
    return host, port or (443 if secure else 80), secure


def _connection(
    host: str, port: int, address: Address, secure: bool, seconds: float
) -> http.client.HTTPConnection:
    made: http.client.HTTPConnection
    if secure:
        made = http.client.HTTPSConnection(
            host, port, timeout=seconds, context=ssl.create_default_context()
        )
    else:
        made = http.client.HTTPConnection(host, port, timeout=seconds)
    # The name stays in the Host header and in the certificate's check; the address is the one
    # that was looked at.
    made._create_connection = lambda _where, *rest, **named: socket.create_connection(  # type: ignore[attr-defined]
        (str(address), port), *rest, **named
    )
    return made


def _connect(connection: http.client.HTTPConnection, host: str) -> None:
    try:
        connection.connect()
    except ssl.SSLError as error:
        raise RemoteUnreachable(
            _("The certificate of '{host}' is not trusted: {reason}"),
            hint=_("Its operator must renew it, or this server must know who issued it."),
            host=host, reason=str(getattr(error, "verify_message", "") or error.reason or error),
        ) from error  # fmt: skip
    except OSError as error:
        raise RemoteUnreachable(
            _("'{host}' does not take a connection."),
            hint=_("It may be switched off, or a firewall may stand before it. It is tried again "
                   "by itself."),
            host=host,
        ) from error  # fmt: skip
