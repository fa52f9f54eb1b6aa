"""Checks that every plugin must pass, in three lines:

>>> class TestVisits(PluginChecks):
...     plugin = "visits"
"""

from __future__ import annotations

from trato.testing.checks.background import BackgroundChecks
from trato.testing.checks.gates import GateChecks
from trato.testing.checks.isolation import IsolationChecks
from trato.testing.checks.lists import ListChecks
from trato.testing.checks.manifest import ManifestChecks
from trato.testing.checks.rights import RightsChecks
from trato.testing.checks.tables import TableChecks
from trato.testing.checks.web import WebChecks


class PluginChecks(
    ManifestChecks, BackgroundChecks, GateChecks, IsolationChecks, RightsChecks, ListChecks,
    TableChecks, WebChecks,
):  # fmt: skip
    """Everything the host promises about a plugin, tried on both databases."""


__all__ = ["PluginChecks"]
