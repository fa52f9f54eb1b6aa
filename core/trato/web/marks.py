"""What a person follows, marks as a favourite, and looked at of late."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.records import marks, views
from trato.records.unit import Unit
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.frame import Crumb, formats, frame, set_crumbs, translator
from trato.web.list_views import title_of
from trato.web.pages import opened

blueprint = Blueprint("marks", __name__)

#: Kind, heading, and what to do where there are none.
_GROUPS = (
    ("favorite", _("Favourites"), _("Open a record and press its star: it will stand here.")),
    (marks.RECENT, _("Looked at of late"), _("What you open will stand here.")),
    ("follow", _("Followed"),
     _("Open a record and press its eye: it will stand here, and you are told when it changes.")),
)  # fmt: skip


@blueprint.post("/<plugin>/<collection>/<uuid:record_id>/marks/<kind>")
def put(plugin: str, collection: str, record_id: UUID, kind: str) -> Response | str:
    """Set or take away a mark; the answer is its button, or the page again."""
    if kind not in marks.KINDS:
        raise HttpNotFound
    on = request.form.get("on") == "1"
    with opened(plugin, collection, read=False) as (unit, entity):
        marks.put(unit, entity, record_id, kind, on=on)
    url = f"{base_url(entity)}/{record_id}"
    if request.headers.get("HX-Request"):
        return render_template("_mark.html", mark={"kind": kind, "is_on": on, "url": url})
    return redirect(url)


@blueprint.get("/core/marks")
def show() -> str:
    """Show the person's favourites, what is followed, and what was looked at of late."""
    actor = g.get("actor")
    if actor is None:
        raise HttpNotFound
    with current_host().unit(actor, read=True) as unit:
        groups: list[dict[str, Any]] = [
            {"title": translator(_("Views of lists")), "items": _views(unit),
             "hint": translator(_("Mark a view as favourite in its settings: it stands here."))}
        ]  # fmt: skip
        groups += [
            {"title": translator(title), "hint": translator(hint), "items": _items(unit, kind)}
            for kind, title, hint in _GROUPS
        ]
    title = translator(_("Favourites and recent"))
    set_crumbs(Crumb(title=title))
    empty = None if any(group["items"] for group in groups) else _empty()
    return render_template("marks.html", page={"title": title, "groups": groups, "empty": empty})


def _empty() -> dict[str, Any]:
    """Say what will stand here, and lead to the first list."""
    around = frame()
    lists = [entry for menu in around.menus for entry in menu["entries"]] if around else []
    return {
        "title": translator(_("Your own way through the records")),
        "text": translator(_("Open a record and press its star to find it here, or its eye to be "
                             "told when it changes. What you open stands here by itself.")),
        "actions": [{"label": translator(_("Open {title}"), title=one["title"]), "url": one["url"],
                     "icon": one["icon"]} for one in lists[:1]],
    }  # fmt: skip


def _views(unit: Unit) -> list[dict[str, Any]]:
    made = []
    for entity, view in views.favorites(unit):
        info = entity.info
        made.append(
            {"label": title_of(entity, view), "kind": translator(info.titles, info.plugin),
             "icon": info.icon, "when": "",
             "url": f"{base_url(entity)}?{urlencode({'view': view.key})}"}
        )  # fmt: skip
    return made


def _items(unit: Unit, kind: str) -> list[dict[str, Any]]:
    made = []
    for marked in marks.read(unit, kind):
        info = unit.view.entities[marked.entity].info
        made.append(
            {"label": marked.label or "—", "kind": translator(info.title, info.plugin),
             "icon": info.icon, "when": formats().relative(marked.at),
             "url": f"{base_url(unit.view.entities[marked.entity])}/{marked.record_id}"}
        )  # fmt: skip
    return made
