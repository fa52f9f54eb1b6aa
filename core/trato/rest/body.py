"""Bodies of calls: read once, exactly, and made flat, before any database is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from trato.access.actor import Actor
from trato.access.rules import writable_fields
from trato.entities.view import EntityView
from trato.errors import Invalid, Message
from trato.rest.errors import BadBody, BodyTooLarge, UnsupportedMediaType
from trato.rest.serializer import prefix
from trato.text import _

#: Containers inside a field's value. Nothing that a field takes is deeper.
_MAX_DEPTH = 4
#: No number that a field takes has more.
_MOST_DIGITS = 30
MAX_ROWS = 1_000
_TYPES = ("application/json", "application/merge-patch+json")
#: Kinds in which empty text is no value; null empties a field.
_NEVER_EMPTY = frozenset({"choice", "ref", "member", "team"})


@dataclass(kw_only=True)
class Values:
    """What one object of a body says."""

    #: By flat path.
    values: dict[str, Any] = field(default_factory=dict)
    id: UUID | None = None
    #: What is wrong with the object before its fields are looked at.
    errors: dict[str, list[Message]] = field(default_factory=dict)

    def refuse(self, path: str, text: str, /, **params: Any) -> None:
        """Note what is wrong at a path."""
        self.errors.setdefault(path, []).append(Message(text, params))


class _Pairs(dict[str, Any]):
    """An object as it was read, and the names that it has twice."""

    twice: tuple[str, ...] = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    made = _Pairs(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        made.twice = tuple(name for name in made if names.count(name) > 1)
    return made


def read(request: Request, *, limit: int) -> bytes:
    """Read the body of a call.

    :param limit: most bytes.
    :raises UnsupportedMediaType: when it is not JSON in UTF-8.
    :raises BodyTooLarge: when it is longer than the limit.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in _TYPES or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(
            _("The content type is '{type}'."), hint=_("Send application/json in UTF-8."),
            type=(request.content_type or "")[:60], headers={"Accept": _TYPES[0]},
        )  # fmt: skip
    try:
        request.max_content_length = limit
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge(
            _("The body is longer than {limit} bytes."), hint=_("Send it in several calls."),
            limit=limit,
        ) from None  # fmt: skip


def _number(text: str) -> int | Decimal:
    """Read a number with a point or exponent exactly; 5.0 is a whole number, as JSON has it."""
    number = Decimal(text)
    whole = number.adjusted() < _MOST_DIGITS and number == number.to_integral_value()
    return int(number) if whole else number


def parse(raw: bytes) -> Any:
    """Read JSON; fractions come as Decimal, so that an amount is what was written.

    :raises BadBody: when it cannot be read.
    """
    try:
        # The strict reader judges: UTF-8, surrogates, depth, NaN. The other one reads exactly.
        orjson.loads(raw)
        return json.loads(raw, object_pairs_hook=_pairs, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise BadBody(
            _("The body is not JSON: {reason}."),
            reason=str(error).partition(": line")[0] if raw else _("it is empty"),
        ) from None  # fmt: skip


def one(data: Any, actor: Actor, entity: EntityView, *, new: bool) -> Values:
    """Take an object apart into values by path.

    :param new: an `id` may stand beside the fields.
    """
    taken = Values()
    if not isinstance(data, _Pairs):
        taken.refuse("", _("This is a JSON object; {value} is not."), value=_kind(data))
        return taken
    groups = _groups(actor, entity)
    _note_twice(taken, data, "")
    for name, value in data.items():
        if name == "id" and new:
            taken.id = _id(taken, value)
        elif name in groups:
            if isinstance(value, _Pairs):
                _note_twice(taken, value, f"{name}.")
                for key, inner in value.items():
                    _take(taken, entity, f"{name}.{key}", inner)
            else:
                taken.refuse(name, _("This is a JSON object; {value} is not."), value=_kind(value))
        elif "." in name or name == "id":
            # The flat spelling is for filters; one way to say it keeps duplicates visible.
            taken.refuse(name, _("There is no such field, or it cannot be written."))
        else:
            _take(taken, entity, name, value)
    return taken


def rows(data: Any, actor: Actor, entity: EntityView) -> list[Values]:
    """Take a list of objects apart.

    :raises Invalid: when it is no list, or a longer one than a bulk takes.
    """
    if not isinstance(data, list):
        raise Invalid({"": [Message(_("This is a JSON list; {value} is not."),
                                    {"value": _kind(data)})]})  # fmt: skip
    if len(data) > MAX_ROWS:
        raise Invalid({"": [Message(_("At most {limit} rows; these are {length}."),
                                    {"limit": MAX_ROWS, "length": len(data)})]},
                      code="too_many_rows")  # fmt: skip
    return [one(row, actor, entity, new=True) for row in data]


def _groups(actor: Actor, entity: EntityView) -> frozenset[str]:
    return frozenset({"custom"} | {prefix(f) for f in writable_fields(actor, entity).values()}) - {
        ""
    }


def _note_twice(taken: Values, data: _Pairs, before: str) -> None:
    for name in data.twice:
        taken.refuse(f"{before}{name}", _("The field stands twice in the object."))


def _take(taken: Values, entity: EntityView, path: str, value: Any) -> None:
    known = entity.fields.get(path)
    if value == "" and known is not None and known.kind in _NEVER_EMPTY:
        taken.refuse(path, _("Empty text is no value here; null empties the field."))
    elif isinstance(value, list | dict) and _depth(value) > _MAX_DEPTH:
        taken.refuse(path, _("The value is nested too deeply."))
    else:
        taken.values[path] = value


def _id(taken: Values, value: Any) -> UUID | None:
    if isinstance(value, str) and len(value) == 36:
        try:
            return UUID(value)
        except ValueError:
            pass
    taken.refuse("id", _("This is a UUID like 01a20142-3234-72f1-a422-4a9ac5a22e77."))
    return None


def _depth(value: Any) -> int:
    """Measure how deep containers are nested, without recursion and no deeper than needed."""
    depth, level = 0, [value]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [inner for item in level for inner in _items(item)]
    return depth


def _items(value: Any) -> Iterator[Any]:
    inside = value.values() if isinstance(value, Mapping) else value
    return (item for item in inside if isinstance(item, list | dict))


def _kind(value: Any) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    names = ((bool, "boolean"), (str, "string"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "number")
