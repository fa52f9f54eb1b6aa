"""A bar on standard error while something long runs, for people only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from trato.cli.context import Context

#: What is over sooner needs no bar.
_PATIENCE = 0.5
_EVERY = 0.1
_WIDTH = 30


class Progress:
    """Counts what is done; with a total it draws a bar. Silent where nobody looks."""

    def __init__(self, context: Context, title: str, *, total: int | None = None) -> None:
        self.title = context.text(title)
        self.total = total
        self.done = 0
        self._context = context
        #: What was done before the clock began to run.
        self._before = 0
        self._start = time.monotonic()
        self._next = self._start + _PATIENCE
        #: Whether anybody looks.
        self.is_seen = sys.stderr.isatty()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._drawn:
            # Takes the bar away: what follows is the result.
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def begin(self, done: int) -> None:
        """Say how much was done before by another run, which tells nothing of this one's speed."""
        self.done = self._before = done

    def advance(self, count: int = 1) -> None:
        """Count some more as done."""
        self.reach(self.done + count)

    def reach(self, done: int, total: int | None = None) -> None:
        """Say how much is done by now."""
        self.done = done
        self.total = total if total is not None else self.total
        now = time.monotonic()
        if self.is_seen and now >= self._next:
            self._next = now + _EVERY
            self._drawn = True
            print(f"\r\x1b[K{self.line()}", end="", file=sys.stderr, flush=True)

    def line(self) -> str:
        """Write how far it is, and how much time is left."""
        from trato.i18n.durations import time_left

        if not self.total:
            return f"{self.title} {self.done}"
        share = min(self.done / self.total, 1)
        bar = "#" * int(share * _WIDTH)
        line = f"{self.title} [{bar:<{_WIDTH}}] {share:4.0%} {self.done}/{self.total}"
        left = time_left(
            time.monotonic() - self._start, self.done - self._before, self.total - self.done
        )
        return line if left is None else f"{line} {self._context.text(left)}"


@contextmanager
def count_rows(engine: Engine, progress: Progress) -> Iterator[None]:
    """Count every row that is inserted as progress."""
    from sqlalchemy import event

    def count(_connection: Any, cursor: Any, statement: str, sets: Any, _context: Any,
              many: bool) -> None:  # fmt: skip
        if statement.startswith("INSERT"):
            progress.advance(len(sets) if many else 1)

    event.listen(engine, "after_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", count)
