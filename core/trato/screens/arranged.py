"""The sections and tabs of a record's form: as plugins declare them, under a tenant's layout."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.plugin import field_path
from trato.screens.declared import FormScreen
from trato.tenancy.layouts import GENERAL, LaidSection, LaidTab, Layout
from trato.tenancy.view import TenantView
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section with the paths of its fields, also of those that one may not see."""

    key: str
    title: str
    paths: tuple[str, ...]
    #: Its title is in a tenant's own words, which are not translated.
    is_own: bool = False
    #: Catalogue of its title; none: all of them.
    plugin: str = ""
    #: Key of its tab.
    tab: str = GENERAL
    #: What the tenant calls it instead, by language.
    titles: Mapping[str, str] = field(default_factory=dict)
    #: Its plugin is not here just now: it keeps its place and shows nothing.
    is_away: bool = False


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A tab; the first one, "General", is declared without a title."""

    key: str
    title: str = ""
    plugin: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)


def key_of(text: str) -> str:
    """Make a key of a title: `Datos fiscales` gives `datos-fiscales`."""
    return re.sub("[^a-z0-9]+", "-", fold(text)).strip("-")[:60]


def tab_key(title: str) -> str:
    """Make the key of a declared tab."""
    return key_of(title) or GENERAL


def parts(view: TenantView, entity: EntityView) -> list[Part]:
    """Give the sections of an entity's form, in their order; made once for a view."""
    made: list[Part] | None = entity.cache.get("parts")
    if made is None:
        layout = view.layouts.get(entity.name)
        made = declared_parts(view, entity)
        if layout is not None:
            known = {tab.key for tab in tabs(view, entity)}
            made = [
                part if part.tab in known else replace(part, tab=GENERAL)
                for part in arranged(made, layout, entity.fields)
            ]
        entity.cache["parts"] = made
    return made


def tabs(view: TenantView, entity: EntityView) -> list[Tab]:
    """Give the tabs of an entity's form, in their order, also those that show nothing."""
    layout = view.layouts.get(entity.name) or Layout()
    return arranged_tabs(declared_tabs(view, entity), layout)


def declared_parts(view: TenantView, entity: EntityView) -> list[Part]:
    """Give the sections as declared: the screen's, those of other plugins, and the rest."""
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    fields, plugin = entity.fields, entity.info.plugin
    found: list[Part] = []
    placed: set[str] = set()

    def add(
        key: str, title: str, paths: Sequence[str], *, own: bool = False, plugin: str = "",
        tab: str = "",
    ) -> None:  # fmt: skip
        kept = tuple(path for path in paths if path in fields and path not in placed)
        placed.update(kept)
        if kept:
            found.append(Part(key=key, title=title, paths=kept, is_own=own, plugin=plugin,
                              tab=tab_key(tab)))  # fmt: skip

    for section in screen.sections if screen else ():
        add(key_of(section.title), section.title, [field_path(f) for f in section.fields],
            plugin=plugin, tab=section.tab)  # fmt: skip
    for slot in view.slots.get(entity.name, ()):
        for section in slot.sections:
            paths = [field_path(f) for f in section.fields]
            add(key_of(section.title), section.title, paths, tab=section.tab)
    rest = [p for p, f in fields.items() if f.source == "native" and not f.readonly]
    if screen is None:
        add(GENERAL, "", rest, plugin=plugin)
    else:
        add("more", _("More"), rest)
    for name in entity.extensions:
        paths = [p for p, f in fields.items() if f.source == "extension" and f.plugin == name]
        add(f"plugin-{key_of(name)}", view.plugins[name].name.capitalize(), paths)
    own: dict[str, list[str]] = {}
    for path, f in fields.items():
        if f.source == "custom":
            own.setdefault(f.section, []).append(path)
    for title, paths in own.items():
        add(f"own-{key_of(title)}" if title else "own", title or _("Own fields"), paths,
            own=bool(title))  # fmt: skip
    return found


def declared_tabs(view: TenantView, entity: EntityView) -> list[Tab]:
    """Give the tabs that sections and rows of children name, "General" in front."""
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    plugin = entity.info.plugin
    named = [(section.tab, plugin) for section in (screen.sections if screen else ())]
    named += [(rows.tab, plugin) for rows in (screen.children if screen else ())]
    for slot in view.slots.get(entity.name, ()):
        named += [(section.tab, "") for section in slot.sections]
        named += [(rows.tab, "") for rows in slot.children]
    found = {GENERAL: Tab(key=GENERAL)}
    for title, domain in named:
        if title:
            found.setdefault(tab_key(title), Tab(key=tab_key(title), title=title, plugin=domain))
    return list(found.values())


def arranged(declared: Sequence[Part], layout: Layout, known: Collection[str]) -> list[Part]:
    """Lay a tenant's sections over the declared ones: THE merging of the two.

    What the layout does not know yet, a field or a whole section, is added at its declared place:
    the field at the end of its section, the section behind the one that is declared before it.
    A section that is declared no longer and has no title of its own keeps its place and what does
    not exist here; its other fields go to where they are declared.

    :param known: the fields that exist here.
    """
    by_key: dict[str, Part] = {}
    for part in declared:
        first = by_key.setdefault(part.key, part)
        if first is not part:
            by_key[part.key] = replace(first, paths=first.paths + part.paths)
    if not layout.sections:
        return list(declared)
    made: dict[str, Part] = {}
    for laid in layout.sections:
        base = by_key.get(laid.key)
        is_away = base is None and not laid.titles
        made[laid.key] = Part(
            key=laid.key, title=base.title if base else "", is_own=bool(base and base.is_own),
            plugin=base.plugin if base else "", titles=laid.titles, is_away=is_away,
            tab=laid.tab, paths=tuple(p for p in laid.fields if not (is_away and p in known)),
        )  # fmt: skip
    placed = {path for part in made.values() for path in part.paths}
    order = list(made)
    before = ""
    for key, part in by_key.items():
        new = tuple(path for path in part.paths if path not in placed)
        if key in made:
            made[key] = replace(made[key], paths=made[key].paths + new)
        elif new:
            made[key] = replace(part, paths=new)
            order.insert(order.index(before) + 1 if before else 0, key)
        if key in made:
            before = key
    return [made[key] for key in order]


def arranged_tabs(declared: Sequence[Tab], layout: Layout) -> list[Tab]:
    """Lay a tenant's tabs over the declared ones; what it does not name follows."""
    by_key = {tab.key: tab for tab in declared}
    laid = [
        replace(by_key.pop(one.key, Tab(key=one.key)), titles=one.titles)
        for one in layout.tabs
        if one.key in by_key or one.titles
    ]
    return laid + list(by_key.values())


def written(sections: Sequence[Part], shown: Sequence[Tab]) -> Layout:
    """Write sections and tabs as the layout that gives them."""
    return Layout(
        tabs=tuple(LaidTab(key=tab.key, titles=tab.titles) for tab in shown),
        sections=tuple(
            LaidSection(key=part.key, titles=part.titles, tab=part.tab, fields=part.paths)
            for part in sections
        ),
    )
