"""Pages made from declared screens: a few controllers for every entity of every plugin."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request, send_file
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.entities.view import EntityView
from trato.errors import BadQuery, DomainError, Forbidden, Invalid, StaleRecord
from trato.exchange.exporting import run_export
from trato.records import arranging, drafts, marks
from trato.records.drafts import Draft
from trato.records.explaining import decide
from trato.records.query import Record
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.screens.cells import Cells
from trato.text import _
from trato.web import flash, neighbours
from trato.web.addresses import base_url
from trato.web.auth import current_host, end_reading, reading
from trato.web.children import ANOTHER, with_another
from trato.web.conflicts import Conflict
from trato.web.duplicate_news import news, tell
from trato.web.frame import formats, locale, toast, translator
from trato.web.lists import ListPage
from trato.web.record_form import RecordForm
from trato.web.records_page import RecordPage, why_page
from trato.web.references import create_option, find_choices, find_options

log = logging.getLogger("trato.web")
blueprint = Blueprint("pages", __name__)
blueprint.after_request(flash.clear)
blueprint.after_request(neighbours.remember)

_LIST = "/<plugin>/<collection>"
_RECORD = "/<plugin>/<collection>/<uuid:record_id>"


@contextmanager
def opened(plugin: str, collection: str, *, read: bool = True) -> Iterator[tuple[Unit, EntityView]]:
    """Open a unit for the signed-in person on an entity that has pages in this tenant."""
    actor = g.actor
    name = actor.view.collections.get((plugin, collection))
    if name is None or ("list", name) not in actor.view.screens:
        raise HttpNotFound
    if not read:  # what is read before is over when something else is written
        end_reading()
    with current_host().unit(actor, read=read, reading=reading()) as unit:
        yield unit, actor.view.entities[name]


@blueprint.get(_LIST)
def show_list(plugin: str, collection: str) -> Response | str:
    """Show a list, or turn its filter form into an address."""
    flash.take()
    with opened(plugin, collection) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args)
        if request.args.get("_field"):
            try:
                return redirect(page.filters.chosen(request.args))
            except BadQuery as error:
                toast(current_host().catalogs.message(error.message, locale()))
        opens_with = None if request.args else page.views.listing.default
        if opens_with is not None:
            return redirect(page.views.url(opens_with))
        refusal = page.views.refusal
        made = page.page() if refusal is None else page.refused()
    if refusal is not None:
        return make_response(render_template("list.html", page=made), refusal.status)
    if request.headers.get("HX-Target") == "t-more":
        return render_template("_rows.html", page=made)
    if page.sort_to_remember() and _is_within(base_url(entity)):
        _remember_sort(plugin, collection, page)
    return render_template("list.html", page=made)


def _is_within(url: str) -> bool:
    """Tell whether one comes from the list itself: who opens a link keeps their own order."""
    came = urlsplit(request.referrer or "")
    return came.netloc == request.host and came.path == url


def _remember_sort(plugin: str, collection: str, page: ListPage) -> None:
    """Keep the order that the member has just chosen by a column's head."""
    if g.actor.viewer is not None:
        return
    with opened(plugin, collection, read=False) as (unit, entity):
        arranging.arrange(unit, entity, replace(page.arranged, sort=page.sort_to_remember()))


@blueprint.get(f"{_LIST}/filters")
def show_filters(plugin: str, collection: str) -> str:
    """Show a form for each field to filter by: inside the list's menu, or as a page."""
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "view")
        page = ListPage(current_host(), unit, entity, request.args).filters_page()
    inside = request.headers.get("HX-Request")
    return render_template("_filters.html" if inside else "filters.html", page=page)


@blueprint.get(f"{_LIST}/export.<extension>")
def export(plugin: str, collection: str, extension: str) -> Response:
    """Give the list, as filtered, as a file; all fields that the person may see."""
    if extension not in ("csv", "xlsx"):
        raise HttpNotFound
    with opened(plugin, collection) as (unit, entity):
        query = ListPage(current_host(), unit, entity, request.args).query()
        query = replace(query, columns=None)
    with tempfile.TemporaryDirectory(prefix="trato-export-") as folder:
        path = Path(folder) / f"{collection}.{extension}"
        run_export(current_host(), g.actor, entity.name, path, query=query)
        # The open file outlives its name; whoever sends it closes it.
        file = path.open("rb")
    return send_file(file, as_attachment=True, download_name=path.name, max_age=0)


