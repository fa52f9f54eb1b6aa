"""How the connections of a tenant stand, and what its people can do about it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, case, delete, func, select, update

from trato.errors import DomainError, Message, NotFound, TratoError
from trato.host import Host
from trato.records.outbox import send_job, sync_job
from trato.records.sync_tables import connection as connections
from trato.records.sync_tables import outbox
from trato.records.sync_tables import stream as streams
from trato.sync import review
from trato.sync.connector import Stream, joined_hint
from trato.sync.errors import NotSetUp
from trato.sync.running import open_run, told
from trato.tenancy.tasks import enqueue
from trato.tenancy.view import TenantView
from trato.text import _

State = Literal["works", "fails", "not_set_up", "never_ran"]
#: States of a document about which somebody may want to know: what a person must settle first,
#: then what settles itself.
TROUBLED = ("rejected", "to_verify", "accepted", "sending", "pending")


@dataclass(frozen=True, kw_only=True)
class StreamStatus:
    """How far a stream is."""

    name: str
    title: str
    finished_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    message: Message | None = None
    #: Whether a pass has begun and not ended.
    is_open: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    entity: str = ""
    #: Fields that the other system rules, by path.
    owns: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ConnectorStatus:
    """How a connector stands."""

    name: str
    plugin: str
    title: str
    state: State
    run_at: dt.datetime | None = None
    reached_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    message: Message | None = None
    #: Documents by state.
    outbox: Mapping[str, int] = field(default_factory=dict)
    streams: Sequence[StreamStatus] = ()
    review: int = 0


@dataclass(frozen=True, kw_only=True)
class SentDocument:
    """A row of the outbox as people look at it."""

    id: UUID
    connector: str
    entity: str
    record_id: UUID
    reference: str
    state: str
    attempts: int
    run_at: dt.datetime
    changed_at: dt.datetime
    remote_key: str | None
    message: Message | None
    #: Until when whoever sends it has it for itself.
    lease_until: dt.datetime | None = None

    def is_cut(self, now: dt.datetime) -> bool:
        """Tell whether whoever sent it has ended in the middle; it is looked up then."""
        return self.state == "sending" and (self.lease_until is None or self.lease_until < now)


def connectors_of(host: Host, view: TenantView) -> dict[str, Any]:
    """Give the connectors of a tenant's enabled plugins, by name."""
    return {
        name: connector for name, connector in sorted(host.registry.connectors.items())
        if name.partition(".")[0] in view.enabled
    }  # fmt: skip


def status(host: Host, db: Connection, view: TenantView) -> list[ConnectorStatus]:
    """Say how every connector of a tenant stands; the other systems are not asked."""
    tenant_id = view.tenant.id
    known = {
        row.connector: row
        for row in db.execute(select(connections).where(connections.c.tenant_id == tenant_id))
    }
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, state, number in db.execute(
        select(outbox.c.connector, outbox.c.state, func.count())
        .where(outbox.c.tenant_id == tenant_id)
        .group_by(outbox.c.connector, outbox.c.state)
    ):
        counts[name][state] = number
    rows = {
        (row.connector, row.stream): row
        for row in db.execute(select(streams).where(streams.c.tenant_id == tenant_id))
    }
    waiting = review.count(db, tenant_id)
    found = []
    for name, made in connectors_of(host, view).items():
        row = known.get(name)
        message = told(row.message) if row is not None else None
        stands: State = "never_ran" if row is None else "fails" if row.failed_at else "works"
        of_connector: list[StreamStatus] = []
        try:
            for s in open_run(host, tenant_id, name).connector.streams():
                of_connector.append(_stream(s, rows.get((name, s.name))))
        except TratoError as error:
            stands = "not_set_up" if isinstance(error, NotSetUp) else "fails"
            message = joined_hint(error)
        found.append(
            ConnectorStatus(
                name=name, plugin=name.partition(".")[0], title=made.title, state=stands,
                run_at=row.run_at if row is not None else None,
                reached_at=row.reached_at if row is not None else None,
                failed_at=row.failed_at if row is not None else None,
                message=message, outbox=dict(counts[name]), streams=of_connector,
                review=waiting.get(name, 0),
            )
        )  # fmt: skip
    return found


