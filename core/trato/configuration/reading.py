"""From a document and what stands there to the steps between them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from trato.configuration import layouts, own_fields, people, settings
from trato.configuration.plan import Step, compare
from trato.configuration.problems import Problems, join, shown
from trato.configuration.state import VERSION, State
from trato.registry import Registry
from trato.tenancy.view import TenantView
from trato.text import _

#: Longest text that a plan and the audit hold whole.
_SHOWN = 2000
_SECTIONS = ("version", "tenant", "settings", "teams", "roles", "fields", "forms")
#: Where new fields stand that say no position: tens, so that others fit between.
_SPACING = 10


def read_steps(data: Any, state: State, view: TenantView, registry: Registry) -> list[Step]:
    """Compare a document with a tenant's configuration.

    :raises Invalid: with every problem by path.
    """
    problems = Problems()
    given = problems.mapping("", data)
    problems.known("", given, _SECTIONS)
    if given.get("version", VERSION) != VERSION:
        problems.add("version", _("This program reads version {known}, not {value}."),
                     known=VERSION, value=shown(given["version"]))  # fmt: skip
    fields = _fields(problems, given, state, view, registry)
    steps = [
        *_tenant(problems, given, state),
        *_settings(problems, given, state, registry),
        *_teams(problems, given, state),
        *_roles(problems, given, state, registry),
        *fields,
        *_forms(problems, given, state, view, registry, fields),
    ]
    problems.check()
    return steps


def _tenant(problems: Problems, given: dict[str, Any], state: State) -> list[Step]:
    if "tenant" not in given:
        return []
    wanted = settings.read_tenant(problems, "tenant", given["tenant"], state.tenant)
    return [compare("tenant", settings.describe_tenant(state.tenant), wanted, wanted=wanted)]


def _settings(
    problems: Problems, given: dict[str, Any], state: State, registry: Registry
) -> list[Step]:
    steps = []
    for plugin, values in problems.mapping("settings", given.get("settings")).items():
        place = join("settings", plugin)
        if plugin != "core" and plugin not in registry.plugins:
            problems.add(place, _("There is no plugin '{plugin}'."), plugin=plugin)
            continue
        for key, value in problems.mapping(place, values).items():
            declared = registry.settings.get((plugin, key))
            path = join(place, key)
            wanted = settings.read_setting(problems, path, value, declared, plugin)
            known = (plugin, key) in state.settings
            before = {"value": state.settings[plugin, key]} if known else None
            if before is None and wanted is None:
                before = {"value": None}
            step = compare(path, before, {"value": wanted}, wanted=(plugin, key, wanted))
            told = {name: (_short(a), _short(b)) for name, (a, b) in step.changes.items()}
            steps.append(replace(step, changes=told))
    return steps


def _short(value: Any) -> Any:
    """Give a value as plan and audit show it: of a picture its mark, not its bytes."""
    if not isinstance(value, str) or len(value) <= _SHOWN:
        return value
    return f"{value[:16]}… sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def _teams(problems: Problems, given: dict[str, Any], state: State) -> list[Step]:
    steps = []
    for key, spec in problems.mapping("teams", given.get("teams")).items():
        path, current = join("teams", key), state.teams.get(key)
        name = people.read_team(problems, path, spec, key=key, current=current)
        before = None if current is None else {"name": current}
        steps.append(compare(path, before, {"name": name}, wanted=(key, name)))
    return steps


def _roles(
    problems: Problems, given: dict[str, Any], state: State, registry: Registry
) -> list[Step]:
    steps = []
    for key, spec in problems.mapping("roles", given.get("roles")).items():
        path, current = join("roles", key), state.roles.get(key)
        role = people.read_role(problems, path, spec, key=key, current=current, registry=registry)
        if role is not None:
            before = None if current is None else people.describe_role(current)
            after = people.describe_role(role)
            # What the wanted role no longer has is a difference too.
            after |= {part: None for part in before or {} if part not in after}
            steps.append(compare(path, before, after, wanted=(key, role)))
    return steps


def _fields(
    problems: Problems, given: dict[str, Any], state: State, view: TenantView, registry: Registry
) -> list[Step]:
    steps = []
    stored = {entity for entity, _key in state.fields}
    for entity, fields in problems.mapping("fields", given.get("fields")).items():
        place = join("fields", entity)
        if entity not in registry.entities and entity not in stored:
            problems.add(place, _("There is no entity '{entity}'."), entity=entity)
            continue
        for number, (key, spec) in enumerate(problems.mapping(place, fields).items(), 1):
            path, current = join(place, key), state.fields.get((entity, key))
            own = own_fields.read(
                problems, path, spec, entity=entity, key=key, current=current,
                position=number * _SPACING, entities=view.entities,
            )  # fmt: skip
            if own is None:
                continue
            before = None if current is None else own_fields.describe(current)
            step = compare(path, before, own_fields.describe(own), wanted=own)
            if step.action != "unchanged" and entity not in view.entities:
                problems.add(path, _("The plugin of '{entity}' is not enabled for this tenant."),
                             entity=entity)  # fmt: skip
            steps.append(step)
    return steps


def _forms(
    problems: Problems, given: dict[str, Any], state: State, view: TenantView, registry: Registry,
    fields: list[Step],
) -> list[Step]:  # fmt: skip
    own = {**state.fields, **{(s.wanted.entity, s.wanted.key): s.wanted for s in fields}}
    steps = []
    for entity, spec in problems.mapping("forms", given.get("forms")).items():
        path, current = join("forms", entity), state.layouts.get(entity)
        if entity not in registry.entities and current is None:
            problems.add(path, _("There is no entity '{entity}'."), entity=entity)
            continue
        known = layouts.known_fields(entity, view.entities.get(entity), registry, own)
        wanted = layouts.read(problems, path, spec, current=current, known=known)
        before, after = layouts.describe(current), layouts.describe(wanted)
        after |= {part: None for part in before if part not in after}
        is_new = current is None and wanted is not None
        steps.append(
            compare(path, None if is_new else before, after, wanted=(entity, wanted))
        )  # fmt: skip
    return steps
