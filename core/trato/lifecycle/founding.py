"""Founding of a tenant: roles, licence and administrator in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from trato.access import store as people
from trato.administration import NewUser
from trato.db.engine import set_tenant, transaction
from trato.errors import DomainError
from trato.host import Host
from trato.licensing import check_tenant, verify
from trato.tenancy import store
from trato.tenancy.view import Tenant
from trato.text import _


def found_tenant(
    host: Host, *, slug: str, name: str, admin_email: str, admin_password: str,
    license: str | None = None, admin_name: str | None = None,
) -> tuple[Tenant, NewUser]:  # fmt: skip
    """Make a tenant with its first administrator, and install a licence that enables nothing.

    :param admin_password: for a new account; one that exists keeps its own.
    :raises TratoError: for a wrong licence, slug, address or password; nothing is made then.
    """
    with transaction(host.engine) as connection:
        return found_within(
            host, connection, slug=slug, name=name, admin_email=admin_email, license=license,
            admin_name=admin_name, password_hash=lambda: host.passwords.hash(admin_password),
        )  # fmt: skip


def found_within(
    host: Host, connection: Connection, *, slug: str, name: str, admin_email: str,
    license: str | None = None, admin_name: str | None = None,
    password_hash: Callable[[], str | None] = lambda: None,
) -> tuple[Tenant, NewUser]:  # fmt: skip
    """Do the same in the caller's transaction, which is the new tenant's afterwards.

    :param password_hash: makes that of a new account; without one the person has to be invited.
    :raises TratoError: for a wrong licence, slug, address or password.
    """
    if "@" not in admin_email.strip(" @"):
        raise DomainError(
            _("'{email}' is not an e-mail address."), email=admin_email, code="bad_email"
        )
    if license is not None:
        check_tenant(verify(license, host.public_keys), slug)
    settings = host.settings
    now = host.clock()
    made = store.create_tenant(
        connection, slug=slug, name=name, locale=settings.default_locale,
        timezone=settings.default_timezone, currency=settings.default_currency, now=now,
    )  # fmt: skip
    set_tenant(connection, made.id)
    people.add_preset_roles(connection, made.id)
    if license is not None:
        store.install_license(connection, made.id, license, now=now)
    user = people.find_user(connection, admin_email)
    created = user is None
    if user is None:
        user = people.create_user(
            connection, email=admin_email, name=admin_name or admin_email.partition("@")[0],
            password_hash=password_hash(), now=now,
        )  # fmt: skip
    member_id = people.add_member(connection, made.id, user, roles=["admin"], seats=None, now=now)
    made = store.read_tenant(connection, made.id)
    return made, NewUser(user_id=user.id, member_id=member_id, email=user.email, created=created)
