"""Workers and clocks that are there: each says so now and then, and takes its row away at its end.

Whoever waits for a task is told when nobody would run it. One that was killed is missed after
``LATELY``.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Literal, get_args

from sqlalchemy import Connection, delete, func, insert, select, update

from trato.db.engine import transaction
from trato.errors import DatabaseUnavailable
from trato.host import Host
from trato.tenancy.tables import process

Kind = Literal["worker", "scheduler"]
KINDS: tuple[Kind, ...] = get_args(Kind)

log = logging.getLogger("trato.jobs")

#: Seconds between two words of a process. The clock ticks, and leases are extended, as often.
_EVERY = 20.0
#: Who has said nothing for longer is not there. On SQLite a job that writes keeps its worker
#: silent.
LATELY = dt.timedelta(seconds=90)
_FORGOTTEN = dt.timedelta(days=1)


def process_name() -> str:
    """Make a name that no other process has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(kw_only=True, eq=False)
class Presence:
    """What says that a process is there."""

    host: Host
    name: str
    kind: Kind
    _said: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self) -> None:
        """Say so, unless it was said a moment ago."""
        with self._lock:
            passed = None if self._said is None else time.monotonic() - self._said
            if passed is not None and passed < _EVERY:
                return
            now = self.host.clock()
            with transaction(self.host.engine) as connection:
                if passed is None:
                    old = process.c.seen_at < now - _FORGOTTEN
                    connection.execute(delete(process).where(old))
                seen = update(process).where(process.c.name == self.name).values(seen_at=now)
                if connection.execute(seen).rowcount == 0:
                    connection.execute(
                        insert(process).values(name=self.name, kind=self.kind, seen_at=now)
                    )
            self._said = time.monotonic()

    def say_again(self) -> None:
        """Say so, if it was ever said: one who runs a single task by command never does."""
        if self._said is not None:
            self.say()

    def leave(self) -> None:
        """Take the row away: nobody need wait until it is missed."""
        try:
            with self._lock, transaction(self.host.engine) as connection:
                connection.execute(delete(process).where(process.c.name == self.name))
        except DatabaseUnavailable:
            log.warning("%s %s could not say that it ends", self.kind, self.name)


def present(connection: Connection, kind: Kind, *, now: dt.datetime) -> int:
    """Count the processes of a kind that have been seen lately."""
    counted = select(func.count()).where(process.c.kind == kind, process.c.seen_at > now - LATELY)
    return int(connection.execute(counted.select_from(process)).scalar_one())


def last_seen(connection: Connection, kind: Kind) -> dt.datetime | None:
    """Tell when one of a kind was last seen; None where none was, or all have ended in order."""
    newest = select(func.max(process.c.seen_at)).where(process.c.kind == kind)
    found: dt.datetime | None = connection.execute(newest).scalar_one()
    return found
