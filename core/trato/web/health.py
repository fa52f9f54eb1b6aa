"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import text

from trato.db.engine import transaction
from trato.web.auth import current_host

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Answer as long as the process answers at all."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/ready")
def ready() -> Response:
    """Answer 200 when the database does too, else 503 through the error page."""
    with transaction(current_host().engine, read=True) as connection:
        connection.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")
