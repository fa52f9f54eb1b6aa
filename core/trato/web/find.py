"""Ctrl+K: go anywhere and find any record, from wherever one is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound

from trato.access import rules
from trato.entities.fold import fold
from trato.records import marks
from trato.records.finding import find_everywhere
from trato.records.unit import Unit
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.frame import Crumb, frame, phrase, set_crumbs, translator

blueprint = Blueprint("find", __name__, url_prefix="/search")


@blueprint.get("")
def find() -> str:
    """Answer with what fits; as a page of its own where there is no script."""
    actor = g.actor
    if actor is None or actor.member is None:
        raise HttpNotFound
    text = request.args.get("q", "").strip()[:100]
    with current_host().unit(actor, read=True) as unit:
        groups = _marked(unit) if not text else _records(unit, text)
    groups = [*_places(text), *groups] if not text else [*groups, *_places(text)]
    page = {"title": translator(_("Search")), "q": text, "groups": groups}
    if request.headers.get("HX-Request"):
        return render_template("_find.html", page=page)
    set_crumbs(Crumb(title=translator(_("Search"))))
    return render_template("find.html", page=page)


def _records(unit: Unit, text: str) -> list[dict[str, Any]]:
    found = find_everywhere(
        unit, text, wanted=lambda entity: ("list", entity.name) in unit.view.screens
    )
    return [
        {
            "title": translator(entity.info.titles, entity.info.plugin), "icon": entity.info.icon,
            "more_url": f"{base_url(entity)}?{urlencode({'q': text})}",
            "items": [
                {"label": item.label, "detail": item.detail, "icon": entity.info.icon,
                 "url": f"{base_url(entity)}/{item.record_id}"}
                for item in items
            ],
        }
        for entity, items in found
    ]  # fmt: skip


def _marked(unit: Unit) -> list[dict[str, Any]]:
    """Offer the records that one has marked or looked at, before anything is typed."""
    groups = []
    for kind, title, icon in (
        ("favorite", _("Favourites"), "star"), ("recent", _("Looked at of late"), "history"),
    ):  # fmt: skip
        items = []
        for mark in marks.read(unit, kind, limit=6):
            entity = unit.view.entities.get(mark.entity)
            if entity is not None and ("list", entity.name) in unit.view.screens:
                title_of = translator(entity.info.title, entity.info.plugin)
                items.append(
                    {"label": mark.label, "detail": title_of, "icon": entity.info.icon,
                     "url": f"{base_url(entity)}/{mark.record_id}"}
                )  # fmt: skip
        if items:
            groups.append({"title": translator(title), "icon": icon, "items": items})
    return groups


def _places(text: str) -> list[dict[str, Any]]:
    """Offer the places one may go to and what one may begin there."""
    around = frame()
    if around is None:
        return []
    wanted = fold(text).split()
    view = g.actor.view
    begin = []
    for menu in view.menus:
        entity = view.entities.get(menu.entity or "")
        if entity is None or view.read_only:
            continue
        if rules.decide(g.actor, entity, "create").allowed:
            label = phrase(_("New {title}"), entity.info.plugin, title=entity.info.title)
            begin.append(
                {"label": label, "detail": "", "icon": "plus", "url": f"{base_url(entity)}/new"}
            )
    go = [
        {"label": entry["title"], "detail": "", "icon": entry["icon"], "url": entry["url"]}
        for menu in around.menus
        for entry in menu["entries"]
    ]
    if around.admin_url:
        go.append({"label": translator(_("Administration")), "detail": "", "icon": "settings",
                   "url": around.admin_url})  # fmt: skip
    groups = []
    for title, icon, items in (
        (_("Go to"), "arrow-right", go), (_("Begin"), "plus", begin),
    ):  # fmt: skip
        fitting = [i for i in items if all(word in fold(str(i["label"])) for word in wanted)]
        if fitting and (text or title == "Go to"):
            groups.append({"title": translator(title), "icon": icon, "items": fitting[:8]})
    return groups
