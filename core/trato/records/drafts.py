"""Forms that were begun and not saved: kept for the member, gone when saved or discarded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from trato.access import rules
from trato.db.upsert import upsert
from trato.entities.view import EntityView
from trato.errors import DomainError, Forbidden
from trato.records.explaining import decide
from trato.records.tables import draft as table
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.text import _

#: A draft is no place to store files in: letters of all values together.
LONGEST = 200_000
#: Stands for the record that does not exist yet.
_NEW = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a member typed into a form and did not save."""

    #: By path what the form would have sent.
    content: Mapping[str, Sequence[str]]
    #: Version that the form was made from; none for a new record.
    version: int | None
    saved_at: dt.datetime


def keep(
    unit: Unit, entity: EntityView, record_id: UUID | None, content: Mapping[str, Sequence[str]],
    *, version: int | None = None,
) -> None:  # fmt: skip
    """Keep what the actor has typed so far; it replaces what was kept of the form before.

    :param record_id: the record that is edited; none for a new one.
    :param content: fields that the actor may not write are left out.
    :raises NotFound: when the actor may not see the record.
    :raises Forbidden: when it may not write it.
    :raises DomainError: for more than ``LONGEST`` letters.
    """
    check_writable(unit)
    if unit.actor.member_id is None or unit.actor.viewer is not None:
        raise Forbidden(_("Drafts belong to the person alone."))
    if record_id is None:
        rules.require(unit.actor, entity, "create")
    else:
        record = unit.records.get(entity.name, record_id)
        decision = decide(unit, unit.actor, entity, record, "edit")
        if not decision.allowed:
            raise Forbidden(decision.reason.text, **decision.reason.params)
    writable = rules.writable_fields(unit.actor, entity)
    kept = {path: [part.replace("\x00", "") for part in parts]
            for path, parts in content.items() if path in writable or _is_row(path)}  # fmt: skip
    if sum(len(part) for parts in kept.values() for part in parts) > LONGEST:
        raise DomainError(_("The draft is too long to be kept."), code="too_long")
    values = {"version": version, "content": kept, "saved_at": unit.now}
    statement = upsert(unit.connection, table).values(
        tenant_id=unit.tenant_id, member_id=unit.actor.member_id, entity=entity.name,
        record_id=record_id or _NEW, **values,
    )  # fmt: skip
    keys = [table.c.tenant_id, table.c.member_id, table.c.entity, table.c.record_id]
    unit.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def find(unit: Unit, entity: EntityView, record_id: UUID | None) -> Draft | None:
    """Read what the actor typed into a form and did not save, as far as it may write it now."""
    if unit.actor.member_id is None or unit.actor.viewer is not None:
        return None
    row = unit.connection.execute(
        select(table.c.content, table.c.version, table.c.saved_at).where(
            *_of(unit, entity, record_id)
        )
    ).first()
    if row is None:
        return None
    writable = rules.writable_fields(unit.actor, entity)
    content = {path: parts for path, parts in row.content.items()
               if path in writable or _is_row(path)}  # fmt: skip
    return Draft(content=content, version=row.version, saved_at=row.saved_at)


def drop(unit: Unit, entity: EntityView, record_id: UUID | None) -> None:
    """Forget what the actor typed into a form."""
    unit.connection.execute(delete(table).where(*_of(unit, entity, record_id)))


def _is_row(name: str) -> bool:
    """Tell whether a name is that of a cell in a row of children, which know their own rights."""
    return "__" in name and not name.startswith("_")


def _of(unit: Unit, entity: EntityView, record_id: UUID | None) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.tenant_id == unit.tenant_id, table.c.member_id == unit.actor.member_id,
        table.c.entity == entity.name, table.c.record_id == (record_id or _NEW),
    )  # fmt: skip
