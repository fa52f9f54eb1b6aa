"""The contract of an entity's values: one marshmallow schema per entity view and set of fields."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import marshmallow

from trato.access.actor import Actor
from trato.access.rules import visible_fields, writable_fields
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Message
from trato.records.convert import Converter, Refused, converter, load_value
from trato.text import _

_MESSAGES: dict[str, str | list[Any] | dict[Any, Any]] = {
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
            data_key=field.path,
        )
        self.field = field

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            loaded = load_value(self.field, value)
        except Refused as refused:
            raise marshmallow.ValidationError([refused.message]) from None
        if loaded is None and self.field.required:
            raise self.make_error("null")
        return loaded


class RecordSchema(marshmallow.Schema):
    """Loads flat values by path; unknown and read-only fields are refused."""

    class Meta:
        unknown = marshmallow.RAISE

    error_messages = {"unknown": _("There is no such field, or it cannot be written.")}  # noqa: RUF012 - marshmallow's own shape


_DERIVED = _("It is derived: its module sets it while a record is saved, and nobody else does.")
#: Stands for the dot of a path in names of marshmallow, which would nest the values.
_DOT = ":"


class Loader:
    """Checks rows by a schema, fast: a row that is right costs one pass over its values.

    The pass is made of what the schema says of each field. It only ever accepts; a row that it
    does not accept goes to marshmallow, which decides and has the messages.
    """

    def __init__(
        self, schema: marshmallow.Schema, *, derived: frozenset[str] = frozenset()
    ) -> None:
        self._schema = schema
        #: Paths that exist for the actor, and that nobody writes: refused in words of their own.
        self._derived = derived
        self._converters: dict[Any, tuple[Converter, bool]] = {}
        obligatory = []
        for field in schema.load_fields.values():
            if not isinstance(field, RecordField):
                raise TypeError(f"{field!r} is no field of a record")
            path = field.field.path
            self._converters[path] = (converter(field.field), bool(field.allow_none))
            if field.required:
                obligatory.append(path)
        self._obligatory = frozenset(obligatory)

    def __call__(
        self, values: Mapping[str, Any], *, partial: bool
    ) -> tuple[dict[str, Any], dict[str, list[Message]]]:
        """Check values by path.

        :param partial: an update, where obligatory fields may be missing.
        :return: the accepted values, and the refusals by path.
        """
        loaded = self._accepted(values, partial=partial)
        return (loaded, {}) if loaded is not None else self._judged(values, partial=partial)

    def _accepted(self, values: Any, *, partial: bool) -> dict[str, Any] | None:
        if not isinstance(values, Mapping) or not (partial or self._obligatory.issubset(values)):
            return None
        loaded: dict[str, Any] = {}
        converters = self._converters
        for path, value in values.items():
            known = converters.get(path)
            if known is None:
                return None
            convert, may_be_empty = known
            if value is not None:
                try:
                    value = convert(value)
                except Refused:
                    return None
            if value is None and not may_be_empty:
                return None
            loaded[path] = value
        return loaded

    def _judged(
        self, values: Mapping[str, Any], *, partial: bool
    ) -> tuple[dict[str, Any], dict[str, list[Message]]]:
        try:
            loaded: dict[str, Any] = self._schema.load(values, partial=partial)
        except marshmallow.ValidationError as error:
            errors: dict[str, list[Message]] = {}
            found: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
            for path, texts in found.items():
                listed = texts if isinstance(texts, list) else [str(texts)]
                errors[path] = [t if isinstance(t, Message) else Message(str(t)) for t in listed]
            # What is derived has no field in the schema, so unknown is all that it can be.
            errors |= {path: [Message(_DERIVED)] for path in errors.keys() & self._derived}
            return {}, errors
        return {name.replace(_DOT, "."): value for name, value in loaded.items()}, {}


def schema_for(actor: Actor, entity: EntityView) -> marshmallow.Schema:
    """Compose the schema of what an actor may write to an entity."""
    made = marshmallow.Schema.from_dict(
        {
            path.replace(".", _DOT): RecordField(field)
            for path, field in writable_fields(actor, entity).items()
        }
    )
    schema: marshmallow.Schema = type("Values", (RecordSchema, made), {})()
    return schema


def loader_for(actor: Actor, entity: EntityView) -> Loader:
    """Give the loader of what an actor may write, made once per view and rights."""
    derived = frozenset(p for p, f in visible_fields(actor, entity).items() if f.derived)
    key = ("loader", frozenset(writable_fields(actor, entity)), derived)
    found: Loader | None = entity.cache.get(key)
    if found is None:
        found = entity.cache[key] = Loader(schema_for(actor, entity), derived=derived)
    return found


def load(
    actor: Actor, entity: EntityView, values: Mapping[str, Any], *, partial: bool
) -> tuple[dict[str, Any], dict[str, list[Message]]]:
    """Check the values of one record; see ``Loader``."""
    return loader_for(actor, entity)(values, partial=partial)


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


__all__ = ["Loader", "RecordField", "defaults", "load", "loader_for", "schema_for"]
