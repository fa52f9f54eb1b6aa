"""Tickets: how procrastinate's workers learn that a task is due.

The job table stays what is true of a task, with either engine: state, payload, progress, result,
whose turn it is. With procrastinate a trigger of the table defers one *ticket* for each task that
is queued, inside the same transaction, whoever queues it. A ticket carries nothing; it lets one
worker, woken by NOTIFY, claim the next due task, which need not be the one it was made for. So
tenants take turns as ever, although procrastinate itself would serve in order of arrival.

Tickets can be thrown away: a worker also looks for due tasks by itself now and then. That is why
another version of procrastinate gets its tables by dropping the old ones.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from trato.errors import ConfigError
from trato.settings import Settings
from trato.text import _

#: PostgreSQL schema of procrastinate's tables: they belong to no plugin and to no tenant.
SCHEMA = "trato_queue"
QUEUE = "trato"
TASK = "trato.serve_next"
TABLE, PROCRASTINATE = "table", "procrastinate"

_TRIGGER = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.issue_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {SCHEMA}, pg_temp
AS $body$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW(
        '{QUEUE}', '{TASK}', 0, NULL, NULL, '{{}}'::jsonb,
        CASE WHEN NEW.run_at > now() THEN NEW.run_at END
    )::procrastinate_job_to_defer_v1]);
    RETURN NULL;
END
$body$
"""
_ISSUE = f"""
CREATE TRIGGER core_task_ticket AFTER INSERT OR UPDATE OF state ON core_task
FOR EACH ROW WHEN (NEW.state = 'queued') EXECUTE FUNCTION {SCHEMA}.issue_ticket()
"""


def check_engine(settings: Settings) -> None:
    """Refuse an engine that cannot work here.

    :raises ConfigError: procrastinate on SQLite, or where it is not installed.
    """
    if settings.job_engine != PROCRASTINATE:
        return
    if settings.sqlite_path is not None:
        raise ConfigError(
            _("TRATO_JOB_ENGINE is 'procrastinate', which needs PostgreSQL."),
            hint=_("Take it out, or let TRATO_DATABASE_URL name a PostgreSQL database."),
            code="job_engine",
        )
    if make_url(settings.database_url).query.get("pooling"):
        raise ConfigError(
            _("TRATO_JOB_ENGINE is 'procrastinate', which waits for the database's notices; a "
              "pooler in transaction mode passes none on."),
            hint=_("Give workers the database's own address, without pooling=transaction."),
            code="job_engine",
        )  # fmt: skip
    try:
        version("procrastinate")
    except ImportError as error:
        raise ConfigError(
            _("TRATO_JOB_ENGINE is 'procrastinate', which is not installed."),
            hint=_("Install it: pip install 'trato[procrastinate]'"), code="job_engine",
        ) from error  # fmt: skip


def wanted(settings: Settings) -> str:
    """Say what the database should have: nothing, or the tables of a version of procrastinate."""
    return f"procrastinate {version('procrastinate')}" if settings.job_engine != TABLE else ""


def present(connection: Connection) -> str:
    """Say what the database has, as ``wanted`` says it."""
    if connection.dialect.name != "postgresql":
        return ""
    found = connection.execute(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name"),
        {"name": SCHEMA},
    ).first()
    return "" if found is None else found[0] or "?"


def make_right(connection: Connection, settings: Settings, *, app_role: str | None) -> bool:
    """Make procrastinate's tables, or remove them, as the settings want it.

    :param connection: as the owner, after the tables were migrated.
    :param app_role: the application's role, whose workers fetch tickets.
    :return: whether anything was changed.
    """
    goal = wanted(settings)
    changed = present(connection) != goal
    if changed:
        connection.execute(text("DROP TRIGGER IF EXISTS core_task_ticket ON core_task"))
        connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
        if goal:
            _install(connection, goal)
    if goal and app_role is not None:
        _grant(connection, app_role)
    return changed


def _install(connection: Connection, goal: str) -> None:
    from procrastinate.schema import SchemaManager

    path = connection.execute(text("SHOW search_path")).scalar_one()
    connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": SCHEMA})
    # Without parameters the driver sends several statements at once and looks for no `%`.
    _raw(connection).execute(SchemaManager.get_schema())
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})
    connection.execute(text(_TRIGGER))
    connection.execute(text(_ISSUE))
    connection.execute(text(f"COMMENT ON SCHEMA {SCHEMA} IS '{goal}'"))


def _grant(connection: Connection, role: str) -> None:
    name = connection.execute(text("SELECT quote_ident(:role)"), {"role": role}).scalar_one()
    for granted in (
        f"USAGE ON SCHEMA {SCHEMA}",
        f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA}",
        f"USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {SCHEMA}",
    ):
        connection.execute(text(f"GRANT {granted} TO {name}"))


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def conninfo(settings: Settings) -> str:
    """Give the database's address as procrastinate's own connections need it."""
    url = make_url(settings.database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
