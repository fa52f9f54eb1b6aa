"""Who is asking: a session cookie or a bearer token becomes an actor, with few statements."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Request, current_app, g, request
from flask_login import LoginManager, UserMixin

from trato.access import credentials
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.db.reading import Reading
from trato.host import Host
from trato.records.explaining import ADMINISTER
from trato.tenancy.sign_in import may_enter_by, policy
from trato.tenancy.view import Member, TenantView

SESSION_COOKIE = "trato_session"
#: Ties the sign-in form's token to a browser that has no session yet.
VISIT_COOKIE = "trato_visit"


@dataclass(frozen=True, kw_only=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's user: a person with a session or a token, in a tenant or in none yet."""

    user_id: UUID
    actor: Actor | None
    session_id: UUID | None = None
    secret: str | None = None
    has_second_factor: bool = False
    #: The person's own actor; another one acts while an administrator looks as a member.
    own: Actor | None = None
    #: The only tenant that the session reaches: its identity provider opened the session.
    bound_tenant: int | None = None
    #: Whether the account is of one tenant's identity provider and has no password.
    is_federated: bool = False

    @property
    def is_viewing(self) -> bool:
        """Whether an administrator looks at the tenant as another member."""
        return self.own is not self.actor

    @property
    def lacks_second_factor(self) -> bool:
        """Whether a role of the person demands a second step that is not set up."""
        if self.session_id is None or self.has_second_factor or self.own is None:
            return False
        if self.bound_tenant is not None and policy(self.own.view).trusts_second_step:
            return False
        return any(grant.second_factor for grant in self.own.grants)

    def get_id(self) -> str:
        return str(self.user_id)


def current_host() -> Host:
    """Give the host of the application that answers."""
    host: Host = current_app.extensions["trato"]
    return host


def login_manager() -> LoginManager:
    """Make the manager that loads the actor from our own session and token tables."""
    manager = LoginManager()
    manager.request_loader(load)
    # Our cookie is checked on each request; Flask's own session is not used at all.
    manager.session_protection = None
    return manager


def load(asked: Request) -> SignedIn | None:
    """Find out who asks; None for nobody."""
    header = asked.headers.get("Authorization", "")
    if header:
        scheme, _blank, token = header.partition(" ")
        return _by_token(current_host(), token.strip()) if scheme.lower() == "bearer" else None
    secret = asked.cookies.get(SESSION_COOKIE)
    return _by_session(current_host(), secret) if secret else None


def reading() -> Reading:
    """Give the transaction in which the parts of this request read."""
    found: Reading | None = g.get("reading")
    if found is None:
        found = g.reading = Reading(current_host().engine)
    return found


def end_reading(_error: BaseException | None = None) -> None:
    """End the request's reading, at its end or before it writes."""
    found: Reading | None = g.pop("reading", None)
    if found is not None:
        found.close()


def _by_token(host: Host, token: str) -> SignedIn | None:
    tenant_id = credentials.token_tenant(token)
    if tenant_id is None:
        return None
    now = host.clock()
    with reading().connection(tenant_id) as connection:
        row = credentials.find_token(connection, token, now=now)
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > credentials.SEEN_EVERY:
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            credentials.mark_used(connection, tenant_id, row.id, now=now)
    view = host.for_tenant(tenant_id, version=row.tenant_version)
    member = view.members.get(row.member_id)
    if member is None or not member.may_enter(now) or view.tenant.closed_at is not None:
        return None
    actor = Actor(view=view, member=member, via="api", scopes=row.scopes, token_id=row.id)
    return SignedIn(user_id=member.user_id, actor=actor, own=actor)


def _by_session(host: Host, secret: str) -> SignedIn | None:
    now = host.clock()
    with reading().connection() as connection:
        row = credentials.find_session(connection, secret, now=now)
    if row is None:
        return None
    if now - row.seen_at > credentials.SEEN_EVERY:
        with transaction(host.engine) as connection:
            credentials.mark_seen(connection, row, now=now, days=host.settings.session_days)
    own = actor = None
    if row.tenant_id is not None and row.bound_tenant in (None, row.tenant_id):
        view = host.for_tenant(row.tenant_id, version=row.tenant_version)
        member = member_of(view, row.user_id, now=now)
        enters = member is not None and may_enter_by(view, member, bound=row.bound_tenant)
        if member is not None and enters and view.tenant.closed_at is None:
            via: Any = "api" if request.path.startswith("/api/") else "page"
            own = actor = Actor(view=view, member=member, via=via)
            if row.view_as is not None:
                actor = viewed(own, row.view_as, now=now) or own
    return SignedIn(
        user_id=row.user_id, actor=actor, own=own, session_id=row.id, secret=secret,
        has_second_factor=row.has_second_factor, bound_tenant=row.bound_tenant,
        is_federated=row.is_federated,
    )  # fmt: skip


def viewed(own: Actor, member_id: UUID, *, now: dt.datetime) -> Actor | None:
    """Make the actor of a member whom an administrator looks as; None where that may not be.

    Only an administrator may, and never as another administrator. Everything is read only: the
    actor has the narrowing of a token that reads, besides the gate that refuses what writes.
    """
    member = own.view.members.get(member_id)
    if own.member is None or member is None or not member.may_enter(now):
        return None
    actor = Actor(view=own.view, member=member, via=own.via, scopes=("*:read",), viewer=own.member)
    return None if actor.has(ADMINISTER) or not own.has(ADMINISTER) else actor


def member_of(view: TenantView, user_id: UUID, *, now: dt.datetime) -> Member | None:
    """Find a user's living place in a tenant."""
    by_user = view.cache.get("members by user")
    if by_user is None:
        by_user = {member.user_id: member for member in view.members.values()}
        view.cache["members by user"] = by_user
    member: Member | None = by_user.get(user_id)
    return member if member is not None and member.may_enter(now) else None


def csrf_token() -> str:
    """Give the token that forms of this browser carry."""
    host = current_host()
    return _signed(host.secret_keys[0], _csrf_subject())


def _csrf_subject() -> str:
    user = g.get("user")
    if user is not None and user.secret:
        return str(user.secret)
    visit = g.get("visit") or request.cookies.get(VISIT_COOKIE)
    if not visit:
        visit = g.visit = secrets.token_urlsafe(24)
    return str(visit)


def _signed(key: str, subject: str) -> str:
    return hmac.new(key.encode(), b"trato csrf\0" + subject.encode(), "sha256").hexdigest()


def csrf_is_good() -> bool:
    """Check the token of a form, and that the browser sends it from our own pages."""
    origin = request.headers.get("Origin")
    if origin and origin != "null" and origin.rstrip("/") != request.host_url.rstrip("/"):
        return False
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    subject = _csrf_subject()
    return any(
        hmac.compare_digest(_signed(key, subject).encode(), sent.encode())
        for key in current_host().secret_keys
    )
