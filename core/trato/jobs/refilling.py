"""Records that are indexed anew as a task, once many of them have to follow an own field."""

from __future__ import annotations

from trato.configuration import refilling
from trato.configuration.refilling import Refill
from trato.host import Host
from trato.jobs.declared import DetachedContext, QueuedJob
from trato.jobs.telling import tell
from trato.text import _


def refilling_job(host: Host) -> QueuedJob:
    """Make the job, which knows the host; each batch is a transaction of its own."""

    def run(ctx: DetachedContext) -> int:
        wanted = Refill.load(ctx.payload)
        return refilling.do_in_background(host, ctx.tenant_id, wanted, report=ctx.report)

    return QueuedJob(name=refilling.JOB, title=_("Index records by own fields"), run=run,
                     detached=True, attempts=20, tell=tell)  # fmt: skip
