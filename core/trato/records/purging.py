"""Purging: records leave for good, and with them what hangs on them.

What a purge does to the records that refer to a purged one is declared where the reference is:
``ref(…, on_purge="refuse" | "clear" | "cascade")``. References of plugins that the tenant has
disabled count too, as their rows are there and come back when the plugin is enabled again; so do
the links of the tenant's own fields, retired ones too, which no foreign key guards: their writers
hold the target's row (``writing.visible_ids``), and whoever purges it locks it before looking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from uuid import UUID

from sqlalchemy import inspect, select, update

from trato.entities.base import Base, Entity
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Message
from trato.records import audit, storing, writing
from trato.records.changes import Change
from trato.records.unit import Unit
from trato.tenancy.own_fields import read_own_fields
from trato.tenancy.tables import value as side
from trato.text import _

_BATCH = 500

Key = tuple[str, UUID]


@dataclass(kw_only=True, eq=False)
class _Closure:
    """What goes with the records that somebody wants gone."""

    #: Entity name to id to the wanted records for whose sake it goes.
    going: dict[str, dict[UUID, set[UUID]]] = field(default_factory=lambda: defaultdict(dict))
    #: (entity name, field path) to ids of records that stay and lose the reference.
    clearing: dict[tuple[str, str], set[UUID]] = field(default_factory=lambda: defaultdict(set))
    #: Wanted record to the reason why it must stay.
    refused: dict[UUID, Message] = field(default_factory=dict)


def purge(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Remove records that are in the bin; what must stay gets its reason in ``change.errors``.

    :param changes: of action `purge`, read and locked; the caller has checked the rights.
    """
    writing.check_writable(unit)
    known = _Known(unit, entity)
    asked = {change.id: change for change in changes if not change.errors}
    while True:
        closure = _close(unit, known, entity, set(asked))
        _ask_plugins(unit, known, entity, closure)
        if not closure.refused:
            break
        # Who stays may hold others back that were to go with it; so all is looked at again.
        for record_id, reason in closure.refused.items():
            asked.pop(record_id).errors[""] = [reason]
    if not asked:
        return
    gone = _changes(unit, known, closure)
    _clear(unit, known, closure)
    for name, reasons in closure.going.items():
        _untie(unit, known.views[name], sorted(reasons), closure)
    for name in _leaves_first(known, closure):
        view, ids = known.views[name], sorted(closure.going[name])
        for start in range(0, len(ids), _BATCH):
            storing.delete_records(
                unit.connection, unit.tenant_id, view, ids[start : start + _BATCH]
            )
    for view, removed in gone:
        audit.write(unit.connection, unit.actor, removed, at=unit.now, key=unit.audit_keys[0])
        if view.name in unit.view.entities:
            writing.call_saved(unit, removed)


class _Known:
    """The entities whose tables are there, enabled or not, and who refers to whom."""

    def __init__(self, unit: Unit, entity: EntityView) -> None:
        self.views: dict[str, EntityView] = {entity.name: entity}
        self.referrers: dict[str, list[tuple[EntityView, Field]]] = defaultdict(list)
        links = _own_links(unit)
        tables = inspect(unit.connection)
        for mapper in sorted(Base.registry.mappers, key=lambda m: m.class_.__name__):
            cls = mapper.class_
            if not issubclass(cls, Entity):
                continue
            info = cls.__entity__
            enabled = unit.view.entities.get(info.name)
            if enabled is None and not tables.has_table(cls.__tablename__):
                continue
            view = enabled or EntityView(entity=cls, fields=info.fields, extensions={})
            self.views[info.name] = view = _with_links(view, links.get(info.name, []))
            for spec in (*info.fields.values(), *links.get(info.name, ())):
                if spec.kind == "ref" and spec.target is not None:
                    self.referrers[spec.target].append((view, spec))


def _own_links(unit: Unit) -> dict[str, list[Field]]:
    """Read the tenant's own links by entity; a retired one holds nothing back."""
    found: dict[str, list[Field]] = defaultdict(list)
    for own in read_own_fields(unit.connection, unit.tenant_id).values():
        if own.kind == "ref":
            spec = own.field()
            found[own.entity].append(spec if own.active else spec.under(on_purge="clear"))
    return found


def _with_links(view: EntityView, links: Sequence[Field]) -> EntityView:
    """Give an entity those own links too that the tenant does not see now."""
    hidden = {spec.path: spec for spec in links if spec.path not in view.fields}
    return replace(view, fields={**view.fields, **hidden}, cache={}) if hidden else view


def _close(unit: Unit, known: _Known, entity: EntityView, wanted: set[UUID]) -> _Closure:
    """Find what goes along, what loses a reference, and what must stay; one SELECT a referrer."""
    closure = _Closure()
    held: list[tuple[EntityView, UUID, str, UUID]] = []
    fresh: dict[str, dict[UUID, set[UUID]]] = {entity.name: {i: {i} for i in wanted}}
    while fresh:
        found: dict[str, dict[UUID, set[UUID]]] = defaultdict(dict)
        for name, reasons in fresh.items():
            for record_id, roots in reasons.items():
                closure.going[name].setdefault(record_id, set()).update(roots)
            if any(spec.source == "custom" for _view, spec in known.referrers[name]):
                if unit.connection.dialect.name == "postgresql":
                    writing.lock_rows(unit, known.views[name].table, sorted(reasons))
            for view, spec in known.referrers[name]:
                for referrer, target in _referring(unit, view, spec, sorted(reasons)):
                    if spec.on_purge == "cascade":
                        _follow(closure, found, view.name, referrer, reasons[target])
                    elif spec.on_purge == "clear":
                        closure.clearing[view.name, spec.path].add(referrer)
                    else:
                        held.append((view, referrer, name, target))
        fresh = found
    counts: dict[tuple[UUID, str], int] = defaultdict(int)
    for view, referrer, name, target in held:
        if referrer not in closure.going.get(view.name, {}):
            for root in closure.going[name][target]:
                counts[root, view.name] += 1
    for (root, name), count in sorted(counts.items(), reverse=True):
        closure.refused[root] = Message(
            _("It cannot be removed for good: {count} records of {entities} need it."),
            {"count": count, "entities": known.views[name].info.many},
        )
    for (name, _path), ids in closure.clearing.items():
        ids.difference_update(closure.going.get(name, ()))
    return closure


