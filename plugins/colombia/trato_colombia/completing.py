"""Third parties that were there before Colombia was switched on get type and check digit too."""

from __future__ import annotations

from typing import Any

from trato.api import Filter, JobContext, Page, Records, Unit, _, job
from trato_clients.api import Client
from trato_colombia.identification_types import Holder, IdentificationType, find_type
from trato_colombia.recognition import guess_type

NAME = "colombia.complete_clients"
#: Records read and written by one set of statements, and sets of one task: the next is queued, so
#: that a company of any size is done in transactions of a few seconds.
_SET = 500
_SETS = 8
_COLUMNS = ("kind", "identification", "identification_type")
_LACKING = (
    Filter(path="colombia.identification_type", op="isnull", value=True),
    Filter(path="identification", op="isnull", value=False),
)


def begin(unit: Unit) -> None:
    """Queue the work where a company has third parties without a type already."""
    if _page(unit.records, None, limit=1).rows:
        unit.enqueue(NAME)


@job(NAME, _("Complete the third parties that were there before"))
def complete_clients(ctx: JobContext) -> dict[str, int]:
    """Give type and check digit to third parties whose identification tells them.

    What is in doubt stays as it is, and so does a number that a Colombian document cannot have:
    whoever edits it next is told. All passes the write path, so the history shows it.

    :return: how many were completed, left in doubt, and refused.
    """
    told = {name: int(ctx.payload.get(name, 0)) for name in ("completed", "in_doubt", "refused")}
    cursor = ctx.payload.get("cursor")
    for _number in range(_SETS):
        page = _page(ctx.records, cursor, limit=_SET)
        rows = [(row["id"], _type_of(row)) for row in page.records()]
        found = [(record_id, kind) for record_id, kind in rows if kind is not None]
        outcomes = ctx.records.bulk(
            Client, [{"colombia.identification_type": kind.key} for _id, kind in found],
            match="id", ids=[record_id for record_id, _kind in found],
        )  # fmt: skip
        refused = sum(outcome.status == "refused" for outcome in outcomes)
        told["completed"] += len(found) - refused
        told["refused"] += refused
        told["in_doubt"] += len(rows) - len(found)
        ctx.report(sum(told.values()), None)
        cursor = page.next
        if cursor is None:
            return told
    ctx.unit.enqueue(NAME, {**told, "cursor": cursor})
    return told


def _page(records: Records, cursor: str | None, *, limit: int) -> Page:
    return records.query(Client, columns=_COLUMNS, filters=_LACKING, limit=limit, cursor=cursor)


def _type_of(row: Any) -> IdentificationType | None:
    written = row["identification_type"]
    if written is not None:
        return find_type(written)
    return guess_type(Holder(row["kind"]), row["identification"])
