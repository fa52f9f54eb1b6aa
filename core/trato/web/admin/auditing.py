"""The audit: who changed what, filtered, exported, and checked against its hashes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response as FlaskResponse
from flask import request, stream_with_context
from werkzeug.wrappers import Response

from trato.access import rules
from trato.configuration import document
from trato.db.engine import transaction
from trato.entities.fields import Field
from trato.errors import BadQuery
from trato.exchange.writing import csv_lines
from trato.jobs import queue
from trato.jobs.catalogue import VERIFY, all_jobs
from trato.records import trail
from trato.records.convert import from_json
from trato.records.explaining import ADMINISTER
from trato.records.trail import Event, TrailFilter
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.text import _
from trato.web.addresses import base_url
from trato.web.admin.jobs import queue_now
from trato.web.admin.layout import ROOT, admin, blueprint, done, fragment, page, said
from trato.web.auth import current_host
from trato.web.exchange_tasks import STATES
from trato.web.frame import formats, locale, translator

_PER_PAGE = 50
_ACTIONS = {
    "create": _("Created"), "update": _("Changed"), "archive": _("Archived"),
    "restore": _("Restored"), "purge": _("Deleted for good"),
    "enable": _("Activated"), "disable": _("Switched off"),
    "view_as": _("Looked with their eyes"), "view_as_end": _("Stopped looking with their eyes"),
    "sign_out": _("Signed out everywhere"),
    "emergency_sign_in": _("Entered with the emergency password"),
    "close": _("Closed"), "open": _("Opened again"),
}  # fmt: skip
#: What is audited besides records.
_OTHERS = {
    "core.member": _("People with access"), "core.plugin": _("Modules"),
    "core.tenant": _("Company"), "core.license": _("Licence"),
    "core.configuration": _("Configuration"), "core.list_view": _("Views of lists"),
}  # fmt: skip
#: Who acted where no member did, by the actor's label.
_SYSTEMS = {
    "system": "Trato", "import": _("Trato (import)"), "job": _("Trato (background job)"),
    "demo": _("Trato (demo)"), "config apply": _("Trato (configuration)"),
    "command": _("Trato (command line)"),
}  # fmt: skip
_TONES = {"create": "ok", "update": "info", "archive": "warn", "purge": "bad"}
_FAULTS = {
    "changed": _("says something else than it did"), "broken": _("does not follow the one before"),
    "removed": _("is missing"), "record": _("belongs to a record that nobody deleted"),
    "erased": _("has lost its content"), "rewritten": _("is not the one that was sealed"),
}  # fmt: skip


@blueprint.get("/audit")
def show_audit() -> str:
    """Show what happened, the newest first."""
    chosen = {name: request.args.get(name, "").strip()
              for name in ("entity", "action", "who", "from", "to", "record")}  # fmt: skip
    errors: list[str] = []
    events: list[Event] = []
    after = None
    with current_host().unit(admin(), read=True) as unit:
        try:
            wanted = _wanted(chosen)
            events, after = trail.page(
                unit.connection, unit.tenant_id, wanted, limit=_PER_PAGE,
                cursor=request.args.get("cursor") or None,
            )  # fmt: skip
        except BadQuery as error:
            errors = [said(error.message)]
        rows = list(_Writer(unit).rows(events))
        checks = queue.tasks(unit.connection, unit.tenant_id, job=VERIFY, limit=1)
    kept = urlencode([(name, value) for name, value in chosen.items() if value])
    return page(
        "admin_audit.html", active="audit", title=translator(_("Audit")), errors=errors,
        rows=rows, chosen=chosen, is_filtered=bool(kept), options=_options(),
        more_url=f"{ROOT}/audit?{kept}&cursor={after}" if after else None,
        export_url=f"{ROOT}/audit.csv" + (f"?{kept}" if kept else ""),
        check=_check(checks[0]) if checks else None, may_verify=admin().has(ADMINISTER),
    )  # fmt: skip


@blueprint.get("/audit/check")
def audit_check() -> str:
    """Give the last check again; the page asks while one waits or runs."""
    host, tenant_id = current_host(), admin().tenant_id
    with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
        checks = queue.tasks(connection, tenant_id, job=VERIFY, limit=1)
    return fragment("_admin_check.html", check=_check(checks[0]) if checks else None)


@blueprint.get("/audit.csv")
def export_audit() -> FlaskResponse:
    """Give everything that the filters let through as a CSV file, line by line."""
    chosen = {name: request.args.get(name, "").strip()
              for name in ("entity", "action", "who", "from", "to", "record")}  # fmt: skip
    wanted = _wanted(chosen)
    headers = [translator(text) for text in
               (_("Moment"), _("Who"), _("Action"), _("Kind of record"), _("Record"), _("Id"),
                _("Version"), _("Changes"))]  # fmt: skip
    host, actor, zone = current_host(), admin(), formats().zone

    def lines() -> Iterator[str]:
        with host.unit(actor, read=True) as unit:
            writer = _Writer(unit)
            events = trail.every(unit.connection, unit.tenant_id, wanted)
            yield from csv_lines(headers, writer.cells_of(events), zone=zone)

    answer = FlaskResponse(stream_with_context(lines()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


@blueprint.post("/audit/verify")
def verify_audit() -> Response:
    """Have the chain of every record checked in the background."""
    queue_now(all_jobs(current_host())[VERIFY])
    return done("audit", _("The audit is being verified; the result will stand here."))


# --- filters -------------------------------------------------------------------------------------


def _wanted(chosen: dict[str, str]) -> TrailFilter:
    """Read the filters.

    :raises BadQuery: for a day, person or record that cannot be read.
    """
    who: Any = None
    if chosen["who"]:
        who = "system" if chosen["who"] == "system" else _uuid(chosen["who"])
    since, until = _day(chosen["from"]), _day(chosen["to"])
    return TrailFilter(
        entity=chosen["entity"] or None, action=chosen["action"] or None, who=who,
        record_id=_uuid(chosen["record"]) if chosen["record"] else None,
        since=since, until=until and until + dt.timedelta(days=1),
    )  # fmt: skip


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadQuery(_("'{value}' is no identifier."), value=text) from error


def _day(text: str) -> dt.datetime | None:
    """Give the beginning of a day in the reader's time zone."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadQuery(_("'{value}' is no date."), value=text) from error
    return dt.datetime.combine(day, dt.time(), tzinfo=formats().zone)


