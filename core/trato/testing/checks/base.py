"""What every check of a plugin starts from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import pytest

from trato import __version__
from trato.host import discover
from trato.plugin import Plugin
from trato.records.unit import Unit
from trato.registry import Registry, register_all
from trato.testing.samples import create_sample


@lru_cache(maxsize=1)
def installed() -> Registry:
    """Read what the installed plugins declare."""
    return register_all(discover()[0], host_version=__version__)


class Checked:
    """A plugin under test."""

    #: Name of the plugin.
    plugin: ClassVar[str] = ""
    #: Entity name to values that its records must have, where a declaration does not say all.
    samples: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that takes `entity` once for each entity of the plugin."""
        if "entity" in metafunc.fixturenames:
            names = [
                n for n, e in installed().entities.items() if e.__entity__.plugin == self.plugin
            ]
            metafunc.parametrize("entity", names)
        if "extended" in metafunc.fixturenames:
            names = [n for n, found in installed().extensions.items() if self.plugin in found]
            metafunc.parametrize("extended", names)

    @property
    def manifest(self) -> Plugin:
        """The plugin's manifest."""
        found = installed().plugins.get(self.plugin)
        if found is None:
            problems = [str(p) for p in (*discover()[1], *installed().problems)]
            pytest.fail(f"plugin '{self.plugin}' does not work: {problems or 'not installed'}")
        return found

    def create(self, unit: Unit, entity: str, given: Mapping[str, Any] | None = None) -> Any:
        """Make a valid record of an entity."""
        return create_sample(unit, entity, {**self.samples.get(entity, {}), **(given or {})})
