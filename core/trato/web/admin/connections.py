"""Connections with other systems: how each stands, what could not be sent, what waits for review.

Nothing here calls another system: a page that did would wait for it. Runs are queued.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.db.engine import transaction
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import DomainError
from trato.records.convert import Refused, load_value
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.screens.cells import Cells, beside
from trato.sync import deciding, review
from trato.sync.status import (
    TROUBLED,
    ConnectorStatus,
    SentDocument,
    StreamStatus,
    connectors_of,
    discard,
    documents,
    retry,
    run_now,
    status,
)
from trato.text import _
from trato.web.addresses import base_url
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, said, told
from trato.web.auth import current_host
from trato.web.frame import Crumb, formats, locale, translator
from trato.web.lists import load_labels

BASE = f"{ROOT}/connections"
#: State, its word, tone and icon.
STATES = {
    "works": (_("Works"), "ok", "circle-check"),
    "fails": (_("Fails"), "bad", "alert-circle"),
    "not_set_up": (_("Not set up"), "warn", "settings"),
    "never_ran": (_("Has not run yet"), "calm", "clock"),
}
DOCUMENTS = {
    "pending": (_("Waiting"), "info", "clock"),
    "sending": (_("Being sent"), "accent", "send"),
    "accepted": (_("Taken, not confirmed yet"), "info", "hourglass"),
    "to_verify": (_("To verify"), "warn", "help-circle"),
    "rejected": (_("Refused there"), "bad", "alert-circle"),
    "confirmed": (_("Confirmed"), "ok", "check"),
    "cut": (_("Cut off"), "warn", "help-circle"),
}
#: What a pass counts, in the order in which it is shown.
COUNTS = {
    "seen": _("read"), "created": _("new"), "linked": _("linked"), "updated": _("changed"),
    "unchanged": _("unchanged"), "skipped": _("left out"), "gone": _("gone"),
    "review": _("to review"),
}  # fmt: skip
_SHOWN = 50


@blueprint.get("/connections")
def list_connections() -> str:
    """Show the connections of the company."""
    rows = [{**_summary(one), "url": f"{BASE}/{one.name}"} for one in _status()]
    return page("admin_connections.html", active="connections",
                title=translator(_("Connections")), rows=rows)  # fmt: skip


@blueprint.get("/connections/<name>")
def show_connection(name: str) -> str:
    """Show one connection: its streams, its documents, and what waits for review."""
    return _page(name)


@blueprint.post("/connections/<name>/<any(run, check, retry):action>")
def use_connection(name: str, action: str) -> Response:
    """Queue a run, a check, or everything that waits."""
    _known(name)
    _check_writable()
    host, actor = current_host(), admin()
    text = _("It runs in a moment. Reload the page to see what came of it.")
    with transaction(host.engine, tenant_id=actor.tenant_id) as db:
        if action == "retry":
            retry(db, actor.tenant_id, name, now=host.clock())
            text = _("Everything that waits is sent in a moment.")
        else:
            payload = {"only": "check"} if action == "check" else {}
            run_now(db, actor.tenant_id, name, now=host.clock(), by=actor.member_id, **payload)
    return done(f"connections/{name}", text)


@blueprint.post("/connections/<name>/documents/<uuid:id>/<any(retry, discard):action>")
def change_document(name: str, id: UUID, action: str) -> Response | tuple[str, int]:
    """Send a document again, or give up one that was refused."""
    _known(name)
    _check_writable()
    host, tenant_id = current_host(), admin().tenant_id
    try:
        with transaction(host.engine, tenant_id=tenant_id) as db:
            if action == "retry":
                retry(db, tenant_id, name, now=host.clock(), id=id)
            else:
                discard(db, tenant_id, name, id)
    except DomainError as error:
        if error.status == 404:
            raise
        return _page(name, told(error)), 422
    again = _("It is sent again in a moment.")
    return done(f"connections/{name}", again if action == "retry" else _("It is not sent."))


@blueprint.get("/connections/review/<uuid:id>")
def show_review(id: UUID) -> str:
    """Show something that was received, and the records that it may be."""
    return _review_page(id)


@blueprint.post("/connections/review/<uuid:id>")
def decide_review(id: UUID) -> Response | tuple[str, int]:
    """Say which record it is, that it is a new one, or that it is not wanted."""
    host, tenant_id = current_host(), admin().tenant_id
    with transaction(host.engine, tenant_id=tenant_id, read=True) as db:
        found = review.find(db, tenant_id, id)
    _known(found.connector)
    _check_writable()
    decision = request.form.get("decision", "")
    try:
        if decision == "create":
            deciding.decide_create(host, tenant_id, id)
        elif decision == "ignore":
            with transaction(host.engine, tenant_id=tenant_id) as db:
                review.decide_ignore(db, tenant_id, id)
        else:
            deciding.decide_link(host, tenant_id, id, _record(decision))
    except DomainError as error:
        lines = told(error)
        for messages in getattr(error, "errors", {}).values():
            lines += [said(message) for message in messages]
        return _review_page(id, lines), 422
    return done(f"connections/{found.connector}", _("It is decided."))


def _record(decision: str) -> UUID:
    try:
        return UUID(decision)
    except ValueError as error:
        raise DomainError(_("Say which record it is."), code="undecided") from error


def _known(name: str) -> Any:
    found = connectors_of(current_host(), admin().view).get(name)
    if found is None:
        raise HttpNotFound
    return found


def _check_writable() -> None:
    """Refuse what changes something while the licence is over."""
    with current_host().unit(admin(), read=True) as unit:
        check_writable(unit)


def _status() -> list[ConnectorStatus]:
    host, actor = current_host(), admin()
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as db:
        return status(host, db, actor.view)


def _page(name: str, errors: Sequence[str] = ()) -> str:
    _known(name)
    host, actor = current_host(), admin()
    one = next(one for one in _status() if one.name == name)
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as db:
        found = documents(db, actor.tenant_id, name, limit=_SHOWN)
        waiting = review.waiting(db, actor.tenant_id, connector=name, limit=_SHOWN)
    labels = _labels(found)
    more = sum(one.outbox.get(state, 0) for state in TROUBLED) - len(found)
    has_settings = any(owner == one.plugin for owner, _key in host.registry.settings)
    base = f"{BASE}/{name}"
    return page(
        "admin_connection.html", active="connections", title=_title(one), errors=list(errors),
        **_summary(one), run_url=f"{base}/run", check_url=f"{base}/check",
        retry_url=f"{base}/retry", settings_url=f"{ROOT}/modules/{one.plugin}" if has_settings
        else None,
        streams=[_stream(stream, one.plugin) for stream in one.streams],
        documents=[_document(document, labels, base) for document in found],
        more=translator(_("{count} more wait behind these."), count=formats().number(more))
        if more > 0 else "",
        waiting=[
            {"label": w.label, "key": w.key, "title": _entity_title(w.entity),
             "why": " ".join(said(reason) for reason in w.reasons),
             "url": f"{BASE}/review/{w.id}"}
            for w in waiting
        ],
    )  # fmt: skip


def _review_page(id: UUID, errors: Sequence[str] = ()) -> str:
    host, actor = current_host(), admin()
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as db:
        found = review.find(db, actor.tenant_id, id)
        connector = _known(found.connector)
    view = actor.view.entities.get(found.entity)
    with host.unit(actor, read=True) as unit:
        labels = unit.records.labels(found.entity, found.candidates)
        values = _received(unit, view, found.values)
    base = "" if view is None else base_url(view)
    return page(
        "admin_review.html", active="connections", title=found.label, errors=list(errors),
        way=(Crumb(title=translator(connector.title, found.connector.partition(".")[0]),
                   url=f"{BASE}/{found.connector}"),),
        key=found.key, entity=_entity_title(found.entity), values=values,
        why=[said(reason) for reason in found.reasons],
        candidates=[{"id": str(record), "label": labels[record], "url": f"{base}/{record}"}
                    for record in found.candidates if record in labels],
        decide_url=f"{BASE}/review/{id}",
    )  # fmt: skip


def _received(
    unit: Unit, view: EntityView | None, received: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Write values as a record shows them; what no field can read stays as it came."""
    cells = Cells(
        view=unit.view, catalogs=current_host().catalogs, formats=formats(), locale=locale()
    )
    fields: Mapping[str, Field] = {} if view is None else view.fields
    read: dict[str, Any] = {}
    for path, value in received.items():
        try:
            read[path] = load_value(fields[path], value) if path in fields else None
        except Refused:
            continue
    load_labels(unit, cells, [fields[p] for p in read if p in fields],
                [tuple(value for p, value in read.items() if p in fields)], offset=0)  # fmt: skip
    return [
        {"label": cells.label(fields[path]) if path in fields else path,
         "value": cells.renderer(fields[path])(
             *(read.get(at) for at in (path, *beside(fields[path])))
         ) if read.get(path) is not None else "" if value is None else str(value)}
        for path, value in received.items()
    ]  # fmt: skip


