"""Operators of the installation: who may make and close companies in pages.

The mark is set by a command, as the owner of the tables; the application's role may only read it.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from trato.access import tables as t


def is_operator(connection: Connection, user_id: UUID) -> bool:
    """Tell whether a user is marked."""
    found = select(t.operator.c.user_id).where(t.operator.c.user_id == user_id)
    return connection.execute(found).first() is not None


def list_operators(connection: Connection) -> list[tuple[str, str, dt.datetime]]:
    """Read e-mail address, name and since when of every operator, by address."""
    rows = connection.execute(
        select(t.user.c.email, t.user.c.name, t.operator.c.since)
        .join(t.operator, t.operator.c.user_id == t.user.c.id)
        .order_by(t.user.c.email_key)
    )
    return [(row.email, row.name, row.since) for row in rows]


def mark(connection: Connection, user_id: UUID, *, now: dt.datetime) -> bool:
    """Make a user an operator, as the owner of the tables; False for one who is."""
    if is_operator(connection, user_id):
        return False
    connection.execute(insert(t.operator).values(user_id=user_id, since=now))
    return True


def unmark(connection: Connection, user_id: UUID) -> bool:
    """Take the mark away, as the owner of the tables; False where there was none."""
    gone = connection.execute(delete(t.operator).where(t.operator.c.user_id == user_id))
    return gone.rowcount > 0
