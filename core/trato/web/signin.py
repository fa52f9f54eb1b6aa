"""Signing in and out, and moving between the companies of a person."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, limits
from trato.access import store as people
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import NotFound
from trato.text import _
from trato.web.auth import SESSION_COOKIE, SignedIn, current_host
from trato.web.frame import LOCALE_COOKIE, LOCALES, frame, locale, translator

log = logging.getLogger("trato.web")
blueprint = Blueprint("signin", __name__)


@blueprint.get("/login")
def form() -> Response | str:
    """Show the form; who is signed in already goes on."""
    if g.get("user") is not None:
        return redirect(_next())
    if request.args.get("lang") in [code for code, _name in LOCALES]:
        answer = make_response(redirect("/login"))
        answer.set_cookie(LOCALE_COOKIE, request.args["lang"], max_age=31_536_000, samesite="Lax")
        return answer
    return _page()


def _page(error: str = "", email: str = "") -> str:
    others = [
        {"code": code, "label": name, "url": f"/login?lang={code}"}
        for code, name in LOCALES
        if code != locale()
    ]
    wanted = request.values.get("next", "")
    return render_template(
        "login.html",
        page={"error": error, "email": email, "next": wanted, "locales": others},
    )


@blueprint.post("/login")
def sign_in() -> Response:
    """Check e-mail and password; a locked sign-in says so without telling who exists."""
    host = current_host()
    email = request.form.get("email", "").strip()[:254]
    password = request.form.get("password", "")[:1000]
    now = host.clock()
    seconds = host.settings.login_lock_minutes * 60
    window = limits.window_start(now, seconds)
    since = window - seconds
    buckets = (f"login:{fold(email)}", f"login@{request.remote_addr}")
    # Many people may share an address, so it locks later than one account.
    allowed = (host.settings.login_attempts, host.settings.login_attempts * 20)
    with transaction(host.engine, read=True) as connection:
        tried = [limits.count(connection, bucket, since=since) for bucket in buckets]
        user = people.find_user(connection, email) if email else None
    if any(count >= most for count, most in zip(tried, allowed, strict=True)):
        message = translator(
            _("Too many attempts. Wait {minutes} minutes and try again."),
            minutes=host.settings.login_lock_minutes,
        )
        return make_response(_page(message, email), 429)
    good = host.passwords.verify(None if user is None else user.password_hash, password)
    if user is None or not good or not user.is_active:
        with transaction(host.engine) as connection:
            for bucket in buckets:
                limits.add(connection, bucket, window=window)
        log.warning("sign-in refused address=%s", request.remote_addr)
        message = translator(_("The e-mail or the password is not right."))
        return make_response(_page(message, email), 401)
    with transaction(host.engine) as connection:
        limits.forget(connection, buckets[0])
        limits.sweep(connection, before=since - 86_400)
        places = people.memberships(connection, user.id)
        if user.password_hash and host.passwords.is_outdated(user.password_hash):
            people.rehash_password(connection, user.id, host.passwords.hash(password))
        secret = credentials.open_session(
            connection, user_id=user.id, tenant_id=places[0].tenant_id if places else None,
            now=now, days=host.settings.session_days, address=request.remote_addr,
            agent=request.headers.get("User-Agent"),
        )  # fmt: skip
    answer = redirect(_next())
    _set_cookie(answer, secret)
    return answer


def _set_cookie(answer: Response, secret: str) -> None:
    host = current_host()
    answer.set_cookie(
        SESSION_COOKIE, secret, max_age=host.settings.session_days * 86_400, httponly=True,
        samesite="Lax", secure=host.settings.resolve_cookie_secure(request.host_url), path="/",
    )  # fmt: skip


def _next() -> str:
    """Give the page that was asked for before sign-in, if it is one of ours."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours and not parts.scheme and not parts.netloc and "\\" not in wanted else "/"


@blueprint.post("/logout")
def sign_out() -> Response:
    """End the session, here and in the table."""
    user: SignedIn | None = g.get("user")
    if user is not None and user.session_id is not None:
        with transaction(current_host().engine) as connection:
            credentials.close_session(connection, user.session_id)
    answer = redirect("/login")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    # Nothing of the tenant stays in the browser.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.post("/tenant")
def enter_tenant() -> Response:
    """Make another company of the person the active one."""
    user: SignedIn = g.user
    wanted = request.form.get("tenant", "")
    with transaction(current_host().engine) as connection:
        places = {str(m.tenant_id): m for m in people.memberships(connection, user.user_id)}
        place = places.get(wanted)
        if place is None or user.session_id is None:
            raise NotFound(_("There is no such company."))
        credentials.enter_tenant(connection, user.session_id, place.tenant_id)
    return redirect("/")


@blueprint.get("/")
def start() -> Response | str:
    """Lead to the first menu entry."""
    user: SignedIn = g.user
    if user.actor is None:
        with transaction(current_host().engine) as connection:
            places = people.memberships(connection, user.user_id)
            if places and user.session_id is not None:
                credentials.enter_tenant(connection, user.session_id, places[0].tenant_id)
                return redirect("/")
            found = people.read_user(connection, user.user_id)
        return render_template("no_tenant.html", page={"email": found.email if found else ""})
    around = frame()
    first = next(
        (entry["url"] for menu in (around.menus if around else []) for entry in menu["entries"]),
        "/account",
    )
    return redirect(first)