def _title(one: ConnectorStatus) -> str:
    return translator(one.title, one.plugin)


def _summary(one: ConnectorStatus) -> dict[str, Any]:
    word, tone, icon = STATES[one.state]
    waits = sum(one.outbox.get(state, 0) for state in ("pending", "sending"))
    write = formats()
    numbers = [
        (_("To be sent"), waits),
        (_("To verify"), one.outbox.get("to_verify", 0) + one.outbox.get("accepted", 0)),
        (_("Refused"), one.outbox.get("rejected", 0)),
        (_("To review"), one.review),
    ]
    return {
        "name": _title(one), "badge": {"label": translator(word), "tone": tone, "icon": icon},
        "message": said(one.message) if one.message is not None else "",
        "is_bad": one.state == "fails",
        "ran": write.relative(one.run_at) if one.run_at else "",
        "reached": write.relative(one.reached_at) if one.reached_at and one.failed_at else "",
        "numbers": [{"label": translator(label), "count": write.number(count)}
                    for label, count in numbers if count],
    }  # fmt: skip


def _stream(stream: StreamStatus, plugin: str) -> dict[str, Any]:
    write = formats()
    if stream.failed_at is not None:
        word, tone, icon = STATES["fails"]
    elif stream.is_open:
        word, tone, icon = _("Under way"), "accent", "refresh"
    elif stream.finished_at is None:
        word, tone, icon = STATES["never_ran"]
    else:
        word, tone, icon = _("Complete"), "ok", "check"
    counts = [f"{write.number(stream.counts[key])} {translator(label)}"
              for key, label in COUNTS.items() if stream.counts.get(key)]  # fmt: skip
    return {
        "title": translator(stream.title, plugin),
        "badge": {"label": translator(word), "tone": tone, "icon": icon},
        "when": write.relative(stream.finished_at) if stream.finished_at else "",
        "counts": " · ".join(counts), "owns": _owned(stream),
        "message": said(stream.message) if stream.message is not None else "",
    }  # fmt: skip


