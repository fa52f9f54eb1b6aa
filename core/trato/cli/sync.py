"""`trato sync …`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trato.text import _

if TYPE_CHECKING:
    from uuid import UUID

    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.host import Host
    from trato.sync.status import ConnectorStatus


def add(commands: Commands) -> None:
    """Add the commands."""
    sync = commands.family("sync", _("Work with other systems through connectors"))
    run = sync.command("run", _("Run a connector for a tenant now and wait for it"), _run,
                       json=True)  # fmt: skip
    run.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    run.add_argument("connector", metavar="CONNECTOR", help=_("the connector, such as shop.shop"))
    run.add_argument("--stream", metavar="S", help=_("only receive this stream"))
    run.add_argument("--check", action="store_true", help=_("only ask whether it can be reached"))
    status = sync.command("status", _("Say how the connections of a tenant stand"), _status,
                          json=True)  # fmt: skip
    status.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    retry = sync.command("retry", _("Send what waits or was refused now"), _retry)
    retry.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    retry.add_argument("connector", metavar="CONNECTOR", help=_("the connector"))
    review = sync.command("review", _("List what was received and waits for a person"), _review,
                          json=True)  # fmt: skip
    review.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    decide = sync.command("decide", _("Say what becomes of something that waits for review"),
                          _decide)  # fmt: skip
    decide.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    decide.add_argument("item", metavar="ID", help=_("what waits, as sync review shows it"))
    what = decide.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", metavar="ID", help=_("it is this record"))
    what.add_argument("--create", action="store_true", help=_("make a new record of it"))
    what.add_argument("--ignore", action="store_true", help=_("it is not wanted here"))


def _run(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.jobs.presence import process_name
    from trato.jobs.worker import Worker
    from trato.records.outbox import sync_job
    from trato.sync.running import known, told

    host = context.host
    owner = administration.tenant(host, args.slug)
    known(host, host.for_tenant(owner.id), args.connector)
    payload: dict[str, Any] = {"only": "check"} if args.check else {}
    if args.stream:
        payload = {"only": "receive", "stream": args.stream}
    worker = Worker(host=host, name=process_name())
    task = worker.run_now(owner.id, sync_job(args.connector), payload)
    result = task.result if isinstance(task.result, dict) else {}
    problem = told(result.get("problem"))
    reason = context.text(problem) if problem is not None else (
        "" if task.state == "done" else context.text(task.message or task.state)
    )  # fmt: skip
    if args.json:
        context.show_json({**result, "problem": reason or None, "state": task.state})
    else:
        for name, count in sorted(result.get("sent", {}).items()):
            context.print(f"{context.text(_('sent'))}: {name} {count}")
        for stream, counts in result.get("streams", {}).items():
            line = ", ".join(f"{name} {count}" for name, count in counts.items())
            context.print(f"{stream}: {line or '-'}")
        if reason:
            context.error(reason)
        else:
            context.say(_("Connector '{name}' has done its work."), name=args.connector)
    if not reason:
        return 0
    # What is held was not begun.
    return 2 if task.state == "held" else 1


def _status(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.db.engine import transaction
    from trato.sync.status import status

    host = context.host
    owner = administration.tenant(host, args.slug)
    with transaction(host.engine, tenant_id=owner.id, read=True) as db:
        found = status(host, db, host.for_tenant(owner.id))
    if args.json:
        context.show_json([_described(context, one) for one in found])
        return 0
    context.show_table(
        [_("Connector"), _("State"), _("Last run"), _("Waits"), _("To verify"), _("Refused"),
         _("To review"), _("Message")],
        [
            (one.name, one.state, one.run_at and one.run_at.isoformat(timespec="seconds"),
             one.outbox.get("pending", 0) + one.outbox.get("sending", 0),
             one.outbox.get("to_verify", 0) + one.outbox.get("accepted", 0),
             one.outbox.get("rejected", 0), one.review,
             context.text(one.message) if one.message is not None else "")
            for one in found
        ],
    )  # fmt: skip
    return 0


def _described(context: Context, one: ConnectorStatus) -> dict[str, Any]:
    def moment(value: Any) -> str | None:
        return None if value is None else value.isoformat()

    def said(message: Any) -> str | None:
        return None if message is None else context.text(message)

    return {
        "connector": one.name, "state": one.state, "run_at": moment(one.run_at),
        "reached_at": moment(one.reached_at), "failed_at": moment(one.failed_at),
        "message": said(one.message), "outbox": dict(one.outbox), "review": one.review,
        "streams": [
            {"stream": s.name, "finished_at": moment(s.finished_at),
             "failed_at": moment(s.failed_at), "message": said(s.message), "open": s.is_open,
             "counts": dict(s.counts)}
            for s in one.streams
        ],
    }  # fmt: skip


def _retry(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.db.engine import transaction
    from trato.sync.running import known
    from trato.sync.status import retry

    host = context.host
    owner = administration.tenant(host, args.slug)
    known(host, host.for_tenant(owner.id), args.connector)
    with transaction(host.engine, tenant_id=owner.id) as db:
        count = retry(db, owner.id, args.connector, now=host.clock())
    context.print(context.plural(
        _("{count} document is sent now."), _("{count} documents are sent now."), count
    ))  # fmt: skip
    return 0


def _review(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.db.engine import transaction
    from trato.sync.review import waiting

    host = context.host
    owner = administration.tenant(host, args.slug)
    with transaction(host.engine, tenant_id=owner.id, read=True) as db:
        found = waiting(db, owner.id, limit=1000)
    if args.json:
        context.show_json([
            {"id": str(one.id), "connector": one.connector, "stream": one.stream,
             "entity": one.entity, "key": one.key, "label": one.label, "values": dict(one.values),
             "candidates": [str(record) for record in one.candidates],
             "reasons": [context.text(reason) for reason in one.reasons]}
            for one in found
        ])  # fmt: skip
        return 0
    context.show_table(
        [_("ID"), _("Connector"), _("Key"), _("Name"), _("Why")],
        [(one.id, one.connector, one.key, one.label,
          " ".join(context.text(reason) for reason in one.reasons)) for one in found],
    )  # fmt: skip
    return 0


def _decide(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.db.engine import transaction
    from trato.sync import deciding, review

    host: Host = context.host
    owner = administration.tenant(host, args.slug)
    item = _uuid(args.item)
    if args.record:
        deciding.decide_link(host, owner.id, item, _uuid(args.record))
    elif args.create:
        deciding.decide_create(host, owner.id, item)
    else:
        with transaction(host.engine, tenant_id=owner.id) as db:
            review.decide_ignore(db, owner.id, item)
    context.say(_("It is decided."))
    return 0


def _uuid(text: str) -> UUID:
    from uuid import UUID

    from trato.errors import NotFound

    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(_("'{text}' is no id."), text=text) from error
