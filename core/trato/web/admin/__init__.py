"""Administration of a tenant: every page asks for the permission `core.administer`."""

from __future__ import annotations

from trato.web.admin.layout import blueprint

# Each module adds its pages to the blueprint.
from trato.web.admin import (  # isort: skip
    auditing,
    choices,
    company,
    configuration,
    connections,
    exports,
    fields,
    jobs,
    mail,
    modules,
    plugin_settings,
    record_forms,
    removing,
    roles,
    sso,
    teams,
    tokens,
    users,
)

__all__ = [
    "auditing", "blueprint", "choices", "company", "configuration", "connections", "exports",
    "fields", "jobs", "mail", "modules", "plugin_settings", "record_forms", "removing", "roles",
    "sso", "teams", "tokens", "users",
]  # fmt: skip
