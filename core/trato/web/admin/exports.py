"""A copy of all that the company keeps: ask for it, see how far it is, take it away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import send_file
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.db.engine import transaction
from trato.jobs import queue
from trato.jobs.catalogue import EXPORT, all_jobs
from trato.jobs.queue import Task
from trato.jobs.removing import REMOVE
from trato.lifecycle.exports import KEPT, find_export
from trato.text import _
from trato.web.admin.jobs import describe, queue_now
from trato.web.admin.layout import ROOT, admin, blueprint, done, fragment, page
from trato.web.auth import current_host
from trato.web.exchange_tasks import unattended
from trato.web.frame import formats, translator


@blueprint.get("/export")
def show_exports() -> str:
    """Show the copies that were made and the one that is being made."""
    return page(
        "admin_export.html", active="export", title=translator(_("Copy of your data")),
        kept=KEPT, **_copies(),
    )  # fmt: skip


@blueprint.get("/export/rows")
def export_rows() -> str:
    """Give the copies again; the page asks while one is being made."""
    return fragment("_admin_copies.html", **_copies())


@blueprint.post("/export")
def make_export() -> Response:
    """Queue a copy, unless one is being made."""
    before = _tasks(EXPORT)
    is_made = any(task.state in ("queued", "running") for task in before)
    # Of two that were asked for at the same moment only one is queued.
    key = f"{EXPORT}!{before[0].id if before else ''}"
    if is_made or queue_now(all_jobs(current_host())[EXPORT], unique_key=key) is None:
        return done("export", _("A copy is being made already."))
    return done("export", _("The copy is being made; you may leave this page."))


@blueprint.get("/export/<uuid:task_id>")
def download(task_id: UUID) -> Response:
    """Give a finished copy as a file."""
    host, tenant_id = current_host(), admin().tenant_id
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        task = queue.find(connection, tenant_id, task_id)
    is_made = task.job in (EXPORT, REMOVE) and task.state == "done"
    path = find_export(host, tenant_id, task.result) if is_made else None
    if path is None:
        raise HttpNotFound
    return send_file(path, as_attachment=True, download_name=path.name, max_age=0,
                     mimetype="application/zip")  # fmt: skip


def _tasks(*jobs: str) -> list[Task]:
    host, tenant_id = current_host(), admin().tenant_id
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        found = [
            task for job in jobs
            for task in queue.tasks(connection, tenant_id, job=job, limit=KEPT * 3)
        ]  # fmt: skip
    return sorted(found, key=lambda task: task.id, reverse=True)


def _copies() -> dict[str, Any]:
    host, tenant_id = current_host(), admin().tenant_id
    jobs = all_jobs(host)
    rows = []
    busy = False
    tasks = _tasks(EXPORT, REMOVE)
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        is_unattended = unattended(connection, tasks)
    for task in tasks:
        row = describe(task, jobs[task.job]) | {"size": "", "records": "", "url": None}
        row["about"] = _about(task)
        busy = busy or task.state in ("queued", "running")
        if task.state == "done" and isinstance(task.result, dict):
            there = find_export(host, tenant_id, task.result) is not None
            # What a copy was brought back from may say less.
            size, records = task.result.get("bytes"), task.result.get("records")
            row["size"] = _size(size) if isinstance(size, int) else ""
            row["records"] = formats().number(records) if isinstance(records, int) else ""
            row["url"] = f"{ROOT}/export/{task.id}" if there else None
        rows.append(row)
    return {"copies": rows, "busy": busy, "is_unattended": is_unattended}


def _about(task: Task) -> str:
    """Say whose data an archive of a removed module holds; empty for a copy of everything."""
    name = str(task.payload.get("plugin", "")) if task.job == REMOVE else ""
    plugin = current_host().plugins.get(name)
    module = name if plugin is None else translator(plugin.title, name)
    return translator(_("Removed data of {module}"), module=module) if name else ""


def _size(count: int) -> str:
    """Write a size as files show it."""
    if count < 1_000_000:
        return f"{formats().number(max(count // 1000, 1))} KB"
    return f"{formats().decimal(count / 1_000_000, places=1)} MB"