def _stream(declared: Stream, row: Any) -> StreamStatus:
    known = StreamStatus(
        name=declared.name, title=declared.title, entity=declared.entity_name,
        owns=declared.owned_paths,
    )  # fmt: skip
    if row is None:
        return known
    return replace(
        known, finished_at=row.finished_at, failed_at=row.failed_at,
        message=told(row.message), is_open=row.pass_id is not None, counts=row.counts,
    )  # fmt: skip


def documents(
    db: Connection, tenant_id: int, connector: str, *, states: Sequence[str] = TROUBLED,
    limit: int = 50,
) -> list[SentDocument]:  # fmt: skip
    """Read documents, the first states first, and of one state the newest change."""
    place = case({state: number for number, state in enumerate(states)}, value=outbox.c.state)
    rows = db.execute(
        select(outbox)
        .where(outbox.c.tenant_id == tenant_id, outbox.c.connector == connector,
               outbox.c.state.in_(states))
        .order_by(place, outbox.c.changed_at.desc(), outbox.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [
        SentDocument(
            id=row.id, connector=row.connector, entity=row.entity, record_id=row.record_id,
            reference=row.reference, state=row.state, attempts=row.attempts, run_at=row.run_at,
            changed_at=row.changed_at, remote_key=row.remote_key, message=told(row.message),
            lease_until=row.lease_until,
        )
        for row in rows
    ]  # fmt: skip


def run_now(
    db: Connection, tenant_id: int, connector: str, *, now: dt.datetime, by: UUID | None = None,
    **payload: Any,
) -> UUID | None:  # fmt: skip
    """Queue a run ahead of its time; the payload is that of ``run_connector``."""
    return enqueue(db, tenant_id, sync_job(connector), now=now, payload=payload, by=by)


def retry(
    db: Connection, tenant_id: int, connector: str, *, now: dt.datetime, id: UUID | None = None
) -> int:
    """Let documents be sent, or looked up, now: the rejected ones too.

    One of which it is not known whether it arrived is looked up first, as ever.

    :param id: only this one.
    :return: how many they are.
    :raises NotFound: when the one that is named does not wait.
    """
    wanted = [outbox.c.tenant_id == tenant_id, outbox.c.connector == connector]
    if id is not None:
        wanted.append(outbox.c.id == id)
    again = db.execute(
        update(outbox).where(*wanted, outbox.c.state == "rejected")
        .values(state="pending", attempts=0, message=None, run_at=now)
    )  # fmt: skip
    soon = db.execute(
        update(outbox)
        .where(*wanted, outbox.c.state.in_(("pending", "to_verify", "accepted")))
        .values(run_at=now)
    )
    # The first are among the second by now.
    count = max(soon.rowcount, again.rowcount)
    if id is not None and count == 0:
        raise NotFound(_("There is no document {id} that waits."), id=id)
    if count:
        job = send_job(connector)
        enqueue(db, tenant_id, job, now=now, payload={"only": "send"})
    return count


def discard(db: Connection, tenant_id: int, connector: str, id: UUID) -> None:
    """Give up a document of a connector that the other system refused.

    :raises NotFound: when there is no such.
    :raises DomainError: when it may still arrive.
    """
    this = (outbox.c.tenant_id == tenant_id, outbox.c.connector == connector, outbox.c.id == id)
    gone = db.execute(delete(outbox).where(*this, outbox.c.state == "rejected"))
    if gone.rowcount == 0:
        known = db.execute(select(outbox.c.id).where(*this)).first()
        if known is None:
            raise NotFound(_("There is no document {id} that waits."), id=id)
        raise DomainError(
            _("Only a refused document can be given up; this one may still arrive."),
            code="not_rejected",
        )
