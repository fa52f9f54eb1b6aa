"""Statements that give nothing back, sent together: one wait for the database, not one each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError

from trato.db import slow

_SAVEPOINT = "trato_together"


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Run statements inside a savepoint; on PostgreSQL they travel together.

    No row may be read inside: there are none until the end. How many rows a statement reached is
    told by ``affected``, afterwards, and only for one set of values. On SQLite there is no way
    that could be saved.

    :raises DBAPIError: what a statement raises comes at the end, or at a later statement; the
        savepoint is then rolled back and the transaction can go on.
    """
    if connection.dialect.name != "postgresql":
        with connection.begin_nested():
            yield
        return
    # Not needed on SQLite, where it would only make the start slower.
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
            yield
            connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            began = time.perf_counter()
        slow.tell(connection, "(statements that travel together)", time.perf_counter() - began)
    except psycopg.Error as error:
        wrapped = _wrapped(connection, error, psycopg.Error)
        _undo(connection)
        raise wrapped from error
    except BaseException:
        _undo(connection)
        raise


def affected(result: CursorResult[Any]) -> int:
    """Tell how many rows a statement changed, also one that was sent by ``together``."""
    if result.rowcount >= 0:
        return result.rowcount
    # SQLAlchemy noted the number at once, when the driver did not know it yet.
    context: Any = result.context
    return int(context.cursor.rowcount)


def _undo(connection: Connection) -> None:
    if not connection.invalidated and not connection.closed:
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")


def _wrapped(connection: Connection, error: Exception, base: type[Exception]) -> BaseException:
    """Give a driver's error as SQLAlchemy would, whose eyes it did not pass."""
    dialect: Any = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        None, None, error, base, hide_parameters=True, connection_invalidated=lost,
        dialect=dialect,
    )  # fmt: skip


__all__ = ["affected", "together"]
