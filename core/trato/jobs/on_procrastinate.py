"""The worker's loop on procrastinate: woken by a ticket, it claims and runs the next due task."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from trato.db.engine import transaction
from trato.errors import ConfigError
from trato.jobs import tickets
from trato.jobs.worker import Worker
from trato.text import _

log = logging.getLogger("trato.jobs")

#: Seconds between two looks for due tasks without a ticket: those of lost workers, and whatever
#: was queued while the database had no trigger.
SWEEP = 20.0
#: Seconds until a connection that was lost is tried again.
_AGAIN = 2.0
_LOOK = 0.2


def run_until(worker: Worker, stopped: threading.Event) -> None:
    """Run tasks until stopped; the one that runs is finished first.

    :raises ConfigError: when procrastinate's tables are missing or of another version.
    """
    settings = worker.host.settings
    tickets.check_engine(settings)
    with transaction(worker.host.engine, read=True) as connection:
        found = tickets.present(connection)
    if found != tickets.wanted(settings):
        raise ConfigError(
            _("The database has not been prepared for '{wanted}'; it has '{found}'."),
            hint=_("Run: trato migrate"), wanted=tickets.wanted(settings), found=found or "-",
            code="migrations_pending",
        )  # fmt: skip
    asyncio.run(_Loop(worker, stopped).run())


class _Loop:
    def __init__(self, worker: Worker, stopped: threading.Event) -> None:
        self.worker = worker
        self.stopped = stopped
        # A ticket and a sweep take turns: one process runs one task at a time.
        self.turn = threading.Lock()

    async def run(self) -> None:
        import psycopg
        from procrastinate.exceptions import ConnectorException

        while not self.stopped.is_set():
            try:
                await self._serve()
            except (ConnectorException, psycopg.Error, OSError) as error:
                log.warning("worker %s: no tickets: %s", self.worker.name, error)
                await self._pause(_AGAIN)

    async def _serve(self) -> None:
        """Serve until stopped, or until procrastinate loses the database."""
        from procrastinate import App, PsycopgConnector

        app = App(
            connector=PsycopgConnector(
                conninfo=tickets.conninfo(self.worker.host.settings), min_size=1, max_size=3,
                kwargs={"options": f"-c search_path={tickets.SCHEMA}",
                        "application_name": "trato worker"},
            )
        )  # fmt: skip
        app.task(queue=tickets.QUEUE, name=tickets.TASK)(self._serve_next)
        async with app.open_async():
            fetching = asyncio.create_task(
                app.run_worker_async(
                    queues=[tickets.QUEUE], name=self.worker.name, concurrency=1,
                    install_signal_handlers=False, delete_jobs="always",
                )
            )  # fmt: skip
            sweeping = asyncio.create_task(self._sweep(app))
            try:
                while not self.stopped.is_set() and not fetching.done():
                    await asyncio.sleep(_LOOK)
            finally:
                sweeping.cancel()
                fetching.cancel()
                # Cancelled, procrastinate lets the running ticket end first.
                ended = await asyncio.gather(fetching, sweeping, return_exceptions=True)
            for one in ended:
                if isinstance(one, Exception):
                    raise one

    def _serve_next(self) -> bool:
        """Claim and run one task; False when none is due, as after a sweep."""
        with self.turn:
            return not self.stopped.is_set() and self.worker.serve_next()

    async def _sweep(self, app: Any) -> None:
        from procrastinate.exceptions import ConnectorException

        while True:
            try:
                while await asyncio.to_thread(self._serve_next):
                    pass
                await self._remove_stalled(app)
            except Exception as error:
                # A boundary: another process may have removed the same ticket, and the tasks of
                # lost workers must be found for as long as this one lives.
                log.error("worker %s: a sweep failed: %s", self.worker.name, error,
                          exc_info=not isinstance(error, ConnectorException))  # fmt: skip
            await self._pause(SWEEP)

    async def _remove_stalled(self, app: Any) -> None:
        """Remove tickets whose worker is gone; their tasks are claimed once the lease is over."""
        for job in await app.job_manager.get_stalled_jobs(queue=tickets.QUEUE):
            await app.job_manager.finish_job_by_id_async(
                job_id=job.id, status=_failed(), delete_job=True
            )

    async def _pause(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while not self.stopped.is_set() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(_LOOK)


def _failed() -> Any:
    from procrastinate.jobs import Status

    return Status.FAILED
