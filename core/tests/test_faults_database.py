"""The database goes away under load, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from core.tests.load import POOL, at_work, compare, connections, token_of
from core.tests.test_processes import Visitor, started, wait_for
from sqlalchemy import event

from trato.db.engine import open_engine, transaction
from trato.errors import DatabaseUnavailable
from trato.testing.databases import Database, Databases
from trato.testing.postgres import PostgresServer, start_postgres

if TYPE_CHECKING:
    from pathlib import Path

    from core.tests.conftest import Installation


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """Give a server that may be stopped without harm to other tests."""
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture
def on_own(
    bare: Installation, own_server: PostgresServer, databases: Databases, tmp_path: Path
) -> Installation:
    """Give an installation on that server."""
    own = Databases(folder=tmp_path, server=lambda: own_server, migrations=databases.migrations)
    made: Database = own.migrated("postgresql")
    bare.environ |= {
        "TRATO_DATABASE_URL": made.url, "TRATO_OWNER_DATABASE_URL": made.owner_url,
        "TRATO_SECRET_KEY": "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp",
    }  # fmt: skip
    bare.database = made
    return bare


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize(
    ("callers", "written"), [(8, 30), pytest.param(60, 3_000, marks=pytest.mark.soak)],
    ids=["small", "full"],
)  # fmt: skip
def test_a_database_that_is_restarted_under_load_loses_nothing(
    on_own: Installation, own_server: PostgresServer, callers: int, written: int,
    record_property: Any,
) -> None:  # fmt: skip
    token = token_of(on_own)
    with started(on_own, "serve", "--port", "0", "--workers", "2") as server:
        with at_work(server.address, token, callers) as crowd:

            def work_goes_on() -> None:
                until = crowd.done.total() + written
                wait_for(lambda: crowd.wrong or crowd.done.total() >= until, within=180)

            work_goes_on()
            with own_server.outage("fast"):
                wait_for(lambda: crowd.refused["database_unavailable"] >= callers)
                page = Visitor().ask(f"{server.address}/health/ready")
            work_goes_on()
            # A crash: what was committed is found in the log again.
            own_server.restart("immediate")
            work_goes_on()
        left = connections(on_own)
        after = Visitor().ask(f"{server.address}/health/ready")

    assert crowd.wrong == [], "".join(server.lines)[-10_000:]
    assert page[0] == 503
    assert after[0] == 200
    compare(on_own, crowd.known)
    # What broke was thrown away, not kept beside what was opened instead.
    assert left <= 2 * POOL
    figures = {
        "calls": crowd.done.total(), "told to come back": dict(crowd.refused), "connections": left,
    }  # fmt: skip
    record_property("figures", figures)


@pytest.mark.database("postgresql")
def test_a_connection_that_breaks_at_the_commit_does_not_claim_that_nothing_was_saved(
    database: Database, postgres_server: PostgresServer
) -> None:
    engine = open_engine(database.url)
    admin = postgres_server.admin_url.replace("postgresql+psycopg:", "postgresql:")

    def break_off(connection: Any) -> None:
        with psycopg.connect(admin, autocommit=True) as other:
            pid = connection.connection.driver_connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    event.listen(engine, "commit", break_off)
    with pytest.raises(DatabaseUnavailable) as caught, transaction(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()

    assert "may have been saved" in str(caught.value)
