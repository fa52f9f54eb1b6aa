"""Reading and writing of users, members, roles and teams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy import text as sql

from trato.access import tables as t
from trato.access.roles import PRESETS, TEMPORARY_ROLES, Grants
from trato.db.engine import set_tenant
from trato.db.types import new_id
from trato.entities.fold import fold
from trato.errors import DomainError, LicenseError, NotFound
from trato.tenancy.store import touch
from trato.tenancy.tables import tenant
from trato.tenancy.view import Member, Team
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who signs in."""

    id: UUID
    email: str
    name: str
    password_hash: str | None
    is_active: bool
    locale: str | None
    timezone: str | None
    #: Whether signing in takes a second step.
    has_second_factor: bool = False
    #: Whether the account is of one tenant's identity provider and has no password.
    is_federated: bool = False


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A tenant that a user may enter."""

    tenant_id: int
    slug: str
    name: str


def see_user(connection: Connection, user_id: UUID | None) -> None:
    """Let row-level security show a user's memberships in every tenant to this transaction.

    :param user_id: None shows nobody's any more.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            sql("select set_config('trato.user_id', :user, true)"), {"user": str(user_id or "")}
        )


def find_user(connection: Connection, email: str) -> User | None:
    """Read a user by e-mail address, whatever its capitals."""
    return _user(connection, t.user.c.email_key == fold(email))


def read_user(connection: Connection, user_id: UUID) -> User | None:
    """Read a user by id."""
    return _user(connection, t.user.c.id == user_id)


def _user(connection: Connection, condition: Any) -> User | None:
    row = connection.execute(select(t.user).where(condition)).first()
    if row is None:
        return None
    return User(
        id=row.id, email=row.email, name=row.name, password_hash=row.password_hash,
        is_active=row.is_active, locale=row.locale, timezone=row.timezone,
        has_second_factor=row.totp_confirmed_at is not None,
        is_federated=t.is_federated(row.email_key),
    )  # fmt: skip


def create_user(
    connection: Connection, *, email: str, name: str, password_hash: str | None,
    now: dt.datetime, is_federated: bool = False,
) -> User:  # fmt: skip
    """Make a user; the e-mail address must be new.

    :param is_federated: a tenant's identity provider names the address: it is shown and written
        to, and finds nobody, as the provider may name any.
    """
    user_id = new_id()
    connection.execute(
        insert(t.user).values(
            id=user_id, email=email.strip(), name=name,
            email_key=f"{t.FEDERATED}{user_id}" if is_federated else fold(email),
            password_hash=password_hash, is_active=True, created_at=now,
        )
    )  # fmt: skip
    made = read_user(connection, user_id)
    if made is None:
        raise NotFound(_("There is no user {email}."), email=email)
    return made


def set_password(
    connection: Connection, user_id: UUID, password_hash: str, *, but: UUID | None = None
) -> None:
    """Keep the hash of a new password and sign the user out everywhere.

    :param but: the session that stays.
    """
    connection.execute(
        update(t.user).where(t.user.c.id == user_id).values(password_hash=password_hash)
    )
    others = delete(t.session).where(t.session.c.user_id == user_id)
    connection.execute(others if but is None else others.where(t.session.c.id != but))


def rehash_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Keep a new hash of the same password."""
    connection.execute(
        update(t.user).where(t.user.c.id == user_id).values(password_hash=password_hash)
    )


def set_regional(connection: Connection, user_id: UUID, **values: str | None) -> None:
    """Keep a user's `locale` or `timezone`, or take it away with None.

    The tenants' views hold them, so each is touched.
    """
    connection.execute(update(t.user).where(t.user.c.id == user_id).values(values))
    for place in memberships(connection, user_id):
        touch(connection, place.tenant_id)


def rename(connection: Connection, user_id: UUID, name: str) -> None:
    """Change a user's name, and with it the name of every membership that bears it."""
    person = read_user(connection, user_id)
    if person is None:
        raise NotFound(_("There is no such person."))
    connection.execute(update(t.user).where(t.user.c.id == user_id).values(name=name))
    for place in memberships(connection, user_id):
        set_tenant(connection, place.tenant_id)
        connection.execute(
            update(t.member)
            .where(
                t.member.c.tenant_id == place.tenant_id, t.member.c.user_id == user_id,
                t.member.c.name == person.name,
            )
            .values(name=name)
        )  # fmt: skip
        touch(connection, place.tenant_id)


