"""A person's own language and time zone, in every company; without them the company's."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response

from trato.access import store as people
from trato.db.engine import transaction
from trato.errors import DomainError
from trato.text import _
from trato.web.auth import SignedIn, current_host
from trato.web.frame import LOCALES, translator
from trato.web.plain_fields import plain_field

blueprint = Blueprint("regional", __name__, url_prefix="/account")

_REGIONS = ("America/", "Europe/", "Africa/", "Asia/", "Atlantic/", "Australia/", "Pacific/")


def timezones() -> list[tuple[str, str]]:
    """List the zones that one can choose, as (name, words)."""
    return [
        (name, name.replace("_", " "))
        for name in sorted(available_timezones())
        if name.startswith(_REGIONS)
    ]


def form(person: people.User) -> dict[str, Any]:
    """Describe the form of the account page."""
    languages, zones = list(LOCALES), timezones()
    if g.actor is not None:
        tenant = g.actor.view.tenant
        zone = tenant.timezone.replace("_", " ")
        zones.insert(0, ("", translator(_("As the company: {value}"), value=zone)))
        words = dict(LOCALES).get(tenant.locale, tenant.locale)
        languages.insert(0, ("", translator(_("As the company: {value}"), value=words)))
    fields = [
        plain_field("locale", translator(_("Language")), kind="choice", choices=languages,
                    value=person.locale or ""),
        plain_field("timezone", translator(_("Time zone")), kind="choice", choices=zones,
                    value=person.timezone or "",
                    help=translator(_("Hours in pages and letters are of this zone. Days without "
                                      "an hour, such as a due date, are the same for "
                                      "everybody."))),
    ]  # fmt: skip
    for field in fields:
        field |= {"required": False, "complete": True}
    return {
        "title": translator(_("Language and time zone")), "action": "/account/locale",
        "errors": [], "sections": [{"title": "", "fields": fields}],
        "submit_label": translator(_("Save language and zone")),
    }  # fmt: skip


@blueprint.post("/locale")
def change_locale() -> Response:
    """Keep the person's language and time zone, in every company."""
    language, zone = request.form.get("locale", ""), request.form.get("timezone")
    if language and language not in [code for code, _name in LOCALES]:
        raise DomainError(_("There is no language '{code}'."), code="no_locale")
    if zone and zone not in available_timezones():
        raise DomainError(
            _("There is no time zone '{name}'."), hint=_("Choose one of the list."),
            name=zone[:60], code="no_timezone",
        )  # fmt: skip
    user: SignedIn = g.user
    with transaction(current_host().engine) as connection:
        people.set_regional(connection, user.user_id, locale=language or None,
                            # A form of before the zones sends none: it stays.
                            **({} if zone is None else {"timezone": zone or None}))  # fmt: skip
    return redirect("/account")
