"""Fields that are shown or demanded only while other fields have certain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trato.entities.conditions import Condition, both, holds, wanted
from trato.entities.view import EntityView
from trato.plugin import When, field_path
from trato.tenancy.view import TenantView


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What the declarations of a form come to; of several for one field any is enough."""

    show: Mapping[str, Sequence[Condition]]
    require: Mapping[str, Sequence[Condition]]

    def shows(self, path: str, values: Mapping[str, Any]) -> bool:
        """Tell whether a field is shown among such values."""
        asked = self.show.get(path)
        return asked is None or any(holds(one, values) for one in asked)

    def requires(self, path: str, values: Mapping[str, Any]) -> bool:
        """Tell whether a field must not stay empty among such values."""
        return self.shows(path, values) and any(
            holds(one, values) for one in self.require.get(path, ())
        )

    def script(self, path: str) -> dict[str, str]:
        """Write what the page's script needs to follow along: JSON by `show` and `require`."""
        asked = {"show": self.show.get(path), "require": self.require.get(path)}
        return {name: json.dumps([dict(one) for one in some], separators=(",", ":"))
                for name, some in asked.items() if some}  # fmt: skip


def conditions(view: TenantView, entity: EntityView) -> Conditions:
    """Gather the conditions of a form, once: its own, those of other plugins, and the tenant's.

    What asks for a field that does not exist here is left out. What the tenant asks for a field to
    be shown holds besides what plugins ask.
    """
    made: Conditions | None = entity.cache.get("conditions")
    if made is not None:
        return made
    screen = view.screens.get(("form", entity.name))
    found: list[When] = list(screen.when) if screen else []
    for slot in view.slots.get(entity.name, ()):
        found += slot.when
    show: dict[str, list[Condition]] = {}
    require: dict[str, list[Condition]] = {}
    for when in found:
        one = {field_path(field): wanted(values) for field, values in when.values.items()}
        if not one.keys() <= entity.fields.keys():
            continue
        for fields, kept in ((when.show, show), (when.require, require)):
            for field in fields:
                kept.setdefault(field_path(field), []).append(one)
    for path, laid in entity.fields.items():
        if laid.applies is not None:
            show[path] = [both(one, laid.applies) for one in show.get(path, [{}])]
        if laid.demanded:
            require[path] = [{}]
    made = entity.cache["conditions"] = Conditions(show=show, require=require)
    return made
