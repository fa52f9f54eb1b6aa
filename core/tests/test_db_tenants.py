"""PostgreSQL keeps tenants apart by itself, whatever a statement forgets."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from trato.access.actor import Actor
from trato.db.engine import open_engine, transaction
from trato.db.security import check_role, tenant_tables
from trato.db.types import new_id
from trato.entities.base import metadata
from trato.errors import ConfigError
from trato.host import Host
from trato.records.unit import Unit
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.testing.postgres import APP_ROLE, OWNER_ROLE, PostgresServer
from trato.testing.samples import create_sample

pytestmark = pytest.mark.database("postgresql")

PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    engine = database.open_owner()
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def pieces(tenant: Company, other_tenant: Company) -> tuple[UUID, UUID]:
    """Make one piece in each tenant."""
    made = []
    for company in (tenant, other_tenant):
        with company.unit() as unit:
            made.append(create_sample(unit, PIECE, {"name": "Cántaro", "tags": ["a"]}).id)
    return made[0], made[1]


def tables(host: Host) -> list[Table]:
    """Give the tables of the host's plugins; other tests declare tables that no database has."""
    known = {"core", *host.plugins}
    return [table for table in tenant_tables(metadata) if table.info.get("plugin") in known]


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_every_table_of_tenants_has_its_policy(owner: Connection) -> None:
    rows = owner.execute(
        text(
            "SELECT c.relname, c.relrowsecurity, p.policyname, p.cmd, p.qual, p.with_check "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "LEFT JOIN pg_policies p ON p.tablename = c.relname "
            "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attname = 'tenant_id' "
            "AND c.relnamespace = current_schema()::regnamespace"
        )
    ).all()

    assert len(rows) > 20
    for name, secured, policy, command, visible, written in rows:
        assert (secured, policy, command) == (True, "tenant", "ALL"), name
        assert "trato.tenant_id" in visible, name
        assert "trato.tenant_id" in written, name
        assert " OR " not in written, name


def test_there_is_no_view_that_shows_all_tenants(owner: Connection) -> None:
    views = owner.execute(
        text(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND "
            "relnamespace = current_schema()::regnamespace AND (relkind = 'm' OR NOT "
            "coalesce('security_invoker=true' = ANY (reloptions), false))"
        )
    ).scalars()

    assert list(views) == []


def test_without_a_tenant_there_are_no_rows(
    host: Host, tenant: Company, actor: Actor, owner: Connection, pieces: tuple[UUID, UUID]
) -> None:
    tenant.token(actor)
    tenant.team("norte")
    seen_by_owner = {table.name: count(owner, table.name) for table in tables(host)}
    assert seen_by_owner["specimen_piece"] >= 2
    assert sum(1 for rows in seen_by_owner.values() if rows) >= 10

    with host.engine.connect() as connection:
        seen = {table.name: count(connection, table.name) for table in tables(host)}

    assert {name: rows for name, rows in seen.items() if rows} == {}


