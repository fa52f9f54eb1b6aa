"""Fields that a form shows or demands only while other fields have certain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trato.entities.view import EntityView
from trato.plugin import When, field_path
from trato.screens.declared import FormScreen
from trato.tenancy.view import TenantView

#: By path what a field must hold, one of them: a value as text, True for anything, False for none.
Condition = Mapping[str, tuple[str | bool, ...]]


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What the declarations of a form come to; of several for one field any is enough."""

    show: Mapping[str, Sequence[Condition]]
    require: Mapping[str, Sequence[Condition]]

    def shows(self, path: str, values: Mapping[str, Any]) -> bool:
        """Tell whether a field is shown among such values."""
        asked = self.show.get(path)
        return asked is None or any(_holds(one, values) for one in asked)

    def requires(self, path: str, values: Mapping[str, Any]) -> bool:
        """Tell whether a field must not stay empty among such values."""
        return self.shows(path, values) and any(
            _holds(one, values) for one in self.require.get(path, ())
        )

    def script(self, path: str) -> dict[str, str]:
        """Write what the page's script needs to follow along: JSON by `show` and `require`."""
        asked = {"show": self.show.get(path), "require": self.require.get(path)}
        return {name: json.dumps([dict(one) for one in some], separators=(",", ":"))
                for name, some in asked.items() if some}  # fmt: skip


def conditions(view: TenantView, entity: EntityView) -> Conditions:
    """Gather the conditions of a form: its own and those of other plugins.

    What asks for a field that does not exist here is left out.
    """
    screen: FormScreen | None = view.screens.get(("form", entity.name))
    found: list[When] = list(screen.when) if screen else []
    for slot in view.slots.get(entity.name, ()):
        found += slot.when
    show: dict[str, list[Condition]] = {}
    require: dict[str, list[Condition]] = {}
    for when in found:
        one = {field_path(field): _wanted(values) for field, values in when.values.items()}
        if not one.keys() <= entity.fields.keys():
            continue
        for fields, kept in ((when.show, show), (when.require, require)):
            for field in fields:
                kept.setdefault(field_path(field), []).append(one)
    return Conditions(show=show, require=require)


def _wanted(values: Any) -> tuple[str | bool, ...]:
    some = values if isinstance(values, list | tuple | set | frozenset) else (values,)
    return tuple(bool(one) if one is None or isinstance(one, bool) else str(one) for one in some)


def _holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    return all(
        any(_is(wanted, values.get(path)) for wanted in some) for path, some in condition.items()
    )


def _is(wanted: str | bool, value: Any) -> bool:
    held = [str(part) for part in value] if isinstance(value, list) else [_text(value)]
    held = [part for part in held if part]
    return bool(held) == wanted if isinstance(wanted, bool) else wanted in held


def _text(value: Any) -> str:
    """Give a value as the form sends it; a box without a tick is empty."""
    if value is None or value is False or value == "false":
        return ""
    return "true" if value is True else str(value)
