"""The whole document, built once per tenant's view, language and hidden fields."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request

from trato import __version__
from trato.access.actor import Actor
from trato.access.rules import field_rules
from trato.host import Host
from trato.rest.openapi.operations import Operations
from trato.rest.openapi.schemas import Maker, Schema
from trato.rest.openapi.words import Words
from trato.rest.parameters import refuse_parameters
from trato.rest.problems import MEDIA_TYPE, TITLES
from trato.rest.serializer import dumps
from trato.text import _


def answer(actor: Actor) -> Response:
    """Answer the document as the actor may see it."""
    refuse_parameters(request.query_string)
    host: Host = current_app.extensions["trato"]
    rules = tuple(
        (name, path, rule)
        for name, entity in actor.view.entities.items()
        for path, rule in sorted(field_rules(actor, entity).items())
    )
    key = ("openapi", actor.locale, request.script_root, rules)
    body: bytes | None = actor.view.cache.get(key)
    if body is None:
        words = Words(catalogs=host.catalogs, locale=actor.locale)
        made = document(actor, words, root=request.script_root)
        body = actor.view.cache[key] = dumps(made)
    return Response(body, mimetype="application/json")


def document(actor: Actor, words: Words, *, root: str = "") -> dict[str, Any]:
    """Describe the API of a tenant.

    :param root: path under which the application is mounted.
    """
    schemas: dict[str, Schema] = {"Problem": _problem(words), "Errors": _errors(words)}
    maker = Maker(words=words, components=schemas)
    paths: dict[str, Any] = {}
    for entity in actor.view.entities.values():
        rules = field_rules(actor, entity)
        visible = {p: f for p, f in entity.fields.items() if rules.get(p) != "hidden"}
        operations = Operations(
            maker=maker, actor=actor, entity=entity, visible=visible, rules=rules
        )
        paths |= operations.paths()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Trato · {actor.view.tenant.name}",
            "version": __version__,
            "description": words(
                _("Records of this company, as far as your token reaches. Amounts are text, "
                  "moments are in UTC, references are ids. Nothing unknown is ignored.")
            ),
        },
        "servers": [{"url": root or "/"}],
        "security": [{"token": []}],
        "tags": [
            {"name": name, "description": words(host_title, name)}
            for name, host_title in _titles(actor)
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": words(_("A token of a member, made in the account.")),
                }
            },
            "schemas": schemas,
            "parameters": _parameters(words),
            "headers": _headers(words),
            "responses": _responses(words),
        },
    }  # fmt: skip


def _titles(actor: Actor) -> list[tuple[str, str]]:
    host: Host = current_app.extensions["trato"]
    return [
        (name, plugin.title) for name, plugin in host.plugins.items()
        if name in actor.view.enabled
    ]  # fmt: skip


def _problem(words: Words) -> Schema:
    return {
        "type": "object",
        "title": "RFC 9457",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {
                "type": "string",
                "description": words(_("Stable name of the error, for programs.")),
            },
            "hint": {"type": "string", "description": words(_("What to do about it."))},
            "errors": {"$ref": "#/components/schemas/Errors"},
            "instance": {"type": "string"},
            "request_id": {"type": "string"},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def _errors(words: Words) -> Schema:
    return {
        "type": "object",
        "description": words(
            _("Refusals by path of the field, such as `custom.zone`; an empty path is the record.")
        ),
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    }


def _parameters(words: Words) -> dict[str, Any]:
    tags = r'^(\*|(W/)?"[!#-~]*"( ?, ?(W/)?"[!#-~]*")*)$'

    def header(name: str, pattern: str, example: str, description: str) -> dict[str, Any]:
        return {
            "name": name, "in": "header", "description": words(description),
            "schema": {"type": "string", "pattern": pattern}, "example": example,
        }  # fmt: skip

    made = [
        header("If-Match", tags, "*", _("ETag that the record must have, or *.")),
        header("If-None-Match", tags, "*", _("ETag of the record that you have.")),
        header(
            "Idempotency-Key", r"^[!-~]{1,255}$", "0b9d0bd8-8f2a-4a35-9f0c-6b6f0a6f2a11",
            _("The same key within 24 hours gives the same answer and writes nothing again."),
        ),
    ]  # fmt: skip
    return {parameter["name"]: parameter for parameter in made}


def _headers(words: Words) -> dict[str, Any]:
    def header(description: str, **schema: Any) -> dict[str, Any]:
        return {"description": words(description), "schema": schema}

    return {
        "ETag": header(_("Tag of the record as it is now."), type="string"),
        "Location": header(_("Address of the record."), type="string"),
        "Allow": header(_("Methods that are possible."), type="string"),
        "Retry-After": header(_("Seconds to wait."), type="integer"),
        "WWW-Authenticate": header(_("How to sign in."), type="string"),
        "Idempotency-Replayed": header(
            _("The answer is the one that the key got before."), type="string"
        ),
        "Trato-Duplicates": header(
            _("JSON list of records that are probably the same: id, fields, match."),
            type="string",
        ),
        "RateLimit-Limit": header(_("Calls of a minute."), type="integer"),
        "RateLimit-Remaining": header(_("Calls left in this minute."), type="integer"),
        "RateLimit-Reset": header(_("Seconds until the next minute."), type="integer"),
    }


_OF_STATUS = {
    "401": ("WWW-Authenticate",), "405": ("Allow",), "429": ("Retry-After",),
    "503": ("Retry-After",),
}  # fmt: skip


def _responses(words: Words) -> dict[str, Any]:
    return {
        str(status): {
            "description": words(title),
            "headers": {
                name: {"$ref": f"#/components/headers/{name}"}
                for name in _OF_STATUS.get(str(status), ())
            },
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, title in TITLES.items()
    }
