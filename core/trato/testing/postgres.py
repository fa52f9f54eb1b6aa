"""A real PostgreSQL for tests, with the two roles that production has.

``python -m trato.testing.postgres`` runs one for a developer and prints its URLs.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from trato.errors import ConfigError
from trato.testing.postgres_cluster import ADMIN, PostgresCluster, StopMode
from trato.text import _

#: Migrates and owns databases, tables and functions.
OWNER_ROLE = "trato_owner"
#: Serves: owns nothing, and row-level security holds for it.
APP_ROLE = "trato_app"

#: Any number of ours: makes two processes that attach at once create the roles one by one.
_ROLES_LOCK = 7_206_519


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """A database and how each role connects to it, as SQLAlchemy URLs with their passwords."""

    name: str
    owner_url: str
    app_url: str


@dataclass(kw_only=True)
class PostgresServer:
    """A PostgreSQL server with the roles :data:`OWNER_ROLE` and :data:`APP_ROLE`.

    :param admin_url: SQLAlchemy URL of a superuser.
    :param cluster: the server's process where it is ours, None where it only was attached to.
    """

    admin_url: str
    cluster: PostgresCluster | None = None
    _made: set[str] = field(default_factory=set, init=False)

    def create_database(self, name: str | None = None, template: str | None = None) -> DatabaseUrls:
        """Create a database that belongs to the owner role.

        :param name: a random one by default.
        :param template: name of a database to clone, which nobody may be connected to.
        """
        name = name or f"trato_test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(name), sql.Identifier(OWNER_ROLE)
        )
        if template:
            # Copying files is three times as fast as writing each page into the log.
            copied = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
            statement += copied
        with self._admin() as connection:
            connection.execute(statement)
        self._made.add(name)
        return DatabaseUrls(
            name=name, owner_url=self._url(OWNER_ROLE, name), app_url=self._url(APP_ROLE, name)
        )

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whatever is connected to it; one that is gone is fine."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._admin() as connection:
            connection.execute(statement.format(sql.Identifier(name)))
        self._made.discard(name)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop the server and start it again: every connection breaks, the URLs stay.

        :param mode: ``immediate`` is a crash, from which the server recovers.
        :raises ConfigError: when the server is not ours.
        """
        with self.outage(mode):
            pass

    @contextmanager
    def outage(self, mode: StopMode = "fast") -> Iterator[None]:
        """Have the server down while the block runs.

        :raises ConfigError: when the server is not ours.
        """
        if self.cluster is None:
            raise ConfigError(
                _("The server at {host} was only attached to and cannot be stopped."),
                hint=_("Start one with start_postgres() for a test that breaks it."),
                host=make_url(self.admin_url).host,
            )
        self.cluster.halt(mode)
        try:
            yield
        finally:
            self.cluster.start()

    def stop(self) -> None:
        """Remove what was made: the server where it is ours, else the databases on it."""
        if self.cluster is not None:
            self.cluster.stop()
            return
        for name in tuple(self._made):
            self.drop_database(name)

    def _url(self, role: str, database: str) -> str:
        url = make_url(self.admin_url).set(username=role, database=database)
        return url.render_as_string(hide_password=False)

    def _admin(self) -> psycopg.Connection:
        return _connect(self.admin_url)


def open_postgres() -> PostgresServer:
    """Return the server that ``TRATO_TEST_POSTGRES_URL`` names, else a new one of our own."""
    named = os.environ.get("TRATO_TEST_POSTGRES_URL")
    return attach_postgres(named) if named else start_postgres()


def start_postgres(binaries: Path | None = None) -> PostgresServer:
    """Start a new server, which ends with this process at the latest.

    :param binaries: folder of PostgreSQL's programs; found by default.
    :raises ConfigError: when there is no PostgreSQL or it does not start.
    """
    cluster = PostgresCluster(binaries)
    url = URL.create(
        "postgresql+psycopg",
        username=ADMIN,
        password=cluster.password,
        host="127.0.0.1",
        port=cluster.port,
        database="postgres",
    )
    server = PostgresServer(admin_url=url.render_as_string(hide_password=False), cluster=cluster)
    _ensure_roles(server)
    return server


def attach_postgres(admin_url: str) -> PostgresServer:
    """Use a server that somebody else runs, for tests only.

    The two roles get the superuser's password when they are made here; so several processes
    can share a server and know no more than its URL. Roles that exist are not changed.

    :param admin_url: a superuser's, ``postgresql://…``.
    :raises ConfigError: when the URL is none, or the server's roles of these names are unfit.
    """
    try:
        url = make_url(admin_url).set(drivername="postgresql+psycopg")
    except ArgumentError as error:
        raise ConfigError(
            _("TRATO_TEST_POSTGRES_URL is not a database URL."),
            hint=_("It looks like postgresql://postgres:PASSWORD@127.0.0.1:5432/postgres."),
        ) from error
    server = PostgresServer(admin_url=url.render_as_string(hide_password=False))
    _ensure_roles(server)
    return server


def _connect(url: str) -> psycopg.Connection:
    libpq = make_url(url).set(drivername="postgresql")
    return psycopg.connect(libpq.render_as_string(hide_password=False), autocommit=True)


def _ensure_roles(server: PostgresServer) -> None:
    """Make the roles that are missing, and refuse roles that would make tests prove nothing."""
    password = make_url(server.admin_url).password
    with _connect(server.admin_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ROLES_LOCK])
        for role in (OWNER_ROLE, APP_ROLE):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if not found.fetchone():
                create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(create.format(sql.Identifier(role), sql.Literal(password)))
        unfit = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%(both)s)"
            " AND (rolsuper OR rolbypassrls OR rolcreaterole OR NOT rolcanlogin)"
            " UNION SELECT %(app)s WHERE pg_has_role(%(app)s, %(owner)s, 'MEMBER')",
            {"both": [OWNER_ROLE, APP_ROLE], "app": APP_ROLE, "owner": OWNER_ROLE},
        ).fetchall()
    if unfit:
        raise ConfigError(
            _("On the test server, {roles} may do more, or less, than in production."),
            hint=_("Drop {roles} there; the next run makes fresh ones."),
            roles=", ".join(sorted(role for (role,) in unfit)),
        )


def main() -> None:
    """Run a server until Ctrl-C or SIGTERM, and print what a developer exports to use it."""
    server = start_postgres()
    stops = {signal.SIGINT, signal.SIGTERM}
    # Blocked only now, as the server's processes would inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    urls = server.create_database("trato")
    print(f"export TRATO_TEST_POSTGRES_URL={server.admin_url}")
    print(f"export TRATO_OWNER_DATABASE_URL={urls.owner_url}")
    print(f"export TRATO_DATABASE_URL={urls.app_url}", flush=True)
    signal.sigwait(stops)
    server.stop()


if __name__ == "__main__":
    main()
