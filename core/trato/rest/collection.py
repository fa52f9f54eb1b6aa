"""Calls on a collection: list, create, many at once, and by a field that tells records apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from flask import Response
from sqlalchemy import func, select

from trato.access import rules
from trato.entities.fields import Field
from trato.errors import (
    BadQuery,
    Conflict,
    Invalid,
    Message,
    NotFound,
    StaleRecord,
    TratoError,
)
from trato.records import uniqueness
from trato.records.convert import Refused, load_value
from trato.records.filters import parse_filter, unknown_field
from trato.records.query import Record
from trato.records.records import Outcome
from trato.records.schema import load
from trato.records.unit import Unit
from trato.rest import body, duplicates, idempotency
from trato.rest.calls import (
    Call,
    complete,
    json_response,
    may_write,
    read_sent,
    record_response,
    stale,
    take_one,
)
from trato.rest.etags import expected_version
from trato.rest.parameters import list_query
from trato.rest.problems import translated_errors
from trato.text import _

T = TypeVar("T")


def list_records(call: Call) -> Response:
    """Answer a page of a list."""
    rules.require(call.actor, call.entity, "view")
    asked = list_query(call.query_string, call.actor, call.entity)
    with call.host.unit(call.actor, read=True, reading=call.reading) as unit:
        page = unit.records.query(call.entity.name, asked.query)
    answer: dict[str, Any] = {"data": asked.shape.many(page.rows), "next": page.next}
    if page.total is not None:
        answer["total"] = page.total
        if page.total_capped:
            answer["total_capped"] = True
    return json_response(answer)


def create(call: Call) -> Response:
    """Make a record."""

    def write(unit: Unit, taken: body.Values) -> Response:
        record = unit.records.create(call.entity.name, taken.values, id=taken.id)
        warning = duplicates.told(unit, call, record)
        answer = record_response(call, record, 201, Location=call.url(record.id))
        return duplicates.warned(answer, warning)

    return _post(call, lambda data: take_one(call, data, new=True), write)


def bulk(call: Call) -> Response:
    """Make many records; one that is refused does not stop the others."""

    def take(data: object) -> list[body.Values]:
        rows = body.rows(data, call.actor, call.entity)
        for row in rows:
            complete(call, row, new=True)
        return rows

    def write(unit: Unit, rows: list[body.Values]) -> Response:
        good = [row for row in rows if not row.errors]
        outcomes = iter(
            unit.records.bulk(
                call.entity.name, [row.values for row in good], ids=[row.id for row in good]
            )
        )
        answers = [
            _refused(call, row.errors, 422) if row.errors else _outcome(call, next(outcomes))
            for row in rows
        ]
        went_well = all(answer["status"] == 201 for answer in answers)
        return json_response({"data": answers}, 200 if went_well else 207)

    return _post(call, take, write)


def _post(call: Call, take: Callable[[Any], T], write: Callable[[Unit, T], Response]) -> Response:
    """Run a POST in one transaction with its Idempotency-Key."""
    sent = read_sent(call, take)
    with call.host.unit(call.actor, read=isinstance(sent, TratoError)) as unit:
        may_write(unit, call.entity, "create")
        if isinstance(sent, TratoError):
            raise sent
        if sent.key is None:
            return write(unit, sent.taken)
        known = idempotency.begin(unit, sent.key)
        if known is not None:
            return known
        response = write(unit, sent.taken)
        idempotency.finish(unit, sent.key, response)
        return response


def _outcome(call: Call, outcome: Outcome) -> dict[str, Any]:
    if outcome.errors:
        # The write path says nothing about ids but that one exists already.
        return _refused(call, outcome.errors, 409 if "id" in outcome.errors else 422)
    return {"status": 201, "id": outcome.id}


def _refused(call: Call, errors: Mapping[str, list[Message]], status: int) -> dict[str, Any]:
    texts = translated_errors(errors, locale=call.actor.locale, catalogs=call.host.catalogs)
    return {"status": status, "errors": texts}


# --- by a field that tells records apart ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Match:
    """What an upsert means: a field, its value, and what the record is to be."""

    field: Field
    value: Any
    #: The value in the form in which it is compared.
    key: Any
    taken: body.Values


def tells_apart(field: Field) -> bool:
    """Tell whether records are found by a field in `by/FIELD/VALUE`."""
    return (field.unique or field.identifies) and field.writable


def upsert(call: Call, name: str, text: str) -> Response:
    """Change the record that has a value in a field, or make one that has."""
    sent = read_sent(call, lambda data: _take_match(call, name, text, data))
    with call.host.unit(call.actor, read=isinstance(sent, TratoError)) as unit:
        edits = rules.decide(call.actor, call.entity, "edit").allowed
        may_write(unit, call.entity, "edit" if edits else "create")
        if isinstance(sent, TratoError):
            raise sent
        match = sent.taken
        found = _find(unit, call, match)
        if len(found) > 1:
            raise Conflict(
                _("{count} records have '{value}' in '{field}'; it is unclear which is meant."),
                hint=_("Change the record by its id."), count=len(found), value=text[:60],
                field=match.field.path, code="ambiguous",
            )  # fmt: skip
        if found:
            changed = _change(unit, call, found[0], match.taken, sent.tags)
            warning = duplicates.told(unit, call, changed, match.taken.values)
            return duplicates.warned(record_response(call, changed), warning)
        values = {match.field.path: match.value} | match.taken.values
        if sent.tags is not None:
            _loaded, errors = load(call.actor, call.entity, values, partial=False)
            if errors:
                raise Invalid(errors)
            stale(call, StaleRecord(_("There is no record that If-Match could hold for.")))
        record = unit.records.create(call.entity.name, values, id=match.taken.id)
        warning = duplicates.told(unit, call, record)
        answer = record_response(call, record, 201, Location=call.url(record.id))
        return duplicates.warned(answer, warning)


def _take_match(call: Call, name: str, text: str, data: object) -> Match:
    """Read the value of the address, and an object that may say it in its own spelling."""
    field = _match_field(call, name)
    value = parse_filter(field, "eq", text.strip(), actor=call.actor).value
    key = uniqueness.comparable(field, value)
    if key is None:
        raise NotFound(_("No record can have the value of this address."))
    taken = body.one(data, call.actor, call.entity, new=True)
    if field.path in taken.values:
        try:
            said = load_value(field, taken.values[field.path])
        except Refused:
            said = value  # the write path says what is wrong with it
        if uniqueness.comparable(field, said) != key:
            taken.refuse(field.path, _("The address says '{value}'."), value=value)
    complete(call, taken, new=False)
    if taken.errors:
        raise Invalid(taken.errors)
    return Match(field=field, value=value, key=key, taken=taken)


def _match_field(call: Call, name: str) -> Field:
    visible = rules.visible_fields(call.actor, call.entity)
    field = visible.get(name)
    if field is None:
        raise unknown_field(name, visible)
    if not tells_apart(field):
        offered = [path for path, other in visible.items() if tells_apart(other)]
        raise BadQuery(
            _("Field '{field}' does not tell records apart."), hint=_("Fields that do: {fields}."),
            field=name, fields=", ".join(offered) or "-", code="not_unique",
        )  # fmt: skip
    return field


def _find(unit: Unit, call: Call, match: Match) -> list[UUID]:
    """Find the records that are meant, after anybody else who upserts the same value."""
    if unit.connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        subject = repr((unit.tenant_id, call.entity.name, match.field.path, match.key))
        digest = hashlib.sha256(subject.encode()).digest()
        number = int.from_bytes(digest[:8], signed=True)
        unit.connection.execute(select(func.pg_advisory_xact_lock(number)))
    found = uniqueness.holding(
        unit.connection, unit.tenant_id, call.entity, match.field, [match.value]
    )
    return found.get(match.key, [])


def _change(
    unit: Unit, call: Call, record_id: UUID, taken: body.Values, tags: frozenset[str] | None
) -> Record:
    name = call.entity.name
    try:
        if taken.id not in (None, record_id):
            raise Conflict(_("The record has another id: {id}."), id=record_id)
        version = expected_version(unit, name, record_id, tags, call.shape)
        return unit.records.update(name, record_id, taken.values, version=version)
    except StaleRecord as error:
        stale(call, error)
    except NotFound as error:
        raise Conflict(_("The value is taken by a record that you may not see.")) from error
