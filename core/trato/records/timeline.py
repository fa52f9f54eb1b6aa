"""What happened to a record, told by core and by every plugin, merged: the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trato.access import rules
from trato.entities.view import EntityView
from trato.errors import Message
from trato.plugin import Timeline, TimelineEntry
from trato.records import audit, notes
from trato.records.unit import Unit
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Told:
    """An entry with who tells it."""

    plugin: str
    timeline: Timeline
    entry: TimelineEntry


def read(
    unit: Unit, entity: EntityView, record_id: UUID, *, only: str | None = None,
    before: dt.datetime | None = None, limit: int = 20,
) -> tuple[list[Told], dt.datetime | None]:  # fmt: skip
    """Read a page of a record's timeline; the caller has checked that the record may be seen.

    What happened at one moment is never torn apart, so a page may hold more than ``limit``.

    :param only: name of the one timeline that is wanted.
    :return: the entries, and the moment before which the next page begins; None at the end.
    """
    found: list[Told] = []
    for plugin, timeline in unit.view.timelines:
        if only in (None, timeline.name):
            entries = _whole(timeline, unit, entity, record_id, before, limit)
            found += [Told(plugin=plugin, timeline=timeline, entry=entry) for entry in entries]
    found.sort(key=lambda told: told.entry.at, reverse=True)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1].entry.at
    page = [told for told in found if told.entry.at >= last]
    return page, last if len(page) < len(found) else None


def _whole(
    timeline: Timeline, unit: Unit, entity: EntityView, record_id: UUID,
    before: dt.datetime | None, limit: int,
) -> Sequence[TimelineEntry]:  # fmt: skip
    """Read until the page is full and something older is there, so that no moment is torn."""
    size = limit + 1
    while True:
        found = timeline.read(unit, entity, record_id, before, size)
        if len(found) < size or found[-1].at < found[limit - 1].at:
            return found
        size *= 2


def _told_notes(
    unit: Unit, entity: EntityView, record_id: UUID, before: dt.datetime | None, limit: int
) -> list[TimelineEntry]:
    del entity
    return [
        TimelineEntry(
            at=note.created_at, member_id=note.member_id, text=Message(_("wrote a note")),
            content=note,
        )
        for note in notes.read(unit, record_id, before=before, limit=limit)
    ]  # fmt: skip


_ACTIONS = {
    "create": (_("created it"), "plus"), "update": (_("changed"), "pencil"),
    "archive": (_("archived it"), "archive"), "restore": (_("restored it"), "restore"),
    "purge": (_("deleted it for good"), "trash"),
}  # fmt: skip


def _told_changes(
    unit: Unit, entity: EntityView, record_id: UUID, before: dt.datetime | None, limit: int
) -> list[TimelineEntry]:
    """Tell the audit, without fields that are hidden from the actor."""
    visible = rules.visible_fields(unit.actor, entity)
    entries = []
    for change in audit.history(
        unit.connection, unit.tenant_id, record_id, limit=limit, older=before
    ):
        for side in (change.before, change.after):
            for path in [path for path in side if path not in visible]:
                del side[path]
        text, icon = _ACTIONS.get(change.action, (change.action, "pencil"))
        entries.append(
            TimelineEntry(
                at=change.at, member_id=change.member_id, actor=change.actor or "",
                text=Message(text), icon=icon, content=change,
            )
        )  # fmt: skip
    return entries


NOTES = Timeline(name="core.notes", label=_("Notes"), icon="note", read=_told_notes)
CHANGES = Timeline(name="core.changes", label=_("Changes"), icon="pencil", read=_told_changes)
