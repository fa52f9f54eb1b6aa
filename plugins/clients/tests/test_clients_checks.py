"""What the host promises about every plugin holds for `clients`."""

from __future__ import annotations

from trato.testing.checks import PluginChecks


class TestClients(PluginChecks):
    plugin = "clients"
