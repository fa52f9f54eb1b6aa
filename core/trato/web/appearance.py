"""The logo of the company that one works in."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, g
from werkzeug.exceptions import NotFound as HttpNotFound

from trato.tenancy.appearance import read_logo
from trato.tenancy.view import TenantView

blueprint = Blueprint("appearance", __name__)


def logo_url(view: TenantView) -> str | None:
    """Give the address of a company's logo; it changes with the logo, so browsers may keep it."""
    kept = view.settings.get(("core", "logo"))
    if not kept:
        return None
    mark: str = view.cache.setdefault("logo", hashlib.sha256(kept.encode()).hexdigest()[:12])
    return f"/core/logo?v={mark}"


@blueprint.get("/core/logo")
def logo() -> Response:
    """Give the logo; as a picture and nothing else, whatever its bytes may look like."""
    actor = g.get("actor")
    kept = None if actor is None else actor.view.settings.get(("core", "logo"))
    image = read_logo(kept) if kept else None
    if image is None:
        raise HttpNotFound
    answer = Response(image, mimetype="image/png")
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    g.kept_by_browser = True
    answer.headers["Cache-Control"] = "private, max-age=604800, immutable"
    return answer
