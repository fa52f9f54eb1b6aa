"""Counters that hold across workers: how often something happened in a window of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from trato.access.tables import counter
from trato.db.upsert import upsert

#: A time is counted in so many windows, so that it is over when it was said to be, not up to
#: twice as late.
_PARTS = 10


def window_start(now: dt.datetime, seconds: int) -> int:
    """Give the start of the window that a moment lies in, in seconds since 1970."""
    return int(now.timestamp()) // seconds * seconds


def add(connection: Connection, bucket: str, *, window: int, amount: int = 1) -> int:
    """Count something and return the count of the window with it: one statement."""
    statement = upsert(connection, counter).values(bucket=bucket, window=window, count=amount)
    statement = statement.on_conflict_do_update(
        index_elements=[counter.c.bucket, counter.c.window],
        set_={"count": counter.c.count + amount},
    )
    return int(connection.execute(statement.returning(counter.c.count)).scalar_one())


def count(connection: Connection, bucket: str, *, since: int, until: int) -> int:
    """Sum up what was counted in the windows that begin between two moments, both included."""
    rows = connection.execute(
        select(counter.c.count).where(
            counter.c.bucket == bucket, counter.c.window.between(since, until)
        )
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


def reserve(
    connection: Connection, buckets: Mapping[str, int], *, now: dt.datetime, seconds: int
) -> bool:
    """Count an attempt in each bucket, or in none when one of them is full.

    Counting comes before the attempt, and each row stays locked until the transaction ends, so
    that attempts made at the same time in several processes cannot pass together.

    :param buckets: how many attempts each allows in so many seconds.
    :return: whether the attempt may be made.
    """
    part = max(seconds // _PARTS, 1)
    window = window_start(now, part)
    counted = []
    for bucket, most in buckets.items():
        counted.append(bucket)
        add(connection, bucket, window=window)
        # Windows that are still to come were counted before the clock was set back; with them a
        # lock would last for as long as it was.
        if count(connection, bucket, since=window - seconds + part, until=window) > most:
            for taken in counted:
                add(connection, taken, window=window, amount=-1)
            return False
    return True


def give_back(connection: Connection, bucket: str, *, now: dt.datetime, seconds: int) -> None:
    """Take back one attempt that was reserved and succeeded."""
    add(connection, bucket, window=window_start(now, max(seconds // _PARTS, 1)), amount=-1)
