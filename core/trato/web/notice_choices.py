"""What a member wants to be told, and how: one's own page under My account."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.mail import own_server
from trato.records import notice_choices
from trato.records.notice_choices import MAILS, Choices, Mail, Way
from trato.text import _
from trato.web import flash
from trato.web.auth import current_host
from trato.web.frame import Crumb, set_crumbs, translator
from trato.web.plain_fields import plain_field

ROOT = "/account/notices"
blueprint = Blueprint("notice_choices", __name__, url_prefix=ROOT)

_EVENTS = {
    "mention": (_("Somebody mentions you"), _("In a note on a record.")),
    "assigned": (_("Somebody gives you a record"), _("You are its owner from then on.")),
    "followed": (_("News of records that you follow"), _("Changes and notes of others.")),
    "done": (_("Your work in the background is done"), _("Imports, exports, copies.")),
    "failed": (_("Your work in the background failed"), _("Imports, exports, copies.")),
}
_MAILS = {"": _("No e-mail"), "now": _("E-mail at once"), "daily": _("In the daily summary")}


@blueprint.before_request
def _check() -> None:
    """Let members in; what one is told is of a company."""
    flash.take()
    _actor()


blueprint.after_request(flash.clear)


@blueprint.get("")
def show() -> str:
    """Show what the member has chosen, or what is usual."""
    actor, host = _actor(), current_host()
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        chosen = notice_choices.read(connection, actor.tenant_id, [_member(actor)])[_member(actor)]
    return _page(chosen)


@blueprint.post("")
def save() -> Response | tuple[str, int]:
    """Keep what the member chose."""
    actor, host, form = _actor(), current_host(), request.form
    ways = {}
    for event in _EVENTS:
        sent = form.get(f"{event}.mail", "")
        mail: Mail = next((one for one in MAILS if one == sent), "")
        ways[event] = Way(in_app=form.getlist(f"{event}.app")[-1:] == ["true"], mail=mail)
    try:
        times = [dt.time.fromisoformat(form.get(name, "")[:5])
                 for name in ("quiet_from", "quiet_until") if form.get(name)]  # fmt: skip
    except ValueError:
        times = [dt.time()]
    begin, end = times if len(times) == 2 else (None, None)
    quiet = None if begin is None or end is None or begin == end else (begin, end)
    chosen = Choices(ways=ways, quiet=quiet)
    if len(times) == 1 or (begin is not None and quiet is None):
        wrong = translator(_("Write two different hours, or none."))
        return _page(chosen, {"quiet_until": wrong}), 422
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        notice_choices.save(connection, actor.tenant_id, _member(actor), chosen)
    return flash.flash(redirect(ROOT), translator(_("Your choice is saved.")))


def _actor() -> Actor:
    actor: Actor | None = g.get("actor")
    if actor is None or actor.member is None:
        raise HttpNotFound
    return actor


def _member(actor: Actor) -> UUID:
    if actor.member_id is None:
        raise HttpNotFound
    return actor.member_id


def _page(chosen: Choices, wrong: dict[str, str] | None = None) -> str:
    title = translator(_("What you are told"))
    set_crumbs(Crumb(title=translator(_("My account")), url="/account"), Crumb(title=title))
    actor = _actor()
    times = [time.isoformat("minutes") for time in chosen.quiet] if chosen.quiet else ["", ""]
    typed = [request.form.get(name, shown) for name, shown in
             zip(("quiet_from", "quiet_until"), times, strict=True)]  # fmt: skip
    fields = [
        plain_field("quiet_from", translator(_("From")), kind="time", value=typed[0],
                    required=False, errors=wrong),
        plain_field("quiet_until", translator(_("Until")), kind="time", value=typed[1],
                    required=False, errors=wrong),
    ]  # fmt: skip
    page = {
        "title": title, "action": ROOT, "fields": fields,
        "zone": actor.timezone.replace("_", " "), "can_mail": not own_server.lacking(
            current_host(), actor.view),
        "mails": [(key, translator(label)) for key, label in _MAILS.items()],
        "events": [
            {"key": event, "title": translator(name), "about": translator(about),
             "way": chosen.ways[event]}
            for event, (name, about) in _EVENTS.items()
        ],
    }  # fmt: skip
    return render_template("notice_choices.html", page=page)
