"""Background tasks: what waits, runs and was done; cancel, try again, run now."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from markupsafe import Markup
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.db.engine import transaction
from trato.errors import DomainError
from trato.jobs import queue
from trato.jobs.catalogue import all_jobs
from trato.jobs.declared import Job
from trato.jobs.queue import Task
from trato.records.events import reaction
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, done, fragment, page, told
from trato.web.auth import current_host
from trato.web.exchange_tasks import STATES, about, unattended
from trato.web.frame import formats, translator

_PER_PAGE = 50


@blueprint.get("/jobs")
def show_jobs() -> str:
    """Show the tasks of the company, the newest first, and what runs by itself."""
    return _page()


@blueprint.get("/jobs/rows")
def job_rows() -> str:
    """Give the tasks again; the page asks every few seconds."""
    return fragment("_admin_jobs.html", **_tasks())


@blueprint.post("/jobs/run/<name>")
def run_job(name: str) -> Response:
    """Queue a job now, ahead of its time."""
    job = usable_jobs().get(name)
    if job is None or not job.by_name:
        raise HttpNotFound
    queue_now(job)
    return done("jobs", _("{job} waits for its turn."), job=title_of(job.name, job))


@blueprint.post("/jobs/<uuid:task_id>/<action>")
def change_task(task_id: UUID, action: str) -> Response | tuple[str, int]:
    """Cancel a task, or queue it again."""
    if action not in ("cancel", "retry"):
        raise HttpNotFound
    host, tenant_id = current_host(), admin().tenant_id
    try:
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            change = queue.cancel if action == "cancel" else queue.retry
            change(connection, tenant_id, task_id, now=host.clock())
    except DomainError as error:
        if error.status == 404:
            raise
        return _page(told(error)), 422
    said = _("The task is cancelled.") if action == "cancel" else _("The task waits again.")
    return done("jobs", said)


def usable_jobs() -> dict[str, Job]:
    """Give the jobs that can run for the tenant: core's and those of enabled modules."""
    enabled = admin().view.enabled
    return {
        name: job for name, job in all_jobs(current_host()).items()
        if name.partition(".")[0] in ("core", *enabled)
    }  # fmt: skip


def queue_now(job: Job, *, unique_key: str | None = None) -> UUID | None:
    """Queue a job for the tenant, by the administrator who asks."""
    host, actor = current_host(), admin()
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        return queue.enqueue(connection, actor.tenant_id, job.name, now=host.clock(),
                             unique_key=unique_key, priority=job.priority,
                             by=actor.member_id)  # fmt: skip


def title_of(name: str, job: Job | None) -> str:
    """Name a job in the reader's language; one that is gone by its name."""
    plugin = name.partition(".")[0]
    return name if job is None else translator(job.title, None if plugin == "core" else plugin)


def _page(errors: list[str] | None = None) -> str:
    scheduled = [
        {"title": title_of(job.name, job), "name": job.name, "when": _when(job),
         "run_url": f"{ROOT}/jobs/run/{job.name}", "runs_url": _runs_url(job.name)}
        for job in usable_jobs().values() if job.at or job.every
    ]  # fmt: skip
    return page(
        "admin_jobs.html", active="jobs", title=translator(_("Background tasks")),
        errors=errors or [], scheduled=scheduled, **_tasks(),
    )  # fmt: skip


def _when(job: Job) -> str:
    """Say when a job runs by itself, in the reader's time; its own is the company's."""
    if job.at:
        company = ZoneInfo(admin().view.tenant.timezone)
        today = current_host().clock().astimezone(company).date()
        at = dt.datetime.combine(today, dt.time.fromisoformat(job.at), company)
        shown = f"{at.astimezone(formats().zone):%H:%M}"
        return translator(_("every day at {time}"), time=shown)
    return translator(_("every {minutes} minutes"), minutes=job.every)


