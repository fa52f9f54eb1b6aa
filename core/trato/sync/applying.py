"""What a page of a stream changes here: finds each thing's record, writes what may be written."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.db.types import new_id
from trato.entities.fields import Field
from trato.errors import DomainError, Message
from trato.plugin import entity_name, field_path
from trato.records import uniqueness, writing
from trato.records.bulk import match_key
from trato.records.convert import Refused, load_value
from trato.records.unit import Unit
from trato.sync import links, review
from trato.sync.connector import Item, Linked, Stream, canonical
from trato.sync.running import Run
from trato.text import _


def apply(
    run: Run, unit: Unit, stream: Stream, items: Sequence[Item], *, pass_id: UUID | None
) -> Counter[str]:
    """Write what a page brings, inside the caller's transaction.

    :param pass_id: the pass in which the items were seen; None outside one.
    :return: how many were seen, created, updated, unchanged, linked, skipped, gone, and wait for
        review.
    """
    return _Page(run, unit, stream, pass_id).apply(items)


class _Page:
    def __init__(self, run: Run, unit: Unit, stream: Stream, pass_id: UUID | None) -> None:
        self.run, self.unit, self.stream, self.pass_id = run, unit, stream, pass_id
        self.entity = stream.entity_name
        self.view = unit.view.entity(self.entity)
        self.db, self.now = unit.connection, unit.now
        self.counts: Counter[str] = Counter()
        #: Linked in this page or before, by key.
        self.links: dict[str, Any] = {}
        #: What is to be noted of links, and what has found its record; written once a page.
        self.seen: dict[str, dict[str, Any]] = {}
        self.answered: set[str] = set()

    def apply(self, items: Sequence[Item]) -> Counter[str]:
        # A page that shows a thing twice means its last word.
        by_key = {item.key: item for item in items}
        self.counts["seen"] = len(by_key)
        self.links = links.by_key(self.db, self.run.tenant_id, self.run.name, self.entity, by_key)
        values = self._resolved([item for item in by_key.values() if not item.removed])
        known = [item for key, item in by_key.items() if key in self.links]
        strange = [i for k, i in by_key.items() if k not in self.links and not i.removed]
        self._update(known, values)
        self._place(strange, values)
        links.change_each(self.db, self.run.tenant_id, self.run.name, self.entity, self.seen)
        review.remove(self.db, self.run, self.stream.name, self.answered)
        return +self.counts

    # --- things that have a record ---------------------------------------------------------------

    def _update(self, items: Sequence[Item], values: Mapping[str, Any]) -> None:
        there = writing.read_before(
            self.unit, self.view, [self.links[item.key].record_id for item in items], lock=False
        )
        rows: list[dict[str, Any]] = []
        changed: list[tuple[Item, UUID, str]] = []
        for item in items:
            link = self.links[item.key]
            if item.removed:
                if link.missing_at is None:
                    leave(self.run, self.unit, self.stream, item.key, link.record_id)
                    self.counts["gone"] += 1
                continue
            given = values[item.key]
            if isinstance(given, Message):
                self._ask(item, {}, (), [given])
                continue
            digest = _digest(self.stream, given)
            record = there.get(link.record_id)
            if record is None or record["archived_at"] is not None:
                self._see(item.key)  # people have taken it out here; that stands
                self.counts["skipped"] += 1
            elif link.received_hash == digest:
                self._see(item.key)
                self.counts["unchanged"] += 1
            else:
                owned = {p: v for p, v in given.items() if p in self.stream.owned_paths}
                rows.append(owned)
                changed.append((item, link.record_id, digest))
        if not rows:
            return
        outcomes = self.unit.records.bulk(
            self.entity, rows, match="id", ids=[record_id for _i, record_id, _d in changed]
        )
        for (item, record_id, digest), outcome in zip(changed, outcomes, strict=True):
            if outcome.status == "refused":
                self._ask(item, values[item.key], (record_id,), _reasons(outcome.errors))
            else:
                self.counts[outcome.status] += 1
                self._see(item.key, received_hash=digest, sent_hash=None)
                self.answered.add(item.key)

    def _see(self, key: str, **values: Any) -> None:
        link = self.links[key]
        if self.stream.whole and self.pass_id is not None:
            values |= {"stream": self.stream.name, "pass_id": self.pass_id}
        if link.missing_at is not None:
            values["missing_at"] = None
        if "received_hash" in values:
            values["changed_at"] = self.now
        if values:
            self.seen.setdefault(key, {}).update(values)

    # --- things that have none -------------------------------------------------------------------

    def _place(self, items: Sequence[Item], values: Mapping[str, Any]) -> None:
        ignored = review.ignored(self.db, self.run, self.stream.name, [i.key for i in items])
        self.counts["skipped"] += len(ignored)
        items = [item for item in items if item.key not in ignored]
        good = [item for item in items if not isinstance(values[item.key], Message)]
        for item in items:
            if isinstance(values[item.key], Message):
                self._ask(item, {}, (), [values[item.key]])
        candidates = self._candidates(good, values)
        taken = links.by_record(
            self.db, self.run.tenant_id, self.run.name, self.entity,
            {record_id for found in candidates.values() for record_id in found},
        )  # fmt: skip
        claims = Counter(found[0] for found in candidates.values() if len(found) == 1)
        new: list[Item] = []
        found_once: dict[str, UUID] = {}
        for item in good:
            found = candidates[item.key]
            if len(found) == 1 and found[0] not in taken and claims[found[0]] == 1:
                found_once[item.key] = found[0]
            elif found:
                shared = len(found) == 1 and claims[found[0]] > 1
                self._ask(item, values[item.key], found, [_unclear(len(found), shared)])
            elif self.stream.new == "create":
                new.append(item)
            elif self.stream.new == "review":
                self._ask(item, values[item.key], (), [Message(_("There is no such record yet."))])
            else:
                self.counts["skipped"] += 1
        self._link(found_once, [item for item in good if item.key in found_once], values)
        self._create(new, values)

    def _link(
        self, pairs: Mapping[str, UUID], items: Sequence[Item], values: Mapping[str, Any]
    ) -> None:
        """Link things to the records that they mean, and let them say what they rule."""
        links.add(self.db, self.run.tenant_id, self.run.name, self.entity, pairs, now=self.now)
        self.counts["linked"] += len(pairs)
        self.links |= links.by_key(self.db, self.run.tenant_id, self.run.name, self.entity, pairs)
        for key in pairs:
            self._see(key)
            self.answered.add(key)
        self._update(items, values)

    def _create(self, items: Sequence[Item], values: Mapping[str, Any]) -> None:
        if not items:
            return
        ids = [new_id() for _item in items]
        outcomes = self.unit.records.bulk(
            self.entity, [values[item.key] for item in items], ids=ids
        )
        made: dict[str, UUID] = {}
        for item, record_id, outcome in zip(items, ids, outcomes, strict=True):
            if outcome.status == "refused":
                self._ask(item, values[item.key], (), _reasons(outcome.errors))
            else:
                made[item.key] = record_id
                self.answered.add(item.key)
        self.counts["created"] += len(made)
        links.add(self.db, self.run.tenant_id, self.run.name, self.entity, made, now=self.now)
        self.links |= links.by_key(self.db, self.run.tenant_id, self.run.name, self.entity, made)
        for key in made:
            self._see(key, received_hash=_digest(self.stream, values[key]))

    def _candidates(
        self, items: Sequence[Item], values: Mapping[str, Any]
    ) -> dict[str, tuple[UUID, ...]]:
        """Find the living records that things may mean, by the first field that finds any."""
        found: dict[str, tuple[UUID, ...]] = {item.key: () for item in items}
        for path in self.stream.match_paths:
            field = self.view.fields[path]
            keys = {
                item.key: match_key(field, values[item.key].get(path))
                for item in items if not found[item.key] and values[item.key].get(path) is not None
            }  # fmt: skip
            wanted = [values[k][path] for k, match in keys.items() if match is not None]
            holding = self._holding(field, wanted)
            for key, match in keys.items():
                if match is not None:
                    found[key] = tuple(holding.get(match, ()))
        return found

    def _holding(self, field: Field, wanted: Sequence[Any]) -> dict[Any, list[UUID]]:
        loaded = []
        for value in wanted:
            try:
                loaded.append(load_value(field, value))
            except Refused:
                continue
        if not loaded:
            return {}
        return uniqueness.holding(self.db, self.run.tenant_id, self.view, field, loaded)

    # --- parts -----------------------------------------------------------------------------------

    def _resolved(self, items: Sequence[Item]) -> dict[str, Any]:
        """Give each thing's values by path, or a message where a reference leads nowhere yet."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for item in items:
            for value in item.values.values():
                if isinstance(value, Linked):
                    wanted[entity_name(value.entity)].add(value.key)
        there = {
            entity: links.by_key(self.db, self.run.tenant_id, self.run.name, entity, keys)
            for entity, keys in wanted.items()
        }
        return {item.key: self._values(item, there) for item in items}

    def _values(self, item: Item, there: Mapping[str, Mapping[str, Any]]) -> Any:
        values: dict[str, Any] = {}
        for name, value in item.values.items():
            if isinstance(value, Linked):
                entity = entity_name(value.entity)
                link = there[entity].get(value.key)
                if link is None:
                    view = self.unit.view.entities.get(entity)
                    return Message(
                        _("It refers to '{key}' ({title}), which is not linked to a record yet."),
                        {"key": value.key, "title": view.info.one if view else entity},
                    )
                value = str(link.record_id)
            values[field_path(name)] = value
        return values

    def _ask(
        self, item: Item, values: Any, candidates: Sequence[UUID], reasons: Sequence[Message]
    ) -> None:
        """Let a person decide; the thing counts as seen, or the pass would take it for gone."""
        if item.key in self.links:
            self._see(item.key)
        self.answered.discard(item.key)
        self.counts["review"] += 1
        review.put(
            self.db, self.run, self.stream, item,
            values=values if isinstance(values, Mapping) else {}, candidates=candidates,
            reasons=reasons, now=self.now,
        )  # fmt: skip


def leave(run: Run, unit: Unit, stream: Stream, key: str, record_id: Any) -> None:
    """Note that a thing is gone there, and put its record into the bin where the stream says so."""
    entity = stream.entity_name
    links.change(unit.connection, run.tenant_id, run.name, entity, key, missing_at=unit.now,
                 received_hash=None)  # fmt: skip
    if stream.gone == "archive":
        try:
            unit.records.archive(entity, record_id)
        except DomainError as error:
            if error.status != 404:  # it is in the bin already, or gone for good
                raise


def _digest(stream: Stream, values: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{stream.name}\n{canonical(values)}".encode()).hexdigest()


def _unclear(count: int, shared: bool) -> Message:
    if shared:
        return Message(_("Several things of the other system seem to be the same record."))
    if count == 1:
        return Message(_("The record that it seems to be is linked to something else already."))
    return Message(_("{count} records may be meant."), {"count": count})


def _reasons(errors: Mapping[str, Sequence[Message]]) -> list[Message]:
    return [
        Message("{path}: {reason}", {"path": path, "reason": message}) if path else message
        for path, messages in errors.items()
        for message in messages
    ]
