"""What applying a document comes to, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["create", "change", "unchanged", "retire"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one part of the configuration."""

    #: `fields.clients.client.channel`
    path: str
    action: Action
    #: What differs: before and after; for a new part its properties with nothing before.
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    #: What is to be stored.
    wanted: Any = None
    #: A task goes on with it: records are indexed anew in the background.
    goes_on: bool = False


def compare(
    path: str, before: Mapping[str, Any] | None, after: Mapping[str, Any], *, wanted: Any
) -> Step:
    """Compare a part with what stands there now."""
    if before is None:
        return Step(
            path=path, action="create", wanted=wanted,
            changes={key: (None, value) for key, value in after.items()},
        )  # fmt: skip
    changes = {
        key: (before.get(key), value) for key, value in after.items() if before.get(key) != value
    }
    action: Action = "change" if changes else "unchanged"
    if changes.get("active") == (True, False):
        action = "retire"
    return Step(path=path, action=action, changes=changes, wanted=wanted)
