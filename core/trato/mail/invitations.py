"""Letting people in: invitations, and links for a new password."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from trato import administration
from trato.access import links
from trato.access import store as people
from trato.access.actor import Actor
from trato.db.engine import set_tenant, transaction
from trato.errors import DomainError
from trato.host import Host
from trato.lifecycle.closing import COMPANY
from trato.lifecycle.founding import found_within
from trato.mail import letters, own_server
from trato.mail.sending import missing_settings, send
from trato.tenancy.tasks import enqueue
from trato.tenancy.view import Tenant
from trato.text import _

#: The jobs that send a letter: of an invitation, for a new password, about a changed one.
SEND = "core.send_invitation"
RESET = "core.send_reset"
CHANGED = "core.send_changed"

#: What a message's head can carry without quoting.
_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s<>()\[\],;:\\\"]+")


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What became of an invitation."""

    email: str
    member_id: UUID
    #: Whether the person still has to choose a password; else they may enter at once.
    is_new: bool
    #: Whether a letter is on its way; the task that sends it tells whether it arrives.
    is_mailed: bool
    #: The link to hand over by another way: only where mail is not set up, so that with mail the
    #: link proves that the address is the person's.
    link: str | None = None


def invite(
    host: Host, actor: Actor, email: str, *, name: str | None = None, roles: Sequence[str],
    teams: Sequence[str] = (), ends_at: dt.datetime | None = None, base_url: str,
) -> Invitation:  # fmt: skip
    """Give a person access to the actor's tenant and tell them by e-mail.

    Who has an account is let in at once. Who has none gets a link to choose a password. A task
    sends the letter, so a mail server that is down keeps nobody waiting, and is tried again.

    :param base_url: where the administrator reaches Trato, for a link that is not mailed.
    :raises LicenseError: when no seat is left.
    :raises DomainError: for an e-mail or role that will not do, a role that the actor, not being
        a full administrator, may not give, or somebody who works in the tenant already.
    """
    email = email.strip()
    if not _ADDRESS.fullmatch(email) or len(email) > 254:
        raise DomainError(_("'{email}' is not an e-mail address."), email=email, code="bad_email")
    now = host.clock()
    if _is_in(host, actor, email, now=now):
        # Inviting gives roles; somebody who works here already must not lose theirs by it.
        raise DomainError(
            _("{email} has access to this company already."), email=email, code="has_access"
        )
    given = [actor.view.roles[key] for key in roles if key in actor.view.roles]
    if any(grant.is_admin for grant in given) and not any(own.is_admin for own in actor.grants):
        raise DomainError(
            _("Only an administrator may make somebody an administrator."), code="role_too_wide"
        )
    tenant = actor.view.tenant
    made = administration.create_user(
        host, tenant.slug, email, roles=roles, name=name, teams=teams, ends_at=ends_at,
        actor=actor,
    )  # fmt: skip
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        return _tell(host, connection, actor, made, base_url=base_url)


def found_by_invitation(
    host: Host, *, slug: str, name: str, admin_email: str, admin_name: str | None = None,
    license: str | None = None, by: str, base_url: str,
) -> tuple[Tenant, Invitation]:  # fmt: skip
    """Make a tenant whose first administrator is invited; all of it or nothing.

    :param by: the operator who does it, as the audit and the letter name them.
    :param base_url: where the operator reaches Trato, for a link that is not mailed.
    :raises TratoError: for a wrong licence, slug or address.
    """
    if not _ADDRESS.fullmatch(admin_email) or len(admin_email) > 254:
        raise DomainError(
            _("'{email}' is not an e-mail address."), email=admin_email, code="bad_email"
        )
    with transaction(host.engine) as connection:
        tenant, admin = found_within(
            host, connection, slug=slug, name=name, admin_email=admin_email, license=license,
            admin_name=admin_name,
        )  # fmt: skip
        actor = Actor(view=host.build_view(connection, tenant.id), label=by)
        administration.record_act(
            host, connection, actor, entity=COMPANY, name=tenant.slug, action="create"
        )
        return tenant, _tell(host, connection, actor, admin, base_url=base_url)


def _tell(
    host: Host, connection: Connection, actor: Actor, made: administration.NewUser, *,
    base_url: str,
) -> Invitation:  # fmt: skip
    """Queue the letter to somebody who was let in, or make the link where mail is not set up."""
    user = people.read_user(connection, made.user_id)
    if user is None:
        raise DomainError(_("There is no user {email}."), email=made.email)
    is_new, link = user.password_hash is None, None
    is_mailed = not own_server.lacking(host, actor.view)
    if is_mailed:
        # The task makes the link itself: none lies in the queue for others to read.
        enqueue(
            connection, actor.tenant_id, SEND, now=host.clock(), by=actor.member_id,
            payload={"user_id": str(user.id), "inviter": actor.name},
        )  # fmt: skip
    elif is_new:
        secret = links.create(connection, user.id, "invitation", now=host.clock())
        link = f"{base_url.rstrip('/')}/login/link?key={secret}"
    return Invitation(
        email=user.email, member_id=made.member_id, is_new=is_new, is_mailed=is_mailed, link=link
    )


