"""Icons: which names the sprite draws, and which a plugin names that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from trato.records.declared import near
from trato.registry import Registry

_SPRITE = Path(__file__).parent / "static" / "vendor" / "icons.svg"
#: Drawn in place of an icon that there is not.
FALLBACK = "circle"


@cache
def names() -> frozenset[str]:
    """Name every icon that there is; none where the assets have not been built."""
    if not _SPRITE.is_file():
        return frozenset()
    return frozenset(re.findall(r'<symbol id="([^"]+)"', _SPRITE.read_text("utf-8")))


def drawn(name: str) -> str:
    """Give an icon's name, or that of a circle where it is not drawn: nothing is left blank."""
    return name if name in names() or (name and not names()) else FALLBACK


def unknown(registry: Registry) -> Iterator[tuple[str, str]]:
    """Give (plugin, what is wrong) for each icon that a plugin names and that is not drawn."""
    if not names():
        return
    for plugin, who, icon in _named(registry):
        if icon and icon not in names():
            nearest = near(icon, names())
            meant = f" Did you mean '{nearest}'?" if nearest else ""
            yield plugin, f"{who} names the icon '{icon}', which there is not.{meant}"


def _named(registry: Registry) -> Iterator[tuple[str, str, str]]:
    for name, manifest in registry.plugins.items():
        yield name, "the manifest", manifest.icon
    told = set()
    for name, entity in registry.entities.items():
        info = entity.__entity__
        told.add((info.plugin, name, info.icon))
        yield info.plugin, f"entity {name}", info.icon
    for (kind, name), screen in registry.screens.items():
        if kind == "list":
            plugin = registry.screen_plugins[kind, name]
            told.add((plugin, name, screen.icon))
            yield plugin, f"the list of {name}", screen.icon
    for name, menu in registry.menus:
        # The entry that a list brings has the icon of the list or of its entity.
        if (name, menu.entity, menu.icon) not in told:
            yield name, f"menu {menu.path}", menu.icon
    for name, timeline in registry.timelines:
        yield name, f"timeline {timeline.name}", timeline.icon
