"""A person's own page: language, password, where they are signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials
from trato.access import store as people
from trato.db.engine import transaction
from trato.errors import DomainError, NotFound
from trato.text import _
from trato.web.auth import SignedIn, current_host
from trato.web.frame import LOCALES, Crumb, formats, set_crumbs, translator

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def show() -> str:
    """Show the person's settings and sessions."""
    return _page()


def _page(errors: dict[str, str] | None = None) -> str:
    user: SignedIn = g.user
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        person = people.read_user(connection, user.user_id)
        sessions = credentials.list_sessions(connection, user.user_id, now=host.clock())
    if person is None:
        raise NotFound(_("There is no such person."))
    set_crumbs(Crumb(title=translator(_("My account"))))
    wrong = errors or {}
    password_fields = [
        _secret("current", translator(_("Present password")), wrong),
        _secret("new", translator(_("New password")), wrong,
                translator(_("At least {shortest} letters; a few words in a row are best."),
                           shortest=host.settings.password_min_length)),
    ]  # fmt: skip
    language = {
        "name": "locale", "label": translator(_("Language")), "kind": "choice",
        "value": person.locale or (g.actor.locale if g.actor else "es"), "required": True,
        "choices": list(LOCALES), "errors": [], "help": "", "readonly": False,
        "reference": None, "multiple": False, "unit": None, "maxlength": None,
    }  # fmt: skip
    page = {
        "title": translator(_("My account")),
        "profile": [
            {"label": translator(_("Name")), "html": person.name},
            {"label": translator(_("E-mail")), "html": person.email},
        ],
        "forms": [
            {"title": translator(_("Language")), "action": "/account/locale", "errors": [],
             "sections": [{"title": "", "fields": [language]}],
             "submit_label": translator(_("Save language"))},
            {"title": translator(_("Password")), "action": "/account/password", "errors": [],
             "sections": [{"title": "", "fields": password_fields}],
             "submit_label": translator(_("Change password"))},
        ],
        "sessions": [
            {
                "device": _device(row.agent), "is_current": row.id == user.session_id,
                "detail": translator(
                    _("{address} · last used {when}"), address=row.address or "-",
                    when=formats().relative(row.seen_at),
                ),
                "end_url": f"/account/sessions/{row.id}/end",
            }
            for row in sessions
        ],
    }  # fmt: skip
    return render_template("account.html", page=page)


def _secret(name: str, label: str, wrong: dict[str, str], help: str = "") -> dict[str, Any]:
    return {
        "name": name, "label": label, "kind": "password", "value": "", "required": True,
        "help": help, "errors": [wrong[name]] if name in wrong else [], "choices": None,
        "readonly": False, "reference": None, "multiple": False, "unit": None, "maxlength": None,
    }  # fmt: skip


def _device(agent: str | None) -> str:
    """Name a device by its browser's own words, roughly."""
    text = agent or ""
    system = next(
        (name for name in ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")
         if name in text), "",
    )  # fmt: skip
    browser = next(
        (name for mark, name in (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
                                 ("Safari/", "Safari")) if mark in text), "",
    )  # fmt: skip
    return " · ".join(part for part in (browser, system) if part) or translator(_("Unknown device"))


@blueprint.post("/locale")
def change_locale() -> Response:
    """Keep the person's language, in every company."""
    chosen = request.form.get("locale", "")
    if chosen not in [code for code, _name in LOCALES]:
        raise DomainError(_("There is no language '{code}'."), code="no_locale")
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        people.set_locale(connection, user.user_id, chosen)
    return redirect("/account")


@blueprint.post("/password")
def change_password() -> Response | tuple[str, int]:
    """Change the password and sign out everywhere else."""
    user: SignedIn = g.user
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        person = people.read_user(connection, user.user_id)
    if person is None or not host.passwords.verify(
        person.password_hash, request.form.get("current", "")
    ):
        return _page({"current": translator(_("This is not your present password."))}), 422
    try:
        made = host.passwords.hash(request.form.get("new", ""))
    except DomainError as error:
        return _page({"new": host.catalogs.message(error.message, g.actor.locale)}), 422
    with transaction(host.engine) as connection:
        people.set_password(connection, user.user_id, made, but=user.session_id)
    return redirect("/account")


@blueprint.post("/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> Response:
    """End one of the person's own sessions."""
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        own = credentials.list_sessions(connection, user.user_id, now=current_host().clock())
        if session_id not in {row.id for row in own}:
            raise NotFound(_("There is no such session."))
        credentials.close_session(connection, session_id)
    return redirect("/account")
