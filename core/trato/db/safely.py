"""Revisions for tables that hold records: written so that they can be applied, and what they cost.

A column that must not be empty cannot be added to a table with rows unless each of them gets a
value. Where the field has a default, it is the column's too; elsewhere the column may be empty
until the author has filled it, and the next revision makes it obligatory.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from alembic.operations import ops
from sqlalchemy import Column
from sqlalchemy import text as sql

from trato.db.checks import values_of
from trato.db.types import Scaled
from trato.errors import Message
from trato.text import _


def make_safe(found: ops.UpgradeOps) -> Iterator[Message]:
    """Change what would fail on a table with rows, and tell of it and of what loses data."""
    for table in found.ops:
        if not isinstance(table, ops.ModifyTableOps):
            continue
        for operation in table.ops:
            names = {"table": table.table_name}
            if isinstance(operation, ops.DropColumnOp):
                if "shadow" not in operation.to_column().info:
                    yield Message(
                        _("Column '{column}' of '{table}' is dropped with all its data. If you "
                          "renamed it, write batch_op.alter_column('{column}', "
                          "new_column_name=…) instead of drop_column and add_column."),
                        names | {"column": operation.column_name},
                    )  # fmt: skip
            elif isinstance(operation, ops.AddColumnOp):
                yield from _added(operation, names)
            elif isinstance(operation, ops.AlterColumnOp) and operation.modify_nullable is False:
                yield Message(
                    _("Column '{column}' of '{table}' becomes obligatory: the revision fails "
                      "where a record has nothing in it. Fill it there first."),
                    names | {"column": operation.column_name},
                )  # fmt: skip
        yield from _narrowed(table)


def _added(operation: ops.AddColumnOp, names: dict[str, Any]) -> Iterator[Message]:
    column = operation.column
    if column.nullable or column.server_default is not None:
        return
    # The declared column stays as it is.
    operation.column = safe = column._copy()
    default = _default_of(column)
    if default is not None:
        safe.server_default = Column(
            column.name, column.type, server_default=default
        ).server_default
        return
    safe.nullable = True
    yield Message(
        _("Field '{column}' of '{table}' is obligatory and has no default, and records that exist "
          "have no value: its column may be empty for now. Fill it in the revision with "
          "op.execute; the next 'trato plugin migration' makes it obligatory."),
        names | {"column": column.name},
    )  # fmt: skip


def _default_of(column: Column[Any]) -> Any:
    """Give a field's default as the column's, where the database can write it itself."""
    field = column.info.get("field")
    default = None if field is None or field.fold else field.default
    if isinstance(default, bool):
        return sql("TRUE" if default else "FALSE")
    if isinstance(column.type, Scaled) and isinstance(default, int | Decimal):
        return str(column.type.to_integer(default))
    return str(default) if isinstance(default, int | str) else None


def _narrowed(table: ops.ModifyTableOps) -> Iterator[Message]:
    """Tell of values of a choice that are no longer allowed."""
    dropped = {
        operation.constraint_name: values_of(operation.to_constraint())
        for operation in table.ops
        if isinstance(operation, ops.DropConstraintOp) and operation.constraint_type == "check"
    }
    for operation in table.ops:
        if isinstance(operation, ops.CreateCheckConstraintOp):
            gone = dropped.get(operation.constraint_name, frozenset()) - values_of(
                operation.to_constraint()
            )
            if gone:
                yield Message(
                    _("{name} of '{table}' no longer allows {values}: the revision fails where a "
                      "record has one of them. Change them there first."),
                    {"name": operation.constraint_name, "table": table.table_name,
                     "values": ", ".join(sorted(gone))},
                )  # fmt: skip
