"""How long work will take, in words."""

from __future__ import annotations

from trato.errors import Message
from trato.text import _


def time_left(passed: float, done: int, left: int) -> Message | None:
    """Say how much time is left, by what was done so far.

    :param passed: seconds that it took.
    :param done: what was done in them.
    :param left: what is to be done.
    :return: None as long as nothing is done, and at the end.
    """
    if done <= 0 or left <= 0:
        return None
    seconds = passed * left / done
    if seconds < 60:
        return Message(_("less than a minute left"))
    if seconds < 90:
        return Message(_("about a minute left"))
    return Message(_("about {minutes} minutes left"), {"minutes": round(seconds / 60)})


__all__ = ["time_left"]
