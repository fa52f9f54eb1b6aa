"""Who a proven identity is in the company: a member, somebody to be let in, or nobody.

No e-mail of a provider finds an account. A provider is run by one company, and could name anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from trato import membership
from trato.access import credentials, identities, second_factor
from trato.access import store as people
from trato.access.actor import Actor
from trato.administration import MEMBER, record_act
from trato.db.engine import transaction
from trato.entities.fold import fold
from trato.errors import DomainError, LicenseError, NotFound
from trato.host import Host
from trato.sso.errors import NotLetIn
from trato.tenancy.core_settings import check_address
from trato.tenancy.sign_in import Policy, policy
from trato.tenancy.store import touch
from trato.tenancy.view import Member, TenantView
from trato.text import _

log = logging.getLogger("trato.sso")

#: How the audit names what the provider's word has done.
LABEL = "single sign-on"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody whom the provider has named."""

    issuer: str
    subject: str
    name: str
    #: To be shown and written to; it finds nobody.
    email: str
    groups: tuple[str, ...]


def read_person(claims: Mapping[str, Any], rules: Policy) -> Person:
    """Read from checked claims who somebody is."""
    email = next(
        (text.strip() for name in ("email", "preferred_username", "upn")
         if isinstance(text := claims.get(name), str) and text.strip()
         and len(text) <= 254 and check_address(text.strip()) is None), "",
    )  # fmt: skip
    given = claims.get("name")
    name = " ".join(given.split())[:200] if isinstance(given, str) else ""
    groups = _claim(claims, rules.roles_claim) if rules.roles_claim else ()
    if isinstance(groups, str):
        groups = (groups,)
    return Person(
        issuer=rules.issuer, subject=claims["sub"], name=name or email.partition("@")[0],
        email=email,
        groups=tuple(g for g in groups if isinstance(g, str))
        if isinstance(groups, list | tuple) else (),
    )  # fmt: skip


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Read a claim by its name, else by its way: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def enter(host: Host, view: TenantView, person: Person) -> people.User:
    """Find the account of somebody whom the provider has named, or make it where that is allowed.

    :raises NotLetIn: with the reason and what to do about it.
    :raises LicenseError: when no seat is left, or the licence is over.
    """
    for _attempt in range(2):
        with transaction(host.engine, tenant_id=view.tenant.id, read=True) as connection:
            known = identities.find(connection, view.tenant.id, person.issuer, person.subject)
        if known is not None:
            return _come_back(host, view, person, known.member_id)
        if not policy(view).creates_people:
            break
        try:
            return _let_in(host, view, person)
        except IntegrityError:
            # Another request of the same person was faster.
            view = host.for_tenant(view.tenant.id)
    log.warning("identity without access tenant=%s", view.tenant.slug)
    raise NotLetIn(
        _("{name} knows you, and you have no access to {company} in Trato."),
        hint=_("If you have a password for Trato, enter with it and link your account on this "
               "page or in My account. Otherwise ask the administrator of your company."),
        name=policy(view).name, company=view.tenant.name, code="not_linked",
    )  # fmt: skip


def _come_back(host: Host, view: TenantView, person: Person, member_id: UUID) -> people.User:
    now, tenant_id = host.clock(), view.tenant.id
    member = view.members.get(member_id)
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        user = None if member is None else people.read_user(connection, member.user_id)
        if member is None or user is None or not user.is_active or not member.may_enter(now):
            raise NotLetIn(
                _("Your access to {company} has ended."),
                hint=_("Ask the administrator of your company."), company=view.tenant.name,
                code="access_ended",
            )  # fmt: skip
        if user.is_federated and policy(view).roles_claim:
            _follow_groups(host, connection, view, member, _roles_for(view, person))
        identities.mark_used(connection, tenant_id, member_id, person.issuer, now=now)
    return user


def _roles_for(view: TenantView, person: Person) -> tuple[str, ...]:
    roles = tuple(r for r in policy(view).roles_of(person.groups) if r in view.roles)
    if not roles:
        raise NotLetIn(
            _("None of your groups at {name} has a role in {company}."),
            hint=_("Ask the administrator of your company to which group you should belong."),
            name=policy(view).name, company=view.tenant.name, code="no_group",
        )  # fmt: skip
    return roles


def _follow_groups(
    host: Host, connection: Connection, view: TenantView, member: Member, roles: Sequence[str]
) -> None:
    """Give a member whom the provider rules the roles of the present groups."""
    if set(roles) == set(member.roles):
        return
    try:
        membership.keep_an_administrator(view, member, roles, now=host.clock())
    except DomainError as error:
        log.warning("roles of the provider not followed: %s", error)
        return
    user = people.read_user(connection, member.user_id)
    if user is None:
        raise NotFound(_("There is no such person."))
    people.lock_member(connection, view.tenant.id, member.id)
    people.add_member(
        connection, view.tenant.id, user, roles=roles, seats=None, now=host.clock(),
        ends_at=member.ends_at,
    )  # fmt: skip
    touch(connection, view.tenant.id)
    record_act(
        host, connection, _provider(view), entity=MEMBER, name=member.name,
        record_id=member.id, action="update",
        changes={"roles": [sorted(member.roles), sorted(roles)]},
    )  # fmt: skip


