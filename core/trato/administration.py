"""What an operator or a tenant's administrator does: the same for commands and for pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from trato.access import credentials, second_factor
from trato.access import store as people
from trato.access.actor import Actor
from trato.db.engine import set_tenant, transaction
from trato.entities.fold import fold
from trato.errors import (
    ConfigError,
    DomainError,
    LicenseError,
    NotFound,
    PluginError,
    joined,
)
from trato.host import Host
from trato.licensing import License, check_tenant, verify
from trato.records import audit
from trato.records.unit import Unit
from trato.tenancy import enablement, store
from trato.tenancy.tasks import release
from trato.tenancy.view import Tenant, TenantView
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """A user who was given access to a tenant."""

    user_id: UUID
    member_id: UUID
    email: str
    #: Whether the account is new, or existed and was only let in.
    created: bool


def tenant(host: Host, slug: str) -> Tenant:
    """Find a tenant by slug."""
    with transaction(host.engine, read=True) as connection:
        return store.find_tenant(connection, slug)


def tenants(host: Host) -> list[Tenant]:
    """List all tenants."""
    with transaction(host.engine, read=True) as connection:
        return store.list_tenants(connection)


def create_tenant(
    host: Host, *, slug: str, name: str, locale: str | None = None, timezone: str | None = None,
    currency: str | None = None,
) -> Tenant:  # fmt: skip
    """Make a tenant with the roles that every tenant starts with."""
    settings = host.settings
    with transaction(host.engine) as connection:
        made = store.create_tenant(
            connection, slug=slug, name=name, locale=locale or settings.default_locale,
            timezone=timezone or settings.default_timezone,
            currency=currency or settings.default_currency, now=host.clock(),
        )  # fmt: skip
        set_tenant(connection, made.id)
        people.add_preset_roles(connection, made.id)
    return made


#: Chains of acts of administration have numbers made of what they are about.
_ACTS = UUID("5b0a6f0e-6a0b-4d5c-9f0e-3c1d7a2f9b10")


#: How the audit names what happens to a person's place in the company.
MEMBER = "core.member"


def record_act(
    host: Host, connection: Connection, actor: Actor | None, *, entity: str, name: str,
    action: str, changes: Mapping[str, Any] | None = None, record_id: UUID | None = None,
) -> None:  # fmt: skip
    """Write what an administrator did to the tenant's configuration into its audit.

    The caller has changed the configuration in this transaction, which locks the tenant.

    :param actor: who did it, ``operator`` for commands; none: nothing is written, as while a
        tenant is set up.
    :param entity: `core.plugin`, `core.license`, `core.configuration`, `core.member`.
    :param changes: before and after by name, as JSON holds them.
    :param record_id: of the member; all else is known by its name.
    """
    if actor is not None:
        audit.write_event(
            connection, actor, entity=entity, action=action, at=host.clock(),
            record_id=record_id or uuid5(_ACTS, f"{actor.tenant_id}/{entity}/{name}"),
            key=host.audit_keys[0], data={"name": name, "changes": dict(changes or {})},
        )  # fmt: skip


def operator(host: Host, slug: str) -> Actor:
    """Make the actor of commands that change a tenant, by which the audit names them."""
    return host.system(tenant(host, slug).id, via="command", label="command")


def install_license(host: Host, slug: str, token: str, *, actor: Actor | None = None) -> License:
    """Install a signed licence; it enables nothing by itself.

    :param actor: the administrator who does it, for the audit.
    :raises LicenseError: when it is forged, unreadable or for another tenant.
    """
    license = verify(token.strip(), host.public_keys)
    check_tenant(license, slug)
    owner = tenant(host, slug)
    with transaction(host.engine, tenant_id=owner.id) as connection:
        store.install_license(connection, owner.id, token.strip(), now=host.clock())
        record_act(
            host, connection, actor, entity="core.license", name=license.id, action="create",
            changes={"expires": [None, license.expires.isoformat()],
                     "seats": [None, license.seats]},
        )  # fmt: skip
    return license


def enable(host: Host, slug: str, plugin: str, *, actor: Actor | None = None) -> bool:
    """Switch a plugin on for a tenant and let it prepare the tenant.

    :param actor: the administrator who does it, for the audit.
    :return: False when it was enabled already.
    :raises PluginError: with the reason why it cannot be.
    """
    owner = tenant(host, slug)
    before = host.for_tenant(owner.id)
    _known(host, plugin)
    state = before.plugins[plugin]
    if state.enabled:
        return False
    if not state.licensed:
        reason = before.license.problem
        raise LicenseError(
            _("Plugin '{plugin}' is not in the licence of tenant '{tenant}'."),
            hint=_("Install a licence that includes it: trato license install {tenant} FILE."),
            plugin=plugin, tenant=slug, reason=reason or "", code="not_licensed",
        )  # fmt: skip
    missing = [need for need in host.plugins[plugin].depends if need not in before.enabled]
    if missing:
        raise PluginError(
            _("Plugin '{plugin}' {version} needs '{needs}', which is not enabled for tenant "
              "'{tenant}'."),
            hint=_("Enable '{needs}' first."), plugin=plugin,
            version=host.plugins[plugin].version, needs=", ".join(missing), tenant=slug,
            code="needs_plugin",
        )  # fmt: skip
    with transaction(host.engine, tenant_id=owner.id) as connection:
        store.switch_plugin(connection, owner.id, plugin, on=True, now=host.clock())
        view = host.build_view(connection, owner.id)
        reason = view.plugins[plugin].reason
        if reason is not None:
            raise PluginError(
                _("Plugin '{plugin}' cannot be enabled for tenant '{tenant}': {reason}"),
                plugin=plugin, tenant=slug, reason=reason, code="not_enabled",
            )  # fmt: skip
        unit = _system_unit(host, connection, view)
        host.registry.one(plugin).trato_tenant_enabled(unit=unit)
        # What was queued before the plugin was switched off is done now.
        release(connection, owner.id, plugin, now=host.clock())
        record_act(host, connection, actor, entity="core.plugin", name=plugin, action="enable")
    return True


def disable(host: Host, slug: str, plugin: str, *, actor: Actor | None = None) -> bool:
    """Switch a plugin off for a tenant; its data stays.

    :param actor: the administrator who does it, for the audit.
    :return: False when it was off already.
    :raises PluginError: when an enabled plugin needs it.
    """
    owner = tenant(host, slug)
    before = host.for_tenant(owner.id)
    state = before.plugins.get(plugin)
    if state is None:
        _known(host, plugin)
        return False
    if not state.is_on:
        return False
    dependants = enablement.needed_by(host.plugins, plugin, before.enabled)
    if dependants:
        raise PluginError(
            _("Plugin '{plugin}' cannot be disabled for tenant '{tenant}': {dependants} needs it."),
            hint=_("Disable {dependants} first."),
            plugin=plugin, tenant=slug, dependants=", ".join(sorted(dependants)),
            code="needed",
        )  # fmt: skip
    with transaction(host.engine, tenant_id=owner.id) as connection:
        if state.enabled:
            unit = _system_unit(host, connection, before)
            host.registry.one(plugin).trato_tenant_disabled(unit=unit)
        store.switch_plugin(connection, owner.id, plugin, on=False, now=host.clock())
        record_act(host, connection, actor, entity="core.plugin", name=plugin, action="disable")
    return True


def _known(host: Host, plugin: str) -> None:
    if plugin not in host.plugins:
        problem = next((p for p in host.problems if p.plugin == plugin), None)
        if problem is not None:
            raise PluginError(
                _("Plugin '{plugin}' does not work: {reason}"), plugin=plugin,
                reason=joined(problem.messages, " "), code="broken_plugin",
            )  # fmt: skip
        raise PluginError(
            _("There is no plugin '{plugin}'."), hint=_("Installed: {known}."), plugin=plugin,
            known=", ".join(sorted(host.plugins)) or "-", code="no_plugin",
        )  # fmt: skip


def _system_unit(host: Host, connection: Connection, view: TenantView) -> Unit:
    actor = Actor(view=view, via="command", label="system")
    return Unit(
        actor=actor, connection=connection, audit_keys=host.audit_keys, clock=host.clock,
        force=True,
    )  # fmt: skip


def create_user(
    host: Host, slug: str, email: str, *, roles: Sequence[str], password: str | None = None,
    name: str | None = None, teams: Sequence[str] = (), ends_at: dt.datetime | None = None,
    actor: Actor | None = None,
) -> NewUser:  # fmt: skip
    """Give a person access to a tenant; one whose e-mail exists already is only let in.

    :param actor: who does it, for the audit.
    :raises LicenseError: when no seat is left.
    :raises DomainError: for an e-mail, password or role that will not do.
    """
    if "@" not in email.strip(" @"):
        raise DomainError(_("'{email}' is not an e-mail address."), email=email, code="bad_email")
    owner = tenant(host, slug)
    view = host.for_tenant(owner.id)
    by_key = {team.key: team.id for team in view.teams.values()}
    unknown = [key for key in teams if key not in by_key]
    if unknown:
        raise DomainError(_("There is no team '{team}'."), team=unknown[0], code="no_team")
    with transaction(host.engine, tenant_id=owner.id) as connection:
        user = people.find_user(connection, email)
        _refuse_double(view, email, None if user is None else user.id, now=host.clock())
        created = user is None
        if user is None:
            user = people.create_user(
                connection, email=email, name=name or email.partition("@")[0],
                password_hash=None if password is None else host.passwords.hash(password),
                now=host.clock(),
            )  # fmt: skip
        member_id = people.add_member(
            connection, owner.id, user, roles=roles, now=host.clock(),
            seats=view.license.seats if view.license.state != "none" else None,
            teams=[by_key[key] for key in teams], ends_at=ends_at,
        )  # fmt: skip
        people.lock_member(connection, owner.id, member_id)
        record_act(
            host, connection, actor, entity=MEMBER, name=user.name, action="create",
            record_id=member_id,
            changes={"roles": [None, sorted(roles)], "teams": [None, sorted(teams)],
                     "until": [None, ends_at and ends_at.isoformat()]},
        )  # fmt: skip
    return NewUser(user_id=user.id, member_id=member_id, email=user.email, created=created)


def _refuse_double(view: TenantView, email: str, user_id: UUID | None, *, now: dt.datetime) -> None:
    """Refuse a second account of somebody whom the company's identity provider let in.

    :raises DomainError: with what to do instead.
    """
    wanted = fold(email)
    if any(
        fold(member.email) == wanted and member.user_id != user_id and member.may_enter(now)
        for member in view.members.values()
    ):
        raise DomainError(
            _("{email} has access to this company already, through its identity provider."),
            hint=_("Change the roles of that person instead."), email=email, code="has_access",
        )  # fmt: skip


def end_of_day(day: dt.date, timezone: str) -> dt.datetime:
    """Give the first moment after a day in a time zone: when a membership until that day ends."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo(timezone))
    return midnight.astimezone(dt.UTC)


