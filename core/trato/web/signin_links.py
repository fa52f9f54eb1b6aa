"""A new password by e-mail, and accepting an invitation."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import limits, links
from trato.access import store as people
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import DomainError
from trato.mail.invitations import ask_reset, tell_changed
from trato.mail.sending import missing_settings
from trato.text import _
from trato.web.auth import current_host
from trato.web.frame import locale, translator
from trato.web.signin import open_session

log = logging.getLogger("trato.web")
blueprint = Blueprint("signin_links", __name__)

#: Keeps a link's secret out of the addresses, and so out of logs and of other sites.
LINK_COOKIE = "trato_link"
#: Letters for a new password within an hour or two: to one address, and asked from one place.
_PER_EMAIL, _PER_PLACE, _HOUR = 3, 30, 3600


@blueprint.get("/login/forgot")
def forgot() -> str:
    """Ask for the e-mail address; without mail set up, say whom to ask instead."""
    return _forgot_page()


def _forgot_page(error: str = "", email: str = "") -> str:
    if missing_settings(current_host().settings):
        page: dict[str, Any] = {
            "text": translator(_("This installation of Trato sends no mail yet. Ask who runs it in "
                                 "your company for a new password.")),
        }  # fmt: skip
    else:
        page = {
            "text": translator(_("Write the e-mail you sign in with. If it has an account, a link "
                                 "to choose a new password will arrive.")),
            "action": "/login/forgot", "submit": translator(_("Send the link")),
            "fields": [{
                "name": "email", "label": translator(_("E-mail")), "type": "email",
                "value": email, "error": error, "autocomplete": "username", "maxlength": 254,
            }],
        }  # fmt: skip
    page |= {"title": translator(_("Forgotten password")), "link": _back()}
    return render_template("sign_step.html", page=page)


def _back() -> dict[str, str]:
    return {"label": translator(_("Back to sign in")), "url": "/login"}


@blueprint.post("/login/forgot")
def send_link() -> Response | str:
    """Send the link; the answer is the same whether somebody has the address or not."""
    host = current_host()
    email = request.form.get("email", "").strip()[:254]
    if missing_settings(host.settings) or "@" not in email:
        return _forgot_page(translator(_("Write an e-mail address.")), email)
    with transaction(host.engine) as connection:
        allowed = limits.reserve(
            connection,
            {f"reset:{fold(email)}": _PER_EMAIL, f"reset@{request.remote_addr}": _PER_PLACE},
            now=host.clock(), seconds=_HOUR,
        )  # fmt: skip
        if allowed:
            ask_reset(host, connection, email)
    if not allowed:
        return make_response(
            _forgot_page(translator(_("Too many requests. Try again in an hour.")), email), 429
        )
    page = {
        "title": translator(_("Look into your mail")),
        "text": translator(_("If {email} has an account, a link to choose a new password is on "
                             "its way. It works for {hours} hours."),
                           email=email, hours=int(links.LIFETIME["reset"].total_seconds()) // 3600),
        "link": _back(),
    }  # fmt: skip
    return render_template("sign_step.html", page=page)


@blueprint.get("/login/link")
def follow() -> Response:
    """Take the secret out of the address at once; programs that look at mails use nothing up."""
    host = current_host()
    answer = redirect("/login/password")
    answer.set_cookie(
        LINK_COOKIE, request.args.get("key", "")[:100], max_age=3600, httponly=True,
        samesite="Lax", secure=host.settings.resolve_cookie_secure(request.host_url),
        path="/login",
    )  # fmt: skip
    return answer


def _link() -> links.Link | None:
    host = current_host()
    secret = request.cookies.get(LINK_COOKIE, "")
    with transaction(host.engine, read=True) as connection:
        return links.find(connection, secret, now=host.clock()) if secret else None


@blueprint.get("/login/password")
def choose() -> Response | str:
    """Ask for the new password, and for the name of who is new."""
    link = _link()
    return _used_up() if link is None else _choose_page(link)


def _used_up() -> Response:
    page = {
        "title": translator(_("This link no longer works")),
        "text": translator(_("It was used already, or its time is over. Ask for a new one; for an "
                             "invitation, ask the administrator of your company.")),
        "link": {"label": translator(_("Forgotten password")), "url": "/login/forgot"},
    }  # fmt: skip
    answer = make_response(render_template("sign_step.html", page=page), 410)
    answer.delete_cookie(LINK_COOKIE, path="/login")
    return answer


def _choose_page(link: links.Link, *, name: str | None = None, error: str = "") -> str:
    is_new = link.kind == "invitation"
    fields = [
        {"name": "email", "label": translator(_("E-mail")), "type": "email", "value": link.email,
         "autocomplete": "username", "readonly": True},
        {"name": "name", "label": translator(_("Your name")), "type": "text", "maxlength": 200,
         "value": link.name if name is None else name, "autocomplete": "name",
         "error": translator(_("Write your name.")) if name == "" else ""},
        {"name": "password", "label": translator(_("New password")), "type": "password",
         "autocomplete": "new-password", "maxlength": 1000, "error": error,
         "help": translator(_("At least {shortest} letters; a few words in a row are best."),
                            shortest=current_host().settings.password_min_length)},
    ]  # fmt: skip
    page = {
        "title": translator(_("Welcome to Trato") if is_new else _("Choose a new password")),
        "text": translator(
            _("Say how you are called and choose a password; that is all.") if is_new else
            _("With it you sign in from now on. Your other devices will be signed out.")
        ),
        "action": "/login/password", "submit": translator(_("Save and enter")),
        "fields": fields if is_new else [fields[0], fields[2]],
    }  # fmt: skip
    return render_template("sign_step.html", page=page)


@blueprint.post("/login/password")
def save() -> Response | tuple[str, int]:
    """Keep the new password, use the link up, and sign in."""
    host = current_host()
    link = _link()
    if link is None:
        return _used_up()
    is_new = link.kind == "invitation"
    name = request.form.get("name", "").strip()[:200] if is_new else link.name
    password = request.form.get("password", "")
    if not name:
        return _choose_page(link, name=""), 422
    try:
        made = host.passwords.hash(password, unlike=(link.email, name))
    except DomainError as error:
        text = host.catalogs.message(error.message, locale())
        return _choose_page(link, name=name, error=text), 422
    with transaction(host.engine) as connection:
        if not links.use(connection, link, now=host.clock()):
            return _used_up()
        people.set_password(connection, link.user_id, made)
        if is_new:
            people.rename(connection, link.user_id, name)
        limits.forget(connection, f"login:{fold(link.email)}")
        user = people.read_user(connection, link.user_id)
    if user is None:
        return _used_up()
    if not is_new:
        tell_changed(host, user)
    # The link proves the mailbox, not the phone: the second step is still asked for.
    answer = open_session(user)
    answer.delete_cookie(LINK_COOKIE, path="/login")
    return answer
