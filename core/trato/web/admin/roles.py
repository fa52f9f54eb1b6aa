"""Roles: what each may do with which records and fields, in one matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from trato import membership
from trato.access.roles import ACTIONS, AUDIT, SCOPES, SHARE_VIEWS, Grants, widest
from trato.configuration import apply_data
from trato.entities.fold import fold_code
from trato.errors import Invalid, NotFound, TratoError
from trato.records.explaining import ADMINISTER
from trato.screens.cells import Cells
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, by_field, done, page, slug, told
from trato.web.auth import current_host
from trato.web.frame import formats, locale, translator

_ACTIONS = {
    "view": _("See"), "create": _("Create"), "edit": _("Change"), "archive": _("Archive"),
    "export": _("Export"), "import": _("Import"),
}  # fmt: skip
_SCOPES = {
    "none": _("No"), "own": _("Own"), "team": _("Own and team's"), "all": _("All"),
}  # fmt: skip
#: Actions that know yes and no only.
_PLAIN = frozenset({"create", "export", "import"})
ADMIN = "admin"
#: What core itself asks for besides rights on records.
_OWN_PERMISSIONS = {
    ADMINISTER: _("Administer the company"), AUDIT: _("Read the audit of the whole company"),
    SHARE_VIEWS: _("Share views of lists with teams and with everybody"),
}  # fmt: skip


@blueprint.get("/roles")
def list_roles() -> str:
    """List the roles with how many people have them."""
    view = admin().view
    rows = []
    for key, grants in view.roles.items():
        count = sum(1 for m in view.members.values() if m.is_active and key in m.roles)
        rows.append(
            {"name": translator(grants.name or key), "key": key, "url": f"{ROOT}/roles/{key}",
             "count": count, "second_factor": grants.second_factor, "is_admin": grants.is_admin}
        )  # fmt: skip
    rows.sort(key=lambda row: (not row["is_admin"], str(row["name"]).casefold()))
    return page("admin_roles.html", active="roles", title=translator(_("Roles")), rows=rows)


def _role(key: str) -> Grants:
    found: Grants | None = admin().view.roles.get(key)
    if found is None:
        raise NotFound(_("There is no such role."))
    return found


@blueprint.get("/roles/<key>")
def show_role(key: str) -> str:
    """Show a role's matrix."""
    grants = _role(key)
    return _role_page(key, translator(grants.name or key), grants)


@blueprint.get("/roles/<key>/copy")
def copy_role(key: str) -> str:
    """Show a new role that begins as a copy."""
    grants = _role(key)
    name = translator(_("Copy of {name}"), name=translator(grants.name or key))
    begun = Grants(
        entities=grants.entities or {"*": dict.fromkeys(ACTIONS, "all")},
        fields=grants.fields, permissions=grants.permissions, second_factor=grants.second_factor,
    )  # fmt: skip
    return _role_page("", name, begun)


def _role_page(key: str, name: str, grants: Grants, errors: list[str] | None = None) -> str:
    view = admin().view
    cells = Cells(view=view, catalogs=current_host().catalogs, formats=formats(), locale=locale())
    rows = [_row("*", translator(_("Everything else")), grants, [])]
    for entity in sorted(
        view.entities.values(), key=lambda e: translator(e.info.titles, e.info.plugin).casefold()
    ):
        fields = [
            {"path": path, "label": cells.label(f), "name": f"f:{entity.name}:{path}",
             "rule": grants.fields.get(entity.name, {}).get(path, "")}
            for path, f in entity.fields.items() if not f.readonly
        ]  # fmt: skip
        title = translator(entity.info.titles, entity.info.plugin)
        rows.append(_row(entity.name, title, grants, fields))
    permissions = [
        {"name": p.name, "title": translator(p.title, p.name.partition(".")[0]),
         "checked": p.name in grants.permissions}
        for p in current_host().registry.permissions.values()
        if p.name.partition(".")[0] in view.enabled
    ]  # fmt: skip
    permissions[:0] = [
        {"name": name, "title": translator(title), "checked": name in grants.permissions}
        for name, title in _OWN_PERMISSIONS.items()
    ]
    return page(
        "admin_role.html", active="roles", title=name or translator(_("New role")), key=key,
        name=name, rows=rows, permissions=permissions, is_admin=grants.is_admin,
        second_factor=grants.second_factor, errors=errors or [],
        actions=[translator(_ACTIONS[action]) for action in ACTIONS],
        scopes=[(scope, translator(_SCOPES[scope])) for scope in SCOPES],
        action=f"{ROOT}/roles/{key or 'new'}", effects=_effects(key) if key else [],
        copy_url=f"{ROOT}/roles/{key}/copy" if key else None,
        delete_url=f"{ROOT}/roles/{key}/delete" if key and key != ADMIN else None,
    )  # fmt: skip


