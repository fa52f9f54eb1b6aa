"""THE write path: everything that changes a record goes through ``save``, in sets.

Order of a save: rights, values (marshmallow), what stands there now (locked), fields that another
system rules, plugins' `saving`, references, unique values, forbidden duplicates, rows, audit,
plugins' `saved`. One refused record of a bulk does not stop the others; anything raised rolls all
back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Select, Table, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from trato.access import rules
from trato.access.roles import Action
from trato.db.pipeline import affected, together
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import BadQuery, Forbidden, StaleRecord
from trato.records import audit, duplicates, events, notices, owning, storing, uniqueness
from trato.records.changes import Change
from trato.records.convert import choice_labels
from trato.records.outbox import put_into_outbox
from trato.records.reading import finish, select_columns
from trato.records.unit import Unit
from trato.tenancy.conditions import conditions
from trato.text import _

_BATCH = 500
#: Refusal of a new record whose id the tenant has already.
ID_TAKEN = _("A record with id {value} exists already.")


def check_writable(unit: Unit) -> None:
    """Refuse to write when the tenant's licence no longer allows it, or somebody only looks.

    :raises Forbidden: with code `license_expired`, or `viewing` for an administrator who looks as
        another member.
    """
    if unit.actor.viewer is not None:
        raise Forbidden(
            _("You are looking as another person; nothing can be changed."),
            hint=_("Leave that view first."), code="viewing",
        )  # fmt: skip
    if unit.view.read_only and not unit.force:
        raise Forbidden(
            _("The licence is over; data can be read and exported, not changed."),
            hint=_("Ask your provider for a new licence."),
            code="license_expired",
        )


def read_before(
    unit: Unit, entity: EntityView, ids: Sequence[UUID], *, lock: bool = True
) -> dict[UUID, dict[str, Any]]:
    """Read whole records by id, bin included, locked until the transaction ends.

    The mapping holds every field by path, and `version`, `archived_at`, `owner_id`, `team_id`
    and the whole `custom` column. What else a write needs to know of a record comes with it, and
    is kept in the unit.
    """
    key = ("read before", unit.tenant_id, lock)
    statement: Select[Any] | None = entity.cache.get(key)
    if statement is None:
        statement = entity.cache[key] = _before_statement(unit, entity, lock=lock)
    found: dict[UUID, dict[str, Any]] = {}
    names = ("id", "version", *entity.fields)
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _BATCH):
        some = wanted[start : start + _BATCH]
        rows = unit.connection.execute(statement, {"ids": some}).all()
        if lock and any(row.chain_end is None for row in rows):
            # Whoever waited for a lock has the row as it is and what was joined as it was before:
            # the end of the chain is another one. Now that it is locked all is of one moment.
            rows = unit.connection.execute(statement, {"ids": some}).all()
        plain = finish(entity, names, [tuple(row[: len(names)]) for row in rows])
        for row, values in zip(rows, plain, strict=True):
            record = dict(zip(names, values, strict=True))
            record["archived_at"], record["custom"] = row.the_bin, row.whole_custom
            found[record["id"]] = record
            if lock:
                unit.note_locked(
                    record["id"], record["version"], row.chain_end, followed=row.is_followed
                )
    return found


def _before_statement(unit: Unit, entity: EntityView, *, lock: bool) -> Select[Any]:
    """Compose the statement that reads whole records by their `ids`."""
    table = entity.table
    columns, joined = select_columns(entity, entity.fields, entity.fields)
    statement = select(
        *columns, table.c.archived_at.label("the_bin"), table.c.custom.label("whole_custom")
    )
    source: Any = table
    for side in joined:
        source = source.outerjoin(
            side, (side.c.tenant_id == table.c.tenant_id) & (side.c.id == table.c.id)
        )
    if lock:
        chain, follower = audit.table, notices.follower(table)
        source = source.outerjoin(
            chain,
            (chain.c.tenant_id == table.c.tenant_id) & (chain.c.record_id == table.c.id)
            & (chain.c.sequence == table.c.version),
        )  # fmt: skip
        statement = statement.add_columns(
            chain.c.hash.label("chain_end"), follower.label("is_followed")
        ).with_for_update(of=table)  # SQLite, which has one writer, leaves it out
    return (
        statement.select_from(source)
        .where(
            table.c.tenant_id == unit.tenant_id, table.c.id.in_(bindparam("ids", expanding=True))
        )
        .order_by(table.c.id)
    )


def lock_rows(unit: Unit, table: Table, ids: Sequence[UUID]) -> None:
    """Lock rows by key until the transaction ends, on PostgreSQL; SQLite has one writer."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _BATCH):
        some = table.c.id.in_(wanted[start : start + _BATCH])
        unit.connection.execute(
            select(table.c.id)
            .where(table.c.tenant_id == unit.tenant_id, some)
            .order_by(table.c.id)
            .with_for_update()
        )