def remove_second_factor(host: Host, email: str) -> bool:
    """Take the second step away from somebody who lost the phone and the recovery codes.

    Every session of the person ends too.

    :return: False when there was none.
    """
    with transaction(host.engine) as connection:
        user = people.find_user(connection, email.strip())
        if user is None:
            raise NotFound(_("There is no user {email}."), email=email)
        second_factor.remove(connection, user.id)
        credentials.close_all_sessions(connection, user.id)
    return user.has_second_factor


def create_token(
    host: Host, slug: str, email: str, *, name: str, scopes: list[str] | None = None,
    days: int | None = 365, actor: Actor | None = None,
) -> tuple[str, dt.datetime | None]:  # fmt: skip
    """Make an API token for a member.

    :param actor: who does it, for the audit, which never holds the token.
    :return: the token, shown this once, and when it expires.
    """
    owner = tenant(host, slug)
    now = host.clock()
    expires = None if days is None else now + dt.timedelta(days=days)
    with transaction(host.engine, tenant_id=owner.id) as connection:
        members, _teams, _roles = people.read_people(connection, owner.id)
        wanted = email.strip().casefold()
        member = next((m for m in members.values() if m.email.casefold() == wanted), None)
        if member is None or not member.may_enter(now):
            raise NotFound(
                _("'{email}' has no access to tenant '{tenant}'."), email=email, tenant=slug
            )
        token = credentials.create_token(
            connection, owner.id, member_id=member.id, name=name, scopes=scopes,
            expires_at=expires, now=now,
        )  # fmt: skip
        record_token(host, connection, actor, member.id, token=[None, name])
    return token, expires


def record_token(
    host: Host, connection: Connection, actor: Actor | None, member_id: UUID, *,
    token: Sequence[str | None],
) -> None:  # fmt: skip
    """Write into a member's chain that a token was made or revoked.

    :param token: its name before and after.
    """
    if actor is not None:
        people.lock_member(connection, actor.tenant_id, member_id)
        record_act(
            host, connection, actor, entity=MEMBER, name=str(member_id), action="update",
            record_id=member_id, changes={"token": list(token)},
        )  # fmt: skip


def member_actor(host: Host, slug: str, email: str, *, via: Any = "command") -> Actor:
    """Make the actor of a member, for commands that act as somebody."""
    view = host.for_tenant(tenant(host, slug).id)
    wanted = email.strip().casefold()
    now = host.clock()
    member = next(
        (m for m in view.members.values() if m.may_enter(now) and m.email.casefold() == wanted),
        None,
    )
    if member is None:
        raise ConfigError(
            _("'{email}' has no access to tenant '{tenant}'."), email=email, tenant=slug
        )
    return Actor(view=view, member=member, via=via)
