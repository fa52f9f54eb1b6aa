"""What is promised to plugin authors is told in CHANGELOG.md when it changes: names and signatures.

``api_signatures.txt`` is what the last version promised. Whoever changes a signature tells it under
Unreleased; whoever releases a version writes the file anew: ``python tests/test_api_names.py``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import trato.api

CHANGES = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
SIGNATURES = Path(__file__).with_name("api_signatures.txt")
#: An entry goes on in indented lines.
_ENTRY = re.compile(r"^\* `trato\.api` (gives|no longer gives|changes):(.*(?:\n  .*)*)", re.M)
#: What plugins are given and never make: its parts are promised, and not how it is made.
GIVEN = set(
    "Actor Change Document Event Host JobContext Outcome Page Record Records "
    "TenantView Unit".split()
)
#: Methods that are called by their signs: `change["status"]`, a subclass's arguments.
_SPECIAL = ("__init_subclass__", "__getitem__")


def told() -> set[str]:
    """Add up what the versions gave and took back, the oldest first."""
    names: set[str] = set()
    for verb, text in reversed(_ENTRY.findall(CHANGES.read_text("utf-8"))):
        named = set(re.findall(r"`(\w+)`", text))
        names = {"gives": names | named, "no longer gives": names - named}.get(verb, names)
    return names


def said_to_change() -> set[str]:
    """Name what the version that is not out yet changes: `Records.update`."""
    unreleased = CHANGES.read_text("utf-8").partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    return {
        name
        for verb, text in _ENTRY.findall(unreleased)
        if verb == "changes"
        for name in re.findall(r"`([\w.]+)`", text)
    }


def promised() -> dict[str, str]:
    """Give the signature of everything promised that has one, methods and fields with it."""
    return {
        name: said
        for known in trato.api.__all__
        for name, said in _signatures(known, getattr(trato.api, known))
    }


def _signatures(name: str, thing: Any) -> Iterator[tuple[str, str]]:
    if not str(getattr(thing, "__module__", "")).startswith("trato"):
        return  # of a library, or neither function nor class
    if not inspect.isclass(thing):
        yield name, _signature(thing)
        return
    own = {part: one for kind in reversed(thing.__mro__) if kind.__module__.startswith("trato")
           for part, one in vars(kind).items()}  # fmt: skip
    yield name, _signature(thing) if "__init__" in own and name not in GIVEN else "class"
    parts = {field.name for field in fields(thing)} if is_dataclass(thing) else set()
    if name in GIVEN:
        yield from ((f"{name}.{part}", "field") for part in parts if not part.startswith("_"))
    for part, one in own.items():
        if part in parts or (part.startswith(("_", "trato_")) and part not in _SPECIAL):
            continue
        if isinstance(one, property | cached_property):
            yield f"{name}.{part}", "property"
        elif inspect.isroutine(one):
            yield f"{name}.{part}", _signature(getattr(thing, part))


def _signature(thing: Any) -> str:
    return re.sub(r" at 0x\w+", "", str(inspect.signature(thing)))


def kept() -> dict[str, str]:
    lines = SIGNATURES.read_text("utf-8").splitlines()
    return {name: said for name, _tab, said in (line.partition("\t") for line in lines)}


def test_every_change_of_the_promised_names_is_told() -> None:
    names = set(trato.api.__all__)

    assert names - told() == set(), "Tell them in CHANGELOG.md: * `trato.api` gives: `name`, …"
    assert told() - names == set(), "Tell it in CHANGELOG.md: * `trato.api` no longer gives: …"


def test_every_change_of_a_promised_signature_is_told() -> None:
    before, now = kept(), promised()
    # What is new is welcome; what is gone as a whole is told by its name.
    changed = {
        name
        for name, said in before.items()
        if name.partition(".")[0] in now and now.get(name) != said
    }

    assert changed - said_to_change() == set(), "Tell it: * `trato.api` changes: `Name.method`, …"
    assert said_to_change() - changed == set(), "CHANGELOG.md tells changes that there are not"


def test_signatures_are_kept_of_functions_classes_and_methods() -> None:
    lines = kept()

    assert {"ref", "Query", "Records.update", "Unit.now", "Change.__getitem__"} <= lines.keys()
    assert "Entity.__init_subclass__" in lines
    assert lines["Record.version"] == "field"


def test_the_promised_names_exist_and_are_named_once() -> None:
    assert [name for name in trato.api.__all__ if not hasattr(trato.api, name)] == []
    assert len(trato.api.__all__) == len(set(trato.api.__all__))


if __name__ == "__main__":
    SIGNATURES.write_text(
        "".join(f"{name}\t{said}\n" for name, said in sorted(promised().items())), "utf-8"
    )
