"""Export and application of a tenant's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from trato import administration
from trato.access import store as people
from trato.access.actor import Actor
from trato.configuration import document
from trato.configuration.plan import Step
from trato.configuration.reading import read_steps
from trato.configuration.state import State, read_state, to_document
from trato.db.engine import transaction
from trato.errors import Invalid, Message
from trato.host import Host
from trato.records import backfill
from trato.records.unit import Unit
from trato.tenancy import store
from trato.tenancy.core_settings import MAIL_PLACE
from trato.tenancy.own_fields import OwnField, save_own_field
from trato.tenancy.profile import save_profile
from trato.text import _

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
) -> list[Step]:  # fmt: skip
    """Bring a tenant's configuration to what a document says, all of it or nothing.

    :param dry_run: do everything, data checks included, and undo it.
    :param progress: told how many records were indexed anew, batch by batch.
    :param actor: who does it, for the audit.
    :raises ConfigError: when the text is not YAML.
    :raises Invalid: with every problem by its path in the document.
    """
    return apply_data(
        host, slug, document.parse(text), dry_run=dry_run, progress=progress, actor=actor
    )


def apply_data(
    host: Host, slug: str, data: Any, *, dry_run: bool = False,
    progress: backfill.Progress | None = None, actor: Actor | None = None,
) -> list[Step]:  # fmt: skip
    """Bring a tenant's configuration to what plain data says, as ``apply_configuration`` does.

    Pages send their forms through here, so that a form and a file obey the same rules.

    :param actor: the administrator who does it, for the audit.
    :raises Invalid: with every problem by its path in the data.
    """
    owner = administration.tenant(host, slug)
    with transaction(host.engine, tenant_id=owner.id) as connection:
        state = read_state(connection, owner.id)
        view = host.build_view(connection, owner.id)
        steps = read_steps(data, state, view, host.registry)
        with connection.begin_nested() as nested:
            _store(connection, owner.id, steps)
            _backfill(host, connection, state, steps, progress)
            for step in steps:
                if step.action != "unchanged":
                    administration.record_act(
                        host, connection, actor, entity="core.configuration", name=step.path,
                        action=_ACTIONS[step.action],
                        changes={key: list(pair) for key, pair in step.changes.items()},
                    )  # fmt: skip
            if dry_run:
                nested.rollback()
    return steps


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
        else:
            save_own_field(connection, tenant_id, step.wanted)


def _backfill(
    host: Host, connection: Connection, state: State, steps: Sequence[Step],
    progress: backfill.Progress | None,
) -> None:  # fmt: skip
    """Make what is derived from existing values follow the changed declarations."""
    changed = [
        (step.path, state.fields[step.wanted.entity, step.wanted.key], step.wanted)
        for step in steps
        if isinstance(step.wanted, OwnField) and step.action in ("change", "retire")
    ]
    if not changed:
        return
    view = host.build_view(connection, state.tenant.id)
    unit = Unit(
        actor=Actor(view=view, via="command", label="config apply"), connection=connection,
        audit_keys=host.audit_keys, clock=host.clock, force=True,
    )  # fmt: skip
    refused: dict[str, list[Message]] = {}
    searched = set()
    for path, before, after in changed:
        entity = view.entities[after.entity]
        if _search_differs(before, after):
            searched.add(after.entity)
        if not after.active or not _index_differs(before, after):
            continue
        field = entity.fields[f"custom.{after.key}"]
        if field not in entity.valued:
            backfill.forget_field(unit, entity, field.path)
            continue
        for found in backfill.index_field(unit, entity, field, progress=progress):
            refused.setdefault(f"{path}.unique", []).append(
                Message(
                    _("'{value}' stands in {count} records, such as {records}."),
                    {"value": found.value, "count": found.count,
                     "records": ", ".join(found.records)},
                )
            )  # fmt: skip
    if refused:
        raise Invalid(
            refused, _("The configuration was not applied."),
            hint=_("Nothing was changed. Give these records different values first."),
            code="bad_configuration",
        )  # fmt: skip
    for entity_name in sorted(searched):
        backfill.index_search(unit, view.entities[entity_name], progress=progress)


def _index_differs(before: OwnField, after: OwnField) -> bool:
    """Tell whether typed rows are to be made anew; those of a retired field were left alone."""
    return (before.indexed, before.unique, before.active) != (
        after.indexed, after.unique, after.active,
    )  # fmt: skip


def _search_differs(before: OwnField, after: OwnField) -> bool:
    was, will = before.active and before.searchable, after.active and after.searchable
    return was != will or (will and before.choices != after.choices)
