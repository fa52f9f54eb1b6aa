"""How far the task of an import or export is, for the pages of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Connection

from trato.db.engine import transaction
from trato.errors import DomainError
from trato.exchange.desk import Desk
from trato.exchange.results import COUNTS
from trato.i18n.durations import time_left
from trato.jobs import presence, queue
from trato.jobs.queue import Task
from trato.records import notices
from trato.text import _
from trato.web.auth import current_host, end_reading, reading
from trato.web.frame import formats, translator

#: State of a task, its word, tone and icon.
STATES = {
    "queued": (_("Waiting"), "info", "clock"),
    "running": (_("Running"), "accent", "player-play"),
    "held": (_("Held"), "warn", "clock-pause"),
    "failed": (_("Failed"), "bad", "alert-circle"),
    "cancelled": (_("Cancelled"), "calm", "ban"),
    "done": (_("Done"), "ok", "check"),
}
_WORDS = {
    "created": _("Records created"), "updated": _("Records changed"),
    "unchanged": _("Rows without a change"), "skipped": _("Rows left out"),
    "refused": _("Rows refused"), "duplicates": _("Created with a duplicate"),
}  # fmt: skip
#: Refusals that the page shows; the file of errors has them all.
_SHOWN = 20


def unattended(connection: Connection, tasks: Iterable[Task]) -> bool:
    """Tell whether tasks wait for a worker and none is there."""
    now = current_host().clock()
    waiting = any(t.state == "running" or (t.state == "queued" and t.run_at <= now) for t in tasks)
    return waiting and not presence.present(connection, "worker", now=now)


def find_task(desk: Desk) -> Task | None:
    """Find the last task of an import or export, as long as it is remembered."""
    if not desk.tasks:
        return None
    tenant_id = g.actor.tenant_id
    with transaction(current_host().engine, tenant_id=tenant_id, read=True) as connection:
        try:
            return queue.find(connection, tenant_id, UUID(desk.tasks[-1]))
        except DomainError:
            return None


def cancel(desk: Desk) -> None:
    """Stop the last task, unless it is over."""
    _change(desk, queue.cancel)


def resume(desk: Desk) -> None:
    """Queue the last task again; it goes on where it was."""
    _change(desk, queue.retry)


def _change(desk: Desk, change: Any) -> None:
    task = find_task(desk)
    if task is None:
        return
    host, tenant_id = current_host(), g.actor.tenant_id
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        change(connection, tenant_id, task.id, now=host.clock())


def told(desk: Desk, url: str) -> dict[str, Any] | None:
    """Make what `_exchange.html` shows of the last task; None where nothing was begun."""
    task = find_task(desk)
    if task is None:
        return None
    if task.state in queue.OVER:
        _see(desk)
    word, tone, icon = STATES.get(task.state, STATES["queued"])
    result = task.result if isinstance(task.result, dict) else {}
    is_trial = str(task.id) in desk.trials
    number = formats().number
    return {
        "badge": {"label": translator(word), "tone": tone, "icon": icon},
        "state": task.state, "is_busy": task.state in ("queued", "running"),
        "is_unattended": _is_unattended(task), "is_trial": is_trial, "message": task.message or "",
        "done": task.progress or 0, "total": task.progress_total or 0,
        "progress": _progress(task), "left": _left(task),
        "counts": [
            {"key": key, "label": translator(_WORDS[key]), "count": number(int(result[key]))}
            for key in COUNTS if result.get(key)
        ],
        "is_same": task.state == "done" and bool(result.get("unchanged"))
        and not any(result.get(key) for key in COUNTS if key != "unchanged"),
        "notices": result.get("notices", []),
        "problems": [
            {"row": number(row), "column": column, "text": text}
            for row, column, text in result.get("problems", [])[:_SHOWN]
        ],
        "errors_url": f"{url}/errors.csv" if result.get("errors_bytes") else None,
        "cancel_url": f"{url}/cancel", "resume_url": f"{url}/resume",
        "can_resume": task.state in ("failed", "cancelled", "held"),
        "status_url": f"{url}/status",
        "file_url": f"{url}/file" if task.state == "done" and "records" in result else None,
        "records": number(int(result["records"])) if "records" in result else "",
    }  # fmt: skip


def _see(desk: Desk) -> None:
    """Take what the bell would tell of it for read: whoever began it is looking."""
    actor = g.actor
    if actor.member_id is None or actor.viewer is not None:
        return
    with reading().connection(actor.tenant_id) as connection:
        is_new = notices.has_unseen(connection, actor.tenant_id, actor.member_id, desk.id)
    if is_new:
        end_reading()
        with current_host().unit(actor) as unit:
            notices.see(unit, record_id=desk.id)


def _is_unattended(task: Task) -> bool:
    if task.state not in ("queued", "running"):
        return False
    with reading().connection(g.actor.tenant_id) as connection:
        return unattended(connection, [task])


def _progress(task: Task) -> str:
    if not task.progress:
        return ""
    number = formats().number
    if not task.progress_total:
        return translator(_("{done} rows"), done=number(task.progress))
    return translator(_("{done} of {total} rows"), done=number(task.progress),
                      total=number(task.progress_total))  # fmt: skip


def _left(task: Task) -> str:
    """Say how much time is left, by what was done since it was begun, or gone on with."""
    if task.state != "running" or not task.progress or not task.progress_total:
        return ""
    if task.started_at is None:
        return ""
    passed: dt.timedelta = current_host().clock() - task.started_at
    before = task.result.get("before", 0) if isinstance(task.result, dict) else 0
    left = time_left(
        passed.total_seconds(), task.progress - before, task.progress_total - task.progress
    )
    if left is None:
        return ""
    return translator(left.text, **{k: formats().number(v) for k, v in left.params.items()})
