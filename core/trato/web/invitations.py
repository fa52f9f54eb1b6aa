"""Inviting people into the company, for its administrators."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, g, render_template, request

from trato.access.actor import Actor
from trato.access.roles import TEMPORARY_ROLES
from trato.administration import end_of_day
from trato.errors import DomainError, Forbidden, LicenseError
from trato.mail import own_server
from trato.mail.invitations import Invitation, invite
from trato.records.explaining import ADMINISTER
from trato.text import _
from trato.web.auth import current_host
from trato.web.frame import Crumb, locale, set_crumbs, translator
from trato.web.plain_fields import plain_field

#: Field at which a refusal stands, by the error's code.
_FIELD_OF = {"bad_email": "email", "has_access": "email", "past_end": "until",
             "no_role": "roles", "role_too_wide": "roles"}  # fmt: skip
blueprint = Blueprint("invitations", __name__, url_prefix="/admin/invitations")


def administrator() -> Actor:
    """Give the actor of a page that only administrators of the company see.

    :raises Forbidden: for everybody else.
    """
    actor: Actor | None = g.actor
    if actor is None or not actor.has(ADMINISTER):
        raise Forbidden(_("Only an administrator of the company may do this."))
    return actor


@blueprint.get("")
def form() -> str:
    """Ask whom to invite, and as what."""
    return _page(administrator(), {"roles": ["seller"]})


def _page(actor: Actor, typed: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    title = translator(_("Invite somebody"))
    set_crumbs(Crumb(title=title))
    lacking = own_server.lacking(current_host(), actor.view)
    fields = [
        plain_field("email", translator(_("E-mail")), kind="email", maxlength=254,
                    value=typed.get("email", ""), errors=errors),
        plain_field("name", translator(_("Name")), maxlength=200, required=False,
                    value=typed.get("name", ""), errors=errors),
        plain_field("roles", translator(_("Roles")), kind="choices", choices=_roles(actor),
                    value=typed.get("roles", []), errors=errors),
        plain_field("until", translator(_("Last day")), kind="date", required=False,
                    value=typed.get("until", ""), errors=errors,
                    help=translator(_("After it the access ends by itself. An auditor always "
                                      "has one."))),
    ]  # fmt: skip
    teams = sorted((team.name, team.key) for team in actor.view.teams.values())
    if teams:
        fields.insert(3, plain_field(
            "teams", translator(_("Teams")), kind="choices", required=False, errors=errors,
            choices=[(key, name) for name, key in teams], value=typed.get("teams", []),
        ))  # fmt: skip
    page = {
        "title": title, "action": "/admin/invitations", "cancel_url": "/account",
        "sections": [{"title": "", "fields": fields}],
        "errors": [errors[""]] if errors and "" in errors else [],
        "submit_label": translator(_("Make the invitation") if lacking else
                                   _("Send the invitation")),
        "notice": translator(_("Mail is not set up here ({names} is missing). You will get a link "
                               "to hand over yourself."), names=", ".join(lacking))
        if lacking else "",
    }  # fmt: skip
    return render_template("form.html", page=page)


def _roles(actor: Actor) -> list[tuple[str, str]]:
    """Name the roles that the actor may give."""
    is_full = any(grant.is_admin for grant in actor.grants)
    return [
        (key, translator(grant.name))
        for key, grant in actor.view.roles.items()
        if is_full or not grant.is_admin
    ]


@blueprint.post("")
def send_invitation() -> str | tuple[str, int]:
    """Give the person access, and send or show the link."""
    actor = administrator()
    typed: dict[str, Any] = {
        "email": request.form.get("email", "").strip(), "until": request.form.get("until", ""),
        "name": " ".join(request.form.get("name", "").split())[:200],
        "roles": [key for key in request.form.getlist("roles") if key],
        "teams": [key for key in request.form.getlist("teams") if key],
    }  # fmt: skip
    errors = {}
    ends_at = None
    if not typed["roles"]:
        errors["roles"] = translator(_("Choose at least one."))
    if typed["until"]:
        try:
            ends_at = end_of_day(dt.date.fromisoformat(typed["until"]), actor.view.tenant.timezone)
        except ValueError:
            errors["until"] = translator(_("This is no date."))
    elif not TEMPORARY_ROLES.isdisjoint(typed["roles"]):
        errors["until"] = translator(_("Say until when this role is given."))
    if errors:
        return _page(actor, typed, errors), 422
    host = current_host()
    try:
        made = invite(
            host, actor, typed["email"], name=typed["name"] or None, roles=typed["roles"],
            teams=typed["teams"], ends_at=ends_at, base_url=request.host_url,
        )  # fmt: skip
    except (DomainError, LicenseError) as error:
        place = _FIELD_OF.get(error.code, "")
        text = host.catalogs.message(error.message, locale())
        return _page(actor, typed, {place: text}), 422
    return _done(made, typed["name"] or typed["email"])


def _done(made: Invitation, name: str) -> str:
    title = translator(_("{name} may enter"), name=name)
    if not made.is_new:
        text = _("This e-mail had an account already: it can sign in to this company at once.")
    elif made.is_mailed:
        text = _("The invitation is on its way. Its link works once, during seven days. If it "
                 "cannot be sent, Background tasks tells why.")  # fmt: skip
    else:
        text = _("Hand over this link, in person or by a channel you trust. It works once, during "
                 "seven days, and is shown only now.")  # fmt: skip
    set_crumbs(Crumb(title=translator(_("Invite somebody")), url="/admin/invitations"),
               Crumb(title=title))  # fmt: skip
    page = {"title": title, "text": translator(text), "link": made.link}
    return render_template("invited.html", page=page)
