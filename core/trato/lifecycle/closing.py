"""Closing of a tenant: nobody gets in and nothing runs, until it is deleted or opened again.

The application may do this much. Deleting takes the owner of the tables, as the application may
not remove the audit: that is ``trato tenant delete``.
"""

from __future__ import annotations

from trato import administration
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.host import Host
from trato.tenancy import profile
from trato.tenancy.view import Tenant

#: How the audit names what happens to the company itself.
COMPANY = "core.tenant"


def close_tenant(host: Host, slug: str, *, by: str) -> bool:
    """Shut everybody and everything out of a tenant; data stays, and commands still work.

    :param by: who closes it, for the audit and for whoever deletes it.
    :return: False when it was closed already.
    :raises TenantError: when there is no such tenant.
    """
    return _set(host, slug, by=by, closed=True)


def open_tenant(host: Host, slug: str, *, by: str) -> bool:
    """Let everybody into a closed tenant again; what its queue held back is done then.

    :return: False when it was open.
    :raises TenantError: when there is no such tenant.
    """
    return _set(host, slug, by=by, closed=False)


def _set(host: Host, slug: str, *, by: str, closed: bool) -> bool:
    found: Tenant = administration.tenant(host, slug)
    actor = Actor(view=host.for_tenant(found.id), via="system", label=by)
    with transaction(host.engine, tenant_id=found.id) as connection:
        now = host.clock()
        if not profile.set_closed(connection, found.id, at=now if closed else None, by=by):
            return False
        administration.record_act(
            host, connection, actor, entity=COMPANY, name=found.slug,
            action="close" if closed else "open",
        )  # fmt: skip
    return True
