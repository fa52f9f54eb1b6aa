"""Search over everything at once: the records of every enabled plugin that the actor may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from trato.access import rules
from trato.entities.view import EntityView
from trato.records import search
from trato.records.convert import to_json
from trato.records.query import Query
from trato.records.unit import Unit

#: Records of one kind that are shown.
PER_KIND = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """A record that fits, with what tells it apart."""

    entity: str
    record_id: UUID
    label: str
    detail: str


def find_everywhere(
    unit: Unit, text: str, *, wanted: Callable[[EntityView], bool]
) -> list[tuple[EntityView, list[Found]]]:
    """Find records of every kind by what a person types: any order, without accents.

    One search a kind, each under its own rules; kinds that have an owner come first, as those
    are what people look for.

    :param wanted: whether a kind is to be searched, such as having pages.
    """
    if not search.terms(text):
        return []
    kinds = [
        entity
        for entity in unit.view.entities.values()
        if entity.searchable and wanted(entity)
        and rules.decide(unit.actor, entity, "view").allowed
    ]  # fmt: skip
    groups = []
    for entity in sorted(kinds, key=lambda entity: not entity.info.owned):
        found = _find(unit, entity, text)
        if found:
            groups.append((entity, found))
    return groups


def _find(unit: Unit, entity: EntityView, text: str) -> list[Found]:
    visible = rules.visible_fields(unit.actor, entity)
    label = entity.info.label
    if label not in visible:
        return []
    telling = [
        path
        for path, field in visible.items()
        if path != label and (field.identifies or path in ("city", "code"))
    ][:2]
    page = unit.records.query(
        entity.name,
        Query(
            columns=(label, *telling), search=text, limit=PER_KIND,
            sort=(label,) if visible[label].sortable else (),
        ),
    )  # fmt: skip
    return [
        Found(
            entity=entity.name, record_id=row[0], label=str(row[2] or "—"),
            detail=" · ".join(
                str(to_json(visible[path], value))
                for path, value in zip(telling, row[3:], strict=True)
                if value is not None
            ),
        )
        for row in page.rows
    ]  # fmt: skip
