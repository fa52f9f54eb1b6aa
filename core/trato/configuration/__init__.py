"""A tenant's configuration as one document: own fields, roles, teams, settings.

Exported, compared, and applied again, here or in another tenant. Applying says what it will do,
does the same when done twice, and never drops data: what a document does not name stays.
"""

from __future__ import annotations

from trato.configuration.plan import Step
from trato.configuration.service import apply_configuration, apply_data, export_configuration

__all__ = ["Step", "apply_configuration", "apply_data", "export_configuration"]