def _tasks() -> dict[str, Any]:
    host, tenant_id = current_host(), admin().tenant_id
    state, name = request.args.get("state", ""), request.args.get("job", "")
    states = (state,) if state in STATES else ()
    try:
        before = UUID(request.args["before"]) if request.args.get("before") else None
    except ValueError as error:
        raise HttpNotFound from error
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        counts = queue.counts(connection, tenant_id, job=name or None)
        found = queue.tasks(connection, tenant_id, states=states, limit=_PER_PAGE + 1,
                            before=before, job=name or None)  # fmt: skip
        is_unattended = unattended(connection, found)
    jobs = all_jobs(host)
    chosen = {"job": name} if name else {}
    tabs = [{"label": translator(_("All tasks")), "url": _url(**chosen), "active": not states,
             "count": formats().number(sum(counts.values()))}]  # fmt: skip
    tabs += [
        {"label": translator(word), "url": _url(**chosen, state=key), "active": key == state,
         "count": formats().number(counts.get(key, 0))}
        for key, (word, _tone, _icon) in STATES.items() if counts.get(key) or key == state
    ]  # fmt: skip
    if states:
        chosen["state"] = state
    more = found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None
    shown = request.query_string.decode("ascii", "replace")
    return {
        "tabs": tabs, "tasks": [describe(task, jobs.get(task.job)) for task in found[:_PER_PAGE]],
        "rows_url": f"{ROOT}/jobs/rows" + (f"?{shown}" if shown else ""),
        "more_url": _url(**chosen, before=str(more)) if more else None,
        "is_filtered": bool(chosen), "state": state if states else "", "all_url": _url(),
        "is_unattended": is_unattended,
        "runs_of": title_of(name, jobs.get(name)) if name else "",
    }  # fmt: skip


def _url(**chosen: str) -> str:
    return f"{ROOT}/jobs" + (f"?{urlencode(chosen)}" if chosen else "")


def _runs_url(job: str) -> str:
    return _url(job=job)


def describe(task: Task, job: Job | None) -> dict[str, Any]:
    """Describe a task as the page shows it."""
    word, tone, icon = STATES[task.state]
    member = admin().view.members.get(task.created_by) if task.created_by else None
    write = formats()
    moment = task.finished_at or task.started_at or task.run_at
    if task.state == "queued":
        moment = task.run_at
    took = ""
    if task.started_at is not None and task.state == "done" and task.finished_at is not None:
        seconds = max((task.finished_at - task.started_at).total_seconds(), 0)
        took = translator(_("took {seconds} s"), seconds=write.number(round(seconds, 1)))
    progress = None
    if task.state == "running" and task.progress is not None:
        progress = {"done": write.number(task.progress), "value": task.progress,
                    "total": task.progress_total}  # fmt: skip
    message = task.message or ""
    if (task.state == "running" and job is not None
            and job.holds_lock(current_host().engine.dialect.name)):  # fmt: skip
        message = _("It writes: on SQLite its progress does not show, and to cancel it waits for "
                    "its end.")  # fmt: skip
    return {
        "id": str(task.id), "title": title_of(task.job, job), "job": task.job,
        "badge": {"label": translator(word), "tone": tone, "icon": icon},
        "when": write.relative(moment), "moment": write.date_time(moment),
        "by": member.name if member is not None else translator(_("By itself")),
        "message": translator(message) if message else "",
        "took": took, "runs_url": _runs_url(task.job), "event": _event(task),
        "about": about(admin(), task),
        "attempts": task.attempts, "progress": progress, "result": _result(task),
        "cancel_url": f"{ROOT}/jobs/{task.id}/cancel" if task.state in ("queued", "running", "held")
        else None,
        "retry_url": f"{ROOT}/jobs/{task.id}/retry" if task.state in ("failed", "cancelled", "held")
        else None,
    }  # fmt: skip


def _event(task: Task) -> str:
    """Name the event that a module was told; empty for other tasks."""
    heard = task.job == reaction(task.job.partition(".")[0])
    return str(task.payload.get("event", "")) if heard else ""


def _result(task: Task) -> str | Markup:
    """Say what came of a task, where that is a number or a word."""
    if task.state != "done" or not isinstance(task.result, int | str):
        return ""
    return formats().number(task.result) if isinstance(task.result, int) else task.result
