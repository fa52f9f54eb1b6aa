"""Addresses of the API. Every one takes any method, so that what does not exist is 404 for all."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter, Rule

from trato.errors import NotFound
from trato.rest import docs, limits, openapi, record
from trato.rest.calls import Call, dispatch, record_id
from trato.rest.collection import bulk, create, list_records, upsert
from trato.text import _

PREFIX = "/api/v1"


class Rest(BaseConverter):
    """The rest of a path, slashes included: a value may hold them, and nothing is redirected."""

    part_isolating = False
    regex = ".+?"


def make_blueprint() -> Blueprint:
    """Make the blueprint of the API.

    ``flask.g.actor`` and ``app.extensions["trato"]`` must be there before its views run.
    """
    blueprint = Blueprint("rest", __name__, template_folder="templates")
    blueprint.before_request(limits.check_rate)
    blueprint.after_request(_finish)
    blueprint.record_once(_add_rules)
    return blueprint


def _add_rules(state: BlueprintSetupState) -> None:
    app = state.app
    app.url_map.converters["rest"] = Rest
    rules: dict[str, Callable[..., Response]] = {
        "/openapi.json": _openapi,
        "/docs": _docs,
        "/docs/<plugin>/<collection>": _entity_docs,
        "/<plugin>/<collection>": _collection,
        "/<plugin>/<collection>/bulk": _bulk,
        "/<plugin>/<collection>/by/<field>/<rest:value>": _by,
        "/<plugin>/<collection>/<id>": _record,
        "/<rest:anything>": _nothing,
    }
    for path, view in rules.items():
        endpoint = f"{state.blueprint.name}.{view.__name__.lstrip('_')}"
        # Flask's own add_url_rule wants a list of methods, and answers 405 by itself.
        app.url_map.add(Rule(f"{PREFIX}{path}", endpoint=endpoint, merge_slashes=False))
        app.view_functions[endpoint] = view


def _call(plugin: str, name: str) -> Call:
    """Find out what a call is about.

    :raises NotFound: when the tenant has no such collection.
    """
    return Call(
        host=current_app.extensions["trato"], actor=g.actor, request=request,
        entity=g.actor.view.collection(plugin, name), reading=g.get("reading"),
    )  # fmt: skip


def _collection(plugin: str, collection: str) -> Response:
    call = _call(plugin, collection)
    return dispatch(
        request.method,
        {"GET": lambda: list_records(call), "POST": lambda: create(call)},
    )


def _bulk(plugin: str, collection: str) -> Response:
    call = _call(plugin, collection)
    return dispatch(request.method, {"POST": lambda: bulk(call)})


def _by(plugin: str, collection: str, field: str, value: str) -> Response:
    call = _call(plugin, collection)
    return dispatch(request.method, {"PUT": lambda: upsert(call, field, value)})


def _record(plugin: str, collection: str, id: str) -> Response:
    call, key = _call(plugin, collection), record_id(id)
    handlers = {
        "GET": lambda: record.read(call, key),
        "PATCH": lambda: record.change(call, key),
        "DELETE": lambda: record.archive(call, key),
    }
    if request.method not in (*handlers, "HEAD"):
        record.check_exists(call, key)
    return dispatch(request.method, handlers)


def _openapi() -> Response:
    return dispatch(request.method, {"GET": lambda: openapi.answer(g.actor)})


def _docs() -> Response:
    return dispatch(request.method, {"GET": docs.overview})


def _entity_docs(plugin: str, collection: str) -> Response:
    call = _call(plugin, collection)
    return dispatch(request.method, {"GET": lambda: docs.entity_page(call)})


def _nothing(anything: str) -> Response:
    raise NotFound(_("There is nothing at this address."))


def _finish(response: Response) -> Response:
    # Answers belong to whoever holds the token; nobody on the way may keep them.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return limits.tell_rate(response)
