"""Export and application of a tenant's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from trato import administration
from trato.access import store as people
from trato.access.actor import Actor
from trato.configuration import document, refilling, sign_in
from trato.configuration.people import check_roles
from trato.configuration.plan import Step
from trato.configuration.reading import read_steps
from trato.configuration.state import State, read_state, to_document
from trato.db.engine import transaction
from trato.host import Host
from trato.records import backfill
from trato.records.unit import Unit
from trato.tenancy import store
from trato.tenancy.core_settings import MAIL_PLACE
from trato.tenancy.layouts import place_of
from trato.tenancy.own_fields import save_own_field
from trato.tenancy.profile import save_profile

#: What a step is called in the audit.
_ACTIONS = {"create": "create", "change": "update", "retire": "archive"}


def export_configuration(host: Host, slug: str) -> str:
    """Write a tenant's configuration as YAML."""
    owner = administration.tenant(host, slug)
    with transaction(host.engine, tenant_id=owner.id, read=True) as connection:
        state = read_state(connection, owner.id)
    return document.write(to_document(state, host.registry))


def apply_configuration(
    host: Host, slug: str, text: str, *, dry_run: bool = False,
    progress: backfill.Progress | None = None, actor: Actor | None = None,
    in_background: bool = False,
) -> list[Step]:  # fmt: skip
    """Bring a tenant's configuration to what a document says, all of it or nothing.

    :param dry_run: do everything, data checks included, and undo it.
    :param progress: told how many records were indexed anew, batch by batch.
    :param actor: who does it, for the audit.
    :param in_background: see ``apply_data``.
    :raises ConfigError: when the text is not YAML.
    :raises Invalid: with every problem by its path in the document.
    """
    return apply_data(
        host, slug, document.parse(text), dry_run=dry_run, progress=progress, actor=actor,
        in_background=in_background,
    )  # fmt: skip


def apply_data(
    host: Host, slug: str, data: Any, *, dry_run: bool = False,
    progress: backfill.Progress | None = None, actor: Actor | None = None,
    in_background: bool = False,
) -> list[Step]:  # fmt: skip
    """Bring a tenant's configuration to what plain data says, as ``apply_configuration`` does.

    Pages send their forms through here, so that a form and a file obey the same rules.

    :param actor: the administrator who does it, for the audit.
    :param in_background: leave many records that are to be indexed anew to a task, as pages do;
        the steps say so. Values that stand in the way of being unique are then told by the task.
    :raises Invalid: with every problem by its path in the data.
    """
    owner = administration.tenant(host, slug)
    with transaction(host.engine, tenant_id=owner.id) as connection:
        store.lock(connection, owner.id)
        state = read_state(connection, owner.id)
        view = host.build_view(connection, owner.id)
        steps = read_steps(data, state, view, host.registry)
        check_roles(view, steps, actor)
        sign_in.check(connection, view, steps, actor)
        with connection.begin_nested() as nested:
            _store(connection, owner.id, steps)
            sign_in.end_what_opened(connection, owner.id, steps)
            later = _refill(
                host, connection, state, steps, progress, actor, in_background=in_background,
                dry_run=dry_run,
            )  # fmt: skip
            for step in steps:
                if step.action != "unchanged":
                    administration.record_act(
                        host, connection, actor, entity="core.configuration", name=step.path,
                        action=_ACTIONS[step.action],
                        changes={key: list(pair) for key, pair in step.changes.items()},
                    )  # fmt: skip
            if dry_run:
                nested.rollback()
    return [replace(step, goes_on=_follows(step, later)) for step in steps]


def _store(connection: Connection, tenant_id: int, steps: Sequence[Step]) -> None:
    for step in steps:
        if step.action == "unchanged":
            continue
        section = step.path.partition(".")[0]
        if section == "tenant":
            save_profile(connection, tenant_id, step.wanted)
        elif section == "settings":
            plugin, key, value = step.wanted
            store.save_setting(connection, tenant_id, plugin, key, value)
            if plugin == "core" and key in MAIL_PLACE:
                # Or whoever names another server would be sent the password that he cannot read.
                store.save_setting(connection, tenant_id, "core", "mail_password", None)
        elif section == "teams":
            key, name = step.wanted
            people.save_team(connection, tenant_id, key, name=name)
        elif section == "roles":
            key, role = step.wanted
            people.save_role(connection, tenant_id, key, name=role.name, grants=role.grants)
        elif section == "forms":
            entity, layout = step.wanted
            kept = None if layout is None else layout.to_json()
            store.save_setting(connection, tenant_id, *place_of(entity), kept)
        else:
            save_own_field(connection, tenant_id, step.wanted)


def _refill(
    host: Host, connection: Connection, state: State, steps: Sequence[Step],
    progress: backfill.Progress | None, actor: Actor | None, *, in_background: bool, dry_run: bool,
) -> set[str]:  # fmt: skip
    """Make what is derived of existing values follow the changed declarations.

    :return: the entities whose records a task will make anew.
    """
    found = refilling.needed(state, steps)
    if not found:
        return set()
    view = host.build_view(connection, state.tenant.id)
    unit = Unit(
        actor=Actor(view=view, via="command", label="config apply"), connection=connection,
        audit_keys=host.audit_keys, clock=host.clock, force=True,
    )  # fmt: skip
    later = set()
    for wanted in found:
        if not in_background or not refilling.is_much(unit, wanted):
            refilling.do(unit, wanted, progress=progress)
            continue
        later.add(wanted.entity)
        if not dry_run:
            refilling.queue(connection, state.tenant.id, wanted, now=host.clock(), actor=actor)
    return later


def _follows(step: Step, later: set[str]) -> bool:
    return step.action != "unchanged" and getattr(step.wanted, "entity", None) in later
