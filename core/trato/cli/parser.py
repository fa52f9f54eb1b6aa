"""Parsers of the command line that speak the user's language."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context

#: Runs a command; gives the exit code.
Run = Callable[["Context", argparse.Namespace], int]

#: What argparse says in English, as the texts that we translate.
_SAID = (
    (r"the following arguments are required: (?P<names>.+)", _("Missing: {names}.")),
    (r"unrecognized arguments: (?P<names>.+)", _("Not understood: {names}.")),
    (r"argument (?P<name>[^:]+): invalid choice: (?P<value>.+?) \(choose from (?P<known>.+)\)",
     _("{name} cannot be {value}. It is one of: {known}.")),
    (r"argument (?P<name>[^:]+): invalid .* value: (?P<value>.+)",
     _("{name} cannot be {value}.")),
    (r"argument (?P<name>[^:]+): expected .*argument.*", _("{name} needs a value.")),
    (r"one of the arguments (?P<names>.+) is required", _("Give one of: {names}.")),
    (r"argument (?P<name>[^:]+): not allowed with argument (?P<other>.+)",
     _("{name} does not go with {other}.")),
)  # fmt: skip


class Finished(Exception):
    """Parsing ended the command."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class CommandParser(argparse.ArgumentParser):
    """A parser whose texts are translated as they are declared."""

    def __init__(self, context: Context, *, title: str = "", **options: Any) -> None:
        self.context = context
        text = context.text(title) if title else None
        super().__init__(
            description=None if text is None else f"{text}.", add_help=False, allow_abbrev=False,
            formatter_class=lambda prog: _Formatter(context, prog), **options,
        )  # fmt: skip
        self._positionals.title = context.text(_("arguments"))
        self._optionals.title = context.text(_("options"))
        self.add_argument("-h", "--help", action="help", help=_("show this help"))

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Add an argument; its help is a message id."""
        if isinstance(options.get("help"), str) and options["help"] != argparse.SUPPRESS:
            # argparse fills in % itself.
            options["help"] = self.context.text(options["help"]).replace("%", "%%")
        return super().add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line and where its help is."""
        for pattern, text in _SAID:
            if found := re.fullmatch(pattern, message, re.DOTALL):
                message = self.context.text(text, **found.groupdict())
                break
        self.context.error(
            message, self.context.text(_("See: {command} --help"), command=self.prog)
        )
        raise Finished(2)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the command without ending the process."""
        if message:
            self.context.note(message.rstrip())
        raise Finished(status)


class _Formatter(argparse.HelpFormatter):
    def __init__(self, context: Context, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=min(_width(), 100))
        self._usage = context.text(_("usage: "))

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:  # fmt: skip
        super().add_usage(usage, actions, groups, self._usage if prefix is None else prefix)

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        # The line above the commands would only repeat the heading.
        return text.partition("\n")[2] if action.nargs == argparse.PARSER else text


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns - 2


class Commands:
    """The commands below a parser."""

    def __init__(self, parser: CommandParser) -> None:
        self._parser = parser
        self._context = parser.context
        self._below = parser.add_subparsers(
            title=self._context.text(_("commands")), metavar=self._context.text(_("COMMAND")),
            required=True, parser_class=CommandParser,
        )  # fmt: skip

    def names(self) -> list[str]:
        """Name them."""
        return list(self._below.choices)

    def family(self, name: str, title: str) -> Commands:
        """Add a family of commands."""
        return Commands(self._add(name, title))

    def command(self, name: str, title: str, run: Run, *, json: bool = False) -> CommandParser:
        """Add a command.

        :param title: what it does, a message id without full stop.
        :param json: it may print JSON instead of text.
        """
        parser = self._add(name, title)
        parser.set_defaults(run=run)
        if json:
            parser.add_argument("--json", action="store_true", help=_("print JSON"))
        return parser

    def _add(self, name: str, title: str) -> CommandParser:
        return self._below.add_parser(
            name, help=self._context.text(title).replace("%", "%%"), context=self._context,
            title=title,
        )  # fmt: skip
