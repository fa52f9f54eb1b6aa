"""Passwords, sessions and API tokens: secrets leave as hashes only."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from trato.access import tables as t
from trato.db.types import new_id
from trato.errors import DomainError
from trato.tenancy.tables import tenant
from trato.text import _

#: A session or token is marked as used at most this often, so that reading does not write.
SEEN_EVERY = dt.timedelta(minutes=5)
#: How long a browser may take for the second step.
PENDING = dt.timedelta(minutes=10)
_TOKEN = re.compile(r"trato_([0-9a-z]{1,7})_([A-Za-z0-9_-]{43})")


_FEWEST_DIFFERENT = 5


class Passwords:
    """Hashing of passwords with argon2id; by default OWASP's 19 MiB profile."""

    def __init__(
        self, *, time_cost: int = 2, memory_kib: int = 19_456, lanes: int = 1, shortest: int = 10
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes
        )
        self._shortest = shortest
        self._nobody: str | None = None

    def hash(self, password: str, *, unlike: Iterable[str] = ()) -> str:
        """Hash a password.

        :param unlike: what it may not be, whatever its capitals: the person's e-mail or name.
        :raises DomainError: when it is too short, longer than any passphrase, one or two letters
            again and again, or what it may not be.
        """
        if not self._shortest <= len(password) <= 1000:
            raise DomainError(
                _("A password has at least {shortest} letters; this one has {length}."),
                hint=_("A few words in a row are long and easy to remember."),
                shortest=self._shortest, length=len(password), code="weak_password",
            )  # fmt: skip
        if len(set(password)) < _FEWEST_DIFFERENT or password.casefold() in {
            text.casefold() for text in unlike
        }:
            raise DomainError(
                _("This password is too easy to guess."),
                hint=_("A few words in a row are long and easy to remember."),
                code="weak_password",
            )
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Check a password; takes the same time when there is no user to check it against."""
        if stored is None:
            if self._nobody is None:
                self._nobody = self._hasher.hash(secrets.token_hex())
            stored, password = self._nobody, "\0" + password
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other costs and should be made anew at sign-in."""
        return self._hasher.check_needs_rehash(stored)


def secret_hash(secret: str) -> bytes:
    """Hash a random secret of 256 bits; it needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A signed-in browser."""

    id: UUID
    user_id: UUID
    tenant_id: int | None
    #: Version of the tenant's configuration, to know whether what is cached still holds.
    tenant_version: int | None
    seen_at: dt.datetime
    expires_at: dt.datetime
    is_user_active: bool
    #: Whether signing in takes a second step.
    has_second_factor: bool
    #: Member as whom an administrator looks at the tenant.
    view_as: UUID | None
    #: The only tenant that the session reaches, where a tenant's identity provider opened it.
    bound_tenant: int | None = None
    #: Whether the account is of one tenant's provider and has no password.
    is_federated: bool = False


def open_session(
    connection: Connection, *, user_id: UUID, tenant_id: int | None, now: dt.datetime,
    days: int, address: str | None, agent: str | None, is_pending: bool = False,
    bound_hours: int | None = None,
) -> str:  # fmt: skip
    """Make a session and return its secret for the cookie; the user's ended ones go.

    :param is_pending: only the password was right; the session lives for minutes and lets its
        browser do nothing but type the code of the second step.
    :param bound_hours: the tenant's identity provider opens the session: it reaches that tenant
        only, and ends after so many hours, used or not.
    """
    life = dt.timedelta(days=days) if bound_hours is None else dt.timedelta(hours=bound_hours)
    secret = secrets.token_urlsafe(32)
    connection.execute(
        delete(t.session).where(t.session.c.user_id == user_id, t.session.c.expires_at <= now)
    )
    connection.execute(
        insert(t.session).values(
            id=new_id(), secret_hash=secret_hash(secret), user_id=user_id,
            active_tenant=tenant_id, created_at=now, seen_at=now,
            expires_at=now + (PENDING if is_pending else life),
            bound_tenant=None if bound_hours is None else tenant_id,
            address=address, agent=(agent or "")[:300] or None, is_pending=is_pending,
        )
    )  # fmt: skip
    return secret


