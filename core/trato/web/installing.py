"""What lets a phone or a desk keep Trato as an app of its own.

There is no service worker: it would keep pages with people's data on the device, past the session
and past the right to see them. Without one browsers install the app all the same, and it shows
what the server says, or nothing.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response

from trato.text import _
from trato.web.frame import locale, translator

blueprint = Blueprint("installing", __name__)

#: Path of the manifest; anybody may read it, as browsers ask without the session.
MANIFEST = "manifest.webmanifest"
#: `canvas` of `tokens.css`, in its light form: a manifest knows one colour.
_CANVAS = "#f1f4f3"
_ICONS = (
    ("icon-192", 192, "any"),
    ("icon-512", 512, "any"),
    ("icon-maskable-512", 512, "maskable"),
)


@blueprint.get(f"/{MANIFEST}")
def manifest() -> Response:
    """Describe the app: it names no company, and is the same for everybody of a language."""
    described: dict[str, Any] = {
        "id": "/", "start_url": "/", "scope": "/", "display": "standalone", "dir": "ltr",
        "lang": locale(), "name": "Trato", "short_name": "Trato",
        "description": translator(_("Clients, sales and service of your company.")),
        "categories": ["business", "productivity"],
        "theme_color": _CANVAS, "background_color": _CANVAS,
        "icons": [
            {"src": f"/static/img/{name}.png", "sizes": f"{size}x{size}", "type": "image/png",
             "purpose": purpose}
            for name, size, purpose in _ICONS
        ] + [{"src": "/static/img/mark.svg", "sizes": "any", "type": "image/svg+xml"}],
        "shortcuts": [
            {"name": translator(_("Search")), "url": "/search"},
            {"name": translator(_("Favourites and recent")), "url": "/core/marks"},
        ],
    }  # fmt: skip
    return Response(orjson.dumps(described), mimetype="application/manifest+json")
