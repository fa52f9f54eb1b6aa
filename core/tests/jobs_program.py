"""A worker or a clock as a process of its own, with a plugin whose jobs wait for a word.

Its jobs write a line to standard output when they have begun and have written, and go on when a
line comes in: so tests kill it at a moment that they know, and need no sleep.

>>> python -m core.tests.jobs_program worker --ahead 120
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import threading

from trato.api import JobContext, Plugin, job
from trato.cli.background import _end_on_signal, tick, work
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


plugin = Plugin(
    name="errands", title="Errands", version="1.0.0", depends=["clients"],
    jobs=[write, quick, reading, apart, often], package="core.tests",
)  # fmt: skip


def make_host(settings: Settings, *, ahead: float = 0) -> Host:
    """Make a host with the plugin beside those that are installed."""
    return Host(
        settings, plugins=[*discover()[0], plugin],
        clock=lambda: utc_now() + dt.timedelta(seconds=ahead),
    )  # fmt: skip


def live_through(host: Host, first: dt.datetime, count: int) -> None:
    """Tick once in each of so many minutes, each when told to; says how many tasks it queued."""
    for minute in range(count):
        now = first + dt.timedelta(minutes=minute)
        host.clock = lambda now=now: now  # type: ignore[misc]
        sys.stdin.readline()
        say(f"queued {clock.tick(host)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("loop", choices=["worker", "scheduler", "minutes"])
    parser.add_argument("--ahead", type=float, default=0, help="seconds by which its clock is fast")
    parser.add_argument("--grace", type=float, default=7)
    parser.add_argument("--lease", type=float, help="worker: seconds that its lease lasts")
    parser.add_argument("--first", type=dt.datetime.fromisoformat, help="minutes: the first one")
    parser.add_argument("--count", type=int, help="minutes: how many")
    args = parser.parse_args()
    stopped = threading.Event()
    _end_on_signal(stopped)
    host = make_host(Settings.load(), ahead=args.ahead)
    say("ready")
    if args.lease:
        lease = dt.timedelta(seconds=args.lease)
        Worker(host=host, name=process_name(), lease=lease).run_until(stopped)
    elif args.loop == "worker":
        work(host, stopped, grace=args.grace)
    elif args.loop == "minutes":
        live_through(host, args.first, args.count)
    else:
        tick(host, stopped)
    say("ended")


if __name__ == "__main__":
    main()
