"""Declarations: what one plugin declares, and everything that is wrong in it."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trato.errors import Message
from trato.plugin import (
    Command,
    Demo,
    Menu,
    OptionList,
    Permission,
    Plugin,
    Setting,
    Slot,
    Timeline,
    entity_name,
    field_path,
)
from trato.records.declared import (
    unknown_name,
    wrong_event,
    wrong_menu,
    wrong_order,
    wrong_view,
)
from trato.records.events import reaction
from trato.tenancy.setting_limits import KINDS as SETTING_KINDS
from trato.tenancy.setting_limits import default_problems
from trato.text import _

if TYPE_CHECKING:
    from trato.entities.fields import Field
    from trato.registry import Registry

#: The registration hooks, `trato_` before each, in the order in which they are called.
KINDS = (
    "entities", "extensions", "options", "screens", "menus", "slots", "timeline",
    "permissions", "settings", "commands", "jobs", "sync", "demo",
)  # fmt: skip


_NO_TIME = dt.timedelta()
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(kw_only=True, eq=False)
class Declared:
    """What one plugin declares, before it is checked."""

    plugin: Plugin
    entities: list[Any] = field(default_factory=list)
    extensions: list[Any] = field(default_factory=list)
    options: list[OptionList] = field(default_factory=list)
    screens: list[Any] = field(default_factory=list)
    menus: list[Menu] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    timeline: list[Timeline] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    jobs: list[Any] = field(default_factory=list)
    sync: list[Any] = field(default_factory=list)
    demo: list[Demo] = field(default_factory=list)


def check(registry: Registry, declared: Declared) -> list[Message]:
    """Find everything that is wrong in what a plugin declares, all at once."""
    known = _Known(registry, declared)
    return [
        *_entities(known),
        *_extensions(known),
        *_fields(known),
        *_screens(known),
        *_slots(known),
        *_names(known),
        *_twice(known),
        *_settings(known),
        *_times(known),
        *_connectors(known),
        *_events(known),
        *_menus(known),
    ]


class _Known:
    """What a plugin's declarations may name: what is registered, and what it declares itself."""

    def __init__(self, registry: Registry, declared: Declared) -> None:
        self.registry = registry
        self.declared = declared
        self.name = declared.plugin.name
        self.reach = {self.name, *declared.plugin.depends, *declared.plugin.optional}
        #: Plugins that the manifest does not name, as was told already.
        self.unnamed: set[str] = set()
        own = {entity.__entity__.name: entity for entity in declared.entities}
        self.entities: Mapping[str, Any] = {**registry.entities, **own}
        #: Entity to its fields by path, those of extensions with them.
        self.paths: dict[str, dict[str, Field]] = {
            name: dict(e.__entity__.fields) for name, e in self.entities.items()
        }
        for target, extensions in registry.extensions.items():
            for extension in extensions.values():
                self.paths[target] |= extension.__entity__.fields
        for extension in declared.extensions:
            if self.extends(extension):
                info = extension.__entity__
                self.paths[info.extends] |= info.fields

    def extends(self, extension: Any) -> bool:
        """Say whether the extended entity is there and of a plugin that the manifest names."""
        target = self.entities.get(extension.__entity__.extends)
        return target is not None and target.__entity__.plugin in self.reach

    def beyond(self, plugin: str, text: str, **params: str) -> Iterator[Message]:
        """Tell once of a plugin that the manifest does not name; all else follows from it."""
        if plugin not in self.unnamed:
            self.unnamed.add(plugin)
            yield Message(text, {"plugin": plugin, **params})

    def missing(self, entity: str, named: Sequence[str]) -> Iterator[Message]:
        """Name the fields that an entity does not have."""
        plugin = entity.partition(".")[0]
        if plugin not in self.reach:
            yield from self.beyond(
                plugin,
                _("A screen shows '{entity}' of a plugin that its manifest does not name: "
                  "add '{plugin}' to depends."),
                entity=entity,
            )  # fmt: skip
            return
        if entity not in self.paths:
            said = Message(
                _("A screen shows '{entity}', which does not exist."), {"entity": entity}
            )
            yield unknown_name(said, entity, self.paths)
            return
        for path in dict.fromkeys(named):
            if path not in self.paths[entity] and not path.startswith("custom."):
                said = Message(
                    _("A screen of '{entity}' names the field '{field}', which does not exist."),
                    {"entity": entity, "field": path},
                )
                yield unknown_name(said, path, self.paths[entity])


