"""What a plugin's own limits say against the value of a setting, its default too."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from trato.errors import Message
from trato.plugin import Setting
from trato.text import _

#: Kinds of settings that there are.
KINDS = ("text", "integer", "decimal", "boolean", "choice", "secret")


def setting_problems(setting: Setting, value: Any) -> list[Message]:
    """Tell what the plugin's own limits say against a value of the right kind."""
    if setting.kind in ("integer", "decimal"):
        number = Decimal(str(value))
        if setting.minimum is not None and number < setting.minimum:
            return [Message(_("At least {limit}."), {"limit": setting.minimum})]
        if setting.maximum is not None and number > setting.maximum:
            return [Message(_("At most {limit}."), {"limit": setting.maximum})]
    wrong = None if setting.check is None else setting.check(value)
    return [] if wrong is None else [wrong]


def default_problems(setting: Setting) -> list[Message]:
    """Tell why a setting of a kind that there is would refuse its own default."""
    value = setting.default
    if value is None or (value == "" and setting.kind in ("text", "secret", "choice")):
        return []
    return list(_of_another_kind(setting, value)) or setting_problems(setting, value)


def _of_another_kind(setting: Setting, value: Any) -> Iterator[Message]:
    shown = {"value": repr(value)[:60]}
    whole = isinstance(value, int) and not isinstance(value, bool)
    if setting.kind == "secret":
        yield Message(_("A secret has no default; everybody who has the code would know it."))
    elif setting.kind == "boolean" and not isinstance(value, bool):
        yield Message(_("This is true or false, not {value}."), shown)
    elif setting.kind == "integer" and not whole:
        yield Message(_("{value} is not a whole number."), shown)
    elif setting.kind == "decimal" and not (whole or _is_number(value)):
        yield Message(_("{value} is not a number."), shown)
    elif setting.kind == "choice" and value not in dict(setting.choices):
        yield Message(
            _("{value} is not one of: {choices}."),
            shown | {"choices": ", ".join(key for key, _label in setting.choices)},
        )
    elif setting.kind == "text" and not isinstance(value, str):
        yield Message(_("This must be text, not {value}; put it in quotes."), shown)
    elif setting.kind == "text" and len(value) > setting.longest:
        yield Message(
            _("At most {limit} letters; these are {length}."),
            {"limit": setting.longest, "length": len(value)},
        )


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False