def _options() -> dict[str, list[tuple[str, str]]]:
    view = admin().view
    entities = [
        (name, translator(entity.info.titles, entity.info.plugin))
        for name, entity in view.entities.items()
    ]
    return {
        "entity": entities + [(name, translator(text)) for name, text in _OTHERS.items()],
        "action": [(name, translator(text)) for name, text in _ACTIONS.items()],
        "who": [*sorted(((str(m.id), m.name) for m in view.members.values()),
                        key=lambda pair: pair[1].casefold()),
                ("system", translator(_("Nobody: by itself")))],
    }  # fmt: skip


def _check(task: queue.Task) -> dict[str, Any]:
    """Say what the last check found."""
    word, tone, icon = STATES[task.state]
    moment = formats().date_time(task.finished_at or task.created_at)
    made: dict[str, Any] = {"word": translator(word), "tone": tone, "icon": icon,
                            "moment": moment, "faults": [], "text": "",
                            "is_busy": task.state in ("queued", "running")}  # fmt: skip
    if task.state != "done" or not isinstance(task.result, dict):
        return made
    rows, count = formats().number(task.result["rows"]), task.result["count"]
    if count == 0:
        whole = translator(_("All {rows} entries are whole."), rows=rows)
        young = task.result.get("unsealed", {}).get("entries", 0)
        if young:
            whole += " " + translator(
                _("{count} of them wait for tonight's seal."), count=formats().number(young)
            )
        return made | {"text": whole, "tone": "ok"}
    faults = [
        translator(_("Record {id}, entry {number}: {fault}."), id=fault["record_id"],
                   number=fault["sequence"], fault=translator(_FAULTS[fault["kind"]]))
        if fault["record_id"] else translator(_("Seal {number} is missing or was changed."),
                                              number=fault["sequence"])
        for fault in task.result["faults"]
    ]  # fmt: skip
    return made | {
        "tone": "bad", "icon": "alert-triangle", "faults": faults,
        "text": translator(_("{count} of {rows} entries are not as they were written."),
                           count=formats().number(count), rows=rows),
    }  # fmt: skip


# --- what a person reads -------------------------------------------------------------------------


