"""The second step of signing in: the code of an authenticator app, or a recovery code."""

from __future__ import annotations

import logging

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, limits, second_factor
from trato.access import store as people
from trato.access.sealing import Sealer
from trato.db.engine import transaction
from trato.text import _
from trato.web.auth import SESSION_COOKIE, current_host
from trato.web.frame import locale, translator
from trato.web.signin import lock_seconds, next_page, open_session, too_many

log = logging.getLogger("trato.web")
blueprint = Blueprint("signin_code", __name__)


def sealer() -> Sealer:
    """Give what seals the secrets of second factors."""
    return Sealer(current_host().secret_keys, purpose=second_factor.PURPOSE)


def _waiting() -> credentials.SessionRow | None:
    """Find the session of this browser that waits for the code."""
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        return credentials.find_session(
            connection, request.cookies.get(SESSION_COOKIE, ""), now=host.clock(), is_pending=True
        )


@blueprint.get("/login/code")
def form() -> Response | str:
    """Ask for the code."""
    if g.get("user") is not None:
        return redirect(next_page())
    return redirect("/login") if _waiting() is None else _page()


def _page(error: str = "") -> str:
    field = {
        "name": "code", "label": translator(_("Code")), "type": "text", "error": error,
        "autocomplete": "one-time-code", "maxlength": 40,
        "help": translator(_("Six figures of your authenticator app, or a recovery code.")),
    }  # fmt: skip
    page = {
        "title": translator(_("One more step")),
        "text": translator(_("Open the authenticator app of your phone and type the code that it "
                             "shows for Trato.")),
        "action": "/login/code", "fields": [field], "submit": translator(_("Go on")),
        "hidden": {"next": next_page()},
        "link": {"label": translator(_("Sign in as somebody else")), "url": "/login"},
    }  # fmt: skip
    return render_template("sign_step.html", page=page)


@blueprint.post("/login/code")
def check() -> Response:
    """Check the code; each works once, and wrong ones lock the step for a while."""
    host = current_host()
    now = host.clock()
    waiting = _waiting()
    if waiting is None:
        return redirect("/login")
    bucket = f"code:{waiting.user_id}"
    with transaction(host.engine) as connection:
        allowed = limits.reserve(
            connection, {bucket: host.settings.login_attempts}, now=now, seconds=lock_seconds()
        )
    if not allowed:
        return make_response(_page(too_many()), 429)
    try:
        with transaction(host.engine) as connection:
            second_factor.check(
                connection, waiting.user_id, request.form.get("code", "")[:100], sealer(), now=now
            )
            limits.forget(connection, bucket)
            # The browser gets a new secret: whoever saw the pending one has nothing.
            credentials.close_session(connection, waiting.id)
            user = people.read_user(connection, waiting.user_id)
    except second_factor.WrongCode as error:
        log.warning("second step refused address=%s", request.remote_addr)
        return make_response(_page(host.catalogs.message(error.message, locale())), 401)
    if user is None:
        return redirect("/login")
    bound = None
    if waiting.bound_tenant is not None:
        bound = host.for_tenant(waiting.bound_tenant, version=waiting.tenant_version)
    return open_session(user, second_step=False, bound=bound)
