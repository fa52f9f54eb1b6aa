"""Every icon that anything names is in the sprite that the build drew."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import trato
from trato import __version__
from trato.api import ListScreen, Menu
from trato.host import discover
from trato.registry import Registry, register_all
from trato.testing.hosts import make_plugin
from trato.testing.specimen import Loan
from trato.testing.specimen import plugin as specimen
from trato.web import icons

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
    assert icons.names() == sprite
    assert list(icons.unknown(registry)) == []


def test_an_unknown_icon_is_told_with_the_nearest_and_drawn_as_a_circle() -> None:
    wrong = make_plugin("visits", icon="map-pinn")

    told = dict(icons.unknown(register_all([wrong], host_version=__version__)))

    assert told == {
        "visits": "the manifest names the icon 'map-pinn', which there is not. "
        "Did you mean 'map-pin'?"
    }
    assert (icons.drawn("map-pinn"), icons.drawn("map-pin")) == ("circle", "map-pin")


def test_a_menu_entry_of_ones_own_is_checked_and_the_one_of_a_list_told_once() -> None:
    menu = Menu(title="Late", group="Visits", path="/specimen/pieces?view=good",
                entity="specimen.piece", icon="map-pinn")  # fmt: skip
    listed = ListScreen(Loan, columns=[Loan.borrower], menu="Loans", icon="staar")
    wrong = make_plugin("visits", depends=["specimen"], menus=[menu], screens=[listed])
    shown = replace(specimen, screens=specimen.screens[:-1])  # the list of loans is another's
    registry = register_all([shown, wrong], host_version=__version__)

    told = list(icons.unknown(registry))

    assert registry.problems == []
    assert told == [
        ("visits", "the list of specimen.loan names the icon 'staar', which there is not. "
         "Did you mean 'star'?"),
        ("visits", "menu /specimen/pieces?view=good names the icon 'map-pinn', which there is not. "
         "Did you mean 'map-pin'?"),
    ]  # fmt: skip


def test_the_reference_lists_every_icon(sprite: set[str]) -> None:
    page = (ROOT / "docs" / "develop" / "reference.md").read_text("utf-8")
    listed = page.partition("\n## Icons\n")[2].partition("toml`.\n")[2]

    assert set(re.findall(r"`([a-z0-9-]+)`", listed)) == sprite


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
