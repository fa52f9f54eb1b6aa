"""Errors as RFC 9457 problem documents, in the reader's language.

The code is stable and meant for programs; title, detail and hint are meant for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from trato.errors import Invalid, Message, TratoError
from trato.i18n import Catalogs
from trato.rest.errors import PreconditionFailed
from trato.text import _

MEDIA_TYPE = "application/problem+json"
#: When to come back after 503, in seconds, where the error does not say it.
RETRY_AFTER = 5

#: What each status means in general.
TITLES = {
    400: _("The request cannot be understood"),
    401: _("Nobody is signed in"),
    403: _("This is not allowed"),
    404: _("This does not exist"),
    405: _("The method is not possible here"),
    409: _("This conflicts with what is there"),
    412: _("The record has changed meanwhile"),
    413: _("The request is too large"),
    415: _("The type of the content is not read here"),
    422: _("Some values were refused"),
    429: _("Too many calls"),
    500: _("Something failed in Trato"),
    503: _("Trato cannot answer at this moment"),
}
#: Code and text of what routing and werkzeug refuse by themselves.
_HTTP = {
    400: ("bad_request", _("The request is not proper HTTP.")),
    401: ("unauthenticated", _("Nobody is signed in.")),
    403: ("forbidden", _("This is not allowed.")),
    404: ("not_found", _("There is nothing at this address.")),
    405: ("method_not_allowed", _("This method is not possible here.")),
    413: ("too_large", _("The body is larger than this installation allows.")),
    415: ("unsupported_media_type", _("The body is of a type that is not read here.")),
    429: ("too_many_calls", _("Too many calls were made.")),
}


def problem_response(error: TratoError, *, locale: str, catalogs: Catalogs) -> Response:
    """Answer an error that was raised on purpose.

    The text of an unexpected failure (500) is for the log, not for the caller.
    """
    status = error.status
    hidden = status == 500
    document = _document(
        status, "internal" if hidden else error.code,
        Message(_("Nothing was saved. The failure was recorded.")) if hidden else error.message,
        locale=locale, catalogs=catalogs,
    )  # fmt: skip
    if error.hint.text and not hidden:
        document["hint"] = catalogs.message(error.hint, locale)
    if isinstance(error, Invalid):
        document["errors"] = translated_errors(error.errors, locale=locale, catalogs=catalogs)
    if isinstance(error, PreconditionFailed):
        document["current"] = error.current
    headers: dict[str, str] = dict(getattr(error, "headers", {}))
    return _response(document, status, headers)


def http_problem(error: HTTPException, *, locale: str, catalogs: Catalogs) -> Response:
    """Answer what routing or werkzeug refused."""
    status = error.code or 500
    code, text = _HTTP.get(status, ("bad_request" if status < 500 else "internal", ""))
    message = Message(text or TITLES.get(status, TITLES[400 if status < 500 else 500]))
    document = _document(status, code, message, locale=locale, catalogs=catalogs)
    allowed = getattr(error, "valid_methods", None)
    return _response(document, status, {"Allow": ", ".join(sorted(allowed))} if allowed else {})


def translated_errors(
    errors: Mapping[str, list[Message]], *, locale: str, catalogs: Catalogs
) -> dict[str, list[str]]:
    """Translate refusals by path; what belongs to no field stands under an empty path."""
    return {
        path: [catalogs.message(text, locale) for text in texts] for path, texts in errors.items()
    }


def _document(
    status: int, code: str, message: Message, *, locale: str, catalogs: Catalogs
) -> dict[str, Any]:
    title = TITLES.get(status, TITLES[400 if status < 500 else 500])
    document: dict[str, Any] = {
        "type": f"{request.script_root}/api/v1/docs#{code}",
        "title": catalogs.translate(title, locale),
        "status": status,
        "detail": catalogs.message(message, locale),
        "code": code,
        "instance": request.script_root + request.path,
    }
    if g.get("request_id"):
        document["request_id"] = g.request_id
    return document


def _response(document: dict[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    response = Response(
        orjson.dumps(document, option=orjson.OPT_UTC_Z), status, mimetype=MEDIA_TYPE
    )
    response.headers.update(headers)
    if status == 503:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER))
    if status == 401:
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    return response