def send_invitation(host: Host, tenant_id: int, *, user_id: UUID, inviter: str) -> None:
    """Write and send the letter to somebody who was given access to a tenant.

    The link by which somebody new chooses a password goes by the installation's server where there
    is one; all else by the company's own.

    :raises MailError: when the mail server does not take it.
    """
    view = host.for_tenant(tenant_id)
    tenant = view.tenant
    with transaction(host.engine) as connection:
        user = people.read_user(connection, user_id)
        if user is None:
            return
        is_new = user.password_hash is None
        secret = links.create(connection, user.id, "invitation", now=host.clock()) if is_new else ""
    root = _root(host)
    if is_new:
        draft = letters.invitation(
            name=user.name, tenant=tenant.name, inviter=inviter,
            url=f"{root}/login/link?key={secret}", days=links.LIFETIME["invitation"].days,
        )  # fmt: skip
    else:
        draft = letters.added(name=user.name, tenant=tenant.name, inviter=inviter, url=f"{root}/")
    letter = letters.write(draft, host.catalogs, user.locale or tenant.locale)
    if is_new and not missing_settings(host.settings):
        # Whoever reads the link owns the account, in other companies too: a company whose own
        # server carried it could open an account in anybody's name.
        send(host.settings, letter, user.email, clock=host.clock)
    else:
        own_server.send_for(host, view, letter, user.email)


def _is_in(host: Host, actor: Actor, email: str, *, now: dt.datetime) -> bool:
    """Tell whether somebody may enter the actor's tenant and has accepted the invitation."""
    with transaction(host.engine, read=True) as connection:
        user = people.find_user(connection, email)
    return (
        user is not None
        and user.password_hash is not None
        and any(
            member.user_id == user.id and member.may_enter(now)
            for member in actor.view.members.values()
        )
    )


def ask_reset(host: Host, connection: Connection, email: str) -> None:
    """Queue the letter with a link for a new password, if the address is somebody's.

    A task sends it: a mail server that is down loses no letter, and the time of the answer tells
    nobody whether the address is known. Who may enter no company gets none, as there is nothing
    to sign in to.

    :param connection: a transaction that writes in any case, and sees no tenant yet.
    """
    user = people.find_user(connection, email)
    if user is not None and user.is_active:
        _queue(host, connection, RESET, user.id)


def tell_changed(host: Host, user: people.User) -> None:
    """Queue a letter that says that the password was changed; none where mail is not set up."""
    if not missing_settings(host.settings):
        with transaction(host.engine) as connection:
            _queue(host, connection, CHANGED, user.id)


def _queue(host: Host, connection: Connection, job: str, user_id: UUID) -> None:
    """Queue a letter among the tasks of the first company that a person may enter."""
    now = host.clock()
    places = people.memberships(connection, user_id, now=now)
    if places:
        tenant_id = places[0].tenant_id
        set_tenant(connection, tenant_id)
        enqueue(connection, tenant_id, job, now=now, payload={"user_id": str(user_id)})


def send_reset(host: Host, tenant_id: int, *, user_id: UUID) -> None:
    """Write and send the letter with the link for a new password.

    :raises MailError: when the mail server does not take it.
    """
    with transaction(host.engine) as connection:
        user = people.read_user(connection, user_id)
        if user is None or not user.is_active:
            return
        # Made here, so that none lies in the queue. Who never accepted the invitation gets it
        # again as this link.
        secret = links.create(connection, user.id, "reset", now=host.clock())
    draft = letters.reset(
        name=user.name, url=f"{_root(host)}/login/link?key={secret}",
        hours=int(links.LIFETIME["reset"].total_seconds()) // 3600,
    )  # fmt: skip
    _send(host, tenant_id, user, draft)


def send_changed(host: Host, tenant_id: int, *, user_id: UUID) -> None:
    """Write and send the letter that says that the password was changed.

    :raises MailError: when the mail server does not take it.
    """
    with transaction(host.engine, read=True) as connection:
        user = people.read_user(connection, user_id)
    if user is not None:
        _send(host, tenant_id, user, letters.changed(name=user.name, url=f"{_root(host)}/"))


def _send(host: Host, tenant_id: int, user: people.User, draft: letters.Draft) -> None:
    """Send a letter of the account; it is the person's, so the installation's server sends it."""
    locale = user.locale or host.for_tenant(tenant_id).tenant.locale
    letter = letters.write(draft, host.catalogs, locale)
    send(host.settings, letter, user.email, clock=host.clock)


def _root(host: Host) -> str:
    return (host.settings.public_url or "").rstrip("/")
