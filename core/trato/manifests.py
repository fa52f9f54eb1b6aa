"""Manifests: what a plugin says of itself, checked, and the order in which plugins register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from trato.errors import Message
from trato.plugin import NAME, RESERVED_NAMES, Plugin
from trato.text import _


def problems_of(plugin: Plugin, *, host_version: str) -> Iterator[Message]:
    """Find everything that is wrong in a manifest by itself."""
    name = plugin.name
    if not NAME.fullmatch(name):
        yield Message(
            _("'{name}' cannot name a plugin: small letters, digits and underscores."),
            {"name": name},
        )
    if name in RESERVED_NAMES:
        yield Message(_("The name '{name}' belongs to the host."), {"name": name})
    try:
        Version(plugin.version)
    except InvalidVersion:
        yield Message(_("'{version}' is not a version like 1.2.0."), {"version": plugin.version})
    try:
        if Version(host_version) not in SpecifierSet(plugin.requires_host):
            yield Message(
                _("It requires host {wanted}; this is {version}."),
                {"wanted": plugin.requires_host, "version": host_version},
            )
    except InvalidSpecifier:
        yield Message(
            _("requires_host '{wanted}' is not a range like >=1.0,<2."),
            {"wanted": plugin.requires_host},
        )
    for key in ("depends", "optional"):
        named = getattr(plugin, key)
        if isinstance(named, str):
            yield Message(
                _('{key} is a text; it is a list of names: ["{text}"].'),
                {"key": key, "text": named},
            )
        elif name in named:
            yield Message(_("It names itself as a dependency."), {})


def in_order(plugins: Mapping[str, Plugin]) -> tuple[list[str], dict[str, Message]]:
    """Order by dependency, hard and optional; name who is in a circle of needs, and why.

    Plugins may like each other; then one of them comes first.
    """
    good = dict(plugins)
    ignored: set[tuple[str, str]] = set()
    circles: dict[str, Message] = {}
    while True:
        graph = {
            name: [
                need
                for need in (*sorted(p.depends), *sorted(p.optional))
                if need in good and (name, need) not in ignored
            ]
            for name, p in sorted(good.items())
        }
        try:
            return list(TopologicalSorter(graph).static_order()), circles
        except CycleError as error:
            circle = list(reversed(error.args[1]))
        liked = [(one, two) for one, two in pairwise(circle) if two not in good[one].depends]
        if liked:
            ignored.add(liked[0])
            continue
        said = Message(
            _("Plugins need each other in a circle: {cycle}."), {"cycle": " → ".join(circle)}
        )
        for name in set(circle):
            circles[name] = said
            good.pop(name)
