"""What a tenant's screen of an entity consists of: declared parts, slots of other plugins, and
whatever nobody placed, so that no field is out of reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.plugin import Children, Panel, entity_name, field_path
from trato.screens.arranged import Part, parts
from trato.screens.declared import FormScreen, ListScreen
from trato.tenancy.view import TenantView


@dataclass(frozen=True, kw_only=True)
class Group:
    """A section with those of its fields that a person sees."""

    part: Part
    fields: Sequence[Field]


def list_columns(view: TenantView, entity: EntityView, visible: Mapping[str, Field]) -> list[Field]:
    """Give the columns that a list shows at first; fields that do not exist here are left out."""
    screen: ListScreen | None = view.screens.get(("list", entity.name))
    paths = [field_path(f) for f in screen.columns] if screen else []
    for slot in view.slots.get(entity.name, ()):
        for column in slot.columns:
            path = field_path(column)
            if path not in paths:
                paths.append(path)
    paths = paths or [entity.info.label]
    return [visible[path] for path in paths if path in visible]


def list_filters(view: TenantView, entity: EntityView, visible: Mapping[str, Field]) -> list[Field]:
    """Give the fields that a list offers to filter by: the declared ones first, then the rest."""
    screen: ListScreen | None = view.screens.get(("list", entity.name))
    paths = [field_path(f) for f in screen.filters] if screen else []
    for slot in view.slots.get(entity.name, ()):
        paths += [field_path(f) for f in slot.filters]
    paths += [path for path, f in visible.items() if f.source == "custom"]
    paths += [path for path, f in visible.items() if f.kind != "longtext"]
    return [visible[path] for path in dict.fromkeys(paths) if path in visible]


def form_groups(view: TenantView, entity: EntityView, visible: Mapping[str, Field]) -> list[Group]:
    """Give the sections of a record's form and page, as far as there is something in them."""
    found = [
        Group(part=part, fields=[visible[path] for path in part.paths
                                 if path in visible and not visible[path].hidden])
        for part in parts(view, entity)
    ]  # fmt: skip
    return [group for group in found if group.fields]


def panels(view: TenantView, entity: EntityView) -> list[Panel]:
    """Give the panels of a record's page, whose entity exists here."""
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    found = list(screen.panels) if screen else []
    for slot in view.slots.get(entity.name, ()):
        found += slot.panels
    return [panel for panel in found if entity_name(panel.entity) in view.entities]


def children(view: TenantView, entity: EntityView) -> list[Children]:
    """Give the kinds of records that are edited in a record's form, whose entity exists here."""
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    found = list(screen.children) if screen else []
    for slot in view.slots.get(entity.name, ()):
        found += slot.children
    return [rows for rows in found if entity_name(rows.entity) in view.entities]


def short_form(view: TenantView, entity: EntityView, writable: Mapping[str, Field]) -> list[Field]:
    """Give the fields of the form in which a record is made from another form's reference.

    The name, what tells records apart, what is obligatory and has no default, and what the
    screen names, in the order of the whole form.
    """
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    named = {field_path(f) for f in screen.short} if screen else set()
    ordered = [f for group in form_groups(view, entity, writable) for f in group.fields]
    wanted = [
        f for f in ordered
        if f.path in named or f.path == entity.info.label or f.identifies
        or ((f.needed or f.demanded) and f.kind != "boolean")
    ]  # fmt: skip
    return [f for f in wanted if f.writable]