class _Writer:
    """Writes events as the administrator may read them."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.cells = Cells(
            view=unit.view, catalogs=current_host().catalogs, formats=formats(), locale=locale()
        )
        self._visible: dict[str, dict[str, Field]] = {}

    def rows(self, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
        """Describe events for the page."""
        found = list(events)
        labels = self._labels(found)
        for event in found:
            entity = self.unit.view.entities.get(event.entity)
            linked = entity is not None and event.record_id in labels and (
                "list", event.entity) in self.unit.view.screens  # fmt: skip
            yield {
                "when": formats().date_time(event.at), "who": self._who(event),
                "action": {"label": translator(_ACTIONS.get(event.action, event.action)),
                           "tone": _TONES.get(event.action, "calm")},
                "entity": self._kind(event.entity),
                "label": self._label(event, labels),
                "url": f"{base_url(entity)}/{event.record_id}" if entity and linked else None,
                "filter_url": f"{ROOT}/audit?record={event.record_id}",
                # A new record's values are on its own page.
                "changes": [] if entity is not None and event.action == "create"
                else self._changes(event, labels),
            }  # fmt: skip

    def cells_of(self, events: Iterable[Event], *, batch: int = 500) -> Iterator[list[Any]]:
        """Write events as rows of a table, reading the names of records in batches."""
        waiting: list[Event] = []
        for event in events:
            waiting.append(event)
            if len(waiting) == batch:
                yield from self._rows_of(waiting)
                waiting = []
        yield from self._rows_of(waiting)

    def _rows_of(self, events: list[Event]) -> Iterator[list[Any]]:
        labels = self._labels(events)
        for event in events:
            changes = self._changes(event, labels)
            text = "; ".join(f"{c['label']}: {c['before']} → {c['after']}" for c in changes)
            yield [
                event.at, self._who(event), translator(_ACTIONS.get(event.action, event.action)),
                self._kind(event.entity), self._label(event, labels), str(event.record_id),
                event.sequence, text,
            ]  # fmt: skip

    def _who(self, event: Event) -> str:
        if event.member_id is None:
            label = event.actor or "system"
            return translator(_SYSTEMS.get(label, f"Trato ({label})"))
        member = self.unit.view.members.get(event.member_id)
        return member.name if member is not None else str(event.member_id)

    def _kind(self, name: str) -> str:
        entity = self.unit.view.entities.get(name)
        if entity is not None:
            return translator(entity.info.title, entity.info.plugin)
        return translator(_OTHERS[name]) if name in _OTHERS else name

    def _label(self, event: Event, labels: dict[UUID, str]) -> str:
        if event.entity == "core.member":
            member = self.unit.view.members.get(event.record_id)
            return member.name if member is not None else str(event.record_id)
        return labels.get(event.record_id) or event.after.get("name") or str(event.record_id)

    def _labels(self, events: list[Event]) -> dict[UUID, str]:
        """Read the names of the records, and of those that their changes mention."""
        wanted: dict[str, set[UUID]] = {}
        for event in events:
            wanted.setdefault(event.entity, set()).add(event.record_id)
            for path, raw in (*event.before.items(), *event.after.items()):
                field = self._fields(event.entity).get(path)
                if field is not None and field.kind == "ref" and field.target and raw:
                    wanted.setdefault(field.target, set()).add(UUID(raw))
        found: dict[UUID, str] = {}
        for entity, ids in wanted.items():
            read = self.cells.named(entity, self.unit.records.labels(entity, ids))
            self.cells.labels.setdefault(entity, {}).update(read)
            found |= read
        return found

    def _fields(self, name: str) -> dict[str, Field]:
        """Give the fields of a kind of record that the administrator may see."""
        if name not in self._visible:
            entity = self.unit.view.entities.get(name)
            may = entity is not None and rules.decide(self.unit.actor, entity, "view").allowed
            self._visible[name] = (
                dict(rules.visible_fields(self.unit.actor, entity)) if entity and may else {}
            )
        return self._visible[name]

    def _changes(self, event: Event, labels: dict[UUID, str]) -> list[dict[str, str]]:
        """Describe what changed, as far as the administrator may see the record."""
        entity = self.unit.view.entities.get(event.entity)
        if entity is None:
            return _act(event)
        limited = rules.predicate(self.unit.actor, entity, "view") is not None
        if limited and event.record_id not in labels:
            return []
        fields = self._fields(event.entity)
        return [
            {"label": self.cells.label(fields[path]),
             "before": self._value(fields[path], event.before.get(path)),
             "after": self._value(fields[path], event.after.get(path))}
            for path in sorted({*event.before, *event.after}) if path in fields
        ]  # fmt: skip

    def _value(self, field: Field, raw: Any) -> str:
        if raw is None:
            return ""
        text = self.cells.plain(field)(from_json(field, raw))
        return text if len(text) <= 120 else f"{text[:117]}…"


def _act(event: Event) -> list[dict[str, str]]:
    """Describe an act of administration; the names are those of configuration documents."""
    if event.entity not in _OTHERS:
        return []
    return [
        {"label": name, "before": _written(pair[0]), "after": _written(pair[1])}
        for name, pair in sorted(dict(event.after.get("changes") or {}).items())
        if _written(pair[0]) != _written(pair[1])
    ]


def _written(value: Any) -> str:
    """Write a part of a configuration as its document does, on one line."""
    if value in (None, "", [], {}):
        return ""
    text = value if isinstance(value, str) else document.write({"": value}).partition(":")[2]
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:117]}…"
