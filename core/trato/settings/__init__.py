"""What the operator decides: ``TRATO_*`` variables or one TOML file, read once at start.

Owns the settings of a deployment, their check and their words for the manual. What a tenant
decides is kept in its own rows and is no part of this.
"""

from __future__ import annotations

from trato.settings.declaration import SettingDoc
from trato.settings.model import Settings
from trato.settings.secret_key import weak_secret

__all__ = ["SettingDoc", "Settings", "weak_secret"]
