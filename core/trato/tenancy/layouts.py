"""What a tenant makes of the form of an entity: sections, tabs, and what it asks of fields.

It is laid over what plugins declare and names only what the tenant changed, so that what a plugin
adds later is there, and what is disabled comes back to its place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trato.entities.conditions import Condition, wanted
from trato.entities.fields import Field

#: Where a layout stands among the tenant's settings: `form:clients.client` of core.
_PLACE = "form:"
#: Key of the first tab, on which everything stands that names none.
GENERAL = "general"


@dataclass(frozen=True, kw_only=True)
class LaidTab:
    """A tab of the form, in its order; without titles it is called as it is declared."""

    key: str
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LaidSection:
    """A section with the fields that stand in it, also those that do not exist just now."""

    key: str
    titles: Mapping[str, str] = field(default_factory=dict)
    #: Key of the tab.
    tab: str = GENERAL
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LaidField:
    """What a tenant says of one field, beyond its declaration."""

    labels: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    hidden: bool = False
    required: bool = False
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A tenant's form of an entity; what is empty stands as plugins declare it."""

    tabs: tuple[LaidTab, ...] = ()
    sections: tuple[LaidSection, ...] = ()
    fields: Mapping[str, LaidField] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write it as plain data, as a configuration document holds it; nothing is empty in it."""
        written: dict[str, Any] = {}
        if self.tabs:
            written["tabs"] = [_filled(key=one.key, titles=dict(one.titles)) for one in self.tabs]
        if self.sections:
            written["sections"] = [
                _filled(key=one.key, titles=dict(one.titles),
                        tab="" if one.tab == GENERAL else one.tab) | {"fields": list(one.fields)}
                for one in self.sections
            ]  # fmt: skip
        fields = {
            path: _filled(labels=dict(one.labels), help=one.help, hidden=one.hidden,
                          required=one.required,
                          when={at: list(some) for at, some in one.when.items()})
            for path, one in sorted(self.fields.items())
        }  # fmt: skip
        fields = {path: said for path, said in fields.items() if said}
        return written | ({"fields": fields} if fields else {})

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Layout:
        """Read what ``to_json`` wrote."""
        return cls(
            tabs=tuple(LaidTab(**one) for one in written.get("tabs", ())),
            sections=tuple(
                LaidSection(**{**one, "fields": tuple(one["fields"])})
                for one in written.get("sections", ())
            ),
            fields={
                path: LaidField(**{**said, "when": {at: wanted(some) for at, some in
                                                    said.get("when", {}).items()}})
                for path, said in written.get("fields", {}).items()
            },
        )  # fmt: skip

    @property
    def mark(self) -> str:
        """A short text that is another one for every other layout."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def read_layouts(settings: Mapping[tuple[str, str], Any]) -> dict[str, Layout]:
    """Find the layouts among a tenant's settings, by entity."""
    return {
        key.removeprefix(_PLACE): Layout.from_json(value)
        for (plugin, key), value in settings.items()
        if plugin == "core" and key.startswith(_PLACE)
    }


def place_of(entity: str) -> tuple[str, str]:
    """Name the setting in which the layout of an entity's form is kept."""
    return "core", f"{_PLACE}{entity}"


def dressed(fields: Mapping[str, Field], layout: Layout) -> dict[str, Field]:
    """Give an entity's fields as a layout has them.

    What the entity itself demands is neither hidden nor put under a condition; a condition on
    what does not exist here asks for nothing.
    """
    made = dict(fields)
    for path, said in layout.fields.items():
        declared = fields.get(path)
        if declared is None:
            continue
        is_free = not declared.required
        is_whole = said.when.keys() <= fields.keys()
        made[path] = replace(
            declared,
            labels={**(declared.labels or {}), **said.labels} or None,
            help=said.help or declared.help,
            hidden=said.hidden and is_free,
            demanded=said.required and is_free and is_whole and declared.writable,
            applies=said.when if said.when and is_free and is_whole else None,
        )
    return made
