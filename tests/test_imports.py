"""Imports point one way only, and a plugin reaches another only through what it declares."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from trato.host import discover

ROOT = Path(__file__).parent.parent


def imported(source: str) -> Iterator[str]:
    """Give every module that a file imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def foreign(plugin: str, modules: Iterator[str], *, declared: set[str]) -> list[str]:
    """Name what a plugin may not import: other plugins, but for the `api` of declared ones."""
    allowed = {f"trato_{name}.api" for name in declared}
    return [
        module
        for module in modules
        if module.startswith("trato_")
        and module.partition(".")[0] != f"trato_{plugin}"
        and module not in allowed
    ]


def test_layers_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)

    outcome = lint_imports(config_filename="setup.cfg", no_cache=True)

    assert outcome == 0, capsys.readouterr().out


def test_all_of_core_but_its_interface_is_forbidden_to_plugins() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    forbidden = config["importlinter:contract:plugins-use-the-api"]["forbidden_modules"].split()
    there = {module.name for module in pkgutil.iter_modules([str(ROOT / "core" / "trato")])}

    assert set(forbidden) == {f"trato.{name}" for name in there - {"api", "__main__"}}


def test_plugins_import_only_what_they_declare() -> None:
    plugins, problems = discover()
    assert not problems

    wrong = {}
    for plugin in plugins:
        folder = ROOT / "plugins" / plugin.name / f"trato_{plugin.name}"
        declared = {*plugin.depends, *plugin.optional}
        for file in folder.rglob("*.py"):
            found = foreign(plugin.name, imported(file.read_text("utf-8")), declared=declared)
            if found:
                wrong[str(file.relative_to(ROOT))] = found

    assert len(plugins) >= 2
    assert not wrong


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from trato_clients.api import Client", []),
        ("from trato_clients.models import Client", ["trato_clients.models"]),
        ("import trato_quotes.api", ["trato_quotes.api"]),
        ("from trato_colombia.phones import parse_phone", []),
    ],
)
def test_rule_tells_declared_from_undeclared(source: str, found: list[str]) -> None:
    assert foreign("colombia", imported(source), declared={"clients"}) == found
