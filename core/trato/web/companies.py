"""The companies that a person may enter, for implementers and accountants who serve several."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template
from werkzeug.wrappers import Response

from trato.access.store import Membership, memberships
from trato.db.engine import transaction
from trato.records.explaining import ADMINISTER
from trato.text import _
from trato.web.auth import SignedIn, current_host, member_of
from trato.web.frame import Crumb, formats, set_crumbs, translator

blueprint = Blueprint("companies", __name__, url_prefix="/account/companies")

_STATES = {
    "none": (_("No licence"), "bad"), "invalid": (_("Not valid"), "bad"),
    "active": (_("Valid"), "ok"), "grace": (_("Expired, in grace"), "warn"),
    "read_only": (_("Expired, only reading"), "bad"),
}  # fmt: skip


@blueprint.get("")
def show() -> Response | str:
    """List the person's companies; of those that he administers, how they stand."""
    user: SignedIn = g.user
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        places = memberships(connection, user.user_id, now=host.clock())
    set_crumbs(Crumb(title=translator(_("My account")), url="/account"),
               Crumb(title=translator(_("My companies"))))  # fmt: skip
    active = g.actor.tenant_id if g.actor is not None else None
    rows = [_row(user, place, is_active=place.tenant_id == active) for place in places]
    page = {"title": translator(_("My companies")), "rows": rows}
    return render_template("companies.html", page=page)


def _row(user: SignedIn, place: Membership, *, is_active: bool) -> dict[str, Any]:
    host = current_host()
    view = host.for_tenant(place.tenant_id)
    now = host.clock()
    member = member_of(view, user.user_id, now=now)
    grants = [view.roles[key] for key in member.roles if key in view.roles] if member else []
    row: dict[str, Any] = {
        "id": place.tenant_id, "name": place.name, "is_active": is_active,
        "roles": ", ".join(translator(grant.name) for grant in grants), "state": None, "facts": [],
    }  # fmt: skip
    if any(grant.allows(ADMINISTER) for grant in grants):
        word, tone = _STATES[view.license.state]
        row["state"] = {"label": translator(word), "tone": tone}
        used = sum(1 for other in view.members.values() if other.may_enter(now))
        row["facts"] = [
            translator(_("{used} of {seats} seats are in use."), used=used,
                       seats=view.license.seats),
            translator(_("{count} active modules."), count=len(view.enabled)),
        ]  # fmt: skip
        if view.license.expires is not None:
            day = formats().date(view.license.expires)
            row["facts"].append(translator(_("Licence until {day}."), day=day))
    return row
