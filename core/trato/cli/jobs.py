"""`trato job …`: what runs in the background for a tenant."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trato.errors import Message
from trato.text import _

if TYPE_CHECKING:
    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.host import Host
    from trato.jobs.declared import Job
    from trato.jobs.queue import Task


def add(commands: Commands) -> None:
    """Add the commands."""
    job = commands.family("job", _("Look at background tasks and run them"))
    listed = job.command(
        "list", _("List the tasks of a tenant, the newest first; without one, the jobs there are"),
        _list, json=True,
    )  # fmt: skip
    listed.add_argument("slug", metavar="SLUG", nargs="?", help=_("the tenant"))
    listed.add_argument("--state", metavar="STATE", action="append", default=[],
                        choices=("queued", "running", "done", "failed", "cancelled", "held"),
                        help=_("only in this state; may be given twice"))  # fmt: skip
    listed.add_argument("--limit", metavar="N", type=int, default=50, help=_("how many at most"))
    run = job.command("run", _("Run a job for a tenant now and wait for it"), _run, json=True)
    run.add_argument("slug", metavar="SLUG", help=_("the tenant"))
    run.add_argument("name", metavar="NAME", help=_("the job, such as core.verify_audit"))
    run.add_argument("--later", action="store_true", help=_("only queue it; a worker runs it"))
    for name, title, action in (
        ("cancel", _("Cancel a task that waits or runs"), _cancel),
        ("retry", _("Queue a failed, cancelled or held task again"), _retry),
    ):
        command = job.command(name, title, action)
        command.add_argument("slug", metavar="SLUG", help=_("the tenant"))
        command.add_argument("task", metavar="ID", help=_("the task, as job list shows it"))


def _list(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.db.engine import transaction
    from trato.jobs import queue

    if args.slug is None:
        return _list_jobs(context, args)
    host = context.host
    owner = administration.tenant(host, args.slug)
    with transaction(host.engine, tenant_id=owner.id, read=True) as connection:
        found = queue.tasks(connection, owner.id, states=tuple(args.state),
                            limit=max(args.limit, 1))  # fmt: skip
    if args.json:
        context.show_json([_described(task) for task in found])
        return 0
    context.show_table(
        [_("Task"), _("Job"), _("State"), _("Runs at"), _("Attempts"), _("Message")],
        [
            (task.id, task.job, task.state, task.run_at.isoformat(timespec="seconds"),
             task.attempts, task.message)
            for task in found
        ],
    )  # fmt: skip
    return 0


def _list_jobs(context: Context, args: argparse.Namespace) -> int:
    """List what can be run, and when it runs by itself."""
    from trato.jobs.catalogue import all_jobs

    known = sorted(all_jobs(context.host).values(), key=lambda job: job.name)
    if args.json:
        context.show_json(
            [{"name": job.name, "title": _title(context, job), "at": job.at, "every": job.every}
             for job in known]
        )  # fmt: skip
        return 0
    context.show_table(
        [_("Job"), _("Title"), _("When")],
        [(job.name, _title(context, job), _when(context, job)) for job in known],
    )
    return 0


def _title(context: Context, job: Job) -> str:
    domain = None if job.plugin == "core" else job.plugin
    return context.catalogs.message(Message(job.title), context.locale, domain=domain)


def _when(context: Context, job: Job) -> str:
    if job.at:
        return context.text(_("every day at {time}"), time=job.at)
    return context.text(_("every {minutes} minutes"), minutes=job.every) if job.every else ""


def _described(task: Task) -> dict[str, Any]:
    moments = ("run_at", "created_at", "started_at", "finished_at")
    plain = ("job", "state", "message", "priority", "attempts", "progress", "progress_total",
             "result")  # fmt: skip
    return {
        "id": str(task.id), **{name: getattr(task, name) for name in plain},
        **{name: moment and moment.isoformat() for name in moments
           for moment in [getattr(task, name)]},
    }  # fmt: skip


def _job(context: Context, name: str) -> Job:
    from trato.errors import DomainError, NotFound
    from trato.jobs.catalogue import all_jobs

    known = all_jobs(context.host)
    if name not in known:
        raise NotFound(
            _("There is no job '{name}'."), hint=_("Known jobs: {known}."), name=name,
            known=", ".join(sorted(known)),
        )  # fmt: skip
    if not known[name].by_name:
        raise DomainError(
            _("Job '{name}' cannot be run by its name: what it has to do is said where it is "
              "queued."),
            hint=_("Do again what queues it, or queue its task again: trato job retry SLUG ID."),
            name=name,
        )  # fmt: skip
    return known[name]


def _run(context: Context, args: argparse.Namespace) -> int:
    from trato import administration
    from trato.jobs.presence import process_name
    from trato.jobs.worker import Worker
    from trato.tenancy import enablement

    host = context.host
    declared = _job(context, args.name)
    owner = administration.tenant(host, args.slug)
    plugin = args.name.partition(".")[0]
    if plugin != "core":
        enablement.require(host.for_tenant(owner.id), plugin)
    if args.later:
        task = _queue(host, owner.id, declared)
    else:
        task = Worker(host=host, name=process_name()).run_now(owner.id, declared.name)
    if args.json:
        context.show_json(_described(task))
    elif task.state == "done":
        context.say(_("Job '{name}' is done."), name=args.name)
        if task.result is not None:
            if isinstance(task.result, str):
                context.print(task.result)
            else:
                context.show_json(task.result)
    elif task.state == "queued" and args.later:
        context.say(_("Job '{name}' is queued as task {id}."), name=args.name, id=task.id)
    else:
        action = ""
        if task.state == "held" and host.for_tenant(owner.id).read_only:
            action = context.text(
                _("Ask the issuer for a new licence: trato license install {tenant} FILE"),
                tenant=args.slug,
            )
        context.error(
            context.text(_("Job '{name}' is not done: {reason}"), name=args.name,
                         reason=context.text(task.message or task.state)),
            action,
        )  # fmt: skip
    if task.state == "done" or args.later:
        return 0
    # What is held was not begun; what has failed may have done a part.
    return 2 if task.state == "held" else 1


def _queue(host: Host, tenant_id: int, declared: Job) -> Task:
    from trato.db.engine import transaction
    from trato.jobs import queue

    with transaction(host.engine, tenant_id=tenant_id) as connection:
        made = queue.add(connection, tenant_id, declared.name, now=host.clock(),
                         priority=declared.priority)  # fmt: skip
        return queue.find(connection, tenant_id, made)


def _cancel(context: Context, args: argparse.Namespace) -> int:
    return _change(context, args, "cancel", _("Task {id} is cancelled."))


def _retry(context: Context, args: argparse.Namespace) -> int:
    return _change(context, args, "retry", _("Task {id} is queued again."))


def _change(context: Context, args: argparse.Namespace, action: str, said: str) -> int:
    from uuid import UUID

    from trato import administration
    from trato.db.engine import transaction
    from trato.errors import NotFound
    from trato.jobs import queue

    host = context.host
    owner = administration.tenant(host, args.slug)
    change = queue.cancel if action == "cancel" else queue.retry
    try:
        task_id = UUID(args.task)
        with transaction(host.engine, tenant_id=owner.id) as connection:
            change(connection, owner.id, task_id, now=host.clock())
    except (ValueError, NotFound) as error:
        raise NotFound(
            _("There is no task {id}."), hint=_("See: trato job list {tenant}"), id=args.task,
            tenant=args.slug,
        ) from error  # fmt: skip
    context.say(said, id=args.task)
    return 0
