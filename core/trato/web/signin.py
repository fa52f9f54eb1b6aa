"""Signing in and out, and moving between the companies of a person."""

from __future__ import annotations

import logging
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, limits
from trato.access import store as people
from trato.access.operators import is_operator
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import NotFound
from trato.text import _
from trato.web import tour
from trato.web.auth import SESSION_COOKIE, SignedIn, current_host
from trato.web.frame import LOCALE_COOKIE, LOCALES, frame, locale, translator
from trato.web.neighbours import COOKIE as LIST_COOKIE

log = logging.getLogger("trato.web")
blueprint = Blueprint("signin", __name__)


@blueprint.get("/login")
def form() -> Response | str:
    """Show the form; who is signed in already goes on."""
    if g.get("user") is not None:
        return redirect(next_page())
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
    account, address = f"login:{fold(email)}", f"login@{request.remote_addr}"
    if not _reserve(account, address):
        return make_response(_page(too_many(), email), 429)
    with transaction(host.engine, read=True) as connection:
        user = people.find_user(connection, email) if email else None
    good = host.passwords.verify(None if user is None else user.password_hash, password)
    if user is None or not good or not user.is_active:
        log.warning("sign-in refused address=%s", request.remote_addr)
        message = translator(_("The e-mail or the password is not right."))
        return make_response(_page(message, email), 401)
    with transaction(host.engine) as connection:
        limits.forget(connection, account)
        limits.give_back(connection, address, now=now, seconds=lock_seconds())
        limits.sweep(connection, before=int(now.timestamp()) - 2 * 86_400)
        if user.password_hash and host.passwords.is_outdated(user.password_hash):
            people.rehash_password(connection, user.id, host.passwords.hash(password))
    return open_session(user)


def _reserve(account: str, address: str) -> bool:
    """Count an attempt to sign in before it is made."""
    host = current_host()
    most = host.settings.login_attempts
    with transaction(host.engine) as connection:
        # Many people may share an address, so it locks later than one account.
        return limits.reserve(
            connection, {account: most, address: most * 20}, now=host.clock(),
            seconds=lock_seconds(),
        )  # fmt: skip


def lock_seconds() -> int:
    """Say for how long a sign-in stays locked."""
    return current_host().settings.login_lock_minutes * 60


def too_many() -> str:
    """Say that a limit of attempts is reached."""
    return translator(
        _("Too many attempts. Wait {minutes} minutes and try again."),
        minutes=current_host().settings.login_lock_minutes,
    )


def open_session(user: people.User, *, second_step: bool = True) -> Response:
    """Sign a user in whose password, or link, was right, and lead on.

    :param second_step: ask for the code of the second factor first, where there is one.
    """
    host = current_host()
    pending = second_step and user.has_second_factor
    with transaction(host.engine) as connection:
        places = people.memberships(connection, user.id, now=host.clock())
        secret = credentials.open_session(
            connection, user_id=user.id, tenant_id=places[0].tenant_id if places else None,
            now=host.clock(), days=host.settings.session_days, address=request.remote_addr,
            agent=request.headers.get("User-Agent"), is_pending=pending,
        )  # fmt: skip
    wanted = next_page()
    answer = redirect(f"/login/code?{urlencode({'next': wanted})}" if pending else wanted)
    _set_cookie(answer, secret)
    return answer


def _set_cookie(answer: Response, secret: str) -> None:
    host = current_host()
    answer.set_cookie(
        SESSION_COOKIE, secret, max_age=host.settings.session_days * 86_400, httponly=True,
        samesite="Lax", secure=host.settings.resolve_cookie_secure(request.host_url), path="/",
    )  # fmt: skip


def next_page() -> str:
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
    answer.delete_cookie(LIST_COOKIE)
    # Nothing of the tenant stays in the browser.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.post("/tenant")
def enter_tenant() -> Response:
    """Make another company of the person the active one."""
    user: SignedIn = g.user
    wanted = request.form.get("tenant", "")
    with transaction(current_host().engine) as connection:
        found = people.memberships(connection, user.user_id, now=current_host().clock())
        places = {str(place.tenant_id): place for place in found}
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
            places = people.memberships(connection, user.user_id, now=current_host().clock())
            if places and user.session_id is not None:
                credentials.enter_tenant(connection, user.session_id, places[0].tenant_id)
                return redirect("/")
            found = people.read_user(connection, user.user_id)
            operates = is_operator(connection, user.user_id)
        page = {"email": found.email if found else "", "operates": operates}
        return render_template("no_tenant.html", page=page)
    around = frame()
    first = next(
        (entry["url"] for menu in (around.menus if around else []) for entry in menu["entries"]),
        "/account",
    )
    return tour.begin(redirect(first))