def _entities(known: _Known) -> Iterator[Message]:
    seen = set(known.registry.entities)
    for entity in known.declared.entities:
        info = entity.__entity__
        if info.plugin != known.name:
            yield Message(
                _("Entity '{entity}' does not begin with '{plugin}.'."),
                {"entity": info.name, "plugin": known.name},
            )
        if info.name in seen:
            yield Message(_("Entity '{entity}' exists twice."), {"entity": info.name})
        seen.add(info.name)
        parent = None if info.parent is None else info.fields.get(info.parent)
        if info.parent is not None and (parent is None or parent.kind != "ref"):
            said = Message(
                _("Entity '{entity}' says parent='{field}', which is none of its references."),
                {"entity": info.name, "field": info.parent},
            )
            references = [path for path, one in info.fields.items() if one.kind == "ref"]
            yield unknown_name(said, info.parent, references) if references else said


def _extensions(known: _Known) -> Iterator[Message]:
    for extension in known.declared.extensions:
        if not known.extends(extension):
            entity = extension.__entity__.extends or ""
            plugin = entity.partition(".")[0]
            if plugin in known.reach:
                yield Message(_("It extends '{entity}', which does not exist."), {"entity": entity})
                continue
            yield from known.beyond(
                plugin,
                _("It extends '{entity}' of a plugin that its manifest does not name: "
                  "add '{plugin}' to depends."),
                entity=entity,
            )  # fmt: skip


def _fields(known: _Known) -> Iterator[Message]:
    declared = known.declared
    lists = {option.name for option in declared.options} | set(known.registry.options)
    for holder in (*declared.entities, *declared.extensions):
        for path, spec in holder.__entity__.fields.items():
            if spec.options is not None and spec.options not in lists:
                yield Message(
                    _("Field '{field}' takes its values from '{options}', which is no list."),
                    {"field": path, "options": spec.options},
                )
            target = (spec.target or "").partition(".")[0]
            if spec.kind == "ref" and target not in known.reach:
                yield from known.beyond(
                    target,
                    _("Field '{field}' refers to '{entity}' of a plugin that its manifest does not "
                      "name: add '{plugin}' to depends."),
                    field=path, entity=spec.target or "",
                )  # fmt: skip
            elif spec.kind == "ref" and spec.target not in known.entities:
                yield Message(
                    _("Field '{field}' refers to '{entity}', which does not exist."),
                    {"field": path, "entity": spec.target},
                )


def _screens(known: _Known) -> Iterator[Message]:
    taken = set(known.registry.screens)
    for screen in known.declared.screens:
        yield from known.missing(screen.entity_name, screen.paths())
        if screen.kind == "list":
            fields = known.paths.get(screen.entity_name, {})
            yield from wrong_order(screen.entity_name, screen.sort, fields)
            for view in screen.views:
                yield from wrong_view(screen.entity_name, view, fields)
        if screen.entity_name in known.paths and (screen.kind, screen.entity_name) in taken:
            yield Message(
                _("'{entity}' has a {kind} screen already."),
                {"entity": screen.entity_name, "kind": screen.kind},
            )
        taken.add((screen.kind, screen.entity_name))


