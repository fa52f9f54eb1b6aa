"""Whether the process lives, and whether it can serve; for programs that watch it.

Anybody may ask, so the answers name nothing but what is wrong.
"""

from __future__ import annotations

import os
from typing import Any

import orjson
from flask import Blueprint, Response

from trato.db.engine import transaction
from trato.db.migrate import behind
from trato.errors import DatabaseUnavailable
from trato.host import Host
from trato.web.auth import current_host
from trato.web.maintenance import door

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Answer as long as the process answers at all."""
    return _answer({"status": "live"}, 200)


@blueprint.get("/ready")
def ready() -> Response:
    """Answer 200 when database, tables and storage are fit for serving, else 503.

    Maintenance is no failure: a balancer that took every process away would show a page of its
    own instead of ours.
    """
    host = current_host()
    checks = {**_database(host), "storage": _storage(host)}
    good = all(check["ok"] for check in checks.values())
    maintained = checks["database"]["ok"] and door().closed() is not None
    return _answer(
        {"status": "ready" if good else "unready", "maintenance": maintained, "checks": checks},
        200 if good else 503,
    )


def _database(host: Host) -> dict[str, dict[str, Any]]:
    try:
        with transaction(host.engine, read=True) as connection:
            late = sorted(behind(connection, host.registry.folders))
    except DatabaseUnavailable:
        return {"database": {"ok": False}}
    # A plugin that is behind is off, and everything else is served.
    return {"database": {"ok": True}, "migrations": {"ok": "core" not in late, "behind": late}}


def _storage(host: Host) -> dict[str, Any]:
    folder = host.settings.storage_folder
    # The folder is made when the first file is; until then its parent must allow it.
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return {"ok": os.access(nearest, os.W_OK | os.X_OK)}


def _answer(data: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(data) + b"\n", status, mimetype="application/json")
