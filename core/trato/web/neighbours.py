"""Where one came from: the list in whose order a record's page leads to the next one.

The list travels in the address, as its own query: `?in=status%3Dactive%26sort%3Dname`. Who comes
from a list by one of its rows brings it in the referrer; who comes back from the record's form, in
a cookie that says which list led to the kind of record last.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import g, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from trato.entities.view import EntityView
from trato.errors import BadQuery
from trato.records.neighbours import Neighbour, neighbours
from trato.records.query import Record
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.web.addresses import ListAddress, base_url
from trato.web.auth import current_host
from trato.web.lists import ListPage

#: A longer query was made by nobody's clicks.
_LONGEST = 2000
COOKIE = "trato_list"
_SECONDS = 3600


def came_from(entity: EntityView) -> str | None:
    """Give the query of the list that one came from; None where one came from elsewhere."""
    if "in" in request.args:
        return _short(request.args["in"])
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return None
    if parts.path == base_url(entity):
        return _kept(entity, parts.query)
    if parts.path == f"{request.path}/edit":
        return _remembered(entity)
    return None


def way_back(entity: EntityView) -> str:
    """Give the address of the list that one came from last, with its filters."""
    query = _remembered(entity)
    return f"{base_url(entity)}?{query}" if query else base_url(entity)


def _remembered(entity: EntityView) -> str | None:
    """Read the list that led to a kind of record last."""
    written = request.cookies.get(COOKIE, "").encode("ascii", "replace")
    try:
        url, _line, query = base64.urlsafe_b64decode(written).decode().partition("\n")
    except ValueError:  # somebody changed the cookie
        return None
    return _short(query) if url == base_url(entity) else None


def remember(response: Response) -> Response:
    """Keep the list of a record's page for the way back from its form; signing out forgets it."""
    kept: tuple[str, str] | None = g.get("came_from")
    if kept is not None:
        written = base64.urlsafe_b64encode("\n".join(kept).encode()).decode("ascii")
        response.set_cookie(
            COOKIE, written, max_age=_SECONDS, httponly=True, samesite="Lax",
            secure=request.is_secure,
        )  # fmt: skip
    return response


def _short(query: str) -> str | None:
    return query if len(query) <= _LONGEST else None


def _kept(entity: EntityView, query: str) -> str | None:
    """Give a list's query without the place of its page."""
    pairs = MultiDict(parse_qsl(query[:_LONGEST], keep_blank_values=True))
    return urlsplit(ListAddress(base_url(entity), pairs).to()).query


def neighbours_page(
    unit: Unit, entity: EntityView, record: Record, cells: Cells
) -> dict[str, Any] | None:
    """Make what leads to the records before and after; None where one came from no list."""
    query = came_from(entity)
    if query is None:
        return None
    args = MultiDict(parse_qsl(query, keep_blank_values=True))
    try:
        asked = ListPage(current_host(), unit, entity, args).query()
        before, after = neighbours(unit, entity, record.id, asked)
    except BadQuery:  # a filter that no longer exists, or somebody changed the address
        return None
    if before is None and after is None:
        return None
    g.came_from = (base_url(entity), query)
    tail = f"?{urlencode({'in': query})}"

    def leads(found: Neighbour | None) -> dict[str, str] | None:
        if found is None:
            return None
        field = entity.fields[entity.info.label]
        label = cells.plain(field)(found.label) if found.label is not None else "—"
        return {"url": f"{base_url(entity)}/{found.id}{tail}", "label": label}

    return {"before": leads(before), "after": leads(after),
            "list_url": base_url(entity) + (f"?{query}" if query else "")}  # fmt: skip
