"""What every check of a plugin starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, ClassVar

import pytest

from trato import __version__
from trato.host import discover
from trato.plugin import Plugin
from trato.records.events import reaction
from trato.records.outbox import send_job, sync_job
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
            for name in self._connectors():
                names.append(sync_job(name))
                names += [send_job(name)] if found.connectors[name].sends else []
            metafunc.parametrize("job", names)
        if "connector" in metafunc.fixturenames:
            metafunc.parametrize("connector", self._connectors())
        if "extended" in metafunc.fixturenames:
            names = [n for n, found in installed().extensions.items() if self.plugin in found]
            metafunc.parametrize("extended", names)

    def _connectors(self) -> list[str]:
        return [name for name in installed().connectors if name.startswith(f"{self.plugin}.")]

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
        switch_off(tenant, self.plugin, off)

    def _switched_off(self, tenant: Company, off: str) -> AbstractContextManager[None]:
        return switched_off(tenant, self.plugin, off)


def switch_off(company: Company, plugin: str, off: str) -> None:
    """Take a plugin away from a company, in one of the ways of ``OFF``."""
    if off == "disabled":
        company.disable(plugin)
    else:
        company.install_license(set(company.host.plugins) - {plugin})


@contextmanager
def switched_off(company: Company, plugin: str, off: str) -> Iterator[None]:
    """Take a plugin away from a company for a while."""
    on = company.view.enabled
    switch_off(company, plugin, off)
    yield
    company.install_license()
    company.enable(*on)
