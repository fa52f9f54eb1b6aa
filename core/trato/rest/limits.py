"""Calls a minute of each token, kept across processes without a write per call.

A minute begins with the token's first call, so that no minute of the clock ends in the middle of a
burst. A process reserves some calls of it with one upsert and spends them from memory.
The reserve is a part of what is left, so it shrinks to single calls towards the end, and together
the processes never allow more than the limit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from flask import Response, current_app, g
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from trato.access import limits as counters
from trato.db.engine import is_unavailable, let_go
from trato.host import Host
from trato.records.unit import Clock
from trato.rest.errors import TooManyCalls
from trato.text import _

#: Length of a window, in seconds.
WINDOW = 60
#: A reserve is one part in so many of what is left.
_PARTS = 20
#: How long a call waits for SQLite's one writer before it goes on uncounted, in milliseconds.
_PATIENCE = 200
_EXTENSION = "trato.rest.limits"


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is left of a token's minute."""

    limit: int
    remaining: int
    #: Seconds until the next window.
    reset: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """Give the header fields that tell a client."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


@dataclass(kw_only=True)
class _Account:
    """What this process knows of one token's window."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    #: When the window began, in seconds since 1970; none: it is not known yet.
    start: int | None = None
    #: Reserved by this process and not spent.
    left: int = 0
    #: Reserved by all processes, as last seen.
    counted: int = 0
    #: Spent while the database could not be written, to be counted with the next reserve.
    owed: int = 0

    def is_over(self, now: int) -> bool:
        """Tell whether the window is past, or was begun before the clock was set back."""
        return self.start is not None and abs(now - self.start) >= WINDOW

    def begin(self) -> None:
        """Know nothing of the next window yet."""
        self.start, self.left, self.counted, self.owed = None, 0, 0, 0


class Limits:
    """Counts the calls of tokens for one process; threads share it.

    :param per_minute: calls that a token may make in a minute.
    """

    def __init__(self, engine: Engine, *, clock: Clock, per_minute: int) -> None:
        self._engine = engine
        self._clock = clock
        self._limit = per_minute
        #: When accounts that are over were last thrown away.
        self._cleared = 0
        self._accounts: dict[str, _Account] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Allowance:
        """Spend one call."""
        now = int(self._clock().timestamp())
        with self._lock:
            if abs(now - self._cleared) >= WINDOW:
                self._cleared = now
                self._accounts = {k: a for k, a in self._accounts.items() if not a.is_over(now)}
            account = self._accounts.setdefault(key, _Account())
        with account.lock:
            if account.is_over(now):
                account.begin()
            if account.left == 0 and account.counted < self._limit:
                self._reserve(account, key, now)
            allowed = account.left > 0
            account.left -= allowed
            remaining = account.left + max(0, self._limit - account.counted)
            start = now if account.start is None else account.start
        return Allowance(
            limit=self._limit,
            remaining=remaining,
            reset=start + WINDOW - now,
            allowed=allowed,
        )

    def _reserve(self, account: _Account, key: str, now: int) -> None:
        wanted = max(1, (self._limit - account.counted) // _PARTS)
        bucket = f"api {key}"
        try:
            with _soon(self._engine) as connection:
                # Two processes that begin at once may begin two windows: the first one is told,
                # and both are counted.
                windows = counters.running(connection, bucket, now=now, seconds=WINDOW)
                start = min(windows, default=now)
                counted = counters.add(
                    connection, bucket, window=start, amount=wanted + account.owed
                ) + sum(count for begun, count in windows.items() if begun != start)
        except OperationalError as error:
            if not is_unavailable(error):
                raise
            # A long import holds SQLite's one writer: reading must go on meanwhile.
            account.start = now if account.start is None else account.start
            account.left = wanted
            account.counted += wanted
            account.owed += wanted
            return
        account.owed = 0
        account.start = start
        account.counted = counted
        account.left = max(0, min(wanted, self._limit - (counted - wanted)))


@contextmanager
def _soon(engine: Engine) -> Iterator[Connection]:
    """Run a short transaction that does not wait long for a lock on SQLite."""
    let_go()
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver = connection.connection.cursor()
        usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        driver.execute(f"PRAGMA busy_timeout={_PATIENCE}")
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute(f"PRAGMA busy_timeout={usual}")
            driver.close()


def check_rate() -> None:
    """Spend a call of the token that asks.

    :raises TooManyCalls: when its minute is used up.
    """
    host: Host = current_app.extensions["trato"]
    caller: UUID | None = g.actor.token_id or g.actor.member_id
    limits: Limits | None = current_app.extensions.get(_EXTENSION)
    if limits is None:
        made = Limits(host.engine, clock=host.clock, per_minute=host.settings.api_calls_per_minute)
        limits = current_app.extensions.setdefault(_EXTENSION, made)
    allowance = limits.take(str(caller))
    g.allowance = allowance
    if not allowance.allowed:
        raise TooManyCalls(
            _("{limit} calls were made in this minute, and no more are allowed."),
            hint=_("Wait {seconds} seconds."),
            headers={"Retry-After": str(allowance.reset)},
            limit=allowance.limit, seconds=allowance.reset,
        )  # fmt: skip


def tell_rate(response: Response) -> Response:
    """Write what is left of the token's minute into an answer."""
    allowance: Allowance | None = g.get("allowance")
    if allowance is not None:
        response.headers.update(allowance.headers())
    return response
