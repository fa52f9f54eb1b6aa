"""Notes on records, values brought back from the timeline, and what members are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access.actor import Actor
from trato.entities.fold import fold
from trato.errors import Forbidden, Invalid, StaleRecord, TratoError
from trato.jobs.catalogue import EXPORT as COPY
from trato.jobs.catalogue import all_jobs
from trato.jobs.removing import REMOVE
from trato.records import notes, notices
from trato.records.unit import Unit
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host, reading
from trato.web.exchange_tasks import news
from trato.web.frame import Crumb, formats, locale, phrase, set_crumbs, toast, translator
from trato.web.pages import opened, show
from trato.web.timeline import timeline_page

blueprint = Blueprint("notes", __name__)

_RECORD = "/<plugin>/<collection>/<uuid:record_id>"
_OFFERED = 8


@blueprint.get(f"{_RECORD}/timeline")
def show_timeline(plugin: str, collection: str, record_id: UUID) -> str:
    """Show the timeline alone: another kind of entries, or what came earlier."""
    with opened(plugin, collection) as (unit, entity):
        record = unit.records.get(entity.name, record_id, archived=None)
        made = timeline_page(unit, entity, record).page()
    return render_template("_timeline.html", history=made)


@blueprint.post(f"{_RECORD}/notes")
def write(plugin: str, collection: str, record_id: UUID) -> Response:
    """Write a note; one that is refused comes back as it was typed."""
    text = request.form.get("text", "")
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            notes.write(unit, entity, record_id, text)
    except Invalid as refused:
        return _refused(plugin, collection, record_id, refused, text)
    return _shown(plugin, collection, record_id)


@blueprint.post(f"{_RECORD}/notes/<uuid:note_id>")
def edit(plugin: str, collection: str, record_id: UUID, note_id: UUID) -> Response:
    """Change one's own note."""
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            notes.edit(unit, entity, record_id, note_id, request.form.get("text", ""))
    except Invalid as refused:
        return _refused(plugin, collection, record_id, refused, "")
    return _shown(plugin, collection, record_id)


@blueprint.post(f"{_RECORD}/notes/<uuid:note_id>/archive")
def archive(plugin: str, collection: str, record_id: UUID, note_id: UUID) -> Response:
    """Take one's own note away; the answer offers to bring it back."""
    with opened(plugin, collection, read=False) as (unit, entity):
        notes.archive(unit, entity, record_id, note_id)
    undo = f"{base_url(entity)}/{record_id}/notes/{note_id}/restore"
    text = translator(_("Note archived"))
    if request.headers.get("HX-Request"):
        answer = _shown(plugin, collection, record_id)
        answer.headers["HX-Trigger"] = json.dumps({"trato:toast": {"text": text, "undo": undo}})
        return answer
    toast(text, undo_url=undo)
    return make_response(show(plugin, collection, record_id))


@blueprint.post(f"{_RECORD}/notes/<uuid:note_id>/restore")
def restore(plugin: str, collection: str, record_id: UUID, note_id: UUID) -> Response:
    """Bring one's own note back."""
    with opened(plugin, collection, read=False) as (unit, entity):
        notes.restore(unit, entity, record_id, note_id)
    return _shown(plugin, collection, record_id)


@blueprint.post(f"{_RECORD}/restore-value")
def restore_value(plugin: str, collection: str, record_id: UUID) -> Response:
    """Give a field the value again that it had before a change."""
    asked, _colon, path = request.form.get("value", "").partition(":")
    version = request.form.get("version", "")
    if not (asked.isascii() and asked.isdigit() and version.isascii() and version.isdigit()):
        raise HttpNotFound
    sequence = int(asked[:18])
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            entry = unit.records.change(entity.name, record_id, sequence)
            if entry is None or path not in {*entry.before, *entry.after}:
                raise HttpNotFound
            unit.records.update(
                entity.name, record_id, {path: entry.before.get(path)}, version=int(version[:18])
            )
    except (Invalid, StaleRecord) as refused:
        told = translator(_("The value was not brought back."))
        toast(" ".join([told, *_texts(refused)]))
        status = 409 if isinstance(refused, StaleRecord) else refused.status
        return make_response(show(plugin, collection, record_id), status)
    return redirect(f"{base_url(entity)}/{record_id}#t-history")


def _texts(refused: TratoError) -> list[str]:
    said = partial(current_host().catalogs.message, locale=locale())
    if isinstance(refused, Invalid):
        return [said(message) for messages in refused.errors.values() for message in messages]
    return [said(refused.message)]


def _refused(
    plugin: str, collection: str, record_id: UUID, refused: Invalid, text: str
) -> Response:
    error = " ".join(_texts(refused))
    if not request.headers.get("HX-Request"):
        toast(error)
        return make_response(show(plugin, collection, record_id), 422)
    with opened(plugin, collection) as (unit, entity):
        record = unit.records.get(entity.name, record_id, archived=None)
        made = timeline_page(unit, entity, record).page(typed=text, error=error)
    return make_response(render_template("_history.html", history=made))


def _shown(plugin: str, collection: str, record_id: UUID) -> Response:
    """Show the timeline anew: in its place, or with the whole page where there is no script."""
    with opened(plugin, collection) as (unit, entity):
        if not request.headers.get("HX-Request"):
            return redirect(f"{base_url(entity)}/{record_id}#t-history")
        record = unit.records.get(entity.name, record_id, archived=None)
        made = timeline_page(unit, entity, record).page()
    return make_response(render_template("_history.html", history=made))


