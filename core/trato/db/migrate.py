"""Migrations: one version table a plugin, so that a plugin that is gone breaks nobody else.

Plugins ship revisions only (`migrations/versions/*.py`); they run in dependency order in one
transaction, and what the host owes every table (row-level security, grants, search indexes) is
put right after them, see ``db.security``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from trato.db.engine import is_unavailable
from trato.db.security import secure
from trato.errors import ConfigError, PluginError
from trato.text import _

_REVISION = re.compile(r"^revision(?:: str)? = [\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision(?:: [^=]+)? = [\"']([^\"']+)[\"']", re.MULTILINE)
#: Two who migrate at once wait for each other; any number will do.
_LOCK = 7_231_845


@dataclass(frozen=True, kw_only=True)
class Step:
    """What migrating a plugin comes to."""

    plugin: str
    before: str | None
    after: str | None


class RevisionFailed(PluginError):
    """A revision of a plugin cannot be applied, or taken back; what it had changed is undone."""


def _refused(plugin: str, revision: str, error: str, *, up: bool = True) -> RevisionFailed:
    if not up:
        return RevisionFailed(
            _("Plugin '{plugin}', revision {revision} cannot be taken back: {error}; nothing was "
              "removed."),
            hint=_("Mend downgrade() of the revision, or install a version of the plugin in which "
                   "it works; then try again."),
            plugin=plugin, revision=revision, error=error.rstrip(". "), code="revision_failed",
        )  # fmt: skip
    return RevisionFailed(
        _("Plugin '{plugin}', revision {revision} cannot be applied: {error}; nothing of it was "
          "changed."),
        hint=_("Install the previous version of the plugin, or mend the revision; then run: trato "
               "migrate"),
        plugin=plugin, revision=revision, error=error.rstrip(". "), code="revision_failed",
    )  # fmt: skip


def core_folder() -> Path:
    """Give the folder whose `migrations/versions` are core's."""
    return Path(__file__).parent.parent


@lru_cache(maxsize=256)
def head(folder: Path) -> str | None:
    """Read the newest revision of a plugin from its files, without importing alembic."""
    revisions: set[str] = set()
    downs: set[str] = set()
    for file in (folder / "migrations" / "versions").glob("*.py"):
        source = file.read_text(encoding="utf-8")
        if found := _REVISION.search(source):
            revisions.add(found[1])
        if found := _DOWN.search(source):
            downs.add(found[1])
    heads = sorted(revisions - downs)
    if len(heads) > 1:
        raise ConfigError(
            _("The migrations in {folder} end twice: {heads}."),
            hint=_("Let one of them follow the other."),
            folder=folder.name, heads=", ".join(heads),
        )  # fmt: skip
    return heads[0] if heads else None


def has_revision(folder: Path, revision: str) -> bool:
    """Tell whether a plugin's files know a revision."""
    files = (folder / "migrations" / "versions").glob("*.py")
    return any(
        found[1] == revision
        for file in files
        if (found := _REVISION.search(file.read_text(encoding="utf-8")))
    )


def current(connection: Connection, plugin: str) -> str | None:
    """Read the revision at which a plugin's tables are; None when they are not there."""
    table = version_table(plugin)
    if not inspect(connection).has_table(table):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {table}")).first()  # noqa: S608
    return None if row is None else str(row[0])


def version_table(plugin: str) -> str:
    """Name a plugin's version table; the manifest has made sure that the name is plain."""
    return f"alembic_{plugin}"


def behind(connection: Connection, folders: Mapping[str, Path]) -> dict[str, str]:
    """Name the plugins (and core) whose tables are not at their newest revision."""
    found: dict[str, str] = {}
    for name, folder in {"core": core_folder(), **folders}.items():
        wanted = head(folder)
        if wanted is None:
            continue
        try:
            # In a savepoint: the application role may not see a version table that another role
            # made, and PostgreSQL would give up the whole transaction.
            with connection.begin_nested():
                at = current(connection, name)
        except DBAPIError as error:
            if is_unavailable(error):
                raise  # nothing is known then, least of all that a plugin is behind
            at = None
        if at != wanted:
            found[name] = f"{at or '-'} → {wanted}"
    return found


