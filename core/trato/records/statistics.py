"""Keeping the planner's statistics in step with a table that is being filled."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, func, select

from trato.entities.view import EntityView
from trato.records.tables import audit
from trato.records.unit import Unit
from trato.tenancy.tables import value

_ANALYZE = select(func.core_analyze(bindparam("table", type_=Text)))


def refresh(unit: Unit, entity: EntityView) -> None:
    """Have tables counted anew that have outgrown their statistics: those of an entity's records.

    For long loads, between their transactions and in one of its own. It costs next to nothing
    where there is nothing to do, and nothing at all on SQLite, which plans without statistics.
    """
    if unit.connection.dialect.name != "postgresql":
        return
    sides = [extension.__table__ for extension in entity.extensions.values()]
    for table in (entity.table, *sides, value, audit):
        unit.connection.execute(_ANALYZE, {"table": table.name})
