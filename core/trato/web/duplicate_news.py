"""What a form says of records that are probably the same as the one that is typed or was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from trato.access import rules
from trato.entities.view import EntityView
from trato.errors import Message, joined
from trato.records.bulk import readable
from trato.records.duplicates import Duplicate, watched
from trato.records.query import Record
from trato.records.unit import Unit
from trato.text import _
from trato.web import flash
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.frame import locale, translator

#: Field of a form with what its person was told already.
SEEN = "_duplicates"
#: Records that are named; more say no more.
SHOWN = 5


def watch(unit: Unit, entity: EntityView, record: Record | None) -> dict[str, Any] | None:
    """Make what lets a form ask while one types; None where nothing tells duplicates."""
    may_write = rules.writable_fields(unit.actor, entity)
    paths = [path for path in watched(unit.actor, entity) if path in may_write]
    if not paths:
        return None
    asked = "" if record is None else f"?record={record.id}"
    fields = [f"#f-{path.replace('.', '-')}" for path in paths]
    return {
        "url": f"{base_url(entity)}/duplicates{asked}",
        "trigger": ", ".join(f"input delay:500ms from:{field}" for field in fields),
    }


def news(
    unit: Unit, entity: EntityView, before: Record | None, saved_id: UUID,
    sent: MultiDict[str, str],
) -> str:  # fmt: skip
    """Say which duplicates a saved form made that its person was not told of; empty for none."""
    found = find(unit, entity, before, sent, id=saved_id)
    if not found or set(marks(found).split()) <= set(sent.get(SEEN, "").split()):
        return ""
    item = item_of(entity, found[0])
    return translator(_("Saved. There is one like it already: {record} ({why})."),
                      record=item["label"], why=item["why"])  # fmt: skip


def tell(response: Response, text: str) -> Response:
    """Let the next page say the news, if there are any."""
    return flash.flash(response, text) if text else response


def find(
    unit: Unit, entity: EntityView, record: Record | None, sent: Mapping[str, str],
    *, id: UUID | None = None,
) -> list[Duplicate]:  # fmt: skip
    """Find duplicates by what a form changes: what stands there already was told before."""
    writable = rules.writable_fields(unit.actor, entity)
    values = {}
    for path in watched(unit.actor, entity):
        if path in sent and path in writable:
            value = readable(entity.fields[path], sent[path][:500])
            if value and (record is None or value != record.values.get(path)):
                values[path] = value
    if not values:
        return []
    return unit.records.duplicates(entity.name, values, id=id or (record.id if record else None))


def marks(found: list[Duplicate]) -> str:
    """Write what was told, to compare it when the form comes back."""
    return " ".join(sorted({str(one.id or "-") for one in found}))


def item_of(entity: EntityView, found: Duplicate) -> dict[str, Any]:
    catalogs = current_host().catalogs
    labels = [
        field.own_label(locale()) or translator(field.label, field.plugin or None)
        for field in (entity.fields[path] for path in found.fields)
    ]  # fmt: skip
    fields = catalogs.message(
        joined(Message("{text}", {"text": text}) for text in labels), locale()
    )
    same = _("same {fields}") if found.same else _("alike in {fields}")
    people = catalogs.message(joined(Message(name) for name in found.ask), locale())
    return {
        "label": found.label or translator(_("a record that you may not see")),
        "url": None if found.id is None else f"{base_url(entity)}/{found.id}",
        "why": translator(same, fields=fields.lower()), "same": found.same, "people": people,
    }  # fmt: skip
