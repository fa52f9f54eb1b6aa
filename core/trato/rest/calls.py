"""What the views have in common: who calls, for which entity, and the order of refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, NoReturn, TypeVar
from uuid import UUID

from flask import Request, Response

from trato.access import rules
from trato.access.actor import Actor
from trato.access.roles import Action
from trato.db.reading import Reading
from trato.entities.view import EntityView
from trato.errors import Forbidden, Invalid, NotFound, StaleRecord, TratoError
from trato.host import Host
from trato.records.query import Record
from trato.records.schema import load
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.rest import body
from trato.rest.errors import MethodNotAllowed, PreconditionFailed
from trato.rest.etags import read_tags
from trato.rest.idempotency import Key, read_key
from trato.rest.parameters import refuse_parameters
from trato.rest.serializer import Shape, dumps, shape
from trato.text import _

T = TypeVar("T")
Handlers = Mapping[str, Callable[[], Response]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call about an entity."""

    host: Host
    actor: Actor
    entity: EntityView
    request: Request
    #: The transaction in which the request already reads.
    reading: Reading | None = None

    @property
    def shape(self) -> Shape:
        """How the actor sees a whole record."""
        return shape(self.entity, rules.visible_fields(self.actor, self.entity).values())

    @property
    def query_string(self) -> bytes:
        found: bytes = self.request.query_string
        return found

    def url(self, record_id: UUID) -> str:
        """Give the address of a record."""
        info = self.entity.info
        root = self.request.script_root
        return f"{root}/api/v1/{info.plugin}/{info.collection}/{record_id}"


@dataclass(frozen=True, kw_only=True)
class Sent(Generic[T]):
    """What a writing call brought, read before the database is touched."""

    #: The body, taken apart.
    taken: T
    key: Key | None
    #: Entity tags of If-Match.
    tags: frozenset[str] | None


def read_sent(call: Call, take: Callable[[Any], T]) -> Sent[T] | TratoError:
    """Read parameters, header fields and body of a writing call.

    :param take: makes of the JSON what the call needs.
    :return: what was sent, or why it is refused, unless something that is decided earlier
        refuses it.
    """
    try:
        refuse_parameters(call.query_string)
        tags = read_tags(call.request.headers, "If-Match")
        if call.request.method == "DELETE":
            return Sent(taken=take(None), key=None, tags=tags)
        raw = body.read(call.request, limit=call.host.settings.max_body_mb * 1024 * 1024)
        key = None
        if call.request.method == "POST":
            caller = call.actor.token_id or call.actor.member_id
            key = read_key(call.request, raw, caller=caller)
        return Sent(taken=take(body.parse(raw)), key=key, tags=tags)
    except TratoError as error:
        return error


def take_one(call: Call, data: object, *, new: bool) -> body.Values:
    """Take an object apart.

    :raises Invalid: with all that is wrong with it, when its form is wrong.
    """
    taken = body.one(data, call.actor, call.entity, new=new)
    complete(call, taken, new=new)
    if taken.errors:
        raise Invalid(taken.errors)
    return taken


def complete(call: Call, taken: body.Values, *, new: bool) -> None:
    """Add what is wrong with the values, so that a caller reads everything at once."""
    if taken.errors and "" not in taken.errors:
        _values, others = load(call.actor, call.entity, taken.values, partial=not new)
        taken.errors = others | taken.errors


def dispatch(method: str, handlers: Handlers) -> Response:
    """Answer an existing resource by the method.

    :raises MethodNotAllowed: with the methods that it knows.
    """
    known = [*handlers, *(["HEAD"] if "GET" in handlers else []), "OPTIONS"]
    if method == "OPTIONS":
        return Response(status=204, headers={"Allow": ", ".join(known)})
    handler = handlers.get("GET" if method == "HEAD" else method)
    if handler is None:
        raise MethodNotAllowed(method, known)
    return handler()


def may_write(unit: Unit, entity: EntityView, action: Action) -> None:
    """Refuse writing of any record.

    :raises Forbidden: when the licence is over, or the actor lacks the right.
    """
    check_writable(unit)
    rules.require(unit.actor, entity, action)


def may_view(unit: Unit, entity: EntityView, record_id: UUID) -> None:
    """Refuse a record of an entity that the actor may not see at all.

    That a record does not exist is said before that it may not be seen.

    :raises NotFound: when it does not exist.
    :raises Forbidden: when it does.
    """
    try:
        rules.require(unit.actor, entity, "view")
    except Forbidden:
        anybody = replace(unit, actor=Actor(view=unit.view))
        anybody.records.get(entity.name, record_id)
        raise


def json_response(data: object, status: int = 200, **headers: str) -> Response:
    """Answer JSON; names of header fields are written with `_` for `-`."""
    response = Response(dumps(data), status, mimetype="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def record_response(call: Call, record: Record, status: int = 200, **headers: str) -> Response:
    """Answer one record with its tag."""
    shown = call.shape
    etag = shown.etag(record.id, record.version)
    return json_response(shown.record(record), status, ETag=etag, **headers)


def stale(call: Call, error: StaleRecord) -> NoReturn:
    """Refuse a write for its precondition, with the record as it is now."""
    current = error.current
    if not isinstance(current, Record):
        raise PreconditionFailed(error, current=None, etag=None) from error
    shown = call.shape
    raise PreconditionFailed(
        error, current=shown.record(current), etag=shown.etag(current.id, current.version)
    ) from error


def record_id(text: str) -> UUID:
    """Read the id of an address.

    :raises NotFound: when it is none: no record has it.
    """
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        raise NotFound(_("There is no record '{id}'."), id=text[:60])
    return found
