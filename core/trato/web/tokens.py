"""A person's own API tokens: make with scopes and an end, see the last use, revoke."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from trato import membership
from trato.access import credentials
from trato.access.actor import Actor
from trato.administration import record_token
from trato.db.engine import transaction
from trato.errors import NotFound
from trato.tenancy.view import Member
from trato.text import _
from trato.web.auth import current_host
from trato.web.frame import Crumb, formats, set_crumbs, translator
from trato.web.plain_fields import plain_field

blueprint = Blueprint("tokens", __name__, url_prefix="/account/tokens")

DAYS = (30, 90, 365)
_MODES = {"read": _("Read {what}"), "write": _("Read and change {what}")}


def _signed_in() -> tuple[Actor, Member]:
    """Give the signed-in person's actor; who is in no company has no tokens."""
    actor: Actor | None = g.actor
    if actor is None or actor.member is None:
        raise NotFound(_("You belong to no company."))
    return actor, actor.member


@blueprint.get("")
def show() -> str:
    """List the person's tokens in this company, and offer to make one."""
    return _page()


def _page(
    errors: dict[str, str] | None = None, *, made: str = "", typed: dict[str, Any] | None = None
) -> str:
    actor, member = _signed_in()
    host = current_host()
    now = host.clock()
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        rows = credentials.list_tokens(connection, actor.tenant_id, member.id)
    title = translator(_("API tokens"))
    set_crumbs(Crumb(title=translator(_("My account")), url="/account"), Crumb(title=title))
    scopes = scope_names(actor)
    names = dict(scopes)
    page = {
        "title": title, "made": made,
        "tokens": [
            {
                "name": row.name, "is_over": row.expires_at is not None and row.expires_at <= now,
                "scopes": [names.get(scope, scope) for scope in row.scopes]
                if row.scopes is not None else [translator(_("Everything you may"))],
                "detail": detail_of(row, now), "revoke_url": f"/account/tokens/{row.id}/revoke",
            }
            for row in rows
        ],
        "fields": _fields(scopes, typed or {}, errors or {}),
    }  # fmt: skip
    return render_template("tokens.html", page=page)


def detail_of(row: credentials.ListedToken, now: dt.datetime) -> str:
    """Say when a token was used and when it ends."""
    shown = formats()
    used = (
        translator(_("not used yet")) if row.used_at is None
        else translator(_("last used {when}"), when=shown.relative(row.used_at))
    )  # fmt: skip
    if row.expires_at is None:
        return used
    day = shown.date(row.expires_at)
    ends = _("expired on {day}") if row.expires_at <= now else _("expires on {day}")
    return f"{used} · {translator(ends, day=day)}"


def scope_names(actor: Actor) -> list[tuple[str, str]]:
    """Name the scopes that exist for the company: all plugins together, and each."""
    host = current_host()
    found = [("*", translator(_("everything")))]
    for name in host.plugins:
        if name in actor.view.enabled:
            found.append((name, translator(host.plugins[name].title, name)))
    return [
        (f"{name}:{mode}", translator(words, what=what))
        for name, what in found
        for mode, words in _MODES.items()
    ]


def _fields(
    scopes: list[tuple[str, str]], typed: dict[str, Any], errors: dict[str, str]
) -> list[dict[str, Any]]:
    days = [(str(number), translator(_("{days} days"), days=number)) for number in DAYS]
    return [
        plain_field(
            "name", translator(_("Name")), value=typed.get("name", ""), errors=errors,
            maxlength=80,
            help=translator(_("What will use it, such as the price list of the site.")),
        ),
        plain_field(
            "days", translator(_("Valid for")), kind="choice", choices=days,
            value=typed.get("days", "90"), errors=errors,
        ),
        plain_field(
            "scopes", translator(_("What it may do")), kind="choices", choices=scopes,
            value=typed.get("scopes", []), errors=errors,
            help=translator(_("Never more than you may yourself.")),
        ),
    ]  # fmt: skip


@blueprint.post("")
def make() -> tuple[str, int] | str:
    """Make a token and show it, this once."""
    actor, member = _signed_in()
    host = current_host()
    known = dict(scope_names(actor))
    name = request.form.get("name", "").strip()[:80]
    days = request.form.get("days", "")
    scopes = [scope for scope in request.form.getlist("scopes") if scope]
    errors = {}
    if not name:
        errors["name"] = translator(_("Give it a name, to know later what uses it."))
    if days not in [str(number) for number in DAYS]:
        errors["days"] = translator(_("Choose one of the list."))
    if not scopes or any(scope not in known for scope in scopes):
        errors["scopes"] = translator(_("Choose at least one."))
    if errors:
        return _page(errors, typed={"name": name, "days": days, "scopes": scopes}), 422
    now = host.clock()
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        token = credentials.create_token(
            connection, actor.tenant_id, member_id=member.id, name=name,
            scopes=scopes, expires_at=now + dt.timedelta(days=int(days)), now=now,
        )  # fmt: skip
        record_token(host, connection, actor, member.id, token=[None, name])
    return _page(made=token)


@blueprint.post("/<uuid:token_id>/revoke")
def revoke(token_id: UUID) -> Response:
    """End one of the person's own tokens at once."""
    actor, member = _signed_in()
    membership.revoke_token(current_host(), actor, token_id, of=member.id)
    return redirect("/account/tokens")
