"""Receiving: reads a stream page by page from where it stood.

What a page changes and where the next one begins are one transaction, so a pass that is cut goes
on at its last page, and a page that comes twice changes nothing the second time. Only the end of a
whole pass says that something is gone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select, update

from trato.db.engine import transaction
from trato.db.types import new_id
from trato.db.upsert import upsert
from trato.errors import Message
from trato.records.sync_tables import link
from trato.records.sync_tables import stream as table
from trato.records.unit import Unit
from trato.sync.applying import apply, leave
from trato.sync.connector import Batch, Stream
from trato.sync.errors import Overtaken, SyncError
from trato.sync.running import Run, kept
from trato.text import _


@dataclass(kw_only=True)
class Receiving:
    """What reading a stream came to."""

    counts: Counter[str] = field(default_factory=Counter)
    #: Whether the pass came to its end.
    finished: bool = False


def receive(
    run: Run, stream: Stream, *, until: dt.datetime | None = None,
    report: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Receiving:  # fmt: skip
    """Read a stream to the end of its pass, or until a moment.

    :raises SyncError: or whatever else the connector raises; what was read until then stays.
    """
    row = _begin(run, stream)
    done = Receiving(counts=Counter(row.counts))
    while True:
        try:
            batch = run.connector.pull(stream, row.cursor)
            if batch.more and batch.cursor == row.cursor:
                raise SyncError(
                    _("Stream '{stream}' gives a page after which the same page comes again."),
                    hint=_("Tell whoever made the module."), stream=stream.name,
                )  # fmt: skip
            row = receive_page(run, stream, row, batch)
        except Overtaken:
            raise
        except Exception as error:
            fail(run, stream, run.explain(error))
            raise
        done.counts = Counter(row.counts)
        report(done.counts.total(), None)
        if not batch.more:
            done.finished = True
            return done
        if until is not None and run.host.clock() >= until:
            return done


def receive_page(run: Run, stream: Stream, row: Any, batch: Batch) -> Any:
    """Write what a page brings and where the next one begins, in one transaction.

    :param row: the stream as it stood when the page was asked for.
    :return: the stream as it stands now.
    :raises Overtaken: when another run has read on meanwhile; nothing is written then.
    """
    with run.unit() as unit:
        now, db = unit.now, unit.connection
        # First, so that of two who read at once the second waits here and then sees the other.
        taken = db.execute(
            update(table)
            .where(*_this(run, stream), table.c.version == row.version)
            .values(version=row.version + 1)
        )
        if taken.rowcount != 1:
            raise Overtaken(
                _("Another run reads stream '{stream}' at this moment."), stream=stream.name
            )
        counts = Counter(row.counts)
        counts.update(apply(run, unit, stream, batch.items, pass_id=row.pass_id))
        is_whole = row.is_whole and batch.whole
        values: dict[str, Any] = {
            "cursor": batch.cursor, "is_whole": is_whole, "counts": counts, "failed_at": None,
            "message": None,
        }  # fmt: skip
        if not batch.more:
            if stream.whole:
                values["cursor"] = None
                if is_whole and counts["seen"]:
                    counts["gone"] += _note_gone(run, unit, stream, row.pass_id)
            values |= {"pass_id": None, "finished_at": now}
        values["counts"] = dict(+counts)
        db.execute(update(table).where(*_this(run, stream)).values(values))
        return _read(db, run, stream)


def fail(run: Run, stream: Stream, message: Message) -> None:
    """Note why a stream could not be read on."""
    with transaction(run.host.engine, tenant_id=run.tenant_id) as db:
        db.execute(
            update(table).where(*_this(run, stream))
            .values(failed_at=run.host.clock(), message=kept(message, run.plugin))
        )  # fmt: skip


def _begin(run: Run, stream: Stream) -> Any:
    """Go on with the pass that has begun, or begin one."""
    key = {"tenant_id": run.tenant_id, "connector": run.name, "stream": stream.name}
    with transaction(run.host.engine, tenant_id=run.tenant_id) as db:
        db.execute(
            upsert(db, table)
            .values(**key, is_whole=True, version=0, counts={})
            .on_conflict_do_nothing()
        )
        row = _read(db, run, stream)
        if row.pass_id is None:
            db.execute(
                update(table)
                .where(*_this(run, stream), table.c.version == row.version)
                .values(pass_id=new_id(), started_at=run.host.clock(), is_whole=True, counts={},
                        cursor=None if stream.whole else row.cursor, version=row.version + 1)
            )  # fmt: skip
            row = _read(db, run, stream)
    return row


def _note_gone(run: Run, unit: Unit, stream: Stream, pass_id: Any) -> int:
    """Note what this whole pass has not shown and an earlier one had.

    :return: how many are gone since.
    """
    entity = stream.entity_name
    unseen = unit.connection.execute(
        select(link.c.remote_key, link.c.record_id).where(
            link.c.tenant_id == run.tenant_id, link.c.connector == run.name,
            link.c.entity == entity, link.c.stream == stream.name,
            or_(link.c.pass_id.is_(None), link.c.pass_id != pass_id),
            link.c.missing_at.is_(None),
        )
    ).all()  # fmt: skip
    for key, record_id in unseen:
        leave(run, unit, stream, key, record_id)
    return len(unseen)


def _read(db: Connection, run: Run, stream: Stream) -> Any:
    return db.execute(select(table).where(*_this(run, stream))).one()


def _this(run: Run, stream: Stream) -> tuple[Any, ...]:
    return (
        table.c.tenant_id == run.tenant_id, table.c.connector == run.name,
        table.c.stream == stream.name,
    )  # fmt: skip
