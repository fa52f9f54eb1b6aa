"""Removal of a switched-off module's data, as an administrator asks for it in a page."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any
from uuid import UUID

from trato.errors import DomainError, Forbidden
from trato.exchange.writing import write_csv
from trato.host import Host
from trato.jobs.declared import JobContext, QueuedJob
from trato.jobs.telling import tell
from trato.lifecycle.exports import removed_folder
from trato.lifecycle.plugins import purge_within
from trato.records.explaining import ADMINISTER
from trato.text import _

REMOVE = "core.remove_module_data"


def removing_job(host: Host) -> QueuedJob:
    """Make the job, which knows the host.

    Removal, tombstones and the end of the task are one transaction. The archive lies among the
    tenant's copies, where its administrator fetches it.
    """

    def remove(ctx: JobContext) -> dict[str, Any]:
        unit, plugin = ctx.unit, str(ctx.payload.get("plugin", ""))
        if not plugin:
            raise DomainError(_("The data of a module is removed on the page of the module."))
        member = unit.view.members.get(UUID(str(ctx.payload["member_id"])))
        actor = replace(unit.actor, member=member)
        if member is None or not member.may_enter(ctx.now) or not actor.has(ADMINISTER):
            raise Forbidden(_("Whoever asked for this is no administrator any more."))
        done = purge_within(
            host, unit.connection, actor, plugin, write_table=write_csv,
            folder=removed_folder(host, unit.tenant_id),
        )  # fmt: skip
        # By its own clock, so that it is kept for as long as the page says.
        os.utime(done.archive, (ctx.now.timestamp(),) * 2)
        return {"file": f"removed/{done.archive.name}", "bytes": done.archive.stat().st_size,
                "records": done.records, "plugin": plugin}  # fmt: skip

    return QueuedJob(name=REMOVE, title=_("Remove the data of a module"), run=remove, attempts=2,
                     tell=tell)  # fmt: skip
