"""The API's documentation as pages, made from the same entities that the API serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request

from trato.access import rules
from trato.entities.fields import Field
from trato.errors import Message
from trato.host import Host
from trato.rest.calls import Call
from trato.rest.codes import CODES
from trato.rest.collection import tells_apart
from trato.rest.openapi.words import Words
from trato.rest.parameters import ID, field_operators, refuse_parameters
from trato.rest.serializer import dumps
from trato.text import _

_KINDS = {
    "text": _("text"), "longtext": _("text"), "email": _("e-mail address"),
    "phone": _("phone number"), "url": _("web address"), "integer": _("whole number"),
    "decimal": _("number, as text"), "money": _("amount, as text"), "date": _("day"),
    "moment": _("moment in UTC"), "boolean": _("yes or no"), "choice": _("choice"),
    "choices": _("several choices"), "tags": _("words"), "ref": _("id of a record"),
    "member": _("id of a member"), "team": _("id of a team"),
}  # fmt: skip
#: Kinds of which an example needs no knowledge of other records.
_SAMPLES: dict[str, Any] = {
    "text": "Ferretería El Yunque", "email": "compras@yunque.example", "phone": "601 555 0142",
    "integer": 30, "decimal": "1.5", "money": "1500000.00", "date": "2026-11-22",
    "moment": "2026-11-22T20:30:00Z", "boolean": True,
}  # fmt: skip
#: Kinds that show how values are written.
_TELLING = frozenset({"email", "money", "date", "moment"})


def overview() -> Response:
    """Answer the page about the API as a whole."""
    refuse_parameters(request.query_string)
    words = _words()
    actor = g.actor
    collections: list[dict[str, Any]] = []
    for entity in actor.view.entities.values():
        if rules.decide(actor, entity, "view").allowed:
            path = f"/api/v1/{entity.info.plugin}/{entity.info.collection}"
            collections.append(
                {
                    "title": words(entity.info.titles, entity.info.plugin), "path": path,
                    "url": _docs_url(entity.info.plugin, entity.info.collection),
                }
            )  # fmt: skip
    codes = [(code.name, code.status, words(code.meaning)) for code in CODES]
    page = {"title": words(_("API")), "collections": collections, "codes": codes,
            "root": request.url_root.rstrip("/")}  # fmt: skip
    g.crumbs = []
    return make_response(render_template("rest/overview.html", page=page))


def entity_page(call: Call) -> Response:
    """Answer the page about one collection.

    :raises Forbidden: when the actor may see no record of it.
    """
    rules.require(call.actor, call.entity, "view")
    refuse_parameters(call.query_string)
    words = _words()
    info = call.entity.info
    visible = rules.visible_fields(call.actor, call.entity)
    writable = rules.writable_fields(call.actor, call.entity)
    page = {
        "title": words(info.titles, info.plugin),
        "path": f"/api/v1/{info.plugin}/{info.collection}",
        "root": request.url_root.rstrip("/"),
        "fields": [
            _row(call, words, ID, may_write=False),
            *(
                _row(call, words, field, may_write=path in writable)
                for path, field in visible.items()
            ),
        ],
        "matches": [path for path, field in visible.items() if tells_apart(field)],
        "example": dumps(_example(writable.values())).decode(),
    }
    g.crumbs = [{"title": words(_("API")), "url": f"{request.script_root}/api/v1/docs"}]
    return make_response(render_template("rest/collection.html", page=page))


def _words() -> Words:
    host: Host = current_app.extensions["trato"]
    return Words(catalogs=host.catalogs, locale=g.actor.locale)


def _docs_url(plugin: str, collection: str) -> str:
    return f"{request.script_root}/api/v1/docs/{plugin}/{collection}"


def _row(call: Call, words: Words, field: Field, *, may_write: bool) -> dict[str, Any]:
    notes = []
    if field.needed and may_write:
        notes.append(words(_("obligatory")))
    if field.unique:
        notes.append(words(_("unique")))
    if not may_write:
        notes.append(words(_("read only")))
    for owner in call.actor.view.owners.get(call.entity.name, {}).get(field.path, ()):
        kept = Message(_("kept by {connector} where linked"), {"connector": owner.title})
        notes.append(words.catalogs.message(kept, words.locale))
    if field.sortable:
        notes.append(words(_("sortable")))
    target = call.actor.view.entities.get(field.target or "")
    return {
        "path": field.path,
        "label": words.label(field),
        "kind": words(_KINDS[field.kind]),
        "url": target and _docs_url(target.info.plugin, target.info.collection),
        "notes": ", ".join(notes),
        "operators": " ".join(field_operators(call.actor, field)),
    }


def _example(writable: Iterable[Field]) -> dict[str, Any]:
    """Make a body with what a new record needs and a little more."""
    found: dict[str, Any] = {}
    for field in writable:
        needed = field.needed
        if field.source != "native" or not (needed or (field.kind in _TELLING and len(found) < 4)):
            continue
        if field.kind == "choice":
            found[field.path] = field.choices[0][0]
        elif field.kind in _SAMPLES:
            found[field.path] = _SAMPLES[field.kind]
        elif needed:
            found[field.path] = "01a20142-3234-72f1-a422-4a9ac5a22e77"
    return found
