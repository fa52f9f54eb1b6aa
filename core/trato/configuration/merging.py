"""Merging a value of an own choice into another: every record that holds it is rewritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from trato import administration
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Invalid, NotFound
from trato.host import Host
from trato.records import owning
from trato.records.convert import from_json
from trato.records.unit import Unit
from trato.tenancy.own_fields import OwnField, read_own_fields, save_own_field
from trato.text import _

#: Records rewritten by one set of statements.
_SET = 500


def merge_choice(
    host: Host, actor: Actor, entity_name: str, key: str, *, value: str, into: str
) -> int:
    """Give every record that holds a value another one, audited, and retire the value.

    All of it or nothing: one transaction, through the same write path as any change.

    :param actor: who is named in the history of the records.
    :return: how many records were rewritten, those in the bin left out.
    :raises NotFound: when there is no such field, or it has no such values.
    :raises Invalid: when a record cannot be written, with its reasons.
    """
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        own = read_own_fields(connection, actor.tenant_id).get((entity_name, key))
        known = {choice.value for choice in own.choices} if own is not None else set()
        if own is None or not own.active or value == into or not {value, into} <= known:
            raise NotFound(_("There is no such choice."))
        # A merge must leave no record behind, so one whose roles do not reach every record lets
        # the system write in his name.
        reaches_all = any(grants.is_admin for grants in actor.grants)
        writer = actor if reaches_all else replace(host.system(actor.tenant_id), label=actor.name)
        merged = _merged(own, value, into)
        # First, as records could not be given a value that is retired.
        save_own_field(connection, actor.tenant_id, merged)
        view = host.build_view(connection, actor.tenant_id)
        unit = Unit(actor=replace(writer, view=view), connection=connection,
                    audit_keys=host.audit_keys, clock=host.clock)  # fmt: skip
        # What another system wrote as well: it would hold a value that is no longer one.
        unit.notes[owning.REWRITES] = True
        entity = view.entity(entity_name)
        count = _rewrite(unit, entity, entity.fields[f"custom.{key}"], value, into)
        administration.record_act(
            host, connection, actor, entity="core.configuration",
            name=f"fields.{entity_name}.{key}.choices", action="update",
            changes={"choices": [_active(own), _active(merged)],
                     "records": [0, count]},
        )  # fmt: skip
    return count


def _active(own: OwnField) -> list[str]:
    return [choice.value for choice in own.choices if choice.active]


def _merged(own: OwnField, value: str, into: str) -> OwnField:
    """Retire the value, bring back the one that takes its place, and mend the default."""
    choices = tuple(
        replace(choice, active=choice.value == into or (choice.active and choice.value != value))
        for choice in own.choices
    )
    default = own.default
    if isinstance(default, list):
        default = _replaced(default, value, into)
    elif default == value:
        default = into
    return replace(own, choices=choices, default=default)


def _replaced(values: list[str], value: str, into: str) -> list[str]:
    return list(dict.fromkeys(into if item == value else item for item in values))


def _rewrite(unit: Unit, entity: EntityView, field: Field, value: str, into: str) -> int:
    table = entity.table
    rows = unit.connection.execute(
        select(table.c.id, table.c.custom).where(
            table.c.tenant_id == unit.tenant_id, table.c.archived_at.is_(None),
            table.c.custom.is_not(None),
        )
        .order_by(table.c.id)
    )  # fmt: skip
    changes: list[tuple[Any, Any]] = []
    for record_id, custom in rows:
        raw = (custom or {}).get(field.name)
        if raw is None:
            continue
        held = from_json(field, raw)
        if field.kind == "choices":
            if value in held:
                changes.append((record_id, _replaced(list(held), value, into)))
        elif held == value:
            changes.append((record_id, into))
    for start in range(0, len(changes), _SET):
        part = changes[start : start + _SET]
        outcomes = unit.records.bulk(
            entity.name, [{field.path: wanted} for _id, wanted in part], match="id",
            ids=[record_id for record_id, _wanted in part],
        )  # fmt: skip
        refused = next((o for o in outcomes if o.status == "refused"), None)
        if refused is not None:
            raise Invalid(
                refused.errors, _("A record could not be changed; nothing was merged."),
                code="merge_refused",
            )  # fmt: skip
    return len(changes)


def count_uses(host: Host, slug: str, entity: EntityView, field: Field) -> dict[str, int]:
    """Count the living records that hold each value of an own choice."""
    owner = administration.tenant(host, slug)
    table = entity.table
    found: dict[str, int] = {}
    with transaction(host.engine, tenant_id=owner.id, read=True) as connection:
        rows = connection.execute(
            select(table.c.custom).where(
                table.c.tenant_id == owner.id, table.c.archived_at.is_(None),
                table.c.custom.is_not(None),
            ),
            execution_options={"yield_per": 2000},
        )  # fmt: skip
        for (custom,) in rows:
            raw = (custom or {}).get(field.name)
            if raw is not None:
                held = from_json(field, raw)
                for item in held if isinstance(held, list | tuple) else (held,):
                    found[item] = found.get(item, 0) + 1
    return found


__all__ = ["count_uses", "merge_choice"]
