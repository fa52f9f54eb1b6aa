"""`trato user operator|operators`: who may make and close companies in pages."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(user: Commands) -> None:
    """Add the commands."""
    mark = user.command(
        "operator", _("Let a person make and close companies of this installation, or no more"),
        _mark,
    )  # fmt: skip
    mark.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))
    which = mark.add_mutually_exclusive_group(required=True)
    which.add_argument("--on", action="store_true", help=_("the person may from now on"))
    which.add_argument("--off", action="store_true", help=_("the person may no more"))
    user.command("operators", _("List who may make and close companies"), _list, json=True)


def _mark(context: Context, args: argparse.Namespace) -> int:
    from trato.access import operators
    from trato.access import store as people
    from trato.cli import readiness
    from trato.db.engine import transaction
    from trato.errors import NotFound

    host = context.host
    with readiness.owner_engine(host, "trato user operator") as engine:
        with transaction(engine) as connection:
            user = people.find_user(connection, args.email.strip())
            if user is None:
                raise NotFound(_("There is no user {email}."), email=args.email)
            if args.on:
                operators.mark(connection, user.id, now=host.clock())
            else:
                operators.unmark(connection, user.id)
    if args.on:
        context.say(_("'{email}' may make and close companies, with a second step at sign-in."),
                    email=user.email)  # fmt: skip
    else:
        context.say(_("'{email}' may not make or close companies."), email=user.email)
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    from trato.access import operators
    from trato.db.engine import transaction

    with transaction(context.host.engine, read=True) as connection:
        found = operators.list_operators(connection)
    if args.json:
        context.show_json(
            [{"email": email, "name": name, "since": since.isoformat()}
             for email, name, since in found]
        )  # fmt: skip
    elif found:
        context.show_table(
            [_("E-mail"), _("Name"), _("Since")],
            [(email, name, since.isoformat()[:10]) for email, name, since in found],
        )
    else:
        context.say(_("Nobody: trato user operator EMAIL --on"))
    return 0
