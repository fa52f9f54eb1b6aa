"""Signing in and out, and moving between the companies of a person."""

from __future__ import annotations

import logging
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, limits
from trato.access import store as people
from trato.access.actor import Actor
from trato.access.operators import is_operator
from trato.administration import MEMBER, record_act
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import NotFound
from trato.tenancy.sign_in import may_enter_by, policy
from trato.tenancy.view import Member, TenantView
from trato.text import _
from trato.web import doors, tour
from trato.web.auth import SESSION_COOKIE, SignedIn, current_host, member_of
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
    page = {"error": error, "email": email, "next": wanted, "locales": others}
    return render_template("login.html", page=page | doors.offer())


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


def reserve_place() -> bool:
    """Count an attempt that names no account: by the address it comes from."""
    host = current_host()
    with transaction(host.engine) as connection:
        return limits.reserve(
            connection, {f"login@{request.remote_addr}": host.settings.login_attempts * 20},
            now=host.clock(), seconds=lock_seconds(),
        )  # fmt: skip


def give_back_place(count: int = 1) -> None:
    """Take attempts back that went well."""
    host = current_host()
    with transaction(host.engine) as connection:
        for _attempt in range(count):
            limits.give_back(
                connection, f"login@{request.remote_addr}", now=host.clock(),
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


def open_session(
    user: people.User, *, second_step: bool = True, bound: TenantView | None = None,
    wanted: str | None = None,
) -> Response:  # fmt: skip
    """Sign a user in whose password, or link, was right, or whom a provider has named.

    :param second_step: ask for the code of the second factor first, where there is one.
    :param bound: the company whose provider has named the user; the session reaches no other.
    :param wanted: path of ours to lead on to; none: the one that the form carries.
    """
    host = current_host()
    pending = second_step and user.has_second_factor
    if bound is None:
        place, hours = _first_place(user.id, may_wait=pending), None
    else:
        place, hours = bound.tenant.id, policy(bound).hours
    with transaction(host.engine) as connection:
        secret = credentials.open_session(
            connection, user_id=user.id, tenant_id=place, now=host.clock(),
            days=host.settings.session_days, address=request.remote_addr,
            agent=request.headers.get("User-Agent"), is_pending=pending, bound_hours=hours,
        )  # fmt: skip
    if wanted is None:
        wanted = next_page()
    answer = redirect(f"/login/code?{urlencode({'next': wanted})}" if pending else wanted)
    _set_cookie(answer, secret)
    return answer


def _first_place(user_id: UUID, *, may_wait: bool = False) -> int | None:
    """Choose the company that a password opens; an emergency account's entry is noted.

    :param may_wait: the code of the second step is still to come, and then this is asked again.
    """
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        places = people.memberships(connection, user_id, now=host.clock())
    for place in places:
        view = host.for_tenant(place.tenant_id)
        member = member_of(view, user_id, now=host.clock())
        if member is not None and may_enter_by(view, member, bound=None):
            if not may_wait:
                _note_emergency(view, member)
            return place.tenant_id
    return None


def _note_emergency(view: TenantView, member: Member) -> None:
    """Write into the audit that a password opened a company whose people have none."""
    if not policy(view).closes_passwords:
        return
    host = current_host()
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        people.lock_member(connection, view.tenant.id, member.id)
        record_act(
            host, connection, Actor(view=view, member=member, via="page"), entity=MEMBER,
            name=member.name, record_id=member.id, action="emergency_sign_in",
        )  # fmt: skip


def _needs_second_step(user: SignedIn, view: TenantView) -> bool:
    """Tell whether a company will demand a second step that the account does not have yet."""
    if user.has_second_factor or policy(view).trusts_second_step:
        return False
    member = member_of(view, user.user_id, now=current_host().clock())
    roles = () if member is None else member.roles
    return any(view.roles[key].second_factor for key in roles if key in view.roles)


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
    answer = redirect("/login" if user is None or user.bound_tenant is None else "/login?left=1")
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
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        found = people.memberships(connection, user.user_id, now=host.clock())
    place = next((place for place in found if str(place.tenant_id) == wanted), None)
    if place is None or user.session_id is None:
        raise NotFound(_("There is no such company."))
    view = host.for_tenant(place.tenant_id)
    member = member_of(view, user.user_id, now=host.clock())
    if member is not None and not may_enter_by(view, member, bound=None):
        return redirect(doors.path_of(view.tenant))
    if member is not None:
        _note_emergency(view, member)
    with transaction(host.engine) as connection:
        credentials.enter_tenant(connection, user.session_id, place.tenant_id)
    return redirect("/")


@blueprint.get("/")
def start() -> Response | str:
    """Lead to the first menu entry."""
    user: SignedIn = g.user
    if user.actor is None:
        if user.bound_tenant is None and user.session_id is not None:
            place = _first_place(user.user_id)
            with transaction(current_host().engine) as connection:
                places = people.memberships(connection, user.user_id, now=current_host().clock())
                if place is not None:
                    credentials.enter_tenant(connection, user.session_id, place)
                    return redirect("/")
            if places:
                # All of them are entered through their providers only.
                view = current_host().for_tenant(places[0].tenant_id)
                if _needs_second_step(user, view):
                    # A provider's session may not set it up: it does not rule the account.
                    return redirect("/account/second-factor")
                return redirect(doors.path_of(view.tenant))
        with transaction(current_host().engine, read=True) as connection:
            found = people.read_user(connection, user.user_id)
            operates = user.bound_tenant is None and is_operator(connection, user.user_id)
        page = {"email": found.email if found else "", "operates": operates}
        return render_template("no_tenant.html", page=page)
    around = frame()
    first = next(
        (entry["url"] for menu in (around.menus if around else []) for entry in menu["entries"]),
        "/account",
    )
    return tour.begin(redirect(first))