def _owned(stream: StreamStatus) -> str:
    """Name the fields that people may not write on what is linked."""
    view = admin().view.entities.get(stream.entity)
    fields = {} if view is None else view.fields
    names = [translator(fields[path].label, fields[path].plugin or None)
             for path in sorted(stream.owns) if path in fields]  # fmt: skip
    return translator(_("Keeps: {fields}"), fields=", ".join(names)) if names else ""


def _labels(found: Sequence[SentDocument]) -> dict[UUID, str]:
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for document in found:
        wanted[document.entity].add(document.record_id)
    labels: dict[UUID, str] = {}
    with current_host().unit(admin(), read=True) as unit:
        for entity, ids in wanted.items():
            labels |= unit.records.labels(entity, ids)
    return labels


def _document(document: SentDocument, labels: Mapping[UUID, str], base: str) -> dict[str, Any]:
    now = current_host().clock()
    word, tone, icon = DOCUMENTS["cut" if document.is_cut(now) else document.state]
    view = admin().view.entities.get(document.entity)
    label = labels.get(document.record_id)
    own = f"{base}/documents/{document.id}"
    return {
        "label": label or str(document.record_id), "title": _entity_title(document.entity),
        "url": f"{base_url(view)}/{document.record_id}" if label and view is not None else None,
        "badge": {"label": translator(word), "tone": tone, "icon": icon},
        "message": said(document.message) if document.message is not None else "",
        "next": _next(document, now),
        "reference": document.reference, "when": formats().relative(document.changed_at),
        "retry_url": None if document.state == "sending" else f"{own}/retry",
        "discard_url": f"{own}/discard" if document.state == "rejected" else None,
    }  # fmt: skip


def _next(document: SentDocument, now: dt.datetime) -> str:
    """Say what becomes of a document by itself, where its state does not."""
    if document.is_cut(now):
        return translator(_("Whoever sent it stopped in the middle. The other system is asked for "
                            "it before it is sent again."))  # fmt: skip
    if document.state in ("rejected", "sending") or document.run_at - now < dt.timedelta(minutes=1):
        return ""
    return translator(_("It is tried again {when}."), when=formats().relative(document.run_at))


def _entity_title(name: str) -> str:
    view = admin().view.entities.get(name)
    return name if view is None else translator(view.info.title, view.info.plugin)
