"""Finding records by what people call them: a name, a code, an identification."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, literal, select, union_all

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.fields import TEXT_KINDS, Field
from trato.entities.view import EntityView
from trato.records.convert import spelled
from trato.records.search import among
from trato.records.uniqueness import comparable
from trato.records.unit import Unit

#: Key under which records are found by their id.
BY_ID = "id"


@dataclass(frozen=True, slots=True)
class Named:
    """A record that a name may mean."""

    id: UUID
    #: What it is called exactly; the label where it was found by its id.
    text: str
    is_archived: bool


#: What was found, by path and then by ``name_key``.
Found = Mapping[str, Mapping[Any, list[Named]]]


def naming_fields(actor: Actor, entity: EntityView) -> dict[str, Field]:
    """Give the fields whose value names a record: its label, and texts with an index."""
    return {
        path: field
        for path, field in rules.visible_fields(actor, entity).items()
        if field.kind in TEXT_KINDS
        and field.source == "native"
        and (path == entity.info.label or field.indexed)
    }


def name_key(field: Field, text: str) -> Any:
    """Give the form in which two names by one field are the same; None for an empty one."""
    return comparable(field, text) or None


def find(
    unit: Unit, target: str, wanted: Mapping[str, Collection[str]], ids: Collection[UUID] = ()
) -> Found:
    """Find records by several of their fields with one statement, under their own rules.

    :param wanted: texts by path of a naming field.
    :param ids: ids to find too, under ``BY_ID``.
    :return: what exists for the actor; the bin's records too, as something may refer to them.
        Nothing where the entity does not exist for the actor.
    """
    entity = unit.view.entities.get(target)
    found: dict[str, dict[Any, list[Named]]] = {path: {} for path in (*wanted, BY_ID)}
    if entity is None or not rules.decide(unit.actor, entity, "view").allowed:
        return found
    parts = [
        _part(unit, entity, path, *_keys(entity, entity.fields[path], texts))
        for path, texts in wanted.items()
        if texts
    ]
    if ids:
        parts.append(_part(unit, entity, BY_ID, entity.table.c.id, ids))
    if not parts:
        return found
    statement = parts[0] if len(parts) == 1 else union_all(*parts)
    for path, id, text, archived in unit.connection.execute(statement):
        key = id if path == BY_ID else name_key(entity.fields[path], text)
        found[path].setdefault(key, []).append(
            Named(id=id, text=text or "", is_archived=archived is not None)
        )
    return found


def _part(
    unit: Unit, entity: EntityView, path: str, column: ColumnElement[Any], keys: Collection[Any]
) -> Select[Any]:
    table = entity.table
    shown = table.c[entity.info.label if path == BY_ID else path]
    statement = select(
        literal(path, Text).label("path"), table.c.id, cast(shown, Text).label("text"),
        table.c.archived_at,
    ).where(
        table.c.tenant_id == unit.tenant_id, among(unit.connection, column, keys)
    )  # fmt: skip
    rule = rules.predicate(unit.actor, entity, "view")
    return statement if rule is None else statement.where(rule)


def _keys(
    entity: EntityView, field: Field, texts: Collection[str]
) -> tuple[ColumnElement[Any], Collection[str]]:
    """Give the column that texts are compared with, and what they are in it."""
    if not field.fold:
        return entity.table.c[field.path], texts
    keys = {key for text in texts for key in spelled(field, text)}
    return entity.table.c[f"{field.path}_key"], keys


__all__ = ["BY_ID", "Found", "Named", "find", "name_key", "naming_fields"]
