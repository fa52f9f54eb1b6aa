"""Values of an own choice: rename, add, order, retire, merge."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.configuration import apply_data
from trato.configuration.merging import count_uses, merge_choice
from trato.errors import Invalid, TratoError
from trato.jobs import merging
from trato.tenancy.own_fields import OwnField
from trato.text import _
from trato.web.admin.fields import entity_of, field_crumbs, label_of, own_of
from trato.web.admin.layout import (
    ROOT,
    admin,
    applied,
    blueprint,
    by_field,
    done,
    page,
    slug,
    told,
)
from trato.web.auth import current_host
from trato.web.frame import Crumb, formats, translator

_KINDS = ("choice", "choices")
_PATH = "/fields/<entity_name>/<key>/choices"


@blueprint.get(_PATH)
def show_choices(entity_name: str, key: str) -> str:
    """Show the values of a choice and how many records have each."""
    return _page(entity_name, _choice(entity_name, key))


@blueprint.post(_PATH)
def change_choices(entity_name: str, key: str) -> Response | tuple[str, int]:
    """Add, rename, move, retire or bring back a value; which, the button that was pressed says."""
    own = _choice(entity_name, key)
    action = request.form.get("action", "")
    value = request.form.get("value", "")
    label = request.form.get("label", "").strip()
    choices = [{"value": c.value, "label": c.label, "active": c.active} for c in own.choices]
    at = next((n for n, choice in enumerate(choices) if choice["value"] == value), None)
    if action == "add":
        choices.append({"value": label, "label": label, "active": True})
        said = _("{value} is added.")
    elif at is None:
        raise HttpNotFound
    elif action == "rename":
        choices[at]["label"] = label
        said = _("It is called {value} now, in every record.")
    elif action in ("retire", "restore"):
        choices[at]["active"] = action == "restore"
        label = own.choices[at].label
        said = _("{value} is retired; records that have it keep it.")
        if action == "restore":
            said = _("{value} can be chosen again.")
    elif action in ("up", "down"):
        to = min(max(at + (-1 if action == "up" else 1), 0), len(choices) - 1)
        choices.insert(to, choices.pop(at))
        label = own.choices[at].label
        said = _("{value} has moved.")
    else:
        raise HttpNotFound
    try:
        data = {"fields": {entity_name: {key: {"choices": choices}}}}
        steps = apply_data(current_host(), slug(), data, actor=admin(), in_background=True)
    except Invalid as error:
        return _page(entity_name, own, _lines(error)), 422
    return applied(_path(own), steps, said, value=label)


@blueprint.post(f"{_PATH}/merge")
def merge(entity_name: str, key: str) -> Response | tuple[str, int]:
    """Rewrite the records that have a value to another, and retire the value."""
    own = _choice(entity_name, key)
    value, into = request.form.get("value", ""), request.form.get("into", "")
    labels = {choice.value: choice.label for choice in own.choices}
    if value not in labels or into not in labels or value == into:
        wrong = [translator(_("Choose the value that takes the place of the other."))]
        return _page(entity_name, own, wrong), 422
    host = current_host()
    if own.active:
        uses = count_uses(host, slug(), entity_of(entity_name), own.field())
        if uses.get(value, 0) > merging.AT_ONCE:
            merging.merge_later(host, admin(), entity_name, key, value=value, into=into)
            return done(
                "jobs", _("{count} records with {value} become {into} now, in the background."),
                value=labels[value], into=labels[into], count=formats().number(uses[value]),
            )  # fmt: skip
    try:
        count = merge_choice(host, admin(), entity_name, key, value=value, into=into)
    except TratoError as error:
        return _page(entity_name, own, _lines(error)), 422
    return done(
        _path(own), _("{value} is now {into} in {count} records."), value=labels[value],
        into=labels[into], count=formats().number(count),
    )  # fmt: skip


def _choice(entity_name: str, key: str) -> OwnField:
    entity_of(entity_name)
    own = own_of(entity_name, key)
    if own.kind not in _KINDS:
        raise HttpNotFound
    return own


def _path(own: OwnField) -> str:
    return f"fields/{own.entity}/{own.key}/choices"


def _lines(error: TratoError) -> list[str]:
    if isinstance(error, Invalid):
        return by_field(error, {})[1] or told(error)
    return told(error)


def _page(entity_name: str, own: OwnField, errors: list[str] | None = None) -> str:
    entity = entity_of(entity_name)
    uses: dict[str, int] = {}
    if own.active:
        uses = count_uses(current_host(), slug(), entity, own.field())
    active = [choice for choice in own.choices if choice.active]

    def row(place: int, choice: Any) -> dict[str, Any]:
        return {
            "value": choice.value, "label": choice.label, "count": uses.get(choice.value, 0),
            "number": formats().number(uses.get(choice.value, 0)),
            "is_first": place == 0, "is_last": place == len(own.choices) - 1,
            "active": choice.active, "others": [c for c in active if c.value != choice.value],
        }  # fmt: skip

    way = (*field_crumbs(entity),
           Crumb(title=label_of(own), url=f"{ROOT}/fields/{entity_name}/{own.key}"))  # fmt: skip
    rows = [row(place, choice) for place, choice in enumerate(own.choices)]
    return page(
        "admin_choices.html", active="fields", title=translator(_("Values")), way=way,
        errors=errors or [], url=f"{ROOT}/{_path(own)}", field=label_of(own),
        rows=[r for r in rows if r["active"]], retired=[r for r in rows if not r["active"]],
        editable=own.active,
    )  # fmt: skip
