"""What is queued must be plain JSON: naming what is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID


def misfits(value: Any, *, where: str, fit: tuple[type, ...] = ()) -> Iterator[str]:
    """Say what of a value JSON does not hold, and what to give instead.

    :param fit: types that whoever writes the value writes as text by itself.
    """
    if value is None or isinstance(value, (str, int, float, *fit)):
        return
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from misfits(one, where=f"{where}[{key!r}]", fit=fit)
    elif isinstance(value, list | tuple):
        for place, one in enumerate(value):
            yield from misfits(one, where=f"{where}[{place}]", fit=fit)
    else:
        if isinstance(value, UUID | Decimal):
            kind = type(value).__name__
            cure = f"give str(…), and read it with {kind}(…)"
        elif isinstance(value, dt.date | dt.time):
            cure = "give ….isoformat(), and read it with fromisoformat(…)"
        else:
            cure = "give text, numbers, lists and mappings, and of a record its id as text"
        yield f"{where} is a {type(value).__name__}, which JSON does not hold; {cure}"
