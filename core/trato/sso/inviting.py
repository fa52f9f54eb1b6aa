"""Inviting a member to tie the identity: by a letter, or by a link to hand over.

Whoever opens the link enters as the member. So where mail is set up it goes to the member's address
and nobody else reads it.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from trato import membership
from trato.access import identities
from trato.access import store as people
from trato.access.actor import Actor
from trato.administration import MEMBER, record_act
from trato.db.engine import transaction
from trato.errors import DomainError
from trato.host import Host
from trato.mail import letters, own_server
from trato.tenancy.sign_in import policy
from trato.tenancy.tasks import enqueue
from trato.tenancy.view import Member, TenantView
from trato.text import _

#: The job that sends the letter.
SEND = "core.send_identity_link"


def invite_to_link(
    host: Host, actor: Actor, member_id: UUID, *, base_url: str, by_hand: bool = False
) -> str | None:
    """Invite a member to tie the identity; the link works once, and for seven days.

    :param base_url: where people reach Trato, for a link that is not mailed.
    :param by_hand: give the link in any case; for the operator.
    :return: the link, shown this once; None where a letter is on its way.
    :raises DomainError: when nobody signs in through a provider here, or one is tied already.
    """
    view, now = actor.view, host.clock()
    member = membership.member_of(view, member_id)
    membership.check_wide(actor, member, ())
    if not policy(view).is_on:
        raise DomainError(
            _("Nobody signs in through a provider in this company."),
            hint=_("Set it up and switch it on first."), code="no_provider",
        )  # fmt: skip
    mailed = not by_hand and not own_server.lacking(host, view)
    with transaction(host.engine, tenant_id=view.tenant.id) as connection:
        people.lock_member(connection, view.tenant.id, member_id)
        if not _may_tie(host, connection, view, member):
            raise DomainError(
                _("{name} is linked already, or has no access."),
                hint=_("Unlink the account first, or bring the person back."),
                name=member.name, code="linked_already",
            )  # fmt: skip
        record_act(
            host, connection, actor, entity=MEMBER, name=member.name, record_id=member_id,
            action="update", changes={"identity": [None, "invited"]},
        )  # fmt: skip
        if not mailed:
            return _link(host, connection, view, member_id, base_url=base_url)
        # The task makes the link itself: none lies in the queue for others to read.
        enqueue(
            connection, view.tenant.id, SEND, now=now, by=actor.member_id,
            payload={"user_id": str(member.user_id), "inviter": actor.name},
        )  # fmt: skip
    return None


def send_link(host: Host, tenant_id: int, *, user_id: UUID, inviter: str) -> None:
    """Write and send the letter with the link, unless there is nothing to tie any more.

    :raises MailError: when the mail server does not take it.
    """
    view = host.for_tenant(tenant_id)
    member = next((m for m in view.members.values() if m.user_id == user_id), None)
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        if member is None or not policy(view).is_on or not _may_tie(host, connection, view, member):
            return
        url = _link(host, connection, view, member.id, base_url=host.settings.public_url or "")
    draft = letters.identity_link(
        name=member.name, tenant=view.tenant.name, inviter=inviter, provider=policy(view).name,
        url=url, days=identities.LINK_LIFETIME.days,
    )  # fmt: skip
    letter = letters.write(draft, host.catalogs, member.locale or view.tenant.locale)
    own_server.send_for(host, view, letter, member.email)


def _may_tie(host: Host, connection: Connection, view: TenantView, member: Member) -> bool:
    tied = identities.of_member(connection, view.tenant.id, policy(view).issuer, member.id)
    return tied is None and member.may_enter(host.clock())


def _link(
    host: Host, connection: Connection, view: TenantView, member_id: UUID, *, base_url: str
) -> str:
    door = identities.make_door(connection, view.tenant.id, view.tenant.slug)
    secret = identities.create_link(connection, view.tenant.id, member_id, now=host.clock())
    return f"{base_url.rstrip('/')}/login/company/{door}/link?key={secret}"
