"""Commands of plugins: `trato PLUGIN NAME …`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import CommandParser, Commands, Run
    from trato.plugin import Command


def add(parser: CommandParser, context: Context, word: str) -> None:
    """Add the commands of the plugin of that name.

    :raises Finished: when neither a command nor a plugin with commands is called so.
    """
    from trato.cli.program import known_commands, unknown

    registry = context.bare_host.registry
    brought = {name for name, _command in registry.commands}
    if word not in brought:
        raise unknown(context, word, [*known_commands(parser), *sorted(brought)])
    commands: Commands = parser.get_default("commands")
    title = context.catalogs.translate(registry.plugins[word].title, context.locale, domain=word)
    family = commands.family(word, title)
    for (plugin, name), command in registry.commands.items():
        if plugin == word:
            command.arguments(family.command(name, command.help, runner(plugin, command)))


def runner(plugin: str, command: Command) -> Run:
    """Make what runs a command of a plugin, refused for a company that has the plugin not on."""

    def run(context: Context, args: argparse.Namespace) -> int:
        host = context.host
        # A command that works for a tenant names it in an argument `tenant`.
        slug = getattr(args, "tenant", None)
        if slug is not None:
            _gate(context, plugin, slug)
        return command.run(host, args)

    return run


def _gate(context: Context, plugin: str, slug: str) -> None:
    """Refuse a command for a tenant that has the plugin not enabled.

    :raises PluginError: with the reason.
    """
    from trato import administration
    from trato.tenancy import enablement

    host = context.host
    enablement.require(host.for_tenant(administration.tenant(host, slug).id), plugin)
