"""Engines: how each database is opened and how a transaction begins."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from trato.errors import ConfigError, DatabaseUnavailable
from trato.text import _

#: What is read was changed by another one since: in a deadlock, or where a transaction sees one
#: moment only.
_OVERTAKEN = ("40P01", "40001")
_NO_ROOM = "53100"
_FULL = ("database or disk is full", "disk i/o error")
#: What is said without a code when the database is not there: by SQLite, by PostgreSQL's driver.
_GONE_FILE = (*_FULL, "unable to open database file", "database is locked")
_GONE_SERVER = ("connection", "server closed", "failed to resolve host")
#: PostgreSQL's words for settings that are wrong; a failed connection carries no code.
_REFUSED = ("password authentication failed", "no pg_hba.conf entry", "does not exist")
# In the driver's own words: it is sent with every transaction.
_SET_TENANT = "select set_config('trato.tenant_id', %s, true)"


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Open a database by URL: SQLite file or PostgreSQL.

    :raises ConfigError: when the URL names neither, or cannot be read.
    """
    try:
        parsed = make_url(url)
    except Exception as error:
        raise ConfigError(
            _("The database URL cannot be read."),
            hint=_("Write it like sqlite:///trato.sqlite or postgresql://user@host/name."),
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = create_engine(
            parsed, connect_args={"timeout": 30}, pool_size=pool_size,
            pool_use_lifo=True,
            json_deserializer=_read_json,
            # An error's text must not carry people's data and hashes into the log.
            hide_parameters=True,
        )  # fmt: skip
        if parsed.database and "uri" not in parsed.query:
            event.listen(engine, "do_connect", partial(_make_private, parsed.database))
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = {"application_name": "trato", "connect_timeout": 10}
        pooling = parsed.query.get("pooling")
        if pooling not in (None, "transaction"):
            raise ConfigError(
                _("The database URL says pooling={pooling}."),
                hint=_("Behind a pooler in transaction mode write pooling=transaction, else "
                       "nothing."), pooling=str(pooling),
            )  # fmt: skip
        if pooling:
            # The next transaction may be another server's, which knows no statement of this one.
            parsed = parsed.difference_update_query(["pooling"])
            options["prepare_threshold"] = None
        return create_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_use_lifo=True,
            pool_recycle=1800,
            hide_parameters=True,
            # A list with own fields reads JSON in each row.
            json_deserializer=_read_json,
            connect_args=options,
        )
    raise ConfigError(
        _("The database '{backend}' is not supported."),
        hint=_("Use SQLite or PostgreSQL."),
        backend=backend,
    )


def _read_json(value: str | bytes | float) -> Any:
    # SQLite gives a number that stands alone as a number, whatever it was written as.
    return value if isinstance(value, int | float) else orjson.loads(value)


