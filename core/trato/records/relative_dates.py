"""Days counted from today in the addresses of lists, so that a kept list does not grow old."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

_COUNTED = re.compile(r"([+-])(\d{1,4})d", re.ASCII)


def absolute(kind: str, text: str, *, now: dt.datetime, timezone: str) -> str:
    """Write `today`, `-90d` and `+7d` as the day or the beginning of the day that they mean.

    :param kind: of the field; texts for other kinds, and all other texts, stay as they are.
    """
    if kind not in ("date", "moment"):
        return text
    counted = _COUNTED.fullmatch(text)
    if counted is None and text != "today":
        return text
    zone = ZoneInfo(timezone)
    days = 0 if counted is None else int(counted[1] + counted[2])
    day = now.astimezone(zone).date() + dt.timedelta(days=days)
    if kind == "date":
        return day.isoformat()
    return dt.datetime.combine(day, dt.time(), zone).isoformat()
