"""Files that tasks name: whether they lie where this process looks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from trato.db.engine import transaction
from trato.exchange import desk
from trato.host import Host
from trato.jobs.catalogue import EXPORT as COPY
from trato.jobs.exchanging import EXPORT, EXPORTS, IMPORT, IMPORTS
from trato.jobs.queue import OVER
from trato.jobs.removing import REMOVE
from trato.lifecycle.exports import REMOVED_KEPT, exports_folder
from trato.tenancy.tables import task
from trato.tenancy.view import Tenant


def missing(host: Host, tenant: Tenant) -> list[Path]:
    """Name the folders of a tenant's files that its tasks name and that are not there.

    What a task has made may be gone, as only the last few are kept; its folder never is. A task
    that is not over needs its own file.
    """
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        rows = connection.execute(
            select(task.c.job, task.c.state, task.c.payload, task.c.finished_at).where(
                task.c.tenant_id == tenant.id, task.c.job.in_((IMPORT, EXPORT, COPY, REMOVE))
            )
        ).all()
    named = {folder for row in rows for folder in _folders(host, tenant.id, row)}
    return sorted(folder for folder in named if not folder.is_dir())


def _folders(host: Host, tenant_id: int, row: Any) -> Iterator[Path]:
    if row.job in (IMPORT, EXPORT):
        name = str((row.payload or {}).get("desk", ""))
        if name:
            kept = desk.root(host, tenant_id, IMPORTS if row.job == IMPORT else EXPORTS)
            yield kept if row.state in OVER else kept / name
    elif row.state == "done" and (row.job == COPY or _is_young(row.finished_at, host.clock())):
        yield exports_folder(host, tenant_id)


def _is_young(finished: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether the archive of a removed module is still kept."""
    return finished is not None and finished > now - REMOVED_KEPT
