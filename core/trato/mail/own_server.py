"""Letters of a company that has a mail server of its own; all others go by the installation's."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from trato.configuration.sealed import read_secret
from trato.errors import TratoError
from trato.host import Host
from trato.mail.letters import Letter
from trato.mail.sending import MailError, missing_settings, send
from trato.settings import Settings
from trato.sync.http import Http
from trato.tenancy.view import TenantView
from trato.text import _


def has_own_server(view: TenantView) -> bool:
    """Tell whether a company has named a server and a sender."""
    return bool(view.settings.get(("core", "mail_server"))
                and view.settings.get(("core", "mail_from")))  # fmt: skip


def lacking(host: Host, view: TenantView) -> list[str]:
    """Name what mail of a company still needs; see ``missing_settings``."""
    return missing_settings(_settings(host, view))


def send_for(host: Host, view: TenantView, letter: Letter, to: str) -> None:
    """Hand a letter of a company to its server.

    A server in the private network is used only where the operator lists it, as with every
    address that a company names.

    :raises MailError: see ``send``; also when the server may not be reached.
    """
    settings = _settings(host, view)
    if not has_own_server(view):
        send(settings, letter, to, clock=host.clock)
        return
    http = Http(private_hosts=host.settings.private_hosts)

    def resolve(name: str, port: int) -> str:
        try:
            return str(http.resolve(name, port))
        except TratoError as error:
            raise MailError(
                error.message.text, hint=error.hint.text, **error.message.params
            ) from error

    send(
        settings, letter, to, clock=host.clock, resolve=resolve, sender_name=view.tenant.name,
        advice=_("Check the mail server in the administration."),
    )  # fmt: skip


def _settings(host: Host, view: TenantView) -> Settings:
    """Give the installation's settings with the company's own server and sender in them."""
    if not has_own_server(view):
        return host.settings
    server = str(view.settings["core", "mail_server"])
    user = view.settings.get(("core", "mail_user"))
    login = ""
    if user:
        password = read_secret(host, view, "core", "mail_password") or ""
        login = f"{quote(str(user), safe='')}:{quote(password, safe='')}@"
    scheme = "smtps" if server.endswith(":465") else "smtp"
    return replace(
        host.settings, smtp_url=f"{scheme}://{login}{server}",
        mail_from=str(view.settings["core", "mail_from"]),
    )  # fmt: skip
