"""What an administrator does with the people of a company: roles, teams, hand-over, leaving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from trato.access import store as people
from trato.access.actor import Actor
from trato.access.rules import decide
from trato.db.engine import transaction
from trato.errors import DomainError, NotFound
from trato.host import Host
from trato.records.unit import Unit
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


def _keep_an_administrator(view: TenantView, member: Member, *, now: dt.datetime) -> None:
    """Refuse to take the last administrator away, who could never be brought back.

    :raises DomainError: with what to do first.
    """
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


def change_member(
    host: Host, view: TenantView, member_id: UUID, *, roles: Sequence[str], teams: Sequence[UUID],
    ends_at: dt.datetime | None,
) -> None:  # fmt: skip
    """Give a member other roles, teams and last day; one who had left comes back.

    :raises DomainError: for a role that does not exist, or when nobody would administer.
    :raises LicenseError: when one who had left finds no seat.
    """
    member = member_of(view, member_id)
    now = host.clock()
    if not roles:
        raise DomainError(_("Choose at least one role."), code="no_role")
    if ADMIN not in roles or ends_at is not None:
        _keep_an_administrator(view, member, now=now)
    unknown = set(teams) - set(view.teams)
    if unknown:
        raise DomainError(_("There is no such team."), code="no_team")
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        user = people.read_user(connection, member.user_id)
        if user is None:
            raise NotFound(_("There is no such person."))
        people.add_member(
            connection, view.tenant.id, user, roles=roles, now=now, ends_at=ends_at,
            seats=view.license.seats if view.license.state != "none" else None,
        )  # fmt: skip
        people.set_teams(connection, view.tenant.id, member_id, teams)


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
    _keep_an_administrator(view, member, now=host.clock())
    moved: dict[str, int] = {}
    with host.unit(actor) as unit:
        if heir_id is not None:
            heir = member_of(view, heir_id)
            if not heir.is_active or heir.id == member.id:
                raise DomainError(_("{name} cannot take the records."), name=heir.name)
            for name in owned_records(unit, member_id):
                table = view.entities[name].table
                moved[name] = unit.records.update_where(
                    name, table.c.owner_id == member_id, values={"owner_id": str(heir.id)}
                )
        people.end_membership(unit.connection, unit.tenant_id, member_id, now=unit.now)
    return moved


def fill_team(host: Host, view: TenantView, team_id: UUID, members: set[UUID]) -> None:
    """Put just these active members into a team."""
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        for member in view.members.values():
            if member.is_active and (team_id in member.teams) != (member.id in members):
                people.set_teams(connection, view.tenant.id, member.id, member.teams ^ {team_id})