@blueprint.get(f"{_LIST}/options/<path:field_path>")
def options(plugin: str, collection: str, field_path: str) -> str:
    """Answer what a person types into a reference or a long choice."""
    text = request.args.get("q", "")[:100]
    with opened(plugin, collection) as (unit, entity):
        field = rules.visible_fields(unit.actor, entity).get(field_path)
        if field is None or field.kind not in ("ref", "choice"):
            raise HttpNotFound
        create = None
        if field.kind == "ref":
            found = find_options(unit, field.target or "", text)
            if "new" in request.args:
                create = create_option(unit, field.target or "", text, request.args["new"])
        else:
            cells = Cells(view=unit.view, catalogs=current_host().catalogs, formats=formats(),
                          locale=locale())  # fmt: skip
            found = find_choices(cells, field, text)
    return render_template("_options.html", options=found, create=create)


@blueprint.get(f"{_LIST}/new")
def new(plugin: str, collection: str) -> str:
    """Show an empty form; the address may fill fields: `?client_id=…`."""
    with opened(plugin, collection) as (unit, entity):
        check_writable(unit)
        rules.require(unit.actor, entity, "create")
        form = RecordForm(current_host(), unit, entity)
        draft = drafts.find(unit, entity, None)
        if draft is not None and request.args.get("draft"):
            given, _values, _errors = form.read(_sent(draft))
            return render_template("form.html", page=form.page(typed=given))
        given, _values, _errors = form.read(request.args)
        page = form.page(typed=given)
        return render_template("form.html", page=page | _offer(draft, page))


def _sent(draft: Draft) -> MultiDict[str, str]:
    return MultiDict((path, part) for path, parts in draft.content.items() for part in parts)


def _offer(draft: Draft | None, page: dict[str, Any]) -> dict[str, Any]:
    """Make what offers to go on with what was typed before."""
    if draft is None:
        return {}
    return {"draft": {"when": formats().date_time(draft.saved_at),
                      "resume_url": f"{page['action']}?draft=1",
                      "discard_url": f"{page['draft_url']}/discard"}}  # fmt: skip


def _member(unit: Unit, text: str) -> UUID | None:
    """Read the member that an address names; what is none means oneself."""
    return next((m for m in unit.view.members if str(m) == text), None)


@blueprint.post(f"{_LIST}/new")
def create(plugin: str, collection: str) -> Response:
    """Make a record from the form, or show the form again with what was typed."""
    if ANOTHER in request.form:
        return _another_row(plugin, collection, None)
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            form = RecordForm(current_host(), unit, entity)
            record = form.store(request.form)
            drafts.drop(unit, entity, None)
            told = news(unit, entity, None, record.id, request.form)
    except Invalid as refused:
        return _again(plugin, collection, None, refused)
    return tell(redirect(f"{base_url(entity)}/{record.id}"), told)


@blueprint.get(_RECORD)
def show(plugin: str, collection: str, record_id: UUID) -> str:
    """Show a record, also one in the recycle bin."""
    flash.take()
    with opened(plugin, collection) as (unit, entity):
        record = unit.records.get(entity.name, record_id, archived=None)
        made = RecordPage(current_host(), unit, entity, record)
        page = made.page()
        is_news = marks.is_news(unit, record.id, made.marks)
    if is_news:
        with opened(plugin, collection, read=False) as (unit, entity):
            marks.look(unit, entity, record_id)
    return render_template("record.html", page=page)


@blueprint.get(f"{_RECORD}/panels/<int:number>")
def show_panel(plugin: str, collection: str, record_id: UUID, number: int) -> str:
    """Show one of the panels of a record's page."""
    with opened(plugin, collection) as (unit, entity):
        record = unit.records.get(entity.name, record_id, archived=None)
        try:
            panel = RecordPage(current_host(), unit, entity, record).panel(number)
        except LookupError:
            raise HttpNotFound from None
    return render_template("_panel.html", panel=panel)


@blueprint.get(f"{_RECORD}/edit")
def edit(plugin: str, collection: str, record_id: UUID) -> str:
    """Show the form of a record."""
    with opened(plugin, collection) as (unit, entity):
        record = _editable(unit, entity, record_id)
        form = RecordForm(current_host(), unit, entity, record=record)
        draft = drafts.find(unit, entity, record.id)
        if draft is not None and request.args.get("draft"):
            typed, _values, _errors = form.read(_sent(draft))
            # Made from the version that it was begun with: what others saved since is compared.
            page = form.page(typed=typed, version=draft.version)
        else:
            page = form.page()
            page |= _offer(draft, page)
    return render_template("form.html", page=page)


