"""The second step in one's own account: set up, recovery codes, take away."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, g, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from trato.access import limits, second_factor
from trato.db.engine import transaction
from trato.text import _
from trato.web.account import current_person, password_problem
from trato.web.auth import SignedIn, current_host
from trato.web.frame import Crumb, locale, set_crumbs, translator
from trato.web.plain_fields import plain_field
from trato.web.signin import lock_seconds, too_many
from trato.web.signin_code import sealer

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")


@blueprint.get("")
def show() -> str:
    """Show how the second step stands, or how to set it up."""
    return _page()


def _page(errors: dict[str, str] | None = None) -> str:
    user: SignedIn = g.user
    wrong = errors or {}
    with transaction(current_host().engine) as connection:
        factor = second_factor.read(connection, user.user_id)
        secret = "" if factor.is_on else second_factor.begin(connection, user.user_id, sealer())
    email = current_person().email
    page: dict[str, Any] = {
        "is_demanded": user.lacks_second_factor, "factor": factor, "email": email,
    }  # fmt: skip
    if secret:
        uri = second_factor.enrolment_uri(secret, email=email)
        page |= {
            "qr": _qr(uri),
            "error": wrong.get("code", ""),
            "key": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        }
    else:
        page["forms"] = [
            {
                "action": f"/account/second-factor/{action}", "title": translator(title),
                "text": translator(text), "submit": translator(submit), "look": look,
                "field": _proof(user, wrong.get(action, "")),
                "id": action,
            }
            for action, title, text, submit, look in (
                ("codes", _("New recovery codes"),
                 _("The ones you have now will no longer work."), _("Make new codes"), "t-btn"),
                ("remove", _("Take the second step away"),
                 _("From then on the password alone lets you in. Do this also to change to "
                   "another phone."), _("Take away"), "t-danger"),
            )
        ]  # fmt: skip
    return _render("second_factor.html", page)


def _proof(user: SignedIn, wrong: str) -> dict[str, Any]:
    """Describe what is asked for before something weighty: the password, where there is one."""
    if user.is_federated:
        return plain_field("current", translator(_("Code")), errors={"current": wrong},
                           maxlength=40)  # fmt: skip
    return plain_field("current", translator(_("Present password")), kind="password",
                       errors={"current": wrong})  # fmt: skip


def _render(template: str, page: dict[str, Any]) -> str:
    page["title"] = translator(_("Second step at sign-in"))
    set_crumbs(Crumb(title=translator(_("My account")), url="/account"), Crumb(title=page["title"]))
    return render_template(template, page=page)


def _qr(uri: str) -> Markup:
    """Draw a code as SVG; always dark on light, as not every app reads the other way."""
    drawn = segno.make(uri, error="m").svg_inline(
        omitsize=True, border=3, dark="#16211f", light="#ffffff", svgclass="t-qr", lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - squares, drawn here


@blueprint.post("")
def set_up() -> tuple[str, int] | str:
    """Switch the second step on with a first code, and show the recovery codes once."""
    user: SignedIn = g.user
    host = current_host()
    if not _may_try(user):
        return _page({"code": too_many()}), 429
    try:
        with transaction(host.engine) as connection:
            codes = second_factor.confirm(
                connection, user.user_id, request.form.get("code", "")[:20], sealer(),
                now=host.clock(),
            )  # fmt: skip
            limits.forget(connection, f"code:{user.user_id}")
    except second_factor.WrongCode as error:
        return _page({"code": host.catalogs.message(error.message, locale())}), 422
    return _render("recovery_codes.html", {"codes": codes})


@blueprint.post("/codes")
def renew_codes() -> tuple[str, int] | str:
    """Make new recovery codes and show them once."""
    problem = _password_problem()
    if problem is not None:
        return _page({"codes": problem}), 422
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        if not second_factor.read(connection, user.user_id).is_on:
            codes = []
        else:
            codes = second_factor.renew_recovery(connection, user.user_id)
    return _render("recovery_codes.html", {"codes": codes}) if codes else _page()


@blueprint.post("/remove")
def remove() -> Response | tuple[str, int]:
    """Take the second step away."""
    problem = _password_problem()
    if problem is not None:
        return _page({"remove": problem}), 422
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        second_factor.remove(connection, user.user_id)
    return redirect("/account/second-factor" if _is_demanded(user) else "/account")


def _is_demanded(user: SignedIn) -> bool:
    return user.own is not None and any(grant.second_factor for grant in user.own.grants)


def _password_problem() -> str | None:
    user: SignedIn = g.user
    if user.is_federated:
        return _code_problem(user, request.form.get("current", ""))
    return password_problem(current_person(), request.form.get("current", ""))


def _code_problem(user: SignedIn, code: str) -> str | None:
    """Check a code of the second step, and say what is wrong with it."""
    host = current_host()
    if not _may_try(user):
        return too_many()
    try:
        with transaction(host.engine) as connection:
            second_factor.check(connection, user.user_id, code[:100], sealer(), now=host.clock())
            limits.forget(connection, f"code:{user.user_id}")
    except second_factor.WrongCode as error:
        return host.catalogs.message(error.message, locale())
    return None


def _may_try(user: SignedIn) -> bool:
    """Count a code that is tried, unless too many were."""
    host = current_host()
    with transaction(host.engine) as connection:
        return limits.reserve(
            connection, {f"code:{user.user_id}": host.settings.login_attempts},
            now=host.clock(), seconds=lock_seconds(),
        )  # fmt: skip
