"""Companies of the installation, for its operators: make one, close one, open it again.

For everybody without the operator's mark there is nothing here.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato import administration
from trato.access.operators import is_operator
from trato.entities.fold import fold
from trato.errors import TenantError, TratoError
from trato.lifecycle.closing import close_tenant, open_tenant
from trato.mail.invitations import Invitation, found_by_invitation
from trato.mail.sending import missing_settings
from trato.tenancy.view import Tenant
from trato.text import _
from trato.web.account import current_person, password_problem
from trato.web.auth import SignedIn, current_host, reading
from trato.web.frame import Crumb, formats, locale, set_crumbs, translator
from trato.web.plain_fields import plain_field

ROOT = "/host/companies"
blueprint = Blueprint("installation", __name__, url_prefix=ROOT)

#: Companies on one page; a search finds the others.
_MOST = 100
#: A licence is a few hundred bytes; what is larger is another file.
_LARGEST = 64 * 1024
#: Field at which a refusal stands, by the error's code.
_FIELD_OF = {"bad_email": "email", "tenant": "slug", "tenant_exists": "slug"}


def may_operate(user: SignedIn | None) -> bool:
    """Tell whether a signed-in person has the operator's mark.

    A token never has, nor a session that a company's identity provider opened: whoever rules the
    provider would rule the installation.
    """
    if user is None or user.session_id is None or user.is_viewing:
        return False
    if user.bound_tenant is not None:
        return False
    with reading().connection() as connection:
        return is_operator(connection, user.user_id)


@blueprint.before_request
def _check() -> Response | None:
    """Let operators in, and only with a second step."""
    user: SignedIn | None = g.get("user")
    if not may_operate(user):
        raise HttpNotFound
    if user is not None and not user.has_second_factor:
        return redirect("/account/second-factor")
    return None


@blueprint.get("")
def show() -> str:
    """List the companies of the installation."""
    typed = request.args.get("q", "")[:100]
    wanted = fold(typed)
    every = administration.tenants(current_host())
    found = [one for one in every if wanted in fold(f"{one.name} {one.slug}")]
    rows = [
        {
            "name": one.name, "slug": one.slug, "is_closed": one.closed_at is not None,
            "closed": "" if one.closed_at is None else translator(
                _("Closed on {day} by {who}"), day=formats().date_time(one.closed_at),
                who=one.closed_by or "-",
            ),
            "close_url": f"{ROOT}/{one.slug}/close", "open_url": f"{ROOT}/{one.slug}/open",
        }
        for one in sorted(found, key=lambda one: (one.closed_at is None, fold(one.name)))[:_MOST]
    ]  # fmt: skip
    return _render(
        "host_companies.html", _("Companies of this installation"), q=typed, rows=rows,
        total=len(found), most=_MOST, new_url=f"{ROOT}/new",
    )  # fmt: skip


@blueprint.get("/new")
def form() -> str:
    """Ask for a new company and its first administrator."""
    return _form({})


@blueprint.post("")
def create() -> str | tuple[str, int]:
    """Make the company and invite its administrator."""
    host = current_host()
    typed = {name: " ".join(request.form.get(name, "").split())[:254]
             for name in ("name", "slug", "email", "admin_name")}  # fmt: skip
    needed = {name: translator(_("This is needed.")) for name in ("name", "slug", "email")
              if not typed[name]}  # fmt: skip
    if needed:
        return _form(typed, needed), 422
    file = request.files.get("file")
    license = "" if file is None else file.stream.read(_LARGEST).decode("utf-8", "replace")
    try:
        made, invited = found_by_invitation(
            host, slug=typed["slug"], name=typed["name"], admin_email=typed["email"],
            admin_name=typed["admin_name"] or None, license=license.strip() or None,
            by=current_person().email, base_url=request.host_url,
        )  # fmt: skip
    except TratoError as error:
        text = " ".join(host.catalogs.message(one, locale())
                        for one in (error.message, error.hint) if one.text)  # fmt: skip
        return _form(typed, {_FIELD_OF.get(error.code, "file"): text}), 422
    return _made(made, invited)


@blueprint.get("/<slug>/close")
def ask_to_close(slug: str) -> str:
    """Say what closing a company does, and ask for its short name and the password."""
    return _closing(_company(slug))


@blueprint.post("/<slug>/close")
def close(slug: str) -> Response | str | tuple[str, int]:
    """Close a company at once; a command deletes it."""
    company = _company(slug)
    if request.form.get("slug", "").strip() != company.slug:
        wrong = translator(_("Type {name} to go on."), name=company.slug)
        return _closing(company, {"slug": wrong}), 422
    problem = password_problem(current_person(), request.form.get("current", ""))
    if problem is not None:
        return _closing(company, {"current": problem}), 422
    close_tenant(current_host(), company.slug, by=current_person().email)
    return redirect(ROOT)


@blueprint.post("/<slug>/open")
def reopen(slug: str) -> Response:
    """Open a closed company again."""
    open_tenant(current_host(), _company(slug).slug, by=current_person().email)
    return redirect(ROOT)


def _company(slug: str) -> Tenant:
    try:
        return administration.tenant(current_host(), slug)
    except TenantError as error:
        raise HttpNotFound from error


def _form(typed: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    lacking = missing_settings(current_host().settings)

    def field(name: str, label: str, **more: Any) -> dict[str, Any]:
        return plain_field(name, translator(label), value=typed.get(name, ""), errors=wrong, **more)

    fields = [
        field("name", _("Name of the company"), maxlength=200),
        field("slug", _("Short name"), maxlength=60,
              help=translator(_("Small letters, digits and hyphens. The licence names it, and it "
                                "does not change."))),
        field("email", _("E-mail of the first administrator"), kind="email", maxlength=254),
        field("admin_name", _("Name of the administrator"), required=False, maxlength=200),
    ]  # fmt: skip
    return _render(
        "host_company.html", _("New company"), action=ROOT, cancel_url=ROOT, fields=fields,
        file_error=(wrong or {}).get("file", ""), lacking=", ".join(lacking),
    )  # fmt: skip


def _made(made: Tenant, invited: Invitation) -> str:
    text = _("The invitation is on its way. Its link works once, during seven days.")
    if not invited.is_new:
        text = _("Its administrator had an account already and can enter the company at once.")
    elif not invited.is_mailed:
        text = _("Hand over this link to its administrator, in person or by a channel you trust. "
                 "It works once, during seven days, and is shown only now.")  # fmt: skip
    return _render(
        "host_made.html", _("{name} is made"), name=made.name, text=translator(text),
        link=invited.link, back_url=ROOT,
    )  # fmt: skip


def _closing(company: Tenant, wrong: dict[str, str] | None = None) -> str:
    fields = [
        plain_field("slug", translator(_("Type {name}"), name=company.slug), errors=wrong),
        plain_field("current", translator(_("Your password")), kind="password", errors=wrong),
    ]
    return _render(
        "host_close.html", _("Close {name}"), name=company.name, slug=company.slug, fields=fields,
        action=f"{ROOT}/{company.slug}/close", cancel_url=ROOT,
        is_closed=company.closed_at is not None,
    )  # fmt: skip


def _render(template: str, title: str, **values: Any) -> str:
    told = translator(title, name=values["name"]) if "name" in values else translator(title)
    steps = [] if template == "host_companies.html" else [
        Crumb(title=translator(_("Companies of this installation")), url=ROOT)
    ]  # fmt: skip
    set_crumbs(*steps, Crumb(title=told))
    return render_template(template, page={"title": told, **values})
