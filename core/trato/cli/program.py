"""The program: reads the command line, runs one command, and turns errors into words."""

from __future__ import annotations

import difflib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trato.cli import language
from trato.cli.context import Context
from trato.cli.parser import CommandParser, Commands, Finished
from trato.errors import TratoError
from trato.text import _

if TYPE_CHECKING:
    import argparse


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    :param argv: words after the program's name; those of the process by default.
    :return: 0 all done, 1 partly done or problems found, 2 nothing done, 130 and 143 interrupted
        by Ctrl+C and by SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    context = Context(language.choose(words, os.environ))
    try:
        with _cleaning_up():
            return _run(context, words)
    except Finished as finished:
        return finished.code
    except TratoError as error:
        context.complain(error)
        return 2
    except KeyboardInterrupt as error:
        context.error(context.text(_("Interrupted.")))
        return 143 if isinstance(error, Terminated) else 130
    except BrokenPipeError:
        # Who read the output has gone, as `head` does; the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        context.close()


class Terminated(KeyboardInterrupt):
    """The process was told to end: what it holds half is taken back, as after Ctrl+C."""


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """Let SIGTERM end a command by an exception, once, so that it leaves nothing half.

    Commands that run until they are told to stop listen to it in their own way.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # where no signal arrives
        return

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        # What such a command has set stays: the whole group may be told once more.
        if signal.getsignal(signal.SIGTERM) in (end, signal.SIG_IGN):
            signal.signal(signal.SIGTERM, before)


def _run(context: Context, words: Sequence[str]) -> int:
    from trato.cli.failures import as_error

    parser = build(context)
    first = _first_word(words)
    if first is not None and first not in known_commands(parser):
        from trato.cli import of_plugins

        of_plugins.add(parser, context, first)
    args: argparse.Namespace = parser.parse_args(words)
    with as_error():
        return int(args.run(context, args))


def build(context: Context) -> CommandParser:
    """Make the parser of core's own commands."""
    # Each module is light: what its commands need is imported when they run.
    from trato.cli import (
        audit,
        background,
        backups,
        configurations,
        demo,
        doctor,
        exchanges,
        jobs,
        licenses,
        maintenance,
        migrations,
        plugins,
        serving,
        sync,
        tenants,
        users,
    )

    families = (
        demo, serving, migrations, doctor, backups, maintenance, tenants, licenses, plugins,
        users, configurations, exchanges, jobs, sync, background, audit,
    )  # fmt: skip
    parser = CommandParser(context, prog="trato", title=_("Run and look after Trato"))
    from trato import __version__

    parser.add_argument("--version", action="version", version=f"trato {__version__}",
                        help=_("show the version"))  # fmt: skip
    parser.add_argument("--lang", metavar="CODE",
                        help=_("language of the messages, such as es or en"))  # fmt: skip
    parser.epilog = context.text(_("Plugins bring commands of their own: trato PLUGIN --help."))
    commands = Commands(parser)
    for family in families:
        family.add(commands)
    parser.set_defaults(commands=commands)
    return parser


def known_commands(parser: CommandParser) -> list[str]:
    """Name the commands of core."""
    commands: Commands = parser.get_default("commands")
    return commands.names()


def _first_word(words: Sequence[str]) -> str | None:
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word == "--lang":
            skip = True
        elif not word.startswith("-"):
            return word
    return None


def unknown(context: Context, word: str, known: Sequence[str]) -> Finished:
    """Say that there is no such command, and which one may be meant."""
    near = difflib.get_close_matches(word, known, n=1)
    context.error(
        context.text(_("There is no command '{word}'."), word=word),
        context.text(_("Did you mean '{near}'?"), near=near[0]) if near else "",
        context.text(_("See: {command} --help"), command="trato"),
    )
    return Finished(2)