#: Composed once: one of these two is asked with every request.
_FIND_SESSION = (
    select(
        t.session.c.id, t.session.c.user_id, t.session.c.active_tenant, t.session.c.seen_at,
        t.session.c.expires_at, t.session.c.view_as, t.session.c.bound_tenant, tenant.c.version,
        t.user.c.is_active, t.user.c.totp_confirmed_at, t.user.c.email_key,
    )
    .join(t.user, t.user.c.id == t.session.c.user_id)
    .outerjoin(tenant, tenant.c.id == t.session.c.active_tenant)
    .where(
        t.session.c.secret_hash == bindparam("secret_hash"),
        t.session.c.is_pending == bindparam("is_pending"),
    )
)  # fmt: skip
_FIND_TOKEN = (
    select(
        t.token.c.id, t.token.c.member_id, t.token.c.scopes, t.token.c.expires_at,
        t.token.c.used_at, t.token.c.revoked_at, tenant.c.version,
    )
    .join(tenant, tenant.c.id == t.token.c.tenant_id)
    .where(
        t.token.c.tenant_id == bindparam("tenant_id"),
        t.token.c.secret_hash == bindparam("secret_hash"),
    )
)  # fmt: skip


def find_session(
    connection: Connection, secret: str, *, now: dt.datetime, is_pending: bool = False
) -> SessionRow | None:
    """Read a living session by its secret, with the version of its tenant: one statement.

    :param is_pending: look for one that still waits for the second step, instead of a whole one.
    """
    row = connection.execute(
        _FIND_SESSION, {"secret_hash": secret_hash(secret), "is_pending": is_pending}
    ).first()
    if row is None or row.expires_at <= now or not row.is_active:
        return None
    return SessionRow(
        id=row.id, user_id=row.user_id, tenant_id=row.active_tenant, tenant_version=row.version,
        seen_at=row.seen_at, expires_at=row.expires_at, is_user_active=row.is_active,
        has_second_factor=row.totp_confirmed_at is not None, view_as=row.view_as,
        bound_tenant=row.bound_tenant, is_federated=t.is_federated(row.email_key),
    )  # fmt: skip


def list_sessions(
    connection: Connection, user_id: UUID, *, now: dt.datetime, tenant_id: int | None = None,
    bound_tenant: int | None = None,
) -> list[Any]:  # fmt: skip
    """Read a user's living sessions, the last used first.

    :param tenant_id: only those that work in this tenant now.
    :param bound_tenant: only those that this tenant's identity provider opened.
    """
    inside = true() if tenant_id is None else t.session.c.active_tenant == tenant_id
    columns = (t.session.c.id, t.session.c.seen_at, t.session.c.address, t.session.c.agent)
    return list(
        connection.execute(
            select(*columns)
            .where(
                t.session.c.user_id == user_id,
                t.session.c.expires_at > now,
                t.session.c.is_pending.is_(False),
                inside,
                _of_provider(bound_tenant),
            )
            .order_by(t.session.c.seen_at.desc())
        )
    )


def _of_provider(tenant_id: int | None) -> Any:
    return true() if tenant_id is None else t.session.c.bound_tenant == tenant_id


def mark_seen(connection: Connection, session: SessionRow, *, now: dt.datetime, days: int) -> None:
    """Note that a session was used; it lives for so many days without use.

    One that an identity provider opened ends when it was said to: who has left the company at the
    provider must not stay by staying busy.
    """
    bound = session.bound_tenant is not None
    expires = session.expires_at if bound else now + dt.timedelta(days=days)
    connection.execute(
        update(t.session)
        .where(t.session.c.id == session.id)
        .values(seen_at=now, expires_at=expires)
    )


def enter_tenant(connection: Connection, session_id: UUID, tenant_id: int) -> None:
    """Make another tenant the active one of a session; the caller has checked the membership.

    A session that a tenant's identity provider opened stays where it is.
    """
    connection.execute(
        update(t.session)
        .where(t.session.c.id == session_id, t.session.c.bound_tenant.is_(None))
        .values(active_tenant=tenant_id, view_as=None)
    )


def view_as(connection: Connection, session_id: UUID, member_id: UUID | None) -> None:
    """Let a session look at its tenant as a member, or as its own again."""
    connection.execute(
        update(t.session).where(t.session.c.id == session_id).values(view_as=member_id)
    )


def close_all_sessions(
    connection: Connection, user_id: UUID, *, bound_tenant: int | None = None
) -> None:
    """End every session of a user.

    :param bound_tenant: only those that this tenant's identity provider opened.
    """
    connection.execute(
        delete(t.session).where(t.session.c.user_id == user_id, _of_provider(bound_tenant))
    )


def close_bound_sessions(connection: Connection, tenant_id: int) -> None:
    """End every session that a tenant's identity provider opened."""
    connection.execute(delete(t.session).where(t.session.c.bound_tenant == tenant_id))


