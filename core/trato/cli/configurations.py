"""`trato config …`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.configuration import Step


def add(commands: Commands) -> None:
    """Add the commands."""
    config = commands.family("config", _("Export and apply a tenant's configuration"))
    export = config.command(
        "export", _("Write own fields, choices, roles, teams and settings to a YAML file"),
        _export,
    )  # fmt: skip
    export.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    export.add_argument("file", metavar="FILE", type=Path, help=_("file to write"))

    apply = config.command(
        "apply", _("Bring a tenant's configuration to what a YAML file says; drops no data"),
        _apply, json=True,
    )  # fmt: skip
    apply.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    apply.add_argument("file", metavar="FILE", type=Path, help=_("file to read"))
    apply.add_argument("--dry-run", action="store_true", help=_("print the plan, change nothing"))

    merge = config.command(
        "merge-choice", _("Give the records that have a value of an own choice another one"),
        _merge_choice, json=True,
    )  # fmt: skip
    merge.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    merge.add_argument("entity", metavar="ENTITY", help=_("kind of record, such as clients.client"))
    merge.add_argument("field", metavar="KEY", help=_("key of the own field"))
    merge.add_argument("value", metavar="VALUE", help=_("the value that is retired"))
    merge.add_argument("into", metavar="INTO", help=_("the value that takes its place"))

    remove = config.command("remove-role", _("Remove a role that nobody has"), _remove_role)
    remove.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    remove.add_argument("role", metavar="KEY", help=_("key of the role"))

    mail = config.command(
        "test-mail", _("Send a letter by a tenant's mail server, to try it"), _test_mail
    )
    mail.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    mail.add_argument("email", metavar="EMAIL", help=_("to whom"))

    sso = config.command(
        "test-sso", _("Show a tenant's sign-in addresses and ask its identity provider"), _test_sso,
        json=True,
    )  # fmt: skip
    sso.add_argument("slug", metavar="SLUG", help=_("the tenant"))

    secret = config.command(
        "secret", _("Keep a secret setting, read from standard input, or forget it"), _secret
    )
    secret.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    secret.add_argument("plugin", metavar="PLUGIN", help=_("the plugin"))
    secret.add_argument("key", metavar="KEY", help=_("key of the setting"))
    secret.add_argument("--forget", action="store_true", help=_("forget what is kept"))


def _export(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.files import write_text
    from trato.configuration import export_configuration

    write_text(args.file, export_configuration(context.host, args.slug))
    context.say(_("Wrote {file}."), file=str(args.file))
    return 0


def _apply(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.cli.files import read_text
    from trato.cli.progress import Progress
    from trato.configuration import apply_configuration

    text = read_text(args.file)
    actor = administration.operator(context.host, args.slug)
    with Progress(context, _("Indexing records")) as progress:
        steps = apply_configuration(
            context.host, args.slug, text, dry_run=args.dry_run, progress=progress.advance,
            actor=actor,
        )  # fmt: skip
    if args.json:
        context.show_json(
            [
                {"path": step.path, "action": step.action,
                 "changes": {k: {"before": b, "after": a} for k, (b, a) in step.changes.items()}}
                for step in steps
            ]
        )  # fmt: skip
        return 0
    for step in steps:
        context.print(_line(context, step))
    changed = sum(step.action != "unchanged" for step in steps)
    if args.dry_run:
        one, many = _("{count} change; nothing was done."), _("{count} changes; nothing was done.")
    else:
        one, many = _("{count} change made."), _("{count} changes made.")
    context.note(context.plural(one, many, changed))
    return 0


_ACTIONS = {
    "create": _("create"),
    "change": _("change"),
    "unchanged": _("unchanged"),
    "retire": _("retire"),
}


def _line(context: Context, step: Step) -> str:
    word = context.text(_ACTIONS[step.action])
    if step.action != "change":
        return f"{word:<12}{step.path}"
    changes = ", ".join(
        f"{part}: {_shown(before)} → {_shown(after)}"
        for part, (before, after) in step.changes.items()
    )
    return f"{word:<12}{step.path} ({changes})"


def _shown(value: Any) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _merge_choice(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.configuration.merging import merge_choice

    host = context.host
    actor = administration.operator(host, args.slug)
    count = merge_choice(host, actor, args.entity, args.field, value=args.value, into=args.into)
    if args.json:
        context.show_json({"records": count})
    else:
        context.say(_("{value} is now {into} in {count} records."), value=args.value,
                    into=args.into, count=count)  # fmt: skip
    return 0


def _remove_role(context: Context, args: argparse.Namespace) -> int:
    from trato import administration, membership

    actor = administration.operator(context.host, args.slug)
    membership.delete_role(context.host, actor, args.role)
    context.say(_("The role {name} is removed."), name=args.role)
    return 0


def _secret(context: Context, args: argparse.Namespace) -> int:
    import sys

    from trato import administration
    from trato.configuration.sealed import save_secrets
    from trato.errors import ConfigError

    # Never an argument: those stand in the list of processes and in the shell's history.
    text = None if args.forget else sys.stdin.readline().strip()
    if text == "":
        raise ConfigError(_("There is no secret on standard input."))
    actor = administration.operator(context.host, args.slug)
    save_secrets(context.host, args.slug, args.plugin, {args.key: text}, actor=actor)
    if text is None:
        context.say(_("Setting '{key}' is forgotten."), key=args.key)
    else:
        context.say(_("Setting '{key}' is kept, sealed."), key=args.key)
    return 0


def _test_sso(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.access import identities
    from trato.db.engine import transaction
    from trato.errors import ConfigError
    from trato.sso.provider import provider_of
    from trato.tenancy.sign_in import policy

    host = context.host
    view = host.for_tenant(administration.tenant(host, args.slug).id)
    with transaction(host.engine) as connection:
        door = identities.make_door(connection, view.tenant.id, view.tenant.slug)
    address = f"{(host.settings.public_url or '').rstrip('/')}/login/company/{door}"
    if not args.json:
        context.say(_("Sign-in page: {address}"), address=address)
        context.say(_("Return address (redirect URI): {address}"), address=f"{address}/callback")
    if not policy(view).issuer:
        raise ConfigError(
            _("Tenant '{tenant}' has no identity provider."),
            hint=_("Set sso_issuer and sso_client_id with trato config apply."),
            tenant=args.slug, code="no_provider",
        )  # fmt: skip
    count = provider_of(host, view).try_out()
    if args.json:
        context.show_json({"address": address, "redirect_uri": f"{address}/callback",
                           "keys": count})  # fmt: skip
    else:
        context.say(_("The provider answers and shows {count} keys."), count=count)
    return 0


def _test_mail(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.mail import letters, own_server

    host = context.host
    view = host.for_tenant(administration.tenant(host, args.slug).id)
    draft = letters.trial(
        name=args.email, tenant=view.tenant.name, url=host.settings.public_url or ""
    )
    letter = letters.write(draft, host.catalogs, view.tenant.locale)
    own_server.send_for(host, view, letter, args.email)
    context.say(_("The letter is on its way to {email}."), email=args.email)
    return 0
