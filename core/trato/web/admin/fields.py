"""A tenant's own fields: list, form with a live preview, order, retirement."""

from __future__ import annotations

import re
from typing import Any

from flask import render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.configuration import apply_data, refilling
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.errors import Invalid, TratoError
from trato.tenancy.own_fields import OwnField, read_own_fields
from trato.text import _
from trato.web.admin import field_form
from trato.web.admin.layout import (
    ROOT,
    admin,
    applied,
    blueprint,
    by_field,
    done,
    fragment,
    page,
    slug,
    told,
)
from trato.web.auth import current_host
from trato.web.frame import Crumb, locale, translator
from trato.web.references import find_options

#: Where one sees how far the index of a field is.
FILLING_URL = f"{ROOT}/jobs?job={refilling.JOB}"


@blueprint.get("/fields")
def show_entities() -> str:
    """Show each kind of record with its own fields."""
    stored = read_fields()
    groups = []
    for name, entity in admin().view.entities.items():
        own = [field for (of, _key), field in stored.items() if of == name]
        groups.append(
            {
                "title": translator(entity.info.titles, entity.info.plugin), "name": name,
                "icon": entity.info.icon, "url": f"{ROOT}/fields/{name}",
                "fields": [label_of(f) for f in own if f.active],
                "retired": sum(1 for f in own if not f.active),
            }
        )  # fmt: skip
    return page(
        "admin_fields.html", active="fields", title=translator(_("Fields and choices")),
        groups=groups,
    )  # fmt: skip


@blueprint.get("/fields/<entity_name>")
def show_fields(entity_name: str) -> str:
    """Show the own fields of a kind of record."""
    return fields_page(entity_of(entity_name))


def fields_page(entity: EntityView, errors: list[str] | None = None) -> str:
    """Render the own fields of a kind of record, in their order."""
    own = [field for (of, _key), field in read_fields().items() if of == entity.name]
    active = [field for field in own if field.active]
    return page(
        "admin_entity.html", active="fields", title=_titles(entity), errors=errors or [],
        url=f"{ROOT}/fields/{entity.name}", rows=[_row(f, active) for f in active],
        retired=[_row(f, active) for f in own if not f.active],
        create_url=f"{ROOT}/fields/{entity.name}/new", create_label=translator(_("New field")),
        form_url=f"{ROOT}/forms/{entity.name}"
        if ("list", entity.name) in admin().view.screens else None,
    )  # fmt: skip


def _row(own: OwnField, active: list[OwnField]) -> dict[str, Any]:
    flags = [translator(label) for flag, label, _help in field_form.FLAGS if getattr(own, flag)]
    choices = [choice.label for choice in own.choices if choice.active]
    about = [translator(field_form.KIND_NAMES[own.kind]), *flags]
    target = admin().view.entities.get(own.target or "")
    if target is not None:
        about.insert(1, _titles(target))
    if choices:
        about.append(", ".join(choices[:4]) + ("…" if len(choices) > 4 else ""))
    place = active.index(own) if own in active else 0
    return {
        "label": label_of(own), "key": own.key, "about": " · ".join(about),
        "filling_url": FILLING_URL if own.filling else None,
        "section": own.section, "is_first": place == 0, "is_last": place == len(active) - 1,
        "url": f"{ROOT}/fields/{own.entity}/{own.key}",
    }  # fmt: skip


@blueprint.get("/fields/<entity_name>/new")
def new_field(entity_name: str) -> str:
    """Show the form of a new field."""
    return _form(entity_of(entity_name), None, {})


@blueprint.post("/fields/<entity_name>/new")
def create_field(entity_name: str) -> Response | tuple[str, int]:
    """Make a field."""
    entity = entity_of(entity_name)
    typed = field_form.typed()
    key = typed["key"] or suggested_key(typed["label_es"] or typed["label_en"])
    if (entity_name, key) in read_fields():
        wrong = {"key": [translator(_("A field with the key {key} exists already."), key=key)]}
        return _form(entity, None, typed, wrong), 422
    return _save(entity, key, typed, None)


@blueprint.get("/fields/<entity_name>/<key>")
def edit_field(entity_name: str, key: str) -> str:
    """Show the form of a field."""
    return _form(entity_of(entity_name), own_of(entity_name, key), {})


@blueprint.post("/fields/<entity_name>/<key>")
def save_field(entity_name: str, key: str) -> Response | tuple[str, int]:
    """Change a field; what its values need is made again, of many records in the background."""
    own = own_of(entity_name, key)
    return _save(entity_of(entity_name), key, field_form.typed(), own)


@blueprint.post("/fields/<entity_name>/<key>/<action>")
def change_field(entity_name: str, key: str, action: str) -> Response | tuple[str, int]:
    """Retire a field, bring it back, or move it among the others."""
    entity, own = entity_of(entity_name), own_of(entity_name, key)
    if action in ("retire", "restore"):
        changes: dict[str, Any] = {key: {"active": action == "restore"}}
    elif action in ("up", "down"):
        changes = _moved(own, -1 if action == "up" else 1)
    else:
        raise HttpNotFound
    try:
        steps = apply_data(
            current_host(), slug(), {"fields": {entity_name: changes}}, actor=admin(),
            in_background=True,
        )  # fmt: skip
    except TratoError as error:
        return fields_page(entity, _problems(error)), 422
    if action in ("up", "down"):
        return done(f"fields/{entity_name}", _("{field} has moved."), field=label_of(own))
    said = _("{field} is retired; its data stays.")
    if action == "restore":
        said = _("{field} is back, with the data it had.")
    return applied(f"fields/{entity_name}", steps, said, field=label_of(own))


