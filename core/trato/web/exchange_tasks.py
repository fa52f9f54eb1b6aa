"""How far the task of an import or export is, for the pages of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Connection

from trato.access import rules
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.errors import DomainError, NotFound
from trato.exchange import desk as desks
from trato.exchange.desk import Desk
from trato.exchange.results import COUNTS
from trato.i18n.durations import time_left
from trato.jobs import presence, queue
from trato.jobs.exchanging import EXPORT, EXPORTS, IMPORT, IMPORTS
from trato.jobs.queue import Task
from trato.records import notices
from trato.records.unit import Unit
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
_FORETOLD = {
    "created": _("Would be created"), "updated": _("Would be changed"),
    "unchanged": _("Rows without a change"), "skipped": _("Would be left out"),
    "refused": _("Would be refused"), "duplicates": _("Would have a duplicate"),
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
    result = task.result if isinstance(task.result, dict) else {}
    is_trial = str(task.id) in desk.trials
    number = formats().number
    return {
        "badge": badge(task.state),
        "state": task.state, "is_busy": task.state in ("queued", "running"),
        "is_unattended": _is_unattended(task), "is_trial": is_trial, "message": task.message or "",
        "done": task.progress or 0, "total": task.progress_total or 0,
        "progress": _progress(task), "left": _left(task), "stayed": _stayed(task, is_trial),
        "counts": counted(task, is_trial),
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


def counted(task: Task, is_trial: bool) -> list[dict[str, str]]:
    """List what became of the rows of an import."""
    words = _FORETOLD if is_trial else _WORDS
    result = task.result if isinstance(task.result, dict) else {}
    return [
        {"key": key, "label": translator(words[key]), "count": formats().number(int(result[key]))}
        for key in COUNTS if result.get(key)
    ]  # fmt: skip


def came_to(task: Task, is_trial: bool) -> str:
    """Say on one line what came of an import or export so far."""
    result = task.result if isinstance(task.result, dict) else {}
    parts = [translator(_("Trial"))] * is_trial
    parts += [f"{one['label']}: {one['count']}" for one in counted(task, is_trial)]
    if "records" in result:
        parts.append(f"{translator(_('Records'))}: {formats().number(result['records'])}")
    return " · ".join(parts)


def badge(state: str) -> dict[str, str]:
    """Make the badge of a task's state."""
    word, tone, icon = STATES.get(state, STATES["queued"])
    return {"label": translator(word), "tone": tone, "icon": icon}


def about(actor: Actor, task: Task) -> str:
    """Say of which kind of record and file an import or export is, and what came of it.

    Names of files are for whoever began it, and for those who may do the same.
    """
    if task.job not in (IMPORT, EXPORT):
        return ""
    host = current_host()
    kind = IMPORTS if task.job == IMPORT else EXPORTS
    parts: list[str] = []
    try:
        place = desks.root(host, actor.tenant_id, kind) / str(UUID(task.payload.get("desk", "")))
        desk = Desk.read(place)
    except (ValueError, TypeError, AttributeError, NotFound):  # its files are gone
        desk = None
    entity = None if desk is None else actor.view.entities.get(desk.entity)
    if desk is not None and entity is not None:
        parts.append(translator(entity.info.titles, entity.info.plugin))
        is_own = actor.member_id is not None and desk.member_id == str(actor.member_id)
        may = rules.decide(actor, entity, "import" if kind == IMPORTS else "export").allowed
        parts += [desk.file] * (is_own or may)
    parts.append(came_to(task, bool(task.payload.get("dry_run"))))
    return " · ".join(part for part in parts if part)


def news(unit: Unit, told: Iterable[notices.Notice]) -> dict[UUID, tuple[str, bool]]:
    """Give, by the id of a notice, the file, what came of it, and whether rows were refused."""
    host, actor = current_host(), unit.actor
    found: dict[UUID, tuple[Desk, UUID | None]] = {}
    for one in told:
        if one.kind not in notices.EXCHANGES:
            continue
        kind = EXPORTS if one.kind in ("export", "exported") else IMPORTS
        try:
            desk = desks.find(host, actor.tenant_id, kind, one.record_id, member_id=actor.member_id)
        except NotFound:
            continue
        runs = [task for task in desk.tasks if task not in desk.trials]
        which = {"tried": desk.trials, "imported": runs}.get(one.kind, desk.tasks)
        found[one.id] = (desk, UUID(which[-1]) if which else None)
    tasks = queue.some(unit.connection, actor.tenant_id, {id for _desk, id in found.values() if id})
    made = {}
    for id, (desk, task_id) in found.items():
        task = tasks.get(task_id) if task_id is not None else None
        text = "" if task is None else came_to(task, str(task_id) in desk.trials)
        result = task.result if task is not None and isinstance(task.result, dict) else {}
        made[id] = (" · ".join(filter(None, (desk.file, text))), bool(result.get("refused")))
    return made


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


def _stayed(task: Task, is_trial: bool) -> str:
    """Say of an import that ended early that what it has written is there."""
    if task.job != IMPORT or is_trial or not task.progress:
        return ""
    if task.state not in ("cancelled", "failed"):
        return ""
    return translator(_("What was written until then stays; going on begins after it."))


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