def _make_private(path: str, *_args: Any) -> None:
    """Make a new SQLite file its user's alone, as it holds password hashes; its journals follow."""
    # That it is there is usual; of all else the driver tells in a moment.
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _sqlite_connect(dbapi: Any, record: Any) -> None:
    # SQLAlchemy begins, not the driver: the driver's own BEGIN lost acknowledged updates.
    dbapi.isolation_level = None
    # SQLite's own knows ASCII only, and "Ñ" would not be found by "ñ".
    dbapi.create_function("lower", 1, _lower, deterministic=True)
    cursor = dbapi.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA cache_size=-8000")
    cursor.close()


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sqlite_begin(connection: Connection) -> None:
    # A writer takes its lock at once, or two that read first and write later deadlock.
    reading = connection.get_execution_options().get("trato_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def set_tenant(connection: Connection, tenant_id: int) -> None:
    """Tell PostgreSQL's row-level security whose rows this transaction may touch."""
    if connection.dialect.name != "postgresql" or _begun_for(connection, tenant_id):
        return
    connection.exec_driver_sql(_SET_TENANT, (str(tenant_id),))


def _begun_for(connection: Connection, tenant_id: int) -> bool:
    """Begin the transaction and set the tenant in one go, where the driver has not begun yet.

    It begins with the first statement, and waits for that alone.

    :return: whether it is done. Where it went wrong, the usual way fails too, and says why.
    """
    from psycopg.pq import ExecStatus, TransactionStatus

    driver: Any = connection.connection.driver_connection
    server = driver.pgconn
    if server.transaction_status != TransactionStatus.IDLE:
        return False
    if driver.isolation_level is not None or driver.autocommit:
        # Only the driver's own words begin what was asked for, as an export at one moment.
        return False
    words = f"BEGIN; SELECT set_config('trato.tenant_id', '{int(tenant_id)}', true)"
    return bool(server.exec_(words.encode()).status == ExecStatus.TUPLES_OK)


class _Kept(threading.local):
    #: Ends the transaction that this thread keeps open and is not using at the moment.
    end: Callable[[], None] | None = None


_kept = _Kept()


def keep(end: Callable[[], None] | None) -> None:
    """Say how the transaction ends that this thread leaves open, or that there is none."""
    _kept.end = end


def let_go() -> None:
    """End the transaction that this thread left open, before it takes another connection.

    Threads that hold one connection and wait for a second wait for each other for ever where
    connections are few, as behind a pooler; with at most one each, every wait has an end.
    """
    end, _kept.end = _kept.end, None
    if end is not None:
        end()


@contextmanager
def transaction(
    engine: Engine, *, tenant_id: int | None = None, read: bool = False
) -> Iterator[Connection]:
    """Run one transaction, for a tenant or (host tables only) for none.

    :param read: the transaction only reads; on SQLite it then waits for no writer.
    :raises DatabaseUnavailable: when the database cannot be reached or goes away meanwhile, has no
        room left (code `disk_full`), or had to stop this transaction for another one's sake
        (code `deadlock`).
    """
    is_over = False
    let_go()
    try:
        with engine.connect() as connection:
            if read:
                connection = connection.execution_options(trato_read=True)
            with connection.begin():
                if tenant_id is not None:
                    set_tenant(connection, tenant_id)
                yield connection
                is_over = not read
    except DBAPIError as error:
        if is_over and error.connection_invalidated:
            # The answer to COMMIT is what was lost; only the database knows what came of it.
            raise DatabaseUnavailable(
                _("The connection to the database broke at the very moment of saving."),
                hint=_("It may have been saved: look before you try again."),
            ) from error
        gone = _before(error)
        if is_unavailable(gone):
            raise unavailable(gone) from error
        if getattr(error.orig, "sqlstate", None) in _OVERTAKEN:
            raise DatabaseUnavailable(
                _("Somebody else was writing the same records at the same time."),
                hint=_("Nothing was saved. Try again in a moment."), code="deadlock",
            ) from error  # fmt: skip
        raise


def _before(error: DBAPIError) -> DBAPIError:
    """Give what went wrong before the end of a savepoint did.

    SQLite ends the whole transaction by itself when it cannot write; its savepoints are gone too.
    """
    first = error.__context__
    while first is not None and "no such savepoint" in str(error.orig):
        if isinstance(first, DBAPIError):
            return first
        first = first.__context__
    return error


def place(url: URL) -> str:
    """Write where a PostgreSQL database is, without user and password."""
    # An "@" that a password does not escape leaves its end before the host.
    host = (url.host or "").rpartition("@")[2] or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database or url.username or ''}"


def unavailable(error: DBAPIError) -> DatabaseUnavailable:
    """Tell a person that the database went away, has no room left or lets nobody in."""
    again = _("Nothing was saved. Try again in a moment.")
    words = str(error.orig).lower()
    # SQLite says "I/O error" where the system's own limit of a file's size is reached.
    if getattr(error.orig, "sqlstate", None) == _NO_ROOM or any(t in words for t in _FULL):
        return DatabaseUnavailable(
            _("The database cannot write: its disk is full or fails."), hint=again,
            code="disk_full",
        )  # fmt: skip
    if "fatal" in words and any(text in words for text in _REFUSED):
        return DatabaseUnavailable(
            _("The database refuses the connection."),
            hint=_("Check user, password and database of TRATO_DATABASE_URL and "
                   "TRATO_OWNER_DATABASE_URL."),
        )  # fmt: skip
    return DatabaseUnavailable(_("The database does not answer."), hint=again)


def is_unavailable(error: DBAPIError) -> bool:
    """Tell whether the database went away, as against refusing one statement."""
    if error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:  # 08 connection, 53 resources, 57P0x shutdown
        return str(state).startswith(("08", "53", "57P"))
    gone = _GONE_FILE if isinstance(error.orig, sqlite3.Error) else _GONE_FILE + _GONE_SERVER
    return any(part in str(error.orig).lower() for part in gone)