@blueprint.post("/fields/<entity_name>/preview")
def preview(entity_name: str) -> str:
    """Show a field as the form of a record will, while it is being described."""
    entity_of(entity_name)
    return fragment("_admin_preview.html", preview=field_form.preview(field_form.typed(), None))


@blueprint.get("/fields/targets/<entity_name>")
def preview_options(entity_name: str) -> str:
    """Answer what is typed into a link in the preview."""
    entity_of(entity_name)
    with current_host().unit(admin(), read=True) as unit:
        found = find_options(unit, entity_name, request.args.get("q", "")[:100])
    return render_template("_options.html", options=found)


# --- what is stored ------------------------------------------------------------------------------


def entity_of(name: str) -> EntityView:
    """Find a kind of record that exists for the tenant."""
    entity = admin().view.entities.get(name)
    if entity is None:
        raise HttpNotFound
    return entity


def own_of(entity_name: str, key: str) -> OwnField:
    """Find an own field, a retired one too."""
    own = read_fields().get((entity_name, key))
    if own is None:
        raise HttpNotFound
    return own


def read_fields() -> dict[tuple[str, str], OwnField]:
    """Read the own fields of the tenant."""
    tenant_id = admin().tenant_id
    with transaction(current_host().engine, tenant_id=tenant_id, read=True) as connection:
        return read_own_fields(connection, tenant_id)


def label_of(own: OwnField) -> str:
    """Name a field in the reader's language."""
    return own.labels.get(locale()) or next(iter(own.labels.values()), own.key)


def field_crumbs(entity: EntityView) -> tuple[Crumb, ...]:
    """Give the steps that lead to a field of a kind of record."""
    return (Crumb(title=_titles(entity), url=f"{ROOT}/fields/{entity.name}"),)


def suggested_key(label: str) -> str:
    """Make a key of a label: `Día de visita` gives `dia_de_visita`."""
    key = re.sub(r"[^a-z0-9]+", "_", fold(label)).strip("_")[:40].rstrip("_")
    return key if key[:1].isalpha() else f"f_{key}"[:40].rstrip("_")


def _titles(entity: EntityView) -> str:
    return translator(entity.info.titles, entity.info.plugin)


def _moved(own: OwnField, by: int) -> dict[str, Any]:
    """Number the active fields anew with one of them a place further."""
    fields = [f for (of, _key), f in read_fields().items() if of == own.entity and f.active]
    keys = [f.key for f in fields]
    if own.key not in keys:
        raise HttpNotFound
    place = keys.index(own.key)
    keys.insert(min(max(place + by, 0), len(keys) - 1), keys.pop(place))
    return {key: {"position": number * 10} for number, key in enumerate(keys, 1)}


# --- the form ------------------------------------------------------------------------------------


def _save(
    entity: EntityView, key: str, typed: dict[str, Any], own: OwnField | None
) -> Response | tuple[str, int]:
    """Keep a field and what each role may do with it, in one step."""
    stored = read_fields()
    position = 10 + max((f.position for f in stored.values()), default=0)
    data = {"fields": {entity.name: {key: field_form.document(typed, own, position=position)}}}
    roles = field_form.role_documents(admin().view, entity.name, f"custom.{key}", typed)
    if roles:
        data["roles"] = roles
    try:
        steps = apply_data(current_host(), slug(), data, actor=admin(), in_background=True)
    except Invalid as error:
        prefix = f"fields.{entity.name}.{key}"
        wrong, rest = by_field(error, field_form.PLACES, prefix=prefix)
        return _form(entity, own, typed, wrong, rest), 422
    label = typed["label_es"] or typed["label_en"]
    if own is None:
        return done(f"fields/{entity.name}", _("The field {field} is made."), field=label)
    said = _("The field {field} is saved.")
    return applied(f"fields/{entity.name}", steps, said, field=label)


def _problems(error: TratoError) -> list[str]:
    if isinstance(error, Invalid):
        return [*told(error), *(line for lines in by_field(error, {})[1:] for line in lines)]
    return told(error)


def _form(
    entity: EntityView, own: OwnField | None, typed: dict[str, Any],
    wrong: dict[str, list[str]] | None = None, rest: list[str] | None = None,
) -> str:  # fmt: skip
    values = field_form.stored(entity.name, own) | typed
    title = translator(_("New field")) if own is None else label_of(own)
    base = f"{ROOT}/fields/{entity.name}"
    has_choices = own is not None and own.kind in field_form.WITH_CHOICES
    return page(
        "admin_field.html", active="fields", title=title, way=field_crumbs(entity),
        errors=rest or [], action=f"{base}/{own.key if own else 'new'}", cancel_url=base,
        preview_url=f"{base}/preview", is_new=own is None,
        sections=field_form.sections(own, values, wrong or {}),
        preview=field_form.preview(values, own),
        submit_label=translator(_("Save field") if own else _("Make field")),
        choices_url=f"{base}/{own.key}/choices" if own and has_choices else None,
        filling_url=FILLING_URL if own is not None and own.filling else None,
    )  # fmt: skip