def memberships(
    connection: Connection, user_id: UUID, *, now: dt.datetime | None = None
) -> list[Membership]:
    """Read the tenants that a user may enter, by name.

    :param now: leaves out closed tenants, and memberships that have ended by themselves by then.
    """
    see_user(connection, user_id)
    living: ColumnElement[bool] = t.member.c.is_active.is_(True)
    if now is not None:
        living &= or_(t.member.c.ends_at.is_(None), t.member.c.ends_at > now)
        living &= tenant.c.closed_at.is_(None)
    rows = connection.execute(
        select(tenant.c.id, tenant.c.slug, tenant.c.name)
        .join(t.member, t.member.c.tenant_id == tenant.c.id)
        .where(t.member.c.user_id == user_id, living)
        .order_by(tenant.c.name)
    )
    return [Membership(tenant_id=row.id, slug=row.slug, name=row.name) for row in rows]


def read_people(
    connection: Connection, tenant_id: int
) -> tuple[dict[UUID, Member], dict[UUID, Team], dict[str, Grants]]:
    """Read a tenant's members with their roles and teams, its teams, and what its roles allow."""
    roles = {
        row.id: row
        for row in connection.execute(select(t.role).where(t.role.c.tenant_id == tenant_id))
    }
    teams = {
        row.id: Team(id=row.id, key=row.key, name=row.name)
        for row in connection.execute(select(t.team).where(t.team.c.tenant_id == tenant_id))
    }
    held: dict[UUID, list[str]] = {}
    for row in connection.execute(
        select(t.member_role).where(t.member_role.c.tenant_id == tenant_id)
    ):
        held.setdefault(row.member_id, []).append(roles[row.role_id].key)
    joined: dict[UUID, set[UUID]] = {}
    for row in connection.execute(
        select(t.team_member).where(t.team_member.c.tenant_id == tenant_id)
    ):
        joined.setdefault(row.member_id, set()).add(row.team_id)
    rows = connection.execute(
        select(t.member, t.user.c.email, t.user.c.locale, t.user.c.timezone)
        .join(t.user, t.user.c.id == t.member.c.user_id)
        .where(t.member.c.tenant_id == tenant_id)
    )
    members = {
        row.id: Member(
            id=row.id, user_id=row.user_id, name=row.name, email=row.email,
            is_active=row.is_active, roles=tuple(sorted(held.get(row.id, ()))),
            teams=frozenset(joined.get(row.id, ())), locale=row.locale, timezone=row.timezone,
            ends_at=row.ends_at,
        )
        for row in rows
    }  # fmt: skip
    grants = {row.key: Grants.from_json(row.grants, name=row.name) for row in roles.values()}
    return members, teams, grants


def add_preset_roles(connection: Connection, tenant_id: int) -> None:
    """Give a new tenant the roles that every tenant starts with."""
    for key, (name, grants) in PRESETS.items():
        save_role(connection, tenant_id, key, name=name, grants=grants.to_json())


def save_role(
    connection: Connection, tenant_id: int, key: str, *, name: str, grants: Mapping[str, Any]
) -> UUID:
    """Make or change a role."""
    where = (t.role.c.tenant_id == tenant_id, t.role.c.key == key)
    row = connection.execute(select(t.role.c.id).where(*where)).first()
    if row is not None:
        connection.execute(update(t.role).where(*where).values(name=name, grants=dict(grants)))
        identifier: UUID = row.id
    else:
        identifier = new_id()
        connection.execute(
            insert(t.role).values(
                tenant_id=tenant_id, id=identifier, key=key, name=name, grants=dict(grants)
            )
        )
    touch(connection, tenant_id)
    return identifier


