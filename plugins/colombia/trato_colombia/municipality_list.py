"""The list of municipalities in the database: read for tenants, replaced by an operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from trato.api import Unit
from trato_colombia.divipola_file import label_of
from trato_colombia.models import municipality as table
from trato_colombia.municipalities import Department, Divipola, Municipality, fold

#: Behind the name of a code that is no longer given; names are Spanish in every language.
_RETIRED = " (código retirado)"

#: Any: a column's value, text, number or yes and no.
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """How many codes a new edition has brought, changed and retired."""

    added: int
    changed: int
    retired: int


def load_options(connection: Connection) -> Sequence[tuple[str, str]]:
    """Read codes with their labels as lists offer them, the retired ones last."""
    columns = (table.c.code, table.c.name, table.c.department, table.c.is_active)
    rows = connection.execute(
        select(*columns).order_by(table.c.is_active.desc(), table.c.position, table.c.code)
    )
    return [
        (code, f"{label_of(name, department)}{'' if is_active else _RETIRED}")
        for code, name, department, is_active in rows
    ]


def divipola(unit: Unit) -> Divipola:
    """Give the list in use; it is read once for each view of a tenant."""
    found: Divipola | None = unit.view.cache.get("colombia.divipola")
    if found is None:
        found = unit.view.cache["colombia.divipola"] = Divipola(read(unit.connection))
    return found


def read(connection: Connection) -> list[Municipality]:
    """Read the municipalities in use, with the retired codes that mean them."""
    rows = connection.execute(select(table)).all()
    old: dict[str, list[str]] = {}
    for row in rows:
        if row.replaced_by is not None:
            old.setdefault(row.replaced_by, []).append(row.code)
    return [
        Municipality(
            row.code,
            row.name,
            Department(row.department_code, row.department),
            tuple(old.get(row.code, ())),
        )
        for row in rows
        if row.is_active
    ]


def replace(connection: Connection, municipalities: Iterable[Municipality]) -> Replaced:
    """Put an edition in the place of the list in use.

    No code is ever deleted, as records may hold it: one that the edition does not have is marked
    as retired.
    """
    present: dict[str, Row] = {
        row["code"]: dict(row) for row in connection.execute(select(table)).mappings()
    }
    wanted = {row["code"]: row for row in rows_of(municipalities)}
    gone = [code for code, row in present.items() if code not in wanted and row["is_active"]]
    added = [row for code, row in wanted.items() if code not in present]
    changed = [row for code, row in wanted.items() if code in present and row != present[code]]
    if added:
        connection.execute(insert(table), added)
    if changed or gone:
        statement = update(table).where(table.c.code == bindparam("the_code"))
        names = [column.name for column in table.c if column is not table.c.code]
        rows = [*changed, *({**present[code], "is_active": False} for code in gone)]
        connection.execute(
            statement.values({name: bindparam(f"new_{name}") for name in names}),
            [
                {"the_code": row["code"]} | {f"new_{name}": row[name] for name in names}
                for row in rows
            ],
        )
    retired = [row for row in changed if not row["is_active"] and present[row["code"]]["is_active"]]
    # A new name moves all that stand behind it; nobody calls those changed.
    moved = [
        row for row in changed if {**row, "position": 0} == {**present[row["code"]], "position": 0}
    ]
    return Replaced(
        added=len(added),
        changed=len(changed) - len(moved) - len(retired),
        retired=len(gone) + len(retired),
    )


def rows_of(municipalities: Iterable[Municipality]) -> list[dict[str, Any]]:
    """Make the rows of an edition: each municipality, and each old code that means one."""
    ordered = sorted(municipalities, key=lambda one: (fold(one.label), one.code))
    rows: list[dict[str, Any]] = []
    for position, one in enumerate(ordered):
        common = {
            "name": one.name,
            "department_code": one.department.code,
            "department": one.department.name,
            "position": position,
        }
        rows.append({"code": one.code, **common, "is_active": True, "replaced_by": None})
        rows.extend(
            {"code": old, **common, "is_active": False, "replaced_by": one.code}
            for old in one.old_codes
        )
    return rows
