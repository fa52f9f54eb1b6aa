"""When the build fetches the browser libraries, and when it leaves them alone."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "browser_assets.py"
ICON = '<svg\n  width="24"\n>\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  {}\n</svg>'


class Checkout:
    """A small checkout whose npm copies prepared packages instead of fetching them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.frontend = root / "frontend"
        self.vendor = root / "core" / "trato" / "web" / "static" / "vendor"
        tool = root / "core" / "tools" / TOOL.name
        tool.parent.mkdir(parents=True)
        self.vendor.parent.mkdir(parents=True)
        shutil.copy(TOOL, tool)
        self.tool = tool

    def write(self, path: str, text: str) -> None:
        target = self.frontend / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def load(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("assets_under_test", self.tool)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @property
    def installs(self) -> int:
        log = self.frontend / "npm.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path / "checkout")
    made.write("package-lock.json", "{}")
    made.write("licenses/own.txt", "Permission is granted.")
    made.write(
        "assets.toml",
        '[files]\n"one.css" = "one/dist/one.css"\n[licenses]\n"one.txt" = "one/LICENSE"\n'
        '[icons]\noutline = ["plus"]\nfilled = ["star"]\n',
    )
    made.write("node_modules/one/dist/one.css", "a{}")
    made.write("node_modules/one/LICENSE", "MIT")
    icons = "node_modules/@tabler/icons/icons"
    made.write(f"{icons}/outline/plus.svg", ICON.format('<path d="M1 1" />'))
    made.write(f"{icons}/filled/star.svg", ICON.format('<path d="M2 2" />'))
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text('#!/bin/sh\necho "$@" >> npm.log\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/bin{os.pathsep}/usr/bin")
    return made


def test_assets_licences_and_sprite_are_put_in_place(checkout: Checkout) -> None:
    checkout.load().prepare()

    assert (checkout.vendor / "one.css").read_text() == "a{}"
    assert {text.name for text in (checkout.vendor / "licenses").iterdir()} == {
        "one.txt",
        "own.txt",
    }
    assert (checkout.vendor / "icons.svg").read_text() == (
        '<svg xmlns="http://www.w3.org/2000/svg">'
        '<symbol id="plus" viewBox="0 0 24 24"><path d="M1 1"/></symbol>'
        '<symbol id="star-filled" viewBox="0 0 24 24" fill="currentColor" stroke="none">'
        '<path d="M2 2"/></symbol></svg>\n'
    )


def test_npm_installs_exactly_the_lock_and_runs_no_script_of_packages(checkout: Checkout) -> None:
    checkout.load().prepare()

    arguments = (checkout.frontend / "npm.log").read_text().split()
    assert arguments[0] == "ci"
    assert "--ignore-scripts" in arguments


def test_a_second_build_fetches_nothing(checkout: Checkout) -> None:
    checkout.load().prepare()

    checkout.load().prepare()

    assert checkout.installs == 1


@pytest.mark.parametrize("changed", ["package-lock.json", "assets.toml", "licenses/own.txt"])
def test_a_changed_lock_or_list_makes_the_assets_anew(checkout: Checkout, changed: str) -> None:
    checkout.load().prepare()
    path = checkout.frontend / changed
    path.write_text(path.read_text() + "\n")

    checkout.load().prepare()

    assert checkout.installs == 2


def test_node_is_required_only_where_npm_is_absent_and_assets_are_missing(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = checkout.load()

    assert module.requires() == []
    monkeypatch.setenv("PATH", "")
    assert module.requires() == [module.NODE_WHEEL]


def test_node_is_not_required_where_the_assets_are_current(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = checkout.load()
    module.prepare()

    monkeypatch.setenv("PATH", "")

    assert module.requires() == []


def test_an_unpacked_source_distribution_uses_what_it_carries(checkout: Checkout) -> None:
    checkout.load().prepare()
    shutil.rmtree(checkout.frontend)

    module = checkout.load()
    module.prepare()

    assert module.requires() == []
    assert (checkout.vendor / "one.css").exists()


def test_a_source_without_assets_and_without_frontend_says_what_is_missing(
    checkout: Checkout,
) -> None:
    shutil.rmtree(checkout.frontend)
    module = checkout.load()

    with pytest.raises(module.AssetError, match="browser libraries are missing"):
        module.prepare()


def test_an_unknown_icon_is_named_and_the_old_assets_stay(checkout: Checkout) -> None:
    checkout.load().prepare()
    checkout.write("assets.toml", '[files]\n[licenses]\n[icons]\noutline = ["plsu"]\nfilled = []\n')
    module = checkout.load()

    with pytest.raises(module.AssetError, match="no outline icon 'plsu'"):
        module.prepare()
    assert (checkout.vendor / "one.css").exists()
    assert not module.are_current()


def test_a_failing_npm_is_quoted(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\necho 'no such host' >&2\nexit 3\n")
    module = checkout.load()

    with pytest.raises(module.AssetError, match="ended with 3: no such host"):
        module.prepare()