def save_team(connection: Connection, tenant_id: int, key: str, *, name: str) -> UUID:
    """Make a team, or rename it."""
    where = (t.team.c.tenant_id == tenant_id, t.team.c.key == key)
    row = connection.execute(select(t.team.c.id).where(*where)).first()
    if row is not None:
        connection.execute(update(t.team).where(*where).values(name=name))
        identifier: UUID = row.id
    else:
        identifier = new_id()
        connection.execute(
            insert(t.team).values(tenant_id=tenant_id, id=identifier, key=key, name=name)
        )
    touch(connection, tenant_id)
    return identifier


def add_member(
    connection: Connection, tenant_id: int, user: User, *, roles: Iterable[str], seats: int | None,
    now: dt.datetime, teams: Iterable[UUID] = (), ends_at: dt.datetime | None = None,
) -> UUID:  # fmt: skip
    """Make a user a member of a tenant with roles; one who left comes back under the same id.

    :param seats: how many active members the licence allows; None does not count.
    :param ends_at: from when on the membership ends by itself.
    :raises LicenseError: when no seat is left.
    :raises DomainError: for a role that the tenant does not have, or that is for a while only
        and comes without an end.
    """
    known = {
        row.key: row.id
        for row in connection.execute(select(t.role).where(t.role.c.tenant_id == tenant_id))
    }
    wanted = list(dict.fromkeys(roles))
    for key in wanted:
        if key not in known:
            raise DomainError(
                _("There is no role '{role}'."), hint=_("Known roles: {known}."),
                role=key, known=", ".join(sorted(known)), code="no_role",
            )  # fmt: skip
    if ends_at is None and not TEMPORARY_ROLES.isdisjoint(wanted):
        raise DomainError(
            _("The role '{role}' is given for a while only; say until when."),
            role=sorted(TEMPORARY_ROLES.intersection(wanted))[0], code="no_end",
        )  # fmt: skip
    if ends_at is not None and ends_at <= now:
        raise DomainError(_("The last day has passed already."), code="past_end")
    row = connection.execute(
        select(t.member).where(t.member.c.tenant_id == tenant_id, t.member.c.user_id == user.id)
    ).first()
    ended = row is not None and row.ends_at is not None and row.ends_at <= now
    if seats is not None and (row is None or not row.is_active or ended):
        _check_seats(connection, tenant_id, seats, now=now)
    if row is None:
        member_id = new_id()
        connection.execute(
            insert(t.member).values(
                tenant_id=tenant_id, id=member_id, user_id=user.id, name=user.name,
                is_active=True, created_at=now, ends_at=ends_at,
            )
        )  # fmt: skip
    else:
        member_id = row.id
        connection.execute(
            update(t.member)
            .where(t.member.c.tenant_id == tenant_id, t.member.c.id == member_id)
            .values(is_active=True, ended_at=None, ends_at=ends_at)
        )
    connection.execute(
        delete(t.member_role).where(
            t.member_role.c.tenant_id == tenant_id, t.member_role.c.member_id == member_id
        )
    )
    for key in wanted:
        connection.execute(
            insert(t.member_role).values(
                tenant_id=tenant_id, member_id=member_id, role_id=known[key]
            )
        )
    for team_id in teams:
        join_team(connection, tenant_id, member_id, team_id)
    # The user's other companies show the new one in their switch.
    for place in memberships(connection, user.id):
        touch(connection, place.tenant_id)
    return member_id


