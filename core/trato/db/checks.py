"""Comparison of check constraints, which alembic compares only when asked, and then by name.

The values of a choice are such a constraint: a new one that the table does not know would be
refused by the database with every save.
"""

from __future__ import annotations

import re
from typing import Any

from alembic.autogenerate import comparators
from alembic.operations import ops
from alembic.util import PriorityDispatchResult, sqla_compat
from sqlalchemy import CheckConstraint, Table

_CHOICE = re.compile(r"\w+ IN \(.*\)", re.DOTALL)
_VALUE = re.compile(r"'((?:[^']|'')*)'")


def values_of(check: Any) -> frozenset[str]:
    """Read the values that a choice allows; PostgreSQL says `= ANY (ARRAY['a'::text])`."""
    return frozenset(value.replace("''", "'") for value in _VALUE.findall(str(check.sqltext)))


@comparators.dispatch_for("table", subgroup="trato_checks")
def compare_checks(
    context: Any, changed: ops.ModifyTableOps, schema: str | None, name: str,
    there: Table | None, declared: Table | None,
) -> PriorityDispatchResult:  # fmt: skip
    """Drop and make anew the checks of a table that are not as they are declared.

    Checks that are not the values of a choice are compared by name: each database writes their
    conditions in its own way.
    """
    del schema, name
    if there is None or declared is None:
        return PriorityDispatchResult.CONTINUE
    old, new = _named(context, there), _named(context, declared)
    for key in sorted(old.keys() | new.keys()):
        if key in old and key in new and not _differ(old[key], new[key]):
            continue
        if key in old:
            changed.ops.append(ops.DropConstraintOp.from_constraint(old[key]))
        if key in new:
            changed.ops.append(ops.AddConstraintOp.from_constraint(new[key]))
    return PriorityDispatchResult.CONTINUE


def _named(context: Any, table: Table) -> dict[str, CheckConstraint]:
    found = {}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            name = sqla_compat._get_constraint_final_name(constraint, context.dialect)
            if name is not None:
                found[str(name)] = constraint
    return found


def _differ(there: CheckConstraint, declared: CheckConstraint) -> bool:
    is_choice = _CHOICE.fullmatch(str(declared.sqltext)) is not None
    return is_choice and values_of(there) != values_of(declared)
