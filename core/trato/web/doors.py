"""The address of a company's sign-in page, and what `/login` offers to a browser that knows one.

Nothing here tells a stranger which companies exist: an address is found by its random part only,
and one that leads nowhere looks like one whose company has no provider.
"""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from trato.access import identities
from trato.db.engine import transaction
from trato.tenancy.sign_in import policy
from trato.tenancy.view import Tenant, TenantView
from trato.web.auth import current_host

#: The company's sign-in page by which somebody came in last with this browser.
COOKIE = "trato_company"
_YEAR = 31_536_000
_PATH = "/login/company"


def path_of(tenant: Tenant) -> str:
    """Give the path of a company's sign-in page; it gets one when it has none."""
    with transaction(current_host().engine, read=True) as connection:
        key = identities.door_of(connection, tenant.id)
    if key is None:
        with transaction(current_host().engine) as connection:
            key = identities.make_door(connection, tenant.id, tenant.slug)
    return f"{_PATH}/{key}"


def root() -> str:
    """Give the address under which people reach Trato."""
    return (current_host().settings.public_url or request.host_url).rstrip("/")


def return_address(path: str) -> str:
    """Give the address to which the provider of the company with a sign-in page leads back."""
    return f"{root()}{path}/callback"


def behind(key: str) -> TenantView | None:
    """Find the company of a sign-in page, if people enter it through a provider."""
    host = current_host()
    with transaction(host.engine, read=True) as connection:
        found = identities.behind(connection, key)
    if found is None:
        return None
    view = host.for_tenant(found[0], version=found[1])
    return view if policy(view).is_on and view.tenant.closed_at is None else None


def offer() -> dict[str, Any]:
    """Say what `/login` offers besides the password: the provider that this browser came by."""
    key = request.cookies.get(COOKIE, "")[:200]
    view = behind(key) if key else None
    if view is None:
        return {"company": None}
    path = f"{_PATH}/{key}"
    company = {
        "name": policy(view).name, "action": path, "title": view.tenant.name,
        "leave_url": f"{path}/leave" if request.args.get("left") == "1" else None,
    }  # fmt: skip
    return {"company": company}


def remember(response: Response, key: str) -> Response:
    """Let this browser's `/login` offer the company's provider from now on.

    Only after somebody came in by it: a page that one was lured to must not stand there.
    """
    host = current_host()
    response.set_cookie(
        COOKIE, key, max_age=_YEAR, httponly=True, samesite="Lax", path="/login",
        secure=host.settings.resolve_cookie_secure(request.host_url),
    )  # fmt: skip
    return response
