"""Who members are at their company's identity provider, and the addresses of its sign-in page.

An identity is (tenant, issuer, subject). Nothing here looks at an e-mail.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from trato.access import tables as t
from trato.access.credentials import secret_hash
from trato.db.types import new_id
from trato.tenancy.tables import tenant

#: How long a link to tie an identity works.
LINK_LIFETIME = dt.timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a member is at a provider."""

    member_id: UUID
    issuer: str
    subject: str
    linked_at: dt.datetime
    used_at: dt.datetime | None


def find(connection: Connection, tenant_id: int, issuer: str, subject: str) -> Identity | None:
    """Read the identity of somebody whom the provider has named."""
    return _first(
        connection, t.identity.c.tenant_id == tenant_id, t.identity.c.issuer == issuer,
        t.identity.c.subject == subject,
    )  # fmt: skip


def of_member(
    connection: Connection, tenant_id: int, issuer: str, member_id: UUID
) -> Identity | None:
    """Read who a member is at a provider."""
    return _first(
        connection, t.identity.c.tenant_id == tenant_id, t.identity.c.issuer == issuer,
        t.identity.c.member_id == member_id,
    )  # fmt: skip


def _first(connection: Connection, *where: Any) -> Identity | None:
    row = connection.execute(select(t.identity).where(*where)).first()
    if row is None:
        return None
    return Identity(
        member_id=row.member_id, issuer=row.issuer, subject=row.subject, linked_at=row.linked_at,
        used_at=row.used_at,
    )  # fmt: skip


def add(
    connection: Connection, tenant_id: int, member_id: UUID, *, issuer: str, subject: str,
    now: dt.datetime,
) -> None:  # fmt: skip
    """Tie an identity to a member; both must be free, which the database sees to."""
    connection.execute(
        insert(t.identity).values(
            tenant_id=tenant_id, id=new_id(), member_id=member_id, issuer=issuer,
            subject=subject, linked_at=now,
        )
    )  # fmt: skip
    connection.execute(_links_of(tenant_id, member_id))


def mark_used(
    connection: Connection, tenant_id: int, member_id: UUID, issuer: str, *, now: dt.datetime
) -> None:
    """Note that somebody came in by an identity."""
    connection.execute(
        update(t.identity)
        .where(
            t.identity.c.tenant_id == tenant_id, t.identity.c.member_id == member_id,
            t.identity.c.issuer == issuer,
        )
        .values(used_at=now)
    )  # fmt: skip


def remove(connection: Connection, tenant_id: int, member_id: UUID) -> bool:
    """Take a member's identities away, of all providers, and the links to tie one.

    :return: False when there was no identity.
    """
    gone = connection.execute(
        delete(t.identity).where(
            t.identity.c.tenant_id == tenant_id, t.identity.c.member_id == member_id
        )
    )
    connection.execute(_links_of(tenant_id, member_id))
    return gone.rowcount > 0


def _links_of(tenant_id: int, member_id: UUID) -> Any:
    return delete(t.identity_link).where(
        t.identity_link.c.tenant_id == tenant_id, t.identity_link.c.member_id == member_id
    )


def create_link(
    connection: Connection, tenant_id: int, member_id: UUID, *, now: dt.datetime
) -> str:
    """Make the secret of a link by which a member ties an identity; the earlier one ends."""
    connection.execute(_links_of(tenant_id, member_id))
    secret = secrets.token_urlsafe(32)
    connection.execute(
        insert(t.identity_link).values(
            tenant_id=tenant_id, member_id=member_id, secret_hash=secret_hash(secret),
            expires_at=now + LINK_LIFETIME,
        )
    )  # fmt: skip
    return secret


def find_link(
    connection: Connection, tenant_id: int, secret: str, *, now: dt.datetime
) -> UUID | None:
    """Give the member whose link has this secret, while it works."""
    row = connection.execute(
        select(t.identity_link.c.member_id).where(
            t.identity_link.c.tenant_id == tenant_id,
            t.identity_link.c.secret_hash == secret_hash(secret),
            t.identity_link.c.expires_at > now,
        )
    ).first()
    return None if row is None else row.member_id


def door_of(connection: Connection, tenant_id: int) -> str | None:
    """Read the key in the address of a tenant's sign-in page."""
    found = connection.execute(select(t.door.c.key).where(t.door.c.tenant == tenant_id))
    return found.scalar_one_or_none()


def make_door(connection: Connection, tenant_id: int, slug: str) -> str:
    """Give a tenant's sign-in page an address, unless it has one; 80 bits that nobody guesses."""
    found = door_of(connection, tenant_id)
    if found is not None:
        return found
    key = f"{slug}-{secrets.token_hex(10)}"
    connection.execute(insert(t.door).values(key=key, tenant=tenant_id))
    return key


def behind(connection: Connection, door: str) -> tuple[int, int] | None:
    """Give number and version of the tenant whose sign-in page has an address."""
    row = connection.execute(
        select(tenant.c.id, tenant.c.version)
        .join(t.door, t.door.c.tenant == tenant.c.id)
        .where(t.door.c.key == door)
    ).first()
    return None if row is None else (row.id, row.version)
