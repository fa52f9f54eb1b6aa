"""Drafts of forms: kept while one types, offered when one comes back."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from trato.records import drafts
from trato.web.addresses import base_url
from trato.web.pages import opened

blueprint = Blueprint("drafts", __name__)

_NEW = "/<plugin>/<collection>/new/draft"
_RECORD = "/<plugin>/<collection>/<uuid:record_id>/draft"


@blueprint.post(_NEW)
@blueprint.post(_RECORD)
def keep(plugin: str, collection: str, record_id: UUID | None = None) -> Response:
    """Keep what a form holds."""
    version = request.form.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 19 else None
    with opened(plugin, collection, read=False) as (unit, entity):
        drafts.keep(
            unit, entity, record_id, dict(request.form.lists()),
            version=None if record_id is None else seen,
        )  # fmt: skip
    return Response(status=204)


@blueprint.post(f"{_NEW}/discard")
@blueprint.post(f"{_RECORD}/discard")
def discard(plugin: str, collection: str, record_id: UUID | None = None) -> Response:
    """Forget a draft and show the form without it."""
    with opened(plugin, collection, read=False) as (unit, entity):
        drafts.drop(unit, entity, record_id)
    url = base_url(entity)
    return redirect(f"{url}/new" if record_id is None else f"{url}/{record_id}/edit")
