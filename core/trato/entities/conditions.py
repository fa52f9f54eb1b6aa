"""Conditions on the values of a record: what a field must hold for another one to apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: By path what a field must hold, one of them: a value as text, True for anything, False for none.
Condition = Mapping[str, tuple[str | bool, ...]]


def wanted(values: Any) -> tuple[str | bool, ...]:
    """Write what a condition asks of one field, a value or several, in its plain form."""
    some = values if isinstance(values, list | tuple | set | frozenset) else (values,)
    return tuple(bool(one) if one is None or isinstance(one, bool) else str(one) for one in some)


def holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Tell whether every field has one of the values that it is asked for."""
    return all(any(_is(one, values.get(path)) for one in some) for path, some in condition.items())


def both(one: Condition, other: Condition) -> Condition:
    """Make the condition that holds where both hold, of values that are no lists."""
    joined = {**one, **other}
    for path in one.keys() & other.keys():
        joined[path] = tuple(dict.fromkeys(
            value if asked is True else asked
            for value in one[path]
            for asked in other[path]
            if value == asked or (value is True and asked) or (asked is True and value)
        ))  # fmt: skip
    return joined


def _is(asked: str | bool, value: Any) -> bool:
    held = [str(part) for part in value] if isinstance(value, list) else [_text(value)]
    held = [part for part in held if part]
    return bool(held) == asked if isinstance(asked, bool) else asked in held


def _text(value: Any) -> str:
    """Give a value as a form sends it; a box without a tick is empty."""
    if value is None or value is False or value == "false":
        return ""
    return "true" if value is True else str(value)
