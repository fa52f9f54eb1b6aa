"""Counters that hold across workers: how often something happened in a window of time."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from trato.access.tables import counter


def window_start(now: dt.datetime, seconds: int) -> int:
    """Give the start of the window that a moment lies in, in seconds since 1970."""
    return int(now.timestamp()) // seconds * seconds


def add(
    connection: Connection, bucket: str, *, window: int, amount: int = 1
) -> int:
    """Count something and return the count of the window with it: one statement."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(counter).values(bucket=bucket, window=window, count=amount)
    statement = statement.on_conflict_do_update(
        index_elements=[counter.c.bucket, counter.c.window],
        set_={"count": counter.c.count + amount},
    )
    return int(connection.execute(statement.returning(counter.c.count)).scalar_one())


def count(connection: Connection, bucket: str, *, since: int) -> int:
    """Sum up what was counted in the windows from a moment on."""
    rows = connection.execute(
        select(counter.c.count).where(counter.c.bucket == bucket, counter.c.window >= since)
    )
    return sum(rows.scalars())


def forget(connection: Connection, bucket: str, *, before: int | None = None) -> None:
    """Start to count anew, or forget only the windows before a moment."""
    statement = delete(counter).where(counter.c.bucket == bucket)
    if before is not None:
        statement = statement.where(counter.c.window < before)
    connection.execute(statement)


def sweep(connection: Connection, *, before: int) -> None:
    """Remove windows that no limit looks at any more."""
    connection.execute(delete(counter).where(counter.c.window < before))