def _follow(
    closure: _Closure, found: dict[str, dict[UUID, set[UUID]]], name: str, record: UUID,
    roots: set[UUID],
) -> None:  # fmt: skip
    """Note that a record goes along, unless it is known to for the same records' sake."""
    if roots - closure.going[name].get(record, set()):
        found[name].setdefault(record, set()).update(roots)


def _referring(
    unit: Unit, view: EntityView, spec: Field, ids: Sequence[UUID]
) -> Iterator[tuple[UUID, UUID]]:
    """Read which records refer to some, as (referrer, target)."""
    if spec.source == "custom":
        yield from _linking(unit, view, spec, ids)
        return
    table = view.table
    column = table.c[spec.path]
    for start in range(0, len(ids), _BATCH):
        rows = unit.connection.execute(
            select(table.c.id, column)
            .where(table.c.tenant_id == unit.tenant_id, column.in_(ids[start : start + _BATCH]))
            .order_by(table.c.id)
        )
        yield from ((row[0], row[1]) for row in rows)


def _linking(
    unit: Unit, view: EntityView, spec: Field, ids: Sequence[UUID]
) -> Iterator[tuple[UUID, UUID]]:
    """Read which records link to some by an own field, out of its typed rows."""
    for start in range(0, len(ids), _BATCH):
        part = [str(record_id) for record_id in ids[start : start + _BATCH]]
        rows = unit.connection.execute(
            select(side.c.record_id, side.c.text)
            .where(
                side.c.tenant_id == unit.tenant_id, side.c.entity == view.name,
                side.c.field == spec.path, side.c.text.in_(part),
            )
            .order_by(side.c.record_id)
        )  # fmt: skip
        yield from ((row[0], UUID(row[1])) for row in rows)


def _changes(unit: Unit, known: _Known, closure: _Closure) -> list[tuple[EntityView, list[Change]]]:
    """Make the change of each record that goes, read and locked."""
    made = []
    for name, reasons in closure.going.items():
        before = writing.read_before(unit, known.views[name], sorted(reasons))
        made.append((
            known.views[name],
            [
                Change(entity=known.views[name], action="purge", id=record_id, before=record,
                       version=record["version"] + 1)
                for record_id, record in before.items()
            ],
        ))  # fmt: skip
    return made


def _ask_plugins(unit: Unit, known: _Known, entity: EntityView, closure: _Closure) -> None:
    """Let plugins refuse: a law may ask to keep what nobody refers to."""
    if closure.refused:
        return
    for view, changes in _changes(unit, known, closure):
        if view.name not in unit.view.entities:
            continue
        writing.call_hook(unit, "trato_record_saving", changes)
        for change in changes:
            for messages in change.errors.values():
                for root in closure.going[view.name][change.id]:
                    closure.refused.setdefault(root, messages[0])


def _clear(unit: Unit, known: _Known, closure: _Closure) -> None:
    """Empty the references of records that stay, as an edit that the audit shows."""
    paths: dict[str, dict[UUID, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for (name, path), ids in closure.clearing.items():
        for record_id in ids:
            paths[name][record_id][path] = None
    for name, emptied in paths.items():
        view = known.views[name]
        before = writing.read_before(unit, view, sorted(emptied))
        changes = [
            Change(entity=view, action="update", id=record_id, before=record,
                   version=record["version"] + 1, values=dict(emptied[record_id]))
            for record_id, record in before.items()
        ]  # fmt: skip
        if changes:
            updated = storing.update_records(
                unit.connection, unit.actor, view, changes, now=unit.now
            )
            writing.check_reached(updated)
            audit.write(unit.connection, unit.actor, changes, at=unit.now, key=unit.audit_keys[0])
            if name in unit.view.entities:
                writing.call_saved(unit, changes)


def _leaves_first(known: _Known, closure: _Closure) -> list[str]:
    """Order the entities so that who must refer to another goes before it."""
    needs = {
        name: {
            view.name
            for view, spec in known.referrers[name]
            if spec.required
            and spec.source != "custom"
            and view.name in closure.going
            and view.name != name
        }
        for name in closure.going
    }
    return list(TopologicalSorter(needs).static_order())


def _untie(unit: Unit, view: EntityView, ids: Sequence[UUID], closure: _Closure) -> None:
    """Empty references between records that go, which would hold up one another's deletion."""
    tied = [
        spec.path
        for spec in view.info.fields.values()
        if spec.kind == "ref" and spec.target in closure.going and not spec.required
    ]
    if not tied:
        return
    table = view.table
    for start in range(0, len(ids), _BATCH):
        unit.connection.execute(
            update(table)
            .where(table.c.tenant_id == unit.tenant_id, table.c.id.in_(ids[start : start + _BATCH]))
            .values(dict.fromkeys(tied))
        )
