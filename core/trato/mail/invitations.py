"""Letting people in: invitations, and links for a new password."""

from __future__ import annotations

import datetime as dt
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trato import administration
from trato.access import links
from trato.access import store as people
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.errors import DomainError
from trato.host import Host
from trato.mail import letters, own_server
from trato.mail.sending import MailError, missing_settings, send
from trato.tenancy.tasks import enqueue
from trato.text import _

#: The job that sends the letter of an invitation.
SEND = "core.send_invitation"

#: What a message's head can carry without quoting.
_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s<>()\[\],;:\\\"]+")
log = logging.getLogger("trato.mail")


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
        user = people.read_user(connection, made.user_id)
        if user is None:
            raise DomainError(_("There is no user {email}."), email=email)
        is_new, link = user.password_hash is None, None
        is_mailed = not own_server.lacking(host, actor.view)
        if is_mailed:
            # The task makes the link itself: none lies in the queue for others to read.
            enqueue(
                connection, tenant.id, SEND, now=now, by=actor.member_id,
                payload={"user_id": str(user.id), "inviter": actor.name},
            )  # fmt: skip
        elif is_new:
            secret = links.create(connection, user.id, "invitation", now=now)
            link = f"{base_url.rstrip('/')}/login/link?key={secret}"
    return Invitation(
        email=user.email, member_id=made.member_id, is_new=is_new, is_mailed=is_mailed, link=link
    )


def send_invitation(host: Host, tenant_id: int, *, user_id: UUID, inviter: str) -> None:
    """Write and send the letter to somebody who was given access to a tenant.

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
    root = (host.settings.public_url or "").rstrip("/")
    if is_new:
        draft = letters.invitation(
            name=user.name, tenant=tenant.name, inviter=inviter,
            url=f"{root}/login/link?key={secret}", days=links.LIFETIME["invitation"].days,
        )  # fmt: skip
    else:
        draft = letters.added(name=user.name, tenant=tenant.name, inviter=inviter, url=f"{root}/")
    letter = letters.write(draft, host.catalogs, user.locale or tenant.locale)
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


def ask_reset(host: Host, email: str) -> threading.Thread:
    """Send a link for a new password, if the address is somebody's.

    Everything happens in a thread of its own: neither the answer nor the time it takes tells
    whether the address is known.

    :return: the thread, which has been started.
    """
    thread = threading.Thread(target=_reset, args=(host, email), name="trato-reset")
    thread.start()
    return thread


def _reset(host: Host, email: str) -> None:
    now = host.clock()
    try:
        with transaction(host.engine) as connection:
            user = people.find_user(connection, email)
            if user is None or not user.is_active:
                return
            # Who never accepted the invitation gets it again as this link.
            secret = links.create(connection, user.id, "reset", now=now)
            locale = user.locale or _locale(host, people.memberships(connection, user.id, now=now))
        root = (host.settings.public_url or "").rstrip("/")
        draft = letters.reset(
            name=user.name, url=f"{root}/login/link?key={secret}",
            hours=int(links.LIFETIME["reset"].total_seconds()) // 3600,
        )  # fmt: skip
        send(host.settings, letters.write(draft, host.catalogs, locale), user.email,
             clock=host.clock)  # fmt: skip
    except MailError as error:
        log.warning("letter for a new password not sent: %s", error)
    except Exception:
        # A boundary: nobody waits for this thread, so a failure must at least be read.
        log.exception("letter for a new password failed")


def _locale(host: Host, places: Sequence[people.Membership]) -> str:
    return (
        host.for_tenant(places[0].tenant_id).tenant.locale
        if places
        else (host.settings.default_locale)
    )


def tell_changed(host: Host, user: people.User, locale: str) -> threading.Thread | None:
    """Tell a person by e-mail that the password was changed; nothing where mail is not set up."""
    if missing_settings(host.settings):
        return None
    draft = letters.changed(name=user.name, url=f"{host.settings.public_url}/")
    letter = letters.write(draft, host.catalogs, locale)
    thread = threading.Thread(
        target=_send_quietly, args=(host, letter, user.email), name="trato-changed"
    )
    thread.start()
    return thread


def _send_quietly(host: Host, letter: letters.Letter, to: str) -> None:
    try:
        send(host.settings, letter, to, clock=host.clock)
    except MailError as error:
        log.warning("letter about a changed password not sent: %s", error)
