"""Export of a whole list in the background: ask for it, see how far it is, take it away."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.exchange import desk as desks
from trato.exchange import saved_query
from trato.exchange.desk import Desk
from trato.jobs.exchanging import EXPORT, EXPORTS
from trato.text import _
from trato.web import flash
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.exchange_tasks import cancel, resume, told
from trato.web.frame import Crumb, phrase, set_crumbs, translator
from trato.web.lists import ListPage
from trato.web.pages import opened

blueprint = Blueprint("exports", __name__)
blueprint.after_request(flash.clear)

_ALL = "/<plugin>/<collection>/exports"
_ONE = f"{_ALL}/<uuid:id>"


@blueprint.post(_ALL)
def begin(plugin: str, collection: str) -> Response:
    """Queue an export of the list as the address filters and orders it, of all fields."""
    extension = request.form.get("format", "")
    if extension not in ("csv", "xlsx"):
        raise HttpNotFound
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "export")
        rules.require(unit.actor, entity, "view")
        query = ListPage(current_host(), unit, entity, request.args).query()
    # It asks the database which earlier ones may go, and so not inside the transaction below.
    desk = desks.begin(
        current_host(), unit.tenant_id, EXPORTS, entity=entity.name,
        member_id=unit.actor.member_id, file=f"{collection}.{extension}",
    )  # fmt: skip
    desk.query = saved_query.dump(entity, replace(query, columns=None))
    with opened(plugin, collection, read=False) as (unit, entity):
        made = unit.enqueue(EXPORT, {"desk": str(desk.id)})
        desk.tasks += [] if made is None else [str(made)]
        desk.save()
    return redirect(f"{base_url(entity)}/exports/{desk.id}")


@blueprint.get(_ONE)
def show(plugin: str, collection: str, id: UUID) -> str:
    """Show how far an export is, and give it when it is there."""
    flash.take()
    entity, desk = _mine(plugin, collection, id)
    heading = phrase(_("Export {titles}"), entity.info.plugin, titles=entity.info.titles)
    titles = translator(entity.info.titles, entity.info.plugin)
    set_crumbs(Crumb(title=titles, url=base_url(entity)), Crumb(title=heading))
    page = {"title": heading, "file": desk.file, "task": told(desk, _url(entity, id)),
            "list_url": base_url(entity)}  # fmt: skip
    return render_template("export.html", page=page)


@blueprint.get(f"{_ONE}/status")
def status(plugin: str, collection: str, id: UUID) -> str:
    """Give how far it is; the page asks while it runs."""
    entity, desk = _mine(plugin, collection, id)
    return render_template("_exchange.html", page={"task": told(desk, _url(entity, id))})


@blueprint.post(f"{_ONE}/cancel")
def stop(plugin: str, collection: str, id: UUID) -> Response:
    """Stop it."""
    entity, desk = _mine(plugin, collection, id)
    cancel(desk)
    return redirect(_url(entity, id))


@blueprint.post(f"{_ONE}/resume")
def again(plugin: str, collection: str, id: UUID) -> Response:
    """Try it again."""
    entity, desk = _mine(plugin, collection, id)
    resume(desk)
    return redirect(_url(entity, id))


@blueprint.get(f"{_ONE}/file")
def download(plugin: str, collection: str, id: UUID) -> Response:
    """Give the finished file."""
    _entity, desk = _mine(plugin, collection, id)
    if not desk.source.is_file():
        raise HttpNotFound
    return send_file(desk.source, as_attachment=True, download_name=desk.file, max_age=0)


def _mine(plugin: str, collection: str, id: UUID) -> tuple[EntityView, Desk]:
    """Find an export of the signed-in member, who may still export; those of others are not."""
    actor: Actor = g.actor
    with opened(plugin, collection) as (_unit, entity):
        rules.require(actor, entity, "export")
    desk = desks.find(current_host(), actor.tenant_id, EXPORTS, id, member_id=actor.member_id)
    if desk.entity != entity.name:
        raise HttpNotFound
    return entity, desk


def _url(entity: EntityView, id: UUID) -> str:
    return f"{base_url(entity)}/exports/{id}"
