"""`trato plugin …`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.registry import Problem
    from trato.tenancy.view import TenantView


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

    purge = plugin.command(
        "purge", _("Archive a plugin's data into a zip file and remove it"), _purge, json=True
    )
    purge.add_argument("name", metavar="NAME", help=_("the plugin"))
    purge.add_argument("--tenant", metavar="SLUG",
                       help=_("of this tenant only; without it the tables go"))  # fmt: skip
    purge.add_argument("--yes", action="store_true", help=_("do not ask"))

    new = plugin.command("new", _("Write a new plugin into a folder of its own"), _new)
    new.add_argument("name", metavar="NAME", help=_("the plugin, such as acme_visits"))
    new.add_argument("--with", dest="parts", metavar="PARTS", default="entity,screen",
                     help=_("what it is made with: entity,screen,job,connector"))  # fmt: skip
    new.add_argument("--for", dest="entity", metavar="ENTITY",
                     help=_("with a connector for records of another plugin, such as "
                            "clients.client, and none of its own"))  # fmt: skip
    new.add_argument("--folder", metavar="DIR", default=".",
                     help=_("where its folder is made; here unless said"))  # fmt: skip

    migration = plugin.command(
        "migration", _("Write the revision that brings a plugin's tables to what it declares"),
        _migration,
    )  # fmt: skip
    migration.add_argument("name", metavar="NAME", help=_("the plugin"))
    migration.add_argument("-m", "--message", metavar="TEXT", required=True,
                           help=_("what changes, for its first line"))  # fmt: skip


def _list(context: Context, args: argparse.Namespace) -> int:
    view = None
    if args.tenant is None:
        # Needs no database: it is how one looks at an installation that does not work yet.
        host = context.bare_host
    else:
        from trato import administration

        host = context.host
        view = host.for_tenant(administration.tenant(host, args.tenant).id)
    rows: list[dict[str, Any]] = []
    for name, plugin in host.plugins.items():
        rows.append(
            {
                "name": name, "title": context.catalogs.translate(plugin.title, context.locale,
                                                                  domain=name),
                "version": plugin.version, "installed": True, "depends": list(plugin.depends),
                "problems": [],
            } | _state(context, view, name)
        )  # fmt: skip
    for problem in host.problems:
        if problem.plugin not in host.plugins:
            broken = _broken(context, problem)
            state = _state(context, view, problem.plugin)
            rows.append(broken | state | {"reason": " ".join(broken["problems"])})
    known = {row["name"] for row in rows}
    for name in () if view is None else view.plugins:
        if name not in known:
            rows.append(
                {"name": name, "title": name, "version": None, "installed": False, "depends": [],
                 "problems": []} | _state(context, view, name)
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


def _state(context: Context, view: TenantView | None, name: str) -> dict[str, Any]:
    """Say how a plugin stands with the tenant; unknown without one."""
    if view is None:
        return {"licensed": None, "enabled": None, "reason": None}
    state = view.plugins.get(name)
    if state is None:
        return {
            "licensed": name in view.license.plugins, "enabled": False,
            "reason": context.text(_("It does not work.")),
        }  # fmt: skip
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

    host = context.host
    actor = administration.operator(host, args.slug)
    if administration.enable(host, args.slug, args.name, actor=actor):
        context.say(_("Plugin '{plugin}' is enabled for tenant '{tenant}'."), plugin=args.name,
                    tenant=args.slug)  # fmt: skip
    else:
        context.say(_("Plugin '{plugin}' was enabled for tenant '{tenant}' already."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    return 0


def _disable(context: Context, args: argparse.Namespace) -> int:
    from trato import administration

    host = context.host
    actor = administration.operator(host, args.slug)
    if administration.disable(host, args.slug, args.name, actor=actor):
        context.say(_("Plugin '{plugin}' is disabled for tenant '{tenant}'; its data stays."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    else:
        context.say(_("Plugin '{plugin}' was disabled for tenant '{tenant}' already."),
                    plugin=args.name, tenant=args.slug)  # fmt: skip
    return 0


def _purge(context: Context, args: argparse.Namespace) -> int:
    from trato.cli import readiness
    from trato.errors import PluginError
    from trato.exchange.writing import write_csv
    from trato.lifecycle.plugins import check_purge, purge_everywhere, purge_for_tenant

    host = context.host
    if args.name in readiness.pending_migrations(host).keys() - readiness.purged_plugins(host):
        raise PluginError(
            _("The tables of plugin '{plugin}' are behind, so it was not purged."),
            hint=_("Run: trato migrate"), plugin=args.name, code="tables_behind",
        )  # fmt: skip
    question = _("The data of plugin '{plugin}' will be archived and removed. Type '{plugin}' to "
                 "go on:")  # fmt: skip
    if args.tenant is not None:
        check_purge(host, args.name, args.tenant)
        if not args.yes and not context.confirm(question, args.name, plugin=args.name):
            return _nothing_purged(context)
        done = purge_for_tenant(
            host, args.tenant, args.name, folder=Path.cwd(), write_table=write_csv
        )
    else:
        with readiness.owner_engine(host, "trato plugin purge") as engine:
            check_purge(host, args.name, None, engine=engine)
            if not args.yes and not context.confirm(question, args.name, plugin=args.name):
                return _nothing_purged(context)
            done = purge_everywhere(
                host, args.name, engine=engine, folder=Path.cwd(), write_table=write_csv
            )
    if args.json:
        context.show_json({"plugin": args.name, "tenant": args.tenant,
                           "archive": str(done.archive), "records": done.records})  # fmt: skip
        return 0
    context.say(_("Archive: {path} (records: {records})"), path=str(done.archive),
                records=done.records)  # fmt: skip
    if args.tenant is not None:
        context.say(_("The data of plugin '{plugin}' is removed from tenant '{tenant}'."),
                    plugin=args.name, tenant=args.tenant)  # fmt: skip
    else:
        context.say(_("The tables of plugin '{plugin}' are removed."), plugin=args.name)
        context.note(
            context.text(
                _("Uninstall its distribution too, or the next 'trato migrate' makes empty tables.")
            )
        )
    return 0


def _nothing_purged(context: Context) -> int:
    context.error(context.text(_("Nothing was purged.")))
    return 2


def _new(context: Context, args: argparse.Namespace) -> int:
    from trato.scaffold.naming import names_for, parts_for, parts_of
    from trato.scaffold.target import target_for
    from trato.scaffold.writing import write_plugin

    parts = parts_for(args.parts) if args.entity else parts_of(args.parts)
    # Broken ones are installed too.
    host = context.bare_host
    taken = {*host.plugins, *(problem.plugin for problem in host.problems)}
    names = names_for(args.name, installed=taken)
    folder = Path(args.folder).resolve() / names.plugin
    target = target_for(args.entity, host) if args.entity else None
    for path in write_plugin(names, parts, folder=folder, target=target):
        context.print(str(folder / path))
    context.note(
        context.text(
            _("Made with: {parts}. Install it and run its tests: pip install --editable {folder} "
              "&& pytest {folder}"),
            parts=", ".join(parts), folder=str(folder),
        )
    )  # fmt: skip
    if target is not None:
        return 0
    context.note(
        context.text(
            _("In Spanish '{noun}' still stands as it is in English; put the right words into "
              "{file}."),
            noun=names.noun_title, file=str(folder / names.package / "translations" / "es.po"),
        )
    )  # fmt: skip
    return 0


def _migration(context: Context, args: argparse.Namespace) -> int:
    from tempfile import TemporaryDirectory

    from trato.cli import readiness
    from trato.db.engine import open_engine
    from trato.db.generate import write_revision
    from trato.db.migrate import core_folder
    from trato.errors import PluginError

    host = context.bare_host
    folders = {"core": core_folder(), **host.registry.folders}
    if args.name not in folders:
        raise PluginError(
            _("There is no plugin '{plugin}' that works."),
            hint=_("'trato plugin list' shows those that are installed, and what is wrong."),
            plugin=args.name, code="no_plugin",
        )  # fmt: skip
    names = list(folders)
    before = {name: folders[name] for name in names[: names.index(args.name)]}
    with TemporaryDirectory(prefix="trato-") as folder:
        # Compared with an empty database, so that the developer's own does not matter.
        engine = open_engine(f"sqlite:///{folder}/empty.sqlite")
        try:
            file = write_revision(
                engine, args.name, folders[args.name], readiness.metadata(),
                message=args.message, needs=before, tell=context.warn,
            )  # fmt: skip
        finally:
            engine.dispose()
    if file is None:
        context.say(_("Nothing to write: the tables of '{plugin}' are as it declares them."),
                    plugin=args.name)  # fmt: skip
    else:
        context.say(_("Wrote {file}."), file=str(file))
    return 0
