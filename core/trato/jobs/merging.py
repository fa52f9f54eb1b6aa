"""Merging of two values of an own choice as a task, where many records have to be rewritten."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from trato.access.actor import Actor
from trato.configuration.merging import merge_choice
from trato.db.engine import transaction
from trato.errors import Forbidden
from trato.host import Host
from trato.jobs.declared import DetachedContext, QueuedJob
from trato.jobs.queue import enqueue
from trato.jobs.telling import tell
from trato.text import _

MERGE = "core.merge_choice"
#: A page rewrites so many records while one waits; more than a second's work goes to the queue.
AT_ONCE = 500


def merging_job(host: Host) -> QueuedJob:
    """Make the job, which knows the host. Done twice it finds nothing left to rewrite."""

    def run(ctx: DetachedContext) -> int:
        given = ctx.payload
        system = host.system(ctx.tenant_id, via="page")
        member = system.view.members.get(UUID(given["member_id"]))
        if member is None or not member.may_enter(host.clock()):
            raise Forbidden(_("Whoever asked for this no longer works here."))
        return merge_choice(
            host, replace(system, member=member), given["entity"], given["key"],
            value=given["value"], into=given["into"],
        )  # fmt: skip

    return QueuedJob(name=MERGE, title=_("Merge two values"), run=run, detached=True, attempts=3,
                     tell=tell)  # fmt: skip


def merge_later(host: Host, actor: Actor, entity: str, key: str, *, value: str, into: str) -> None:
    """Queue the merge of a value into another, in the name of the member who asks."""
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        enqueue(
            connection, actor.tenant_id, MERGE, now=host.clock(), by=actor.member_id,
            payload={"entity": entity, "key": key, "value": value, "into": into,
                     "member_id": str(actor.member_id)},
        )  # fmt: skip
