"""`trato user …` and `trato token …`: who may enter a tenant, in person or by a program."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from trato.cli import members, operators
from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    user = commands.family("user", _("Let people into a tenant"))
    create = user.command("create", _("Give a person access to a tenant"), _create_user, json=True)
    create.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    create.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))
    create.add_argument("--role", metavar="R", action="append", required=True,
                        help=_("role in the tenant; may be given several times"))  # fmt: skip
    create.add_argument("--password", metavar="P",
                        help=_("password of a new account; without it one is made"))  # fmt: skip
    create.add_argument("--name", metavar="N", help=_("name of the person"))
    create.add_argument("--team", metavar="T", action="append", default=[],
                        help=_("key of a team; may be given several times"))  # fmt: skip

    create.add_argument("--until", metavar="DAY", type=dt.date.fromisoformat,
                        help=_("last day of the access, such as 2027-03-31; an auditor has "
                               "one always"))  # fmt: skip
    reset = user.command(
        "reset-second-step", _("Take the second step at sign-in away from a person who lost it"),
        _reset_second_step,
    )  # fmt: skip
    reset.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))

    members.add(user)
    operators.add(user)

    token = commands.family("token", _("Make keys for the API"))
    make = token.command("create", _("Make an API token for a user"), _create_token, json=True)
    make.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    make.add_argument("email", metavar="EMAIL", help=_("user for whom the token acts"))
    make.add_argument("--scopes", metavar="S",
                      help=_("what it may do, such as clients:read,leads:write; without it "
                             "whatever the user may"))  # fmt: skip
    make.add_argument("--name", metavar="N", help=_("name by which it is known"))
    make.add_argument("--days", metavar="DAYS", type=int, default=365,
                      help=_("days until it expires (365)"))  # fmt: skip
    listed = token.command("list", _("List the API tokens of a tenant"), _list_tokens, json=True)
    listed.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    revoke = token.command("revoke", _("End an API token at once"), _revoke_token)
    revoke.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    revoke.add_argument("token", metavar="ID", help=_("the token, as token list shows it"))


def _create_user(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.cli.secrets import new_password

    password = args.password or new_password()
    made = administration.create_user(
        context.host, args.slug, args.email, roles=args.role, password=password,
        name=args.name, teams=args.team, ends_at=_end(context, args.slug, args.until),
        actor=administration.operator(context.host, args.slug),
    )  # fmt: skip
    shown = password if made.created and args.password is None else None
    if args.json:
        context.show_json(
            {"email": made.email, "tenant": args.slug, "roles": args.role, "teams": args.team,
             "created": made.created, "password": shown, "member_id": str(made.member_id)}
        )  # fmt: skip
    elif made.created:
        context.say(_("'{email}' may enter tenant '{tenant}'."), email=made.email,
                    tenant=args.slug)  # fmt: skip
        if shown is not None:
            context.say(_("Password, shown only now: {password}"), password=shown)
    else:
        context.say(_("'{email}' had an account already and may now enter tenant '{tenant}'."),
                    email=made.email, tenant=args.slug)  # fmt: skip
    if args.password is not None and not made.created:
        context.warn(_("The account keeps its own password; the one given was not used."))
    return 0


def _end(context: Context, slug: str, until: dt.date | None) -> dt.datetime | None:
    from trato import administration

    if until is None:
        return None
    return administration.end_of_day(until, administration.tenant(context.host, slug).timezone)


def _reset_second_step(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    if administration.remove_second_factor(context.host, args.email):
        context.say(_("'{email}' signs in with the password alone now, and was signed out "
                      "everywhere."), email=args.email)  # fmt: skip
    else:
        context.say(_("'{email}' had no second step; nothing changed but that open sessions "
                      "ended."), email=args.email)  # fmt: skip
    return 0


def _create_token(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.errors import ConfigError

    if args.days < 1:
        raise ConfigError(_("A token lives at least one day; {days} is too few."), days=args.days)
    scopes = None
    if args.scopes is not None:
        scopes = [scope.strip() for scope in args.scopes.split(",") if scope.strip()]
    token, expires = administration.create_token(
        context.host, args.slug, args.email, name=args.name or "trato token create",
        scopes=scopes, days=args.days, actor=administration.operator(context.host, args.slug),
    )  # fmt: skip
    until = None if expires is None else expires.isoformat().replace("+00:00", "Z")
    if args.json:
        context.show_json({"token": token, "expires": until})
    else:
        # The token alone on standard output: a script takes it as it is.
        context.print(token)
        context.note(context.text(_("It is shown only now and expires on {day}."),
                                  day=(until or "")[:10]))  # fmt: skip
    return 0


def _list_tokens(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.access import credentials
    from trato.db.engine import transaction

    host = context.host
    view = host.for_tenant(administration.tenant(host, args.slug).id)
    with transaction(host.engine, tenant_id=view.tenant.id, read=True) as connection:
        rows = credentials.all_tokens(connection, view.tenant.id)
    found = [
        {
            "id": str(row.id), "name": row.name, "email": view.members[row.member_id].email,
            "scopes": None if row.scopes is None else list(row.scopes),
            "expires": row.expires_at and row.expires_at.isoformat(),
            "used": row.used_at and row.used_at.isoformat(),
        }
        for row in rows
    ]  # fmt: skip
    if args.json:
        context.show_json(found)
        return 0
    context.show_table(
        [_("Id"), _("Name"), _("E-mail"), _("Scopes"), _("Expires"), _("Last used")],
        [(row["id"], row["name"], row["email"], " ".join(row["scopes"] or ["*"]),
          str(row["expires"] or "")[:10], str(row["used"] or "")[:10]) for row in found],
    )  # fmt: skip
    return 0


def _revoke_token(context: Context, args: argparse.Namespace) -> int:
    from uuid import UUID

    from trato import administration, membership
    from trato.errors import NotFound

    actor = administration.operator(context.host, args.slug)
    try:
        token_id = UUID(args.token)
    except ValueError as error:
        raise NotFound(_("There is no such token.")) from error
    membership.revoke_token(context.host, actor, token_id)
    context.say(_("Token {id} is ended."), id=args.token)
    return 0