def _let_in(host: Host, view: TenantView, person: Person) -> people.User:
    """Make the account of somebody new; it is of this company alone and has no password."""
    tenant_id, now = view.tenant.id, host.clock()
    roles = _roles_for(view, person)
    if view.read_only:
        raise LicenseError(
            _("Nobody new can be let in: the licence of {company} is over."),
            hint=_("Ask the administrator of your company."), company=view.tenant.name,
            code="license_expired",
        )  # fmt: skip
    if not person.email:
        raise NotLetIn(
            _("{name} did not tell your e-mail."),
            hint=_("The administrator of your company lets it send the claim email in the ID "
                   "token."),
            name=policy(view).name, code="no_email",
        )  # fmt: skip
    taken = fold(person.email)
    if any(fold(m.email) == taken and m.may_enter(now) for m in view.members.values()):
        raise NotLetIn(
            _("In {company} there is an account with your e-mail already, and it is not linked to "
              "{name}."),
            hint=_("Enter with its password and link it on this page or in My account, or ask "
                   "the administrator of your company for a link."),
            name=policy(view).name, company=view.tenant.name, code="not_linked",
        )  # fmt: skip
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        # Locks the tenant, so that two who come at once do not both take the last seat.
        touch(connection, tenant_id)
        user = people.create_user(
            connection, email=person.email, name=person.name, password_hash=None, now=now,
            is_federated=True,
        )  # fmt: skip
        member_id = people.add_member(
            connection, tenant_id, user, roles=roles, seats=view.license.seats, now=now
        )
        identities.add(
            connection, tenant_id, member_id, issuer=person.issuer, subject=person.subject, now=now
        )
        identities.mark_used(connection, tenant_id, member_id, person.issuer, now=now)
        record_act(
            host, connection, _provider(view), entity=MEMBER, name=user.name,
            record_id=member_id, action="create",
            changes={"roles": [None, sorted(roles)], "identity": [None, _written(person)]},
        )  # fmt: skip
    return user


def link(host: Host, view: TenantView, member_id: UUID, person: Person) -> people.User:
    """Tie a proven identity to a member, who asked for it while signed in, or by an invitation.

    :raises NotLetIn: when one of both is tied already, or the membership has ended.
    """
    tenant_id, now = view.tenant.id, host.clock()
    member = view.members.get(member_id)
    if member is None or not member.may_enter(now):
        raise NotLetIn(
            _("Your access to {company} has ended."),
            hint=_("Ask the administrator of your company."), company=view.tenant.name,
            code="access_ended",
        )  # fmt: skip
    try:
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            people.lock_member(connection, tenant_id, member_id)
            user = people.read_user(connection, member.user_id)
            if user is None or not user.is_active:
                raise NotFound(_("There is no such person."))
            identities.add(
                connection, tenant_id, member_id, issuer=person.issuer, subject=person.subject,
                now=now,
            )  # fmt: skip
            record_act(
                host, connection, Actor(view=view, member=member, via="page"), entity=MEMBER,
                name=member.name, record_id=member_id, action="update",
                changes={"identity": [None, _written(person)]},
            )  # fmt: skip
    except IntegrityError as error:
        raise NotLetIn(
            _("This account of {name} is linked to somebody else already, or yours is linked to "
              "another one."),
            hint=_("Unlink the other one first, in My account or in the administration."),
            name=policy(view).name, code="linked_already",
        ) from error  # fmt: skip
    return user


def unlink(host: Host, actor: Actor, member_id: UUID) -> bool:
    """Take a member's identity away and end the sessions that it opened.

    :param actor: the member, or an administrator.
    :return: False when there was none.
    """
    view = actor.view
    member = membership.member_of(view, member_id)
    membership.check_wide(actor, member, ())
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        people.lock_member(connection, view.tenant.id, member_id)
        if not identities.remove(connection, view.tenant.id, member_id):
            return False
        user = people.read_user(connection, member.user_id)
        credentials.close_all_sessions(connection, member.user_id, bound_tenant=view.tenant.id)
        if user is not None and user.is_federated:
            # The identity was all that opened the account; whoever ties it anew begins afresh.
            second_factor.remove(connection, user.id)
        record_act(
            host, connection, actor, entity=MEMBER, name=member.name, record_id=member_id,
            action="update", changes={"identity": [policy(view).name or "-", None]},
        )  # fmt: skip
    return True


def _provider(view: TenantView) -> Actor:
    return Actor(view=view, via="page", label=LABEL)


def _written(person: Person) -> str:
    return f"{person.issuer} {person.subject}"
