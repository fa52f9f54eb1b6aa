"""JSON Schemas of fields and entities: what is answered, and what is taken.

They say what the write path decides, no more and no less, so that a client can check a value
before it is sent, and a generator of calls finds nothing that the document did not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trato.db.types import MAX_BIGINT, Scaled
from trato.entities.fields import LIST_KINDS, REF_KINDS, Field
from trato.entities.view import EntityView
from trato.records.convert import to_json
from trato.rest.openapi.words import Words
from trato.rest.serializer import prefix
from trato.text import _

Schema = dict[str, Any]

#: Text without control characters but tab and newlines.
TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
NOT_BLANK = r"[^\s]"
_EMAIL = (
    r"[A-Za-z0-9_+\-]{1,30}@[A-Za-z0-9]([A-Za-z0-9\-]{0,20}[A-Za-z0-9])?"
    r"(\.[A-Za-z0-9]([A-Za-z0-9\-]{0,20}[A-Za-z0-9])?){0,2}\.[A-Za-z]{2,20}"
)
_PHONE = r"\+?[0-9]([0-9().\-/]| [0-9]){2,14}"
_URL = (
    r"[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9]([A-Za-z0-9\-._~]*[A-Za-z0-9])?(/[A-Za-z0-9\-._~/?=&%]*)?"
)
_BLANKS = r"[ \t\r\n]*"
_CONTACTS = {"email": _EMAIL, "phone": _PHONE, "url": _URL}
MOMENT = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])$"
)
#: Choices longer than this are a schema of their own.
_MANY_CHOICES = 20


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes schemas, and collects those that are referred to by name."""

    words: Words
    components: dict[str, Schema]

    # --- fields ----------------------------------------------------------------------------------

    def value(self, field: Field) -> Schema:
        """Describe a value that is sent for a field, but for null."""
        kind = field.kind
        if kind in _CONTACTS:
            found = f"({_CONTACTS[kind]})" + ("" if field.required else "?")
            return {"type": "string", "pattern": f"^{_BLANKS}{found}{_BLANKS}$",
                    "maxLength": field.max_length}  # fmt: skip
        if kind in ("text", "longtext"):
            return self._text(field)
        if kind == "integer":
            return {"type": "integer", "minimum": _least(field, -MAX_BIGINT),
                    "maximum": _most(field, MAX_BIGINT)}  # fmt: skip
        if kind in ("decimal", "money"):
            return _decimal(field)
        if kind == "date":
            return {"type": "string", "format": "date"}
        if kind == "moment":
            return {"type": "string", "pattern": MOMENT}
        if kind == "boolean":
            return {"type": "boolean"}
        if kind == "choice":
            return self.choice(field)
        if kind == "choices":
            return {"type": "array", "items": self.choice(field), "maxItems": 100}
        if kind == "tags":
            item = {"type": "string", "pattern": TEXT, "maxLength": field.max_length}
            return {"type": "array", "items": item, "maxItems": 100}
        return {"type": "string", "format": "uuid"}

    def _text(self, field: Field) -> Schema:
        schema: Schema = {"type": "string", "pattern": TEXT}
        if field.max_length is not None:
            schema["maxLength"] = field.max_length
        if field.required:
            schema |= {"minLength": 1, "allOf": [{"pattern": NOT_BLANK}]}
        return schema

    def choice(self, field: Field) -> Schema:
        """Describe the values of a choice; a long list stands in one place."""
        values = [key for key, _label in field.choices]
        if len(values) <= _MANY_CHOICES:
            return {"type": "string", "enum": values}
        name = f"options.{field.options or field.path}"
        self.components.setdefault(name, {"type": "string", "enum": values})
        return {"$ref": f"#/components/schemas/{name}"}

    def answered(self, field: Field) -> Schema:
        """Describe a field's value in an answer."""
        kind = field.kind
        schema: Schema
        if kind in ("decimal", "money"):
            schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
        elif kind == "moment":
            schema = {"type": "string", "format": "date-time"}
        elif kind in LIST_KINDS:
            schema = {"type": "array", "items": {"type": "string"}}
        elif kind in REF_KINDS or kind in ("date", "boolean", "integer"):
            schema = self.value(field)
        else:
            # A retired choice stays readable, so answers are not bound to the list.
            schema = {"type": "string"}
        return self._described(field, schema, may_be_null=True, sent=False)

    def sent(self, field: Field) -> Schema:
        """Describe a field's value in a body."""
        return self._described(field, self.value(field), may_be_null=not field.required, sent=True)

    def _described(self, field: Field, schema: Schema, *, may_be_null: bool, sent: bool) -> Schema:
        if may_be_null and "$ref" in schema:
            schema = {"anyOf": [schema, {"type": "null"}]}
        elif may_be_null:
            schema = {**schema, "type": _with_null(schema["type"])}
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        described: Schema = {"title": self.words.label(field), **schema}
        notes = self._notes(field)
        if notes:
            described["description"] = notes
        if sent and field.default is not None:
            described["default"] = to_json(field, field.default)
        if not sent and not field.writable:
            described["readOnly"] = True
        return described

    def _notes(self, field: Field) -> str:
        notes = [self.words(field.help, field.plugin)] if field.help else []
        if field.target is not None:
            notes.append(self.words(_("Id of a record of {entity}."), entity=field.target))
        elif field.kind == "member":
            notes.append(self.words(_("Id of a member.")))
        elif field.kind == "team":
            notes.append(self.words(_("Id of a team.")))
        if 0 < len(field.choices) <= _MANY_CHOICES:
            notes.append(
                "; ".join(f"{key}: {self.words(text, field.plugin)}" for key, text in field.choices)
            )
        return " ".join(notes)

    # --- entities --------------------------------------------------------------------------------

    def record(self, entity: EntityView, visible: Mapping[str, Field]) -> Schema:
        """Describe a record as it is answered; columns may have been left out."""
        properties: dict[str, Schema] = {
            "id": {"type": "string", "format": "uuid"},
            "version": {"type": "integer", "minimum": 1},
        }
        groups: dict[str, dict[str, Schema]] = {"custom": {}}
        for field in visible.values():
            into = groups.setdefault(prefix(field), {}) if prefix(field) else properties
            into[field.name] = self.answered(field)
        for name, inner in groups.items():
            properties[name] = _object(inner)
        return _object(properties, required=["id", "version"]) | {
            "title": self.words(entity.info.title, entity.info.plugin)
        }

    def body(
        self, fields: Iterable[Field], *, new: bool, with_id: bool, without: str = ""
    ) -> Schema:
        """Describe an object that is sent.

        :param new: what a new record needs is obligatory.
        :param with_id: the record's id may be chosen.
        :param without: path of a field that the address says already.
        """
        properties: dict[str, Schema] = {}
        required: list[str] = []
        groups: dict[str, dict[str, Schema]] = {"custom": {}}
        needed: dict[str, list[str]] = {}
        if with_id:
            properties["id"] = {
                "type": "string", "format": "uuid",
                "description": self.words(_("Chosen by you, or made where it is missing.")),
            }  # fmt: skip
        for field in fields:
            if field.path == without:
                continue
            group = prefix(field)
            (groups.setdefault(group, {}) if group else properties)[field.name] = self.sent(field)
            if new and field.needed:
                needed.setdefault(group, []).append(field.name)
        for name, inner in groups.items():
            properties[name] = _object(inner, required=needed.get(name))
            if name in needed:
                required.append(name)
        return _object(properties, required=[*needed.get("", []), *required])


