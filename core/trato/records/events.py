"""Events: what happened, told to plugins after it was committed, through the queue.

One task for each plugin that hears an event is queued in the transaction in which it happens, so
it is told if, and only if, that commits, and one plugin's failure keeps it from nobody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from trato.errors import DomainError
from trato.plugin import NAME
from trato.records.changes import Change
from trato.records.payloads import misfits
from trato.records.query import Record
from trato.tenancy.tasks import enqueue
from trato.text import _

if TYPE_CHECKING:
    from trato.records.unit import Unit

#: How an event of a record ends, by what was done to it.
WORDS = {
    "create": "created", "update": "changed", "archive": "archived", "restore": "restored",
    "purge": "purged",
}  # fmt: skip
#: Records of one event; a larger save tells several.
BATCH = 500
#: So many events may cause one another; a circle of plugins that answer each other ends there.
DEEPEST = 8
_DEPTH = "events.depth"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a tenant and is committed."""

    #: `clients.client.created`, or what a plugin told: `visits.visit_missed`.
    name: str
    #: The records that it is about; they may have changed since.
    records: tuple[UUID, ...]
    at: dt.datetime
    #: Who did it; none: the system, a job, a connector.
    member_id: UUID | None = None
    #: Of a changed record: the fields that got another value, in any of the records.
    fields: frozenset[str] = frozenset()
    #: What the plugin that told it added.
    data: Mapping[str, Any] = field(default_factory=dict)


def reaction(plugin: str) -> str:
    """Name the job in which a plugin hears events."""
    return f"{plugin}.trato_event"


def hears(wanted: Sequence[str], name: str) -> bool:
    """Tell whether an event is among those that a manifest names; naming none hears all."""
    return not wanted or any(
        one in ("*", name) or (one.endswith(".*") and name.startswith(one[:-1])) for one in wanted
    )


def tell_of_changes(unit: Unit, changes: Sequence[Change]) -> None:
    """Tell of written records, all of one entity, one event for each kind of deed."""
    if not unit.view.listeners:
        return
    by_deed: dict[str, list[Change]] = {}
    for change in changes:
        by_deed.setdefault(WORDS[change.action], []).append(change)
    for word, alike in by_deed.items():
        for start in range(0, len(alike), BATCH):
            some = alike[start : start + BATCH]
            fields = (
                {path for change in some for path in change.changed} if word == "changed" else ()
            )
            _queue(unit, f"{some[0].entity.name}.{word}", [c.id for c in some], fields, {})


def emit(unit: Unit, name: str, data: Mapping[str, Any], records: Sequence[UUID | Record]) -> None:
    """Tell an event of a plugin's own; see ``Unit.emit``."""
    plugin, *words = name.split(".")
    if plugin not in unit.view.enabled or not words or not all(map(NAME.fullmatch, words)):
        raise ValueError(
            f"{name!r} does not name an event; begin with an enabled plugin: visits.visit_missed"
        )
    ids = [record.id if isinstance(record, Record) else record for record in records]
    for start in range(0, max(len(ids), 1), BATCH):
        _queue(unit, name, ids[start : start + BATCH], (), data)


def _queue(
    unit: Unit, name: str, records: Sequence[UUID], fields: Any, data: Mapping[str, Any]
) -> None:
    heard = [plugin for plugin, wanted in unit.view.listeners.items() if hears(wanted, name)]
    if not heard:
        return
    depth = int(str(unit.notes.get(_DEPTH, 0))) + 1
    if depth > DEEPEST:
        raise DomainError(
            _("Events cause one another without an end; the last was '{event}'."),
            hint=_("Let trato_event write only what is not so already."), event=name,
            code="events_circle",
        )  # fmt: skip
    payload = {
        "event": name, "records": list(records), "fields": sorted(fields), "at": unit.now,
        "member_id": unit.actor.member_id, "data": data, "depth": depth,
    }  # fmt: skip
    try:
        plain = orjson.loads(orjson.dumps(payload))
    except TypeError:
        why = ". ".join(misfits(data, where="data", fit=(UUID, dt.date, dt.time)))
        raise TypeError(f"{name}: {why or 'data is no JSON'}") from None
    for plugin in heard:
        enqueue(unit.connection, unit.tenant_id, reaction(plugin), now=unit.now, payload=plain,
                by=unit.actor.member_id)  # fmt: skip


def read(unit: Unit, payload: Mapping[str, Any]) -> Event:
    """Read an event from its task; what the unit tells from now on is caused by it."""
    unit.notes[_DEPTH] = payload["depth"]
    member = payload["member_id"]
    return Event(
        name=payload["event"], records=tuple(map(UUID, payload["records"])),
        at=dt.datetime.fromisoformat(payload["at"]),
        member_id=None if member is None else UUID(member),
        fields=frozenset(payload["fields"]), data=payload["data"],
    )  # fmt: skip
