"""What every template and asset of the pages keeps to, whatever it shows."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from trato.i18n.extraction import extract
from trato.i18n.po import missing

CORE = Path(__file__).resolve().parents[1]
WEB = CORE / "trato" / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))

#: Macros of _ui.html that take the name of an icon, and at which place.
ICON_PLACES = {
    "icon": 0, "notice": 1, "pop": 1, "button": 2, "post_button": 2, "nav_link": 2, "bar_link": 2,
}  # fmt: skip


def icons_named(template: Path) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(template.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        name = call.node.attr if isinstance(call.node, nodes.Getattr) else call.node.name
        place = ICON_PLACES.get(name)
        if place is None or len(call.args) <= place:
            continue
        argument = call.args[place]
        if isinstance(argument, nodes.CondExpr):
            # What it tests is no icon.
            parts = [argument.expr1, argument.expr2]
        else:
            parts = [argument, *argument.find_all(nodes.CondExpr)]
        for part in parts:
            if isinstance(part, nodes.Const) and isinstance(part.value, str):
                yield part.value


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template_needs_no_exception_from_the_strict_policy(template: Path) -> None:
    text = template.read_text("utf-8")

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|\ssrc=\"data:", text)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template_names_only_icons_that_the_build_takes(template: Path) -> None:
    listed = tomllib.loads((CORE.parent / "frontend" / "assets.toml").read_text("utf-8"))["icons"]
    known = {*listed["outline"], *(f"{name}-filled" for name in listed["filled"])}

    assert set(icons_named(template)) <= known


def test_declared_icons_are_among_those_that_the_build_takes() -> None:
    listed = tomllib.loads((CORE.parent / "frontend" / "assets.toml").read_text("utf-8"))["icons"]
    sources = [*(CORE / "trato").rglob("*.py"), *(CORE.parent / "plugins").rglob("trato_*/**/*.py")]

    named = {
        name
        for source in sources
        for name in re.findall(
            r'\bicon(?::\s*str\s*)?\s*=\s*"([a-z0-9-]+)"', source.read_text("utf-8")
        )
    }

    assert named
    assert named <= set(listed["outline"])


def test_some_template_names_icons() -> None:
    assert {name for template in TEMPLATES for name in icons_named(template)} >= {"plus", "lock"}


def test_styles_and_scripts_load_nothing_from_elsewhere() -> None:
    own = [*(WEB / "static" / "css").glob("*.css"), *(WEB / "static" / "js").glob("*.js")]

    found = [
        (file.name, address)
        for file in own
        for address in re.findall(r"url\(([^)]*)\)|import\s|https?://|data:", file.read_text())
    ]

    assert own
    assert all(address.strip("\"'").startswith("../") for _, address in found)


def test_pages_are_translated_whole() -> None:
    texts = extract(WEB / "templates")

    assert texts
    assert missing(CORE / "trato" / "translations", texts, locale="es") == set()


def test_wheel_takes_every_kind_of_file_that_pages_need() -> None:
    config = configparser.ConfigParser()
    config.read(CORE / "setup.cfg")
    patterns = {part.strip() for part in config["options.package_data"]["*"].split(",")}
    files = [*(WEB / "static").rglob("*"), *(WEB / "templates").rglob("*")]

    suffixes = {file.suffix for file in files if file.is_file()}

    assert {f"**/*{suffix}" for suffix in suffixes} <= patterns
