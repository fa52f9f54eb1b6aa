"""Views of a list: keep what the list shows under a name, change it, share it, delete it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.administration import record_act
from trato.entities.view import EntityView
from trato.errors import DomainError
from trato.records import views
from trato.records.unit import Unit
from trato.records.views import ListView, Share
from trato.text import _
from trato.web.addresses import ListAddress, base_url
from trato.web.auth import current_host
from trato.web.flash import flash
from trato.web.frame import Crumb, locale, set_crumbs, translator
from trato.web.list_views import title_of
from trato.web.lists import ListPage
from trato.web.pages import opened

blueprint = Blueprint("saved_views", __name__)

_VIEWS = "/<plugin>/<collection>/views"
_VIEW = f"{_VIEWS}/<uuid:view_id>"
#: How the audit names a view that others see too.
AUDITED = "core.list_view"


@blueprint.get(f"{_VIEWS}/new")
def new(plugin: str, collection: str) -> str:
    """Ask for the name under which the list is kept: inside the list's menu, or as a page."""
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "view")
        page = ListPage(current_host(), unit, entity, request.args)
        title = translator(_("Save view"))
        made = _form(unit, entity, None, title) | {"action": page.address.to("/views")}
    return _shown(made)


@blueprint.post(_VIEWS)
def create(plugin: str, collection: str) -> Response:
    """Keep the list as its address has it, and show it as the view that it is now."""
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            page = ListPage(current_host(), unit, entity, request.args)
            share, team_id = _share()
            view_id = views.create(
                unit, entity, request.form.get("name", ""), page.kept(), share=share,
                team_id=team_id,
            )  # fmt: skip
            _prefer(unit, entity, view_id)
            view = views.find(unit, entity, view_id)
            _tell(unit, entity, view, "create")
    except DomainError as error:
        return _back(plugin, collection, error)
    done = translator(_("View saved: {name}."), name=view.name)
    return flash(redirect(f"{base_url(entity)}?view={view.id}"), done)


@blueprint.get(_VIEW)
def show(plugin: str, collection: str, view_id: UUID) -> str:
    """Show what can be said of a view: its name, who sees it, whether it is a favourite."""
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "view")
        view = views.find(unit, entity, view_id)
        url = f"{base_url(entity)}/views/{view_id}"
        title = title_of(entity, view)
        made = _form(unit, entity, view, title) | {"action": url}
    return _shown(made)


@blueprint.post(_VIEW)
def save(plugin: str, collection: str, view_id: UUID) -> Response:
    """Give a view its name and readers, and remember what the person prefers."""
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            view = views.find(unit, entity, view_id)
            _prefer(unit, entity, view_id)
            if views.may_change(unit, view) and "name" in request.form:
                share, team_id = _share()
                said = (request.form["name"].strip(), share, team_id)
                if said != (view.name, view.share, view.team_id):
                    views.rename(
                        unit, entity, view_id, said[0], version=_version(), share=share,
                        team_id=team_id,
                    )  # fmt: skip
                    _tell(unit, entity, views.find(unit, entity, view_id), "update", view)
    except DomainError as error:
        return _back(plugin, collection, error, view_id)
    answer = redirect(f"{base_url(entity)}?view={view.key}")
    return flash(answer, translator(_("Saved: {name}."), name=title_of(entity, view)))


@blueprint.post(f"{_VIEW}/content")
def keep(plugin: str, collection: str, view_id: UUID) -> Response:
    """Let a view show what the list shows now."""
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            page = ListPage(current_host(), unit, entity, request.args)
            views.keep(unit, entity, view_id, page.kept(), version=_version())
            view = views.find(unit, entity, view_id)
            _tell(unit, entity, view, "update")
    except DomainError as error:
        return _back(plugin, collection, error, view_id)
    done = translator(_("View saved: {name}."), name=view.name)
    return flash(redirect(f"{base_url(entity)}?view={view.key}"), done)


@blueprint.post(f"{_VIEW}/delete")
def delete(plugin: str, collection: str, view_id: UUID) -> Response:
    """Delete a view, and offer to bring it back."""
    with opened(plugin, collection, read=False) as (unit, entity):
        view = views.find(unit, entity, view_id)
        views.remove(unit, entity, view_id)
        _tell(unit, entity, view, "archive")
    url = base_url(entity)
    done = translator(_("View deleted: {name}."), name=view.name)
    return flash(redirect(url), done, undo_url=f"{url}/views/{view_id}/restore")


