"""Tools for testing Trato and its plugins; no other module of Trato imports them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trato.testing.checks import PluginChecks
    from trato.testing.checks.connectors import ConnectorChecks

__all__ = ["ConnectorChecks", "PluginChecks"]

#: Looked for when asked: pytest loads this package as it starts, before it knows which modules'
#: assertions it explains, and a run without us shall not wait for the whole host.
_HOMES = {
    "ConnectorChecks": "trato.testing.checks.connectors",
    "PluginChecks": "trato.testing.checks",
}


def __getattr__(name: str) -> object:
    """Find what tests of plugins import by name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    return found