def existing_ids(unit: Unit, entity: EntityView, ids: Sequence[UUID]) -> set[UUID]:
    """Say which ids are taken in the tenant, by records of the bin too."""
    table = entity.table
    found: set[UUID] = set()
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _BATCH):
        found.update(
            unit.connection.execute(
                select(table.c.id).where(
                    table.c.tenant_id == unit.tenant_id,
                    table.c.id.in_(wanted[start : start + _BATCH]),
                )
            ).scalars()
        )
    return found


_ACTION_OF: dict[str, Action] = {
    "create": "create", "update": "edit", "archive": "archive", "restore": "archive",
}  # fmt: skip


#: Actions by which a value comes to be empty.
_ASKED = ("create", "update")


def save(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> list[Change]:
    """Write changes of one entity; what is refused gets its reasons in ``change.errors``.

    :return: the changes that were written.
    """
    if not changes:
        return []
    check_writable(unit)
    good = [change for change in changes if not change.errors]
    check_rows(unit, entity, good)
    # Before plugins derive anything: only what was asked for is refused.
    owning.refuse(unit, entity, good)
    call_hook(unit, "trato_record_saving", [c for c in good if not c.errors])
    good = [c for c in good if not c.errors and (c.action != "update" or c.changed)]
    _check_demanded(unit, entity, good)
    _check_retired(entity, good)
    _check_references(unit, entity, good)
    _check_tree(unit, entity, good)
    uniqueness.check(unit.connection, unit.tenant_id, entity, [c for c in good if not c.errors])
    duplicates.refuse(unit, entity, [c for c in good if not c.errors])
    good = [change for change in good if not change.errors]
    written = _write(unit, entity, good)
    notices.tell_of_changes(unit, entity, written)
    notices.tell_of_assignments(unit, entity, written)
    put_into_outbox(unit, entity, written)
    call_saved(unit, written)
    return written


def call_hook(unit: Unit, hook: str, changes: list[Change]) -> None:
    """Call a reaction hook of the enabled plugins with changes of one entity."""
    if changes:
        caller = getattr(unit.view.hook, hook)
        if caller.get_hookimpls():
            try:
                caller(unit=unit, changes=changes)
            except BadQuery as error:
                # What the person asked for was understood; the plugin's own question was not.
                raise RuntimeError(f"{hook}: {error}") from error


def call_saved(unit: Unit, changes: list[Change]) -> None:
    """Tell plugins of written changes of one entity: now, and as events once it is committed."""
    call_hook(unit, "trato_record_saved", changes)
    events.tell_of_changes(unit, changes)


def check_rows(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse changes of records that the actor's row rule does not reach."""
    actor = unit.actor
    ruler = rules.ruler(actor, entity)
    for change in changes:
        granted = rules.scope(actor, entity, _ACTION_OF[change.action])
        if granted in ("all", "none") or ruler is not entity or change.action == "create":
            continue
        decision = rules.covers(
            actor, granted, owner_id=change.before.get("owner_id"),
            team_id=change.before.get("team_id"),
        )  # fmt: skip
        if not decision.allowed:
            raise Forbidden(decision.reason.text, **decision.reason.params)
    if ruler is None or ruler is entity or actor.member is None:
        return
    _check_through_parent(unit, entity, changes)


def _check_through_parent(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse changes of a record whose parent the actor may not edit."""
    parent_field = entity.fields[entity.info.parent or ""]
    parent = unit.view.entities[parent_field.target or ""]
    wanted = {
        change[parent_field.path] for change in changes if change[parent_field.path] is not None
    } | {change.before.get(parent_field.path) for change in changes} - {None}
    condition = rules.predicate(unit.actor, parent, "edit")
    if condition is None or not wanted:
        return
    table = parent.table
    reached = set(
        unit.connection.execute(
            select(table.c.id).where(
                table.c.tenant_id == unit.tenant_id, table.c.id.in_(sorted(wanted)), condition
            )
        ).scalars()
    )
    for change in changes:
        for owner in {change[parent_field.path], change.before.get(parent_field.path)} - {None}:
            if owner not in reached:
                change.refuse(
                    parent_field.path, _("You may not change records of this {entity}."),
                    entity=parent.info.one,
                )  # fmt: skip


def _check_demanded(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse to leave empty what the tenant asks for beyond the declarations.

    A record from before stays as it is until somebody changes the field, or what decides whether
    it applies. Nobody is asked for what they may not write, be it by role or because another
    system rules it, or for what depends on fields that they may not see.
    """
    if not entity.demanded:
        return
    writable = rules.writable_fields(unit.actor, entity)
    visible = rules.visible_fields(unit.actor, entity)
    asked = conditions(unit.view, entity)
    ruled: Mapping[UUID, owning.Kept] = {}
    if not unit.view.owners.get(entity.name, {}).keys().isdisjoint(f.path for f in entity.demanded):
        ruled = owning.kept_fields(unit, entity, [c.id for c in changes if c.action == "update"])
    for field in entity.demanded:
        deciding = {field.path, *(path for one in asked.show.get(field.path, ()) for path in one)}
        if field.path not in writable or not deciding <= visible.keys():
            continue
        for change in changes:
            if change[field.path] not in (None, "", []) or change.action not in _ASKED:
                continue
            if change.action == "update" and not deciding & change.changed.keys():
                continue
            if field.path in ruled.get(change.id, ()):
                continue
            if asked.shows(field.path, {**change.before, **change.values}):
                change.refuse(field.path, _("This is obligatory."))


def _check_retired(entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse choices that are offered no longer, but where the record has them already."""
    for field in entity.fields.values():
        if not field.retired:
            continue
        for change in changes:
            value = change.changed.get(field.path)
            given = value if isinstance(value, list) else [value]
            held = change.before.get(field.path) or []
            kept = held if isinstance(held, list) else [held]
            labels = choice_labels(field)
            for item in given:
                if item in field.retired and item not in kept:
                    change.refuse(
                        field.path,
                        _("'{value}' is no longer offered; records that have it keep it."),
                        value=labels.get(item, item),
                    )  # fmt: skip


def _check_references(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse references to records that do not exist for the actor; one statement a target."""
    by_target: dict[str, list[Field]] = {}
    changed = [(change, change.changed) for change in changes]
    for field in entity.fields.values():
        if field.kind == "ref" and field.target is not None:
            by_target.setdefault(field.target, []).append(field)
        elif field.kind in ("member", "team") and not field.readonly:
            _check_people(unit, field, changed)
    for target, fields in by_target.items():
        paths = [field.path for field in fields]
        wanted = {values[p] for _c, values in changed for p in paths if values.get(p) is not None}
        if not wanted:
            continue
        # No foreign key stands behind an own field; see ``purging`` for the other side.
        own = any(field.source == "custom" for field in fields)
        seen = visible_ids(unit, target, wanted, keep=own)
        for change, values in changed:
            for field in fields:
                value = values.get(field.path)
                if value is not None and value not in seen:
                    change.refuse(
                        field.path, _("There is no {entity} {value}."),
                        entity=unit.view.entities[target].info.one
                        if target in unit.view.entities else target,
                        value=value,
                    )  # fmt: skip


def visible_ids(unit: Unit, target: str, ids: set[UUID], *, keep: bool = False) -> set[UUID]:
    """Say which ids of an entity are living records that the actor may see.

    :param keep: nobody may purge them until this transaction ends.
    """
    entity = unit.view.entities.get(target)
    if entity is None:
        return set()
    table = entity.table
    rule = rules.predicate(unit.actor, entity, "view")
    found: set[UUID] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), _BATCH):
        statement = select(table.c.id).where(
            table.c.tenant_id == unit.tenant_id,
            table.c.id.in_(wanted[start : start + _BATCH]),
            table.c.archived_at.is_(None),
        )
        if rule is not None:
            statement = statement.where(rule)
        if keep and unit.connection.dialect.name == "postgresql":
            statement = statement.with_for_update(of=table, read=True, key_share=True)
        found.update(unit.connection.execute(statement).scalars())
    return found


def _check_people(
    unit: Unit, field: Field, changed: Sequence[tuple[Change, Mapping[str, Any]]]
) -> None:
    people: Mapping[UUID, Any] = unit.view.members if field.kind == "member" else unit.view.teams
    for change, values in changed:
        value = values.get(field.path)
        if value is None:
            continue
        person = people.get(value)
        if person is None:
            missing = (
                _("There is no user {value}.") if field.kind == "member"
                else _("There is no team {value}.")
            )  # fmt: skip
            change.refuse(field.path, missing, value=value)
        elif field.kind == "member" and not person.is_active:
            change.refuse(field.path, _("{name} no longer works here."), name=person.name)


def _check_tree(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Refuse a node that would come to stand below itself."""
    path = entity.info.tree
    if path is None:
        return
    moved = [c for c in changes if c.action == "update" and c.changed.get(path) is not None]
    if not moved:
        return
    if unit.connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        # Two moves that are good alone can make a circle together: one sees the other's.
        subject = f"tree {unit.tenant_id} {entity.name}"
        unit.connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0)))
        )
    table = entity.table
    rows = unit.connection.execute(
        select(table.c.id, table.c[path]).where(table.c.tenant_id == unit.tenant_id)
    )
    above = {row[0]: row[1] for row in rows} | {c.id: c[path] for c in moved}
    for change in moved:
        at, steps = change[path], 0
        while at is not None and at != change.id and steps <= len(above):
            at, steps = above.get(at), steps + 1
        if at is not None:
            change.refuse(path, _("A record cannot stand below itself."))


def _write(unit: Unit, entity: EntityView, changes: list[Change]) -> list[Change]:
    """Write rows and audit; when an index refuses, halve until the record is found."""
    if not changes:
        return []
    try:
        _write_all(unit, entity, changes)
        return changes
    except IntegrityError as error:
        if len(changes) > 1:
            middle = len(changes) // 2
            first = _write(unit, entity, changes[:middle])
            return first + _write(unit, entity, changes[middle:])
        _explain(entity, changes[0], error)
        return []


def _write_all(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    new = [change for change in changes if change.action == "create"]
    old = [change for change in changes if change.action != "create"]
    rows = audit.chain(
        unit.connection, unit.actor, changes, at=unit.now, key=unit.audit_keys[0],
        ends=unit.chain_ends,
    )  # fmt: skip
    # The driver sends the rows of a bulk together by itself.
    alone = len(changes) == 1
    with together(unit.connection) if alone else unit.connection.begin_nested():
        if new:
            storing.insert_records(unit.connection, unit.actor, entity, new, now=unit.now)
        updated = storing.update_records(unit.connection, unit.actor, entity, old, now=unit.now)
        audit.add(unit.connection, rows)
    check_reached(updated)
    for change in old:  # a unit may write any number of records
        unit.chain_ends.pop((change.id, change.version - 1), None)


def check_reached(updated: Sequence[tuple[CursorResult[Any], int]]) -> None:
    """Refuse an update that did not reach every row as it was read.

    :raises StaleRecord: the rows were read under a lock, so only for a broken lock.
    """
    if any(affected(result) != wanted for result, wanted in updated):
        raise StaleRecord(_("Somebody else saved the record first."))


def _explain(entity: EntityView, change: Change, error: IntegrityError) -> None:
    """Turn the database's refusal into a message at the field that caused it."""
    text = str(error.orig)
    table = entity.table.name
    if "core_value" in text:
        field = next((f for f in entity.custom.values() if f.unique), None)
        path = field.path if field else entity.info.label
        change.refuse(path, _("'{value}' is taken by another record."), value=change[path])
    elif f"uq_{table}" in text or (
        f"UNIQUE constraint failed: {table}." in text and not text.rstrip().endswith(".id")
    ):
        # PostgreSQL names the constraint, which names its columns; SQLite names the columns.
        columns = text.partition(f"uq_{table}_")[2] or text.replace(f"{table}.", " ")
        path = next(
            (p for p in (*change.changed, *entity.fields)
             if re.search(rf"(?:\b|_){re.escape(p)}(?:_|\b)", columns)),
            entity.info.label,
        )  # fmt: skip
        change.refuse(path, _("'{value}' is taken by another record."), value=change[path])
    elif "pk_" in text or "UNIQUE constraint failed" in text:
        # Its own key, that of an extension, or the tombstone of a record that was purged.
        change.refuse("id", ID_TAKEN, value=change.id)
    else:
        raise error
