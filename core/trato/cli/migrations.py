"""`trato migrate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.db.migrate import RevisionFailed


def add(commands: Commands) -> None:
    """Add the command."""
    migrate = commands.command(
        "migrate", _("Bring the tables of core and of every plugin up to date"), _migrate,
        json=True,
    )  # fmt: skip
    migrate.add_argument(
        "--check", action="store_true",
        help=_("change nothing; exit with 1 when something is pending"),
    )  # fmt: skip


def _migrate(context: Context, args: argparse.Namespace) -> int:
    from trato.cli import readiness

    host = context.bare_host
    for problem in host.problems:
        context.warn(
            _("Plugin '{plugin}' is left out: {reason}"), plugin=problem.plugin,
            reason=" ".join(context.text(message) for message in problem.messages),
        )  # fmt: skip
    if args.check:
        pending = readiness.pending_migrations(host) | readiness.pending_engine(host)
        if args.json:
            context.show_json([{"plugin": name, "step": step} for name, step in pending.items()])
        elif pending:
            for name, missing in pending.items():
                context.print(f"{name}: {missing}")
        else:
            context.say(_("Nothing is pending."))
        return 1 if pending else 0
    failures: list[RevisionFailed] = []
    steps = readiness.migrate(host, failed=failures.append)
    _look_as_application(context)
    if args.json:
        context.show_json(
            [{"plugin": s.plugin, "before": s.before, "after": s.after} for s in steps]
        )
    elif steps:
        for step in steps:
            context.print(f"{step.plugin}: {step.before or '-'} → {step.after or '-'}")
    elif not failures:
        context.say(_("Nothing is pending."))
    for failure in failures:
        context.complain(failure)
    if failures:
        return 1 if steps else 2
    return 0


def _look_as_application(context: Context) -> None:
    """Say that the application does not reach the tables that its owner has just migrated."""
    from sqlalchemy.exc import DBAPIError

    from trato.cli import readiness
    from trato.errors import TratoError

    if context.settings.sqlite_path is not None:
        return
    try:
        readiness.pending_migrations(context.bare_host)
    except (TratoError, DBAPIError) as error:
        reason = error.message if isinstance(error, TratoError) else str(error.orig)
        context.warn(
            _("With TRATO_DATABASE_URL the tables cannot be reached, so whether it names the same "
              "database was not seen: {reason}"), reason=context.text(reason),
        )  # fmt: skip
