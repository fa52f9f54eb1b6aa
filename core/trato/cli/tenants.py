"""`trato tenant …`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    tenant = commands.family("tenant", _("Make, list and delete tenants"))
    create = tenant.command(
        "create", _("Make a tenant with its first administrator"), _create, json=True
    )
    create.add_argument("slug", metavar="SLUG",
                        help=_("short name: small letters, digits and hyphens"))  # fmt: skip
    create.add_argument("--name", metavar="N", required=True, help=_("name of the company"))
    create.add_argument("--admin-email", metavar="E", required=True,
                        help=_("address by which the administrator signs in"))  # fmt: skip
    create.add_argument("--admin-password", metavar="P",
                        help=_("password of a new account; without it one is made"))  # fmt: skip
    create.add_argument("--license", metavar="FILE", type=Path,
                        help=_("licence to install; it enables nothing"))  # fmt: skip
    tenant.command("list", _("List the tenants"), _list, json=True)
    close = tenant.command(
        "close", _("Shut everybody and everything out of a tenant; its data stays"), _close
    )
    close.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    reopen = tenant.command("open", _("Open a tenant again that was closed"), _open)
    reopen.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    delete = tenant.command(
        "delete", _("Archive a tenant into a zip file and delete it"), _delete, json=True
    )
    delete.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    delete.add_argument("--yes", action="store_true", help=_("do not ask"))


def _create(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.files import read_text
    from trato.cli.licenses import warn_if_expired
    from trato.cli.secrets import new_password
    from trato.licensing import verify
    from trato.lifecycle.founding import found_tenant

    license = None if args.license is None else read_text(args.license).strip()
    host = context.host
    password = args.admin_password or new_password()
    made, admin = found_tenant(
        host, slug=args.slug, name=args.name, admin_email=args.admin_email,
        admin_password=password, license=license,
    )  # fmt: skip
    shown = password if admin.created and args.admin_password is None else None
    if license is not None:
        warn_if_expired(context, verify(license, host.public_keys))
    if args.json:
        context.show_json(
            {
                "slug": made.slug, "name": made.name, "locale": made.locale,
                "timezone": made.timezone, "currency": made.currency,
                "admin_email": admin.email, "admin_created": admin.created,
                "admin_password": shown,
            }
        )  # fmt: skip
    else:
        context.say(_("Tenant '{tenant}' is made; its administrator is '{email}'."),
                    tenant=made.slug, email=admin.email)  # fmt: skip
        if shown is not None:
            context.say(_("Password, shown only now: {password}"), password=shown)
        if not admin.created:
            context.say(_("'{email}' had an account already and keeps its password."),
                        email=admin.email)  # fmt: skip
    if args.admin_password is not None and not admin.created:
        context.warn(_("The account keeps its own password; the one given was not used."))
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    tenants = administration.tenants(context.host)
    if args.json:
        context.show_json(
            [
                {"slug": t.slug, "name": t.name, "locale": t.locale, "timezone": t.timezone,
                 "currency": t.currency, "closed": t.closed_at and t.closed_at.isoformat()}
                for t in tenants
            ]
        )  # fmt: skip
    elif tenants:
        context.show_table(
            [_("Tenant"), _("Name"), _("Language"), _("Time zone"), _("Currency"), _("Closed")],
            [
                (t.slug, t.name, t.locale, t.timezone, t.currency, str(t.closed_at or "")[:10])
                for t in tenants
            ],
        )
    else:
        context.say(_("There are no tenants yet: trato tenant create SLUG --name N "
                      "--admin-email E"))  # fmt: skip
    return 0


def _close(context: Context, args: argparse.Namespace) -> int:
    from trato.lifecycle.closing import close_tenant

    if close_tenant(context.host, args.slug, by="command"):
        context.say(_("Tenant '{tenant}' is closed: nobody gets in and nothing runs. 'trato "
                      "tenant delete {tenant}' ends it, 'trato tenant open {tenant}' opens it "
                      "again."), tenant=args.slug)  # fmt: skip
    else:
        context.say(_("Tenant '{tenant}' was closed already."), tenant=args.slug)
    return 0


def _open(context: Context, args: argparse.Namespace) -> int:
    from trato.lifecycle.closing import open_tenant

    if open_tenant(context.host, args.slug, by="command"):
        context.say(_("Tenant '{tenant}' is open."), tenant=args.slug)
    else:
        context.say(_("Tenant '{tenant}' was not closed."), tenant=args.slug)
    return 0


def _delete(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.cli import readiness
    from trato.lifecycle.tenants import delete_tenant

    host = context.host
    tenant = administration.tenant(host, args.slug)
    with readiness.owner_engine(host, "trato tenant delete") as engine:
        if not args.yes and not context.confirm(
            _("Everything of '{name}' will be archived and deleted. Type '{slug}' to go on:"),
            tenant.slug, name=tenant.name, slug=tenant.slug,
        ):  # fmt: skip
            context.error(context.text(_("Nothing was deleted.")))
            return 2
        done = delete_tenant(host, tenant.slug, engine=engine, folder=Path.cwd())
    if args.json:
        context.show_json(
            {"slug": tenant.slug, "archive": str(done.archive), "records": done.records,
             "rows": done.rows, "users": done.users}
        )  # fmt: skip
        return 0
    context.say(_("Archive: {path} (records: {records})"), path=str(done.archive),
                records=done.records)  # fmt: skip
    context.say(_("Tenant '{tenant}' is deleted. Rows: {rows}, accounts: {users}."),
                tenant=tenant.slug, rows=done.rows, users=done.users)  # fmt: skip
    return 0