def migrate(
    engine: Engine, folders: Mapping[str, Path], metadata: MetaData, *,
    app_role: str | None = None, needs: Mapping[str, Collection[str]] | None = None,
    failed: Callable[[RevisionFailed], None] | None = None,
) -> list[Step]:  # fmt: skip
    """Bring the tables of core and of all plugins to their newest revision.

    :param engine: as the owner of the tables.
    :param app_role: PostgreSQL role of the application, which is granted what it needs.
    :param needs: by plugin those whose tables must be right before its own.
    :param failed: is told of a plugin that cannot be migrated; its tables and those of what needs
        it stay as they are, and the others go on. Without it nothing at all is changed then.
    :return: the plugins that moved.
    :raises RevisionFailed: without ``failed``, and for core's own tables.
    """
    steps = []
    left: set[str] = set()
    with migration(engine) as connection:
        if connection.dialect.name == "postgresql":
            for extension in ("pg_trgm", "btree_gin"):
                connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        for name, folder in {"core": core_folder(), **folders}.items():
            wanted, at = head(folder), current(connection, name)
            if wanted is None or at == wanted:
                continue
            if left & set((needs or {}).get(name, ())):
                left.add(name)
                continue
            try:
                with connection.begin_nested():
                    upgrade(connection, name, folder, "head")
                    _check_references(connection, name, wanted)
            except RevisionFailed as error:
                if name == "core" or failed is None:
                    raise
                left.add(name)
                failed(error)
            else:
                steps.append(Step(plugin=name, before=at, after=wanted))
        secure(connection, metadata, app_role=app_role)
    return steps


@contextmanager
def migration(engine: Engine) -> Iterator[Connection]:
    """Open the one transaction in which tables change."""
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Rebuilding a table with foreign keys on would delete the rows that cascade from it.
            _pragma(connection, "foreign_keys=OFF")
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection
                if sqlite and (broken := _broken_references(connection)):
                    raise ConfigError(
                        _("A migration would leave {count} broken references ({first})."),
                        hint=_("Nothing was changed."),
                        count=len(broken), first=str(broken[0]),
                    )  # fmt: skip
        finally:
            if sqlite:
                _pragma(connection, "foreign_keys=ON")


def _broken_references(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]


def _check_references(connection: Connection, plugin: str, revision: str) -> None:
    """Check what SQLite does not while tables are rebuilt, as long as it is known who did it."""
    if connection.dialect.name == "sqlite" and (broken := _broken_references(connection)):
        raise _refused(plugin, revision, f"{len(broken)} broken references, {broken[0]}")


def _pragma(connection: Connection, pragma: str) -> None:
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.cursor().execute(f"PRAGMA {pragma}")


def upgrade(connection: Connection, plugin: str, folder: Path, to: str) -> None:
    """Run a plugin's revisions upwards, inside the caller's transaction.

    :raises RevisionFailed: whatever a revision has raised.
    """
    _run(connection, plugin, folder, to, up=True)


def downgrade(connection: Connection, plugin: str, folder: Path, to: str) -> None:
    """Run a plugin's revisions downwards, inside the caller's transaction.

    :raises RevisionFailed: whatever a revision has raised.
    """
    _run(connection, plugin, folder, to, up=False)


def _run(connection: Connection, plugin: str, folder: Path, to: str, *, up: bool) -> None:
    # alembic is slow to import, and a web process never needs it.
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    script = scripts(folder)
    running = [head(folder) or "-"]

    def revisions(at: Any, context: Any) -> Iterator[Any]:
        del context
        for step in script._upgrade_revs(to, at) if up else script._downgrade_revs(to, at):
            running.append(step.revision.revision)
            yield step

    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": version_table(plugin),
            "fn": revisions,
            "render_as_batch": True,
            "script": script,
            "as_sql": False,
        },
    )
    try:
        with Operations.context(context):
            context.run_migrations()
    except (Exception, SystemExit) as error:  # a revision is a program of somebody else's
        if isinstance(error, DBAPIError):
            if is_unavailable(error):
                raise
            raise _refused(plugin, running[-1], str(error.orig), up=up) from error
        said = f"{type(error).__name__}: {error}"
        raise _refused(plugin, running[-1], said, up=up) from error


def scripts(folder: Path) -> Any:
    """Open a plugin's revisions as alembic sees them."""
    from alembic.script import ScriptDirectory

    versions = folder / "migrations" / "versions"
    return ScriptDirectory(str(Path(__file__).parent), version_locations=[str(versions)])
