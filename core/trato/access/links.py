"""Links that are sent by e-mail: each works once and for a while; only its hash is kept."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from trato.access import tables as t
from trato.access.credentials import secret_hash
from trato.db.types import new_id

Kind = Literal["invitation", "reset"]
LIFETIME: dict[Kind, dt.timedelta] = {
    "invitation": dt.timedelta(days=7),
    "reset": dt.timedelta(hours=2),
}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that still works."""

    id: UUID
    kind: Kind
    user_id: UUID
    email: str
    name: str
    locale: str | None


def create(connection: Connection, user_id: UUID, kind: Kind, *, now: dt.datetime) -> str:
    """Make a link's secret; the user's earlier links of the kind end."""
    connection.execute(
        delete(t.secret_link).where(
            t.secret_link.c.user_id == user_id, t.secret_link.c.kind == kind
        )
    )
    secret = secrets.token_urlsafe(32)
    connection.execute(
        insert(t.secret_link).values(
            id=new_id(), kind=kind, secret_hash=secret_hash(secret), user_id=user_id,
            created_at=now, expires_at=now + LIFETIME[kind],
        )
    )  # fmt: skip
    return secret


def find(connection: Connection, secret: str, *, now: dt.datetime) -> Link | None:
    """Read a living link of an active user; reading does not use it up."""
    row: Any = connection.execute(
        select(
            t.secret_link.c.id, t.secret_link.c.kind, t.secret_link.c.user_id, t.user.c.email,
            t.user.c.name, t.user.c.locale,
        )
        .join(t.user, t.user.c.id == t.secret_link.c.user_id)
        .where(
            t.secret_link.c.secret_hash == secret_hash(secret),
            t.secret_link.c.used_at.is_(None), t.secret_link.c.expires_at > now,
            t.user.c.is_active.is_(True),
        )
    ).first()  # fmt: skip
    if row is None:
        return None
    return Link(
        id=row.id, kind=cast(Kind, row.kind), user_id=row.user_id, email=row.email,
        name=row.name, locale=row.locale,
    )  # fmt: skip


def use(connection: Connection, link: Link, *, now: dt.datetime) -> bool:
    """Use a link up, with all other links of the user.

    :return: False when another request was faster.
    """
    used = connection.execute(
        update(t.secret_link)
        .where(t.secret_link.c.id == link.id, t.secret_link.c.used_at.is_(None))
        .values(used_at=now)
    )
    connection.execute(
        delete(t.secret_link).where(
            t.secret_link.c.user_id == link.user_id, t.secret_link.c.id != link.id
        )
    )
    return used.rowcount == 1
