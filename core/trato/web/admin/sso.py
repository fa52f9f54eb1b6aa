"""The company's identity provider: how people sign in through it, whom it lets in and as what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template
from werkzeug.wrappers import Response

from trato import membership
from trato.errors import TratoError
from trato.sso import arriving, inviting
from trato.sso.provider import provider_of
from trato.tenancy.sign_in import SSO_SETTINGS, policy
from trato.text import _
from trato.web import doors
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, told
from trato.web.admin.plugin_settings import keep_sent, widgets_of
from trato.web.admin.users import role_choices
from trato.web.auth import current_host
from trato.web.frame import Crumb, set_crumbs, translator

#: Headings and what stands under each.
_SECTIONS = (
    (_("Provider"), ("sso_name", "sso_issuer", "sso_client_id", "sso_client_secret",
                     "sso_scopes", "sso_on")),
    (_("Who enters, and as what"), ("sso_creates_people", "sso_roles_claim", "sso_roles",
                                    "sso_default_role")),
    (_("How safe it is"), ("sso_hours", "sso_trusts_second_step", "sso_only", "sso_emergency")),
)  # fmt: skip
_SETTINGS = {setting.key: setting for setting in SSO_SETTINGS}


@blueprint.get("/sso")
def show_sso() -> str:
    """Show the provider, and what to enter there."""
    return _page({})


@blueprint.post("/sso")
def save_sso() -> Response | tuple[str, int]:
    """Keep the provider; a secret that is left empty stays, unless the provider changes."""
    try:
        typed, wrong, rest = keep_sent("core", SSO_SETTINGS)
    except TratoError as error:
        return _page({}, rest=told(error)), error.status
    if wrong or rest:
        return _page(typed, wrong, rest), 422
    return done("sso", _("The sign-in is saved. Try the provider before you count on it."))


@blueprint.post("/sso/test")
def try_sso() -> Response | tuple[str, int]:
    """Ask the provider how to sign in and for its keys, or say what is wrong with it."""
    actor = admin()
    if not policy(actor.view).issuer:
        return _page({}, rest=[translator(_("Save the address of the provider first."))]), 422
    try:
        count = provider_of(current_host(), actor.view).try_out()
    except TratoError as error:
        return _page({}, rest=told(error)), 422
    return done("sso", _("The provider answers and shows {count} keys."), count=count)


@blueprint.post("/users/<uuid:member_id>/identity")
def link_user(member_id: UUID) -> Response | str:
    """Send a person the link to tie the identity; without mail show it, this once."""
    member = membership.member_of(admin().view, member_id)
    link = inviting.invite_to_link(current_host(), admin(), member_id, base_url=doors.root())
    if link is None:
        return done(f"users/{member_id}", _("The link is on its way to {email}."),
                    email=member.email)  # fmt: skip
    title = translator(_("Link for {name}"), name=member.name)
    set_crumbs(Crumb(title=translator(_("Users")), url=f"{ROOT}/users"),
               Crumb(title=member.name, url=f"{ROOT}/users/{member_id}"),
               Crumb(title=title))  # fmt: skip
    text = translator(
        _("Hand this over to {name} alone, in person or by a channel you trust: whoever opens it "
          "enters as {name}. It works once, during seven days, and is shown only now."),
        name=member.name,
    )  # fmt: skip
    return render_template("invited.html", page={"title": title, "text": text, "link": link})


@blueprint.post("/users/<uuid:member_id>/identity/remove")
def unlink_user(member_id: UUID) -> Response:
    """Take a person's identity away; they are signed out where it let them in."""
    member = membership.member_of(admin().view, member_id)
    if arriving.unlink(current_host(), admin(), member_id):
        return done(f"users/{member_id}", _("{name} is no longer linked."), name=member.name)
    return done(f"users/{member_id}", _("{name} was not linked."), name=member.name)


def _page(
    typed: dict[str, Any], wrong: dict[str, list[str]] | None = None,
    rest: list[str] | None = None,
) -> str:  # fmt: skip
    view = admin().view
    path = doors.path_of(view.tenant)
    sections = [
        {"title": translator(title),
         "fields": [field for key in keys for field in _fields(key, typed, wrong or {})]}
        for title, keys in _SECTIONS
    ]  # fmt: skip
    return page(
        "admin_sso.html", active="sso", title=translator(_("Single sign-on")), errors=rest or [],
        action=f"{ROOT}/sso", sections=sections, is_on=policy(view).is_on,
        may_try=bool(policy(view).issuer), address=f"{doors.root()}{path}",
        return_address=doors.return_address(path),
    )  # fmt: skip


def _fields(key: str, typed: dict[str, Any], wrong: dict[str, list[str]]) -> list[dict[str, Any]]:
    made = widgets_of("core", _SETTINGS[key], typed, wrong.get(key, []))
    if key == "sso_roles":
        made[0]["kind"] = "longtext"
    if key == "sso_default_role":
        made[0] |= {"kind": "choice", "choices": role_choices()}
    return made
