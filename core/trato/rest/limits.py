"""Calls a minute of each token, kept across processes without a write per call.

A process reserves some calls of the running minute with one upsert and spends them from memory.
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
    #: Reserved by this process and not spent.
    left: int = 0
    #: Reserved by all processes, as last seen.
    counted: int = 0
    #: Spent while the database could not be written, to be counted with the next reserve.
    owed: int = 0


class Limits:
    """Counts the calls of tokens for one process; threads share it.

    :param per_minute: calls that a token may make in a minute.
    """

    def __init__(self, engine: Engine, *, clock: Clock, per_minute: int) -> None:
        self._engine = engine
        self._clock = clock
        self._limit = per_minute
        self._window = 0
        self._accounts: dict[str, _Account] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Allowance:
        """Spend one call."""
        now = self._clock()
        window = counters.window_start(now, WINDOW)
        with self._lock:
            if window != self._window:
                self._window = window
                self._accounts = {}
            account = self._accounts.setdefault(key, _Account())
        with account.lock:
            if account.left == 0 and account.counted < self._limit:
                self._reserve(account, key, window)
            allowed = account.left > 0
            account.left -= allowed
            remaining = account.left + max(0, self._limit - account.counted)
        return Allowance(
            limit=self._limit,
            remaining=remaining,
            reset=window + WINDOW - int(now.timestamp()),
            allowed=allowed,
        )

    def _reserve(self, account: _Account, key: str, window: int) -> None:
        wanted = max(1, (self._limit - account.counted) // _PARTS)
        bucket = f"api {key}"
        try:
            with _soon(self._engine) as connection:
                if account.counted == 0:
                    # Earlier minutes of the token are of no use to anybody.
                    counters.forget(connection, bucket, before=window)
                counted = counters.add(
                    connection, bucket, window=window, amount=wanted + account.owed
                )
        except OperationalError as error:
            if not is_unavailable(error):
                raise
            # A long import holds SQLite's one writer: reading must go on meanwhile.
            account.left = wanted
            account.counted += wanted
            account.owed += wanted
            return
        account.owed = 0
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
