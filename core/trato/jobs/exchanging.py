"""Imports and exports as tasks: any worker runs them, and goes on where another one was lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from trato.access.actor import Actor, Via
from trato.db.engine import transaction
from trato.errors import DomainError, Forbidden, NotFound, TratoError
from trato.exchange import desk as desks
from trato.exchange import saved_query
from trato.exchange.desk import Desk
from trato.exchange.exporting import run_export
from trato.exchange.importing import run_import
from trato.exchange.mapping import ERROR_COLUMNS, ERROR_TITLES
from trato.host import Host
from trato.jobs.declared import Cancelled, DetachedContext, QueuedJob
from trato.records import notices
from trato.records.unit import Unit
from trato.tenancy.tables import task
from trato.text import _

IMPORT = "core.import_records"
EXPORT = "core.export_records"
IMPORTS, EXPORTS = "imports", "exports"


def exchange_jobs(host: Host) -> tuple[QueuedJob, ...]:
    """Make the jobs, which know the host.

    They open transactions of their own, batch by batch.
    """
    return (
        QueuedJob(name=IMPORT, title=_("Import records"), reads=True, detached=True, attempts=20,
                  run=lambda ctx: _told(host, ctx, _import), tell=partial(_tell, host)),
        QueuedJob(name=EXPORT, title=_("Export records"), reads=True, detached=True, attempts=3,
                  run=lambda ctx: _told(host, ctx, _export), tell=partial(_tell, host)),
    )  # fmt: skip


def _tell(host: Host, connection: Connection, row: Any, done: bool, now: dt.datetime) -> None:
    """Tell by the bell whoever began it; a page that waits for it says so by itself."""
    payload = row.payload or {}
    try:
        folder = str(UUID(payload.get("desk", "")))
        kept = desks.root(host, row.tenant_id, IMPORTS if row.job == IMPORT else EXPORTS)
        desk = Desk.read(kept / folder)
    except (ValueError, NotFound):  # begun by nobody's page, or its files are gone
        return
    kind: notices.Exchange = "import" if row.job == IMPORT else "export"
    if done:
        kind = "exported" if row.job == EXPORT else "imported"
        kind = "tried" if payload.get("dry_run") else kind
    if row.created_by is not None:
        notices.tell_of_exchange(
            connection, row.tenant_id, row.created_by, kind, entity=desk.entity, desk_id=desk.id,
            now=now,
        )  # fmt: skip


def _told(
    host: Host,
    ctx: DetachedContext,
    run: Callable[[Host, DetachedContext, Desk, Actor], dict[str, Any]],
) -> dict[str, Any]:
    """Run, and say what was refused in the language of whoever asked for it."""
    kind = IMPORTS if run is _import else EXPORTS
    try:
        desk = Desk.read(
            desks.root(host, ctx.tenant_id, kind) / str(UUID(ctx.payload.get("desk", "")))
        )
    except ValueError:
        raise DomainError(_("Imports and exports begin on the page of a list.")) from None
    actor = _actor(host, ctx.tenant_id, desk, "import" if kind == IMPORTS else "page")
    try:
        return run(host, ctx, desk, actor)
    except DomainError as error:
        texts = [host.catalogs.message(m, actor.locale) for m in (error.message, error.hint)]
        for messages in getattr(error, "errors", {}).values():
            texts += [host.catalogs.message(m, actor.locale) for m in messages]
        raise TratoError("{text}", text=" ".join(text for text in texts if text)) from error


def _actor(host: Host, tenant_id: int, desk: Desk, via: Via) -> Actor:
    """Act as the member who asked, as far as he still may."""
    actor = host.system(tenant_id, via=via, label="import")
    if desk.member_id is None:
        return actor
    member = actor.view.members.get(UUID(desk.member_id))
    if member is None or not member.may_enter(host.clock()):
        raise Forbidden(_("Whoever asked for this no longer works here."))
    return replace(actor, member=member)


def _import(host: Host, ctx: DetachedContext, desk: Desk, actor: Actor) -> dict[str, Any]:
    tenant_id = ctx.tenant_id
    this = (task.c.tenant_id == tenant_id, task.c.id == ctx.task_id)
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        begun = connection.execute(
            select(task.c.worker, task.c.attempts, task.c.result).where(*this)
        ).one()
    dry_run = bool(ctx.payload.get("dry_run"))
    reached_before: Mapping[str, Any] = begun.result or {}
    # A trial has written nothing that it could go on with.
    last: Mapping[str, Any] = {} if dry_run else reached_before
    before = {"before": int(last.get("rows", 0))}

    def note(connection: Connection, reached: Mapping[str, Any]) -> None:
        """Note how far it is, unless the task is another's by now."""
        changed = connection.execute(
            update(task)
            .where(
                *this, task.c.state == "running", task.c.worker == begun.worker,
                task.c.attempts == begun.attempts,
            )
            .values(
                result={**reached, **before}, progress=reached["rows"],
                progress_total=reached["total"],
            )
        )  # fmt: skip
        if changed.rowcount != 1:
            raise Cancelled(_("The task is no longer this worker's."))

    def keep(unit: Unit, reached: dict[str, Any]) -> None:
        """Keep how far it is with the rows; whoever lost the task writes no row more."""
        note(unit.connection, reached)
        last_kept.update(reached)

    last_kept: dict[str, Any] = dict(last)
    if "rows" in reached_before:
        # What was done before tells nothing of the time that the rest takes.
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            note(connection, last or {"rows": 0, "total": reached_before["total"]})
    result = run_import(
        host, actor, desk.entity, desk.source, match=desk.match,
        map_file=desk.map_file if desk.map else None, encoding=desk.encoding,
        errors_path=desk.errors, dry_run=dry_run,
        duplicates=desk.duplicates,  # type: ignore[arg-type] # the page offers what there is
        keep=keep, resume=last if "rows" in last else None,
        error_titles=ERROR_TITLES.get(actor.locale, ERROR_COLUMNS),
    )  # fmt: skip
    notices = [host.catalogs.message(notice, actor.locale) for notice in result.notices]
    return last_kept | {"notices": notices, "dry_run": dry_run}


def _export(host: Host, ctx: DetachedContext, desk: Desk, actor: Actor) -> dict[str, Any]:
    def progress(done: int, total: int | None) -> None:
        ctx.report(done, total)

    query = saved_query.load(actor, actor.view.entity(desk.entity), desk.query)
    count = run_export(host, actor, desk.entity, desk.source, query=query, progress=progress)
    return {"records": count, "bytes": desk.source.stat().st_size}


__all__ = ["EXPORT", "EXPORTS", "IMPORT", "IMPORTS", "exchange_jobs"]
