"""`trato maintenance`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    command = commands.command(
        "maintenance",
        _("Close the installation for everybody but its operator, or open it again"), _run,
        json=True,
    )  # fmt: skip
    command.add_argument("state", choices=("on", "off", "status"), metavar="on|off|status",
                         help=_("what to do"))  # fmt: skip
    command.add_argument("--message", metavar="TEXT",
                         help=_("what people read instead of the usual words"))  # fmt: skip


def _run(context: Context, args: argparse.Namespace) -> int:
    from trato.db.engine import transaction
    from trato.tenancy import maintenance

    host = context.existing_host
    if args.state == "status":
        with transaction(host.engine, read=True) as connection:
            now = maintenance.read(connection)
    elif args.state == "on":
        with transaction(host.engine) as connection:
            now = maintenance.begin(connection, now=host.clock(), message=args.message)
    else:
        with transaction(host.engine) as connection:
            maintenance.end(connection)
        now = None
    if args.json:
        context.show_json(
            {"on": now is not None, "since": now.since.isoformat() if now else None,
             "message": now.message if now else None}
        )  # fmt: skip
    elif now is None:
        context.say(_("The installation is open."))
    else:
        context.say(_("The installation is closed since {since}. Pages and API answer 503, workers "
                      "take no task. Open it with: trato maintenance off"),
                    since=f"{now.since:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    return 0
