"""What the settings of signing in through a provider owe each other, and what a change ends."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from trato.access import credentials
from trato.access import store as people
from trato.access.actor import Actor
from trato.access.roles import TEMPORARY_ROLES
from trato.configuration.people import ADMIN
from trato.configuration.plan import Step
from trato.configuration.problems import Problems
from trato.entities.fold import fold
from trato.errors import DomainError
from trato.tenancy import store
from trato.tenancy.sign_in import SSO_DOOR, SSO_PLACE, Policy
from trato.tenancy.view import TenantView
from trato.text import _

_PLACE = "settings.core."


def check(
    connection: Connection, view: TenantView, steps: Sequence[Step], actor: Actor | None
) -> None:
    """Refuse settings that let nobody in, or the wrong ones.

    :raises DomainError: when somebody who is no full administrator changes them: who rules the
        provider rules who is an administrator.
    :raises Invalid: with every problem by its path.
    """
    if not _changed(steps):
        return
    check_actor(actor)
    settings = dict(view.settings)
    for step in steps:
        if step.path.startswith("settings."):
            plugin, key, value = step.wanted
            settings[plugin, key] = value
    rules, problems = Policy.read(settings), Problems()
    _check_provider(problems, rules)
    _check_roles(problems, rules, {*view.roles, *_new_roles(steps)})
    if settings.get(("core", "sso_only")):
        _check_emergency(problems, rules, connection, view)
    problems.check()


def check_actor(actor: Actor | None) -> None:
    """Refuse that anybody but a full administrator changes how people sign in.

    :raises DomainError: for all others.
    """
    if actor is not None and not any(grants.is_admin for grants in actor.grants):
        raise DomainError(
            _("Only an administrator may change how people sign in."), code="role_too_wide"
        )


def end_what_opened(connection: Connection, tenant_id: int, steps: Sequence[Step]) -> None:
    """Forget the client secret and end the sessions that another provider opened."""
    changed = _changed(steps)
    if changed & SSO_PLACE:
        store.save_setting(connection, tenant_id, "core", "sso_client_secret", None)
    if changed & SSO_DOOR:
        credentials.close_bound_sessions(connection, tenant_id)


def _changed(steps: Sequence[Step]) -> set[str]:
    return {
        step.path.removeprefix(_PLACE)
        for step in steps
        if step.path.startswith(f"{_PLACE}sso_") and step.action != "unchanged"
    }


def _new_roles(steps: Sequence[Step]) -> set[str]:
    return {step.wanted[0] for step in steps if step.path.startswith("roles.")}


def _check_provider(problems: Problems, rules: Policy) -> None:
    if not rules.is_on:
        return
    for key, value in (
        ("sso_name", rules.name), ("sso_issuer", rules.issuer), ("sso_client_id", rules.client_id),
    ):  # fmt: skip
        if not value:
            problems.add(f"{_PLACE}{key}", _("Nobody can sign in through a provider without it."))
    if rules.creates_people and not rules.default_role and not (rules.roles and rules.roles_claim):
        problems.add(
            f"{_PLACE}sso_default_role",
            _("Say which role people get who come for the first time, or which groups have one."),
        )


def _check_roles(problems: Problems, rules: Policy, known: set[str]) -> None:
    named = [("sso_roles", role) for _group, role in rules.roles]
    for key, role in [*named, ("sso_default_role", rules.default_role)]:
        if not role:
            continue
        if role not in known:
            problems.add(f"{_PLACE}{key}", _("There is no role '{role}'."), role=role)
        elif role in TEMPORARY_ROLES:
            problems.add(
                f"{_PLACE}{key}",
                _("The role '{role}' is given for a while only; say until when."), role=role,
            )  # fmt: skip


def _check_emergency(
    problems: Problems, rules: Policy, connection: Connection, view: TenantView
) -> None:
    if not rules.is_on:
        problems.add(f"{_PLACE}sso_only", _("Switch the provider on first; else nobody enters."))
    member = next((m for m in view.members.values() if rules.is_emergency(m)), None)
    user = people.find_user(connection, rules.emergency) if member is not None else None
    good = (
        member is not None and user is not None and user.id == member.user_id
        and user.password_hash is not None and user.is_active and member.is_active
        and member.ends_at is None and ADMIN in member.roles
        and fold(user.email) == rules.emergency
    )  # fmt: skip
    if not good:
        problems.add(
            f"{_PLACE}sso_emergency",
            _("Name an administrator of the company who has a password and no last day."),
        )
