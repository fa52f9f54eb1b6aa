"""What the host promises about every plugin holds for `colombia`."""

from __future__ import annotations

from trato.testing.checks import PluginChecks


class TestColombia(PluginChecks):
    plugin = "colombia"
