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


def _export(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.files import write_text
    from trato.configuration import export_configuration

    write_text(args.file, export_configuration(context.host, args.slug))
    context.say(_("Wrote {file}."), file=str(args.file))
    return 0


def _apply(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.files import read_text
    from trato.cli.progress import Progress
    from trato.configuration import apply_configuration

    text = read_text(args.file)
    with Progress(context, _("Indexing records")) as progress:
        steps = apply_configuration(
            context.host, args.slug, text, dry_run=args.dry_run, progress=progress.advance
        )
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
