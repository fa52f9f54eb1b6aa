"""The contract of an entity's values: one marshmallow schema per entity view and set of fields."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import marshmallow

from trato.access.actor import Actor
from trato.access.rules import writable_fields
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Message
from trato.records.convert import Refused, load_value
from trato.text import _

_MESSAGES = {
    "required": _("This is obligatory."),
    "null": _("This is obligatory."),
}


class RecordField(marshmallow.fields.Field[Any]):
    """A marshmallow field over one of ours."""

    def __init__(self, field: Field) -> None:
        obligatory = field.required and field.default is None
        super().__init__(
            required=obligatory,
            allow_none=not field.required,
            error_messages=_MESSAGES,
            metadata={"field": field},
        )
        self.field = field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            loaded = load_value(self.field, value)
        except Refused as refused:
            raise marshmallow.ValidationError([refused.message]) from None  # type: ignore[list-item]
        if loaded is None and self.field.required:
            raise self.make_error("null")
        return loaded


class RecordSchema(marshmallow.Schema):
    """Loads flat values by path; unknown and read-only fields are refused."""

    class Meta:
        unknown = marshmallow.RAISE

    error_messages = {"unknown": _("There is no such field, or it cannot be written.")}  # noqa: RUF012 - marshmallow's own shape


def schema_for(actor: Actor, entity: EntityView) -> marshmallow.Schema:
    """Compose the schema of what an actor may write to an entity, once per view and rights."""
    fields = writable_fields(actor, entity)
    key = ("schema", frozenset(fields))
    found = entity.cache.get(key)
    if found is None:
        made = marshmallow.Schema.from_dict(
            {path: RecordField(field) for path, field in fields.items()}
        )
        found = entity.cache[key] = type("Values", (RecordSchema, made), {})()
    assert isinstance(found, marshmallow.Schema)
    return found


def load(
    actor: Actor, entity: EntityView, values: Mapping[str, Any], *, partial: bool
) -> tuple[dict[str, Any], dict[str, list[Message]]]:
    """Check values by path.

    :param partial: an update, where obligatory fields may be missing.
    :return: the accepted values, and the refusals by path.
    """
    try:
        loaded: dict[str, Any] = schema_for(actor, entity).load(values, partial=partial)
        return loaded, {}
    except marshmallow.ValidationError as error:
        errors: dict[str, list[Message]] = {}
        for path, texts in error.normalized_messages().items():
            listed = texts if isinstance(texts, list) else [str(texts)]
            errors[path] = [t if isinstance(t, Message) else Message(str(t)) for t in listed]
        return {}, errors


def defaults(entity: EntityView) -> dict[str, Any]:
    """Give the values that a new record starts with."""
    found: dict[str, Any] | None = entity.cache.get("defaults")
    if found is None:
        found = entity.cache["defaults"] = {
            path: load_value(field, field.default)
            for path, field in entity.fields.items()
            if field.default is not None
        }
    return copy.copy(found)


__all__ = ["RecordField", "defaults", "load", "schema_for"]
