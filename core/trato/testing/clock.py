"""A clock that a test sets, for hosts to tell the time by."""

from __future__ import annotations

import datetime as dt

from trato.records.unit import utc_now


class SettableClock:
    """Tells the real time until it is set or moved; then it runs on from there.

    >>> clock = SettableClock()
    >>> clock.set(dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    >>> clock.advance(days=31)
    """

    def __init__(self) -> None:
        self._offset = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return utc_now() + self._offset

    def set(self, moment: dt.datetime) -> None:
        """Make it an aware moment."""
        self._offset = moment - utc_now()

    def advance(self, **span: float) -> None:
        """Move it on by what ``timedelta`` takes: ``days=31``."""
        self._offset += dt.timedelta(**span)

    def reset(self) -> None:
        """Tell the real time again."""
        self._offset = dt.timedelta()
