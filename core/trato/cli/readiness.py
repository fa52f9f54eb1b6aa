"""Making sure that the database is there and its tables are not behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trato.errors import ConfigError, TratoError
from trato.text import _

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

    from trato.cli.context import Context
    from trato.db.migrate import RevisionFailed, Step
    from trato.host import Host


def make_ready(context: Context) -> None:
    """Make or migrate a SQLite file; refuse to work on a PostgreSQL database that is behind.

    A plugin that is behind is only warned of: it is off for every tenant until it is migrated.

    :raises ConfigError: with the command to run.
    """
    host = context.bare_host
    pending = pending_migrations(host)
    purged = purged_plugins(host) if pending else set()
    pending = {name: step for name, step in pending.items() if name not in purged}
    if not pending:
        return
    if host.settings.sqlite_path is not None:

        def failed(error: RevisionFailed) -> None:
            context.warn(error.message)
            context.note(f"  {context.text(error.hint)}")

        for step in migrate(host, without=purged, failed=failed):
            context.note(context.text(_("Migrated {plugin} to {revision}."), plugin=step.plugin,
                                      revision=step.after))  # fmt: skip
        return
    if "core" in pending:
        raise ConfigError(
            _("The database has not been migrated: {pending}."), hint=_("Run: trato migrate"),
            pending=written(pending), code="migrations_pending",
        )  # fmt: skip
    context.warn(
        _("Plugins whose tables are behind stay off: {pending}. Run: trato migrate"),
        pending=written(pending),
    )


def written(pending: dict[str, str]) -> str:
    """Write pending migrations in a line."""
    return ", ".join(f"{plugin} {step}" for plugin, step in pending.items())


def pending_migrations(host: Host) -> dict[str, str]:
    """Name what is behind; a SQLite file that is missing is behind with everything.

    Looking never makes the file.

    :raises ConfigError: when the folder of the SQLite file is missing.
    """
    from trato.db.engine import transaction
    from trato.db.migrate import behind, core_folder, head

    path = host.settings.sqlite_path
    if path is not None and not path.exists():
        check_folder(host)
        folders = {"core": core_folder(), **host.registry.folders}
        return {
            name: f"- → {wanted}"
            for name, folder in folders.items()
            if (wanted := head(folder)) is not None
        }
    with transaction(host.engine, read=True) as connection:
        return behind(connection, host.registry.folders)


def pending_engine(host: Host) -> dict[str, str]:
    """Say whether the database is prepared for another engine of background work than is set."""
    from trato.db.engine import transaction
    from trato.jobs import tickets

    tickets.check_engine(host.settings)
    if host.settings.sqlite_path is not None:
        return {}
    with transaction(host.engine, read=True) as connection:
        found = tickets.present(connection)
    wanted = tickets.wanted(host.settings)
    return {} if found == wanted else {"jobs": f"{found or '-'} → {wanted or '-'}"}


def purged_plugins(host: Host) -> set[str]:
    """Name the plugins whose tables were removed on purpose: only `trato migrate` makes them again.

    What tells them from plugins that were never migrated is their version table, which stays.
    """
    from sqlalchemy import inspect

    from trato.db.engine import transaction
    from trato.db.migrate import current, version_table

    path = host.settings.sqlite_path
    if path is not None and not path.exists():
        return set()
    with transaction(host.engine, read=True) as connection:
        tables = set(inspect(connection).get_table_names())
        return {
            name
            for name in host.registry.folders
            if version_table(name) in tables and current(connection, name) is None
        }


def check_walls(host: Host) -> None:
    """Refuse to work with a database role that row-level security does not hold.

    :raises ConfigError: with what to do about it.
    """
    from trato.db.engine import transaction
    from trato.db.security import check_role

    if host.settings.sqlite_path is None:
        with transaction(host.engine, read=True) as connection:
            check_role(connection, owner_url=host.settings.owner_database_url)


def check_there(host: Host) -> None:
    """Refuse to work on a SQLite file that does not exist.

    :raises ConfigError: naming the file.
    """
    path = host.settings.sqlite_path
    if path is not None and not path.exists():
        raise ConfigError(
            _("There is no database {path}."),
            hint=_("Nothing was done. Give the command the settings that the services have, and "
                   "their folder: 'trato doctor' says what it finds."),
            path=str(path.absolute()), code="no_database",
        )  # fmt: skip


def check_folder(host: Host) -> None:
    """Refuse a SQLite file in a folder that does not exist: it may be a slip of the pen.

    :raises ConfigError: naming the folder.
    """
    path = host.settings.sqlite_path
    if path is not None and not path.parent.is_dir():
        raise ConfigError(
            _("The folder {folder} of the database does not exist."),
            hint=_("Make it, or change TRATO_DATABASE_URL."),
            folder=str(path.parent), code="no_folder",
        )  # fmt: skip


def metadata() -> MetaData:
    """Give the tables of core and of every loaded plugin."""
    # Tables of core that nothing else has imported yet.
    import trato.access.tables
    import trato.records.tables
    import trato.tenancy.tables  # noqa: F401
    from trato.entities.base import metadata

    return metadata


def migrate(
    host: Host, *, without: Collection[str] = (),
    failed: Callable[[RevisionFailed], None] | None = None,
) -> Sequence[Step]:  # fmt: skip
    """Bring all tables to their newest revision, on PostgreSQL as the owner.

    :param without: plugins to leave as they are.
    :param failed: is told of plugins that cannot be migrated, which then stay as they are.
    :raises ConfigError: when the owner's URL is missing, or is the application's.
    """
    from trato.db import migrate as migrating
    from trato.db.migrate import Step
    from trato.jobs import tickets

    tickets.check_engine(host.settings)
    check_folder(host)
    on_sqlite = host.settings.sqlite_path is not None
    role = None if on_sqlite else host.engine.url.username
    with owner_engine(host, "trato migrate") as engine:
        folders = {n: f for n, f in host.registry.folders.items() if n not in without}
        steps = migrating.migrate(
            engine, folders, metadata(), app_role=role, failed=failed,
            needs={name: plugin.depends for name, plugin in host.plugins.items()},
        )  # fmt: skip
        if not on_sqlite:
            with migrating.migration(engine) as connection:
                before = tickets.present(connection)
                if tickets.make_right(connection, host.settings, app_role=role):
                    wanted = tickets.wanted(host.settings)
                    steps.append(Step(plugin="jobs", before=before or None, after=wanted or None))
        return steps


@contextmanager
def owner_engine(host: Host, what: str) -> Iterator[Engine]:
    """Open the database as the role that owns the tables; a SQLite file has no roles.

    :param what: the command that needs it, for the message.
    """
    from trato.db.engine import open_engine

    if host.settings.sqlite_path is not None:
        yield host.engine
        return
    engine = open_engine(owner_url(host, what), pool_size=1)
    try:
        _check_same_database(host, engine)
        yield engine
    finally:
        engine.dispose()


def _check_same_database(host: Host, owner: Engine) -> None:
    """Refuse to work as the owner of another database than the application's.

    Neither names nor addresses tell, as one of them may lead through a pooler; a lock that both see
    does. Where the application does not get in yet nothing is known, and nothing is refused.

    :raises ConfigError: naming both, without their passwords.
    """
    import secrets

    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from trato.db.engine import place, transaction

    number = {"number": secrets.randbits(62)}
    with owner.begin() as holding:
        holding.execute(text("SELECT pg_advisory_xact_lock(:number)"), number)
        try:
            with transaction(host.engine, read=True) as asking:
                is_free = asking.execute(
                    text("SELECT pg_try_advisory_xact_lock(:number)"), number
                ).scalar_one()
        except (TratoError, DBAPIError):
            return
    if is_free:
        raise ConfigError(
            _("TRATO_OWNER_DATABASE_URL ({owner}) and TRATO_DATABASE_URL ({app}) name different "
              "databases."),
            hint=_("Nothing was done. Let both lead to the same database; host and port may "
                   "differ, as behind a pooler."),
            owner=place(owner.url), app=place(host.engine.url), code="other_database",
        )  # fmt: skip


def owner_url(host: Host, what: str) -> str:
    """Give the URL of the role that owns the tables.

    :param what: the command that needs it, for the message.
    :raises ConfigError: when it is not set, or names the application's own role.
    """
    from sqlalchemy.engine import make_url

    url = host.settings.owner_database_url
    if url is None:
        raise ConfigError(
            _("'{what}' needs the role that owns the tables, and TRATO_OWNER_DATABASE_URL is not "
              "set."),
            hint=_("Set it for this command only: postgresql://OWNER:PASSWORD@HOST/DATABASE."),
            what=what, code="no_owner_url",
        )  # fmt: skip
    if make_url(url).username == host.engine.url.username:
        raise ConfigError(
            _("TRATO_OWNER_DATABASE_URL and TRATO_DATABASE_URL name the same role '{role}'."),
            hint=_("The application has a role of its own; 'trato doctor --sql' prints how to make "
                   "it."),
            role=host.engine.url.username, code="same_role",
        )  # fmt: skip
    return url
