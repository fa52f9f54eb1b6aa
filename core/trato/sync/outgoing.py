"""Sending: takes what is due out of the outbox, one document at a time.

Three steps, and a transaction for the first and the last only: *claim* marks the row `sending` and
gathers what is sent; *deliver* calls the other system; *record* writes what came of it. Whatever
dies in between leaves a row that says `sending`. Its lease runs out, and then the other system is
asked for the document by our reference before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.exc import DBAPIError

from trato.db.engine import transaction
from trato.errors import ConfigError, DomainError, Message, NotFound
from trato.records.sync_tables import outbox as table
from trato.records.unit import Unit
from trato.sync import links
from trato.sync.connector import Document, canonical, reference_paths
from trato.sync.errors import NOT_SENT, RemoteBusy, RemoteRefused, SyncError
from trato.sync.running import Run, kept
from trato.tenancy.tasks import delay
from trato.tenancy.view import TenantView

log = logging.getLogger("trato.sync")

#: States in which it is not known, or not known yet under which key, that the document is there.
_UNSETTLED = ("sending", "accepted", "to_verify")
#: How much longer a row is left to whoever works on it than one call may take.
_MARGIN = dt.timedelta(seconds=60)
#: Least time between two questions whether a document has come to be there.
_LOOK_AGAIN = dt.timedelta(seconds=5)
_LONGEST_WAIT = dt.timedelta(hours=6)
#: For so long one can look up what was sent.
KEPT = dt.timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A row of the outbox that is ours until its lease ends."""

    id: UUID
    holder: str
    #: Whether to send it, or to look up what has become of it.
    intent: Literal["send", "look"]
    state: str
    document: Document
    digest: str | None
    attempts: int
    looks: int
    sent_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of sending a document, or of looking it up."""

    #: confirmed, accepted, unknown, absent, later or rejected.
    kind: Literal["confirmed", "accepted", "unknown", "absent", "later", "rejected"]
    key: str | None = None
    message: Message | None = None
    after: dt.timedelta | None = None


class _Gone(Exception):
    """The record is gone for good, or went to the bin before it was ever sent."""


@dataclass(kw_only=True)
class Sending:
    """What a round of sending came to."""

    counts: Counter[str] = field(default_factory=Counter)
    #: Why the round ended before everything was sent.
    stopped: Message | None = None


def is_due(run: Run) -> bool:
    """Tell whether anything waits to be sent or looked up."""
    due = _due(run, run.view)
    with transaction(run.host.engine, tenant_id=run.tenant_id, read=True) as db:
        return db.execute(due.limit(1)).first() is not None


def send_due(
    run: Run, *, until: dt.datetime | None = None,
    report: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Sending:  # fmt: skip
    """Send, or look up, everything that is due.

    :param until: begin nothing after this moment.
    """
    done = Sending()
    while is_due(run) and (until is None or run.host.clock() < until):
        claimed = claim(run, done)
        if claimed is None:
            continue
        outcome = deliver(run, claimed)
        record(run, claimed, outcome)
        done.counts[outcome.kind] += 1
        report(done.counts.total(), None)
        if outcome.kind == "later":
            done.stopped = outcome.message
            break
    return done


def claim(run: Run, done: Sending | None = None) -> Claimed | None:
    """Take the next document; None when it settled itself, or somebody else was faster."""
    counts = Counter[str]() if done is None else done.counts
    with run.unit() as unit:
        now, db = unit.now, unit.connection
        row = db.execute(_due(run, unit.view).limit(1).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        holder = secrets.token_hex(8)
        sends = row.state == "pending"
        values: dict[str, Any] = {
            "holder": holder, "changed_at": now,
            "lease_until": now + run.connector.timeout + _MARGIN,
            # Who was sending has gone: nobody knows how far it came.
            "state": {"pending": "sending", "sending": "to_verify"}.get(row.state, row.state),
        }  # fmt: skip
        if sends:
            values |= {"sent_at": now, "attempts": row.attempts + 1, "looks": 0}
        db.execute(update(table).where(*_this(run, row.id)).values(values))
        try:
            document, digest, sent = _document(run, unit, row)
        except _Gone:
            if sends:  # and so is what was to be said of it
                db.execute(delete(table).where(*_this(run, row.id)))
                return None
            document, digest, sent = _bare(row), row.hash, None
        except Exception as error:
            # One record that the plugin cannot read must not keep all others from being sent.
            if not isinstance(error, DomainError | SyncError):
                log.exception("connector %s cannot compose %s %s", run.name, row.entity,
                              row.record_id)  # fmt: skip
            if isinstance(error, DBAPIError):
                raise  # the transaction is lost
            document, digest, sent = _bare(row), row.hash, None
            if sends:
                _settle(unit, run, row.id, "rejected",
                        message=kept(run.explain(error), run.plugin))  # fmt: skip
                counts["rejected"] += 1
                return None
        if sends and sent == digest:  # the other system has just this already
            _settle(unit, run, row.id, "confirmed", remote_key=document.key)
            counts["unchanged"] += 1
            return None
        if sends:
            db.execute(update(table).where(*_this(run, row.id)).values(hash=digest))
        return Claimed(
            id=row.id, holder=holder, intent="send" if sends else "look", state=values["state"],
            document=document, digest=digest if sends else row.hash,
            attempts=row.attempts + (1 if sends else 0), looks=row.looks,
            sent_at=now if sends else row.sent_at or now,
        )  # fmt: skip


def deliver(run: Run, claimed: Claimed) -> Outcome:
    """Call the other system, outside any transaction."""
    connector, document = run.connector, claimed.document
    try:
        if claimed.intent == "look":
            key = connector.find(document.reference)
            return Outcome(kind="confirmed", key=key) if key else Outcome(kind="absent")
        key = connector.push(document) or document.key
        return Outcome(kind="confirmed" if key else "accepted", key=key)
    except (*NOT_SENT, ConfigError) as error:
        after = error.after if isinstance(error, RemoteBusy) else None
        return Outcome(kind="later", message=run.explain(error), after=after)
    except RemoteRefused as error:
        # A question is not a document: that it was refused says nothing about what was sent.
        kind: Literal["unknown", "rejected"] = "unknown" if claimed.intent == "look" else "rejected"
        return Outcome(kind=kind, message=run.explain(error))
    except Exception as error:
        # Whatever broke, the other system may have taken the document before it did.
        log.warning(
            "connector %s, document %s: %s", run.name, document.reference, type(error).__name__,
            exc_info=not isinstance(error, SyncError | OSError),
        )  # fmt: skip
        return Outcome(kind="unknown", message=run.explain(error))


def record(run: Run, claimed: Claimed, outcome: Outcome) -> None:
    """Write what came of it, unless the lease ran out and somebody else has the row now."""
    with run.unit() as unit:
        now, db = unit.now, unit.connection
        mine = db.execute(
            select(table.c.id).where(*_this(run, claimed.id), table.c.holder == claimed.holder)
            .with_for_update()
        ).first()  # fmt: skip
        if mine is None:
            return
        said = kept(outcome.message, run.plugin) if outcome.message is not None else None
        if outcome.kind == "confirmed":
            _confirm(unit, run, claimed, outcome.key or "")
        elif outcome.kind == "accepted":
            _settle(unit, run, claimed.id, "accepted", run_at=now + _LOOK_AGAIN)
        elif outcome.kind == "rejected":
            _open(unit, run, claimed, "rejected", said, now)
        elif claimed.intent == "send" and outcome.kind == "later":
            wait = min(outcome.after or delay(claimed.attempts), _LONGEST_WAIT)
            _open(unit, run, claimed, "pending", said, now + wait)
        elif claimed.intent == "send":
            _settle(unit, run, claimed.id, "to_verify", message=said, run_at=now)
        elif (
            outcome.kind == "absent" and claimed.state == "to_verify"
            and now >= claimed.sent_at + run.connector.shows_within
        ):  # fmt: skip
            _open(unit, run, claimed, "pending", said, now)
        else:
            wait = min(_LOOK_AGAIN * 2 ** min(claimed.looks, 20), _LONGEST_WAIT)
            values: dict[str, Any] = {"looks": claimed.looks + 1, "run_at": now + wait}
            if said is not None:
                values["message"] = said
            _settle(unit, run, claimed.id, claimed.state, **values)


def _confirm(unit: Unit, run: Run, claimed: Claimed, key: str) -> None:
    document = claimed.document
    links.point(
        unit.connection, run.tenant_id, run.name, document.entity, key, document.record_id,
        now=unit.now, sent_hash=claimed.digest,
    )  # fmt: skip
    _settle(unit, run, claimed.id, "confirmed", remote_key=key, message=None)


def _settle(unit: Unit, run: Run, row_id: UUID, state: str, **values: Any) -> None:
    unit.connection.execute(
        update(table)
        .where(*_this(run, row_id))
        .values(state=state, holder=None, lease_until=None, changed_at=unit.now, **values)
    )


def _open(
    unit: Unit, run: Run, claimed: Claimed, state: str, message: Any, run_at: dt.datetime
) -> None:
    """Let a document wait, or a person correct it.

    One that was changed meanwhile has another row that waits: this one takes its place, as what is
    sent is what the record is at that moment.
    """
    newer = unit.connection.execute(
        delete(table).where(
            table.c.tenant_id == run.tenant_id, table.c.connector == run.name,
            table.c.record_id == claimed.document.record_id, table.c.id != claimed.id,
            table.c.state.in_(("pending", "rejected")),
        )
    )  # fmt: skip
    if newer.rowcount:
        state, run_at = "pending", unit.now if state == "rejected" else run_at
    _settle(unit, run, claimed.id, state, message=message, run_at=run_at)


def _document(run: Run, unit: Unit, row: Any) -> tuple[Document, str, str | None]:
    """Gather what is sent of a record.

    :return: it, its hash, and the hash of what was sent of the record last.
    :raises _Gone: when there is nothing to send.
    """
    view = unit.view.entity(row.entity)
    try:
        found = unit.records.get(row.entity, row.record_id, archived=None)
    except NotFound as error:
        raise _Gone from error
    link = links.by_record(
        unit.connection, run.tenant_id, run.name, row.entity, [row.record_id]
    ).get(row.record_id)
    values = dict(run.connector.compose(unit, found))
    linked: dict[str, str] = {}
    for path, target in reference_paths(view).items():
        if (wanted := found.values.get(path)) is not None:
            there = links.by_record(unit.connection, run.tenant_id, run.name, target, [wanted])
            if wanted in there:
                linked[path] = there[wanted].remote_key
    if link is None and found.is_archived:
        raise _Gone
    action: Literal["create", "update", "archive"] = (
        "archive" if found.is_archived else "create" if link is None else "update"
    )
    document = Document(
        reference=row.reference, entity=row.entity, record_id=row.record_id, action=action,
        values=values, key=None if link is None else link.remote_key, linked=linked,
    )  # fmt: skip
    text = canonical({"action": action == "archive", "values": values, "linked": linked})
    digest = hashlib.sha256(text.encode()).hexdigest()
    return document, digest, None if link is None else link.sent_hash


def _bare(row: Any) -> Document:
    """Name a document whose record is gone, to look it up."""
    return Document(reference=row.reference, entity=row.entity, record_id=row.record_id,
                    action="create", values={})  # fmt: skip


def _this(run: Run, row_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == run.tenant_id, table.c.id == row_id)


def _due(run: Run, view: TenantView) -> Any:
    """Select the rows to take up: due, nobody's, and of records whose earlier rows are settled."""
    now = run.now()
    older = table.alias("older")
    return (
        select(table)
        .where(
            table.c.tenant_id == run.tenant_id, table.c.connector == run.name,
            table.c.entity.in_(sorted(_sent_entities(run, view))),
            table.c.run_at <= now,
            or_(
                and_(table.c.state == "pending", ~exists().where(
                    older.c.tenant_id == table.c.tenant_id,
                    older.c.connector == table.c.connector,
                    older.c.record_id == table.c.record_id,
                    older.c.id != table.c.id,
                    older.c.state.in_(_UNSETTLED),
                )),
                and_(
                    table.c.state.in_(_UNSETTLED),
                    or_(table.c.lease_until.is_(None), table.c.lease_until < now),
                ),
            ),
        )
        .order_by(table.c.run_at, table.c.id)
    )  # fmt: skip


def _sent_entities(run: Run, view: TenantView) -> set[str]:
    """Name what the connector sends for the tenant; what it sent once waits until it does again."""
    return {
        entity for entity, targets in view.targets.items()
        if any(name == run.name for name, _sent in targets)
    }  # fmt: skip


def remove_old(run: Run) -> int:
    """Remove the record of documents that were confirmed long ago.

    :return: how many they were.
    """
    with transaction(run.host.engine, tenant_id=run.tenant_id) as db:
        gone = db.execute(
            delete(table).where(
                table.c.tenant_id == run.tenant_id, table.c.connector == run.name,
                table.c.state == "confirmed", table.c.changed_at < run.host.clock() - KEPT,
            )
        )  # fmt: skip
    return gone.rowcount
