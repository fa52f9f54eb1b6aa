"""Conditions as callers give them: filters by path, or expressions over an entity's attributes.

Both narrow lists, counts and changes alike. An expression compares what is kept; a filter compares
as lists do: text without case and accents, a number in each of its spellings.

A filter never asks for a field that does not exist for the actor, nor does an expression that
narrows a list. One that counts or changes is a plugin's own question, whose fields nobody is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    SelectBase,
    Table,
    and_,
    select,
)

from trato.access import rules
from trato.access.actor import Actor
from trato.access.roles import Action
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.filters import ID_OPS, condition, unknown_field
from trato.records.query import Filter, Wanted

#: Columns of every record that say nothing that could be hidden.
_PLAIN = frozenset(("tenant_id", "id", "version", "archived_at", "archived_by"))


def check(entity: EntityView, visible: Mapping[str, Field], given: Sequence[Wanted]) -> None:
    """Refuse conditions on fields that do not exist for the actor.

    :raises BadQuery: naming the field.
    """
    for wanted in given:
        for path in _paths(entity, wanted):
            if path not in visible:
                raise unknown_field(path, visible)


def check_own(entity: EntityView, visible: Mapping[str, Field], given: Sequence[Wanted]) -> None:
    """Refuse filters as ``check`` does, and of a plugin's expressions those on foreign tables.

    A rule that counts by the credit limit holds also where the person who saves may not see it.

    :raises BadQuery: naming the field.
    """
    check(entity, visible, [wanted for wanted in given if isinstance(wanted, Filter)])
    tables = _tables(entity)
    for wanted in given:
        for column in () if isinstance(wanted, Filter) else _columns(and_(wanted)):
            if _table(column) not in tables:
                raise unknown_field(f"{_table(column)}.{column.name}", visible)


def sql_of(
    actor: Actor, entity: EntityView, wanted: Wanted, *, dialect: str
) -> ColumnElement[bool]:
    """Make the SQL of a condition that is checked."""
    if isinstance(wanted, Filter):
        return condition(actor, entity, wanted, dialect=dialect)
    return and_(wanted)  # which also makes one of an attribute that is a yes or no


def sides_of(entity: EntityView, given: Sequence[Wanted]) -> list[Table]:
    """Name the tables of extensions that conditions read."""
    read: set[str] = set()
    for wanted in given:
        if isinstance(wanted, Filter):
            field = entity.fields.get(wanted.path)
            read |= {field.plugin} if field is not None and field.source == "extension" else set()
        else:
            # By column: also what is no field, such as the id, needs its table joined.
            tables = _tables(entity)
            read |= {tables.get(_table(column), "") for column in _columns(and_(wanted))} - {""}
    return [entity.extensions[plugin].__table__ for plugin in sorted(read)]


def stated(given: Sequence[Wanted]) -> tuple[Any, ...]:
    """Say conditions so that the same ones always read the same."""
    return tuple(wanted if isinstance(wanted, Filter) else _stated(wanted) for wanted in given)


def with_sides(source: FromClause, table: Table, sides: Sequence[Table]) -> FromClause:
    """Join tables of extensions; a record without a row there stays."""
    for side in sides:
        on = and_(side.c.tenant_id == table.c.tenant_id, side.c.id == table.c.id)
        source = source.join(side, on, isouter=True)
    return source


def living(
    connection: Connection, actor: Actor, entity: EntityView, column: ColumnElement[Any],
    given: Sequence[Wanted], *, action: Action,
) -> Select[Any]:  # fmt: skip
    """Select something of the living records that meet conditions and that the actor may treat so.

    :raises BadQuery: for a filter on a field that does not exist for the actor, or an expression
        over a table that is not the entity's.
    """
    check_own(entity, rules.visible_fields(actor, entity), given)
    table = entity.table
    dialect = connection.dialect.name
    statement = (
        select(column)
        .select_from(with_sides(table, table, sides_of(entity, given)))
        .where(
            table.c.tenant_id == actor.tenant_id, table.c.archived_at.is_(None),
            *(sql_of(actor, entity, wanted, dialect=dialect) for wanted in given),
        )
    )  # fmt: skip
    rule = rules.predicate(actor, entity, action)
    return statement if rule is None else statement.where(rule)


def _stated(expression: ColumnElement[bool]) -> tuple[str, str]:
    compiled = and_(expression).compile()
    return str(compiled), repr(sorted(compiled.params.items()))


def _paths(entity: EntityView, wanted: Wanted) -> list[str]:
    """Name the fields that a condition asks for; what is none is named by table and column."""
    if isinstance(wanted, Filter):
        return [] if wanted.path == "id" and wanted.op in ID_OPS else [wanted.path]
    tables = _tables(entity)
    found = []
    for column in _columns(and_(wanted)):
        table = _table(column)
        if table not in tables:
            found.append(f"{table}.{column.name}")
        elif column.name not in _PLAIN:
            # A shadow column tells as much as what it is the shadow of.
            name = column.info.get("shadow", column.name)
            found.append(f"{tables[table]}.{name}" if tables[table] else name)
    return found


def _tables(entity: EntityView) -> dict[str, str]:
    """Give the tables that conditions may read, each with the plugin whose extension it is."""
    extensions = {kind.__table__.name: name for name, kind in entity.extensions.items()}
    return {entity.table.name: "", **extensions}


def _table(column: Column[Any]) -> str:
    return getattr(column.table, "name", "")


def _columns(expression: ColumnElement[Any]) -> Iterator[Column[Any]]:
    """Walk through an expression; what a query inside it reads is the caller's own affair."""
    waiting: list[Any] = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Column):
            yield part
        elif not isinstance(part, SelectBase):
            waiting += part.get_children()
