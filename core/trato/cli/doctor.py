"""`trato doctor`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trato.errors import ConfigError
from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    doctor = commands.command(
        "doctor", _("Look for what is wrong with the installation, and say what to do"), _doctor,
        json=True,
    )  # fmt: skip
    doctor.add_argument(
        "--sql", action="store_true",
        help=_("print the statements with which a database administrator prepares PostgreSQL"),
    )  # fmt: skip


def _doctor(context: Context, args: argparse.Namespace) -> int:
    if args.sql:
        context.print(statements(context))
        return 0
    from trato.cli.diagnosis import Finding, examine

    try:
        found = list(examine(context.bare_host))
    except ConfigError as error:
        # Settings that cannot be read are a finding too, and hide all the others.
        found = [Finding(check="settings", level="fail", fact=error.message, action=error.hint)]
    failed = any(finding.level == "fail" for finding in found)
    if args.json:
        context.show_json(
            [
                {"check": f.check, "level": f.level, "fact": context.text(f.fact).strip(),
                 "action": None if f.action is None else context.text(f.action)}
                for f in found
            ]
        )  # fmt: skip
        return 1 if failed else 0
    for finding in found:
        context.print(f"{finding.level:<5} {context.text(finding.fact).strip()}")
        if finding.action is not None:
            context.print(f"      {context.text(finding.action)}")
    if any(finding.check == "settings" for finding in found):
        _list_settings(context)
    return 1 if failed else 0


def _list_settings(context: Context) -> None:
    from trato.settings import Settings

    context.print("")
    context.show_table(
        [_("Setting"), _("Default"), _("Meaning")],
        [(doc.env, doc.default, context.text(doc.doc)) for doc in Settings.describe()],
    )


_SQL = """\
-- {first}
CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
CREATE ROLE {app} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {app};
\\connect {database}
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
-- {second}
-- \\password {owner}
-- \\password {app}
-- {third}
"""


def statements(context: Context) -> str:
    """Write the statements, with the names that the settings give where they are PostgreSQL's."""
    from sqlalchemy.dialects.postgresql import dialect
    from sqlalchemy.engine import make_url

    settings = context.settings
    app, owner, database = "trato_app", "trato_owner", "trato"
    if settings.sqlite_path is None:
        url = make_url(settings.database_url)
        app, database = url.username or app, url.database or database
    if settings.owner_database_url is not None:
        owner = make_url(settings.owner_database_url).username or owner
    quote = dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
    return _SQL.format(
        owner=quote(owner), app=quote(app), database=quote(database),
        first=context.text(_("Run as a superuser in psql.")),
        second=context.text(_("Then choose a password for each role:")),
        third=context.text(
            _("Tables, policies and grants on them are made by: trato migrate")
        ),
    ).rstrip()  # fmt: skip
