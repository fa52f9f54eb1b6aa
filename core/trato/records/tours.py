"""Whether a member has been shown around; kept for good, as it would be a nuisance twice."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, select

from trato.db.upsert import upsert
from trato.errors import Forbidden
from trato.records.tables import list_state as table
from trato.records.unit import Unit
from trato.text import _

#: No list is called so: entities are named `plugin.entity`, and no plugin is called core.
_KEY = "core.tour"


def is_over(unit: Unit) -> bool:
    """Tell whether the actor has seen the tour or sent it away; always for the system."""
    if unit.actor.member_id is None:
        return True
    found = unit.connection.execute(select(table.c.content).where(*_mine(unit)))
    return found.first() is not None


def end(unit: Unit) -> None:
    """Remember that the actor needs no tour any more; it is the member's own, so it needs no right.

    :raises Forbidden: for who is no member.
    """
    if unit.actor.member_id is None:
        raise Forbidden(_("Only a member of the company can do this."))
    statement = upsert(unit.connection, table).values(
        tenant_id=unit.tenant_id, member_id=unit.actor.member_id, entity=_KEY, content={}
    )
    unit.connection.execute(statement.on_conflict_do_nothing())


def start_over(unit: Unit) -> None:
    """Let the actor be shown around again."""
    unit.connection.execute(delete(table).where(*_mine(unit)))


def _mine(unit: Unit) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
            table.c.entity == _KEY)  # fmt: skip
