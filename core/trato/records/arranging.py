"""How a member has arranged the list of an entity: columns, their order, rows' height and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, select

from trato.access import rules
from trato.db.upsert import upsert
from trato.entities.view import EntityView
from trato.errors import Forbidden
from trato.records.filters import unknown_field
from trato.records.tables import list_state as table
from trato.records.unit import Unit
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """What a member chose for a list."""

    #: Paths in order; none where nothing was chosen. A field that was removed or hidden since
    #: may still be among them.
    columns: tuple[str, ...] = ()
    #: Rows are low, so that more of them are seen.
    is_compact: bool = False
    #: Paths that order the rows, a minus before a falling one; none where nothing was chosen.
    sort: tuple[str, ...] = ()
    #: Key of the view that the list opens with; none: the whole list. See ``records.views``.
    view: str = ""


def from_json(kept: Mapping[str, Any]) -> Arrangement:
    """Read what is kept of a list."""
    return Arrangement(
        columns=tuple(kept.get("columns", ())), is_compact=bool(kept.get("compact", False)),
        sort=tuple(kept.get("sort", ())), view=kept.get("view", ""),
    )  # fmt: skip


def arrangement(unit: Unit, entity: EntityView) -> Arrangement:
    """Read how the actor has arranged a list."""
    if unit.actor.member_id is None:
        return Arrangement()
    kept = unit.connection.execute(
        select(table.c.content).where(*_mine(unit, entity))
    ).scalar_one_or_none()
    return from_json(kept or {})


def arrange(unit: Unit, entity: EntityView, wanted: Arrangement) -> None:
    """Remember how the actor's list is to be; it is the member's own, so no right is needed.

    :raises BadQuery: for a field that the actor may not see.
    :raises Forbidden: for whoever looks as somebody else.
    """
    _require_self(unit)
    visible = rules.visible_fields(unit.actor, entity)
    for path in (*wanted.columns, *(part.removeprefix("-") for part in wanted.sort)):
        if path not in visible:
            raise unknown_field(path, visible)
    _keep(unit, entity, wanted)


def open_with(unit: Unit, entity: EntityView, key: str, *, on: bool) -> None:
    """Let the actor's list open with a view, or no longer with it."""
    _require_self(unit)
    before = arrangement(unit, entity)
    if on != (before.view == key):
        _keep(unit, entity, replace(before, view=key if on else ""))


def _keep(unit: Unit, entity: EntityView, wanted: Arrangement) -> None:
    content = {"columns": list(dict.fromkeys(wanted.columns)), "compact": wanted.is_compact,
               "sort": list(wanted.sort), "view": wanted.view}  # fmt: skip
    statement = upsert(unit.connection, table).values(
        tenant_id=unit.tenant_id, member_id=unit.actor.member_id, entity=entity.name,
        content=content,
    )  # fmt: skip
    keys = [table.c.tenant_id, table.c.member_id, table.c.entity]
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={"content": content})
    )


def forget(unit: Unit, entity: EntityView) -> None:
    """Let the actor's list of an entity be as it was declared; its first view stays."""
    _require_self(unit)
    _keep(unit, entity, Arrangement(view=arrangement(unit, entity).view))


def _mine(unit: Unit, entity: EntityView) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
            table.c.entity == entity.name)  # fmt: skip


def _require_self(unit: Unit) -> None:
    if unit.actor.member_id is None or unit.actor.viewer is not None:
        raise Forbidden(_("The order of a list belongs to the person alone."))
