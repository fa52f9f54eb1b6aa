"""`trato user list|change|end|sign-out`: the people who may enter a tenant."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(user: Commands) -> None:
    """Add the commands."""
    listed = user.command("list", _("List the people of a tenant"), _list, json=True)
    listed.add_argument("slug", metavar="SLUG", help=_("the tenant"))

    change = user.command("change", _("Give a person other roles, teams or a last day"), _change)
    change.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    change.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))
    change.add_argument("--role", metavar="R", action="append",
                        help=_("role in the tenant; may be given several times"))  # fmt: skip
    change.add_argument("--team", metavar="T", action="append",
                        help=_("key of a team; may be given several times"))  # fmt: skip
    change.add_argument("--until", metavar="DAY", type=dt.date.fromisoformat,
                        help=_("last day of the access, such as 2027-03-31"))  # fmt: skip
    change.add_argument("--no-end", action="store_true", help=_("the access has no last day"))

    end = user.command("end", _("End a person's access to a tenant"), _end, json=True)
    end.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    end.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))
    end.add_argument("--heir", metavar="EMAIL", help=_("who owns the person's records from now on"))

    leave = user.command("sign-out", _("End every session of a person"), _sign_out)
    leave.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    leave.add_argument("email", metavar="EMAIL", help=_("address by which the person signs in"))
    add_identities(user)


def add_identities(user: Commands) -> None:
    """Add the commands about identities at a company's provider."""
    link = user.command(
        "link", _("Make a link by which a person ties the account of the company's provider"),
        _link, json=True,
    )  # fmt: skip
    link.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    link.add_argument("email", metavar="EMAIL", help=_("address of the person in the tenant"))

    unlink = user.command(
        "unlink", _("Take a person's account of the company's provider away"), _unlink
    )
    unlink.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    unlink.add_argument("email", metavar="EMAIL", help=_("address of the person in the tenant"))


def _list(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    host = context.host
    view = host.for_tenant(administration.tenant(host, args.slug).id)
    now = host.clock()
    rows: list[dict[str, Any]] = [
        {
            "email": member.email, "name": member.name, "roles": list(member.roles),
            "teams": sorted(view.teams[team].key for team in member.teams if team in view.teams),
            "until": member.ends_at and member.ends_at.isoformat(),
            "active": member.may_enter(now),
        }
        for member in sorted(view.members.values(), key=lambda member: member.email)
    ]  # fmt: skip
    if args.json:
        context.show_json(rows)
        return 0
    context.show_table(
        [_("E-mail"), _("Name"), _("Roles"), _("Teams"), _("Active")],
        [(row["email"], row["name"], " ".join(row["roles"]), " ".join(row["teams"]),
          context.yes_or_no(row["active"])) for row in rows],
    )  # fmt: skip
    context.say(_("Seats: {used} of {seats} in use"), used=sum(row["active"] for row in rows),
                seats=view.license.seats)  # fmt: skip
    return 0


def _change(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership
    from trato.errors import ConfigError, DomainError

    if args.no_end and args.until is not None:
        raise ConfigError(_("{name} does not go with {other}."), name="--no-end", other="--until")
    host = context.host
    actor = administration.operator(host, args.slug)
    view = actor.view
    member = membership.member_by_email(view, args.email)
    by_key = {team.key: team.id for team in view.teams.values()}
    for key in args.team or ():
        if key not in by_key:
            raise DomainError(_("There is no team '{team}'."), team=key, code="no_team")
    ends_at = None if args.no_end else member.ends_at
    if args.until is not None:
        ends_at = administration.end_of_day(args.until, view.tenant.timezone)
    membership.change_member(
        host, actor, member.id, roles=args.role or member.roles, ends_at=ends_at,
        teams=list(member.teams) if args.team is None else [by_key[key] for key in args.team],
    )  # fmt: skip
    context.say(_("{name} is saved."), name=member.name)
    return 0


def _end(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership

    host = context.host
    actor = administration.operator(host, args.slug)
    member = membership.member_by_email(actor.view, args.email)
    heir = None if args.heir is None else membership.member_by_email(actor.view, args.heir)
    moved = membership.end_member(host, actor, member.id, heir_id=None if heir is None else heir.id)
    if args.json:
        context.show_json({"email": member.email, "moved": moved})
        return 0
    context.say(_("{name} has left."), name=member.name)
    if heir is not None:
        context.say(_("{count} records belong to {heir} now."), count=sum(moved.values()),
                    heir=heir.name)  # fmt: skip
    return 0


def _sign_out(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership

    host = context.host
    actor = administration.operator(host, args.slug)
    member = membership.member_by_email(actor.view, args.email)
    membership.sign_out(host, actor, member.id)
    context.say(_("{name} is signed out everywhere."), name=member.name)
    return 0


def _link(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership
    from trato.errors import ConfigError
    from trato.sso.inviting import invite_to_link

    host = context.host
    if not host.settings.public_url:
        raise ConfigError(
            _("A link needs the address under which people reach Trato."),
            hint=_("Set TRATO_PUBLIC_URL, or make the link in the page of the person."),
        )
    actor = administration.operator(host, args.slug)
    member = membership.member_by_email(actor.view, args.email)
    link = invite_to_link(host, actor, member.id, base_url=host.settings.public_url, by_hand=True)
    if args.json:
        context.show_json({"email": member.email, "link": link})
    else:
        # The link alone on standard output: a script takes it as it is.
        context.print(link or "")
        context.note(context.text(_("Whoever opens it enters as {name}. It works once."),
                                  name=member.name))  # fmt: skip
    return 0


def _unlink(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership
    from trato.sso.arriving import unlink

    actor = administration.operator(context.host, args.slug)
    member = membership.member_by_email(actor.view, args.email)
    if unlink(context.host, actor, member.id):
        context.say(_("{name} is no longer linked."), name=member.name)
    else:
        context.say(_("{name} was not linked."), name=member.name)
    return 0
