"""The timeline of a record: notes, changes and what plugins tell, by day, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from jinja2.utils import urlize
from markupsafe import Markup

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.records import notes, owning, timeline
from trato.records.audit import Entry
from trato.records.convert import from_json, to_json
from trato.records.explaining import decide
from trato.records.notes import MENTION, Note
from trato.records.query import Record
from trato.records.timeline import CHANGES, NOTES, Told
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.text import _
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.frame import formats, locale, translator

PAGE_SIZE = 20
#: A longer value is cut where a change is told.
_LONGEST = 120

#: Who acted where no member did, by the actor's label.
_SYSTEMS = {
    "system": "Trato", "import": _("Trato (import)"), "job": _("Trato (background job)"),
    "demo": _("Trato (demo)"), "config apply": _("Trato (configuration)"),
}  # fmt: skip


class TimelinePage:
    """Makes everything that `_history.html` shows.

    :param only: name of the one timeline that is wanted; what is none means all.
    :param before: where a further page begins.
    """

    def __init__(
        self, unit: Unit, entity: EntityView, record: Record, cells: Cells, *, only: str = "",
        before: dt.datetime | None = None,
    ) -> None:  # fmt: skip
        self.unit, self.entity, self.record, self.cells = unit, entity, record, cells
        known = {told.name for _plugin, told in unit.view.timelines}
        self.only = only if only in known else ""
        self.before = before
        self.visible = rules.visible_fields(unit.actor, entity)
        kept = owning.kept(unit, entity, record.id)
        self.writable = rules.writable_fields(unit.actor, entity).keys() - kept.keys()
        self.url = f"{base_url(entity)}/{record.id}"

    def page(self, *, typed: str = "", error: str = "") -> dict[str, Any]:
        """Read a page of entries and make it.

        :param typed: a note that was refused, with the reason in ``error``.
        """
        found, more = timeline.read(
            self.unit, self.entity, self.record.id, only=self.only or None, before=self.before,
            limit=PAGE_SIZE,
        )  # fmt: skip
        self._load_labels(told.entry.content for told in found)
        writes = notes.may_write(self.unit, self.entity)
        return {
            "items": self._items(found, writes), "url": self.url, "only": self.only,
            "filters": self._filters(), "writes": writes, "typed": typed, "error": error,
            "more_query": self._query(self.only, more) if more else None,
            "version": self.record.version, "is_further": self.before is not None,
        }  # fmt: skip

    def _filters(self) -> list[dict[str, Any]]:
        kinds = [("", _("All"), "core")]
        kinds += [(told.name, told.label, plugin) for plugin, told in self.unit.view.timelines]
        return [
            {"label": translator(label, plugin), "query": self._query(name, None),
             "is_active": name == self.only}
            for name, label, plugin in kinds
        ]  # fmt: skip

    def _query(self, only: str, before: dt.datetime | None) -> str:
        pairs = {"timeline": only, "before": before.isoformat() if before else ""}
        return urlencode({key: text for key, text in pairs.items() if text})

    def _items(self, found: list[Told], writes: bool) -> list[dict[str, Any]]:
        """Make the entries, each first one of a day under the day's name."""
        written = self.cells.formats
        last = None if self.before is None else self.before.astimezone(written.zone).date()
        edits = (
            not self.record.is_archived and not self.unit.view.read_only
            and decide(self.unit, self.unit.actor, self.entity, self.record, "edit").allowed
        )  # fmt: skip
        items = []
        for told in found:
            day = told.entry.at.astimezone(written.zone).date()
            items.append(
                self._entry(told, writes, edits)
                | {
                    "day": self._day(day) if day != last else None,
                }
            )
            last = day
        return items

    def _day(self, day: dt.date) -> str:
        written = self.cells.formats
        text = written.date_long(day)
        near = (written.today() - day).days
        return f"{written.relative(day).capitalize()}, {text}" if near in (0, 1) else text

    def _entry(self, told: Told, writes: bool, edits: bool) -> dict[str, Any]:
        entry, content = told.entry, told.entry.content
        member = self.unit.view.members.get(entry.member_id) if entry.member_id else None
        host, language = current_host(), locale()
        made: dict[str, Any] = {
            "at": entry.at.isoformat(), "time": self.cells.formats.time(entry.at),
            "who": member.name if member else self._system(entry.actor or "system"),
            "text": host.catalogs.message(entry.text, language, domain=told.plugin),
            "detail": entry.detail, "url": entry.url, "icon": entry.icon or told.timeline.icon,
            "changes": [], "note": None,
        }  # fmt: skip
        if told.timeline is NOTES:
            made["note"] = self._note(content, writes)
        elif told.timeline is CHANGES and content.action == "update":
            made["changes"] = list(self._changes(content, edits))
        return made

    def _system(self, label: str) -> str:
        """Name what acted for nobody; a plugin's own label is shown as it is.

        A connector writes under its name, and people know it by its title.
        """
        connector = current_host().registry.connectors.get(label)
        if connector is not None:
            return f"Trato ({translator(connector.title, label.partition('.')[0])})"
        return translator(_SYSTEMS.get(label, f"Trato ({label})"))

    def _note(self, note: Note, writes: bool) -> dict[str, Any]:
        own = writes and note.member_id == self.unit.actor.member_id
        edited = note.edited_at
        return {
            "html": note_html(note.text), "url": f"{self.url}/notes/{note.id}" if own else None,
            "typed": notes.unmark(self.unit.view, note.text) if own else "",
            "edited": self.cells.formats.date_time(edited) if edited else "",
        }  # fmt: skip

    def _changes(self, change: Entry, edits: bool) -> Iterable[dict[str, Any]]:
        for path in sorted({*change.before, *change.after}):
            field = self.visible.get(path)
            if field is None:
                continue
            now = to_json(field, self.record.values.get(path))
            before, after = change.before.get(path), change.after.get(path)
            offered = edits and path in self.writable and now != before
            yield {
                "label": self.cells.label(field), "before": self._past(field, before),
                "after": self._past(field, after),
                "restore": f"{change.sequence}:{path}" if offered else None,
                "is_last": now == after,
            }  # fmt: skip

    def _past(self, field: Field, raw: Any) -> str:
        if raw is None:
            return ""
        text = self.cells.plain(field)(from_json(field, raw))
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"

    def _load_labels(self, contents: Iterable[Any]) -> None:
        """Read the labels of all records that changes name: one statement a target."""
        wanted: dict[str, set[UUID]] = {}
        for change in contents:
            if not isinstance(change, Entry):
                continue
            for side in (change.before, change.after):
                for path, value in side.items():
                    field = self.visible.get(path)
                    if field is not None and field.kind == "ref" and field.target and value:
                        wanted.setdefault(field.target, set()).add(UUID(value))
        for target, ids in wanted.items():
            known = self.cells.labels.setdefault(target, {})
            if missing := ids - known.keys():
                found = self.unit.records.labels(target, missing)
                known.update(self.cells.named(target, found))


def timeline_page(
    unit: Unit, entity: EntityView, record: Record, cells: Cells | None = None
) -> TimelinePage:
    """Make the timeline that the address asks for: `?timeline=core.notes&before=…`."""
    try:
        before = dt.datetime.fromisoformat(request.args.get("before", ""))
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    cells = cells or Cells(
        view=unit.view, catalogs=current_host().catalogs, formats=formats(), locale=locale()
    )
    return TimelinePage(
        unit, entity, record, cells, only=request.args.get("timeline", ""), before=before
    )


def note_html(text: str) -> Markup:
    """Write a note's text: nothing in it is markup; addresses become links, mentions stand out."""
    made, at = [], 0
    for found in MENTION.finditer(text):
        made.append(_linked(text[at : found.start()]))
        made.append(Markup('<b class="t-mention">@{}</b>').format(found[1]))
        at = found.end()
    made.append(_linked(text[at:]))
    return Markup("").join(made)


def _linked(text: str) -> Markup:
    # It escapes the text itself.
    html = urlize(text, rel="noopener nofollow ugc", target="_blank")
    return Markup(html)  # noqa: S704 - see above