def _row(entity: str, title: str, grants: Grants, fields: list[dict[str, str]]) -> dict[str, Any]:
    given: Mapping[str, str] | None = grants.entities.get(entity)
    cells = []
    for action in ACTIONS:
        scopes = ("none", "all") if action in _PLAIN else SCOPES
        value = (given or {}).get(action, "none") if given is not None or entity == "*" else ""
        cells.append(
            {"name": f"e:{entity}:{action}", "label": f"{title}: {translator(_ACTIONS[action])}",
             "value": value, "plain": action in _PLAIN, "scopes": scopes}
        )  # fmt: skip
    changed = sum(1 for field in fields if field["rule"])
    return {"entity": entity, "title": title, "cells": cells, "fields": fields,
            "changed": changed, "inherits": entity != "*"}  # fmt: skip


def _effects(key: str) -> list[dict[str, str]]:
    """Say what people with this role and others may see in the end: the widest counts."""
    view = admin().view
    effects = []
    for member in sorted(view.members.values(), key=lambda m: m.name.casefold()):
        if not member.is_active or key not in member.roles or len(member.roles) < 2:
            continue
        held = [view.roles[role] for role in member.roles if role in view.roles]
        parts = []
        for name, entity in view.entities.items():
            if entity.info.owned:
                scope = widest(grants.scope(name, "view") for grants in held)
                title = translator(entity.info.titles, entity.info.plugin)
                parts.append(f"{title}: {translator(_SCOPES[scope]).lower()}")
        roles = ", ".join(translator(g.name) for g in held)
        effects.append({"name": member.name, "roles": roles, "text": " · ".join(parts)})
    return effects


@blueprint.post("/roles/<key>")
def save_role(key: str) -> Response | tuple[str, int]:
    """Keep a role's matrix as one step; `new` makes a role."""
    name = request.form.get("name", "").strip()
    grants = _sent(None if key == "new" else _role(key))
    made = key
    if key == "new":
        made = fold_code(name)[:36].lstrip("0123456789") or "rol"
        number = 2
        while made in admin().view.roles:
            made, number = f"{made[:36]}-{number}", number + 1
    else:
        _role(key)
    document: dict[str, Any] = {"name": name}
    if made == ADMIN:
        document |= {"admin": True, "second_factor": grants["second_factor"]}
    else:
        document |= grants
    try:
        apply_data(current_host(), slug(), {"roles": {made: document}}, actor=admin())
    except Invalid as error:
        wrong, rest = by_field(error, {})
        lines = [text for texts in wrong.values() for text in texts] + rest
        shown = "" if key == "new" else key
        return _role_page(shown, name, Grants.from_json(document, name=name), lines), 422
    return done(f"roles/{made}", _("The role {name} is saved."), name=name)


def _sent(before: Grants | None) -> dict[str, Any]:
    """Read the matrix of a sent form; a row that says nothing follows the row for the rest.

    What the page does not show stays as it was: rules of modules that are switched off, of
    retired fields, and of fields that nobody writes.

    :param before: the role as it is; none for a new one.
    """
    view = admin().view
    old = (before or Grants()).to_json() if before is None or not before.is_admin else {}
    entities: dict[str, dict[str, str]] = {
        name: dict(rules) for name, rules in old.get("entities", {}).items()
        if name != "*" and name not in view.entities
    }  # fmt: skip
    for entity in ("*", *view.entities):
        row = {a: request.form.get(f"e:{entity}:{a}", "") for a in ACTIONS}
        if entity == "*" or any(row.values()):
            entities[entity] = {a: scope or "none" for a, scope in row.items()}
    fields: dict[str, dict[str, str]] = {
        name: {path: rule for path, rule in rules.items() if not _is_shown(name, path)}
        for name, rules in old.get("fields", {}).items()
    }
    for entity, known in view.entities.items():
        for path in known.fields:
            rule = request.form.get(f"f:{entity}:{path}", "")
            if rule and _is_shown(entity, path):
                fields.setdefault(entity, {})[path] = rule
    offered = {*_OWN_PERMISSIONS, *(name for name in current_host().registry.permissions
                                    if name.partition(".")[0] in view.enabled)}  # fmt: skip
    kept = set(old.get("permissions", ())) - offered
    return {
        "entities": entities, "fields": {name: rules for name, rules in fields.items() if rules},
        "permissions": sorted(kept | set(request.form.getlist("permission"))),
        "second_factor": request.form.get("second_factor") == "true",
    }  # fmt: skip


def _is_shown(entity: str, path: str) -> bool:
    """Tell whether the matrix has a row for a field."""
    known = admin().view.entities.get(entity)
    field = None if known is None else known.fields.get(path)
    return field is not None and not field.readonly


@blueprint.post("/roles/<key>/delete")
def delete_role(key: str) -> Response | tuple[str, int]:
    """Remove a role that nobody has."""
    grants = _role(key)
    try:
        membership.delete_role(current_host(), admin(), key)
    except TratoError as error:
        return _role_page(key, translator(grants.name or key), grants, told(error)), error.status
    return done("roles", _("The role {name} is removed."), name=translator(grants.name or key))
