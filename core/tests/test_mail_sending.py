"""Letters handed to a real server on this machine, and what is said when that fails."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from trato.host import Host
from trato.mail import letters
from trato.mail.sending import TIMEOUT, MailError, missing_settings, send
from trato.settings import Settings
from trato.testing.mail import PASSWORD, Mailbox, link_of, mail_server, make_certificate

URL = "https://crm.acme.example/login/link?key=abc_DEF-123"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture(scope="module")
def catalogs() -> object:
    return Host(Settings.load({}), plugins=[]).catalogs


@pytest.fixture(scope="module")
def letter(catalogs: object) -> letters.Letter:
    draft = letters.invitation(
        name="Luz <b>Mar</b>", tenant="Ferretería Ñandú & Cía.", inviter="Ana", url=URL, days=7
    )
    return letters.write(draft, catalogs, "es")


def settings(url: str) -> Settings:
    return replace(
        Settings.load({}), smtp_url=url, mail_from="trato@acme.example",
        public_url="https://crm.acme.example",
    )  # fmt: skip


def test_letter_arrives_in_two_forms_in_the_readers_language(
    mailbox: Mailbox, letter: letters.Letter
) -> None:
    send(settings(mailbox.url), letter, "luz@acme.example")

    got = mailbox.next()
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
    assert got.get_content_type() == "multipart/alternative"
    assert got["To"] == "luz@acme.example"
    assert got["From"] == "Trato <trato@acme.example>"
    assert got["Subject"] == "Ana le invita a Ferretería Ñandú & Cía. en Trato"
    assert "Hola, Luz <b>Mar</b>:" in plain.get_content()
    assert "Aceptar la invitación" in plain.get_content()
    assert link_of(got) == URL
    assert 'lang="es"' in html.get_content()
    assert "Luz &lt;b&gt;Mar&lt;/b&gt;" in html.get_content()
    assert "<b>" not in html.get_content()


def test_english_reader_gets_english(mailbox: Mailbox, catalogs: object) -> None:
    draft = letters.reset(name="Ann", url=URL, hours=2)

    send(settings(mailbox.url), letters.write(draft, catalogs, "en"), "ann@acme.example")

    got = mailbox.next()
    assert got["Subject"] == "Your new password for Trato"
    assert "during 2 hours" in got.get_body(("plain",)).get_content()


@pytest.mark.parametrize("kind", ["added", "changed"])
def test_no_letter_is_half_translated(catalogs: object, kind: str) -> None:
    drafts = {
        "added": letters.added(name="Luz", tenant="Acme", inviter="Ana", url=URL),
        "changed": letters.changed(name="Luz", url=URL),
    }
    spanish, english = (letters.write(drafts[kind], catalogs, code) for code in ("es", "en"))

    same = set(spanish.text.splitlines()) & set(english.text.splitlines())
    assert same <= {"", URL, "-- ", "--", "Trato"}


def test_line_break_in_a_name_adds_no_header(mailbox: Mailbox, catalogs: object) -> None:
    draft = letters.invitation(
        name="Luz", tenant="Acme\r\nBcc: all@acme.example", inviter="Ana", url=URL, days=7
    )

    send(settings(mailbox.url), letters.write(draft, catalogs, "es"), "luz@acme.example")

    assert mailbox.next()["Bcc"] is None


def test_password_goes_over_an_encrypted_line_only(
    letter: letters.Letter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    with mail_server(context) as box:
        send(settings(box.url), letter, "luz@acme.example")

        assert box.next()["To"] == "luz@acme.example"
        assert box.was_encrypted


def test_password_is_kept_from_a_server_without_encryption(
    mailbox: Mailbox, letter: letters.Letter
) -> None:
    url = f"smtp://ana:muy-secreta@127.0.0.1:{mailbox.port}"

    with pytest.raises(MailError, match="in the clear") as refused:
        send(settings(url), letter, "luz@acme.example")

    assert mailbox.letters.empty()
    assert "muy-secreta" not in f"{refused.value} {refused.value.hint}"


def test_server_with_a_foreign_certificate_gets_no_password(
    letter: letters.Letter, tmp_path: Path
) -> None:
    context, _trusted = make_certificate(tmp_path)

    with mail_server(context) as box:
        with pytest.raises(MailError, match="certificate") as refused:
            send(settings(box.url), letter, "luz@acme.example")

        assert box.letters.empty()
    assert PASSWORD not in str(refused.value)


def test_wrong_password_is_told_without_showing_it(
    letter: letters.Letter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    with mail_server(context) as box, pytest.raises(MailError) as refused:
        send(settings(f"smtp://trato:equivocada@127.0.0.1:{box.port}"), letter, "x@acme.example")

    assert "does not accept the user or the password" in str(refused.value)
    assert "equivocada" not in str(refused.value)


@pytest.mark.parametrize(
    ("login", "what"),
    [("trato:contrase%C3%B1a", "the password"), ("%C3%B1and%C3%BA:x", "the user")],
)
def test_a_login_that_cannot_be_written_is_told_without_showing_it(
    letter: letters.Letter, login: str, what: str
) -> None:
    with pytest.raises(MailError) as refused:
        send(settings(f"smtps://{login}@mail.example"), letter, "luz@acme.example")

    told = str(refused.value)
    assert f"mail.example:465 cannot be told {what}" in told
    assert "without accents" in told
    assert not {"contraseña", "ñandú", "position", "codec"} & set(told.split())


def test_refused_address_is_named(mailbox: Mailbox, letter: letters.Letter) -> None:
    mailbox.refused.add("nadie@acme.example")

    with pytest.raises(MailError, match=r"refuses the address nadie@acme\.example"):
        send(settings(mailbox.url), letter, "nadie@acme.example")


def test_server_that_is_not_there_is_named(letter: letters.Letter) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        with pytest.raises(MailError, match=f"127.0.0.1:{port} cannot be used"):
            send(settings(f"smtp://127.0.0.1:{port}"), letter, "luz@acme.example")


def test_server_that_says_nothing_is_left_in_time(letter: letters.Letter) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()

        with pytest.raises(MailError, match="did not answer within"):
            send(settings(f"smtp://127.0.0.1:{silent.getsockname()[1]}"), letter,
                 "luz@acme.example", timeout=0.4)  # fmt: skip

    assert time.monotonic() - started < TIMEOUT


def test_missing_settings_are_named(letter: letters.Letter) -> None:
    bare = Settings.load({})

    assert missing_settings(bare) == ["TRATO_SMTP_URL", "TRATO_MAIL_FROM", "TRATO_PUBLIC_URL"]
    with pytest.raises(MailError, match="TRATO_SMTP_URL, TRATO_MAIL_FROM, TRATO_PUBLIC_URL"):
        send(bare, letter, "luz@acme.example")
