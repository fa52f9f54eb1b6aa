"""The records of a unit: the one object by which everything reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from trato.access import rules
from trato.entities.base import Entity
from trato.entities.view import EntityView
from trato.errors import Conflict, Forbidden, Invalid, Message, NotFound, StaleRecord
from trato.plugin import field_path
from trato.records import answering, audit, bulk, bulk_duplicates, purging, reading, writing
from trato.records import duplicates as doubles
from trato.records.bulk_duplicates import Policy
from trato.records.changes import Change
from trato.records.conditions import living
from trato.records.duplicates import Duplicate, Sought
from trato.records.query import Page, Query, Record, Values, Wanted, by_path
from trato.records.schema import load, loader_for
from trato.records.unit import Unit
from trato.text import _

Kind = type[Entity] | str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one row of a bulk."""

    #: created, updated, unchanged, skipped, purged or refused.
    status: str
    id: UUID | None = None
    version: int | None = None
    errors: Mapping[str, list[Message]] = field(default_factory=dict)
    #: It was written although there is one already.
    is_duplicate: bool = False


class Records:
    """A tenant's records, as far as the unit's actor may."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    # --- reading ---------------------------------------------------------------------------------

    def query(self, entity: Kind, query: Query | None = None, /, **options: Any) -> Page:
        """Read one page of a list; options are those of ``Query``.

        :raises Forbidden: when the actor may see no record of the entity.
        :raises BadQuery: for an unknown field, filter or order.
        """
        unit = self.unit
        return reading.run(
            unit.connection, unit.actor, unit.view.entity(entity), query or Query(**options)
        )

    def get(self, entity: Kind, record_id: UUID, *, archived: bool | None = False) -> Record:
        """Read one record.

        :param archived: which are looked for: living (False), in the bin (True) or both (None).
        :raises NotFound: when it does not exist for the actor.
        """
        view = self.unit.view.entity(entity)
        rules.require(self.unit.actor, view, "view")
        try:
            record_id = UUID(str(record_id))  # in words, as an address has it, too
        except ValueError as error:
            raise NotFound(
                _("There is no {entity} {id}."), entity=view.info.one, id=record_id
            ) from error
        visible = rules.visible_fields(self.unit.actor, view)
        paths = tuple(visible)
        statement = reading.record_statement(view, visible, tenant_id=self.unit.tenant_id)
        rule = rules.predicate(self.unit.actor, view, "view")
        if rule is not None:
            statement = statement.where(rule)
        row = self.unit.connection.execute(statement, {"record_id": record_id}).first()
        gone = row is not None and row[-1] is not None
        if row is None or (archived is not None and gone != archived):
            raise NotFound(_("There is no {entity} {id}."), entity=view.info.one, id=record_id)
        names = ("id", "version", *paths)
        values = reading.finish(view, names, [tuple(row[:-1])])[0]
        return Record(
            entity=view.name, id=row[0], version=row[1], is_archived=gone,
            values=dict(zip(names[2:], values[2:], strict=True)),
        )  # fmt: skip

    def labels(self, entity: Kind, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Read the labels of records, under their own entity's rules, with one statement.

        :return: those that the actor may see; the empty text where their name is hidden from it.
        """
        wanted = set(ids)
        view = self.unit.view.entities.get(
            entity if isinstance(entity, str) else entity.__entity__.name
        )
        if view is None or not wanted:
            return {}
        if not rules.decide(self.unit.actor, view, "view").allowed:
            return {}
        table = view.table
        statement = select(table.c.id, table.c[view.info.label]).where(
            table.c.tenant_id == self.unit.tenant_id, table.c.id.in_(sorted(wanted))
        )
        rule = rules.predicate(self.unit.actor, view, "view")
        if rule is not None:
            statement = statement.where(rule)
        tells = view.info.label in rules.visible_fields(self.unit.actor, view)
        return {row[0]: str(row[1] or "") if tells else ""
                for row in self.unit.connection.execute(statement)}  # fmt: skip

    def history(
        self, entity: Kind, record_id: UUID, *, limit: int = 50, before: int | None = None
    ) -> list[audit.Entry]:
        """Read what happened to a record, newest first, without fields hidden from the actor.

        :param before: only what has a smaller sequence.
        """
        record = self.get(entity, record_id, archived=None)
        visible = rules.visible_fields(self.unit.actor, self.unit.view.entity(entity))
        entries = audit.history(
            self.unit.connection, self.unit.tenant_id, record.id, limit=limit, before=before
        )
        for entry in entries:
            for side in (entry.before, entry.after):
                for path in [path for path in side if path not in visible]:
                    del side[path]
        return entries

    def change(self, entity: Kind, record_id: UUID, sequence: int) -> audit.Entry | None:
        """Read one event of a record's history, without fields hidden from the actor."""
        found = self.history(entity, record_id, limit=1, before=sequence + 1)
        return found[0] if found and found[0].sequence == sequence else None

    def duplicates(
        self, entity: Kind, values: Values, *, id: UUID | None = None, names: bool = True,
    ) -> list[Duplicate]:  # fmt: skip
        """Find living records that probably are the one with these values; two statements.

        Nothing where the tenant wants to hear nothing of them. What cannot be read is left out.

        :param values: as ``create`` takes them; only these are compared.
        :param id: the record that they belong to, which is no duplicate of itself.
        :param names: look for names that are alike too, which takes a search for each word.
        """
        view, values = self.unit.view.entity(entity), by_path(values)
        paths = doubles.watched(self.unit.actor, view)
        sought = Sought(
            values={p: bulk.readable(view.fields[p], values[p]) for p in paths if p in values},
            id=id,
        )
        if any(sought.values.values()):
            doubles.find(self.unit, view, [sought], names=names)
        return sought.found

    # --- writing ---------------------------------------------------------------------------------

    def create(self, entity: Kind, values: Values, *, id: UUID | None = None) -> Record:
        """Make a record.

        :param values: by path or attribute: ``{"subject": …}``, ``{Visit.subject: …}``.
        :raises Invalid: with messages by path.
        :raises Conflict: when the id exists in the tenant.
        """
        view = self.unit.view.entity(entity)
        change = self._new(view, by_path(values), id)
        if id is not None and writing.existing_ids(self.unit, view, [id]):
            raise Conflict(_("A record with id {id} exists already."), id=id)
        written = self._save_one(view, change)
        return self._answer(view, change, written=written)

    def update(
        self, entity: Kind, record_id: UUID, values: Values, *, version: int | None = None
    ) -> Record:
        """Change fields of a record.

        :param values: by path or attribute, as ``create`` takes them.
        :param version: the version that the caller has seen; without it the last one counts.
        :raises NotFound: when the actor may not see it.
        :raises StaleRecord: when it is no longer at that version, with the current record.
        :raises Invalid: with messages by path.
        """
        view = self.unit.view.entity(entity)
        change = self._old(view, record_id, "update")
        self._allow(view, "edit", change)
        loaded, change.errors = load(self.unit.actor, view, by_path(values), partial=True)
        change.values = loaded
        if not change.errors:
            self._check_version(view, record_id, change, version)
        written = self._save_one(view, change)
        return self._answer(view, change, written=written)

    def archive(self, entity: Kind, record_id: UUID, *, version: int | None = None) -> None:
        """Put a record into the recycle bin."""
        view = self.unit.view.entity(entity)
        change = self._old(view, record_id, "archive")
        self._allow(view, "archive", change)
        self._check_version(view, record_id, change, version)
        self._save_one(view, change)

    def restore(self, entity: Kind, record_id: UUID) -> Record:
        """Take a record out of the recycle bin.

        :raises Invalid: when another record holds one of its unique values meanwhile.
        """
        view = self.unit.view.entity(entity)
        change = self._old(view, record_id, "restore", archived=True)
        self._allow(view, "archive", change)
        self._save_one(view, change)
        return self._answer(view, change)

    def purge(self, entity: Kind, ids: Sequence[UUID]) -> list[Outcome]:
        """Remove records of the recycle bin for good, with those that belong to them.

        Only administrators may. The audit keeps a tombstone of each; what refers to a purged
        record and is to stay either loses the reference or keeps the record, as declared.

        :return: one outcome an id, in order: purged or refused.
        :raises Conflict: when rows of a plugin that is not installed refer to one of them.
        """
        view = self.unit.view.entity(entity)
        self._require(view, "archive")
        if not any(grant.is_admin for grant in self.unit.actor.grants):
            raise Forbidden(_("Only an administrator may remove records for good."))
        before = writing.read_before(self.unit, view, ids)
        changes = [
            Change(entity=view, action="purge", id=record_id, before=record,
                   version=record["version"] + 1)
            for record_id, record in before.items()
            if record["archived_at"] is not None
        ]  # fmt: skip
        try:
            with self.unit.connection.begin_nested():
                purging.purge(self.unit, view, changes)
        except IntegrityError as error:
            raise Conflict(
                _("Records of a plugin that is not installed need one of these."),
                hint=_("Install the plugin, or purge its tables first."), code="referenced",
            ) from error  # fmt: skip
        done = {change.id: change for change in changes}
        outcomes = []
        for record_id in ids:
            change = done.get(record_id)
            if change is None:
                missing = Message(
                    _("There is no {entity} {id} in the recycle bin."),
                    {"entity": view.info.one, "id": record_id},
                )
                outcomes.append(Outcome(status="refused", id=record_id, errors={"id": [missing]}))
            elif change.errors:
                outcomes.append(Outcome(status="refused", id=record_id, errors=change.errors))
            else:
                outcomes.append(Outcome(status="purged", id=record_id, version=change.version))
        return outcomes

    def bulk(
        self, entity: Kind, rows: Sequence[Values], *, match: str | None = None,
        ids: Sequence[UUID | None] | None = None, dry_run: bool = False,
        duplicates: Policy = "ignore",
    ) -> list[Outcome]:  # fmt: skip
        """Write many records in sets; one refused row does not stop the others.

        :param match: field by which existing records are found and updated, or `id` for the
            given ids; without it every row is a new record.
        :param ids: ids of the records, row by row.
        :param dry_run: check everything and write nothing.
        :param duplicates: what to do with a new row when there is such a record already: `create`
            it and say so, `skip` it, `update` the record, make it an `error`; or never look.
        :return: one outcome a row, in order.
        """
        view, rows = self.unit.view.entity(entity), [by_path(row) for row in rows]
        match = None if match is None else field_path(match)
        if not dry_run:
            return self._bulk(view, rows, match, ids, duplicates)
        with self.unit.connection.begin_nested() as nested:
            outcomes = self._bulk(view, rows, match, ids, duplicates)
            nested.rollback()
        return outcomes

    def _bulk(
        self, view: EntityView, rows: Sequence[Mapping[str, Any]], match: str | None,
        ids: Sequence[UUID | None] | None, policy: Policy,
    ) -> list[Outcome]:  # fmt: skip
        changes = bulk.plan(self.unit, view, rows, match=match, ids=ids)
        settled = bulk_duplicates.settle(self.unit, view, rows, changes, policy)
        left = settled.left_out()
        now = [change for number, change in enumerate(changes) if number not in left]
        written = {change.id for change in writing.save(self.unit, view, now)}
        outcomes: dict[int, Outcome] = {
            number: Outcome(status="skipped", id=there) for number, there in settled.skipped.items()
        }
        for number, change in enumerate(changes):
            if number not in left:
                outcomes[number] = _outcome(change, written, settled.told.get(number))
        for leader, others in settled.joined.items():
            if changes[leader].errors:
                # One of them is the reason, and the others shall not suffer from it.
                for number in (leader, *others):
                    alone = None if ids is None else [ids[number]]
                    outcomes[number] = self._bulk(view, [rows[number]], match, alone, policy)[0]
                continue
            first = outcomes[leader]
            for number in (leader, *others) if first.status != "unchanged" else ():
                status = "unchanged" if number in settled.same else "updated"
                outcomes[number] = replace(first, status=status)
            if first.status == "created":
                outcomes[leader] = first
            elif first.status == "unchanged":
                outcomes |= dict.fromkeys(others, first)
        return [outcomes[number] for number in range(len(rows))]

    def count_where(self, entity: Kind, *conditions: Wanted) -> int:
        """Count the living records that meet conditions and that the actor may see.

        :param conditions: as the filters of a query: ``Visit.due < today``, ``Filter(…)``. An
            expression may also ask for what is hidden from the actor.
        """
        unit, view = self.unit, self.unit.view.entity(entity)
        statement = living(
            unit.connection, unit.actor, view, func.count(), conditions, action="view"
        )
        return int(unit.connection.execute(statement).scalar_one())

    def update_where(self, entity: Kind, *conditions: Wanted, values: Values) -> int:
        """Change the same fields of all living records that meet conditions, 500 at a time.

        :param conditions: as the filters of a query: ``Visit.due < today``, ``Filter(…)``. An
            expression may also ask for what is hidden from the actor.
        :return: how many were changed.
        """
        unit, view = self.unit, self.unit.view.entity(entity)
        self._require(view, "edit")
        key = view.table.c.id
        statement = living(unit.connection, unit.actor, view, key, conditions, action="edit")
        ids = list(unit.connection.execute(statement.order_by(key)).scalars())
        loaded, errors = load(unit.actor, view, by_path(values), partial=True)
        if errors:
            raise Invalid(errors)
        changed = 0
        for start in range(0, len(ids), 500):
            before = writing.read_before(self.unit, view, ids[start : start + 500])
            changes = [
                Change(entity=view, action="update", id=record_id, before=record,
                       version=record["version"] + 1, values=dict(loaded))
                for record_id, record in before.items()
            ]  # fmt: skip
            written = writing.save(self.unit, view, changes)
            refused = next((c for c in changes if c.errors), None)
            if refused is not None:
                raise Invalid(refused.errors)
            changed += len(written)
        return changed

    # --- parts -----------------------------------------------------------------------------------

    def _require(self, view: EntityView, action: Any) -> None:
        writing.check_writable(self.unit)
        rules.require(self.unit.actor, view, action)

    def _allow(self, view: EntityView, action: Any, change: Change) -> None:
        self._require(view, action)
        writing.check_rows(self.unit, view, [change])

    def _answer(self, view: EntityView, change: Change, *, written: bool = True) -> Record:
        """Give a record as it is now; one given away to others is answered by its id alone.

        It is read back only where something else than the change may decide what it says.
        """
        known = answering.answer(self.unit, view, change, written=written)
        if known is not None:
            return known
        try:
            return self.get(view.name, change.id)
        except (NotFound, Forbidden):
            return Record(entity=view.name, id=change.id, version=change.version)

    def _new(self, view: EntityView, values: Mapping[str, Any], id: UUID | None) -> Change:
        self._require(view, "create")
        return bulk.creation(self.unit, view, loader_for(self.unit.actor, view), values, id)

    def _old(
        self, view: EntityView, record_id: UUID, action: Any, *, archived: bool = False
    ) -> Change:
        """Read and lock a record that the actor may see."""
        before = writing.read_before(self.unit, view, [record_id]).get(record_id)
        seen = before is not None and self._sees(view, before)
        if before is None or not seen or (before["archived_at"] is not None) != archived:
            raise NotFound(_("There is no {entity} {id}."), entity=view.info.one, id=record_id)
        return Change(
            entity=view, action=action, id=record_id, before=before,
            version=before["version"] + 1,
        )  # fmt: skip

    def _sees(self, view: EntityView, before: Mapping[str, Any]) -> bool:
        actor = self.unit.actor
        granted = rules.scope(actor, view, "view")
        ruler = rules.ruler(actor, view)
        if granted == "all" or (granted != "none" and ruler is None):
            return True
        if ruler is view:
            return rules.covers(
                actor, granted, owner_id=before.get("owner_id"), team_id=before.get("team_id")
            ).allowed
        rule = rules.predicate(actor, view, "view")
        statement = select(view.table.c.id).where(
            view.table.c.tenant_id == self.unit.tenant_id, view.table.c.id == before["id"]
        )
        if rule is not None:
            statement = statement.where(rule)
        return self.unit.connection.execute(statement).first() is not None

    def _check_version(
        self, view: EntityView, record_id: UUID, change: Change, version: int | None
    ) -> None:
        if version is not None and version != change.before["version"]:
            raise StaleRecord(
                _("Somebody else saved the record first."),
                hint=_("Look at what it says now, and save again."),
                current=self.get(view.name, record_id, archived=None),
            )

    def _save_one(self, view: EntityView, change: Change) -> bool:
        """Save a change; says whether there was anything to write."""
        written = writing.save(self.unit, view, [change])
        for message in change.errors.get("id", ()):
            # A plugin may refuse a record by its id for reasons of its own: that is no conflict.
            if message.text == writing.ID_TAKEN:
                raise Conflict(message.text, **message.params)
        if change.is_duplicate:
            raise Invalid(change.errors, code="duplicate")
        if change.errors:
            raise Invalid(change.errors)
        return bool(written)


def _outcome(change: Change, written: Collection[UUID], told: object) -> Outcome:
    if change.errors:
        return Outcome(status="refused", errors=change.errors)
    if change.id not in written:
        return Outcome(status="unchanged", id=change.id, version=change.version - 1)
    return Outcome(
        status="created" if change.action == "create" else "updated", id=change.id,
        version=change.version, is_duplicate=told is not None,
    )  # fmt: skip


__all__ = ["Outcome", "Records"]