def _slots(known: _Known) -> Iterator[Message]:
    for slot in known.declared.slots:
        named = [field_path(f) for s in slot.sections for f in s.fields]
        named += [field_path(f) for f in (*slot.columns, *slot.filters)]
        named += [path for when in slot.when for path in when.paths()]
        yield from known.missing(entity_name(slot.entity), named)
    forms = [screen for screen in known.declared.screens if screen.kind == "form"]
    for rows in (rows for holder in (*forms, *known.declared.slots) for rows in holder.children):
        # An optional plugin's entity, named in words, may be absent.
        if not isinstance(rows.entity, str) or rows.entity in known.paths:
            named = [field_path(f) for f in (rows.by, *rows.columns)]
            yield from known.missing(entity_name(rows.entity), named)


def _names(known: _Known) -> Iterator[Message]:
    """Find names that do not begin with the plugin's, and those that are taken."""
    for permission in known.declared.permissions:
        if not permission.name.startswith(f"{known.name}."):
            yield Message(
                _("Permission '{permission}' does not begin with '{plugin}.'."),
                {"permission": permission.name, "plugin": known.name},
            )
    for timeline in known.declared.timeline:
        if not timeline.name.startswith(f"{known.name}."):
            yield Message(
                _("Timeline '{timeline}' does not begin with '{plugin}.'."),
                {"timeline": timeline.name, "plugin": known.name},
            )
    for job in known.declared.jobs:
        if not job.name.startswith(f"{known.name}."):
            yield Message(
                _("Job '{job}' does not begin with '{plugin}.'."),
                {"job": job.name, "plugin": known.name},
            )


def _twice(known: _Known) -> Iterator[Message]:
    """Find names that two declarations have, of which one would silently take the other's place."""
    registry, declared = known.registry, known.declared
    named: tuple[tuple[str, list[str], Iterable[str]], ...] = (
        (_("Permission '{name}' exists twice."), [p.name for p in declared.permissions],
         registry.permissions),
        (_("Setting '{name}' exists twice."), [s.key for s in declared.settings], ()),
        (_("List of values '{name}' exists twice."), [o.name for o in declared.options],
         registry.options),
        (_("Timeline '{name}' exists twice."), [t.name for t in declared.timeline], ()),
        (_("Command '{name}' exists twice."), [c.name for c in declared.commands], ()),
        (_("Job '{name}' exists twice."), [j.name for j in declared.jobs],
         {*registry.jobs, reaction(known.name)}),
        (_("Connector '{name}' exists twice."), [c.name for c in declared.sync], ()),
        (_("Entity '{name}' is extended twice; put the fields into one class."),
         [e.__entity__.extends or "" for e in declared.extensions], ()),
    )  # fmt: skip
    for text, names, taken in named:
        times = Counter([*names, *taken])
        for name in dict.fromkeys(names):
            if times[name] > 1:
                yield Message(text, {"name": name})


def _settings(known: _Known) -> Iterator[Message]:
    """Find settings of an unknown kind, and those that would refuse their own default."""
    for setting in known.declared.settings:
        if setting.kind not in SETTING_KINDS:
            said = Message(
                _("Setting '{key}' is of the kind '{kind}', which there is not."),
                {"key": setting.key, "kind": str(setting.kind)},
            )
            yield unknown_name(said, str(setting.kind), SETTING_KINDS)
            continue
        for reason in default_problems(setting):
            yield Message(
                _("Setting '{key}' refuses its own default {default}: {reason}"),
                {"key": setting.key, "default": repr(setting.default)[:60], "reason": reason},
            )


def _times(known: _Known) -> Iterator[Message]:
    """Find times of jobs and connectors at which no clock could run them."""
    for timed in (*known.declared.jobs, *known.declared.sync):
        name, at, every = timed.name, timed.at, timed.every
        attempts = getattr(timed, "attempts", 1)
        if at is not None and not (isinstance(at, str) and _TIME_OF_DAY.fullmatch(at)):
            yield Message(
                _("'{name}' runs at '{at}', which is no time of day; write it like 02:30."),
                {"name": name, "at": str(at)},
            )
        if every is not None and not (isinstance(every, int) and every > 0):
            yield Message(
                _("'{name}' runs every '{every}' minutes; write a whole number above 0."),
                {"name": name, "every": str(every)},
            )
        if at is not None and every is not None:
            yield Message(
                _("'{name}' has both at= and every=, which are two ways to say when it runs; "
                  "leave one out."),
                {"name": name},
            )  # fmt: skip
        if not (isinstance(attempts, int) and attempts >= 1):
            yield Message(
                _("'{name}' has attempts={attempts}, with which it never runs; write 1 or more."),
                {"name": name, "attempts": str(attempts)},
            )


