"""Duplicates are told while one types."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound

from trato.access import rules
from trato.web.duplicate_news import SEEN, SHOWN, find, item_of, marks
from trato.web.pages import opened

blueprint = Blueprint("duplicates", __name__)


@blueprint.post("/<plugin>/<collection>/duplicates")
def ask(plugin: str, collection: str) -> str:
    """Answer what a form holds so far with the records that are probably the same."""
    with opened(plugin, collection) as (unit, entity):
        record = None
        named = request.args.get("record", "")
        if named:
            try:
                record = unit.records.get(entity.name, UUID(named))
            except ValueError:
                raise HttpNotFound from None
        rules.require(unit.actor, entity, "create" if record is None else "edit")
        found = find(unit, entity, record, request.form)
        items = [item_of(entity, one) for one in found[:SHOWN]]
    page = {
        "items": items, "more": max(len(found) - SHOWN, 0), "seen": marks(found),
        "name": SEEN,
    }  # fmt: skip
    return render_template("_duplicates.html", page=page)