def test_each_tenant_sees_its_own_rows_in_every_table(
    host: Host, tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    for company in (tenant, other_tenant):
        with transaction(host.engine, tenant_id=company.id) as connection:
            for table in tables(host):
                found = connection.execute(text(f"SELECT DISTINCT tenant_id FROM {table.name}"))
                assert set(found.scalars()) <= {company.id}, table.name
            assert count(connection, "specimen_piece") == 1
            assert count(connection, "core_audit") == 1


def test_the_tenant_is_forgotten_when_a_connection_goes_back(
    host: Host, tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    for _turn in range(3):
        with transaction(host.engine, tenant_id=tenant.id) as connection:
            assert count(connection, "specimen_piece") == 1
        with host.engine.connect() as connection:
            assert count(connection, "specimen_piece") == 0


def test_the_tenant_outlives_a_savepoint_that_is_rolled_back(
    host: Host, tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        with pytest.raises(ProgrammingError), connection.begin_nested():
            connection.execute(text("SELECT * FROM nowhere"))
        assert count(connection, "specimen_piece") == 1


def test_no_row_is_written_for_another_tenant(
    host: Host, tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    copy = (
        "INSERT INTO specimen_piece (tenant_id, id, name, grade, version, created_at, updated_at) "
        "VALUES (:tenant, :id, 'x', 'good', 1, now(), now())"
    )
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        connection.execute(text(copy), {"tenant": tenant.id, "id": new_id()})

    for statement, values in (
        (copy, {"tenant": other_tenant.id, "id": new_id()}),
        ("UPDATE specimen_piece SET tenant_id = :tenant", {"tenant": other_tenant.id}),
    ):
        with (
            pytest.raises(DBAPIError, match="violates row-level security policy"),
            transaction(host.engine, tenant_id=tenant.id) as connection,
        ):
            connection.execute(text(statement), values)


def test_rows_of_another_tenant_are_neither_changed_nor_deleted(
    host: Host, tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    _mine, theirs = pieces
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        for statement in (
            "UPDATE specimen_piece SET name = 'x' WHERE id = :id",
            "DELETE FROM specimen_piece WHERE id = :id",
            "UPDATE core_member SET name = 'x' WHERE tenant_id = :tenant",
            "DELETE FROM core_token WHERE tenant_id = :tenant",
        ):
            done = connection.execute(text(statement), {"id": theirs, "tenant": other_tenant.id})
            assert done.rowcount == 0, statement

    with other_tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, theirs)["name"] == "Cántaro"


def test_a_reference_to_another_tenants_row_cannot_exist(
    owner: Connection, tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    """The owner passes by row-level security, and still cannot write one."""
    mine, theirs = pieces
    write = text(
        "INSERT INTO specimen_loan (tenant_id, id, piece_id, borrower, version, created_at, "
        "updated_at) VALUES (:tenant, :id, :piece, 'x', 1, now(), now())"
    )
    with owner.begin_nested() as good:
        owner.execute(write, {"tenant": tenant.id, "id": new_id(), "piece": mine})
        good.rollback()

    with pytest.raises(IntegrityError, match="violates foreign key constraint"):
        owner.execute(write, {"tenant": tenant.id, "id": new_id(), "piece": theirs})


# --- the search function, which runs as the owner ------------------------------------------------


def search(unit: Unit, table: str, *patterns: str, many: int = 1_000) -> list[UUID]:
    asked = text("SELECT core_search(:table, :patterns, :many)")
    values: dict[str, Any] = {"table": table, "patterns": list(patterns), "many": many}
    return list(unit.connection.execute(asked, values).scalars())


def test_search_finds_rows_of_the_sessions_tenant_only(
    tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    places = text("SELECT core_search_places('specimen_piece', ARRAY['%'], 10)::text")
    found = []
    for company, piece in zip((tenant, other_tenant), pieces, strict=True):
        with company.unit(read=True) as unit:
            assert search(unit, "specimen_piece", "%cantaro%") == [piece]
            assert search(unit, "specimen_piece", "%") == [piece]
            assert search(unit, "specimen_piece") == []
            found.append(unit.connection.execute(places).scalars().all())

    assert [len(place) for place in found] == [1, 1]
    assert found[0] != found[1]


@pytest.mark.parametrize("function", ["core_search", "core_search_places"])
def test_search_without_a_tenant_finds_nothing(
    host: Host, pieces: tuple[UUID, UUID], function: str
) -> None:
    with host.engine.connect() as connection:
        asked = text(f"SELECT {function}('specimen_piece', ARRAY['%'], 10)")
        assert connection.execute(asked).all() == []


@pytest.mark.parametrize(
    "table",
    [
        "core_user", "core_tenant", "pg_shadow", "specimen_piece WHERE true OR true --",
        'specimen_piece"; DROP TABLE core_tenant; --', "", "nowhere",
    ],
)  # fmt: skip
def test_search_reads_no_other_table(tenant: Company, table: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"does not exist|zero-length"),
        tenant.unit(read=True) as unit,
    ):
        search(unit, table, "%")


@pytest.mark.parametrize("pattern", ["' OR true --", "$1", "%' OR tenant_id > 0 --", "%s", "\\"])
def test_a_pattern_is_never_a_statement(
    tenant: Company, pieces: tuple[UUID, UUID], pattern: str
) -> None:
    with tenant.unit(read=True) as unit:
        if pattern == "\\":
            with pytest.raises(DBAPIError, match="LIKE pattern must not end with escape"):
                search(unit, "specimen_piece", pattern)
        else:
            assert search(unit, "specimen_piece", pattern) == []


def test_the_functions_that_run_as_the_owner_fix_their_path_and_are_not_public(
    owner: Connection,
) -> None:
    functions = owner.execute(
        text(
            "SELECT p.proname, p.proconfig, r.rolname AS owner, "
            "(p.proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(p.proacl) WHERE grantee = 0)) "
            "AS is_public FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner "
            "WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace"
        )
    ).all()

    assert {"core_search", "core_search_places"} <= {row.proname for row in functions}
    for row in functions:
        path = [entry for entry in row.proconfig or [] if entry.startswith("search_path=")]
        assert path == ["search_path=public, pg_temp"], row.proname
        assert (row.owner, row.is_public) == (OWNER_ROLE, False), row.proname


# --- roles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE specimen_piece DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON specimen_piece",
        "CREATE POLICY open ON specimen_piece USING (true)",
        "TRUNCATE specimen_piece",
        "DROP TABLE specimen_piece",
        "CREATE TABLE mine (id integer)",
        "CREATE OR REPLACE FUNCTION core_search(\"table\" text, patterns text[], many integer) "
        "RETURNS SETOF uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        f"SET ROLE {OWNER_ROLE}",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "UPDATE alembic_core SET version_num = 'x'",
    ],
)  # fmt: skip
def test_the_application_role_cannot_open_the_walls(host: Host, statement: str) -> None:
    refusal = r"must be owner|permission denied|must be superuser"
    with pytest.raises(DBAPIError, match=refusal), host.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    opened: list[Engine] = []
    yield opened
    for engine in opened:
        engine.dispose()


def check(engine: Engine, engines: list[Engine], *, owner_url: str | None = None) -> None:
    engines.append(engine)
    with engine.connect() as connection:
        check_role(connection, owner_url=owner_url)


def test_the_application_role_may_serve(database: Database, engines: list[Engine]) -> None:
    check(open_engine(database.url), engines, owner_url=database.owner_url)


def test_the_owner_may_not_serve(database: Database, engines: list[Engine]) -> None:
    with pytest.raises(ConfigError) as refused:
        check(open_engine(database.owner_url), engines)

    assert str(refused.value) == (
        f"The database role '{OWNER_ROLE}' is, or is a member of, the owner '{OWNER_ROLE}'; "
        "row-level security does not hold it. Let TRATO_DATABASE_URL name the application role; "
        "'trato doctor --sql' prints how to make it."
    )


def test_an_owner_that_does_not_exist_hides_no_other(
    database: Database, engines: list[Engine]
) -> None:
    named = make_url(database.owner_url).set(username="a_role_that_is_gone")

    with pytest.raises(ConfigError, match=f"the owner '{OWNER_ROLE}'"):
        check(open_engine(database.owner_url), engines, owner_url=str(named))


def test_a_superuser_may_not_serve(
    database: Database, postgres_server: PostgresServer, engines: list[Engine]
) -> None:
    url = make_url(postgres_server.admin_url).set(database=make_url(database.url).database)
    with pytest.raises(ConfigError, match="'postgres' passes by row-level security"):
        check(open_engine(url.render_as_string(hide_password=False)), engines)


@pytest.mark.parametrize(
    ("gift", "refusal"),
    [
        (f"GRANT {OWNER_ROLE} TO {{role}}", "is, or is a member of, the owner"),
        (f"GRANT {OWNER_ROLE} TO {APP_ROLE}_between; GRANT {APP_ROLE}_between TO {{role}}",
         "is, or is a member of, the owner"),
        ("ALTER ROLE {role} BYPASSRLS", "passes by row-level security"),
    ],
)  # fmt: skip
def test_a_role_that_passes_by_the_walls_may_not_serve(
    database: Database, postgres_server: PostgresServer, engines: list[Engine], gift: str,
    refusal: str,
) -> None:  # fmt: skip
    role = f"trato_test_{secrets.token_hex(4)}"
    between = f"{role}_between"
    admin = create_engine(
        make_url(postgres_server.admin_url), isolation_level="AUTOCOMMIT", pool_size=1
    )
    engines.append(admin)
    url = make_url(database.url).set(username=role)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{url.password}'"))
        connection.execute(text(f"CREATE ROLE {between}"))
        try:
            served = url.render_as_string(hide_password=False)
            check(open_engine(served), engines)
            for statement in gift.format(role=role).split(";"):
                connection.execute(text(statement.replace(f"{APP_ROLE}_between", between)))
            with pytest.raises(ConfigError, match=refusal):
                check(open_engine(served), engines)
        finally:
            for engine in engines[1:]:
                engine.dispose()
            connection.execute(text(f"DROP ROLE {role}"))
            connection.execute(text(f"DROP ROLE {between}"))


def test_an_engine_in_autocommit_may_not_serve(database: Database, engines: list[Engine]) -> None:
    with pytest.raises(ConfigError, match="is in autocommit; the tenant would never be set"):
        check(create_engine(database.url, isolation_level="AUTOCOMMIT"), engines)
