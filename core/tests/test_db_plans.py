"""On 100,000 analysed rows, as the application role, both databases answer from an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from trato.host import Host
from trato.records.query import Query
from trato.settings import Settings
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases

CLIENT = "clients.client"
COUNT = 100_000
#: A common word, a rare one, and a number of its own for each row. The oldest rows have no city.
_ROWS = {
    "postgresql": """
        INSERT INTO clients_client (tenant_id, id, kind, name, name_key, city, city_key, is_client,
            is_supplier, is_prescriber, status, version, created_at, updated_at, search_text)
        SELECT :tenant, gen_random_uuid(), 'company', 'Distribuciones ' || n,
            'distribuciones ' || lpad(n::text, 6, '0'), 'Cali', 'cali', true, false, false,
            'active', 1, now() - n * interval '1 minute', now(),
            '  distribuciones  ' || n || CASE WHEN n % 5000 = 0 THEN '  guadual' ELSE '' END
        FROM generate_series(1, :count) n
    """,
    "sqlite": """
        INSERT INTO clients_client (tenant_id, id, kind, name, name_key, city, city_key, is_client,
            is_supplier, is_prescriber, status, version, created_at, updated_at, search_text)
        WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)
        SELECT :tenant, lower(hex(randomblob(16))), 'company', 'Distribuciones ' || n,
            'distribuciones ' || printf('%06d', n), 'Cali', 'cali', 1, 0, 0,
            'active', 1, datetime('2026-01-01', '-' || n || ' minutes') || '.000000',
            '2026-01-01 00:00:00.000000',
            '  distribuciones  ' || n || CASE WHEN n % 5000 = 0 THEN '  guadual' ELSE '' END
        FROM series
    """,
}


@pytest.fixture(scope="module")
def large(
    backend: str, databases: Databases, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer,
) -> Iterator[tuple[Company, Database]]:  # fmt: skip
    """Make a company of 100,000 clients, analysed, beside a small one."""
    database = databases.migrated(backend)  # type: ignore[arg-type]
    host = Host(make_settings(database))
    company = make_company(host, issue_license, plugins=["clients"])
    owner = database.open_owner()
    with owner.begin() as connection:
        connection.execute(text(_ROWS[backend]), {"tenant": company.id, "count": COUNT})
        if backend == "sqlite":
            connection.execute(
                text(
                    "INSERT INTO core_search_row (tenant_id, entity, record_id) "
                    "SELECT tenant_id, 'clients.client', id FROM clients_client"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO core_search_text (rowid, searched) SELECT r.rowid, c.search_text "
                    "FROM core_search_row r JOIN clients_client c ON c.id = r.record_id"
                )
            )
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # VACUUM empties the list in which GIN keeps new entries, as it would after an import.
        connection.execute(text("ANALYZE" if backend == "sqlite" else "VACUUM ANALYZE"))
    owner.dispose()
    yield company, database
    host.close()


def plans(company: Company, query: Query) -> list[str]:
    """Run a query as the application does, and explain each statement that it made."""
    made: list[tuple[str, Any]] = []

    def note(
        connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any
    ) -> None:
        if statement.lstrip().upper().startswith("SELECT") and "set_config" not in statement:
            made.append((statement, parameters))

    explained = []
    with company.unit(read=True) as unit:
        event.listen(unit.connection, "before_cursor_execute", note)
        unit.records.query(CLIENT, query)
        event.remove(unit.connection, "before_cursor_execute", note)
        sqlite = unit.connection.dialect.name == "sqlite"
        prefix = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        for statement, parameters in made:
            rows = unit.connection.exec_driver_sql(f"{prefix} {statement}", parameters).all()
            explained.append("\n".join(str(row[-1]) for row in rows))
    return explained


def sorts(plan: str) -> bool:
    """Tell whether a plan sorts rows instead of walking an index in order."""
    return "Sort" in plan or "TEMP B-TREE" in plan


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        (("name",), "ix_clients_client_tenant_id_name_key_id"),
        (("-name",), "ix_clients_client_tenant_id_name_key_id"),
        (("-created_at",), "ix_clients_client_tenant_id_created_at_id"),
        (("city",), "ix_clients_client_tenant_id_city_key_id"),
    ],
)
def test_page_walks_the_index_of_its_order(
    large: tuple[Company, Database], sort: tuple[str, ...], index: str
) -> None:
    (plan,) = plans(large[0], Query(columns=("name",), sort=sort, limit=80))

    assert index in plan
    assert not sorts(plan)


def test_page_deep_in_the_list_walks_the_same_index(large: tuple[Company, Database]) -> None:
    company, _database = large
    with company.unit(read=True) as unit:
        cursor = None
        for _step in range(20):
            page = unit.records.query(
                CLIENT, Query(columns=("name",), sort=("name",), limit=500, cursor=cursor)
            )
            cursor = page.next

    (plan,) = plans(company, Query(columns=("name",), sort=("name",), limit=500, cursor=cursor))

    assert "ix_clients_client_tenant_id_name_key_id" in plan
    assert not sorts(plan)


def test_common_word_walks_the_index_of_the_order(large: tuple[Company, Database]) -> None:
    made = plans(large[0], Query(columns=("name",), sort=("name",), search="distribuciones"))

    # The first statement finds the keys of a few records; these are too many.
    walk = next(plan for plan in made[1:] if "name_key" in plan)
    assert "ix_clients_client_tenant_id_name_key_id" in walk
    # SQLite orders the step of 20,000 rows once more; PostgreSQL sees that it is in order.
    assert large[1].backend == "sqlite" or not sorts(walk)


@pytest.mark.database("postgresql")
def test_rare_word_reads_the_trigram_index_and_little_else(large: tuple[Company, Database]) -> None:
    company, database = large
    owner = database.open_owner()
    with owner.connect() as connection:
        # What the function runs, as the role that it runs as.
        inside = connection.execute(
            text(
                "EXPLAIN SELECT id FROM clients_client WHERE tenant_id = :tenant "
                "AND search_text LIKE '%guadual%' LIMIT 1001"
            ),
            {"tenant": company.id},
        ).scalars().all()  # fmt: skip
    owner.dispose()
    with company.unit(read=True) as unit:
        # As the application role the plan of a function is hidden; what it reads is not.
        called = unit.connection.execute(
            text(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
                "SELECT * FROM core_search('clients_client', ARRAY['%guadual%'], 1001)"
            )
        ).scalar_one()
        plain = unit.connection.execute(
            text(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
                "SELECT id FROM clients_client WHERE search_text LIKE '%guadual%'"
            )
        ).scalar_one()

    def pages(plan: Any) -> int:
        node = plan[0]["Plan"]
        return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])

    assert "ix_clients_client_search" in "\n".join(inside)
    assert called[0]["Plan"]["Actual Rows"] == COUNT // 5000
    # Row-level security keeps the plain statement from the trigram index: it reads the table.
    assert pages(called) * 5 < pages(plain)


@pytest.mark.database("postgresql")
def test_rows_of_a_rare_word_are_read_where_they_stand(large: tuple[Company, Database]) -> None:
    made = plans(large[0], Query(columns=("name",), sort=("name",), search="guadual"))

    assert "Tid Scan on clients_client" in made[0]
    assert "Index Scan" not in made[0]


@pytest.mark.database("sqlite")
def test_rare_word_is_found_by_the_full_text_table(large: tuple[Company, Database]) -> None:
    made = plans(large[0], Query(columns=("name",), sort=("name",), search="guadual"))

    assert "VIRTUAL TABLE INDEX" in made[0]
    assert "SCAN clients_client" not in "\n".join(made)


def test_rare_word_finds_what_is_there(large: tuple[Company, Database]) -> None:
    with large[0].unit(read=True) as unit:
        page = unit.records.query(CLIENT, Query(columns=("name",), search="guadual", count=True))

    assert page.total == COUNT // 5000
