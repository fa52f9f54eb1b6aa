"""What the host owes every table: row-level security, grants, and the search behind both.

It is put right after every migration instead of being written into revisions, so that a plugin's
table cannot be without it. PostgreSQL only, but for SQLite's full-text table.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, Table, inspect, text
from sqlalchemy.engine import make_url

from trato.errors import ConfigError
from trato.text import _

_TENANT = "tenant_id = nullif(current_setting('trato.tenant_id', true), '')::integer"

#: Finds the records of a tenant's table that contain all patterns. It runs as its owner, because
#: LIKE is not leakproof and row-level security would keep it from the trigram index; so it
#: filters by the session's tenant itself, fixes its search path and gives back keys only.
#: plpgsql with EXECUTE, so that each term is planned for itself, and with the cost of pages that
#: are in memory or on an SSD: at the usual 4 the planner read 10,000 rows (14 ms) instead of the
#: index (1 ms).
_SEARCH = """
CREATE OR REPLACE FUNCTION core_search("table" text, patterns text[], many integer)
RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
SET random_page_cost = 1.1
AS $body$
DECLARE
    tenant integer := nullif(current_setting('trato.tenant_id', true), '')::integer;
    conditions text := '';
BEGIN
    IF tenant IS NULL OR patterns IS NULL OR cardinality(patterns) = 0 THEN
        RETURN;
    END IF;
    FOR place IN 1 .. least(cardinality(patterns), 8) LOOP
        conditions := conditions || format(' AND search_text LIKE $2[%s]', place);
    END LOOP;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM {schema}.%I WHERE tenant_id = $1%s LIMIT $3', "table", conditions
    ) USING tenant, patterns, many;
END
$body$
"""
#: The same, but where in the table they stand: the statement that calls it reads its rows there,
#: without looking each key up, which takes a fifth of the time. It sees what that statement sees,
#: so no row can have moved.
_PLACES = (
    _SEARCH.replace("core_search(", "core_search_places(")
    .replace("SETOF uuid", "SETOF tid")
    .replace("SELECT id ", "SELECT ctid ")
)

#: Claims the next due task of whichever tenant was served longest ago, see ``jobs.claiming``; gives
#: back tenant and key only. The task's row is skipped where another worker holds it.
_CLAIM = """
CREATE OR REPLACE FUNCTION core_claim_task(worker_name text, moment timestamptz, until timestamptz)
RETURNS TABLE (tenant integer, task uuid) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    whose integer;
    which uuid;
BEGIN
    IF EXISTS (SELECT 1 FROM core_maintenance) THEN
        RETURN;
    END IF;
    FOR whose IN SELECT t.tenant FROM core_turn t ORDER BY t.served_at, t.tenant LOOP
        SELECT k.id INTO which FROM core_task k
        WHERE k.tenant_id = whose AND k.state = 'running' AND k.lease_until < moment
        ORDER BY k.lease_until LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF which IS NULL THEN
            SELECT k.id INTO which FROM core_task k
            WHERE k.tenant_id = whose AND k.state = 'queued' AND k.run_at <= moment
            ORDER BY k.priority, k.run_at, k.id LIMIT 1 FOR UPDATE SKIP LOCKED;
        END IF;
        IF which IS NOT NULL THEN
            UPDATE core_task k SET state = 'running', worker = worker_name, lease_until = until,
                started_at = moment, attempts = k.attempts + 1
            WHERE k.tenant_id = whose AND k.id = which;
            -- After all turns that there were, also where the clock was set back since.
            UPDATE core_turn t SET served_at = greatest(
                clock_timestamp(),
                (SELECT max(o.served_at) FROM core_turn o) + interval '1 microsecond'
            ) WHERE t.tenant = whose;
            RETURN QUERY SELECT whose, which;
            RETURN;
        END IF;
    END LOOP;
