"""`trato demo`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trato.text import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trato.cli.context import Context
    from trato.cli.demo_company import DemoCompany
    from trato.cli.demo_folder import Account, DemoFolder, State
    from trato.cli.parser import Commands
    from trato.host import Host

#: How many main records each plugin makes.
SIZES = {"small": 1_500, "large": 100_000}
#: Of the second company, of every size.
_FEW = 60
_SEATS = 50


def add(commands: Commands) -> None:
    """Add the command."""
    demo = commands.command("demo", _("Make a demo company in ./trato-demo and serve it"), _demo)
    demo.add_argument("--size", choices=list(SIZES), default="small",
                      help=_("how much it holds: small is ready within a minute"))  # fmt: skip
    demo.add_argument("--port", metavar="N", type=int, default=8000,
                      help=_("port to listen at (8000)"))  # fmt: skip
    demo.add_argument("--no-serve", action="store_true", help=_("make it only"))


def _demo(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.context import Context as OwnContext
    from trato.cli.demo_folder import NAME, DemoFolder

    port = args.port
    if not args.no_serve:
        from trato.cli.serving import probe

        # Before a minute is spent on filling.
        port = probe("127.0.0.1", port)
    ignored = sorted(
        name
        for name in context.environ
        if name.startswith("TRATO_") and name != "TRATO_DEFAULT_LOCALE"
    )
    if ignored:
        context.note(context.text(_("The demo has settings of its own and ignores {names}."),
                                  names=", ".join(ignored)))  # fmt: skip
    folder = DemoFolder(Path(NAME))
    state = folder.open()
    own = OwnContext(context.locale, folder.environ())
    try:
        state = _ready(own, folder, state, args.size)
        _show(own, folder, state, None if args.no_serve else port)
        if args.no_serve:
            return 0
        from trato.cli.serving import serve

        return serve(own, host="127.0.0.1", port=port, workers=1)
    finally:
        own.close()


def _ready(context: Context, folder: DemoFolder, state: State | None, size: str) -> State:
    """Make the demo, or bring one that stands there up to the plugins of today."""
    from trato.cli.demo_company import COMPANY, SMALL_COMPANY
    from trato.cli.demo_folder import State

    host = context.host
    plugins = list(host.plugins)
    if state is not None:
        if state.size != size:
            context.warn(
                _("The demo in {folder} is of size {size}; delete the folder to make another."),
                folder=str(folder.path), size=state.size,
            )  # fmt: skip
        added = [name for name in plugins if name not in state.plugins]
        if added:
            _enable(context, folder, COMPANY.slug, plugins)
            _fill(context, COMPANY.slug, added, SIZES[state.size])
            state = State(size=state.size, plugins=plugins, accounts=state.accounts)
            folder.save(state)
        return state
    accounts = _found(context, COMPANY)
    _enable(context, folder, COMPANY.slug, plugins)
    _fill(context, COMPANY.slug, plugins, SIZES[size])
    accounts += _found(context, SMALL_COMPANY, passwords={a.email: a.password for a in accounts})
    few = _basic(host)
    _enable(context, folder, SMALL_COMPANY.slug, few)
    _fill(context, SMALL_COMPANY.slug, few, _FEW)
    state = State(size=size, plugins=plugins, accounts=accounts)
    folder.save(state)
    return state


def _basic(host: Host) -> list[str]:
    """Choose what a small licence includes: the first plugin that stands on its own."""
    filled = [name for name, _demo in host.registry.demos if not host.plugins[name].depends]
    return filled[:1]


def _found(
    context: Context, company: DemoCompany, *, passwords: dict[str, str] | None = None
) -> list[Account]:
    """Make a tenant with its teams and people."""
    from trato import administration
    from trato.cli.demo_folder import Account
    from trato.cli.secrets import new_password
    from trato.configuration import apply_configuration
    from trato.lifecycle.founding import found_tenant

    host = context.host
    known = passwords or {}
    accounts = [
        Account(email=p.email, password=known.get(p.email) or new_password(), name=p.name,
                role=p.role, tenant=company.slug)
        for p in company.people
    ]  # fmt: skip
    first = accounts[0]
    found_tenant(
        host, slug=company.slug, name=company.name, admin_email=first.email,
        admin_password=first.password, admin_name=first.name,
    )  # fmt: skip
    apply_configuration(host, company.slug, company.configuration)
    for person, account in list(zip(company.people, accounts, strict=True))[1:]:
        administration.create_user(
            host, company.slug, account.email, roles=[account.role], password=account.password,
            name=account.name, teams=[person.team] if person.team else [],
        )  # fmt: skip
    return accounts


def _enable(context: Context, folder: DemoFolder, slug: str, plugins: Iterable[str]) -> None:
    """License plugins for a tenant and switch them on, in dependency order."""
    from trato import administration
    from trato.licensing import Claims, issue

    host = context.host
    names = tuple(plugins)
    expires = dt.date(host.clock().year + 10, 12, 31)
    claims = Claims(tenant=slug, plugins=names, seats=_SEATS, expires=expires)
    administration.install_license(host, slug, issue(folder.key(), claims))
    for name in names:
        administration.enable(host, slug, name)


def _fill(context: Context, slug: str, plugins: Iterable[str], count: int) -> None:
    """Let plugins fill a tenant, those first that others build on."""
    from trato import administration
    from trato.cli.progress import Progress, count_rows
    from trato.configuration import apply_configuration

    host = context.host
    wanted = set(plugins)
    tenant = administration.tenant(host, slug)
    for name, demo in host.registry.demos:
        if name not in wanted:
            continue
        if demo.configuration:
            apply_configuration(host, slug, demo.configuration)
        title = context.text(_("Filling {plugin}, rows:"), plugin=name)
        with (
            Progress(context, title) as progress,
            count_rows(host.engine, progress),
            host.unit(host.system(tenant.id, via="command", label="demo")) as unit,
        ):
            demo.fill(unit, count)


def _show(context: Context, folder: DemoFolder, state: State, port: int | None) -> None:
    """Print where the demo is and who may sign in."""
    context.say(_("The demo is in {folder}."), folder=str(folder.path))
    if port is not None:
        context.say(_("Open http://127.0.0.1:{port} and sign in as one of these:"), port=port)
    context.show_table(
        [_("Company"), _("E-mail"), _("Password"), _("Role"), _("Name")],
        [(a.tenant, a.email, a.password, a.role, a.name) for a in state.accounts],
    )
    if os.path.relpath(folder.path) == folder.path.name:
        context.note(
            context.text(
                _("Other commands work on it with TRATO_CONFIG={config}."),
                config=folder.environ()["TRATO_CONFIG"],
            )
        )
