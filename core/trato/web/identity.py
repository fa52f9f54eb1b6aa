"""The identity at the company's provider, on a person's own page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect
from werkzeug.wrappers import Response

from trato.access import identities
from trato.db.engine import transaction
from trato.errors import Forbidden, NotFound
from trato.sso import arriving
from trato.tenancy.sign_in import policy
from trato.text import _
from trato.web import doors, flash
from trato.web.auth import SignedIn, current_host
from trato.web.frame import formats, translator

blueprint = Blueprint("identity", __name__, url_prefix="/account/identity")


def of_account(user: SignedIn) -> dict[str, Any] | None:
    """Say how a person's identity stands; None where the company has no provider."""
    own = user.own
    if own is None or own.member is None or not policy(own.view).is_on:
        return None
    rules = policy(own.view)
    with transaction(current_host().engine, tenant_id=own.tenant_id, read=True) as connection:
        known = identities.of_member(connection, own.tenant_id, rules.issuer, own.member.id)
    by_password = user.bound_tenant is None
    return {
        "name": rules.name, "since": known and formats().date(known.linked_at),
        "link_url": f"{doors.path_of(own.view.tenant)}/link" if by_password else None,
        "unlink_url": "/account/identity/unlink" if by_password else None,
    }  # fmt: skip


@blueprint.post("/unlink")
def unlink() -> Response:
    """Take one's own identity away; who came in through it must come in by password first."""
    user: SignedIn = g.user
    own = user.own
    if own is None or own.member is None:
        raise NotFound(_("There is no such person."))
    if user.bound_tenant is not None:
        raise Forbidden(
            _("You came in through your company's provider, which does not rule your account."),
            hint=_("Sign out and enter with your password for this."), code="bound_session",
        )  # fmt: skip
    if not arriving.unlink(current_host(), own, own.member.id):
        raise NotFound(_("There is no such person."))
    answer = redirect("/account")
    return flash.flash(answer, translator(_("Your account is no longer linked.")))
