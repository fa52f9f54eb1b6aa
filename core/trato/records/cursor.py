"""Cursors: where a page ended, bound to the sort, filters and search it was made under."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from trato.errors import BadQuery
from trato.text import _


def fingerprint(*parts: Any) -> str:
    """Hash what a cursor is bound to."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def encode(bound_to: str, values: list[Any]) -> str:
    """Make a cursor of URL-safe letters."""
    return base64.urlsafe_b64encode(orjson.dumps([bound_to, values])).rstrip(b"=").decode()


def decode(cursor: str, bound_to: str) -> list[Any]:
    """Read a cursor.

    :raises BadQuery: when it is not one of ours, or was made under another query.
    """
    try:
        data = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        made_for, values = data
        if not isinstance(made_for, str) or not isinstance(values, list):
            raise ValueError(cursor)
    except (ValueError, TypeError):
        raise BadQuery(_("The cursor cannot be read."), hint=_("Start from the first page."),
                       code="bad_cursor") from None  # fmt: skip
    if made_for != bound_to:
        raise BadQuery(
            _("The cursor belongs to other filters or another order."),
            hint=_("Give the same filters, search, sort and limit, or start from the first page."),
            code="bad_cursor",
        )
    return values
