"""A worker or a clock as a process of its own, with a plugin whose jobs wait for a word.

Its jobs write a line to standard output when they have begun and have written, and go on when a
line comes in: so tests kill it at a moment that they know, and need no sleep.

>>> python -m core.tests.jobs_program worker --ahead 120
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
import threading

from trato.api import JobContext, Plugin, job
from trato.cli import background
from trato.cli.background import _end_on_signal, work
from trato.host import Host, discover
from trato.jobs import clock
from trato.jobs.declared import DetachedContext, Job
from trato.jobs.presence import process_name
from trato.jobs.worker import Worker
from trato.records.unit import utc_now
from trato.settings import Settings


def say(word: str) -> None:
    print(word, flush=True)


@job("errands.write", "Write a client and wait")
def write(ctx: JobContext) -> str:
    """Write in the middle of the task, so that a crash has something to undo."""
    client = ctx.records.create("clients.client", {"name": f"Task {ctx.task_id}"})
    say(f"begun {ctx.task_id}")
    if sys.stdin.readline().strip() != "go":
        raise RuntimeError("told to fail")
    return str(client.id)


@job("errands.quick", "Do next to nothing")
def quick(ctx: JobContext) -> int:
    return 1


def look(ctx: JobContext | DetachedContext) -> int:
    """Write nothing and wait."""
    say(f"begun {ctx.task_id}")
    sys.stdin.readline()
    return 1


reading = Job(name="errands.read", title="Read and wait", run=look, reads=True)
apart = Job(name="errands.wait", title="Wait without a transaction", run=look, detached=True)


@job("errands.often", "Run every minute", every=1)
def often(ctx: JobContext) -> int:
    return 1


@job("errands.nightly", "Run every day", at="21:00")
def nightly(ctx: JobContext) -> int:
    return 1


plugin = Plugin(
    name="errands", title="Errands", version="1.0.0", depends=["clients"],
    jobs=[write, quick, reading, apart, often, nightly], package="core.tests",
)  # fmt: skip


def make_host(settings: Settings, *, ahead: float = 0) -> Host:
    """Make a host with the plugin beside those that are installed."""
    return Host(
        settings, plugins=[*discover()[0], plugin],
        clock=lambda: utc_now() + dt.timedelta(seconds=ahead),
    )  # fmt: skip


def told(host: Host, line: str) -> None:
    """Make it the moment that a line says."""
    now = dt.datetime.fromisoformat(line.strip())
    host.clock = lambda: now


def listen(host: Host) -> None:
    """Make it the moment of each line that comes in."""
    for line in sys.stdin:
        told(host, line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("loop", choices=["worker", "scheduler"])
    parser.add_argument("--ahead", type=float, default=0, help="seconds by which its clock is fast")
    # Longer than any machine takes: only a test that says so has a task broken off.
    parser.add_argument("--grace", type=float, default=300)
    parser.add_argument("--lease", type=float, help="worker: seconds that its lease lasts")
    args = parser.parse_args()
    # What goes wrong is heard by the test.
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="wrong: %(message)s")
    # A statement is slow on a machine that does much else, and so is the end of a task that was
    # broken off: a process that has hung is ended by the test.
    logging.getLogger("trato.db").setLevel(logging.ERROR)
    background._LAST = background._LET_GO = 300
    stopped = threading.Event()
    _end_on_signal(stopped)
    host = make_host(Settings.load(), ahead=args.ahead)
    say("ready")
    if args.lease:
        lease = dt.timedelta(seconds=args.lease)
        Worker(host=host, name=process_name(), lease=lease).run_until(stopped)
    elif args.loop == "worker":
        work(host, stopped, grace=args.grace)
    else:
        # The test tells it the time, at which it looks again and again.
        told(host, sys.stdin.readline())
        threading.Thread(target=listen, args=(host,), daemon=True).start()
        clock.run_until(host, stopped, every=0.03)
    say("ended")


if __name__ == "__main__":
    main()
