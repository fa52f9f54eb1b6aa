"""The company's mail: its own server and sender, and a letter to try them."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from trato.errors import TratoError
from trato.mail import letters, own_server
from trato.tenancy.core_settings import MAIL_SETTINGS
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, told
from trato.web.admin.plugin_settings import keep_sent, widgets_of
from trato.web.auth import current_host
from trato.web.frame import locale, translator

#: Which field is wrong, by the error of a letter.
_FIELDS = {"mail_user_letters": "mail_user", "mail_password_letters": "mail_password"}


@blueprint.get("/mail")
def show_mail() -> str:
    """Show by which server the company's letters go."""
    return _page({})


@blueprint.post("/mail")
def save_mail() -> Response | tuple[str, int]:
    """Keep the server; a password that is left empty stays, unless the server changes."""
    typed, wrong, rest = keep_sent("core", MAIL_SETTINGS)
    if wrong or rest:
        return _page(typed, wrong, rest), 422
    return done("mail", _("The mail server is saved. Send yourself a letter to try it."))


@blueprint.post("/mail/test")
def try_mail() -> Response | tuple[str, int]:
    """Send the administrator a letter, or say what the server said."""
    host, actor = current_host(), admin()
    if actor.member is None:
        return _page({}), 422
    name, email = actor.member.name, actor.member.email
    url = host.settings.public_url or request.host_url
    draft = letters.trial(name=name, tenant=actor.view.tenant.name, url=url)
    try:
        letter = letters.write(draft, host.catalogs, locale())
        own_server.send_for(host, actor.view, letter, email)
    except TratoError as error:
        field = _FIELDS.get(error.code)
        if field is not None and own_server.has_own_server(actor.view):
            return _page({}, {field: told(error)}), 422
        return _page({}, rest=told(error)), 422
    return done("mail", _("The letter is on its way to {email}."), email=email)


def _page(
    typed: dict[str, Any], wrong: dict[str, list[str]] | None = None,
    rest: list[str] | None = None,
) -> str:  # fmt: skip
    host, view = current_host(), admin().view
    fields = [
        field
        for setting in MAIL_SETTINGS
        for field in widgets_of("core", setting, typed, (wrong or {}).get(setting.key, []))
    ]
    return page(
        "admin_mail.html", active="mail", title=translator(_("E-mail")), errors=rest or [],
        action=f"{ROOT}/mail", sections=[{"title": "", "fields": fields}],
        lacking=own_server.lacking(host, view), is_own=own_server.has_own_server(view),
        email=member.email if (member := admin().member) is not None else "",
    )  # fmt: skip
