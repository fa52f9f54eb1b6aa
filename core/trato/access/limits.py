"""Counters that hold across workers: how often something happened in a window of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, delete, or_, select

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


def running(connection: Connection, bucket: str, *, now: int, seconds: int) -> dict[int, int]:
    """Give the counts of the windows that are not over, by their starts, and forget all others.

    A window may begin a little later than now, by another machine's clock; one that is further
    away was begun before the clock was set back.
    """
    begun = counter.c.window
    found = connection.execute(select(begun, counter.c.count).where(counter.c.bucket == bucket))
    counts = {int(start): int(number) for start, number in found}
    live = {start: n for start, n in counts.items() if abs(now - start) < seconds}
    if len(live) < len(counts):
        over = or_(begun <= now - seconds, begun >= now + seconds)
        connection.execute(delete(counter).where(counter.c.bucket == bucket, over))
    return live


def forget(connection: Connection, bucket: str) -> None:
    """Start to count anew."""
    connection.execute(delete(counter).where(counter.c.bucket == bucket))


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
