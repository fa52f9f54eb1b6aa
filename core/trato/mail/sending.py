"""Handing letters to the SMTP server of the installation."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from trato.errors import TratoError
from trato.mail.letters import Letter
from trato.records.unit import Clock, utc_now
from trato.settings import Settings
from trato.text import _

#: Gives the address of a host and port.
Resolve = Callable[[str, int], str]
#: Seconds that sending one letter may take from the first connection to the last word.
TIMEOUT = 10


class MailError(TratoError):
    """A letter that could not be handed over; the text names the server, never its password."""

    code = "mail"
    status = 502


def missing_settings(settings: Settings) -> list[str]:
    """Name the settings that mail needs and that are not set; none: mail can be sent."""
    needed = {
        "TRATO_SMTP_URL": settings.smtp_url,
        "TRATO_MAIL_FROM": settings.mail_from,
        # Links in letters never take the address from a request: it could be forged.
        "TRATO_PUBLIC_URL": settings.public_url,
    }
    return [name for name, value in needed.items() if not value]


def send(
    settings: Settings, letter: Letter, to: str, *, clock: Clock = utc_now,
    timeout: float = TIMEOUT, resolve: Resolve | None = None, sender_name: str = "Trato",
    advice: str = _("Check TRATO_SMTP_URL."),
) -> None:  # fmt: skip
    """Hand a letter to the server.

    :param timeout: seconds for the whole conversation.
    :param resolve: finds the server's address, or refuses it; without it the network's own way.
    :param advice: what to do when the server refuses.
    :raises MailError: when the settings are missing, or the server cannot be reached, does not
        answer in time, or refuses.
    """
    lacking = missing_settings(settings)
    if lacking or settings.smtp_url is None or settings.mail_from is None:
        raise MailError(_("Mail is not set up: {names} is missing."), names=", ".join(lacking))
    place = urlsplit(settings.smtp_url)
    message = compose(letter, to, sender=settings.mail_from, name=sender_name,
                      date=format_datetime(clock()))  # fmt: skip
    server = f"{place.hostname}:{place.port or _port(place)}"
    user, password = unquote(place.username or ""), unquote(place.password or "")
    _check_letters(server, user, password)
    try:
        with _open(place, timeout, resolve) as connection:
            if user:
                connection.login(user, password)
            connection.send_message(message)
    except TimeoutError as error:
        raise MailError(
            _("The mail server {server} did not answer within {seconds} seconds."),
            hint=advice,
            server=server, seconds=round(timeout),
        ) from error  # fmt: skip
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(
            _("The mail server {server} does not accept the user or the password."),
            hint=advice, server=server,
        ) from error  # fmt: skip
    except smtplib.SMTPRecipientsRefused as error:
        raise MailError(
            _("The mail server {server} refuses the address {address}."),
            hint=_("Check how the address is written."), server=server, address=to,
            code="address_refused",
        ) from error  # fmt: skip
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(
            _("The mail server {server} cannot be used: {reason}."),
            hint=advice, server=server, reason=_reason(error),
        ) from error  # fmt: skip


def compose(
    letter: Letter, to: str, *, sender: str, date: str, name: str = "Trato"
) -> EmailMessage:
    """Write a letter as a message with its two forms: plain text, and HTML for who wants it."""
    message = EmailMessage()
    message["Subject"] = letter.subject
    message["From"] = Address(name, addr_spec=sender)
    message["To"] = to
    message["Date"] = date
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Content-Language"] = letter.locale
    # Nobody's holiday notice should answer, RFC 3834.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _check_letters(server: str, user: str, password: str) -> None:
    """Refuse what smtplib cannot sign in with; its own error tells the letter and its place."""
    if not user.isascii():
        raise MailError(
            _("The mail server {server} cannot be told the user: it has letters such as ñ or á."),
            hint=_("Use only letters without accents or ñ; digits and signs are allowed too."),
            server=server, code="mail_user_letters",
        )  # fmt: skip
    if not password.isascii():
        raise MailError(
            _("The mail server {server} cannot be told the password: it has letters such as ñ or "
              "á."),
            hint=_("Choose a password without accents or ñ at the mail server (digits and signs "
                   "are allowed), and use that."),
            server=server, code="mail_password_letters",
        )  # fmt: skip


class _Deadline:
    """Keeps one conversation within its time: each answer may only take what is left of it."""

    _until: float
    sock: socket.socket | None

    def getreply(self) -> tuple[int, bytes]:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.sock is not None:
            self.sock.settimeout(left)
        try:
            return super().getreply()  # type: ignore[misc,no-any-return]
        except smtplib.SMTPServerDisconnected as error:
            # smtplib tells a silent server and one that hung up alike.
            if isinstance(error.__context__, TimeoutError):
                raise TimeoutError from error
            raise


class _Plain(_Deadline, smtplib.SMTP):
    """A connection that begins in the clear."""


class _Encrypted(_Deadline, smtplib.SMTP_SSL):
    """A connection that is encrypted from the first byte."""


def _open(place: SplitResult, timeout: float, resolve: Resolve | None) -> smtplib.SMTP:
    """Connect, and encrypt where the server can; a password never goes in the clear."""
    context = ssl.create_default_context()
    extra: dict[str, Any] = {"context": context} if place.scheme == "smtps" else {}
    made = (_Encrypted if extra else _Plain)(timeout=timeout, **extra)
    made._until = time.monotonic() + timeout
    # SMTP_SSL reads the name for the certificate here; connect() alone does not set it.
    made._host = place.hostname or ""  # type: ignore[union-attr]
    try:
        port = place.port or _port(place)
        # The very address that was looked at: a name could lead elsewhere a moment later.
        at = place.hostname or "" if resolve is None else resolve(place.hostname or "", port)
        made.connect(at, port)
        if not extra:
            made.ehlo()
            if made.has_extn("starttls"):
                made.starttls(context=context)
            elif place.username:
                raise smtplib.SMTPNotSupportedError(
                    "it offers no encryption, and the password is not sent in the clear"
                )
    except BaseException:
        made.close()
        raise
    return made


def _port(place: SplitResult) -> int:
    return 465 if place.scheme == "smtps" else 587


def _reason(error: Exception) -> str:
    """Say what a server or the network answered, in one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {said}".strip().rstrip(".")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".") or type(error).__name__
