"""What is derived of existing values, made anew once own fields are declared otherwise.

Of few records at once, in the transaction of the change; of many as a task, in a transaction for
each batch, because a page cannot wait for it. Both go the same way. Until a task is done nobody
sorts, filters or matches by the field: half an index would leave records out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from trato.access.actor import Actor
from trato.configuration.plan import Step
from trato.configuration.state import State
from trato.db.engine import transaction
from trato.entities.fields import LIST_KINDS
from trato.entities.view import EntityView
from trato.errors import DomainError, Invalid, Message, joined
from trato.host import Host
from trato.records import backfill
from trato.records.backfill import Duplicate
from trato.records.unit import Unit
from trato.tenancy.own_fields import OwnField, read_own_fields, save_own_field
from trato.tenancy.tasks import enqueue
from trato.text import _

JOB = "core.refill_fields"
#: Records that a page makes anew while one waits; more than a second's work goes to the queue.
AT_ONCE = 2_000
#: Kinds whose typed rows are read whatever is declared.
_ALWAYS = LIST_KINDS | {"ref"}
_IN_THE_WAY = _("'{value}' stands in {count} records, such as {records}.")


@dataclass(frozen=True, kw_only=True)
class Refill:
    """What of an entity's records is to be made anew."""

    entity: str
    #: Keys of own fields whose typed rows are made or removed; those that shall be unique.
    rows: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    #: Whether the searched texts are.
    texts: bool = False

    @classmethod
    def load(cls, payload: Mapping[str, Any]) -> Refill:
        """Read it from a task's payload."""
        return cls(
            entity=payload["entity"], rows=tuple(payload["rows"]),
            unique=tuple(payload["unique"]), texts=payload["texts"],
        )  # fmt: skip

    def dump(self) -> dict[str, Any]:
        """Write it as a task's payload."""
        return {"entity": self.entity, "rows": list(self.rows), "unique": list(self.unique),
                "texts": self.texts}  # fmt: skip


def needed(state: State, steps: Sequence[Step]) -> list[Refill]:
    """Say what changed declarations ask for, by entity."""
    found: dict[str, Refill] = {}
    for step in steps:
        own = step.wanted
        if not isinstance(own, OwnField) or step.action not in ("change", "retire"):
            continue
        before = state.fields[own.entity, own.key]
        refill = found.get(own.entity, Refill(entity=own.entity))
        if own.active and _index_differs(before, own):
            refill = replace(refill, rows=(*refill.rows, own.key))
            if own.unique:
                refill = replace(refill, unique=(*refill.unique, own.key))
        if _search_differs(before, own):
            refill = replace(refill, texts=True)
        if refill.rows or refill.texts:
            found[own.entity] = refill
    return [found[name] for name in sorted(found)]


def _index_differs(before: OwnField, after: OwnField) -> bool:
    """Tell whether typed rows are to be made anew; those of a retired field were left alone."""
    return (before.indexed, before.unique, before.active) != (
        after.indexed, after.unique, after.active,
    )  # fmt: skip


def _search_differs(before: OwnField, after: OwnField) -> bool:
    was, will = before.active and before.searchable, after.active and after.searchable
    return was != will or (will and before.choices != after.choices)


def is_much(unit: Unit, wanted: Refill) -> bool:
    """Tell whether a page should not wait for it."""
    table = unit.view.entity(wanted.entity).table
    some = select(table.c.id).where(table.c.tenant_id == unit.tenant_id).limit(AT_ONCE + 1)
    count = unit.connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return int(count) > AT_ONCE


def do(unit: Unit, wanted: Refill, *, progress: backfill.Progress | None) -> None:
    """Do it at once, inside the caller's transaction.

    :raises Invalid: by path in a document, when values stand in the way of being unique; the
        caller then rolls back.
    """

    @contextmanager
    def the_same() -> Iterator[Unit]:
        yield unit

    paths = [f"custom.{key}" for key in wanted.rows]
    backfill.refill(the_same, wanted.entity, paths, texts=wanted.texts, progress=progress)
    refused: dict[str, list[Message]] = {}
    entity = unit.view.entity(wanted.entity)
    for key in wanted.unique:
        found = backfill.make_unique(unit, entity, entity.fields[f"custom.{key}"])
        if found:
            refused[f"fields.{wanted.entity}.{key}.unique"] = [_said(one) for one in found]
    if refused:
        raise Invalid(
            refused, _("The configuration was not applied."),
            hint=_("Nothing was changed. Give these records different values first."),
            code="bad_configuration",
        )  # fmt: skip


