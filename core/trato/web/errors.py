"""Errors as a person reads them, or as a problem document where the API asked."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from trato import logs
from trato.db.engine import is_unavailable, unavailable
from trato.errors import NoRoom, TratoError
from trato.rest.problems import RETRY_AFTER, http_problem, problem_response
from trato.text import _
from trato.web import maintenance
from trato.web.auth import current_host
from trato.web.frame import locale

log = logging.getLogger("trato.web")


def register(app: Flask) -> None:
    """Let the application answer every error with a page or problem of its own."""
    app.register_error_handler(TratoError, trato_error)
    app.register_error_handler(maintenance.UnderMaintenance, under_maintenance)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(OSError, file_error)
    app.register_error_handler(Exception, unexpected)


def _is_api() -> bool:
    return request.path.startswith("/api/")


def trato_error(error: TratoError) -> Response:
    """Answer an error that was raised on purpose."""
    if error.status >= 500:
        g.failed = _culprit(error)
        log.error("%s request=%s", error, g.get("request_id"), exc_info=error,
                  extra=logs.fields(plugin=g.failed))  # fmt: skip
    host = current_host()
    language = locale()
    if _is_api():
        return problem_response(error, locale=language, catalogs=host.catalogs)
    message = host.catalogs.message(error.message, language)
    hint = host.catalogs.message(error.hint, language) if error.hint.text else ""
    if error.status == 404:
        # Never tell whether it exists for somebody else.
        return page(404)
    return page(error.status, text=message, hint=hint)


def under_maintenance(error: maintenance.UnderMaintenance) -> Response:
    """Answer while the operator has closed the installation; nothing has failed."""
    return maintenance.answer(error, api=_is_api(), locale=locale())


def http_error(error: HTTPException) -> Any:
    """Answer what routing or werkzeug refused."""
    if error.code is None or error.code < 400:
        return error
    if _is_api():
        return http_problem(error, locale=locale(), catalogs=current_host().catalogs)
    answer = page(error.code)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def database_error(error: DBAPIError) -> Response:
    """Answer when the database went away in the middle of a request."""
    return trato_error(unavailable(error)) if is_unavailable(error) else unexpected(error)


def file_error(error: OSError) -> Response:
    """Answer when a file could not be written or read."""
    if error.errno not in NoRoom.numbers:
        return unexpected(error)
    return trato_error(
        NoRoom(
            _("There is no room left on the disk for the file."),
            hint=_("Nothing was saved. Tell who looks after Trato, and try again later."),
        )
    )


def unexpected(error: Exception) -> Response:
    """Answer a bug: logged with all that is known, told without detail."""
    g.failed = _culprit(error)
    log.exception("unexpected error request=%s path=%s", g.get("request_id"), request.path,
                  exc_info=error, extra=logs.fields(plugin=g.failed))  # fmt: skip
    if _is_api():
        return problem_response(
            TratoError(_("Something failed in Trato."), code="internal"),
            locale=locale(), catalogs=current_host().catalogs,
        )  # fmt: skip
    return page(500)


def _culprit(error: Exception) -> str:
    """Name the plugin in whose code something failed, the innermost one; else core."""
    found, step = "core", error.__traceback__
    packages = {
        plugin.package or f"trato_{name}": name for name, plugin in current_host().plugins.items()
    }
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        for package, name in packages.items():
            if module == package or module.startswith(f"{package}."):
                found = name
        step = step.tb_next
    return found


def page(status: int, *, title: str = "", text: str = "", hint: str = "") -> Response:
    """Render the page of an error, without the frame: that might be what failed."""
    g.is_bare = True
    words = {
        "status": status, "title": title, "text": text, "hint": hint,
        "request_id": g.get("request_id") if status >= 500 else None,
        "retry_url": request.full_path.rstrip("?")
        if status >= 500 and request.method == "GET" else None,
    }  # fmt: skip
    answer = make_response(render_template("error.html", error=words), status)
    if status == 503:
        answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer
