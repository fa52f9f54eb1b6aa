"""Tasks that wait because a plugin is switched off."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, update

from trato.tenancy.tables import task


def release(connection: Connection, tenant_id: int, plugin: str, *, now: dt.datetime) -> int:
    """Queue again what was held while a plugin was disabled.

    :return: how many tasks.
    """
    changed = connection.execute(
        update(task)
        .where(
            task.c.tenant_id == tenant_id, task.c.state == "held",
            task.c.job >= f"{plugin}.", task.c.job < f"{plugin}/",
        )
        .values(state="queued", run_at=now, message=None)
    )  # fmt: skip
    return changed.rowcount
