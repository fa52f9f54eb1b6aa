"""Fields that another system rules: people may not write them on records that are linked to it.

A record without a link is the people's, and so is one whose thing the other system has no more.
One that is not set up, or whose plugin is disabled, rules nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import select

from trato.entities.view import EntityView
from trato.errors import Message
from trato.records.changes import Change
from trato.records.outbox import SOURCE
from trato.records.sync_tables import link
from trato.records.unit import Unit
from trato.tenancy.owners import Owner
from trato.text import _

_BATCH = 500
#: Under which a unit remembers what it has read of its records.
_READ = "trato.owning"
#: Under which a unit says that it rewrites what the other system wrote too.
REWRITES = "trato.owning.rewrites"

Kept = Mapping[str, Owner]


def kept_by(owner: Owner) -> Message:
    """Say beside a field who rules it."""
    return Message(_("Kept by {connector}: change it there."), {"connector": owner.title})


def refusal(owner: Owner) -> Message:
    """Say to whoever would write a field that another system rules what to do."""
    return Message(
        _("{connector} keeps this field and would write over what you put here. Change it there."),
        {"connector": owner.title},
    )


def kept_fields(unit: Unit, entity: EntityView, ids: Collection[UUID]) -> Mapping[UUID, Kept]:
    """Say which fields of records other systems rule, by record and path.

    One statement for 500 records, and none where no connector rules a field of the entity. A unit
    reads each record once.
    """
    owners = unit.view.owners.get(entity.name)
    if not owners:
        return {}
    known = cast("dict[UUID, Kept]", unit.notes.setdefault(_READ, {}))
    unread = sorted(set(ids) - known.keys())
    names = sorted({owner.connector for some in owners.values() for owner in some})
    for start in range(0, len(unread), _BATCH):
        some = unread[start : start + _BATCH]
        linked: dict[UUID, set[str]] = {}
        for record_id, connector in unit.connection.execute(
            select(link.c.record_id, link.c.connector).where(
                link.c.tenant_id == unit.tenant_id, link.c.connector.in_(names),
                link.c.entity == entity.name, link.c.record_id.in_(some),
                link.c.missing_at.is_(None),
            )
        ):  # fmt: skip
            linked.setdefault(record_id, set()).add(connector)
        for record_id in some:
            here = linked.get(record_id, set())
            known[record_id] = {
                path: owner
                for path, ruling in owners.items()
                for owner in reversed(ruling)
                if owner.connector in here
            }
    return {record_id: known[record_id] for record_id in ids if known.get(record_id)}


def kept(unit: Unit, entity: EntityView, record_id: UUID | None) -> Kept:
    """Say which fields of one record other systems rule, by path; none of a new one."""
    if record_id is None:
        return {}
    return kept_fields(unit, entity, (record_id,)).get(record_id, {})


def refuse(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse what would change fields that other systems rule.

    Connectors write, and so do jobs, events and commands, whose code is a plugin's or asked for by
    the operator; who acts for a person, an import without one too, does not.
    """
    owners = unit.view.owners.get(entity.name)
    if not owners or is_free(unit):
        return
    wanted = {
        change.id: change.changed.keys() & owners.keys()
        for change in changes
        if change.action == "update"
    }
    ruled = kept_fields(unit, entity, [record_id for record_id, paths in wanted.items() if paths])
    for change in changes:
        here = ruled.get(change.id, {})
        for path in sorted(wanted.get(change.id, set()) & here.keys()):
            change.errors.setdefault(path, []).append(refusal(here[path]))


def is_free(unit: Unit) -> bool:
    """Tell whether whoever writes is bound by nobody's fields."""
    if SOURCE in unit.notes or REWRITES in unit.notes:
        return True
    return unit.actor.member is None and unit.actor.via in ("job", "command", "system")
