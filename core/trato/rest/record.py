"""Calls on one record: read, change, put into the recycle bin."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from trato.errors import StaleRecord, TratoError
from trato.rest import duplicates
from trato.rest.calls import Call, may_view, read_sent, record_response, stale, take_one
from trato.rest.etags import expected_version, is_known, read_tags
from trato.rest.parameters import refuse_parameters


def check_exists(call: Call, record_id: UUID) -> None:
    """Refuse an address without a record.

    :raises NotFound: when the actor sees none there.
    """
    with call.host.unit(call.actor, read=True) as unit:
        may_view(unit, call.entity, record_id)
        unit.records.get(call.entity.name, record_id)


def read(call: Call, record_id: UUID) -> Response:
    """Answer a record, or that the caller has it already."""
    with call.host.unit(call.actor, read=True, reading=call.reading) as unit:
        may_view(unit, call.entity, record_id)
        record = unit.records.get(call.entity.name, record_id)
    refuse_parameters(call.query_string)
    known = read_tags(call.request.headers, "If-None-Match")
    etag = call.shape.etag(record.id, record.version)
    if is_known(known, etag):
        return Response(status=304, headers={"ETag": etag})
    return record_response(call, record)


def change(call: Call, record_id: UUID) -> Response:
    """Change fields of a record."""
    name = call.entity.name
    sent = read_sent(call, lambda data: take_one(call, data, new=False))
    refused = isinstance(sent, TratoError)
    with call.host.unit(call.actor, read=refused) as unit:
        may_view(unit, call.entity, record_id)
        if isinstance(sent, TratoError):
            # A change of nothing: refused where there is no record, or no right.
            unit.records.update(name, record_id, {})
            raise sent
        version = expected_version(unit, name, record_id, sent.tags, call.shape)
        try:
            record = unit.records.update(name, record_id, sent.taken.values, version=version)
        except StaleRecord as error:
            stale(call, error)
        warning = duplicates.told(unit, call, record, sent.taken.values)
    return duplicates.warned(record_response(call, record), warning)


def archive(call: Call, record_id: UUID) -> Response:
    """Put a record into the recycle bin."""
    name = call.entity.name
    sent = read_sent(call, lambda _data: None)
    with call.host.unit(call.actor) as unit:
        may_view(unit, call.entity, record_id)
        if isinstance(sent, TratoError):
            # Refused where there is no record, or no right; else raising takes it back.
            unit.records.archive(name, record_id)
            raise sent
        version = expected_version(unit, name, record_id, sent.tags, call.shape)
        try:
            unit.records.archive(name, record_id, version=version)
        except StaleRecord as error:
            stale(call, error)
    return Response(status=204)
