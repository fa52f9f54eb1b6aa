"""What can go wrong with another system, by what it means for what was being sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

from trato.errors import TratoError


class SyncError(TratoError):
    """Something went wrong with another system; whether it took what was sent is unknown."""

    code = "sync"


class RemoteUnanswered(SyncError):
    """It was called and gave no usable answer: it may have taken what was sent, or not."""

    code = "remote_unanswered"


class RemoteUnreachable(SyncError):
    """It could not be called at all, so nothing was sent; another time may be better."""

    code = "remote_unreachable"


class RemoteDenied(SyncError):
    """It does not accept our keys; it has taken nothing, and will take nothing else."""

    code = "remote_denied"


class RemoteBusy(SyncError):
    """It took nothing because it has too much to do.

    :param after: how long it wants to be left alone, where it says so.
    """

    code = "remote_busy"

    def __init__(
        self, message: str, /, *, after: dt.timedelta | None = None, **params: Any
    ) -> None:
        super().__init__(message, **params)
        self.after = after


class RemoteRefused(SyncError):
    """It will not take this document as it is; a person has to correct something."""

    code = "remote_refused"


class NotSetUp(SyncError):
    """A setting that the connector needs is empty."""

    code = "not_set_up"


class Overtaken(SyncError):
    """Another run reads the stream, and is further."""

    code = "overtaken"


#: It has taken nothing, for a reason that holds for all other documents too.
NOT_SENT = (RemoteUnreachable, RemoteDenied, RemoteBusy, NotSetUp)
