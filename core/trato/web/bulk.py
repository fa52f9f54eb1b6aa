"""Many records of a list at once: what is to be done is asked with the count, then done."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Invalid, Message
from trato.exchange.cells import neutralise
from trato.records import undoing
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.text import _
from trato.web.auth import current_host
from trato.web.flash import clear, flash, take
from trato.web.forms import FormPage
from trato.web.frame import Crumb, locale, set_crumbs, translator
from trato.web.lists import ListPage
from trato.web.pages import opened
from trato.web.plain_fields import plain_field

blueprint = Blueprint("bulk", __name__)
blueprint.after_request(clear)

_BULK = "/<plugin>/<collection>/bulk"
_TITLES = {
    "assign": _("Assign"), "team": _("Assign to a team"), "tag": _("Add a tag"),
    "untag": _("Remove a tag"), "change": _("Change a field"), "archive": _("Archive"),
}  # fmt: skip
_PATHS = {"assign": "owner_id", "team": "team_id"}


@blueprint.post(_BULK)
def ask(plugin: str, collection: str) -> Response | str:
    """Say how many records it is about and ask for the value; nothing is changed yet."""
    with opened(plugin, collection) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        if not _count(page):
            return redirect(page.address.to())
        return render_template("bulk.html", page=_page(page))


@blueprint.post(f"{_BULK}/run")
def run(plugin: str, collection: str) -> Response:
    """Do it, and offer to undo it on the list that follows."""
    with opened(plugin, collection, read=False) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        action = _action()
        again: dict[str, Any] | None = None
        to = ""
        if action == "archive":
            rules.require(unit.actor, entity, "archive")
            done = undoing.archive_all(unit, entity, _ids(page))
        else:
            rules.require(unit.actor, entity, "edit")
            field = _field(page, action)
            if field is None:
                raise HttpNotFound
            _typed, values, errors = FormPage(current_host(), unit, entity).read(request.form)
            tag = request.form.get("tag", "").strip()
            if action in ("tag", "untag"):
                if not tag:
                    errors[field.path] = [Message(_("This is obligatory."))]
            elif field.path not in values and not errors:
                values[field.path] = None

            def make(before: Mapping[str, Any]) -> dict[str, Any]:
                if action not in ("tag", "untag"):
                    return {field.path: values[field.path]}
                tags = [t for t in before[field.path] or () if t != tag]
                return {field.path: [*tags, tag] if action == "tag" else tags or None}

            try:
                if errors:
                    raise Invalid(errors)
                done = undoing.change_all(unit, entity, _ids(page), make)
            except Invalid as refused:
                again = _page(page, errors=dict(refused.errors))
        if again is None and done.refused:
            kept = undoing.keep_refused(unit, entity, _reasons(done.refused))
            to = f"/bulk/refused/{kept}"
    if again is not None:  # the page reads for itself, when the writing is over
        return make_response(render_template("bulk.html", page=again), 422)
    undo = f"{page.address.to(f'/undo/{done.undo_id}')}" if done.undo_id else None
    return flash(redirect(page.address.to(to)), _told(_CHANGED, done), undo_url=undo)


@blueprint.get(f"{_BULK}/refused/<uuid:refused_id>")
def show_refused(plugin: str, collection: str, refused_id: UUID) -> str:
    """Tell which records an action left as they are, and why; they stay chosen."""
    take()
    with opened(plugin, collection) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        title, info = translator(_("Refused")), entity.info
        set_crumbs(
            Crumb(title=translator(info.titles, info.plugin), url=page.address.to()),
            Crumb(title=title),
        )
        rows = [
            {"id": record_id, "label": label, "reason": reason,
             "url": f"{page.address.url}/{record_id}" if label else None}
            for record_id, label, reason in _refused(unit, entity, refused_id)
        ]  # fmt: skip
        shown = {
            "title": title, "rows": rows, "count_text": "", "bulk": page.bulk(),
            "bulk_url": page.address.to("/bulk"), "back_url": page.address.to(),
            "file_url": page.address.to(f"/bulk/refused/{refused_id}.csv"),
        }  # fmt: skip
        return render_template("bulk_refused.html", page=shown)


@blueprint.get(f"{_BULK}/refused/<uuid:refused_id>.csv")
def download_refused(plugin: str, collection: str, refused_id: UUID) -> Response:
    """Give the same as a file that a spreadsheet opens."""
    with opened(plugin, collection) as (unit, entity):
        label = rules.visible_fields(unit.actor, entity).get(entity.info.label)
        cells = ListPage(current_host(), unit, entity, request.args).cells
        rows = [(cells.label(label) if label else "", translator(_("Reason")), "id")]
        rows += [(name, reason, str(record_id))
                 for record_id, name, reason in _refused(unit, entity, refused_id)]  # fmt: skip
    file = io.StringIO(newline="")
    csv.writer(file).writerows([neutralise(text) for text in row] for row in rows)
    answer = make_response(file.getvalue().encode("utf-8-sig"))
    answer.mimetype = "text/csv"
    name = f"{collection}-{refused_id.hex[:8]}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _reasons(refused: Sequence[undoing.Refusal]) -> list[tuple[UUID, str]]:
    catalogs, language = current_host().catalogs, locale()
    return [
        (one.id, " ".join(catalogs.message(reason, language) for reason in one.reasons))
        for one in refused
    ]


def _refused(unit: Unit, entity: EntityView, refused_id: UUID) -> list[tuple[UUID, str, str]]:
    """Read what was refused: id, name as far as the person may see it, reason."""
    told = undoing.refused(unit, entity, refused_id)
    names = unit.records.labels(entity.name, [record_id for record_id, _reason in told])
    if entity.info.label not in rules.visible_fields(unit.actor, entity):
        names = {}
    return [(record_id, names.get(record_id, ""), reason) for record_id, reason in told]


@blueprint.post("/<plugin>/<collection>/undo/<uuid:undo_id>")
def undo(plugin: str, collection: str, undo_id: UUID) -> Response:
    """Take an action back; records that somebody changed since stay as they are."""
    with opened(plugin, collection, read=False) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        done = undoing.undo(unit, entity, undo_id)
    return flash(redirect(page.address.to()), _told(_UNDONE, done))


_CHANGED = _("{count} changed.")
_UNDONE = _("Undone: {count}.")


def _told(text: str, done: undoing.Done) -> str:
    words = [translator(text, count=done.changed)]
    if done.skipped:
        words.append(translator(_("{count} left as they are."), count=done.skipped))
    return " ".join(words)


def _action() -> str:
    action = request.form.get("do", "")
    if action not in _TITLES:
        raise HttpNotFound
    return action


def _chosen() -> list[UUID]:
    """Read the ids that the form brings; what is none is left out."""
    found = []
    for text in dict.fromkeys(request.form.getlist("id")):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _is_all() -> bool:
    return request.form.get("all") == "1"


def _count(page: ListPage) -> int:
    """Count the records it is about.

    :raises DomainError: when they are more than one action may change.
    """
    count = len(_chosen())
    if _is_all():
        query = replace(page.query(), columns=(), limit=1, cursor=None, count=True)
        count = page.unit.records.query(page.entity.name, query).total or 0
    undoing.check_count(count)
    return count


def _ids(page: ListPage) -> list[UUID]:
    """Read the ids it is about: those chosen, or all that the address finds now."""
    if not _is_all():
        return _chosen()
    undoing.check_count(_count(page))
    query = replace(page.query(), columns=(), limit=500, cursor=None, count=False)
    found: list[UUID] = []
    while True:
        part = page.unit.records.query(page.entity.name, query)
        found += [row[0] for row in part.rows]
        if part.next is None or len(found) > undoing.MOST:
            return found
        query = replace(query, cursor=part.next)


def _field(page: ListPage, action: str) -> Field | None:
    """Give the field that is to be changed, of those that the person may write."""
    path = _PATHS.get(action) or request.form.get("field", "")
    offered = changeable(page)
    if action in ("tag", "untag"):
        return next((f for f in offered.values() if f.kind == "tags"), None)
    return offered.get(path)


def changeable(page: ListPage) -> dict[str, Field]:
    """Give the fields that may be changed for many: not those that tell records apart."""
    return {
        path: field
        for path, field in rules.writable_fields(page.actor, page.entity).items()
        if not (field.unique or field.identifies or field.derived or path == page.entity.info.label)
    }


def _page(page: ListPage, *, errors: Mapping[str, list[Message]] | None = None) -> dict[str, Any]:
    """Make what `bulk.html` shows: the count, the fields to choose from or the value to give."""
    unit, entity, action = page.unit, page.entity, _action()
    check_writable(unit)
    rules.require(unit.actor, entity, "archive" if action == "archive" else "edit")
    title, info = translator(_TITLES[action]), entity.info
    set_crumbs(
        Crumb(title=translator(info.titles, info.plugin), url=page.address.to()), Crumb(title=title)
    )
    widget, fields = None, []
    if action != "archive":
        field = _field(page, action)
        if field is None and action != "change":
            raise HttpNotFound
        if field is None:
            fields = [(f.path, page.cells.label(f)) for f in changeable(page).values()]
        elif action in ("tag", "untag"):
            wrong = {"tag": translator(_("This is obligatory."))} if errors else None
            widget = plain_field("tag", translator(_("Tag")), maxlength=field.max_length,
                                 errors=wrong)  # fmt: skip
        else:
            widget = FormPage(current_host(), unit, entity).widget(field, errors=errors)
    return {
        "title": title, "action": action, "fields": fields, "widget": widget,
        "count": page.cells.formats.number(_count(page)),
        "ask_url": page.address.to("/bulk"), "run_url": page.address.to("/bulk/run"),
        "back_url": page.address.to(), "is_all": _is_all(),
        "ids": [] if _is_all() else _chosen(), "field": request.form.get("field", ""),
    }  # fmt: skip
