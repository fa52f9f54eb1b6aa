"""What a record says after a write, without asking for it again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, TypeDecorator

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records.changes import Change
from trato.records.convert import JSON_KINDS, from_json, to_json
from trato.records.query import Record
from trato.records.unit import Unit

#: What the write path itself fills in.
_OWN = frozenset({"created_at", "created_by", "updated_at", "updated_by"})


def answer(unit: Unit, entity: EntityView, change: Change, *, written: bool) -> Record | None:
    """Make the answer to a create or an update of what was checked, stored and there before.

    :param written: whether the change was stored; an update of nothing is not.
    :return: the record, as it would be read; None where it has to be: a row rule may hide it now,
        or a plugin may have changed it once more after it was stored.
    """
    if change.action not in ("create", "update"):
        return None
    if unit.view.hook.trato_record_saved.get_hookimpls():
        return None
    if not rules.decide(unit.actor, entity, "view").allowed:
        return None
    if rules.predicate(unit.actor, entity, "view") is not None:
        return None
    visible = rules.visible_fields(unit.actor, entity)
    is_new = change.action == "create"
    if is_new and any(
        field.readonly and field.source == "native" and path not in _OWN
        for path, field in visible.items()
    ):
        # The database fills it in.
        return None
    changed = change.changed if written else {}
    values: dict[str, Any] = {}
    for path, field in visible.items():
        if path in changed:
            values[path] = _stored(unit.connection, entity, field, changed[path])
        else:
            values[path] = change.before.get(path)
    if written:
        now, by = unit.now, unit.actor.member_id
        own = {"updated_at": now, "updated_by": by}
        if is_new:
            own |= {"created_at": now, "created_by": by}
        values |= {path: value for path, value in own.items() if path in visible}
    return Record(
        entity=entity.name, id=change.id, values=values,
        version=change.version if written else change.version - 1,
    )  # fmt: skip


def _stored(connection: Connection, entity: EntityView, field: Field, value: Any) -> Any:
    """Give a value as it comes back from where it is stored: a decimal has its scale."""
    if value is None:
        return None
    if field.source == "custom":
        plain = to_json(field, value)
        return plain if field.kind in JSON_KINDS else from_json(field, plain)
    table = entity.table
    if field.source == "extension":
        table = entity.extensions[field.plugin].__table__
    kind = table.c[field.name].type
    if isinstance(kind, TypeDecorator):
        dialect = connection.dialect
        return kind.process_result_value(kind.process_bind_param(value, dialect), dialect)
    return value
