"""The document as YAML text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from trato.errors import ConfigError
from trato.text import _


class _Loader(yaml.SafeLoader):
    """Loads plain data, and refuses a key that stands twice: the first would vanish unseen."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _value in node.value:
            key = key_node.value
            if key in seen and key != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def parse(text: str) -> Any:
    """Read YAML.

    :raises ConfigError: with line and column of what cannot be read.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ConfigError(
            _("The file is not YAML: line {line}, column {column}: {reason}."),
            hint=_("Nothing was changed. Correct the file and apply it again."),
            line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1,
            reason=error.problem or str(error), code="bad_yaml",
        ) from error  # fmt: skip
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2020-13-45
        raise ConfigError(
            _("The file is not YAML: {reason}."),
            hint=_("Nothing was changed. Correct the file and apply it again."),
            reason=str(error), code="bad_yaml",
        ) from error  # fmt: skip


def write(data: Mapping[str, Any]) -> str:
    """Write YAML in the order of the data."""
    return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=100)
