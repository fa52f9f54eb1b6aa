"""The people of the company: who they are, what they may, until when, and how they leave."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from werkzeug.wrappers import Response

from trato import membership
from trato.access import identities
from trato.access.credentials import list_sessions
from trato.access.store import last_seen
from trato.administration import end_of_day
from trato.db.engine import transaction
from trato.errors import DomainError, TratoError
from trato.tenancy.sign_in import policy
from trato.tenancy.view import Member
from trato.text import _
from trato.web.account import device
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, told, widget
from trato.web.auth import current_host, viewed
from trato.web.frame import formats, translator

_INVITE = "/admin/invitations"


def role_choices() -> list[tuple[str, str]]:
    """Name the company's roles."""
    roles = admin().view.roles
    return sorted(
        ((key, translator(grants.name or key)) for key, grants in roles.items()),
        key=lambda pair: pair[1],
    )


def _state(member: Member, now: dt.datetime) -> dict[str, str]:
    if not member.is_active:
        return {"label": translator(_("Has left")), "tone": "calm"}
    if member.ends_at is not None and member.ends_at <= now:
        return {"label": translator(_("Access ended")), "tone": "warn"}
    if member.ends_at is not None:
        day = formats().date(member.ends_at - dt.timedelta(seconds=1))
        return {"label": translator(_("Until {day}"), day=day), "tone": "info"}
    return {"label": translator(_("Active")), "tone": "ok"}


@blueprint.get("/users")
def list_users() -> str:
    """List the people of the company, those who left at the end."""
    actor = admin()
    view, host = actor.view, current_host()
    now = host.clock()
    with transaction(host.engine, read=True) as connection:
        seen = last_seen(connection, [m.user_id for m in view.members.values()])
    names = dict(role_choices())
    rows = [
        {
            "name": m.name, "email": m.email,
            "url": f"{ROOT}/users/{m.id}", "state": _state(m, now),
            "roles": ", ".join(names.get(key, key) for key in m.roles) or "—",
            "teams": ", ".join(sorted(view.teams[t].name for t in m.teams if t in view.teams)),
            "seen": formats().relative(seen[m.user_id]) if m.user_id in seen else "",
            "active": m.is_active,
        }
        for m in view.members.values()
    ]  # fmt: skip
    rows.sort(key=lambda row: (not row["active"], str(row["name"]).casefold()))
    used = sum(1 for m in view.members.values() if m.may_enter(now))
    return page(
        "admin_users.html", active="users", title=translator(_("Users")), rows=rows,
        invite_url=_INVITE, used=used, seats=view.license.seats,
    )  # fmt: skip


@blueprint.get("/users/<uuid:member_id>")
def show_user(member_id: UUID) -> str:
    """Show what a person may do and when their access ends."""
    return _user_page(membership.member_of(admin().view, member_id))


def _user_page(
    member: Member, typed: dict[str, Any] | None = None, errors: list[str] | None = None
) -> str:
    view = admin().view
    last_day = ""
    if member.ends_at is not None:
        zone = ZoneInfo(view.tenant.timezone)
        last_day = (member.ends_at.astimezone(zone) - dt.timedelta(seconds=1)).date().isoformat()
    values = {
        "roles": list(member.roles), "teams": [str(t) for t in member.teams], "until": last_day,
    } | (typed or {})  # fmt: skip
    fields = [
        widget("roles", translator(_("Roles")), "choices", choices=role_choices(),
               value=values["roles"],
               help=translator(_("With several roles the widest of each counts."))),
        widget("until", translator(_("Last day")), "date", value=values["until"],
               help=translator(_("After it the access ends by itself. Empty: no end."))),
    ]  # fmt: skip
    teams = sorted(((str(t.id), t.name) for t in view.teams.values()), key=lambda pair: pair[1])
    if teams:
        fields.insert(
            1, widget("teams", translator(_("Teams")), "choices", choices=teams,
                      value=values["teams"]),
        )  # fmt: skip
    heirs = sorted(
        ((str(m.id), m.name) for m in view.members.values()
         if m.may_enter(current_host().clock()) and m.id != member.id),
        key=lambda pair: pair[1],
    )  # fmt: skip
    owned: list[dict[str, str]] = []
    if member.is_active:
        with current_host().unit(admin(), read=True) as unit:
            counts = membership.owned_records(unit, member.id)
        owned = [
            {"title": translator(view.entities[name].info.titles, view.entities[name].info.plugin),
             "count": formats().number(count)}
            for name, count in counts.items()
        ]  # fmt: skip
    url = f"{ROOT}/users/{member.id}"
    return page(
        "admin_user.html", active="users", title=member.name, member=member, url=url,
        sections=[{"title": "", "fields": fields}], errors=errors or [],
        state=_state(member, current_host().clock()),
        owned=owned, heirs=heirs, sessions=_sessions(member),
        is_self=member.id == admin().member_id, identity=_identity(member),
        may_view_as=viewed(admin(), member.id, now=current_host().clock()) is not None,
    )  # fmt: skip