def _check_seats(connection: Connection, tenant_id: int, seats: int, *, now: dt.datetime) -> None:
    used = len(
        connection.execute(
            select(t.member.c.id).where(
                t.member.c.tenant_id == tenant_id,
                t.member.c.is_active.is_(True),
                or_(t.member.c.ends_at.is_(None), t.member.c.ends_at > now),
            )
        ).all()
    )
    if used >= seats:
        raise LicenseError(
            _("The licence has {seats} seats and {used} are in use."),
            hint=_("End a membership, or ask your provider for more seats."),
            seats=seats, used=used, code="no_seat",
        )  # fmt: skip


def join_team(connection: Connection, tenant_id: int, member_id: UUID, team_id: UUID) -> None:
    """Put a member into a team; one who is in it stays."""
    where = (
        t.team_member.c.tenant_id == tenant_id, t.team_member.c.team_id == team_id,
        t.team_member.c.member_id == member_id,
    )  # fmt: skip
    if connection.execute(select(t.team_member.c.team_id).where(*where)).first() is None:
        connection.execute(
            insert(t.team_member).values(tenant_id=tenant_id, team_id=team_id, member_id=member_id)
        )
        touch(connection, tenant_id)


def set_teams(
    connection: Connection, tenant_id: int, member_id: UUID, teams: Iterable[UUID]
) -> None:
    """Put a member into just these teams."""
    connection.execute(
        delete(t.team_member).where(
            t.team_member.c.tenant_id == tenant_id, t.team_member.c.member_id == member_id
        )
    )
    for team_id in dict.fromkeys(teams):
        join_team(connection, tenant_id, member_id, team_id)
    touch(connection, tenant_id)


def delete_role(connection: Connection, tenant_id: int, key: str) -> None:
    """Remove a role that nobody has.

    :raises DomainError: when somebody has it, or it is the administrator's.
    """
    row = connection.execute(
        select(t.role.c.id).where(t.role.c.tenant_id == tenant_id, t.role.c.key == key)
    ).first()
    if row is None or key == "admin":
        raise DomainError(_("The role '{role}' cannot be removed."), role=key, code="role_kept")
    held = connection.execute(
        select(t.member_role.c.member_id).where(
            t.member_role.c.tenant_id == tenant_id, t.member_role.c.role_id == row.id
        )
    ).all()
    if held:
        raise DomainError(
            _("{count} people have the role."), hint=_("Give them another role first."),
            count=len(held), code="role_used",
        )  # fmt: skip
    connection.execute(delete(t.role).where(t.role.c.tenant_id == tenant_id, t.role.c.id == row.id))
    touch(connection, tenant_id)


def last_seen(connection: Connection, user_ids: Iterable[UUID]) -> dict[UUID, dt.datetime]:
    """Read when users were last signed in somewhere; who has no living session is left out."""
    rows = connection.execute(
        select(t.session.c.user_id, func.max(t.session.c.seen_at))
        .where(t.session.c.user_id.in_(list(user_ids)))
        .group_by(t.session.c.user_id)
    )
    return {row[0]: row[1] for row in rows}


def lock_member(connection: Connection, tenant_id: int, member_id: UUID) -> None:
    """Hold a member's row until the transaction ends, so that its events keep their order."""
    connection.execute(
        select(t.member.c.id)
        .where(t.member.c.tenant_id == tenant_id, t.member.c.id == member_id)
        .with_for_update()
    )


def end_membership(
    connection: Connection, tenant_id: int, member_id: UUID, *, now: dt.datetime
) -> None:
    """End a member's access to a tenant; the name stays readable on records."""
    connection.execute(
        update(t.member)
        .where(t.member.c.tenant_id == tenant_id, t.member.c.id == member_id)
        .values(is_active=False, ended_at=now)
    )
    connection.execute(
        update(t.token)
        .where(
            t.token.c.tenant_id == tenant_id, t.token.c.member_id == member_id,
            t.token.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )  # fmt: skip
    touch(connection, tenant_id)
