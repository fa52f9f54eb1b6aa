"""The form of a kind of record, arranged by the tenant: sections, tabs, and what fields ask."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.configuration import apply_data, layouts
from trato.configuration.problems import Problems
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Invalid
from trato.plugin import entity_name
from trato.screens.arranged import Part, Tab, tab_key
from trato.screens.cells import Cells
from trato.screens.parts import children
from trato.tenancy.layouts import LaidField, Layout, dressed
from trato.text import _
from trato.web.admin import form_panel
from trato.web.admin.fields import entity_of, field_crumbs, read_fields
from trato.web.admin.form_draft import Draft
from trato.web.admin.form_panel import name_of
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, said, slug, told
from trato.web.auth import current_host
from trato.web.frame import formats, locale, translator
from trato.web.record_form import RecordForm

_PATH = "/forms/<entity_name>"
#: A layout of some hundred fields is some ten kilobytes.
_LARGEST = 200_000


@blueprint.get(_PATH)
def show_form(entity_name: str) -> str:
    """Show the form of a kind of record, to be arranged."""
    entity = _entity(entity_name)
    stored = _stored(entity)
    return _page(entity, Draft(admin().view, entity, stored), base=stored)


@blueprint.post(_PATH)
def arrange_form(entity_name: str) -> Response | str | tuple[str, int]:
    """Take one step of arranging, or save all of them.

    Nothing is kept until it is saved: the page carries what is being made, so that it works
    without script as well, and what somebody else saves meanwhile is told and not lost.
    """
    entity = _entity(entity_name)
    step, open_at = request.form.get("do", ""), request.form.get("open", "")
    base = _sent(entity, "base")
    draft = Draft(admin().view, entity, Layout() if step == "reset" else _sent(entity, "layout"))
    form_panel.read(draft, open_at, request.form)
    if step in ("save", "save-over", "reset"):
        return _save(entity, draft, base, open_at=open_at, step=step)
    open_at = _step(draft, step) or ("" if step == "close" else open_at)
    return _page(entity, draft, base=base, open_at=open_at,
                 opens=step.startswith(("edit:", "new:")))  # fmt: skip


def _save(
    entity: EntityView, draft: Draft, base: Layout, *, open_at: str, step: str
) -> Response | tuple[str, int]:
    """Keep what was arranged; what others saved meanwhile in other parts is kept too."""
    mine, theirs = draft.layout, _stored(entity)
    wanted: Layout | None = mine
    if step != "save-over" and theirs != base:
        wanted = layouts.merged(base, theirs, mine) if step == "save" else None
    if wanted is None:
        return _page(entity, draft, base=base, open_at=open_at, met=True), 409
    spec = wanted.to_json() | {"mark": theirs.mark}
    try:
        apply_data(current_host(), slug(), {"forms": {entity.name: spec}}, actor=admin())
    except Invalid as error:
        met = f"forms.{entity.name}.mark" in error.errors  # in the moment between
        lines = [] if met else _lines(draft, entity, error)
        return _page(entity, draft, base=base, open_at=open_at, errors=lines, met=met), (
            409 if met else 422)  # fmt: skip
    told_text = _("The form is saved, and everybody has it.")
    if step == "reset":
        told_text = _("The form is as its modules made it.")
    elif wanted != mine:
        told_text = _("Somebody else saved this form meanwhile as well. Both are kept.")
    return done(f"forms/{entity.name}", told_text)


def _step(draft: Draft, step: str) -> str:
    """Take a step of arranging; gives what it opens."""
    verb, _colon, rest = step.partition(":")
    kind, _colon, name = rest.partition(":")
    if verb in ("up", "down"):
        draft.move(kind, name, -1 if verb == "up" else 1)
    elif verb == "place":
        key, _colon, before = name.partition(":")
        draft.place(kind, key, before)
    elif verb == "edit":
        return rest
    elif verb == "drop":
        draft.drop(kind, name)
    elif verb == "new" and kind == "section":
        return f"section:{draft.add_section(name, translator(_('New section')), locale())}"
    elif verb == "new":
        return f"tab:{draft.add_tab(translator(_('New tab')), locale())}"
    return ""


# --- what is kept --------------------------------------------------------------------------------


def _entity(name: str) -> EntityView:
    """Find a kind of record that has pages."""
    entity = entity_of(name)
    if ("list", name) not in admin().view.screens:
        raise HttpNotFound
    return entity


def _stored(entity: EntityView) -> Layout:
    return admin().view.layouts.get(entity.name, Layout())


def _sent(entity: EntityView, name: str) -> Layout:
    """Read a layout that the page carries, but for what cannot be."""
    try:
        data = json.loads(request.form.get(name, "")[:_LARGEST])
    except ValueError:
        return _stored(entity)
    view = admin().view
    known = layouts.known_fields(entity.name, entity, current_host().registry, read_fields())
    current = view.layouts.get(entity.name)
    return layouts.read(Problems(), "", data, current=current, known=known) or Layout()


def _lines(draft: Draft, entity: EntityView, error: Invalid) -> list[str]:
    """Write what is wrong, each with the field that it is about."""
    cells = _cells()
    lines = []
    for path, messages in error.errors.items():
        rest = path.removeprefix(f"forms.{entity.name}.").removeprefix("fields.")
        about = next((f for name, f in draft.known.items()
                      if rest == name or rest.startswith(f"{name}.")), None)  # fmt: skip
        start = f"{cells.label(about)}: " if about is not None else ""
        lines += [f"{start}{said(message)}" for message in messages]
    return lines or told(error)


# --- the page ------------------------------------------------------------------------------------


def _cells() -> Cells:
    return Cells(view=admin().view, catalogs=current_host().catalogs, formats=formats(),
                 locale=locale())  # fmt: skip


def _page(
    entity: EntityView, draft: Draft, *, base: Layout, open_at: str = "", opens: bool = False,
    errors: list[str] | None = None, met: bool = False,
) -> str:  # fmt: skip
    cells = _cells()
    layout = draft.layout
    stored = _stored(entity)
    url = f"{ROOT}/forms/{entity.name}"
    way = field_crumbs(entity)
    preview = _preview(entity, layout)
    return page(
        "admin_record_form.html", active="fields", way=way,
        title=translator(_("Form of {title}"), title=way[0].title),
        errors=errors or [], url=url, cancel_url=url, layout=json.dumps(layout.to_json()),
        base=json.dumps(base.to_json()), open_at=open_at, opens=opens,
        met=_differences(draft, cells, stored, layout) if met else None,
        panel=form_panel.panel(draft, cells, open_at), preview=preview,
        tabs=[_tab(draft, cells, entity, tab) for tab in draft.tabs],
        is_changed=layout != stored, is_laid=stored != Layout(),
    )  # fmt: skip


def _tab(draft: Draft, cells: Cells, entity: EntityView, tab: Tab) -> dict[str, Any]:
    view = admin().view
    rows = [rows for rows in children(view, entity) if tab_key(rows.tab) == tab.key]
    places = draft.tabs
    return {
        "key": tab.key, "title": name_of(tab), "id": f"tab:{tab.key}",
        "is_first": tab is places[0], "is_last": tab is places[-1],
        "sections": [_section(draft, cells, part) for part in draft.sections(tab)],
        "rows": [
            translator(one.title or view.entities[entity_name(one.entity)].info.titles,
                       view.entities[entity_name(one.entity)].info.plugin)
            for one in rows
        ],
    }  # fmt: skip


def _section(draft: Draft, cells: Cells, part: Part) -> dict[str, Any]:
    order = [one for tab in draft.tabs for one in draft.sections(tab)]
    tabs = [tab for tab in draft.tabs]
    beside = next(some for tab in tabs if part in (some := draft.sections(tab)))
    at_edge = (tabs[0], tabs[-1])
    return {
        "key": part.key, "title": name_of(part), "id": f"section:{part.key}",
        "is_first": part is beside[0] and part in draft.sections(at_edge[0]),
        "is_last": part is beside[-1] and part in draft.sections(at_edge[1]),
        "fields": [
            _field(draft, cells, field,
                   is_first=part is order[0] and number == 0,
                   is_last=part is order[-1] and number == len(draft.shown(part)) - 1)
            for number, field in enumerate(draft.shown(part))
        ],
    }  # fmt: skip


def _field(
    draft: Draft, cells: Cells, field: Field, *, is_first: bool, is_last: bool
) -> dict[str, Any]:
    said_of = draft.fields.get(field.path, LaidField())
    label = said_of.labels.get(locale()) or cells.label(field)
    badges = []
    if (field.required or said_of.required) and field.kind != "boolean":
        badges.append({"label": translator(_("required")), "tone": "calm"})
    if said_of.hidden and not field.required:
        badges.append({"label": translator(_("left out")), "tone": "warn"})
    if said_of.when and not field.required:
        badges.append({"label": translator(_("under a condition")), "tone": "info"})
    return {"path": field.path, "label": label, "id": f"field:{field.path}", "badges": badges,
            "is_hidden": said_of.hidden, "is_first": is_first, "is_last": is_last}  # fmt: skip


def _differences(draft: Draft, cells: Cells, theirs: Layout, mine: Layout) -> list[str]:
    """Name what the other one saved otherwise than it stands in the draft."""
    one, other = layouts.describe(theirs), layouts.describe(mine)
    names = {"sections": translator(_("Order of sections and fields")),
             "tabs": translator(_("Tabs"))}  # fmt: skip
    found = []
    for part in sorted(one.keys() | other.keys()):
        if one.get(part) != other.get(part):
            field = draft.known.get(part.removeprefix("fields."))
            found.append(names.get(part) or (cells.label(field) if field else part))
    return found


def _preview(entity: EntityView, layout: Layout) -> list[dict[str, Any]]:
    """Make the form of a new record as it will be: by the same code as the form itself."""
    actor = admin()
    fields = entity.plain or entity.fields
    shown = replace(entity, fields=dressed(fields, layout), plain=fields, cache={})
    view = replace(
        actor.view, layouts={**actor.view.layouts, entity.name: layout},
        entities={**actor.view.entities, entity.name: shown},
    )  # fmt: skip
    with current_host().unit(replace(actor, view=view), read=True) as unit:
        return RecordForm(current_host(), unit, shown).sample()
