"""Fixtures for the tests of Trato and its plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trato.testing.postgres import PostgresServer, open_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Return the run's PostgreSQL server; each worker of xdist has its own."""
    server = open_postgres()
    yield server
    server.stop()
