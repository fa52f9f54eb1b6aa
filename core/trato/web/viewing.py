"""Looking at the company as another member: read only, noted in the audit."""

from __future__ import annotations

import logging
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials
from trato.access import store as people
from trato.access.actor import Actor
from trato.administration import MEMBER
from trato.errors import Forbidden, NotFound
from trato.records import audit
from trato.text import _
from trato.web.auth import SignedIn, current_host, viewed
from trato.web.frame import Crumb, set_crumbs, translator
from trato.web.invitations import administrator
from trato.web.plain_fields import plain_field

log = logging.getLogger("trato.web")
blueprint = Blueprint("viewing", __name__, url_prefix="/admin/view-as")


@blueprint.get("")
def form() -> str:
    """Ask as whom to look."""
    actor = administrator()
    now = current_host().clock()
    members = sorted(
        (member.name, str(member.id))
        for member in actor.view.members.values()
        if viewed(actor, member.id, now=now) is not None
    )
    title = translator(_("View as another person"))
    set_crumbs(Crumb(title=title))
    field = plain_field(
        "member", translator(_("Person")), kind="choice",
        choices=[(key, name) for name, key in members],
        help=translator(_("You see what the person sees and can change nothing. It is noted in "
                          "the audit. Administrators are not offered.")),
    )  # fmt: skip
    page = {
        "title": title, "action": "/admin/view-as", "cancel_url": "/account", "errors": [],
        "sections": [{"title": "", "fields": [field]}], "notice": "",
        "submit_label": translator(_("View as this person")),
    }  # fmt: skip
    return render_template("form.html", page=page)


@blueprint.post("")
def start() -> Response:
    """Begin to look as a member."""
    actor = administrator()
    user: SignedIn = g.user
    try:
        member_id = UUID(request.form.get("member", ""))
    except ValueError:
        raise NotFound(_("There is no such person.")) from None
    if member_id not in actor.view.members:
        raise NotFound(_("There is no such person."))
    if viewed(actor, member_id, now=current_host().clock()) is None or user.session_id is None:
        raise Forbidden(
            _("You cannot view as this person."),
            hint=_("Choose somebody who may enter and is no administrator."),
        )
    _switch(actor, user.session_id, member_id, action="view_as")
    return redirect("/")


@blueprint.post("/end")
def end() -> Response:
    """Look with one's own eyes again."""
    user: SignedIn = g.user
    if user.is_viewing and user.own is not None and user.session_id is not None:
        _switch(user.own, user.session_id, g.actor.member_id, action="view_as_end")
    return redirect("/")


def _switch(own: Actor, session_id: UUID, member_id: UUID, *, action: str) -> None:
    """Change the session and write it into the member's chain of the audit, in one transaction."""
    with current_host().unit(own) as unit:
        people.lock_member(unit.connection, unit.tenant_id, member_id)
        audit.write_event(
            unit.connection, own, entity=MEMBER, record_id=member_id, action=action, at=unit.now,
            key=unit.audit_keys[0],
        )  # fmt: skip
        credentials.view_as(unit.connection, session_id, member_id if action == "view_as" else None)
    log.info("%s member=%s by=%s tenant=%s", action, member_id, own.member_id,
             own.view.tenant.slug)  # fmt: skip
