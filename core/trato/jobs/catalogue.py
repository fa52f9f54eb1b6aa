"""Every job that there is: the plugins' and core's own."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from trato.exchange import course, desk
from trato.exchange.writing import write_csv
from trato.host import Host
from trato.jobs.declared import DetachedContext, Job, JobContext, QueuedJob, Temporary
from trato.jobs.emptying import emptying_job
from trato.jobs.exchanging import exchange_jobs
from trato.jobs.mailing import mailing_job
from trato.jobs.merging import merging_job
from trato.jobs.queue import remove_done, remove_old
from trato.jobs.refilling import refilling_job
from trato.jobs.removing import removing_job
from trato.jobs.telling import tell
from trato.lifecycle.exports import drop_removed, export_tenant
from trato.mail.invitations import (
    CHANGED,
    RESET,
    SEND,
    send_changed,
    send_invitation,
    send_reset,
)
from trato.mail.sending import MailError
from trato.records import audit, audit_seals, events
from trato.records.outbox import send_job
from trato.records.unit import Unit
from trato.sso import inviting
from trato.sync.jobs import connector_jobs
from trato.text import _

log = logging.getLogger("trato.jobs")

EXPORT = "core.export_tenant"
VERIFY = "core.verify_audit"
CLEAN = "core.remove_old_tasks"
SEAL = "core.seal_audit"
#: For so long one can look up what a task did. The clock's keys must outlive its slots by far.
TASKS_KEPT = dt.timedelta(days=90)
#: Each saved record may make some of them, and nobody looks up one that went well.
EVENTS_KEPT = dt.timedelta(days=1)
#: Faults that are kept with the result; more are counted.
_SHOWN = 50


def all_jobs(host: Host) -> Mapping[str, Job]:
    """Give all jobs by name; a plugin's runs only where the plugin is enabled."""
    return {**core_jobs(host), **host.registry.jobs, **reactions(host), **connector_jobs(host)}


def reactions(host: Host) -> dict[str, Job]:
    """Make the jobs in which plugins hear events, one for each plugin that hears any."""

    def make(plugin: str) -> Job:
        def react(ctx: JobContext) -> None:
            event = events.read(ctx.unit, ctx.payload)
            host.registry.one(plugin).trato_event(unit=ctx.unit, event=event)

        return QueuedJob(name=events.reaction(plugin), title=host.plugins[plugin].title, run=react)

    return {events.reaction(plugin): make(plugin) for plugin in host.registry.listeners}


def core_jobs(host: Host) -> dict[str, Job]:
    """Make core's own jobs, which know the host."""

    def export(ctx: JobContext) -> dict[str, Any]:
        return asdict(
            export_tenant(host, ctx.unit.tenant_id, write_table=write_csv, report=ctx.report)
        )

    def verify(ctx: JobContext) -> dict[str, Any]:
        unit = ctx.unit
        found = list(
            audit.verify(
                unit.connection, unit.tenant_id, unit.view.entities.values(), keys=unit.audit_keys
            )
        )
        return {
            "rows": audit.length(unit.connection, unit.tenant_id), "count": len(found),
            "faults": [
                {"record_id": str(f.record_id) if f.record_id else None,
                 "sequence": f.sequence, "kind": f.kind}
                for f in found[:_SHOWN]
            ],
            **told_of_seals(unit),
        }  # fmt: skip

    def seal(ctx: JobContext) -> str:
        unit = ctx.unit
        made = audit_seals.seal(
            unit.connection, unit.tenant_id, now=ctx.now, key=unit.audit_keys[0]
        )
        if made is None:
            return "-"
        # In the log the seal stands where whoever can write to the database cannot reach it.
        log.info("audit of tenant %s sealed: number %s, %s chains, hash %s", unit.tenant_id,
                 made.number, made.chains, made.hash.hex())  # fmt: skip
        return f"{made.number}: {made.hash.hex()}"

    def clean(ctx: JobContext) -> int:
        unit = ctx.unit
        drop_removed(host, unit.tenant_id, now=ctx.now)
        desk.remove_old(host, unit.connection, unit.tenant_id, before=ctx.now - desk.KEPT_FOR)
        course.remove_old(unit.connection, unit.tenant_id, before=ctx.now - course.KEPT)
        heard = [events.reaction(plugin) for plugin in host.registry.listeners]
        heard += [send_job(name) for name in host.registry.connectors]
        return remove_old(
            unit.connection, unit.tenant_id, before=ctx.now - TASKS_KEPT
        ) + remove_done(unit.connection, unit.tenant_id, heard, before=ctx.now - EVENTS_KEPT)

    def letter(send: Callable[..., None]) -> Callable[[DetachedContext], None]:
        def run(ctx: DetachedContext) -> None:
            said = {"inviter": ctx.payload["inviter"]} if "inviter" in ctx.payload else {}
            try:
                send(host, ctx.tenant_id, user_id=UUID(ctx.payload["user_id"]), **said)
            except MailError as error:
                if error.code == "address_refused":
                    raise
                told = error.message
                raise Temporary(told.text, hint=error.hint.text, **told.params) from error

        return run

    made = (
        Job(name=CLEAN, title=_("Remove the record of old tasks"), run=clean, at="03:30"),
        merging_job(host),
        refilling_job(host),
        removing_job(host),
        emptying_job(),
        mailing_job(host, lambda: all_jobs(host)),
        # They write no records, and go out without a licence too: a new company has none yet.
        QueuedJob(name=SEND, title=_("Send an invitation"), run=letter(send_invitation),
                  reads=True, detached=True, attempts=8),
        QueuedJob(name=RESET, title=_("Send a link for a new password"), run=letter(send_reset),
                  reads=True, detached=True, attempts=8),
        QueuedJob(name=CHANGED, title=_("Tell of a changed password"), run=letter(send_changed),
                  reads=True, detached=True, attempts=8),
        QueuedJob(name=inviting.SEND, title=_("Send a link for the company's provider"),
                  run=letter(inviting.send_link), reads=True, detached=True, attempts=8),
        Job(name=SEAL, title=_("Seal the audit"), run=seal, at="02:30"),
        Job(name=EXPORT, title=_("Copy all data of the company"), run=export, reads=True,
            attempts=2, tell=tell),
        Job(name=VERIFY, title=_("Verify the audit"), run=verify, reads=True, attempts=2),
        *exchange_jobs(host),
    )  # fmt: skip
    return {job.name: job for job in made}


def told_of_seals(unit: Unit) -> dict[str, Any]:
    """Say up to where a tenant's audit is sealed, and what is not yet, as JSON holds it."""
    tail = audit_seals.tail(unit.connection, unit.tenant_id)
    last = tail.seal
    return {
        "seal": last
        and {"number": last.number, "at": last.at.isoformat(), "hash": last.hash.hex()},
        "unsealed": {"entries": tail.rows, "since": tail.since and tail.since.isoformat()},
    }
