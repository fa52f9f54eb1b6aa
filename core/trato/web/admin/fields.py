"""A tenant's own fields: list, form with a live preview, order, retirement."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.configuration import apply_data
from trato.configuration.own_fields import KINDS
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.errors import Invalid, TratoError
from trato.tenancy.own_fields import OwnField, read_own_fields
from trato.text import _
from trato.web.admin.layout import (
    ROOT,
    admin,
    blueprint,
    by_field,
    done,
    fragment,
    page,
    slug,
    told,
    widget,
)
from trato.web.auth import current_host
from trato.web.frame import LOCALES, Crumb, locale, translator

#: What each kind is called, and an example of a value.
KIND_NAMES = {
    "text": _("Short text"), "longtext": _("Long text"), "integer": _("Whole number"),
    "decimal": _("Number with decimals"), "money": _("Money"), "date": _("Date"),
    "moment": _("Date and time"), "boolean": _("Yes or no"), "choice": _("One of several"),
    "choices": _("Several of several"), "tags": _("Free tags"), "email": _("E-mail"),
    "phone": _("Phone"), "url": _("Web address"),
}  # fmt: skip
_FLAGS = (
    ("required", _("Required"), _("Nobody can save a record without it.")),
    ("unique", _("Unique"), _("No two records may have the same value.")),
    ("indexed", _("For filters and order"), _("Lists can be filtered and sorted by it quickly.")),
    ("searchable", _("In searches"), _("A record is found by its value.")),
)
_WITH_CHOICES = ("choice", "choices")


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
    )  # fmt: skip


def _row(own: OwnField, active: list[OwnField]) -> dict[str, Any]:
    flags = [translator(label) for flag, label, _help in _FLAGS if getattr(own, flag)]
    choices = [choice.label for choice in own.choices if choice.active]
    about = [translator(KIND_NAMES[own.kind]), *flags]
    if choices:
        about.append(", ".join(choices[:4]) + ("…" if len(choices) > 4 else ""))
    place = active.index(own) if own in active else 0
    return {
        "label": label_of(own), "key": own.key, "about": " · ".join(about),
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
    typed = _typed()
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
    """Change a field; what its values need is made again at once."""
    return _save(entity_of(entity_name), key, _typed(), own_of(entity_name, key))


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
        apply_data(current_host(), slug(), {"fields": {entity_name: changes}}, actor=admin())
    except TratoError as error:
        return fields_page(entity, _problems(error)), 422
    if action in ("up", "down"):
        return done(f"fields/{entity_name}", _("{field} has moved."), field=label_of(own))
    said = _("{field} is retired; its data stays.")
    if action == "restore":
        said = _("{field} is back, with the data it had.")
    return done(f"fields/{entity_name}", said, field=label_of(own))


@blueprint.post("/fields/<entity_name>/preview")
def preview(entity_name: str) -> str:
    """Show a field as the form of a record will, while it is being described."""
    entity_of(entity_name)
    return fragment("_admin_preview.html", preview=_preview(_typed(), None))


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


def _typed() -> dict[str, Any]:
    form = request.form
    texts = ("key", "kind", "label_es", "label_en", "help", "section", "default", "choices")
    typed: dict[str, Any] = {name: form.get(name, "").strip() for name in texts}
    typed["default"] = [part for part in form.getlist("default") if part] or ""
    for flag, _label, _help in _FLAGS:
        typed[flag] = form.getlist(flag)[-1:] == ["true"]
    return typed


def _document(typed: dict[str, Any], own: OwnField | None) -> dict[str, Any]:
    """Write what was typed as the section of a configuration document."""
    kind = own.kind if own is not None else typed["kind"]
    labels = dict(own.labels) if own is not None else {}
    for language, _name in LOCALES:
        if typed[f"label_{language}"]:
            labels[language] = typed[f"label_{language}"]
        else:
            labels.pop(language, None)
    spec: dict[str, Any] = {
        "labels": labels, "help": typed["help"], "section": typed["section"],
        **{flag: typed[flag] for flag, _label, _help in _FLAGS},
        "default": _default(kind, typed["default"]),
    }  # fmt: skip
    if own is None:
        spec["kind"] = kind
        spec["position"] = 10 + max((f.position for f in read_fields().values()), default=0)
        if kind in _WITH_CHOICES:
            lines = [line.strip() for line in typed["choices"].splitlines()]
            spec["choices"] = [
                {"value": line, "label": line} for line in dict.fromkeys(lines) if line
            ]
    return spec


def _default(kind: str, given: Any) -> Any:
    """Give a default as the document holds it; empty is none."""
    texts = given if isinstance(given, list) else [given] if given else []
    if not texts:
        return None
    if kind in ("choices", "tags"):
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if kind == "boolean":
        return texts[-1] == "true"
    if kind == "integer" and texts[-1].lstrip("+-").isdecimal():
        return int(texts[-1])
    return texts[-1]


def _save(
    entity: EntityView, key: str, typed: dict[str, Any], own: OwnField | None
) -> Response | tuple[str, int]:
    data = {"fields": {entity.name: {key: _document(typed, own)}}}
    try:
        apply_data(current_host(), slug(), data, actor=admin())
    except Invalid as error:
        prefix = f"fields.{entity.name}.{key}"
        wrong, rest = by_field(error, _PLACES, prefix=prefix)
        return _form(entity, own, typed, wrong, rest), 422
    label = typed["label_es"] or typed["label_en"]
    if own is None:
        return done(f"fields/{entity.name}", _("The field {field} is made."), field=label)
    return done(f"fields/{entity.name}", _("The field {field} is saved."), field=label)


#: Where a problem of the document stands in the form.
_PLACES = {
    "": "key", "labels": "label_es", "labels.es": "label_es", "labels.en": "label_en",
    **{name: name for name in ("kind", "help", "section", "default", "choices")},
    **{flag: flag for flag, _label, _help in _FLAGS},
}  # fmt: skip


def _problems(error: TratoError) -> list[str]:
    if isinstance(error, Invalid):
        return [*told(error), *(line for lines in by_field(error, {})[1:] for line in lines)]
    return told(error)


def _form(
    entity: EntityView, own: OwnField | None, typed: dict[str, Any],
    wrong: dict[str, list[str]] | None = None, rest: list[str] | None = None,
) -> str:  # fmt: skip
    values = _stored(own) | typed
    errors = wrong or {}
    kind = own.kind if own is not None else values["kind"]
    title = translator(_("New field")) if own is None else label_of(own)
    base = f"{ROOT}/fields/{entity.name}"
    return page(
        "admin_field.html", active="fields", title=title, way=field_crumbs(entity),
        errors=rest or [], action=f"{base}/{own.key if own else 'new'}", cancel_url=base,
        preview_url=f"{base}/preview", is_new=own is None, kind=kind,
        sections=_sections(own, values, errors, kind), preview=_preview(values, own),
        submit_label=translator(_("Save field") if own else _("Make field")),
        choices_url=f"{base}/{own.key}/choices" if own and own.kind in _WITH_CHOICES else None,
    )  # fmt: skip


def _stored(own: OwnField | None) -> dict[str, Any]:
    if own is None:
        return {"key": "", "kind": "text", "label_es": "", "label_en": "", "help": "",
                "section": "", "default": "", "choices": "",
                **{flag: False for flag, _label, _help in _FLAGS}}  # fmt: skip
    default = own.default if own.default is not None else ""
    return {
        "key": own.key, "kind": own.kind, "help": own.help, "section": own.section,
        "label_es": own.labels.get("es", ""), "label_en": own.labels.get("en", ""),
        "default": "true" if default is True else default,
        "choices": "", **{flag: getattr(own, flag) for flag, _label, _help in _FLAGS},
    }  # fmt: skip


def _sections(
    own: OwnField | None, values: dict[str, Any], errors: dict[str, list[str]], kind: str
) -> list[dict[str, Any]]:
    def line(name: str, label: str, kind: str = "text", help: str = "", **more: Any) -> Any:
        return widget(
            name, translator(label), kind, value=values[name], errors=errors.get(name, []),
            help=translator(help) if help else "", **more,
        )  # fmt: skip

    kinds = [(key, translator(KIND_NAMES[key])) for key in KINDS]
    named = [
        line("label_es", _("Name in Spanish"), required=True, maxlength=100),
        line("label_en", _("Name in English"), maxlength=100),
    ]
    if own is None:
        named += [
            line("kind", _("Kind"), "choice", _("It cannot be changed later."), choices=kinds,
                 required=True),
            line("key", _("Key"), "text",
                 _("How imports and the API call it. Empty: made from the name."), maxlength=40),
            line("choices", _("Values"), "longtext",
                 _("For one or several of several: one value a line.")),
        ]  # fmt: skip
    named += [
        line("help", _("Help"), "text", _("Stands below the field in forms."), maxlength=500),
        line("section", _("Heading"), "text", _("The part of the form in which it stands."),
             maxlength=100),
        _default_widget(own, kind, line),
    ]  # fmt: skip
    rules = [line(flag, label, "boolean", help) for flag, label, help in _FLAGS]
    return [{"title": "", "fields": named},
            {"title": translator(_("Rules")), "fields": rules}]  # fmt: skip


def _default_widget(own: OwnField | None, kind: str, line: Any) -> Any:
    """Describe where the value of new records is said, as its kind is written in documents."""
    label, help = _("Default"), _("New records begin with it. Empty: with nothing.")
    if own is not None and kind in _WITH_CHOICES:
        choices = [(c.value, c.label) for c in own.choices if c.active]
        return line("default", label, kind, help, choices=choices)
    if own is not None and kind == "boolean":
        return line("default", label, "choice", help,
                    choices=[("true", translator(_("Yes")))])  # fmt: skip
    if own is not None and kind == "date":
        return line("default", label, "date", help)
    return line("default", label, "text", help)


def _preview(values: dict[str, Any], own: OwnField | None) -> dict[str, Any]:
    """Describe the field as the form of a record shows it."""
    kind = own.kind if own is not None else values["kind"]
    if kind not in KINDS:
        kind = "text"
    choices: list[tuple[str, str]] | None = None
    if kind in _WITH_CHOICES:
        lines = [line.strip() for line in str(values["choices"]).splitlines() if line.strip()]
        choices = [(line, line) for line in lines]
        if own is not None:
            choices = [(c.value, c.label) for c in own.choices if c.active]
    default = values["default"]
    value: Any = default
    if isinstance(default, list) and kind not in ("choices", "tags"):
        value = default[-1] if default else ""
    currency = admin().view.tenant.currency
    label = values["label_es"] if locale() == "es" else values["label_en"]
    return widget(
        "preview", label or values["label_es"] or values["label_en"] or translator(_("Name")),
        kind, value=value, help=values["help"], choices=choices,
        required=bool(values["required"]) and kind != "boolean",
        unit=("$" if currency == "COP" else currency) if kind == "money" else None,
    )  # fmt: skip
