"""A person's own page: language, password, where they are signed in."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, limits, operators, second_factor
from trato.access import store as people
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import DomainError, NotFound
from trato.mail.invitations import tell_changed
from trato.records.explaining import ADMINISTER
from trato.text import _
from trato.web import identity, regional
from trato.web.auth import SESSION_COOKIE, SignedIn, current_host
from trato.web.frame import Crumb, formats, locale, set_crumbs, translator
from trato.web.neighbours import COOKIE as LIST_COOKIE
from trato.web.plain_fields import plain_field
from trato.web.signin import lock_seconds, too_many

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def show() -> Response | str:
    """Show the person's settings and sessions."""
    if g.actor is None:
        return redirect("/")
    return _page()


def current_person() -> people.User:
    """Read the signed-in person."""
    user: SignedIn = g.user
    with transaction(current_host().engine, read=True) as connection:
        person = people.read_user(connection, user.user_id)
    if person is None:
        raise NotFound(_("There is no such person."))
    return person


def password_problem(person: people.User, password: str) -> str | None:
    """Check the present password before something weighty, and say what is wrong with it.

    Wrong ones count as wrong sign-ins, so that a stolen session cannot try them all.
    """
    host = current_host()
    bucket = f"login:{fold(person.email)}"
    with transaction(host.engine) as connection:
        allowed = limits.reserve(
            connection, {bucket: host.settings.login_attempts}, now=host.clock(),
            seconds=lock_seconds(),
        )  # fmt: skip
    if not allowed:
        return too_many()
    if not host.passwords.verify(person.password_hash, password[:1000]):
        return translator(_("This is not your present password."))
    with transaction(host.engine) as connection:
        limits.forget(connection, bucket)
    return None


def _page(errors: dict[str, str] | None = None) -> str:
    user: SignedIn = g.user
    host = current_host()
    person = current_person()
    with transaction(host.engine, read=True) as connection:
        sessions = credentials.list_sessions(
            connection, user.user_id, now=host.clock(), bound_tenant=user.bound_tenant
        )
        factor = second_factor.read(connection, user.user_id)
        operates = operators.is_operator(connection, user.user_id)
    set_crumbs(Crumb(title=translator(_("My account"))))
    wrong = errors or {}
    password_fields = [
        plain_field("current", translator(_("Present password")), kind="password", errors=wrong),
        plain_field(
            "new", translator(_("New password")), kind="password", errors=wrong,
            help=translator(_("At least {shortest} letters; a few words in a row are best."),
                            shortest=host.settings.password_min_length),
        ),
    ]  # fmt: skip
    page = {
        "title": translator(_("My account")),
        "profile": [
            {"label": translator(_("Name")), "html": person.name},
            {"label": translator(_("E-mail")), "html": person.email},
        ],
        "forms": [
            regional.form(person),
            *([] if user.bound_tenant is not None else [
                {"title": translator(_("Password")), "action": "/account/password", "errors": [],
                 "username": person.email,
                 "sections": [{"title": "", "fields": password_fields}],
                 "submit_label": translator(_("Change password"))},
            ]),
        ],
        "factor": None if user.bound_tenant is not None and not user.is_federated else factor,
        "identity": identity.of_account(user),
        "operates": operates and user.bound_tenant is None,
        "administers": user.own is not None and user.own.has(ADMINISTER),
        "sessions": [
            {
                "device": device(row.agent), "is_current": row.id == user.session_id,
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


def device(agent: str | None) -> str:
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


@blueprint.post("/password")
def change_password() -> Response | tuple[str, int]:
    """Change the password and sign out everywhere else."""
    user: SignedIn = g.user
    host = current_host()
    person = current_person()
    present, wanted = request.form.get("current", ""), request.form.get("new", "")
    problem = password_problem(person, present)
    if problem is not None:
        return _page({"current": problem}), 422
    if wanted == present:
        return _page({"new": translator(_("This is your present password already."))}), 422
    try:
        made = host.passwords.hash(wanted, unlike=(person.email, person.name))
    except DomainError as error:
        return _page({"new": host.catalogs.message(error.message, locale())}), 422
    with transaction(host.engine) as connection:
        people.set_password(connection, user.user_id, made, but=user.session_id)
    tell_changed(host, person)
    return redirect("/account")


@blueprint.post("/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> Response:
    """End one of the person's own sessions."""
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        own = credentials.list_sessions(
            connection, user.user_id, now=current_host().clock(), bound_tenant=user.bound_tenant
        )
        if session_id not in {row.id for row in own}:
            raise NotFound(_("There is no such session."))
        credentials.close_session(connection, session_id)
    return redirect("/account")


@blueprint.post("/sessions/end")
def end_sessions() -> Response:
    """Sign the person out everywhere, here too."""
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        # One that a company's provider opened ends its like, not those of other companies.
        credentials.close_all_sessions(connection, user.user_id, bound_tenant=user.bound_tenant)
    answer = redirect("/login")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    answer.delete_cookie(LIST_COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
