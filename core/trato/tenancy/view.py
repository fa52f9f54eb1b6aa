"""What exists for one tenant at one moment. Everything asks here; nothing asks `pm.hook`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from trato.entities.view import EntityView
from trato.errors import Message, NotFound
from trato.plugin import Menu, Outgoing, Setting, Slot, Timeline
from trato.tenancy.layouts import Layout
from trato.tenancy.owners import Owners, read_owners
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A customer company."""

    id: int
    slug: str
    name: str
    locale: str
    timezone: str
    currency: str
    version: int
    #: The number that hashes of its history contain; another than `id` after some restores.
    history_number: int
    #: Since when nobody gets in and nothing runs.
    closed_at: dt.datetime | None = None
    #: Who closed it, in words.
    closed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user's place in a tenant."""

    id: UUID
    user_id: UUID
    name: str
    email: str
    is_active: bool
    roles: tuple[str, ...]
    teams: frozenset[UUID]
    locale: str | None = None
    timezone: str | None = None
    #: From when on the membership ends by itself.
    ends_at: dt.datetime | None = None

    def may_enter(self, now: dt.datetime) -> bool:
        """Tell whether the member may act in the tenant at a moment."""
        return self.is_active and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, kw_only=True)
class Team:
    """Members who work together; access rules may go by it."""

    id: UUID
    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class PluginState:
    """Whether a plugin is enabled for a tenant, and why not."""

    name: str
    installed: bool
    licensed: bool
    is_on: bool
    enabled: bool
    #: Why it is not enabled; empty when it is.
    reason: Message | None = None


@dataclass(frozen=True, kw_only=True)
class LicenseState:
    """What the tenant's licence amounts to today."""

    state: Literal["none", "invalid", "active", "grace", "read_only"]
    plugins: frozenset[str] = frozenset()
    seats: int = 0
    expires: dt.date | None = None
    problem: Message | None = None


def _sealed(plugin: str, sealed: str) -> str:
    raise NotFound(_("Plugin '{plugin}' has no such setting."), plugin=plugin)


@dataclass(frozen=True, kw_only=True, eq=False)
class TenantView:
    """The enabled part of the host for a tenant: plugins, entities, screens, members, roles."""

    tenant: Tenant
    license: LicenseState
    plugins: Mapping[str, PluginState]
    enabled: frozenset[str]
    entities: Mapping[str, EntityView]
    #: (plugin, collection) to entity name.
    collections: Mapping[tuple[str, str], str]
    #: (kind of screen, entity name) to screen.
    screens: Mapping[tuple[str, str], Any]
    menus: Sequence[Menu]
    #: Entity name to what plugins add to its screens.
    slots: Mapping[str, Sequence[Slot]]
    members: Mapping[UUID, Member]
    teams: Mapping[UUID, Team]
    #: Role key to its grants; see ``access.roles``.
    roles: Mapping[str, Any]
    settings: Mapping[tuple[str, str], Any]
    #: pluggy relay of the enabled plugins only.
    hook: Any
    #: Plugin name and what it tells on records' timelines.
    timelines: Sequence[tuple[str, Timeline]] = ()
    #: Entity name to connectors and what of its records each sends, see ``records.outbox``.
    targets: Mapping[str, Sequence[tuple[str, Outgoing]]] = field(default_factory=dict)
    #: The connectors of the enabled plugins, by name.
    connectors: Mapping[str, Any] = field(default_factory=dict)
    #: Entity name to what the tenant made of its form.
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    #: What the enabled plugins leave out of names that are compared: `sas`, `s en c`.
    legal_forms: tuple[str, ...] = ()
    #: Enabled plugins that hear events, each with the events it names.
    listeners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: (plugin, key) to the declaration of each setting that exists for the tenant.
    declared: Mapping[tuple[str, str], Setting] = field(default_factory=dict)
    #: Opens what is kept of a plugin's secret setting.
    unseal: Callable[[str, str], str] = field(default=_sealed, repr=False)
    #: Names of the jobs and the permissions that installed plugins declare; none: not known.
    jobs: Collection[str] | None = None
    permissions: Collection[str] | None = None
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def owners(self) -> Owners:
        """Who rules which fields of linked records; see ``records.owning``."""
        return read_owners(self, self.connectors) if self.connectors else {}

    @property
    def read_only(self) -> bool:
        """Whether the licence has been over for so long that nothing may be written."""
        return self.license.state in ("none", "invalid", "read_only")

    def check_declared(
        self, what: str, name: str, known: Collection[str] | None, *, hint: str = ""
    ) -> None:
        """Refuse a name that its plugin does not declare.

        Of a plugin that is not installed nothing is known, and it must not cost others their work.

        :param what: the name with its kind, for the error.
        :raises KeyError: with what the plugin does declare.
        """
        plugin = name.partition(".")[0]
        state = self.plugins.get(plugin)
        if known is None or name in known or state is None or not state.installed:
            return
        there = ", ".join(one for one in known if one.startswith(f"{plugin}."))
        raise KeyError(f"there is no {what}; declared: {there or '-'}{hint}")

    def entity(self, name: Any) -> EntityView:
        """Find an entity by class or name.

        :raises NotFound: when it does not exist for this tenant.
        """
        key = name if isinstance(name, str) else name.__entity__.name
        try:
            return self.entities[key]
        except KeyError:
            raise NotFound(_("There is no '{entity}' here."), entity=key) from None

    def collection(self, plugin: str, collection: str) -> EntityView:
        """Find an entity by the two segments of its URL.

        :raises NotFound: when it does not exist for this tenant.
        """
        name = self.collections.get((plugin, collection))
        if name is None:
            raise NotFound(_("There is no '{entity}' here."), entity=f"{plugin}/{collection}")
        return self.entities[name]
