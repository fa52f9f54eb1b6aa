"""A tenant's roles and teams as they are kept, with their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from trato.access import tables as t


@dataclass(frozen=True, kw_only=True)
class StoredRole:
    """A role and what it allows, as ``access.roles`` reads it."""

    name: str
    grants: dict[str, Any]


def read_roles(connection: Connection, tenant_id: int) -> dict[str, StoredRole]:
    """Read the roles of a tenant by key."""
    rows = connection.execute(
        select(t.role).where(t.role.c.tenant_id == tenant_id).order_by(t.role.c.key)
    )
    return {row.key: StoredRole(name=row.name, grants=dict(row.grants)) for row in rows}


def read_teams(connection: Connection, tenant_id: int) -> dict[str, str]:
    """Read the names of a tenant's teams by key."""
    rows = connection.execute(
        select(t.team).where(t.team.c.tenant_id == tenant_id).order_by(t.team.c.key)
    )
    return {row.key: row.name for row in rows}
