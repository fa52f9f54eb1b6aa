"""Teams: who works together, and so sees the same records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from trato import membership
from trato.configuration import apply_data
from trato.entities.fold import fold_code
from trato.errors import Invalid, NotFound
from trato.tenancy.view import Team
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, by_field, done, page, slug, widget
from trato.web.auth import current_host
from trato.web.frame import translator


@blueprint.get("/teams")
def list_teams() -> str:
    """List the teams with their people."""
    view = admin().view
    rows = []
    for team in sorted(view.teams.values(), key=lambda team: team.name.casefold()):
        people = sorted(m.name for m in view.members.values() if m.is_active and team.id in m.teams)
        rows.append(
            {"name": team.name, "key": team.key, "url": f"{ROOT}/teams/{team.id}",
             "people": ", ".join(people), "count": len(people)}
        )  # fmt: skip
    return page("admin_teams.html", active="teams", title=translator(_("Teams")), rows=rows)


@blueprint.get("/teams/new")
def new_team() -> str:
    """Ask what a new team is called and who is in it."""
    return _team_page(None, {})


@blueprint.get("/teams/<uuid:team_id>")
def show_team(team_id: UUID) -> str:
    """Show a team's name and people."""
    return _team_page(_team(team_id), {})


def _team(team_id: UUID) -> Team:
    found = admin().view.teams.get(team_id)
    if found is None:
        raise NotFound(_("There is no such team."))
    return found


def _team_page(
    team: Team | None, typed: dict[str, Any], wrong: dict[str, list[str]] | None = None,
    rest: list[str] | None = None,
) -> str:  # fmt: skip
    view = admin().view
    inside = [str(m.id) for m in view.members.values() if team is not None and team.id in m.teams]
    people = sorted(
        ((str(m.id), m.name) for m in view.members.values() if m.is_active),
        key=lambda pair: pair[1].casefold(),
    )
    values = {"name": team.name if team else "", "members": inside} | typed
    errors = wrong or {}
    fields = [
        widget("name", translator(_("Name")), value=values["name"], required=True, maxlength=100,
               errors=errors.get("name", [])),
        widget("members", translator(_("People")), "choices", choices=people,
               value=values["members"]),
    ]  # fmt: skip
    title = team.name if team else translator(_("New team"))
    return page(
        "admin_form.html", active="teams", title=title, errors=rest or [],
        action=f"{ROOT}/teams/{team.id if team else 'new'}",
        sections=[{"title": "", "fields": fields}], lead="",
        submit_label=translator(_("Save team")), cancel_url=f"{ROOT}/teams",
    )  # fmt: skip


@blueprint.post("/teams/new")
def create_team() -> Response | tuple[str, int]:
    """Make a team; its key for files and commands comes from its name."""
    key = fold_code(request.form.get("name", ""))[:40].lstrip("0123456789") or "team"
    taken = {team.key for team in admin().view.teams.values()}
    number, free = 2, key
    while free in taken:
        free, number = f"{key[:36]}-{number}", number + 1
    return _save(None, free)


@blueprint.post("/teams/<uuid:team_id>")
def save_team(team_id: UUID) -> Response | tuple[str, int]:
    """Rename a team and put just these people into it."""
    team = _team(team_id)
    return _save(team, team.key)


def _save(team: Team | None, key: str) -> Response | tuple[str, int]:
    host = current_host()
    name = request.form.get("name", "").strip()
    members = [m for m in request.form.getlist("members") if m]
    typed = {"name": name, "members": members}
    try:
        apply_data(host, slug(), {"teams": {key: {"name": name}}}, actor=admin())
    except Invalid as error:
        wrong, rest = by_field(error, {f"teams.{key}.name": "name", f"teams.{key}": "name"})
        return _team_page(team, typed, wrong, rest), 422
    view = host.for_tenant(admin().tenant_id)
    made = next(t for t in view.teams.values() if t.key == key)
    wanted = {m.id for m in view.members.values() if str(m.id) in members}
    membership.fill_team(host, replace(admin(), view=view), made.id, wanted)
    return done("teams", _("The team {name} is saved."), name=name)
