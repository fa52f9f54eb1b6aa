"""Paths of one entity: every operation with its parameters, bodies and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trato.access.actor import Actor
from trato.entities.fields import LIST_KINDS, TEXT_KINDS, Field
from trato.entities.view import EntityView
from trato.records.query import Op
from trato.records.reading import MAX_LIMIT
from trato.rest.body import MAX_ROWS
from trato.rest.collection import tells_apart
from trato.rest.duplicates import HEADER
from trato.rest.openapi.schemas import MOMENT, NOT_BLANK, TEXT, Maker, Schema, writable
from trato.rest.parameters import DEFAULT_LIMIT, ID, MAX_TEXT, field_operators
from trato.text import _

#: Answers that any call may get.
_ALWAYS = ("401", "403", "404", "429", "500", "503")
_WITH_BODY = ("400", "413", "415", "422")
_SEARCHED = {"type": "string", "pattern": r"^[^\u0000]*$", "maxLength": MAX_TEXT}
_FLAG: Schema = {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Describes the operations of one entity for one actor."""

    maker: Maker
    actor: Actor
    entity: EntityView
    #: What the actor may see.
    visible: Mapping[str, Field]
    #: Fields that the actor may not write.
    rules: Mapping[str, Any]

    def paths(self) -> dict[str, Any]:
        """Describe all paths of the entity, and put its schemas into the components."""
        info = self.entity.info
        base = f"/api/v1/{info.plugin}/{info.collection}"
        fields = writable(self.entity, self.rules)
        schemas = self.maker.components
        schemas[info.name] = self.maker.record(self.entity, self.visible)
        schemas[f"{info.name}.new"] = self.maker.body(fields, new=True, with_id=True)
        schemas[f"{info.name}.change"] = self.maker.body(fields, new=False, with_id=False)
        paths: dict[str, Any] = {
            base: {"get": self._list(), "post": self._create()},
            f"{base}/{{id}}": {
                "parameters": [_path_id(self.maker)],
                "get": self._read(), "patch": self._change(), "delete": self._archive(),
            },
            f"{base}/bulk": {"post": self._bulk()},
        }  # fmt: skip
        for field in fields:
            if tells_apart(field) and field.path in self.visible:
                name = f"{info.name}.by.{field.path}"
                # What a new record needs may be left out where the record exists.
                schemas[name] = self.maker.body(fields, new=False, with_id=True, without=field.path)
                paths[f"{base}/by/{field.path}/{{value}}"] = {"put": self._upsert(field, name)}
        return paths

    def _operation(self, name: str, summary: str, **parts: Any) -> dict[str, Any]:
        info = self.entity.info
        words = self.maker.words
        return {
            "operationId": f"{info.name}.{name}",
            "tags": [info.plugin],
            "summary": words(summary, entity=words(info.titles, info.plugin)),
            **parts,
        }

    def _answers(self, good: Mapping[str, Any], *problems: str) -> dict[str, Any]:
        answers = dict(good)
        for status in sorted({*problems, *_ALWAYS}):
            answers[status] = {"$ref": f"#/components/responses/{status}"}
        if "412" in answers:
            answers["412"] = self._stale()
        return answers

    def _stale(self) -> dict[str, Any]:
        words = self.maker.words
        schema = {
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "properties": {"current": {"anyOf": [_ref(self.entity.name), {"type": "null"}]}},
            "required": ["current"],
        }
        return {
            "description": words(_("The record is not as If-Match says; this is how it is.")),
            "headers": _headers("ETag"),
            "content": {"application/problem+json": {"schema": schema}},
        }

    def _one(self, description: str, *headers: str) -> dict[str, Any]:
        return {
            "description": self.maker.words(description),
            "headers": _headers("ETag", *headers),
            "content": {"application/json": {"schema": _ref(self.entity.name)}},
        }

    # --- operations ------------------------------------------------------------------------------

    def _list(self) -> dict[str, Any]:
        words = self.maker.words
        page = {
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": _ref(self.entity.name)},
                "next": {
                    "type": ["string", "null"],
                    "description": words(_("Cursor of the next page; null on the last one.")),
                },
                "total": {"type": "integer", "minimum": 0, "maximum": 10_000},
                "total_capped": {
                    "const": True,
                    "description": words(_("There are more than the total says.")),
                },
            },
            "required": ["data", "next"],
            "additionalProperties": False,
        }
        good = {
            "description": words(_("A page of records.")),
            "headers": _headers(),
            "content": {"application/json": {"schema": page}},
        }
        return self._operation(
            "list", _("List {entity}"), parameters=self._list_parameters(),
            responses=self._answers({"200": good}, "400"),
        )  # fmt: skip

    def _create(self) -> dict[str, Any]:
        created = self._one(_("The new record."), "Location", "Idempotency-Replayed", HEADER)
        created["links"] = {
            name: {
                "operationId": f"{self.entity.name}.{name}",
                "parameters": {"id": "$response.body#/id"},
            }
            for name in ("read", "change", "archive")
        }
        return self._operation(
            "create", _("Create one of {entity}"),
            parameters=[_REF_KEY], requestBody=_json(_ref(f"{self.entity.name}.new")),
            responses=self._answers({"201": created}, *_WITH_BODY, "409"),
        )  # fmt: skip

    def _bulk(self) -> dict[str, Any]:
        words = self.maker.words
        made = {
            "type": "object",
            "properties": {
                "status": {"const": 201}, "id": {"type": "string", "format": "uuid"},
            },
            "required": ["status", "id"],
            "additionalProperties": False,
        }  # fmt: skip
        refused = {
            "type": "object",
            "properties": {
                "status": {"enum": [409, 422]}, "errors": {"$ref": "#/components/schemas/Errors"},
            },
            "required": ["status", "errors"],
            "additionalProperties": False,
        }  # fmt: skip

        def answer(description: str, item: Schema) -> dict[str, Any]:
            schema = {
                "type": "object",
                "properties": {"data": {"type": "array", "items": item}},
                "required": ["data"], "additionalProperties": False,
            }  # fmt: skip
            return {
                "description": words(description),
                "headers": _headers("Idempotency-Replayed"),
                "content": {"application/json": {"schema": schema}},
            }

        # A row is refused alone, not with the call, so the call takes whatever stands for a row.
        row = {"anyOf": [_ref(f"{self.entity.name}.new"), {}]}
        rows = {"type": "array", "items": row, "maxItems": MAX_ROWS}
        good = {
            "200": answer(_("All rows were made."), made),
            "207": answer(_("Some rows were refused."), {"anyOf": [made, refused]}),
        }
        return self._operation(
            "bulk", _("Create many of {entity}"), parameters=[_REF_KEY],
            requestBody=_json(rows), responses=self._answers(good, *_WITH_BODY, "409"),
        )  # fmt: skip

    def _upsert(self, field: Field, schema: str) -> dict[str, Any]:
        words = self.maker.words
        value = self.maker.value(field.under(required=True))
        parameter = {
            "name": "value", "in": "path", "required": True, "schema": value,
            "description": words.label(field),
        }  # fmt: skip
        good = {
            "200": self._one(_("The record was there and is changed."), HEADER),
            "201": self._one(_("The new record."), "Location", HEADER),
        }
        return self._operation(
            f"by.{field.path}", _("Create or change one of {entity} by a field"),
            parameters=[parameter, _REF_IF_MATCH], requestBody=_json(_ref(schema)),
            responses=self._answers(good, *_WITH_BODY, "409", "412"),
            description=words(
                _("What a new record needs may be left out where the record exists. More than "
                  "one record with the value is a conflict.")
            ),
        )  # fmt: skip

    def _read(self) -> dict[str, Any]:
        unchanged = {
            "description": self.maker.words(_("The record is still as If-None-Match says.")),
            "headers": _headers("ETag"),
        }
        return self._operation(
            "read", _("Read one of {entity}"), parameters=[_REF_IF_NONE_MATCH],
            responses=self._answers(
                {"200": self._one(_("The record.")), "304": unchanged}, "400"
            ),
        )  # fmt: skip

    def _change(self) -> dict[str, Any]:
        return self._operation(
            "change", _("Change one of {entity}"), parameters=[_REF_IF_MATCH],
            requestBody=_json(_ref(f"{self.entity.name}.change")),
            responses=self._answers(
                {"200": self._one(_("The changed record."), HEADER)}, *_WITH_BODY, "412"
            ),
        )  # fmt: skip

    def _archive(self) -> dict[str, Any]:
        gone = {
            "description": self.maker.words(_("The record is in the recycle bin.")),
            "headers": _headers(),
        }
        return self._operation(
            "archive", _("Put one of {entity} into the recycle bin"),
            parameters=[_REF_IF_MATCH],
            responses=self._answers({"204": gone}, "400", "412", "422"),
        )  # fmt: skip

    # --- parameters of a list --------------------------------------------------------------------

    def _list_parameters(self) -> list[dict[str, Any]]:
        words = self.maker.words
        sortable = [path for path, field in self.visible.items() if field.sortable] + ["id"]
        sort = {
            "type": "array", "minItems": 1, "maxItems": 3,
            "items": {"enum": [sign + path for path in sortable for sign in ("", "-")]},
        }  # fmt: skip
        fields = {
            "type": "array", "minItems": 1, "items": {"enum": ["id", "version", *self.visible]},
        }  # fmt: skip
        parameters = [
            _query("q", dict(_SEARCHED), words(_("Words that the record contains."))),
            _query("sort", sort, words(_("Order; - before a field for descending."))),
            _query(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                words(_("Most records of a page.")),
            ),
            _query(
                "cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
                words(_("`next` of the page before, beside the same filters, sort and limit.")),
            ),
            _query("fields", fields, words(_("Fields to answer; all by default."))),
            _query("count", dict(_FLAG), words(_("Count all records, to at most 10,000."))),
        ]  # fmt: skip
        for path, field in ((ID.path, ID), *self.visible.items()):
            for op in field_operators(self.actor, field):
                name = path if op == "eq" else f"{path}__{op}"
                parameters.append(_query(name, self._filtered(field, op), words.label(field)))
        return parameters

    def _filtered(self, field: Field, op: Op) -> Schema:
        """Describe the value of a filter."""
        if op == "isnull":
            return dict(_FLAG)
        if op == "in":
            return {"type": "array", "minItems": 1, "maxItems": 200,
                    "items": self._filtered_item(field)}  # fmt: skip
        if op in ("contains", "startswith") and field.kind in TEXT_KINDS:
            return dict(_SEARCHED)
        return self._filtered_one(field)

    def _filtered_one(self, field: Field) -> Schema:
        kind = field.kind
        if kind in TEXT_KINDS:
            if kind not in ("text", "longtext"):
                pattern = r"^[^\u0000-\u001f]*$"
                return {"type": "string", "pattern": pattern, "maxLength": MAX_TEXT}
            limit = min(field.max_length or MAX_TEXT, MAX_TEXT)
            return {"type": "string", "pattern": TEXT, "maxLength": limit}
        if kind in ("decimal", "money"):
            schema = self.maker.value(field)
            return {"type": "string", "pattern": schema["pattern"]}
        if kind == "moment":
            return {"anyOf": [{"type": "string", "format": "date"},
                              {"type": "string", "pattern": MOMENT}]}  # fmt: skip
        if kind == "member" and self.actor.member is not None:
            return {"anyOf": [{"const": "me"}, {"type": "string", "format": "uuid"}]}
        if kind == "choices":
            return self.maker.choice(field)
        if kind == "tags":
            return {"type": "string", "pattern": TEXT, "maxLength": field.max_length,
                    "allOf": [{"pattern": NOT_BLANK}]}  # fmt: skip
        return self.maker.value(field)

    def _filtered_item(self, field: Field) -> Schema:
        """Describe one of several values; commas stand between them."""
        schema = self._filtered_one(field)
        if field.kind in TEXT_KINDS or (field.kind in LIST_KINDS and schema.get("pattern")):
            return {"type": "string", "pattern": "^[A-Za-z0-9 .@-]*[A-Za-z0-9]$",
                    "maxLength": schema["maxLength"]}  # fmt: skip
        return schema


_REF_KEY = {"$ref": "#/components/parameters/Idempotency-Key"}
_REF_IF_MATCH = {"$ref": "#/components/parameters/If-Match"}
_REF_IF_NONE_MATCH = {"$ref": "#/components/parameters/If-None-Match"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _headers(*names: str) -> dict[str, Any]:
    every = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", *names)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in every}


def _query(name: str, schema: Schema, description: str) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "name": name, "in": "query", "description": description, "schema": schema,
    }  # fmt: skip
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _path_id(maker: Maker) -> dict[str, Any]:
    return {
        "name": "id", "in": "path", "required": True,
        "schema": {"type": "string", "format": "uuid"},
        "description": maker.words(_("Id of the record.")),
    }  # fmt: skip
