"""Writing of revisions: what a plugin's tables should be, against what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import JSON, Connection, Engine, MetaData, Text, Uuid

from trato.db import types
from trato.db.migrate import current, head, migration, upgrade, version_table
from trato.errors import Message

_FILE = '''"""{message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    {upgrades}


def downgrade() -> None:
    {downgrades}
'''


def differences(connection: Connection, plugin: str, metadata: MetaData) -> Any:
    """Compare a plugin's tables with its declarations, as alembic operations."""
    from alembic.autogenerate import produce_migrations
    from alembic.runtime.migration import MigrationContext

    import trato.db.checks  # noqa: F401 - adds what it compares

    return produce_migrations(MigrationContext.configure(connection, opts=_options(plugin)),
                              metadata)  # fmt: skip


def _options(plugin: str) -> dict[str, Any]:
    def include(obj: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        del other
        if kind == "table":
            return not reflected and obj.info.get("plugin") == plugin
        if kind == "index" and reflected:
            # The search index is the host's, see ``db.security``.
            return not (name or "").endswith("_search")
        return True

    return {
        "version_table": version_table(plugin),
        "include_object": include,
        "render_item": render_type,
        "render_as_batch": True,
        "compare_type": False,
        "compare_server_default": False,
    }


def render_type(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Write our column types by their own names."""
    del context
    if kind != "type":
        return False
    if isinstance(item, types.Scaled):
        return f"types.Scaled({item.scale})"
    if isinstance(item, types.UtcDateTime):
        return "types.UtcDateTime()"
    if isinstance(item, Uuid):
        return "types.Id"
    if isinstance(item, JSON):
        return "types.Json"
    if isinstance(item, Text) and "postgresql" in item._variant_mapping:
        return "types.Key"
    return False


def write_revision(
    engine: Engine, plugin: str, folder: Path, metadata: MetaData, *, message: str,
    needs: Mapping[str, Path], tell: Callable[[Message], None] | None = None,
) -> Path | None:  # fmt: skip
    """Write the revision that brings a plugin's tables to what it declares.

    :param engine: an empty database, on which all present revisions are run first.
    :param needs: core and the plugins before it, in order.
    :param tell: is told what the revision loses, and what its author has to add.
    :return: the new file, or None when nothing changed.
    """
    from alembic.autogenerate import render_python_code

    from trato.db.safely import make_safe

    with migration(engine) as connection:
        for name, where in {**needs, plugin: folder}.items():
            if head(where) is not None and current(connection, name) != head(where):
                upgrade(connection, name, where, "head")
        found = differences(connection, plugin, metadata)
    if found.upgrade_ops.is_empty():
        return None
    for cost in make_safe(found.upgrade_ops):
        if tell is not None:
            tell(cost)
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for init in (folder / "migrations" / "__init__.py", versions / "__init__.py"):
        init.touch()
    number = len([f for f in versions.glob("[0-9]*.py")]) + 1
    words = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    revision = f"{plugin}_{number:04d}"
    last = head(folder)
    source = _FILE.format(
        message=message.strip().rstrip(".") + ".",
        revision=revision,
        down=f'"{last}"' if last else "None",
        upgrades=_body(render_python_code(found.upgrade_ops, render_item=render_type,
                                          render_as_batch=True)),
        downgrades=_body(render_python_code(found.downgrade_ops, render_item=render_type,
                                            render_as_batch=True)),
    )  # fmt: skip
    file = versions / f"{number:04d}_{words}.py"
    file.write_text(source, encoding="utf-8")
    head.cache_clear()
    return file


def _body(code: str) -> str:
    lines = [line for line in code.splitlines() if not line.strip().startswith("# ###")]
    return "\n".join(lines).strip() or "pass"
