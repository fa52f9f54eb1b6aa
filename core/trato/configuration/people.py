"""The sections `roles` and `teams`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trato.access.actor import Actor
from trato.access.listing import StoredRole
from trato.access.roles import AUDIT, SHARE_VIEWS, Grants, grant_problems
from trato.configuration.plan import Step
from trato.configuration.problems import Problems, join, shown
from trato.errors import DomainError
from trato.records.explaining import ADMINISTER
from trato.registry import Registry
from trato.tenancy.view import TenantView
from trato.text import _

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_GRANTS = ("admin", "entities", "fields", "permissions", "second_factor")
#: The role that nobody can lock himself out of.
ADMIN = "admin"


def describe_role(role: StoredRole) -> dict[str, Any]:
    """Write a role as the document holds it."""
    return {"name": role.name, **Grants.from_json(role.grants).to_json()}


def read_role(
    problems: Problems, path: str, spec: Any, *, key: str, current: StoredRole | None,
    registry: Registry,
) -> StoredRole | None:  # fmt: skip
    """Read one role; grants that the document gives take the place of those before."""
    given = _named(problems, path, spec, key, ("name", *_GRANTS))
    if given is None:
        return None
    name = current.name if current is not None and "name" not in given else problems.text(
        join(path, "name"), given.get("name"), limit=100
    )  # fmt: skip
    grants = {part: given[part] for part in _GRANTS if part in given}
    if current is not None and not grants:
        return StoredRole(name=name, grants=Grants.from_json(current.grants).to_json())
    if not _well_formed(problems, path, grants):
        return None
    for message in grant_problems(grants):
        problems.add(path, message)
    _check_names(problems, path, grants, current, registry)
    wanted = Grants.from_json(grants)
    if key == ADMIN and not wanted.is_admin:
        problems.add(path, _("The role 'admin' always may do everything."))
    return StoredRole(name=name, grants=wanted.to_json())


def check_roles(view: TenantView, steps: Sequence[Step], actor: Actor | None) -> None:
    """Refuse that somebody makes a role mightier than he himself is, or takes might from one.

    :raises DomainError: when a role that may do everything is made or changed by who has none.
    """
    if actor is None or any(grants.is_admin for grants in actor.grants):
        return
    for step in steps:
        section, _dot, key = step.path.partition(".")
        if section != "roles" or step.action == "unchanged":
            continue
        before = view.roles.get(key)
        if Grants.from_json(step.wanted[1].grants).is_admin or (before and before.is_admin):
            raise DomainError(
                _("Only an administrator may make or change a role that may do everything."),
                code="role_too_wide",
            )


def read_team(
    problems: Problems, path: str, spec: Any, *, key: str, current: str | None
) -> str | None:
    """Read one team; gives its name."""
    given = _named(problems, path, spec, key, ("name",))
    if given is None:
        return None
    if current is not None and "name" not in given:
        return current
    return problems.text(join(path, "name"), given.get("name"), limit=100)


def _named(
    problems: Problems, path: str, spec: Any, key: str, parts: tuple[str, ...]
) -> dict[str, Any] | None:
    if not _KEY.fullmatch(key):
        problems.add(path, _("'{key}' cannot be a key: a small letter, then at most 39 small "
                             "letters, digits, hyphens and underscores."), key=key)  # fmt: skip
        return None
    given = problems.mapping(path, spec)
    problems.known(path, given, parts)
    return given


def _well_formed(problems: Problems, path: str, grants: Mapping[str, Any]) -> bool:
    """Note what is no role at all, before its rules are looked at."""
    before = len(problems.found)
    for flag in ("admin", "second_factor"):
        if flag in grants:
            problems.flag(join(path, flag), grants[flag])
    for part in ("entities", "fields"):
        place = join(path, part)
        for name, rules in problems.mapping(place, grants.get(part)).items():
            for rule, value in problems.mapping(join(place, name), rules).items():
                if not isinstance(value, str):
                    problems.add(join(join(place, name), rule),
                                 _("This must be text, not {value}; put it in quotes."),
                                 value=shown(value))  # fmt: skip
    permissions = grants.get("permissions")
    if permissions is not None and not (
        isinstance(permissions, list) and all(isinstance(name, str) for name in permissions)
    ):
        problems.add(
            join(path, "permissions"), _("This must be a list of permissions, not {value}."),
            value=shown(permissions),
        )  # fmt: skip
    return len(problems.found) == before


def _check_names(
    problems: Problems, path: str, grants: Mapping[str, Any], current: StoredRole | None,
    registry: Registry,
) -> None:  # fmt: skip
    """Note entities and permissions that nobody declares; those of before may stay."""
    old = {} if current is None else current.grants
    for part in ("entities", "fields"):
        known = {*registry.entities, *(old.get(part) or {})}
        for name in grants.get(part) or {}:
            if name not in known and not (part == "entities" and name == "*"):
                problems.add(join(join(path, part), name), _("There is no entity '{entity}'."),
                             entity=name)  # fmt: skip
    known = {ADMINISTER, AUDIT, SHARE_VIEWS, *registry.permissions, *(old.get("permissions") or ())}
    for name in grants.get("permissions") or ():
        if name not in known:
            problems.add(join(path, "permissions"), _("There is no permission '{name}'."),
                         name=name)  # fmt: skip
