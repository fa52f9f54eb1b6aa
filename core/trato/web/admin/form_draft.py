"""The form of a kind of record while somebody arranges it, and the steps of arranging it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.screens.arranged import (
    Part,
    Tab,
    arranged,
    arranged_tabs,
    declared_parts,
    declared_tabs,
    key_of,
    written,
)
from trato.tenancy.layouts import GENERAL, LaidField, LaidSection, Layout
from trato.tenancy.view import TenantView

T = TypeVar("T")


class Draft:
    """Sections, tabs and what is asked of fields, as they will be when it is saved."""

    def __init__(self, view: TenantView, entity: EntityView, layout: Layout) -> None:
        self.known: Mapping[str, Field] = entity.plain or entity.fields
        self._declared = declared_parts(view, entity)
        self._declared_tabs = declared_tabs(view, entity)
        # Sections of one key are one here, as they are under every layout.
        self._base = written(self._arranged(written(self._declared, ())), self._declared_tabs)
        self.fields: dict[str, LaidField] = dict(layout.fields)
        self.parts = self._arranged(layout if layout.sections else self._base)
        self.tabs = arranged_tabs(self._declared_tabs, layout)

    def _arranged(self, layout: Layout) -> list[Part]:
        return arranged(self._declared, layout, self.known)

    @property
    def layout(self) -> Layout:
        """What is to be kept: what differs from the declarations, and nothing else."""
        whole = written(self.parts, self.tabs)
        return Layout(
            tabs=() if whole.tabs == self._base.tabs else whole.tabs,
            sections=() if whole.sections == self._base.sections else whole.sections,
            fields={path: said for path, said in self.fields.items() if said != LaidField()},
        )

    # --- what stands where -----------------------------------------------------------------------

    def sections(self, tab: Tab) -> list[Part]:
        """Give the sections of a tab; what stands on none that exists is on the first one."""
        keys = {one.key for one in self.tabs}
        return [part for part in self.parts if not part.is_away and tab.key == (
            part.tab if part.tab in keys else GENERAL)]  # fmt: skip

    def shown(self, part: Part) -> list[Field]:
        """Give the fields of a section that exist just now and that a form can have."""
        found = (self.known[path] for path in part.paths if path in self.known)
        return [field for field in found if not field.readonly]

    def part(self, key: str) -> Part | None:
        """Find a section."""
        return next((part for part in self.parts if part.key == key and not part.is_away), None)

    def home(self, path: str) -> Part | None:
        """Find the section of a field."""
        return next((part for part in self.parts if path in part.paths), None)

    def tab(self, key: str) -> Tab | None:
        """Find a tab."""
        return next((tab for tab in self.tabs if tab.key == key), None)

    def is_own(self, one: Part | Tab) -> bool:
        """Tell whether a section or tab is the tenant's alone, which can be taken away again."""
        declared: Sequence[Part | Tab] = self._declared
        declared = declared if isinstance(one, Part) else self._declared_tabs
        return all(other.key != one.key for other in declared)

    def _in_order(self) -> list[Part]:
        return [part for tab in self.tabs for part in self.sections(tab)]

    # --- steps -----------------------------------------------------------------------------------

    def move(self, kind: str, name: str, by: int) -> None:
        """Move a field, section or tab one place up or down, over the edge into the next one."""
        if kind == "field":
            self._move_field(name, by)
        elif kind == "section":
            self._move_section(name, by)
        else:
            self.tabs = _moved(self.tabs, next((t for t in self.tabs if t.key == name), None), by)

    def _move_field(self, path: str, by: int) -> None:
        home = self.home(path)
        if home is None:
            return
        paths = [field.path for field in self.shown(home)]
        at = paths.index(path) + by
        if 0 <= at < len(paths):
            self.place(path, home.key, paths[at + 1] if by > 0 and at + 1 < len(paths) else
                       "" if by > 0 else paths[at])  # fmt: skip
            return
        order = self._in_order()
        to = order.index(home) + by
        if 0 <= to < len(order):
            first = next((field.path for field in self.shown(order[to])), "")
            self.place(path, order[to].key, first if by > 0 else "")

    def _move_section(self, key: str, by: int) -> None:
        part = self.part(key)
        tab = next((tab for tab in self.tabs if part in self.sections(tab)), None)
        if part is None or tab is None:
            return
        beside = self.sections(tab)
        at = beside.index(part) + by
        if 0 <= at < len(beside):
            one, other = self.parts.index(part), self.parts.index(beside[at])
            self.parts[one], self.parts[other] = self.parts[other], self.parts[one]
            return
        to = self.tabs.index(tab) + by
        if 0 <= to < len(self.tabs):
            self.parts.remove(part)
            moved = replace(part, tab=self.tabs[to].key)
            self.parts.insert(0 if by > 0 else len(self.parts), moved)

    def place(self, path: str, key: str, before: str = "") -> None:
        """Put a field into a section, before another field there or at the end."""
        home, part = self.home(path), self.part(key)
        if home is None or part is None or before == path:
            return
        self._put(replace(home, paths=tuple(p for p in home.paths if p != path)))
        paths = list(next(one.paths for one in self.parts if one.key == key))
        paths.insert(paths.index(before) if before in paths else len(paths), path)
        self._put(replace(part, paths=tuple(paths)))

    def rename(self, one: Part | Tab, titles: Mapping[str, str]) -> None:
        """Call a section or a tab otherwise; one of the tenant's own cannot be without a name."""
        kept = {language: title for language, title in titles.items() if title}
        if kept or not self.is_own(one):
            self._put(replace(one, titles=kept))

    def put_on(self, part: Part, tab: str) -> None:
        """Put a section on another tab."""
        if part.tab != tab and self.tab(tab) is not None:
            self._put(replace(part, tab=tab))

    def add_section(self, tab: str, title: str, language: str) -> str:
        """Add an empty section of the tenant's own; gives its key."""
        key = _free(title, {part.key for part in self.parts})
        self.parts.append(Part(key=key, title="", paths=(), tab=tab, titles={language: title}))
        return key

    def add_tab(self, title: str, language: str) -> str:
        """Add a tab of the tenant's own, with a section to put fields into; gives its key."""
        key = _free(title, {tab.key for tab in self.tabs})
        self.tabs.append(Tab(key=key, titles={language: title}))
        return key

    def drop(self, kind: str, key: str) -> None:
        """Take away a section or tab of the tenant's own; its fields go where they belong."""
        if kind == "section":
            self.parts = [p for p in self.parts if p.key != key or not self.is_own(p)]
        else:
            self.tabs = [tab for tab in self.tabs if tab.key != key or not self.is_own(tab)]
        sections = tuple(
            LaidSection(key=p.key, titles=p.titles, fields=p.paths,
                        tab=p.tab if self.tab(p.tab) else GENERAL)
            for p in self.parts
        )  # fmt: skip
        tabs = written((), self.tabs).tabs
        self.parts = self._arranged(Layout(sections=sections, tabs=tabs))

    def _put(self, one: Part | Tab) -> None:
        if isinstance(one, Part):
            self.parts = [one if part.key == one.key else part for part in self.parts]
        else:
            self.tabs = [one if tab.key == one.key else tab for tab in self.tabs]


def _free(title: str, taken: set[str]) -> str:
    start = key = f"own-{key_of(title)}"[:56].rstrip("-")
    number = 1
    while key in taken:
        number += 1
        key = f"{start}-{number}"
    return key


def _moved(items: list[T], one: T | None, by: int) -> list[T]:
    if one is None:
        return items
    at = items.index(one)
    to = min(max(at + by, 0), len(items) - 1)
    left = [item for item in items if item is not one]
    return [*left[:to], one, *left[to:]]
