"""Fields of forms that are about no record, as `_fields.html` draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def plain_field(
    name: str, label: str, *, kind: str = "text", value: Any = "", required: bool = True,
    help: str = "", choices: Iterable[tuple[str, str]] | None = None,
    errors: Mapping[str, str] | None = None, maxlength: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Describe a field.

    :param errors: what is wrong, by name of field; this one's is taken from it.
    """
    wrong = (errors or {}).get(name)
    return {
        "name": name, "label": label, "kind": kind, "value": value, "required": required,
        "help": help, "choices": None if choices is None else list(choices),
        "errors": [wrong] if wrong else [], "multiple": kind == "choices", "maxlength": maxlength,
        "readonly": False, "reference": None, "unit": None,
    }  # fmt: skip
