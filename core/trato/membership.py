"""What an administrator does with the people of a company: roles, teams, hand-over, leaving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from trato.access import credentials
from trato.access import store as people
from trato.access.actor import Actor
from trato.access.rules import decide
from trato.administration import MEMBER, record_act, record_token
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import DomainError, NotFound
from trato.host import Host
from trato.records.unit import Unit
from trato.tenancy.sign_in import policy
from trato.tenancy.view import Member, TenantView
from trato.text import _

ADMIN = "admin"


def member_of(view: TenantView, member_id: UUID) -> Member:
    """Find a member of the tenant, also one who has left.

    :raises NotFound: when the tenant has no such member.
    """
    found = view.members.get(member_id)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def keep_an_administrator(
    view: TenantView, member: Member, roles: Iterable[str], *, now: dt.datetime
) -> None:
    """Refuse to take the last administrator away, who could never be brought back.

    Nor the one who enters by password where all others come through the identity provider.

    :param roles: that the member shall have from now on; none: shall leave, or not stay for ever.
    :raises DomainError: with what to do first.
    """
    if ADMIN in roles:
        return
    rules = policy(view)
    if rules.closes_passwords and rules.is_emergency(member):
        raise DomainError(
            _("{name} has the emergency account, the only one that a password opens."),
            hint=_("Name another one under Single sign-on first."),
            name=member.name, code="emergency_account",
        )  # fmt: skip
    others = [
        other
        for other in view.members.values()
        if other.id != member.id and other.is_active and ADMIN in other.roles
        and (other.ends_at is None or other.ends_at > now)
    ]  # fmt: skip
    if ADMIN in member.roles and member.is_active and not others:
        raise DomainError(
            _("{name} is the only administrator."),
            hint=_("Make somebody else an administrator first."),
            name=member.name, code="last_admin",
        )  # fmt: skip


def check_wide(actor: Actor, member: Member, roles: Sequence[str]) -> None:
    """Refuse that somebody makes another, or himself, mightier than he is.

    :raises DomainError: when a role that may everything is given or taken by one who has none.
    """
    view = actor.view
    changed = set(roles) ^ set(member.roles)
    wide = any(view.roles[key].is_admin for key in changed if key in view.roles)
    if wide and not any(grants.is_admin for grants in actor.grants):
        raise DomainError(
            _("Only an administrator may make somebody an administrator."), code="role_too_wide"
        )


def change_member(
    host: Host, actor: Actor, member_id: UUID, *, roles: Sequence[str], teams: Sequence[UUID],
    ends_at: dt.datetime | None,
) -> None:  # fmt: skip
    """Give a member other roles, teams and last day; one who had left comes back.

    :param actor: who does it; only a full administrator gives a full administrator's role.
    :raises DomainError: for a role that does not exist, or when nobody would administer.
    :raises LicenseError: when one who had left finds no seat.
    """
    view = actor.view
    member = member_of(view, member_id)
    now = host.clock()
    if not roles:
        raise DomainError(_("Choose at least one role."), code="no_role")
    keep_an_administrator(view, member, roles if ends_at is None else (), now=now)
    unknown = set(teams) - set(view.teams)
    if unknown:
        raise DomainError(_("There is no such team."), code="no_team")
    check_wide(actor, member, roles)
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        people.lock_member(connection, view.tenant.id, member_id)
        user = people.read_user(connection, member.user_id)
        if user is None:
            raise NotFound(_("There is no such person."))
        people.add_member(
            connection, view.tenant.id, user, roles=roles, now=now, ends_at=ends_at,
            seats=view.license.seats if view.license.state != "none" else None,
        )  # fmt: skip
        people.set_teams(connection, view.tenant.id, member_id, teams)
        record_act(
            host, connection, actor, entity=MEMBER, name=member.name, record_id=member_id,
            action="update" if member.is_active else "restore",
            changes={
                "roles": [sorted(member.roles), sorted(set(roles))],
                "teams": [_team_keys(view, member.teams), _team_keys(view, teams)],
                "until": [_written(member.ends_at), _written(ends_at)],
            },
        )  # fmt: skip


def _team_keys(view: TenantView, teams: Iterable[UUID]) -> list[str]:
    return sorted(view.teams[team].key for team in teams if team in view.teams)


def _written(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def owned_records(unit: Unit, member_id: UUID) -> dict[str, int]:
    """Count the living records that a member owns, by entity."""
    counts = {}
    for entity in unit.view.entities.values():
        if entity.info.owned and decide(unit.actor, entity, "view").allowed:
            found = unit.records.count_where(entity.name, entity.table.c.owner_id == member_id)
            if found:
                counts[entity.name] = found
    return counts


def end_member(
    host: Host, actor: Actor, member_id: UUID, *, heir_id: UUID | None
) -> dict[str, int]:
    """End a membership, after handing the member's records to a colleague; all or nothing.

    :param heir_id: who owns the records from now on; None leaves them with the name.
    :return: how many records were handed over, by entity.
    :raises DomainError: for oneself, or the only administrator.
    """
    view = actor.view
    member = member_of(view, member_id)
    if member_id == actor.member_id:
        raise DomainError(
            _("You cannot end your own access."),
            hint=_("Ask another administrator."),
            code="oneself",
        )
    keep_an_administrator(view, member, (), now=host.clock())
    check_wide(actor, member, ())
    moved: dict[str, int] = {}
    heir = None if heir_id is None else member_of(view, heir_id)
    with host.unit(actor) as unit:
        if heir is not None:
            if not heir.is_active or heir.id == member.id:
                raise DomainError(_("{name} cannot take the records."), name=heir.name)
            for name in owned_records(unit, member_id):
                table = view.entities[name].table
                moved[name] = unit.records.update_where(
                    name, table.c.owner_id == member_id, values={"owner_id": str(heir.id)}
                )
        people.lock_member(unit.connection, unit.tenant_id, member_id)
        people.end_membership(unit.connection, unit.tenant_id, member_id, now=unit.now)
        record_act(
            host, unit.connection, actor, entity=MEMBER, name=member.name, record_id=member_id,
            action="archive",
            changes={"heir": [None, heir and heir.name]}
            | {name: [count, 0] for name, count in moved.items()},
        )  # fmt: skip
    return moved


def sign_out(host: Host, actor: Actor, member_id: UUID) -> None:
    """End every session of a person: a device was lost, or somebody else knows the password."""
    member = member_of(actor.view, member_id)
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        people.lock_member(connection, actor.tenant_id, member_id)
        credentials.close_all_sessions(connection, member.user_id)
        record_act(
            host, connection, actor, entity=MEMBER, name=member.name, record_id=member_id,
            action="sign_out",
        )  # fmt: skip


def revoke_token(host: Host, actor: Actor, token_id: UUID, *, of: UUID | None = None) -> None:
    """End a member's API token at once.

    :param of: the member whose it must be; none: anybody's.
    :raises NotFound: when the tenant has no such token that lives.
    """
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        found = next(
            (row for row in credentials.all_tokens(connection, actor.tenant_id)
             if row.id == token_id and of in (None, row.member_id)), None,
        )  # fmt: skip
        if found is None:
            raise NotFound(_("There is no such token."))
        credentials.revoke_token(
            connection, actor.tenant_id, token_id, member_id=found.member_id, now=host.clock()
        )
        record_token(host, connection, actor, found.member_id, token=[found.name, None])


def delete_role(host: Host, actor: Actor, key: str) -> None:
    """Remove a role that nobody has.

    :raises DomainError: when somebody has it, or it is the administrator's.
    """
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        people.delete_role(connection, actor.tenant_id, key)
        record_act(
            host, connection, actor, entity="core.configuration", name=f"roles.{key}",
            action="purge",
        )  # fmt: skip


def fill_team(host: Host, actor: Actor, team_id: UUID, members: set[UUID]) -> None:
    """Put just these active members into a team."""
    view = actor.view
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        for member in sorted(view.members.values(), key=lambda member: member.id):
            if member.is_active and (team_id in member.teams) != (member.id in members):
                teams = member.teams ^ {team_id}
                people.lock_member(connection, view.tenant.id, member.id)
                people.set_teams(connection, view.tenant.id, member.id, teams)
                record_act(
                    host, connection, actor, entity=MEMBER, name=member.name, action="update",
                    record_id=member.id,
                    changes={"teams": [_team_keys(view, member.teams), _team_keys(view, teams)]},
                )  # fmt: skip


def member_by_email(view: TenantView, email: str) -> Member:
    """Find a member of the tenant by the address of the account, also one who has left.

    :raises NotFound: when the tenant has no such member.
    """
    wanted = fold(email)
    found = next((m for m in view.members.values() if fold(m.email) == wanted), None)
    if found is None:
        raise NotFound(_("'{email}' has no access to tenant '{tenant}'."), email=email,
                       tenant=view.tenant.slug)  # fmt: skip
    return found
