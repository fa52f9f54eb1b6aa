"""A real mail server on this machine, for tests: it keeps what it is given."""

from __future__ import annotations

import datetime as dt
import ipaddress
import queue
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "trato", "cl@ve/de correo"
_LINK = re.compile(r"https?://\S+")


@dataclass(kw_only=True)
class Mailbox:
    """What a server took in, and where it listens."""

    port: int
    #: Address of the setting `TRATO_SMTP_URL`.
    url: str
    letters: queue.Queue[EmailMessage] = field(default_factory=queue.Queue)
    #: Addresses that the server refuses.
    refused: set[str] = field(default_factory=set)
    #: Whether the password of the last conversation came over an encrypted line.
    was_encrypted: bool = False

    def next(self, seconds: float = 10) -> EmailMessage:
        """Wait for the next letter.

        :raises queue.Empty: when none comes in time.
        """
        return self.letters.get(timeout=seconds)

    def empty(self) -> None:
        """Throw away what has come so far."""
        with self.letters.mutex:
            self.letters.queue.clear()

    async def handle_RCPT(  # noqa: N802 - the server's own name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take an address, or refuse it."""
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the server's own name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Keep a letter."""
        self.was_encrypted = session.ssl is not None
        self.letters.put(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


def link_of(letter: EmailMessage) -> str:
    """Read the address that the plain form of a letter leads to."""
    body = letter.get_body(("plain",))
    found = None if body is None else _LINK.search(body.get_content())
    if found is None:
        raise ValueError("the letter has no link")
    return found[0]


@contextmanager
def mail_server(certificate: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Serve on a free port of this machine.

    :param certificate: offer encryption with it, and take mail only from ``USER`` then.
    """
    port = _free_port()
    where = (
        f"127.0.0.1:{port}"
        if certificate is None
        else (f"trato:cl%40ve%2Fde%20correo@127.0.0.1:{port}")
    )
    mailbox = Mailbox(port=port, url=f"smtp://{where}")
    extra: dict[str, Any] = {}
    if certificate is not None:
        extra = {"tls_context": certificate, "require_starttls": True, "auth_required": True,
                 "authenticator": _authenticate}  # fmt: skip
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **extra)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine.

    :return: the server's side, and the file of authorities that a client must trust.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "private.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