def writable(entity: EntityView, rules: Mapping[str, Any]) -> list[Field]:
    """Give the fields that may be sent."""
    return [f for path, f in entity.fields.items() if f.writable and path not in rules]


def _object(properties: Mapping[str, Schema], *, required: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema


def _with_null(types: Any) -> list[str]:
    return [*([types] if isinstance(types, str) else types), "null"]


def _least(field: Field, limit: int) -> int:
    return limit if field.minimum is None else int(field.minimum)


def _most(field: Field, limit: int) -> int:
    return limit if field.maximum is None else int(field.maximum)


def _decimal(field: Field) -> Schema:
    """Describe an exact number: best written as text, as JSON's numbers are read inexactly."""
    limit = int(Scaled(field.scale).limit)
    digits = len(str(limit)) - 1
    sign = r"\+?" if field.minimum is not None and field.minimum >= 0 else "[+-]?"
    fraction = rf"(\.[0-9]{{1,{field.scale}}})?" if field.scale else ""
    return {
        "type": ["string", "number"],
        "pattern": f"^{sign}[0-9]{{1,{digits}}}{fraction}$",
        "minimum": _least(field, -limit),
        "maximum": _most(field, limit),
        "multipleOf": 10**-field.scale if field.scale else 1,
    }


__all__ = ["MOMENT", "NOT_BLANK", "TEXT", "Maker", "Schema", "writable"]
