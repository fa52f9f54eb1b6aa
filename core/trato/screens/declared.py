"""Screens as a plugin declares them: plain data, checked at start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trato.plugin import Children, Panel, Section, View, When, entity_name, field_path

__all__ = ["Children", "FormScreen", "ListScreen", "Panel", "Section", "View", "When"]


@dataclass(frozen=True)
class ListScreen:
    """A searchable, filterable, sortable list of an entity's records.

    >>> ListScreen(Visit, menu=_("Sales"), columns=[Visit.subject, Visit.status])

    :param entity: entity class.
    :param menu: heading of the side navigation under which the list stands; none: no entry.
    :param columns: fields shown at first, by attribute or path; the first names the record.
    :param filters: fields offered first for filtering.
    :param sort: order at first, paths with `-` for descending.
    :param views: lists offered under a name, beside those that people keep themselves.
    """

    entity: Any
    menu: str | None = None
    columns: Sequence[Any] = ()
    filters: Sequence[Any] = ()
    sort: Sequence[str] = ()
    views: Sequence[View] = ()
    icon: str = ""
    position: int = 100
    kind: ClassVar[str] = "list"

    @property
    def entity_name(self) -> str:
        return entity_name(self.entity)

    def paths(self) -> list[str]:
        """Name every field that the screen mentions."""
        return [
            *(field_path(f) for f in (*self.columns, *self.filters)),
            *(part.removeprefix("-") for part in self.sort),
            *(path for view in self.views for path in view.paths()),
        ]


@dataclass(frozen=True)
class FormScreen:
    """One record: page, form to create and to edit.

    Fields that no section names stand in a last one, so that nothing is out of reach.

    :param sections: fields under headings.
    :param panels: records of other entities that point to this one.
    :param facts: fields in the head of the record's page.
    :param children: records of other entities that are edited in this form.
    :param when: fields that are shown or demanded by the values of others.
    :param short: fields of the short form in which a record is made from another form's
        reference; the obligatory and identifying ones stand there anyway.
    """

    entity: Any
    sections: Sequence[Section] = ()
    panels: Sequence[Panel] = ()
    facts: Sequence[Any] = ()
    children: Sequence[Children] = ()
    when: Sequence[When] = ()
    short: Sequence[Any] = ()
    kind: ClassVar[str] = "form"

    @property
    def entity_name(self) -> str:
        return entity_name(self.entity)

    def paths(self) -> list[str]:
        """Name every field that the screen mentions."""
        named = [field_path(f) for section in self.sections for f in section.fields]
        named += [path for when in self.when for path in when.paths()]
        return named + [field_path(f) for f in (*self.facts, *self.short)]
