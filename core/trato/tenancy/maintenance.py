"""Maintenance of the whole installation: closed to people and programs, open to its operator."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from trato.tenancy.tables import maintenance


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """Why and since when the installation is closed."""

    since: dt.datetime
    message: str | None


def read(connection: Connection) -> Maintenance | None:
    """Tell about the maintenance that goes on; None when the installation is open."""
    row = connection.execute(select(maintenance)).first()
    return None if row is None else Maintenance(since=row.since, message=row.message)


def begin(connection: Connection, *, now: dt.datetime, message: str | None) -> Maintenance:
    """Close the installation; where it is closed already only the message changes."""
    known = read(connection)
    since = now if known is None else known.since
    connection.execute(delete(maintenance))
    connection.execute(insert(maintenance).values(id=1, since=since, message=message))
    return Maintenance(since=since, message=message)


def end(connection: Connection) -> bool:
    """Open the installation; False when it was open."""
    return connection.execute(delete(maintenance)).rowcount > 0