def _identity(member: Member) -> dict[str, str] | None:
    """Say who a person is at the company's provider; None where there is no provider."""
    host, view = current_host(), admin().view
    if not policy(view).is_on:
        return None
    with transaction(host.engine, tenant_id=view.tenant.id, read=True) as connection:
        known = identities.of_member(connection, view.tenant.id, policy(view).issuer, member.id)
    if known is None:
        return {"name": policy(view).name, "since": "", "subject": "", "used": ""}
    return {
        "name": policy(view).name, "since": formats().date(known.linked_at),
        "subject": known.subject,
        "used": formats().relative(known.used_at) if known.used_at is not None else "",
    }  # fmt: skip


def _sessions(member: Member) -> list[dict[str, str]]:
    """Say where a person works in this company now; what they do in others is not told."""
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        rows = list_sessions(
            connection, member.user_id, now=host.clock(), tenant_id=admin().tenant_id
        )
    return [
        {"device": device(row.agent),
         "detail": translator(_("{address} · last used {when}"), address=row.address or "-",
                              when=formats().relative(row.seen_at))}
        for row in rows
    ]  # fmt: skip


@blueprint.post("/users/<uuid:member_id>")
def save_user(member_id: UUID) -> Response | tuple[str, int]:
    """Keep a person's roles, teams and last day; one who had left comes back."""
    view, host = admin().view, current_host()
    member = membership.member_of(view, member_id)
    typed = {
        "roles": [key for key in request.form.getlist("roles") if key],
        "teams": [key for key in request.form.getlist("teams") if key],
        "until": request.form.get("until", "").strip(),
    }
    try:
        ends_at = None
        if typed["until"]:
            ends_at = end_of_day(_day(str(typed["until"])), view.tenant.timezone)
        chosen = [t for t in view.teams if str(t) in typed["teams"]]
        membership.change_member(
            host, admin(), member_id, roles=list(typed["roles"]), teams=chosen, ends_at=ends_at
        )
    except TratoError as error:
        return _user_page(member, typed, told(error)), error.status
    return done(f"users/{member_id}", _("{name} is saved."), name=member.name)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DomainError(_("'{value}' is not a date."), value=text[:40]) from None


@blueprint.post("/users/<uuid:member_id>/sign-out")
def sign_out_user(member_id: UUID) -> Response:
    """End every session of a person."""
    member = membership.member_of(admin().view, member_id)
    membership.sign_out(current_host(), admin(), member_id)
    return done(f"users/{member_id}", _("{name} is signed out everywhere."), name=member.name)


@blueprint.post("/users/<uuid:member_id>/end")
def end_user(member_id: UUID) -> Response | tuple[str, int]:
    """End a person's access, after handing over what they own."""
    view = admin().view
    member = membership.member_of(view, member_id)
    heir = request.form.get("heir", "")
    heir_id = next((m for m in view.members if str(m) == heir), None)
    try:
        moved = membership.end_member(current_host(), admin(), member_id, heir_id=heir_id)
    except TratoError as error:
        return _user_page(member, errors=told(error)), error.status
    total = sum(moved.values())
    if total and heir_id is not None:
        return done(
            "users", _("{name} has left. {count} records belong to {heir} now."),
            name=member.name, count=formats().number(total), heir=view.members[heir_id].name,
        )  # fmt: skip
    return done("users", _("{name} has left."), name=member.name)
