"""What a person types to name a record or one of many choices, and what is offered meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from trato.access import rules
from trato.entities.fields import TEXT_KINDS, Field
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.errors import DomainError
from trato.records.query import Filter, Query, Record
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.text import _
from trato.web.addresses import base_url
from trato.web.frame import phrase, translator

#: More choices than this are typed, not listed.
MANY = 40
_OFFERED = 12
#: So many are found for the best to be offered.
_LOOKED_AT = 60


def is_typed(field: Field) -> bool:
    """Tell whether a field's value is typed with offers rather than chosen from a list."""
    return field.kind == "ref" or (field.kind == "choice" and len(field.choices) > MANY)


def reference(
    unit: Unit, cells: Cells, entity: EntityView, field: Field, value: Any
) -> dict[str, str]:
    """Make what the form's input of such a field needs."""
    shown = ""
    if value:
        known = _known(unit, cells, field, value) if field.kind == "ref" else ""
        shown = known or dict(cells.choices(field)).get(str(value), str(value))
    return {"search_url": f"{base_url(entity)}/options/{field.path}", "value_label": shown}


def _known(unit: Unit, cells: Cells, field: Field, value: Any) -> str:
    """Name a record, without a statement where it was read with others already."""
    read = cells.labels.get(field.target or "", {})
    found = next((label for key, label in read.items() if str(key) == str(value)), None)
    return label_of(unit, field, value) if found is None else found


def offer_new(cell: dict[str, Any], entity: str, record: Record | None) -> None:
    """Let a form's reference offer to make what is not found, for the record that is edited."""
    if cell["reference"] and not cell["readonly"]:
        of = f"{entity}:{record.id}" if record else ""
        cell["reference"]["search_url"] += f"?{urlencode({'new': of})}"


def label_of(unit: Unit, field: Field, value: Any) -> str:
    """Name the record that a form's value refers to; what is no id names itself."""
    try:
        wanted = UUID(str(value))
    except ValueError:
        return str(value)
    return unit.records.labels(field.target or "", [wanted]).get(wanted, "")


def find_options(
    unit: Unit, target: str, text: str, *, limit: int = _OFFERED
) -> list[dict[str, str]]:
    """Find records to refer to, by what a person types; names that begin with it come first."""
    view = unit.view.entities.get(target)
    if view is None or not rules.decide(unit.actor, view, "view").allowed:
        return []
    label, visible = view.info.label, rules.visible_fields(unit.actor, view)
    if label not in visible:
        return []
    second = next((f.path for f in visible.values() if f.identifies and f.path != label), None)
    filters: tuple[Filter, ...] = ()
    if text and not view.searchable:
        filters = (Filter(path=label, op="contains", value=text),)
    found = unit.records.query(
        view.name,
        Query(
            columns=(label,) if second is None else (label, second), filters=filters,
            search=text if view.searchable else "", limit=_LOOKED_AT,
            sort=(label,) if view.fields[label].sortable else (),
        ),
    )  # fmt: skip
    typed = fold(text)
    rows = sorted(found.rows, key=lambda row: not fold(str(row[2] or "")).startswith(typed))
    return [
        {"id": str(row[0]), "label": str(row[2] or "—"),
         "detail": str(row[3] or "") if second is not None else ""}
        for row in rows[:limit]
    ]  # fmt: skip


def find_choices(
    cells: Cells, field: Field, text: str, *, limit: int = _OFFERED
) -> list[dict[str, str]]:
    """Find values of a long choice, by what a person types; accents do not matter.

    Those that begin with it come first.
    """
    typed = fold(text)
    found: list[tuple[bool, str, str]] = []
    for value, label in cells.choices(field):
        if value in field.retired:
            continue
        folded = fold(label)
        if all(word in folded or word in value for word in typed.split()):
            found.append((not folded.startswith(typed), value, label))
    found.sort(key=lambda one: one[0])
    return [{"id": value, "label": label, "detail": value} for _, value, label in found[:limit]]


def create_option(unit: Unit, target: str, text: str, of: str) -> dict[str, str] | None:
    """Make the offer to create what was not found, where the person may.

    :param of: the record from whose form one comes: entity and id, with a colon between.
    """
    entity = unit.view.entities.get(target)
    if entity is None or ("list", target) not in unit.view.screens:
        return None
    allowed = rules.decide(unit.actor, entity, "create").allowed
    if not allowed or unit.view.read_only or unit.actor.viewer is not None:
        return None
    named = translator(_("Create '{name}'"), name=text) if text else phrase(
        _("New {title}"), entity.info.plugin, title=entity.info.title
    )  # fmt: skip
    return {"label": named, "url": f"{base_url(entity)}/short", "text": text, "of": of}


def read_reference(unit: Unit, field: Field, text: str) -> UUID:
    """Accept an id, or what names exactly one record: its label, else words that find it.

    :raises DomainError: when nothing fits or several do.
    """
    try:
        return UUID(text)
    except ValueError:
        pass
    fitting = _labelled(unit, field.target or "", text)
    if not fitting:
        found = find_options(unit, field.target or "", text)
        same = [o["id"] for o in found if fold(o["label"]) == fold(text)]
        fitting = same or [o["id"] for o in found]
    if len(fitting) == 1:
        return UUID(fitting[0])
    reason = (
        _("Several fit '{value}'. Choose one from the list.") if fitting
        else _("There is no '{value}'. Choose one from the list.")
    )  # fmt: skip
    raise DomainError(reason, value=text)


def _labelled(unit: Unit, target: str, text: str) -> list[str]:
    """Find records whose label is the text to the letter, which may be too many to be offered."""
    view = unit.view.entities.get(target)
    if view is None or not rules.decide(unit.actor, view, "view").allowed:
        return []
    field = rules.visible_fields(unit.actor, view).get(view.info.label)
    if field is None or field.kind not in TEXT_KINDS:
        return []
    same = Filter(path=view.info.label, op="eq", value=text)
    rows = unit.records.query(view.name, columns=("id",), filters=(same,), limit=2).rows
    return [str(row[0]) for row in rows]


def read_choice(cells: Cells, field: Field, text: str) -> str:
    """Accept a value, or its label as a person without script types it."""
    if text in dict(field.choices):
        return text
    for value, label in cells.choices(field):
        if fold(label) == fold(text):
            return value
    return text
