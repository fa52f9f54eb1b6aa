"""Many rows at once: which record each row means, and what it changes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.access import rules
from trato.access.roles import Action
from trato.db.types import new_id
from trato.entities.fields import LIST_KINDS, REF_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import BadQuery, Message
from trato.records import uniqueness, writing
from trato.records.changes import Change
from trato.records.convert import Refused, load_value
from trato.records.schema import Loader, defaults, loader_for
from trato.records.unit import Unit
from trato.text import _

#: Match of rows that bring the ids of their records.
BY_ID = "id"


def matchable(entity: EntityView) -> dict[str, Field]:
    """Give the fields by which rows can find their records: single values with an index."""
    return {
        path: field
        for path, field in entity.fields.items()
        if (field.indexed or field.unique or field.identifies)
        and field.writable
        and field.kind not in LIST_KINDS | REF_KINDS
    }


def creation(
    unit: Unit, entity: EntityView, check: Loader, values: Mapping[str, Any], id: UUID | None
) -> Change:
    """Plan a new record from the values that a caller gave."""
    loaded, errors = check(values, partial=False)
    filled = defaults(entity)
    if entity.info.owned and "owner_id" not in loaded:
        filled["owner_id"] = unit.actor.member_id
    filled |= {path: value for path, value in loaded.items() if value is not None}
    return Change(
        entity=entity, action="create", id=id or new_id(), version=1, errors=errors,
        values={path: value for path, value in filled.items() if value is not None},
    )  # fmt: skip


def plan(
    unit: Unit, entity: EntityView, rows: Sequence[Mapping[str, Any]], *, match: str | None,
    ids: Sequence[UUID | None] | None,
) -> list[Change]:  # fmt: skip
    """Plan one change a row, in order; what is refused already has its reasons.

    :param match: field by which records are found, `id` for the given ids; None: all are new.
    :raises BadQuery: for a field that cannot find records.
    """
    known = matchable(entity)
    if match is not None and match != BY_ID and match not in known:
        raise BadQuery(
            _("Records cannot be found by '{field}'."), hint=_("Choose one of: {fields}."),
            field=match, fields=", ".join([BY_ID, *known]), code="not_matchable",
        )  # fmt: skip
    given: Sequence[UUID | None] = ids if ids is not None else [None] * len(rows)
    keys = [
        None if match is None else id if match == BY_ID else match_key(known[match], row.get(match))
        for row, id in zip(rows, given, strict=True)
    ]
    sought = given if match == BY_ID else [row.get(match or "") for row in rows]
    found = _found(
        unit, entity, match,
        [value for value, key in zip(sought, keys, strict=True) if key is not None],
    )  # fmt: skip
    taken_ids = set() if match == BY_ID else writing.existing_ids(
        unit, entity, [id for id in given if id is not None]
    )  # fmt: skip
    hidden = _hidden(unit, entity, found)
    denied = forbidden(unit, entity)
    check = loader_for(unit.actor, entity)
    first: dict[Any, int] = {}
    changes: list[Change] = []
    for number, (row, id, key, value) in enumerate(zip(rows, given, keys, sought, strict=True)):
        records = found.get(key, ()) if key is not None else ()
        if len(records) == 1:
            change = change_of(entity, check, row, records[0])
        else:
            change = creation(unit, entity, check, row, id)
        changes.append(change)
        if len(records) > 1:
            change.refuse(
                match or "", _("{count} records have '{value}'; it is unclear which is meant."),
                count=len(records), value=value,
            )  # fmt: skip
        elif change.id in hidden:  # who owns it is not said either
            change.refuse(
                match or "", _("'{value}' belongs to a record that you may not see."), value=value
            )
        elif key is not None and first.setdefault(key, number) != number:
            change.refuse(
                match or "", _("'{value}' stands in row {row} already."),
                value=value, row=first[key] + 1,
            )  # fmt: skip
        elif change.action == "update":
            check_scope(unit, change, denied["edit"])
        elif denied["create"] is not None:
            change.refuse("", denied["create"].text, **denied["create"].params)
        elif change.id in taken_ids:
            change.errors[BY_ID] = [
                Message(_("A record with id {value} exists already."), {"value": change.id})
            ]
        if id is not None:
            taken_ids.add(id)
    return changes


def readable(field: Field, value: Any) -> Any:
    """Read a value as the field does; None for one that it refuses."""
    try:
        return load_value(field, value)
    except Refused:
        return None


def match_key(field: Field, value: Any) -> Any:
    """Give the form by which a row's value is compared; None for one that the field refuses."""
    return uniqueness.comparable(field, readable(field, value))


def _found(
    unit: Unit, entity: EntityView, match: str | None, values: Sequence[Any]
) -> dict[Any, Sequence[dict[str, Any]]]:
    """Read and lock the records that the rows mean, by key."""
    if match is None or not values:
        return {}
    if match == BY_ID:
        return {id: [record] for id, record in writing.read_before(unit, entity, values).items()}
    field = entity.fields[match]
    loaded = [load_value(field, value) for value in values]
    found = uniqueness.holding(unit.connection, unit.tenant_id, entity, field, loaded)
    before = writing.read_before(unit, entity, [id for ids in found.values() for id in ids])
    return {
        key: [before[id] for id in ids if id in before and before[id]["archived_at"] is None]
        for key, ids in found.items()
    }


def _hidden(
    unit: Unit, entity: EntityView, found: Mapping[Any, Sequence[dict[str, Any]]]
) -> set[UUID]:
    """Say which of the found records the actor may not even see."""
    if rules.predicate(unit.actor, entity, "view") is None:
        return set()
    ids = {record["id"] for records in found.values() for record in records}
    return ids - writing.visible_ids(unit, entity.name, ids)


def forbidden(unit: Unit, entity: EntityView) -> dict[str, Message | None]:
    """Say why the actor may create or edit no record at all; None where that is not so."""
    actions: tuple[Action, ...] = ("create", "edit")
    decisions = {action: rules.decide(unit.actor, entity, action) for action in actions}
    return {
        action: None if decision.allowed else decision.reason
        for action, decision in decisions.items()
    }


def change_of(
    entity: EntityView, check: Loader, row: Mapping[str, Any], before: dict[str, Any]
) -> Change:
    """Plan the change of a record from what a row says."""
    loaded, errors = check(row, partial=True)
    change = Change(
        entity=entity, action="update", id=before["id"], before=before,
        version=before["version"] + 1, values=loaded, errors=errors,
    )  # fmt: skip
    if before["archived_at"] is not None:
        change.refuse("", _("The record is in the recycle bin."))
    return change


def check_scope(unit: Unit, change: Change, denied: Message | None) -> None:
    """Refuse the change of a record that the actor's row rule does not reach."""
    if denied is not None:
        change.refuse("", denied.text, **denied.params)
        return
    actor, entity, before = unit.actor, change.entity, change.before
    granted = rules.scope(actor, entity, "edit")
    if granted == "all" or rules.ruler(actor, entity) is not entity:
        return
    decision = rules.covers(
        actor, granted, owner_id=before.get("owner_id"), team_id=before.get("team_id")
    )
    if not decision.allowed:
        change.refuse("", decision.reason.text, **decision.reason.params)
