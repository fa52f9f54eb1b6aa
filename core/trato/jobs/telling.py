"""Telling by the bell that work which a person asked for is over."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection

from trato.records import notices


def tell(connection: Connection, row: Any, done: bool, now: dt.datetime) -> None:
    """Tell whoever asked for a task that it is done, or has failed for good.

    :param row: of the task; one that nobody asked for is told to nobody.
    """
    if row.created_by is not None:
        notices.tell_of_task(
            connection, row.tenant_id, row.created_by, job=row.job, task_id=row.id, done=done,
            now=now,
        )  # fmt: skip