END
$body$
"""


#: Counts a table anew once it has outgrown what the planner knows of it. Autovacuum does so only
#: minutes later, and until then a table that is being filled is read by the wrong index. Only the
#: owner may; the function tells nothing and takes no lock that a writer waits for.
_ANALYZE = """
CREATE OR REPLACE FUNCTION core_analyze("table" text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $body$
DECLARE
    known pg_class%ROWTYPE;
BEGIN
    SELECT * INTO known FROM pg_class WHERE oid = to_regclass(format('{schema}.%I', "table"));
    IF pg_relation_size(known.oid) / current_setting('block_size')::bigint
        > 2 * greatest(known.relpages, 0) + 20
    THEN
        EXECUTE format('ANALYZE {schema}.%I', "table");
    END IF;
END
$body$
"""

#: Counts the tasks of all tenants by state, for metrics. It tells numbers and moments only.
_QUEUE_STATE = """
CREATE OR REPLACE FUNCTION core_queue_state(moment timestamptz)
RETURNS TABLE (state text, number bigint, due bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $body$
    SELECT state, count(*), count(*) FILTER (WHERE state = 'queued' AND run_at <= moment),
        min(run_at) FILTER (WHERE state = 'queued' AND run_at <= moment)
    FROM core_task GROUP BY state
$body$
"""


#: Counts the failed tasks of all tenants by the plugin whose jobs they are, for metrics.
_FAILED = """
CREATE OR REPLACE FUNCTION core_failed_tasks()
RETURNS TABLE (plugin text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $body$
    SELECT split_part(job, '.', 1), count(*) FROM core_task WHERE state = 'failed' GROUP BY 1
$body$
"""


_SIGNATURES = (
    "core_failed_tasks()",
    "core_analyze(text)",
    "core_queue_state(timestamptz)",
    "core_search(text, text[], integer)",
    "core_search_places(text, text[], integer)",
    "core_claim_task(text, timestamptz, timestamptz)",
)


def tenant_tables(metadata: MetaData) -> Iterator[Table]:
    """Give the tables whose rows belong to tenants."""
    for table in metadata.sorted_tables:
        if "tenant_id" in table.c:
            yield table


def secure(connection: Connection, metadata: MetaData, *, app_role: str | None) -> None:
    """Put policies, grants and search structures right; doing it again changes nothing."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE IF NOT EXISTS core_search_text "
            "USING fts5(searched, tokenize='trigram')"
        )
        return
    schema = str(connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one())
    existing = set(inspect(connection).get_table_names())
    for table in tenant_tables(metadata):
        if table.name in existing:
            _policy(connection, table)
            if "search_text" in table.c:
                connection.execute(
                    text(
                        f"CREATE INDEX IF NOT EXISTS ix_{table.name}_search ON {table.name} "
                        "USING gin (tenant_id, search_text gin_trgm_ops)"
                    )
                )
    for function in (_ANALYZE, _SEARCH, _PLACES, _CLAIM, _QUEUE_STATE, _FAILED):
        connection.execute(text(function.format(schema=schema)))
    for signature in _SIGNATURES:
        connection.execute(text(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"))
    if app_role is not None:
        for statement in grants(connection, metadata, existing, schema, app_role):
            connection.execute(text(statement))


def _policy(connection: Connection, table: Table) -> None:
    extra = table.info.get("policy")
    using = f"({_TENANT})" + (f" OR ({extra})" if extra else "")
    connection.execute(text(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"))
    connection.execute(text(f"DROP POLICY IF EXISTS tenant ON {table.name}"))
    connection.execute(
        text(f"CREATE POLICY tenant ON {table.name} USING ({using}) WITH CHECK ({_TENANT})")
    )


def grants(
    connection: Connection, metadata: MetaData, existing: set[str], schema: str, role: str
) -> Iterator[str]:
    """Give the statements that let the application role work and no more."""
    quoted = connection.execute(text("SELECT quote_ident(:role)"), {"role": role}).scalar_one()
    yield f"GRANT USAGE ON SCHEMA {schema} TO {quoted}"
    for table in metadata.sorted_tables:
        if table.name in existing:
            rights = "SELECT, INSERT, UPDATE, DELETE"
            if table.info.get("append_only"):
                rights = "SELECT, INSERT"
            elif table.info.get("read_only"):
                rights = "SELECT"
            yield f"REVOKE ALL ON {table.name} FROM {quoted}"
            yield f"GRANT {rights} ON {table.name} TO {quoted}"
    for name in sorted(existing):
        if name.startswith("alembic_"):
            yield f"GRANT SELECT ON {name} TO {quoted}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted}"
    for signature in _SIGNATURES:
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {quoted}"


def check_role(connection: Connection, *, owner_url: str | None) -> None:
    """Refuse to serve with a role that row-level security does not hold.

    :raises ConfigError: as a superuser, with BYPASSRLS, as the tables' owner, as a member of the
        owner's role, or in autocommit.
    """
    if connection.dialect.name != "postgresql":
        return
    # The isolation level is the server's, which knows nothing of a driver's autocommit.
    driver = connection.connection.dbapi_connection
    if driver is not None and connection.dialect.detect_autocommit_setting(driver):
        raise ConfigError(
            _("The database connection is in autocommit; the tenant would never be set."),
            hint=_("Take isolation_level out of TRATO_DATABASE_URL."),
        )
    row = connection.execute(
        text(
            "SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        )
    ).one()
    hint = _("Let TRATO_DATABASE_URL name the application role; 'trato doctor --sql' prints how "
             "to make it.")  # fmt: skip
    if row.rolsuper or row.rolbypassrls:
        raise ConfigError(
            _("The database role '{role}' passes by row-level security."), hint=hint,
            role=row.name,
        )  # fmt: skip
    owned = connection.execute(
        text(
            "SELECT r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE c.relname = 'core_tenant' AND c.relnamespace = current_schema()::regnamespace"
        )
    ).scalar()
    named = None if owner_url is None else make_url(owner_url).username
    owner = connection.execute(
        text(
            "SELECT rolname FROM pg_roles WHERE rolname IN (:owned, :named) "
            "AND pg_has_role(current_user, oid, 'USAGE') ORDER BY rolname LIMIT 1"
        ),
        {"owned": owned, "named": named},
    ).scalar()
    if owner is not None:
        raise ConfigError(
            _("The database role '{role}' is, or is a member of, the owner '{owner}'; "
              "row-level security does not hold it."),
            hint=hint, role=row.name, owner=owner,
        )  # fmt: skip
