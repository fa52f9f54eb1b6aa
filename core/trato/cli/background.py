"""The worker and the clock: as commands, and as children of `trato serve` on SQLite."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from trato.logs import configure
from trato.text import _

if TYPE_CHECKING:
    import argparse
    from multiprocessing.process import BaseProcess

    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.host import Host
    from trato.jobs.worker import Worker
    from trato.settings import Settings

#: Seconds that a task is given to end when its process shall; then another worker does it again.
#: With what the server gives its own workers it stays below the ten seconds of `trato serve`.
_GRACE = 2.5
#: Seconds between two looks whether the server's own worker and clock live.
_LOOK = 2.0
#: Seconds that a worker of its own gives its task; with handing it back it ends within ten.
_PATIENCE = 7.0
#: Seconds for handing it back.
_LAST = 2.0
#: Seconds in which a task that was broken off lets go of SQLite's only lock.
_LET_GO = 1.0

log = logging.getLogger("trato.jobs")


def add(commands: Commands) -> None:
    """Add the commands."""
    commands.command("worker", _("Run the queued tasks of all tenants, until it is ended"), _worker)
    commands.command("scheduler", _("Queue tasks at their times, until it is ended"), _scheduler)


def _worker(context: Context, args: argparse.Namespace) -> int:
    del args
    return _run(context, work, _("The worker takes tasks. End it with Ctrl+C."))


def _scheduler(context: Context, args: argparse.Namespace) -> int:
    del args
    return _run(context, tick, _("The scheduler queues tasks. End it with Ctrl+C."))


def work(host: Host, stopped: threading.Event, *, grace: float = _PATIENCE) -> None:
    """Run tasks until stopped; the one that runs is finished, or after a while handed back.

    :param grace: seconds that the task is given.
    """
    from trato.jobs.presence import process_name
    from trato.jobs.tickets import PROCRASTINATE
    from trato.jobs.worker import Worker

    worker = Worker(host=host, name=process_name())
    ended = threading.Event()
    threading.Thread(
        target=_hand_back, args=(worker, stopped, ended, grace), name="patience", daemon=True
    ).start()
    try:
        if host.settings.job_engine == PROCRASTINATE:
            from trato.jobs.on_procrastinate import run_until

            run_until(worker, stopped)
        else:
            worker.run_until(stopped)
        worker.presence.leave()
    finally:
        ended.set()


def _hand_back(
    worker: Worker, stopped: threading.Event, ended: threading.Event, grace: float
) -> None:
    """End the process when it shall end and its task does not: another worker does it then."""
    main = threading.main_thread().ident or 0
    stopped.wait()
    if ended.wait(grace):
        return
    if worker.host.settings.sqlite_path is None:
        # A database that is away may keep an answer waiting for long.
        last = threading.Timer(_LAST, os._exit, args=(1,))
        last.daemon = True
        last.start()
        try:
            # The task is another's before its own transaction ends, so that cannot commit any
            # more.
            worker.hand_back()
        except Exception:
            # It is another's all the same, once its lease is over.
            log.exception("worker %s: its task could not be handed back", worker.name)
    else:
        # Its transaction holds the only lock: it has to let go by itself.
        signal.pthread_kill(main, signal.SIGINT)
        if ended.wait(_LET_GO):
            return
    os._exit(1)


def tick(host: Host, stopped: threading.Event) -> None:
    """Queue tasks at their times until stopped."""
    from trato.jobs.clock import run_until

    run_until(host, stopped)


def _run(context: Context, loop: Callable[[Host, threading.Event], None], said: str) -> int:
    """Run a loop until SIGTERM or SIGINT; Ctrl+C pressed again ends it at once."""
    from trato.jobs.tickets import check_engine

    check_engine(context.settings)
    host = context.walled_host
    configure(level=context.settings.log_level, kind=context.settings.log_format)
    stopped = threading.Event()
    _end_on_signal(stopped)
    context.note(context.text(said))
    loop(host, stopped)
    return 0


def _end_on_signal(stopped: threading.Event) -> None:
    def end(number: int, frame: object) -> None:
        # A terminal and a service manager tell the whole group, and the server its children too:
        # to be told to end twice is no impatience.
        if stopped.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


# --- beside the server ---------------------------------------------------------------------------


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """Run a worker and a clock as processes of their own that end with this one.

    One that is killed, as for want of memory, is started anew.
    """
    children = {name: _start(settings, name) for name in ("worker", "scheduler")}
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(settings, children, over), name="keeper")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        end(list(children.values()))


def _start(settings: Settings, name: str) -> BaseProcess:
    # Spawned, not forked: a child must not inherit an open connection or a thread's lock.
    child = multiprocessing.get_context("spawn").Process(
        target=_child, args=(settings, name), name=f"trato {name}", daemon=True
    )
    # Until it listens, Ctrl+C waits: it would break off its imports with a traceback. The tracker
    # of resources, which comes with the first child, lets signals through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child


def _keep(settings: Settings, children: dict[str, BaseProcess], over: threading.Event) -> None:
    """Start a child anew that has ended without having been told to."""
    while not over.wait(_LOOK):
        for name, child in children.items():
            if child.exitcode not in (None, 0):
                children[name] = _start(settings, name)


def end(children: Sequence[BaseProcess]) -> None:
    """End processes: kindly first, then at once."""
    for child in children:
        child.terminate()
    until = time.monotonic() + _GRACE
    for child in children:
        child.join(max(until - time.monotonic(), 0))
        if child.is_alive():
            child.kill()
            child.join()


def _child(settings: Settings, name: str) -> None:
    """Run one of the loops until told to stop, or until the server is gone."""
    from trato.host import Host

    stopped = threading.Event()
    _end_on_signal(stopped)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_follow_parent, args=(stopped,), daemon=True).start()
    configure(level=settings.log_level, kind=settings.log_format)
    host = Host(settings)
    try:
        if name == "worker":
            work(host, stopped, grace=_GRACE - 1)
        else:
            tick(host, stopped)
    except KeyboardInterrupt:
        raise SystemExit(1) from None  # the task had its time
    finally:
        host.close()


def _follow_parent(stopped: threading.Event) -> None:
    """Stop when the server is gone without having said so, as after SIGKILL."""
    # Not by the pipe to the parent: the server's own workers hold its other end too.
    parent = multiprocessing.parent_process()
    while parent is not None and os.getppid() == parent.pid:
        time.sleep(1)
    stopped.set()
    time.sleep(_GRACE)
    # The task that runs has had its time; its transaction rolls back with the process.
    os._exit(1)
