"""The page of the manual about commands, written from the parser: `python -m trato.cli.manual`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from trato.cli.context import Context
from trato.cli.parser import CommandParser
from trato.cli.program import build

_HEAD = """\
# Commands

Written by `python -m trato.cli.manual`; change the commands, not this page.

`trato COMMAND …`, or `python host.py COMMAND …` from a checkout. Plugins bring commands of their
own: `trato PLUGIN --help`.

| exit code | meaning |
|---|---|
| 0 | all done |
| 1 | partly done, or problems were found |
| 2 | nothing done: wrong usage, an unknown name, a file that cannot be read, a refusal |
| 130, 143 | ended by Ctrl+C, by SIGTERM: what was half done is taken back |

Results go to standard output, everything about them (warnings, errors, progress) to standard error.
With `--json` the result is JSON. An error says what is wrong and why, and below it what to do.

Messages are in Spanish unless `--lang`, `TRATO_DEFAULT_LOCALE` or the terminal's language
(`LC_ALL`, `LC_MESSAGES`, `LANG`) says otherwise; `--lang` stands before the command.

Settings come from `TRATO_*` variables, or from the TOML file that `TRATO_CONFIG` names. The first
command that needs a SQLite file makes it and brings its tables up to date. On PostgreSQL only
`trato migrate` does; every other command says so and does nothing until then.
"""


def write() -> str:
    """Write the page."""
    parts = [_HEAD]
    for parser in _commands(build(Context("en"))):
        parts.append(f"## {parser.prog}\n\n{parser.description}\n\n```\n{usage(parser)}\n```\n")
        rows = [_row(action) for action in parser._actions if action.dest not in ("help", "json")]
        if rows:
            parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[CommandParser]:
    """Walk the commands that do something, in their order."""
    below = [action for action in parser._actions if action.nargs == argparse.PARSER]
    for action in below:
        for part in (action.choices or {}).values():  # type: ignore[attr-defined]
            yield from _commands(part)
    if not below and isinstance(parser, CommandParser):
        yield parser


def usage(parser: argparse.ArgumentParser) -> str:
    """Write how a command is called, what is needed first."""
    words = [parser.prog]
    actions = [action for action in parser._actions if action.dest != "help"]
    words += [
        f"[{_name(action)}]" if action.nargs == "?" else _name(action)
        for action in actions if not action.option_strings
    ]  # fmt: skip
    words += [_call(action) for action in actions if action.option_strings and action.required]
    words += [
        f"[{_call(action)}]" for action in actions if action.option_strings and not action.required
    ]
    return " ".join(words)


def _name(action: argparse.Action) -> str:
    return str(action.metavar or action.dest)


def _call(action: argparse.Action) -> str:
    option = action.option_strings[-1]
    if action.nargs == 0:
        return option
    value = "|".join(map(str, action.choices)) if action.choices else _name(action)
    return f"{option} {value}"


def _row(action: argparse.Action) -> str:
    shown = _call(action) if action.option_strings else _name(action)
    escaped = shown.replace("|", "\\|")
    return f"| `{escaped}` | {(action.help or '').replace('%%', '%')} |"


if __name__ == "__main__":
    print(write(), end="")
