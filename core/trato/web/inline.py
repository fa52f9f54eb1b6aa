"""One field of one row, edited where it stands in the list."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Forbidden, Invalid, Message, NotFound, StaleRecord, TratoError
from trato.records import owning, undoing
from trato.records.explaining import decide
from trato.records.query import Record
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.conflicts import Conflict
from trato.web.forms import FormPage
from trato.web.frame import locale, translator
from trato.web.lists import ListPage
from trato.web.pages import opened

blueprint = Blueprint("inline", __name__)

_CELL = "/<plugin>/<collection>/<uuid:record_id>/cell/<field_path>"
#: How often others may save other fields while one value is on its way.
_ATTEMPTS = 3


@blueprint.errorhandler(TratoError)
def refused(error: TratoError) -> Response:
    """Answer a refusal in words alone: the script shows them as a toast."""
    message = error.message
    if error.status == 404:
        # Never tell whether it exists for somebody else.
        message = Message(_("This record does not exist, or you may not see it."))
    text = current_host().catalogs.message(message, locale())
    answer = make_response(text, error.status)
    answer.mimetype = "text/plain"
    return answer


@blueprint.get(_CELL)
def show(plugin: str, collection: str, record_id: UUID, field_path: str) -> Response | str:
    """Give the form of one field, or the row as it is now; without script the form is the way."""
    with opened(plugin, collection) as (unit, entity):
        record, field, form = _editable(unit, entity, record_id, field_path)
        if not request.headers.get("HX-Request"):
            return redirect(f"{base_url(entity)}/{record_id}/edit")
        if request.headers.get("HX-Target") == "t-row":
            return str(ListPage(current_host(), unit, entity, request.args).row(record))
        return _form(form, record, field, values=form.stored())


@blueprint.post(_CELL)
def save(plugin: str, collection: str, record_id: UUID, field_path: str) -> Response:
    """Save one field and answer the row as it is now.

    What others saved in other fields meanwhile stays; where they changed this one, the person
    chooses.
    """
    text = request.form.get("version", "")
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    for _attempt in range(_ATTEMPTS):
        try:
            return _save(plugin, collection, record_id, field_path, seen)
        except Invalid as error:
            return _again(plugin, collection, record_id, field_path, error, seen)
        except StaleRecord as stale:
            met = _conflict(plugin, collection, field_path, stale, seen)
            if met is not None:
                return met
            seen = stale.current.version
    raise StaleRecord(_("Somebody else saved the record first."), current=None)


def _save(plugin: str, collection: str, record_id: UUID, path: str, seen: int) -> Response:
    undo_id: UUID | None = None
    with opened(plugin, collection, read=False) as (unit, entity):
        record, field, form = _editable(unit, entity, record_id, path)

        def change(values: dict[str, Any]) -> Record:
            nonlocal undo_id
            if not values and seen == record.version:
                return record
            saved, undo_id = undoing.change_one(unit, entity, record_id, values, version=seen)
            return saved

        form.write(_sent(path), change)
    with opened(plugin, collection) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        try:
            row = str(page.row(unit.records.get(entity.name, record_id)))
        except NotFound:  # given away to others
            row = ""
        answer = make_response(row)
        if undo_id is not None:
            told = {"text": translator(_("Saved: {name}."), name=page.cells.label(field)),
                    "undo": page.address.to(f"/undo/{undo_id}")}  # fmt: skip
            answer.headers["HX-Trigger"] = json.dumps({"trato:toast": told})
    return answer


def _again(
    plugin: str, collection: str, record_id: UUID, path: str, error: Invalid, seen: int
) -> Response:
    """Show the form again with what was typed and why it is refused."""
    with opened(plugin, collection) as (unit, entity):
        record, field, form = _editable(unit, entity, record_id, path)
        typed, _values, _errors = form.read(_sent(path))
        # A rule between fields may speak of another one, which the row does not show.
        wrong = [message for messages in error.errors.values() for message in messages]
        made = _form(form, record, field, values=typed, errors=wrong, version=seen)
    return make_response(made, 422)


def _conflict(
    plugin: str, collection: str, path: str, stale: StaleRecord, seen: int
) -> Response | None:
    """Show what somebody else wrote into the same field; None where they changed others only."""
    current: Record = stale.current
    with opened(plugin, collection) as (unit, entity):
        record, field, form = _editable(unit, entity, current.id, path)
        typed, values, _errors = form.read(_sent(path))
        met = Conflict(unit, entity, form.cells, current, seen=seen)
        if path not in met.before:
            return None
        told = met.page(typed, values)
        if not told["fields"]:  # both wrote the same
            return None
        conflict = {"who": told["who"], "when": told["when"], **told["fields"][0]}
        made = _form(form, record, field, values=typed, version=current.version, conflict=conflict)
    return make_response(made, 409)


def _sent(path: str) -> MultiDict[str, str]:
    """Give what was sent for the one field, whatever else a form carries."""
    return MultiDict((path, text) for text in request.form.getlist(path))


def _editable(
    unit: Unit, entity: EntityView, record_id: UUID, path: str
) -> tuple[Record, Field, FormPage]:
    """Read a record that the person may edit, of which the field is theirs to write.

    :raises Forbidden: with the rule that does not allow it.
    """
    check_writable(unit)
    field = rules.writable_fields(unit.actor, entity).get(path)
    if field is None:
        raise HttpNotFound
    record = unit.records.get(entity.name, record_id)
    decision = decide(unit, unit.actor, entity, record, "edit")
    if not decision.allowed:
        raise Forbidden(decision.reason.text, **decision.reason.params)
    form = FormPage(current_host(), unit, entity, record=record)
    if path in form.kept:
        refusal = owning.refusal(form.kept[path])
        raise Forbidden(refusal.text, **refusal.params)
    return record, field, form


def _form(
    form: FormPage, record: Record, field: Field, *, values: dict[str, Any],
    errors: list[Message] | None = None, version: int | None = None,
    conflict: dict[str, str] | None = None,
) -> str:  # fmt: skip
    wrong = {field.path: errors} if errors else None
    cell = {
        "url": request.full_path.rstrip("?"),
        "title": translator(
            _("{field} of {record}"), field=form.cells.label(field), record=form.label(record)
        ),
        "version": record.version if version is None else version,
        "widget": form.widget(field, values=values, errors=wrong), "conflict": conflict,
    }  # fmt: skip
    return render_template("_cell.html", cell=cell)
