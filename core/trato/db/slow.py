"""Statements that took long, told in the log: without values, with what they were run for.

The time is the database's and the way there. A statement that fetches row by row (SQLite) is
measured until its first row. Statements that travel together (``db.pipeline``) are told as one.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from sqlalchemy import Connection, Engine, event

from trato import logs

log = logging.getLogger("trato.db")

_LIMIT, _BEGAN = "trato_slow", "trato_began"
#: Letters of a statement that are told.
_LONGEST = 1_000


def watch(engine: Engine, *, ms: int) -> None:
    """Tell of statements that take at least so many milliseconds; 0: of none."""
    if ms <= 0:
        return

    def connect(_driver: Any, record: Any) -> None:
        record.info[_LIMIT] = ms / 1000

    event.listen(engine, "connect", connect)
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)


def tell(connection: Connection, statement: str, seconds: float) -> None:
    """Write a line about a statement, if it took long by the engine's measure."""
    limit = connection.info.get(_LIMIT)
    # A command that keeps no log would say the bare words, to cron as well, which makes mail of it.
    if limit is not None and seconds >= limit and log.hasHandlers():
        # With placeholders; values are in no line.
        shown = " ".join(statement[: 2 * _LONGEST].split())
        log.warning("slow statement", extra=logs.fields(
            ms=round(seconds * 1000, 1),
            statement=shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…",
        ))  # fmt: skip


def _begin(connection: Connection, *_rest: Any) -> None:
    connection.info[_BEGAN] = time.perf_counter()


def _end(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    began = connection.info.pop(_BEGAN, None)
    if began is not None:
        tell(connection, statement, time.perf_counter() - began)
