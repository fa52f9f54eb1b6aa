"""Runs of connectors as background work: one job a connector, at the times that it declares."""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from trato.db.engine import is_unavailable, transaction
from trato.errors import DatabaseUnavailable, NotFound
from trato.host import Host
from trato.jobs.declared import Cancelled, DetachedContext, Job
from trato.records.outbox import send_job, sync_job
from trato.records.sync_tables import outbox
from trato.sync.connector import Stream, joined_hint
from trato.sync.errors import NOT_SENT, NotSetUp, Overtaken
from trato.sync.incoming import receive
from trato.sync.outgoing import remove_old, send_due
from trato.sync.running import Run, kept, open_run
from trato.tenancy.tasks import enqueue
from trato.text import _

log = logging.getLogger("trato.sync")

#: After so long a run ends and leaves the rest to the next one, so that other tenants' tasks do
#: not wait behind it.
LONGEST = dt.timedelta(minutes=5)


def connector_jobs(host: Host) -> dict[str, Job]:
    """Make the job of every connector."""
    made = []
    for name, connector in host.registry.connectors.items():
        run = partial(run_connector, host, name)
        made.append(
            Job(name=sync_job(name), title=connector.title, every=connector.every,
                at=connector.at, run=run, attempts=3, detached=True)
        )  # fmt: skip
        if connector.sends:
            made.append(Job(name=send_job(name), title=connector.title, run=run, attempts=3,
                            detached=True))  # fmt: skip
    return {job.name: job for job in made}


def run_connector(host: Host, name: str, ctx: DetachedContext) -> dict[str, Any]:
    """Send what waits and read every stream, or what the payload asks for.

    Payload: `only` is `check`, `send` or `receive`; `stream` names the one stream to read.

    :return: `sent` (by outcome), `streams` (name to counts), `more` when it ended before all was
        done, and `problem` when the other system stands in the way.
    """
    until = host.clock() + LONGEST
    only, wanted = ctx.payload.get("only"), ctx.payload.get("stream")
    result: dict[str, Any] = {"sent": {}, "streams": {}, "more": False, "problem": None}
    try:
        run = open_run(host, ctx.tenant_id, name, since=ctx.claimed_at)
    except NotSetUp as error:
        result["problem"] = kept(joined_hint(error), name.partition(".")[0])
        return result
    with _noted(run, result):
        if only == "check":
            run.connector.check()
        if only in (None, "send") and wanted is None and run.connector.sends:
            sending = send_due(run, until=until, report=ctx.report)
            result["sent"] = dict(sending.counts)
            _wake(run, sending.stopped is not None)
            if sending.stopped is not None:
                run.failed(sending.stopped)
                result["problem"] = kept(sending.stopped, run.plugin)
                return result
            if only is None:
                remove_old(run)
        if only in (None, "receive"):
            _receive(run, _chosen(run, wanted), result, until, ctx)
            if result["more"]:
                _go_on(run, ctx)
    return result


def _go_on(run: Run, ctx: DetachedContext) -> None:
    """Queue the rest of a run that ended before all was read, behind the tasks of others."""
    with transaction(run.host.engine, tenant_id=run.tenant_id) as db:
        payload = {**ctx.payload, "only": "receive"}
        enqueue(db, run.tenant_id, sync_job(run.name), now=run.host.clock(), payload=payload)


def _receive(
    run: Run, streams: Sequence[Stream], result: dict[str, Any], until: dt.datetime,
    ctx: DetachedContext,
) -> None:  # fmt: skip
    """Read streams one after the other; one that fails does not keep the others from being read."""
    failed: Exception | None = None
    for stream in streams:
        try:
            received = receive(run, stream, until=until, report=ctx.report)
        except (*NOT_SENT, Cancelled, DatabaseUnavailable):
            raise  # nothing else will be read either
        except Overtaken as error:
            log.info("connector %s, stream %s: %s", run.name, stream.name, error)
            continue
        except Exception as error:
            log.warning("connector %s, stream %s: %s", run.name, stream.name, error)
            failed = error
            continue
        result["streams"][stream.name] = dict(received.counts)
        result["more"] = result["more"] or not received.finished
    if failed is not None:
        raise failed


@contextmanager
def _noted(run: Run, result: dict[str, Any]) -> Iterator[None]:
    """Note how the connection stands after what is done inside, whatever the connector raises."""
    try:
        yield
    except (DatabaseUnavailable, Cancelled):
        raise
    except NotFound as error:
        # Whoever asked for a stream that does not exist is told; the connection is as it was.
        result["problem"] = kept(joined_hint(error), run.plugin)
    except Exception as error:
        if isinstance(error, DBAPIError) and is_unavailable(error):
            raise
        message = run.explain(error)
        if not isinstance(error, NOT_SENT):
            log.warning("connector %s of tenant %s: %s", run.name, run.tenant_id, error)
        run.failed(message)
        result["problem"] = kept(message, run.plugin)
    else:
        if result["problem"] is None:
            run.reached()


def _chosen(run: Run, wanted: str | None) -> Sequence[Stream]:
    streams = run.connector.streams()
    if wanted is None:
        return streams
    found = [stream for stream in streams if stream.name == wanted]
    if not found:
        raise NotFound(
            _("Connector '{name}' has no stream '{stream}'."), hint=_("Its streams: {known}."),
            name=run.name, stream=wanted, known=", ".join(s.name for s in streams) or "-",
        )  # fmt: skip
    return found


def _wake(run: Run, stopped: bool) -> None:
    """Queue the next sending for when the next document can be sent or looked up.

    While the other system takes nothing, that is when the document that it would not take is due.
    """
    job = send_job(run.name)
    with transaction(run.host.engine, tenant_id=run.tenant_id) as db:
        now = run.now()
        ready = func.coalesce(outbox.c.lease_until, outbox.c.run_at)
        waiting = select(func.min(ready)).where(
            outbox.c.tenant_id == run.tenant_id, outbox.c.connector == run.name,
            outbox.c.state.in_(("pending", "sending", "accepted", "to_verify")),
        )  # fmt: skip
        if stopped:
            waiting = waiting.where(outbox.c.run_at > now)
        moment = db.execute(waiting).scalar()
        if moment is None:
            return
        # In steps of ten seconds, so that documents that are due together share one task.
        seconds = math.ceil(max(moment, now).timestamp() / 10) * 10
        at = dt.datetime.fromtimestamp(seconds, dt.UTC)
        enqueue(db, run.tenant_id, job, now=now, run_at=at, payload={"only": "send"},
                unique_key=f"{job}@{at.isoformat()}")  # fmt: skip
