"""How long archived records stay in the recycle bin before they are removed for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select, tuple_

from trato.entities.view import EntityView
from trato.errors import Conflict
from trato.records.unit import Unit
from trato.tenancy.core_settings import BIN_DAYS
from trato.tenancy.view import TenantView

_BATCH = 200


def bin_days(view: TenantView) -> int:
    """Say for how many days a tenant keeps what is archived; 0: for ever."""
    kept = view.settings.get(("core", BIN_DAYS.key))
    return int(BIN_DAYS.default if kept is None else kept)


def leaves_at(unit: Unit, entity: EntityView, record_id: UUID) -> dt.datetime | None:
    """Say when a record of the bin will have been there long enough; None: it stays."""
    days, table = bin_days(unit.view), entity.table
    if not days:
        return None
    archived: dt.datetime | None = unit.connection.execute(
        select(table.c.archived_at).where(
            table.c.tenant_id == unit.tenant_id, table.c.id == record_id
        )
    ).scalar()
    return None if archived is None else archived + dt.timedelta(days=days)


def empty(unit: Unit, *, most: int) -> int:
    """Remove for good what has been in the bins for longer than the tenant keeps it.

    What something else needs, or a plugin holds back, stays.

    :param most: stop after so many records; those that belong to them are not counted.
    :return: how many records were removed.
    """
    days = bin_days(unit.view)
    if not days:
        return 0
    before = unit.now - dt.timedelta(days=days)
    gone = 0
    for name, entity in unit.view.entities.items():
        for ids in _old(unit, entity, before):
            gone += _purge(unit, name, ids)
            if gone >= most:
                return gone
    return gone


def _old(unit: Unit, entity: EntityView, before: dt.datetime) -> Iterator[list[UUID]]:
    """Read the ids of what was archived before a moment, the longest ago first."""
    table = entity.table
    place = (table.c.archived_at, table.c.id)
    statement = (
        select(*place)
        .where(table.c.tenant_id == unit.tenant_id, table.c.archived_at < before)
        .order_by(*place)
        .limit(_BATCH)
    )
    page = statement
    while True:
        rows = unit.connection.execute(page).all()
        if not rows:
            return
        yield [row.id for row in rows]
        page = statement.where(tuple_(*place) > tuple_(*rows[-1]))


def _purge(unit: Unit, entity: str, ids: list[UUID]) -> int:
    try:
        outcomes = unit.records.purge(entity, ids)
    except Conflict:
        # Rows of a plugin that is not installed hold one of them, and nothing tells which.
        return 0 if len(ids) == 1 else sum(_purge(unit, entity, [one]) for one in ids)
    return sum(outcome.status == "purged" for outcome in outcomes)
