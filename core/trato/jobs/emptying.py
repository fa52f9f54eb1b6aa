"""The nightly emptying of recycle bins, where a company keeps archived records for some days."""

from __future__ import annotations

from trato.jobs.declared import Job, JobContext
from trato.records import retention
from trato.text import _

EMPTY = "core.empty_bins"
#: Records in one transaction; what is left is another task.
_MOST = 2_000


def emptying_job() -> Job:
    """Make the job; each record that goes leaves a tombstone in the audit."""

    def empty(ctx: JobContext) -> int:
        gone = retention.empty(ctx.unit, most=_MOST)
        if gone >= _MOST:
            ctx.unit.enqueue(EMPTY)
        return gone

    return Job(name=EMPTY, title=_("Empty the recycle bins"), run=empty, at="04:00")
