"""A tenant's configuration as it stands, and as a document writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from trato.access.listing import StoredRole, read_roles, read_teams
from trato.configuration import own_fields, people, settings
from trato.registry import Registry
from trato.tenancy.layouts import Layout, read_layouts
from trato.tenancy.own_fields import OwnField, read_own_fields
from trato.tenancy.store import read_config
from trato.tenancy.view import Tenant

#: Version of the document's shape.
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class State:
    """What a tenant is configured to be."""

    tenant: Tenant
    settings: Mapping[tuple[str, str], Any]
    teams: Mapping[str, str]
    roles: Mapping[str, StoredRole]
    #: By entity and key, retired ones too.
    fields: Mapping[tuple[str, str], OwnField]
    #: By entity, what was made of its form.
    layouts: Mapping[str, Layout]


def read_state(connection: Connection, tenant_id: int) -> State:
    """Read a tenant's configuration, inside a transaction of it."""
    config = read_config(connection, tenant_id)
    return State(
        tenant=config.tenant, settings=config.settings, teams=read_teams(connection, tenant_id),
        roles=read_roles(connection, tenant_id), fields=read_own_fields(connection, tenant_id),
        layouts=read_layouts(config.settings),
    )  # fmt: skip


def to_document(state: State, registry: Registry) -> dict[str, Any]:
    """Write a configuration as plain data, complete: applied elsewhere it makes the same."""
    fields: dict[str, dict[str, Any]] = {}
    for (entity, key), own in state.fields.items():
        fields.setdefault(entity, {})[key] = own_fields.describe(own)
    return {
        "version": VERSION,
        "tenant": settings.describe_tenant(state.tenant),
        "settings": settings.describe_settings(state.settings, registry.settings),
        "teams": {key: {"name": name} for key, name in state.teams.items()},
        "roles": {key: people.describe_role(role) for key, role in state.roles.items()},
        "fields": fields,
        "forms": {entity: layout.to_json() for entity, layout in sorted(state.layouts.items())},
    }
