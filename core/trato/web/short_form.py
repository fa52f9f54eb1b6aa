"""A record made on the way: the short form that opens over the form which refers to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import rules
from trato.entities.fields import TEXT_KINDS, Field
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.errors import Invalid, Message
from trato.records.duplicates import Duplicate, watched
from trato.records.query import Filter
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.screens.parts import short_form
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.duplicate_news import find, item_of
from trato.web.forms import FormPage
from trato.web.frame import phrase, translator
from trato.web.pages import opened
from trato.web.references import find_options

blueprint = Blueprint("short_form", __name__)

_SHORT = "/<plugin>/<collection>/short"
#: Likely duplicates that are shown.
_FOUND = 3


class _ShortForm(FormPage):
    """The fields by which a record can be made and told from others."""

    def __init__(self, unit: Unit, entity: EntityView) -> None:
        check_writable(unit)
        rules.require(unit.actor, entity, "create")
        super().__init__(current_host(), unit, entity)
        self.fields = short_form(unit.view, entity, self.writable)

    def page(
        self, typed: dict[str, Any], errors: dict[str, list[Message]],
        found: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Make what `_short.html` shows."""
        info = self.entity.info
        values = {**self.stored(), **typed}
        cells = []
        for declared in self.fields:
            cell = self.widget(declared, values=values, errors=errors)
            cells.append(cell | {"id": f"s-{declared.path.replace('.', '-')}"})
        shown = {declared.path for declared in self.fields}
        catalogs = current_host().catalogs
        lost = [
            catalogs.message(message, self.cells.locale)
            for path, some in errors.items()
            if path not in shown
            for message in some
        ]
        empty = (cell for cell in cells if cell["value"] in (None, ""))
        wrong = (cell for cell in cells if cell["errors"])
        first = next(wrong, None) or next(empty, None) or next(iter(cells), {"name": ""})
        return {
            "title": phrase(_("New {title}"), info.plugin, title=info.title),
            "action": f"{self.url}/short", "fields": cells, "errors": lost, "found": found or [],
            "focus": first["name"],
        }  # fmt: skip

    def duplicates(self, values: dict[str, Any]) -> list[dict[str, str]]:
        """Find records that are probably the same.

        By the rules of the entity, which also tell of records that the person may not see; where it
        has none, by the same name or the same mark.
        """
        if watched(self.unit.actor, self.entity):
            told = find(self.unit, self.entity, None, request.form)
            return [_told(self.entity, one) for one in told[:_FOUND]]
        if not rules.decide(self.unit.actor, self.entity, "view").allowed:
            return []
        label = self.entity.info.label
        name = str(values.get(label) or "")
        alike = find_options(self.unit, self.entity.name, name) if name else []
        found = {one["id"]: one for one in alike if fold(one["label"]) == fold(name)}
        for declared in self.fields:
            value = values.get(declared.path)
            if not value or not declared.identifies or declared.kind not in TEXT_KINDS:
                continue
            rows = self.unit.records.query(
                self.entity.name, columns=(label, declared.path), limit=_FOUND,
                filters=(Filter(path=declared.path, op="eq", value=value),),
            ).rows  # fmt: skip
            for key, _version, text, mark in rows:
                one = {"id": str(key), "label": str(text or "—"), "detail": str(mark or "")}
                found.setdefault(str(key), one)
        return list(found.values())[:_FOUND]


def _told(entity: EntityView, found: Duplicate) -> dict[str, str]:
    item = item_of(entity, found)
    if found.id is not None:
        return {"id": str(found.id), "label": item["label"], "detail": item["why"]}
    text = _("It exists, but you may not see it ({why}). Ask {people} for access.")
    return {"id": "", "label": translator(text, why=item["why"], people=item["people"]),
            "detail": ""}  # fmt: skip


@blueprint.get(_SHORT)
def show(plugin: str, collection: str) -> Response | str:
    """Show the short form, filled with what was typed; without script the whole form is the way."""
    with opened(plugin, collection) as (unit, entity):
        form = _ShortForm(unit, entity)
        if not request.headers.get("HX-Request"):
            return redirect(f"{base_url(entity)}/new")
        typed: dict[str, Any] = {}
        label = next((f for f in form.fields if f.path == entity.info.label), None)
        if label is not None and label.kind in TEXT_KINDS:
            typed[label.path] = request.args.get("q", "")[: label.max_length or 255]
        typed |= _referring(form.fields, request.args.get("of", ""))
        page = form.page(typed, {})
    return render_template("_short.html", page=page)


def _referring(fields: list[Field], of: str) -> dict[str, str]:
    """Fill what refers to the kind of record from whose form one comes."""
    target, _colon, text = of.partition(":")
    try:
        found = str(UUID(text))
    except ValueError:
        return {}
    path = next((f.path for f in fields if f.kind == "ref" and f.target == target), None)
    return {} if path is None else {path: found}


@blueprint.post(_SHORT)
def create(plugin: str, collection: str) -> Response:
    """Make the record and answer its id and name; what looks like it already is shown first."""
    found: list[dict[str, str]] = []
    try:
        with opened(plugin, collection, read=False) as (unit, entity):
            form = _ShortForm(unit, entity)
            _typed, values, errors = form.read(request.form)
            if not errors and "anyway" not in request.form:
                found = form.duplicates(values)
            if found:
                raise Invalid({})
            made = form.write(request.form, lambda given: unit.records.create(entity.name, given))
            label = unit.records.labels(entity.name, [made.id]).get(made.id) or "—"
    except Invalid as refused:
        with opened(plugin, collection) as (unit, entity):
            form = _ShortForm(unit, entity)
            typed, _values, errors = form.read(request.form)
            page = form.page(typed, {**refused.errors, **errors}, found)
        return make_response(render_template("_short.html", page=page), 422)
    return make_response(jsonify(id=str(made.id), label=label), 201)