@blueprint.post(f"{_VIEW}/restore")
def restore(plugin: str, collection: str, view_id: UUID) -> Response:
    """Bring a deleted view back."""
    with opened(plugin, collection, read=False) as (unit, entity):
        views.bring_back(unit, entity, view_id)
        view = views.find(unit, entity, view_id)
        _tell(unit, entity, view, "restore")
    return redirect(f"{base_url(entity)}?view={view_id}")


def _shown(page: dict[str, Any]) -> str:
    inside = request.headers.get("HX-Request")
    return render_template("_view.html" if inside else "view.html", page=page)


def _form(unit: Unit, entity: EntityView, view: ListView | None, title: str) -> dict[str, Any]:
    """Make what `_view.html` shows, for a new view or one that is there."""
    info, listing = entity.info, views.read(unit, entity)
    set_crumbs(
        Crumb(title=translator(info.titles, info.plugin), url=base_url(entity)),
        Crumb(title=title),
    )
    mine = view is None or views.may_change(unit, view)
    offered = views.shares(unit)
    if view is not None and view.share != "plugin" and (view.share, view.team_id) not in offered:
        offered.append((view.share, view.team_id))
    told = None if view is None else views.readers(unit, view)
    by = None if view is None or view.member_id is None else unit.view.members.get(view.member_id)
    return {
        "title": title, "name": title if view is not None else "", "is_new": view is None,
        "is_mine": mine, "longest": views.LONGEST_NAME,
        "shares": [_share_offer(unit, view, *offer) for offer in offered],
        "told": current_host().catalogs.message(told, locale()) if told else "",
        "by": by.name if by is not None and not mine else "",
        "is_favorite": view is not None and view.is_favorite,
        "is_default": view is not None and listing.arrangement.view == view.key,
        "version": 0 if view is None else view.version,
        "delete_url": f"{base_url(entity)}/views/{view.id}/delete"
        if view is not None and mine else None,
        "back_url": base_url(entity) if view is None else f"{base_url(entity)}?view={view.key}",
    }  # fmt: skip


def _share_offer(
    unit: Unit, view: ListView | None, share: Share, team_id: UUID | None
) -> dict[str, Any]:
    label = {"me": _("Only me"), "team": _("The team {name}"), "all": _("Everybody in the company")}
    team = None if team_id is None else unit.view.teams.get(team_id)
    now = ("me", None) if view is None else (view.share, view.team_id)
    return {
        "value": share if team_id is None else f"{share}:{team_id}",
        "label": translator(label[share], name="—" if team is None else team.name),
        "is_on": (share, team_id) == now,
    }


def _share() -> tuple[Share, UUID | None]:
    """Read from the form with whom a view is shared."""
    share, _colon, team = request.form.get("share", "me").partition(":")
    try:
        team_id = UUID(team) if team else None
    except ValueError:
        raise HttpNotFound from None
    if share not in ("me", "team", "all"):
        raise HttpNotFound
    return share, team_id  # type: ignore[return-value]


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _prefer(unit: Unit, entity: EntityView, view_id: UUID) -> None:
    views.prefer(
        unit, entity, view_id, is_favorite="favorite" in request.form,
        is_default="default" in request.form,
    )  # fmt: skip


def _back(
    plugin: str, collection: str, error: DomainError, view_id: UUID | None = None
) -> Response:
    """Say on the list as it stood why a view was not kept.

    :raises DomainError: the same, where there is no list to go back to.
    """
    if error.status == 404:
        raise error
    address = ListAddress(f"/{plugin}/{collection}", request.args)
    to = address.to()
    if view_id is not None and not address.view:
        to = f"{address.url}?view={view_id}"
    told = current_host().catalogs.message(error.message, locale())
    return flash(redirect(to), told)


def _tell(
    unit: Unit, entity: EntityView, view: ListView, action: str, before: ListView | None = None
) -> None:
    """Write into the audit what happened to a view that others see too."""
    shared = {one.share for one in (view, before) if one is not None} - {"me"}
    if shared:
        record_act(
            current_host(), unit.connection, unit.actor, entity=AUDITED, action=action,
            name=f"{entity.name}/{view.name}", record_id=view.id,
            changes={"view": [None if before is None else before.name, view.name],
                     "share": [None if before is None else before.share, view.share]},
        )  # fmt: skip
