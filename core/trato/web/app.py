"""Composition of the Flask application from a host."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from functools import cache, partial
from pathlib import Path

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from trato import logs, rest
from trato.db.engine import transaction
from trato.db.security import check_role
from trato.host import Host
from trato.screens.avatars import avatar
from trato.settings import Settings
from trato.web import (
    account,
    admin,
    appearance,
    bulk,
    companies,
    compression,
    drafts,
    duplicates,
    errors,
    exports,
    find,
    gate,
    health,
    help,
    icons,
    identity,
    imports,
    inline,
    installation,
    installing,
    invitations,
    list_state,
    marks,
    metrics,
    notes,
    notice_choices,
    pages,
    regional,
    saved_views,
    second_factor,
    short_form,
    signin,
    signin_code,
    signin_company,
    signin_links,
    tokens,
    tour,
    viewing,
)
from trato.web.auth import VISIT_COOKIE, csrf_token, end_reading, login_manager
from trato.web.frame import frame, locale, translator
from trato.web.keys import keys
from trato.web.turns import FAILED

log = logging.getLogger("trato.web")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STATIC = Path(__file__).parent / "static"


def create_app(
    host: Host | None = None, *, settings: Settings | None = None,
    counted: metrics.Shared | None = None,
) -> Flask:  # fmt: skip
    """Make the application.

    :param host: the host to serve; without it one is made from the environment's settings.
    :param counted: memory in which all processes of the server count their requests.
    """
    if host is None:
        settings = settings or Settings.load()
        logs.configure(level=settings.log_level, kind=settings.log_format)
        host = Host(settings)
    # SCRIPT and style come from this folder only, see the CSP.
    app = Flask("trato.web", static_folder=str(_STATIC), static_url_path="/static",
                template_folder="templates")  # fmt: skip
    app.extensions["trato"] = host
    for plugin, wrong in icons.unknown(host.registry):
        log.warning("plugin %s: %s", plugin, wrong)
    app.url_map.strict_slashes = True
    app.url_map.redirect_defaults = False
    app.config.update(
        MAX_CONTENT_LENGTH=host.settings.max_body_mb * 1024 * 1024,
        MAX_IMPORT_LENGTH=host.settings.max_import_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=5 * 1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=asset,
        avatar=avatar,
        drawn=icons.drawn,
        csrf_token=csrf_token,
        t=translator,
        current_locale=locale,
        keys=keys,
        current_tour=tour.current,
        unseen_notices=notes.unseen_notices,
    )
    # Its own context processor would ask the database again while an error is told.
    login_manager().init_app(app, add_context_processor=False)
    app.before_request(_start)
    app.before_request(gate.check)
    app.before_request(_say_who)
    app.after_request(_finish)
    app.after_request(partial(compression.compress, app))
    app.teardown_request(_end)
    app.teardown_request(end_reading)
    app.context_processor(lambda: {"frame": frame(), "locale": locale()})
    errors.register(app)
    for blueprint in (signin.blueprint, signin_code.blueprint, signin_links.blueprint,
                      signin_company.blueprint, identity.blueprint,
                      account.blueprint, second_factor.blueprint, tokens.blueprint,
                      companies.blueprint, installation.blueprint, regional.blueprint,
                      notice_choices.blueprint,
                      invitations.blueprint, viewing.blueprint, admin.blueprint,
                      appearance.blueprint, health.blueprint, metrics.blueprint,
                      installing.blueprint,
                      rest.make_blueprint(), notes.blueprint, marks.blueprint,
                      drafts.blueprint, duplicates.blueprint, exports.blueprint, find.blueprint,
                      help.blueprint, imports.blueprint,
                      list_state.blueprint, saved_views.blueprint,
                      tour.blueprint, bulk.blueprint, inline.blueprint,
                      short_form.blueprint, pages.blueprint):  # fmt: skip
        app.register_blueprint(blueprint)
    metrics.install(app, counted)
    if host.settings.trusted_proxies:
        hops = host.settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app


def check_database(host: Host) -> None:
    """Refuse to serve from a database that would not keep tenants apart.

    :raises ConfigError: with the command that mends it.
    """
    with transaction(host.engine, read=True) as connection:
        check_role(connection, owner_url=host.settings.owner_database_url)


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
    if not g.request_id.replace("-", "").isalnum():
        g.request_id = uuid.uuid4().hex
    g.said = logs.about(request=g.request_id)
    g.said.__enter__()
    failed = request.environ.get(FAILED)
    if failed is not None:
        g.user = g.actor = None
        raise failed
    # A body that is too large is refused by its header, before anything is read. A form is read
    # into memory whole, so it may be less than a file.
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    limit = request.max_form_memory_size if is_form else request.max_content_length
    if request.endpoint == imports.UPLOAD and not is_form:
        limit = current_app.config["MAX_IMPORT_LENGTH"]
    request.max_content_length = limit
    if limit is not None and (request.content_length or 0) > limit:
        g.user = g.actor = None
        if current_user.is_authenticated:
            g.user = current_user._get_current_object()
            g.actor = g.user.actor
        raise RequestEntityTooLarge


def _say_who() -> None:
    """Say tenant and plugin with every line that is written for the request."""
    g.said_who = logs.about(tenant=_tenant_slug(), plugin=gate.plugin_segment(request.path))
    g.said_who.__enter__()


def _end(error: BaseException | None) -> None:
    who = g.pop("said_who", None)
    if who is not None:
        who.__exit__(None, None, None)
    said = g.pop("said", None)
    if said is not None:
        said.__exit__(None, None, None)


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not (request.path.startswith("/static/") or g.get("kept_by_browser")):
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == 204:
        del response.headers["Content-Type"]  # there is no content
    response.headers["X-Request-Id"] = g.get("request_id", "")
    visit = g.get("visit")
    if visit:
        response.set_cookie(
            VISIT_COOKIE, visit, httponly=True, samesite="Lax", secure=request.is_secure
        )
    _tell(response)
    return response


def _tell(response: Response) -> None:
    """Log the request, by its route: addresses carry what people search for, and once a secret."""
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    metrics.count(seconds, response.status_code)
    # 503 is the database, the disk or maintenance: nobody's code.
    if response.status_code >= 500 and response.status_code != 503:
        metrics.count_error(g.get("failed", "core"))
    quiet = request.path.startswith(("/static/", "/health/", "/metrics"))
    route = str(request.url_rule) if request.url_rule else None
    actor = g.get("actor")
    log.log(
        logging.DEBUG if quiet else logging.INFO, "%s %s %s", request.method, route or "-",
        response.status_code,
        extra=logs.fields(
            method=request.method, route=route, status=response.status_code,
            ms=round(seconds * 1000, 1),
            plugin=gate.plugin_segment(request.path) if route else None, tenant=_tenant_slug(),
            member=None if actor is None or actor.member_id is None else str(actor.member_id),
        ),
    )  # fmt: skip


def _tenant_slug() -> str | None:
    actor = g.get("actor")
    return None if actor is None else str(actor.view.tenant.slug)


def asset(path: str) -> str:
    """Give the address of a static file; it changes with the file, so browsers may keep it."""
    return f"/static/{path}?v={_asset_version(path)}"


@cache
def _asset_version(path: str) -> str:
    file = _STATIC / path
    if not file.is_file():
        return "0"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
