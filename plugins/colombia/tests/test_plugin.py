"""The promises that every plugin keeps."""

from __future__ import annotations

from trato.testing.checks import PluginChecks


class TestColombia(PluginChecks):
    plugin = "colombia"