def queue(
    connection: Connection, tenant_id: int, wanted: Refill, *, now: Any, actor: Actor | None
) -> None:
    """Leave it to a task, in the name of whoever asks; the fields have no index meanwhile."""
    _mark(connection, tenant_id, wanted, filling=True)
    enqueue(
        connection,
        tenant_id,
        JOB,
        now=now,
        payload=wanted.dump(),
        by=None if actor is None else actor.member_id,
    )


def do_in_background(
    host: Host, tenant_id: int, wanted: Refill, *, report: Callable[[int, int | None], None]
) -> int:
    """Do what ``queue`` has left; doing it again, or after a crash, is right.

    :param report: told the records done and those there are.
    :return: how many records were made anew.
    :raises DomainError: when values stand in the way of being unique; the field stays as it is
        without that.
    """

    @contextmanager
    def units() -> Iterator[Unit]:
        with host.unit(host.system(tenant_id, via="job", label="job")) as unit:
            yield unit

    with transaction(host.engine, tenant_id=tenant_id) as connection:
        # Tried again after values stood in the way: it shall be unique once more.
        for own in _own(connection, tenant_id, wanted, wanted.unique):
            if not own.unique:
                kept = replace(own, unique=True, filling=True)
                save_own_field(connection, tenant_id, kept)
    with units() as unit:
        total = _count(unit, unit.view.entity(wanted.entity))
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        report(done, total)

    paths = [f"custom.{key}" for key in wanted.rows]
    count = backfill.refill(units, wanted.entity, paths, texts=wanted.texts, progress=progress)
    # First, so that whoever writes from now on is checked; then what was there is.
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        _mark(connection, tenant_id, wanted, filling=False)
    refused = {key: told for key in wanted.unique if (told := _make_unique(units, wanted, key))}
    if refused:
        with transaction(host.engine, tenant_id=tenant_id) as connection:
            for own in _own(connection, tenant_id, wanted, [*refused]):
                save_own_field(connection, tenant_id, replace(own, unique=False))
        # Without an index of its own it needs no typed rows any more.
        backfill.refill(units, wanted.entity, [f"custom.{key}" for key in refused], texts=False)
        values = joined((one for told in refused.values() for one in told), separator=" ")
        raise DomainError(
            _("The field does not become unique. {values} Give these records different values, "
              "and try again."),
            values=values, code="not_unique",
        )  # fmt: skip
    return count


def _make_unique(units: backfill.Units, wanted: Refill, key: str) -> list[Message]:
    with units() as unit:
        entity = unit.view.entity(wanted.entity)
        field = entity.fields.get(f"custom.{key}")
        if field is None or not field.unique:  # declared otherwise meanwhile
            return []
        return [_said(one) for one in backfill.make_unique(unit, entity, field)]


def _mark(connection: Connection, tenant_id: int, wanted: Refill, *, filling: bool) -> None:
    for own in _own(connection, tenant_id, wanted, wanted.rows):
        waits = filling and (own.indexed or own.unique) and own.kind not in _ALWAYS
        if own.filling != waits:
            save_own_field(connection, tenant_id, replace(own, filling=waits))


def _own(
    connection: Connection, tenant_id: int, wanted: Refill, keys: Sequence[str]
) -> list[OwnField]:
    stored = read_own_fields(connection, tenant_id)
    found = [stored.get((wanted.entity, key)) for key in keys]
    return [own for own in found if own is not None and own.active]


def _count(unit: Unit, entity: EntityView) -> int:
    counted = select(func.count()).where(entity.table.c.tenant_id == unit.tenant_id)
    return int(unit.connection.execute(counted.select_from(entity.table)).scalar_one())


def _said(found: Duplicate) -> Message:
    return Message(
        _IN_THE_WAY,
        {"value": found.value, "count": found.count, "records": ", ".join(found.records)},
    )
