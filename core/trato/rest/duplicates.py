"""The header field in which a written record's duplicates are told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from flask import Response

from trato.records.duplicates import watched
from trato.records.query import Record
from trato.records.unit import Unit
from trato.rest.calls import Call

HEADER = "Trato-Duplicates"
#: A header field is short; who wants more asks by the value.
_SHOWN = 10


def told(unit: Unit, call: Call, record: Record, sent: Iterable[str] | None = None) -> str:
    """Write the header field for a record that was just written; empty where it has no like.

    :param sent: fields that the call brought; without it all count, as for a new record.
    """
    paths = set(watched(unit.actor, call.entity)) & set(record.values)
    if sent is not None:
        paths &= set(sent)
    values = {path: record.values[path] for path in paths if record.values[path] is not None}
    if not values:
        return ""
    # Alike names are for a person who types one: nine searches took ten times the write itself.
    found = unit.records.duplicates(call.entity.name, values, id=record.id, names=False)
    if not found:
        return ""
    listed = [
        {"id": None if one.id is None else str(one.id), "fields": list(one.fields),
         "match": "same"}
        for one in islice(found, _SHOWN)
    ]  # fmt: skip
    return json.dumps(listed)


def warned(response: Response, told: str) -> Response:
    """Put the header field into an answer, if there is something to tell."""
    if told:
        response.headers[HEADER] = told
    return response
