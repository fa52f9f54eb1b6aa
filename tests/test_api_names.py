"""What is promised to plugin authors is told in CHANGELOG.md, name by name, when it changes."""

from __future__ import annotations

import re
from pathlib import Path

import trato.api

CHANGES = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
#: An entry goes on in indented lines.
_ENTRY = re.compile(r"^\* `trato\.api` (gives|no longer gives):(.*(?:\n  .*)*)", re.M)


def told() -> set[str]:
    """Add up what the versions gave and took back, the oldest first."""
    names: set[str] = set()
    for verb, text in reversed(_ENTRY.findall(CHANGES.read_text("utf-8"))):
        named = set(re.findall(r"`(\w+)`", text))
        names = names | named if verb == "gives" else names - named
    return names


def test_every_change_of_the_promised_names_is_told() -> None:
    names = set(trato.api.__all__)

    assert names - told() == set(), "Tell them in CHANGELOG.md: * `trato.api` gives: `name`, …"
    assert told() - names == set(), "Tell it in CHANGELOG.md: * `trato.api` no longer gives: …"


def test_the_promised_names_exist_and_are_named_once() -> None:
    assert [name for name in trato.api.__all__ if not hasattr(trato.api, name)] == []
    assert len(trato.api.__all__) == len(set(trato.api.__all__))