# --- people and what they are told ---------------------------------------------------------------


@blueprint.get("/core/members")
def members() -> str:
    """Offer the members whose names have a word that begins as typed."""
    typed = fold(request.args.get("q", "")[:100])
    view = _actor().view
    found = [
        member for member in sorted(view.members.values(), key=lambda m: fold(m.name))
        if member.is_active and f" {typed}" in f" {fold(member.name)}"
    ][:_OFFERED]  # fmt: skip
    names = [fold(m.name) for m in view.members.values() if m.is_active]
    options = [
        {"id": str(m.id), "label": m.name,
         "detail": m.email if names.count(fold(m.name)) > 1 else ""}
        for m in found
    ]  # fmt: skip
    return render_template("_options.html", options=options)


@blueprint.get("/core/notices")
def list_notices() -> str:
    """Show what the person was told: in the bell's menu, or as a page."""
    with current_host().unit(_actor(), read=True) as unit:
        found = notices.read(unit)
        exchanged = news(unit, found)
        items = [_item(unit, notice, exchanged) for notice in found]
    title = translator(_("Notices"))
    set_crumbs(Crumb(title=title))
    page = {"title": title, "items": items, "has_new": any(not i["is_seen"] for i in items)}
    inside = request.headers.get("HX-Request")
    return render_template("_notices.html" if inside else "notices.html", page=page)


@blueprint.post("/core/notices/seen")
def see_notices() -> Response:
    """Note that the person has seen everything."""
    with current_host().unit(_actor(), read=False) as unit:
        notices.see(unit)
    return redirect("/core/notices")


_TOLD = {
    "mention": _("{who} mentioned you in {record}"), "note": _("{who} wrote a note on {record}"),
    "change": _("{who} changed {record}"), "assigned": _("{who} assigned {record} to you"),
}  # fmt: skip


_ICONS = {"mention": "at", "note": "note", "assigned": "user-check"}
_EXCHANGED = {
    "import": (_("Your import of {titles} failed"), "import", "alert-circle"),
    "export": (_("Your export of {titles} failed"), "exports", "alert-circle"),
    "tried": (_("The trial of your import of {titles} is done"), "import", "upload"),
    "imported": (_("Your import of {titles} is done"), "import", "upload"),
    "exported": (_("Your export of {titles} is ready"), "exports", "download"),
}


def _item(
    unit: Unit, notice: notices.Notice, exchanged: Mapping[UUID, tuple[str, bool]]
) -> dict[str, object]:
    if notice.kind in notices.TASKS:
        return _item_of_task(notice)
    entity = unit.view.entities[notice.entity]
    if notice.kind in notices.EXCHANGES:
        text, part, icon = _EXCHANGED[notice.kind]
        detail, is_refused = exchanged.get(notice.id, ("", False))
        return {
            "text": phrase(text, entity.info.plugin, titles=entity.info.titles),
            "url": f"{base_url(entity)}/{part}/{notice.record_id}",
            "when": formats().relative(notice.created_at), "is_seen": notice.is_seen,
            "icon": "alert-triangle" if is_refused else icon, "detail": detail,
        }  # fmt: skip
    by = unit.view.members.get(notice.by_member_id) if notice.by_member_id else None
    return {
        "text": translator(_TOLD[notice.kind], who=by.name if by else "Trato",
                           record=notice.label or "—"),
        "url": f"{base_url(entity)}/{notice.record_id}#t-history",
        "when": formats().relative(notice.created_at), "is_seen": notice.is_seen,
        "icon": _ICONS.get(notice.kind, "pencil"),
    }  # fmt: skip


def _item_of_task(notice: notices.Notice) -> dict[str, object]:
    """Describe the end of a task that an administrator asked for; the notice names its job."""
    is_done = notice.kind == "task_done"
    job = all_jobs(current_host()).get(notice.entity)
    title = notice.entity
    if job is not None:
        title = translator(job.title, None if job.plugin == "core" else job.plugin)
    text = _("Done: {job}") if is_done else _("Failed: {job}")
    path = f"/settings/jobs?job={notice.entity}"
    if notice.entity in (COPY, REMOVE):
        path = "/settings/export"
    return {
        "text": translator(text, job=title), "url": path,
        "when": formats().relative(notice.created_at), "is_seen": notice.is_seen,
        "icon": "check" if is_done else "alert-circle",
    }  # fmt: skip


def unseen_notices() -> int:
    """Count what the signed-in person has not seen; nothing while looking as somebody else."""
    actor = g.get("actor")
    if actor is None or actor.member_id is None or actor.viewer is not None:
        return 0
    with reading().connection(actor.tenant_id) as connection:
        return notices.unseen(connection, actor.tenant_id, actor.member_id)


def _actor() -> Actor:
    """Give the signed-in member; what is told to somebody is that person's alone."""
    actor = g.get("actor")
    if actor is None:
        raise HttpNotFound
    if actor.viewer is not None:
        raise Forbidden(_("This page belongs to the person alone."),
                        hint=_("Leave that view first."), code="viewing")  # fmt: skip
    found: Actor = actor
    return found