@blueprint.post(f"{_RECORD}/edit")
def save(plugin: str, collection: str, record_id: UUID) -> Response:
    """Save a form; when somebody was faster, show both versions and keep what was typed."""
    version = request.form.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 19 else None
    if seen is None:
        raise DomainError(
            _("The form does not say which version it was made from."),
            hint=_("Reload the page and try again."), code="no_version",
        )  # fmt: skip
    if ANOTHER in request.form:
        return _another_row(plugin, collection, record_id, version=seen)
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            record = unit.records.get(entity.name, record_id)
            form = RecordForm(current_host(), unit, entity, record=record)
            form.store(request.form, seen=seen)
            drafts.drop(unit, entity, record_id)
            like_it = news(unit, entity, record, record_id, request.form)
    except Invalid as refused:
        return _again(plugin, collection, record_id, refused, version=seen)
    except StaleRecord as stale:
        return _conflict(plugin, collection, stale, seen)
    answer = redirect(f"{base_url(entity)}/{record_id}")
    if form.merged is None:
        return tell(answer, like_it)
    who, fields = form.merged
    told = _("{who} saved meanwhile as well ({fields}). Both are kept.")
    return flash.flash(answer, translator(told, who=who, fields=", ".join(fields)))


def _editable(unit: Unit, entity: EntityView, record_id: UUID) -> Record:
    """Read the record of a form.

    :raises Forbidden: with the reason why the person may not edit it.
    """
    record = unit.records.get(entity.name, record_id)
    check_writable(unit)
    decision = decide(unit, unit.actor, entity, record, "edit")
    if not decision.allowed:
        raise Forbidden(decision.reason.text, **decision.reason.params)
    return record


def _another_row(
    plugin: str, collection: str, record_id: UUID | None, *, version: int | None = None
) -> Response:
    """Show the form again, as it was typed, with one more row of children."""
    with opened(plugin, collection) as (unit, entity):
        check_writable(unit)
        if record_id is None:
            rules.require(unit.actor, entity, "create")
        record = None if record_id is None else _editable(unit, entity, record_id)
        form = RecordForm(current_host(), unit, entity, record=record)
        sent, row = with_another(request.form, request.form[ANOTHER])
        typed, _values, _errors = form.read(sent)
        page = form.page(typed=typed, version=version, begin_at=row)
        return make_response(render_template("form.html", page=page))


def _again(
    plugin: str, collection: str, record_id: UUID | None, refused: Invalid,
    *, version: int | None = None,
) -> Response:  # fmt: skip
    """Show the form again with what was typed and what was refused."""
    with opened(plugin, collection) as (unit, entity):
        record = None if record_id is None else unit.records.get(entity.name, record_id)
        form = RecordForm(current_host(), unit, entity, record=record)
        typed, _values, errors = form.read(request.form)
        page = form.page(typed=typed, errors={**refused.errors, **errors}, version=version)
        return make_response(render_template("form.html", page=page), 422)


def _conflict(plugin: str, collection: str, stale: StaleRecord, seen: int) -> Response:
    """Show what somebody else saved; fields that only they changed are taken over."""
    current: Record = stale.current
    with opened(plugin, collection) as (unit, entity):
        form = RecordForm(current_host(), unit, entity, record=current)
        typed, values, _errors = form.read(request.form)
        met = Conflict(unit, entity, form.cells, current, seen=seen)
        kept = {path: text for path, text in typed.items() if path not in met.untouched(values)}
        page = form.page(typed=kept, conflict=met.page(typed, values), version=current.version)
        return make_response(render_template("form.html", page=page), 409)


@blueprint.post(f"{_RECORD}/archive")
def archive(plugin: str, collection: str, record_id: UUID) -> Response:
    """Put a record into the recycle bin."""
    with opened(plugin, collection, read=False) as (unit, entity):
        unit.records.archive(entity.name, record_id)
    return redirect(f"{base_url(entity)}/{record_id}")


@blueprint.post(f"{_RECORD}/restore")
def restore(plugin: str, collection: str, record_id: UUID) -> Response:
    """Take a record out of the recycle bin; a conflict is told on its page."""
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            unit.records.restore(entity.name, record_id)
    except Invalid as refused:
        host = current_host()
        texts = [
            host.catalogs.message(message, locale())
            for messages in refused.errors.values()
            for message in messages
        ]
        toast(f"{translator(_('It was not restored.'))} {' '.join(texts)}")
        return make_response(show(plugin, collection, record_id), 409)
    return redirect(f"{base_url(entity)}/{record_id}")


@blueprint.get(f"{_RECORD}/why")
def why(plugin: str, collection: str, record_id: UUID) -> str:
    """Say what the person may do with a record, and by which rule."""
    with opened(plugin, collection) as (unit, entity):
        record = unit.records.get(entity.name, record_id, archived=None)
        member_id = _member(unit, request.args.get("member", ""))
        page = why_page(current_host(), unit, entity, record, member_id=member_id)
    return render_template("why.html", page=page)