def close_session(connection: Connection, session_id: UUID) -> None:
    """End a session."""
    connection.execute(delete(t.session).where(t.session.c.id == session_id))


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """A living API token."""

    id: UUID
    tenant_id: int
    tenant_version: int
    member_id: UUID
    scopes: tuple[str, ...] | None
    used_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class ListedToken:
    """An API token as its owner sees it: everything but the secret."""

    id: UUID
    name: str
    scopes: tuple[str, ...] | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    used_at: dt.datetime | None
    member_id: UUID


_SCOPE = re.compile(r"(\*|[a-z][a-z0-9_]*):(read|write)")


def check_scopes(scopes: list[str]) -> None:
    """Refuse scopes that mean nothing.

    :raises DomainError: naming the first wrong one, or when there is none.
    """
    if not scopes:
        raise DomainError(
            _("No scope was named; such a token could do nothing."),
            hint=_("Write PLUGIN:read, PLUGIN:write, or *:read."), code="bad_scope",
        )  # fmt: skip
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise DomainError(
                _("'{scope}' is not a scope."),
                hint=_("Write PLUGIN:read, PLUGIN:write, or *:read."),
                scope=scope, code="bad_scope",
            )  # fmt: skip


def create_token(
    connection: Connection, tenant_id: int, *, member_id: UUID, name: str,
    scopes: list[str] | None, expires_at: dt.datetime | None, now: dt.datetime,
) -> str:  # fmt: skip
    """Make an API token and return it; only its hash is kept."""
    if scopes is not None:
        check_scopes(scopes)
    secret = secrets.token_urlsafe(32)
    connection.execute(
        insert(t.token).values(
            tenant_id=tenant_id, id=new_id(), member_id=member_id,
            secret_hash=secret_hash(secret), name=name, scopes=scopes, created_at=now,
            expires_at=expires_at,
        )
    )  # fmt: skip
    return f"trato_{_base36(tenant_id)}_{secret}"


def token_tenant(token: str) -> int | None:
    """Read the tenant's number that a token starts with; None when it is no token."""
    found = _TOKEN.fullmatch(token)
    number = None if found is None else int(found[1], 36)
    return number if number is not None and number < 2**31 else None


def find_token(connection: Connection, token: str, *, now: dt.datetime) -> TokenRow | None:
    """Read a living token, in a transaction of the tenant that it starts with: one statement."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    tenant_id = int(found[1], 36)
    row: Any = connection.execute(
        _FIND_TOKEN, {"tenant_id": tenant_id, "secret_hash": secret_hash(found[2])}
    ).first()
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    return TokenRow(
        id=row.id, tenant_id=tenant_id, tenant_version=row.version, member_id=row.member_id,
        scopes=None if row.scopes is None else tuple(row.scopes), used_at=row.used_at,
    )  # fmt: skip


def list_tokens(connection: Connection, tenant_id: int, member_id: UUID) -> list[ListedToken]:
    """Read a member's tokens that are not revoked, the newest first."""
    return [row for row in all_tokens(connection, tenant_id) if row.member_id == member_id]


def all_tokens(connection: Connection, tenant_id: int) -> list[ListedToken]:
    """Read the tokens of a tenant that are not revoked, the newest first."""
    rows = connection.execute(
        select(t.token)
        .where(t.token.c.tenant_id == tenant_id, t.token.c.revoked_at.is_(None))
        .order_by(t.token.c.created_at.desc(), t.token.c.id)
    )
    return [
        ListedToken(
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            expires_at=row.expires_at,
            member_id=row.member_id,
            scopes=None if row.scopes is None else tuple(row.scopes),
            used_at=row.used_at,
        )
        for row in rows
    ]


def revoke_token(
    connection: Connection, tenant_id: int, token_id: UUID, *, member_id: UUID, now: dt.datetime
) -> bool:
    """End a member's token; False when there is none that lives."""
    done = connection.execute(
        update(t.token)
        .where(
            t.token.c.tenant_id == tenant_id,
            t.token.c.id == token_id,
            t.token.c.member_id == member_id,
            t.token.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    return done.rowcount == 1


def mark_used(connection: Connection, tenant_id: int, token_id: UUID, *, now: dt.datetime) -> None:
    """Note that a token was used."""
    connection.execute(
        update(t.token)
        .where(t.token.c.tenant_id == tenant_id, t.token.c.id == token_id)
        .values(used_at=now)
    )


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"
