"""`trato plugin …`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.registry import Problem


def add(commands: Commands) -> None:
    """Add the commands."""
    plugin = commands.family("plugin", _("Look after plugins and switch them on and off"))
    listed = plugin.command(
        "list", _("List the installed plugins, broken ones too"), _list, json=True
    )
    listed.add_argument("--tenant", metavar="SLUG",
                        help=_("say which are licensed and enabled for a tenant"))  # fmt: skip
    for name, title, run in (
        ("enable", _("Enable a plugin for a tenant"), _enable),
        ("disable", _("Disable a plugin for a tenant; its data stays"), _disable),
    ):
        switch = plugin.command(name, title, run)
        switch.add_argument("slug", metavar="SLUG", help=_("the tenant"))
        switch.add_argument("name", metavar="NAME", help=_("the plugin"))


def _list(context: Context, args: argparse.Namespace) -> int:
    states = None
    if args.tenant is None:
        # Needs no database: it is how one looks at an installation that does not work yet.
        host = context.bare_host
    else:
        from trato import administration

        host = context.host
        states = host.for_tenant(administration.tenant(host, args.tenant).id).plugins
    rows: list[dict[str, Any]] = []
    for name, plugin in host.plugins.items():
        rows.append(
            {
                "name": name, "title": context.catalogs.translate(plugin.title, context.locale,
                                                                  domain=name),
                "version": plugin.version, "installed": True, "depends": list(plugin.depends),
                "problems": [],
            } | _state(context, states, name)
        )  # fmt: skip
    for problem in host.problems:
        if problem.plugin not in host.plugins:
            broken = _broken(context, problem)
            state = _state(context, states, problem.plugin)
            rows.append(broken | state | {"reason": " ".join(broken["problems"])})
    known = {row["name"] for row in rows}
    for name in states or ():
        if name not in known:
            rows.append(
                {"name": name, "title": name, "version": None, "installed": False, "depends": [],
                 "problems": []} | _state(context, states, name)
            )  # fmt: skip
    if args.json:
        context.show_json(rows)
        return 0
    if args.tenant is None:
        context.show_table(
            [_("Name"), _("Version"), _("Title"), _("Problem")],
            [(r["name"], r["version"], r["title"], " ".join(r["problems"])) for r in rows],
        )
    else:
        context.show_table(
            [_("Name"), _("Version"), _("Licensed"), _("Enabled"), _("Reason")],
            [
                (r["name"], r["version"], context.yes_or_no(r["licensed"]),
                 context.yes_or_no(r["enabled"]), " ".join(r["problems"]) or r["reason"])
                for r in rows
            ],
        )  # fmt: skip
    return 0


def _state(context: Context, states: Any, name: str) -> dict[str, Any]:
    """Say how a plugin stands with the tenant; unknown without one."""
    if states is None:
        return {"licensed": None, "enabled": None, "reason": None}
    state = states.get(name)
    if state is None:
        return {"licensed": False, "enabled": False, "reason": context.text(_("It does not work."))}
    reason = None if state.reason is None else context.text(state.reason)
    return {"licensed": state.licensed, "enabled": state.enabled, "reason": reason}


def _broken(context: Context, problem: Problem) -> dict[str, Any]:
    from importlib.metadata import entry_points

    from trato.host import GROUP

    points = list(entry_points(group=GROUP, name=problem.plugin))
    version = points[0].dist.version if points and points[0].dist else None
    return {
        "name": problem.plugin, "title": problem.plugin, "version": version, "installed": True,
        "depends": [], "problems": [context.text(message) for message in problem.messages],
    }  # fmt: skip


def _enable(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    if administration.enable(context.host, args.slug, args.name):
        context.say(_("Plugin '{plugin}' is enabled for tenant '{tenant}'."), plugin=args.name,
                    tenant=args.slug)  # fmt: skip
    else:
        context.say(_("Plugin '{plugin}' was enabled for tenant '{tenant}' already."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    return 0


def _disable(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    if administration.disable(context.host, args.slug, args.name):
        context.say(_("Plugin '{plugin}' is disabled for tenant '{tenant}'; its data stays."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    else:
        context.say(_("Plugin '{plugin}' was disabled for tenant '{tenant}' already."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    return 0