def _connectors(known: _Known) -> Iterator[Message]:
    settings = {setting.key for setting in known.declared.settings}
    for connector in known.declared.sync:
        if not connector.name.startswith(f"{known.name}."):
            yield Message(
                _("Connector '{connector}' does not begin with '{plugin}.'."),
                {"connector": connector.name, "plugin": known.name},
            )
        wrong = list(_connector(connector))
        yield from wrong
        if wrong:
            continue
        for key in connector.needs:
            if key not in settings:
                yield Message(
                    _("Connector '{connector}' needs the setting '{key}', which is not declared."),
                    {"connector": connector.name, "key": key},
                )
        for sent in connector.sends:
            yield from known.missing(
                entity_name(getattr(sent, "entity", sent)),
                [field_path(f) for f in getattr(sent, "fields", ())],
            )


def _connector(connector: Any) -> Iterator[Message]:
    """Find what a connector says of itself and its first run would fall over."""
    for lacking in sorted(getattr(connector, "__abstractmethods__", ())):
        yield Message(
            _("Connector '{connector}' has no method '{method}', which it must have."),
            {"connector": connector.name, "method": lacking},
        )
    for attribute in ("needs", "sends"):
        value = getattr(connector, attribute)
        if not isinstance(value, list | tuple):
            yield Message(
                _("Connector '{connector}' has {attribute}={value}, which is no list."),
                {"connector": connector.name, "attribute": attribute, "value": repr(value)[:60]},
            )
    for attribute, least in (("timeout", dt.timedelta.resolution), ("shows_within", _NO_TIME)):
        value = getattr(connector, attribute)
        if not (isinstance(value, dt.timedelta) and value >= least):
            yield Message(
                _("Connector '{connector}' has {attribute}={value}, which is no span of time; "
                  "write it like timedelta(seconds=60)."),
                {"connector": connector.name, "attribute": attribute, "value": repr(value)[:60]},
            )  # fmt: skip


def _events(known: _Known) -> Iterator[Message]:
    for event in known.declared.plugin.events:
        if event != "*" and event.partition(".")[0] not in known.reach:
            yield from known.beyond(
                event.partition(".")[0],
                _("It hears '{event}' of a plugin that its manifest does not name: "
                  "add '{plugin}' to depends."),
                event=event,
            )  # fmt: skip
        elif event != "*":
            yield from wrong_event(event, known.entities)


def _menus(known: _Known) -> Iterator[Message]:
    taken = {menu.path for _plugin, menu in known.registry.menus}
    lists = {
        f"/{info.plugin}/{info.collection}"
        for info in (entity.__entity__ for entity in known.entities.values())
        if info.plugin in known.reach
    }
    optional = set(known.declared.plugin.optional)
    views = {}
    for screen in (*known.registry.screens.values(), *known.declared.screens):
        if screen.kind == "list" and screen.entity_name in known.entities:
            info = known.entities[screen.entity_name].__entity__
            views[f"/{info.plugin}/{info.collection}"] = [view.key for view in screen.views]
    for menu in known.declared.menus:
        if {*menu.path.split("/")[1:2], (menu.entity or "").partition(".")[0]} & known.unnamed:
            continue
        if menu.path in taken:
            yield Message(_("Two menu entries lead to '{path}'."), {"path": menu.path})
        taken.add(menu.path)
        yield from wrong_menu(
            menu, plugin=known.name, entities=known.entities, optional=optional, lists=lists,
            views=views, absent=optional - known.registry.plugins.keys(),
        )  # fmt: skip
