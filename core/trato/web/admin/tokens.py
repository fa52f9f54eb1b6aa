"""API tokens of the whole company: which programs work in whose name, and ending one."""

from __future__ import annotations

from uuid import UUID

from werkzeug.wrappers import Response

from trato import membership
from trato.access import credentials
from trato.db.engine import transaction
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, done, page
from trato.web.auth import current_host
from trato.web.frame import translator
from trato.web.tokens import detail_of, scope_names


@blueprint.get("/tokens")
def list_tokens() -> str:
    """List every token of the company that is not revoked."""
    host, actor = current_host(), admin()
    now = host.clock()
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        found = credentials.all_tokens(connection, actor.tenant_id)
    names = dict(scope_names(actor))
    rows = [
        {
            "name": row.name, "who": actor.view.members[row.member_id].name,
            "who_url": f"{ROOT}/users/{row.member_id}",
            "scopes": [names.get(scope, scope) for scope in row.scopes]
            if row.scopes is not None else [translator(_("Everything the person may"))],
            "detail": detail_of(row, now), "revoke_url": f"{ROOT}/tokens/{row.id}/revoke",
            "is_over": row.expires_at is not None and row.expires_at <= now,
        }
        for row in found
    ]  # fmt: skip
    return page("admin_tokens.html", active="tokens", title=translator(_("API tokens")), rows=rows)


@blueprint.post("/tokens/<uuid:token_id>/revoke")
def revoke_token(token_id: UUID) -> Response:
    """End anybody's token at once."""
    membership.revoke_token(current_host(), admin(), token_id)
    return done("tokens", _("The token is ended; the program that used it can do nothing more."))
