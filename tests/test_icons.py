"""Every icon that anything names is in the sprite that the build drew."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import trato
from trato import __version__
from trato.host import discover
from trato.registry import Registry, register_all

ROOT = Path(__file__).resolve().parents[1]
WEB = Path(trato.__file__).parent / "web"


@pytest.fixture(scope="module")
def sprite() -> set[str]:
    drawn = (WEB / "static" / "vendor" / "icons.svg").read_text("utf-8")
    return set(re.findall(r'<symbol id="([^"]+)"', drawn))


@pytest.fixture(scope="module")
def registry() -> Registry:
    return register_all(discover()[0], host_version=__version__)


def test_the_sprite_is_the_list_of_the_build(sprite: set[str]) -> None:
    # Names in templates are held against this list by core's tests.
    listed = tomllib.loads((ROOT / "frontend" / "assets.toml").read_text("utf-8"))["icons"]

    assert sprite == {*listed["outline"], *(f"{name}-filled" for name in listed["filled"])}


def test_icons_of_plugins_entities_and_menus_are_drawn(
    registry: Registry, sprite: set[str]
) -> None:
    named = {f"plugin {p.name}": p.icon for p in registry.plugins.values()}
    named |= {name: entity.__entity__.icon for name, entity in registry.entities.items()}
    named |= {f"menu {menu.path}": menu.icon for _plugin, menu in registry.menus}

    assert named
    assert {who: icon for who, icon in named.items() if icon not in sprite} == {}


def test_icons_that_pages_choose_in_code_are_drawn(sprite: set[str]) -> None:
    named = {
        (file.name, icon)
        for file in WEB.rglob("*.py")
        for icon in re.findall(r'"icon": "([a-z0-9-]+)"', file.read_text("utf-8"))
    }

    assert named
    assert {(file, icon) for file, icon in named if icon not in sprite} == set()


def test_icons_that_templates_name_are_drawn(sprite: set[str]) -> None:
    named = {
        (file.name, icon)
        for file in WEB.rglob("*.html")
        for icon in re.findall(r"""\bicon\(["']([a-z0-9-]+)["']""", file.read_text("utf-8"))
    }

    assert named
    assert {(file, icon) for file, icon in named if icon not in sprite} == set()
