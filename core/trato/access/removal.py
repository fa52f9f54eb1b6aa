"""Removal of accounts that a deleted tenant leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select

from trato.access import tables as t

_BATCH = 500


def users_of(connection: Connection, tenant_id: int) -> list[Any]:
    """Read id, email and name of all who are or were members of a tenant."""
    return list(
        connection.execute(
            select(t.user.c.id, t.user.c.email, t.user.c.name)
            .join(t.member, t.member.c.user_id == t.user.c.id)
            .where(t.member.c.tenant_id == tenant_id)
            .order_by(t.user.c.id)
        )
    )


def delete_orphans(connection: Connection, user_ids: Sequence[UUID]) -> int:
    """Delete those of the users who are members nowhere any more, with their sessions.

    Operators of the installation stay.

    The caller is the owner of the tables, who sees the members of every tenant.
    """
    gone = 0
    for start in range(0, len(user_ids), _BATCH):
        some = user_ids[start : start + _BATCH]
        elsewhere = select(t.member.c.user_id).where(t.member.c.user_id == t.user.c.id)
        operators = select(t.operator.c.user_id)
        gone += connection.execute(
            delete(t.user).where(
                t.user.c.id.in_(some), ~elsewhere.exists(), t.user.c.id.not_in(operators)
            )
        ).rowcount
    return gone
