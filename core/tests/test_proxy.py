"""A real nginx, with the file of `deploy/`, in front of two web servers.

It is no wheel; `make soak` installs it (Debian's ``nginx-light``).
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from core.tests.test_processes import Visitor, started
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from core.tests.conftest import Installation

pytestmark = [pytest.mark.soak, pytest.mark.database("postgresql")]

CONFIG = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
NAME = "crm.example.com"
PASSWORD = "correcta-clave-1"


def write_certificate(folder: Path) -> None:
    """Write a certificate for the name, good for a day, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "proxy.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "proxy.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip


@contextmanager
def proxied(folder: Path, webs: list[str]) -> Iterator[int]:
    """Run nginx before the web servers; gives its port."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "nginx is missing: apt-get install nginx-light"
    write_certificate(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = CONFIG.read_text("utf-8")
    for place, address in zip(
        ("127.0.0.1:8000", "web2.example.com:8000"),
        (web.removeprefix("http://") for web in webs),
        strict=True,
    ):
        assert place in text
        text = text.replace(place, address)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = text.replace(f"/etc/ssl/{NAME}", str(folder / "proxy"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
        f"{'user root;' if os.getuid() == 0 else ''}\nevents {{ }}\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/proxied;\n{text}\n}}\n"
    )
    process = subprocess.Popen([program, "-e", "stderr", "-c", str(folder / "nginx.conf")])
    try:
        for _time in range(200):
            assert process.poll() is None, "nginx ended"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                threading.Event().wait(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


class Proxied(Visitor):
    """A visitor of the public name."""

    def __init__(self, port: int, certificate: Path) -> None:
        super().__init__()
        self.port = port
        self.context = ssl.create_default_context(cafile=certificate)

    def see(
        self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask as the name resolves to the proxy; gives status, headers and text."""
        connection = HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=30)
        # The name is checked against the certificate, whatever the address.
        connection.sock = self.context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=30), server_hostname=NAME
        )
        sent = {
            "Host": NAME, "Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = answer.status, dict(answer.headers), answer.read().decode("utf-8", "replace")
        connection.close()
        return found

    def enter(self, email: str) -> int:
        page = self.see("/login")[2]
        csrf = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)
        assert csrf is not None, page
        form = urllib.parse.urlencode(
            {"email": email, "password": PASSWORD, "csrf_token": csrf[1]}
        ).encode()
        return self.see(
            "/login", method="POST", body=form,
            Content_Type="application/x-www-form-urlencoded", Origin=f"https://{NAME}",
        )[0]  # fmt: skip


def test_the_proxy_of_deploy_stands_before_two_servers(
    installation: Installation, tmp_path: Path
) -> None:
    installation.environ["TRATO_TRUSTED_PROXIES"] = "1"
    installation.tenant("acme", "clients")
    token = installation.did("token", "create", "acme", "ana@acme.example", "--json").json["token"]
    folder = tmp_path / "proxy"
    folder.mkdir()
    with ExitStack() as stack:
        webs = [
            stack.enter_context(started(installation, "serve", "--port", "0", "--workers", "1"))
            for _server in range(2)
        ]
        port = stack.enter_context(proxied(folder, [web.address for web in webs]))
        ana = Proxied(port, folder / "proxy.pem")

        # Signed in at one, known by both; what leads elsewhere keeps scheme and name.
        status, headers, _text = ana.see("/clients/clients")
        assert (status, headers["location"].split("?")[0]) in (
            (302, "/login"), (302, f"https://{NAME}/login"),
        )  # fmt: skip
        assert ana.enter("ana@acme.example") == 302
        assert [ana.see("/clients/clients")[0] for _time in range(8)] == [200] * 8
        assert "strict-transport-security" in {h.lower() for h in ana.see("/clients/clients")[1]}

        # The address of who tries passwords is the proxy's word, not the visitor's.
        stranger = Proxied(port, folder / "proxy.pem")
        tried = [
            stranger.see("/api/v1/clients/clients", Authorization="Bearer wrong",
                         X_Forwarded_For=f"203.0.113.{n}", X_Request_Id="mine")
            for n in range(3)
        ]  # fmt: skip
        assert [status for status, _headers, _text in tried] == [401] * 3
        assert all(h.get("x-request-id", h.get("X-Request-Id")) != "mine" for _s, h, _t in tried)

        # A large file goes through; the figures do not go out.
        rows = b"name\n" + b"".join(b"Ferreteria %d\n" % n for n in range(400_000))
        large = ana.see("/api/v1/clients/clients", method="POST", body=rows,
                        Authorization=f"Bearer {token}", Content_Type="text/csv")  # fmt: skip
        assert large[0] in (413, 415)
        assert "problem+json" in str(large[1])
        assert ana.see("/metrics")[0] == 404

        # One server is gone; the other answers.
        webs[0].popen.terminate()
        webs[0].popen.wait(timeout=30)
        assert [ana.see("/clients/clients")[0] for _time in range(6)] == [200] * 6
