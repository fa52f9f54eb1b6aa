"""`trato import` and `trato export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from trato.access.actor import Actor
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.exchange.course import Course
    from trato.exchange.importing import ImportResult


def add(commands: Commands) -> None:
    """Add the commands."""
    load = commands.command(
        "import", _("Import a CSV or XLSX file; refused rows do not stop the others"), _import,
        json=True,
    )  # fmt: skip
    load.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    load.add_argument("entity", metavar="ENTITY", help=_("kind of record, such as clients.client"))
    load.add_argument("file", metavar="FILE", type=Path, help=_("file to read"))
    load.add_argument("--match", metavar="FIELD",
                      help=_("field by which rows find the records that they change; without it "
                             "every row is a new record"))  # fmt: skip
    load.add_argument("--map", metavar="FILE", type=Path,
                      help=_("file that says which column fills which field"))  # fmt: skip
    load.add_argument("--encoding", metavar="E",
                      help=_("encoding of a CSV file, where it is not found out"))  # fmt: skip
    load.add_argument("--errors", metavar="FILE", type=Path,
                      help=_("file for the refused rows, with the reasons"))  # fmt: skip
    load.add_argument("--as", metavar="EMAIL", dest="email",
                      help=_("user in whose name, and with whose rights, it is done"))  # fmt: skip
    load.add_argument("--duplicates", choices=("create", "skip", "update", "error"),
                      default="create",
                      help=_("what to do with a row of which there is a record already: create "
                             "another one and count it, skip the row, update the record, or "
                             "refuse the row"))  # fmt: skip
    load.add_argument("--dry-run", action="store_true",
                      help=_("say what would happen and write nothing"))  # fmt: skip
    load.add_argument("--start-over", action="store_true",
                      help=_("import all rows, although an import of the file was cut; without it "
                             "the same command goes on where that was"))  # fmt: skip

    export = commands.command(
        "export", _("Export all records of a kind to a CSV or XLSX file"), _export, json=True
    )
    export.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    export.add_argument("entity", metavar="ENTITY",
                        help=_("kind of record, such as clients.client"))  # fmt: skip
    export.add_argument("file", metavar="FILE", type=Path,
                        help=_("file to write; its ending says the format"))  # fmt: skip


def _actor(context: Context, slug: str, email: str | None, *, via: Any, label: str) -> Actor:
    from trato import administration

    host = context.host
    if email is not None:
        return administration.member_actor(host, slug, email, via=via)
    return host.system(administration.tenant(host, slug).id, via=via, label=label)


def _check_kind(actor: Actor, entity: str) -> None:
    """Refuse a kind of record that the tenant does not have.

    :raises NotFound: with those that it has.
    """
    from trato.errors import NotFound

    known = sorted(actor.view.entities)
    if entity not in known:
        raise NotFound(
            _("There is no '{entity}' here."), entity=entity, known=", ".join(known) or "-",
            hint=_("Kinds of records that this tenant has: {known}."),
        )  # fmt: skip


def _import(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.progress import Progress
    from trato.exchange.importing import run_import

    actor = _actor(context, args.slug, args.email, via="import", label="import")
    _check_kind(actor, args.entity)
    course = _course(context, args, actor)
    with Progress(context, _("Importing")) as progress:
        if course is not None and course.resume is not None:
            progress.begin(int(course.resume["rows"]))
        result = run_import(
            context.host, actor, args.entity, args.file, match=args.match, map_file=args.map,
            encoding=args.encoding, errors_path=args.errors, dry_run=args.dry_run,
            duplicates=args.duplicates, progress=progress.reach,
            begin=None if course is None else course.begin,
            hold=None if course is None else course.hold,
            keep=None if course is None else course.keep,
            resume=None if course is None else course.resume,
        )  # fmt: skip
    if course is not None:
        course.end()
    if args.json:
        after = None if course is None else course.after
        context.show_json(_result(context, result) | {"resumed_after": after})
    else:
        _show(context, result)
    if not result.refused:
        return 0
    return 2 if result.refused == result.total else 1


def _course(context: Context, args: argparse.Namespace, actor: Actor) -> Course | None:
    """Find how far the same command came before it was cut, and say so; a trial has no course."""
    from hashlib import sha256

    from trato.exchange.course import Course
    from trato.i18n import Formats

    if args.dry_run or not args.file.is_file():
        return None
    with_map = args.map is not None and args.map.is_file()
    course = Course(
        context.host, actor, args.entity, args.file, errors=args.errors,
        start_over=args.start_over, choices={
            "match": args.match, "encoding": args.encoding, "duplicates": args.duplicates,
            "map": sha256(args.map.read_bytes()).hexdigest() if with_map else None,
            "member": None if actor.member_id is None else str(actor.member_id),
        },
    )  # fmt: skip
    if course.after is not None and course.cut_at is not None:
        formats = Formats(context.locale, actor.timezone, clock=context.host.clock)
        context.note(
            context.text(_("Goes on after row {row}, where an import of this file was cut on "
                           "{day}."), row=course.after, day=formats.date(course.cut_at))
        )  # fmt: skip
    elif course.left_at is not None:
        context.warn(
            _("An import of this file with other choices was cut after row {row}; this one begins "
              "at the first row."), row=course.left_at,
        )  # fmt: skip
    return course


def _result(context: Context, result: ImportResult) -> dict[str, Any]:
    return {
        "total": result.total, "created": result.created, "updated": result.updated,
        "unchanged": result.unchanged, "skipped": result.skipped, "refused": result.refused,
        "duplicates": result.duplicates, "dry_run": result.dry_run,
        "match": result.match, "encoding": result.encoding, "delimiter": result.delimiter,
        "sheet": result.sheet,
        "columns": [{"header": header, "field": path} for header, path in result.columns],
        "notices": [context.text(notice) for notice in result.notices],
        "problems": [
            {"row": p.row, "column": p.column, "message": context.text(p.message)}
            for p in result.problems
        ],
        "errors": None if result.errors_path is None else str(result.errors_path),
    }  # fmt: skip


def _show(context: Context, result: ImportResult) -> None:
    for notice in result.notices:
        context.warn(notice)
    for problem in result.problems:
        place = context.text(_("Row {row}"), row=problem.row)
        if problem.column:
            place = f"{place}, {problem.column}"
        context.note(f"{place}: {context.text(problem.message)}")
    hidden = result.refused - len({problem.row for problem in result.problems})
    if hidden > 0:
        context.note(
            context.plural(_("{count} more refused row."), _("{count} more refused rows."), hidden)
        )
    if result.errors_path is not None:
        context.note(context.text(_("Refused rows: {file}"), file=str(result.errors_path)))
    if result.dry_run:
        context.note(context.text(_("Nothing was written: this was a trial.")))
    if result.duplicates:
        context.note(
            context.plural(
                _("{count} created record is like one that was there already."),
                _("{count} created records are like one that was there already."),
                result.duplicates,
            )
        )
    if result.skipped:
        context.note(
            context.plural(
                _("{count} row was left out: its record is there already."),
                _("{count} rows were left out: their records are there already."),
                result.skipped,
            )
        )
    context.say(
        _("Rows: {total}. Created: {created}. Updated: {updated}. Unchanged: {unchanged}. "
          "Refused: {refused}."),
        total=result.total, created=result.created, updated=result.updated,
        unchanged=result.unchanged, refused=result.refused,
    )  # fmt: skip


def _export(context: Context, args: argparse.Namespace) -> int:
    from trato.cli.progress import Progress
    from trato.exchange.exporting import run_export

    actor = _actor(context, args.slug, None, via="command", label="export")
    _check_kind(actor, args.entity)
    with Progress(context, _("Exporting")) as progress:
        count = run_export(context.host, actor, args.entity, args.file, progress=progress.reach)
    if args.json:
        context.show_json({"file": str(args.file), "records": count})
    else:
        context.print(
            context.plural(_("Wrote {file}: {count} record."), _("Wrote {file}: {count} records."),
                           count, file=str(args.file))
        )  # fmt: skip
    return 0
