"""What every check of a plugin starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar

import pytest

from trato import __version__
from trato.host import discover
from trato.plugin import Plugin
from trato.records.events import reaction
from trato.records.unit import Unit
from trato.registry import Registry, register_all
from trato.testing.companies import Company
from trato.testing.samples import create_sample

#: The ways in which a plugin can be off.
OFF = ["disabled", "unlicensed"]


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
        if "job" in metafunc.fixturenames:
            found = installed()
            names = [n for n in found.jobs if n.startswith(f"{self.plugin}.")]
            names += [reaction(n) for n in found.listeners if n == self.plugin]
            metafunc.parametrize("job", names)
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

    def _switch_off(self, tenant: Company, off: str) -> None:
        if off == "disabled":
            tenant.disable(self.plugin)
        else:
            tenant.install_license(set(tenant.host.plugins) - {self.plugin})

    @contextmanager
    def _switched_off(self, tenant: Company, off: str) -> Iterator[None]:
        on = tenant.view.enabled
        self._switch_off(tenant, off)
        yield
        tenant.install_license()
        tenant.enable(*on)
