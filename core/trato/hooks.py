"""Every hook that a plugin may implement.

Registration hooks are called once at start, plugin by plugin in dependency order, so that each
declaration is known by its plugin and one that raises loses only its own plugin. Reaction hooks
are called for a tenant, and only for plugins that the tenant has enabled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

if TYPE_CHECKING:
    from trato.entities.base import Entity, Extension
    from trato.jobs.declared import Job
    from trato.plugin import (
        Command,
        Demo,
        Menu,
        OptionList,
        Permission,
        Setting,
        Slot,
        Timeline,
    )
    from trato.records.changes import Change
    from trato.records.events import Event
    from trato.records.unit import Unit
    from trato.sync.connector import Connector

F = TypeVar("F", bound=Callable[..., Any])

hookspec = pluggy.HookspecMarker("trato")
_hookimpl = pluggy.HookimplMarker("trato")


def hookimpl(function: F) -> F:
    """Mark a function as the plugin's implementation of the hook of the same name."""
    return _hookimpl(function)


# --- registration: once at start -----------------------------------------------------------------


@hookspec
def trato_entities() -> Sequence[type[Entity]]:  # type: ignore[empty-body]
    """Name the entity classes of the plugin."""


@hookspec
def trato_extensions() -> Sequence[type[Extension]]:  # type: ignore[empty-body]
    """Name the extension records by which the plugin adds fields to others' entities."""


@hookspec
def trato_options() -> Sequence[OptionList]:  # type: ignore[empty-body]
    """Name long lists of allowed values that are loaded, not written in code."""


@hookspec
def trato_screens() -> Sequence[Any]:  # type: ignore[empty-body]
    """Name the screens: `ListScreen`, `FormScreen` …"""


@hookspec
def trato_menus() -> Sequence[Menu]:  # type: ignore[empty-body]
    """Name menu entries that no screen brings by itself."""


@hookspec
def trato_slots() -> Sequence[Slot]:  # type: ignore[empty-body]
    """Name sections, columns and panels for the screens of other plugins."""


@hookspec
def trato_timeline() -> Sequence[Timeline]:  # type: ignore[empty-body]
    """Name the kinds of events that the plugin adds to the timelines of records."""


@hookspec
def trato_permissions() -> Sequence[Permission]:  # type: ignore[empty-body]
    """Name permissions beyond those that every entity has by itself."""


@hookspec
def trato_settings() -> Sequence[Setting]:  # type: ignore[empty-body]
    """Name what a tenant's administrator may set for the plugin."""


@hookspec
def trato_commands() -> Sequence[Command]:  # type: ignore[empty-body]
    """Name commands, called as `trato PLUGIN NAME …`."""


@hookspec
def trato_jobs() -> Sequence[Job]:  # type: ignore[empty-body]
    """Name scheduled and queued work, declared with ``@job``."""


@hookspec
def trato_sync() -> Sequence[type[Connector]]:  # type: ignore[empty-body]
    """Name the connectors: classes that work with another system."""


@hookspec
def trato_demo() -> Sequence[Demo]:  # type: ignore[empty-body]
    """Name functions that fill a demo company, called in dependency order."""


# --- reaction: for a tenant that has the plugin enabled ------------------------------------------


@hookspec
def trato_tenant_enabled(unit: Unit) -> None:
    """Prepare a tenant that has just enabled the plugin, inside the enabling transaction.

    Called for the enabled plugin alone, also when it is enabled again: check before creating.
    A domain error refuses the enabling.

    :param unit: the tenant's transaction; its actor is the system.
    """


@hookspec
def trato_tenant_disabled(unit: Unit) -> None:
    """Tidy up for a tenant that disables the plugin; its data stays.

    :param unit: the tenant's transaction; its actor is the system.
    """


@hookspec
def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
    """Derive values or refuse, after validation and before anything is written.

    Called once for each entity of a save, with all its records: query in sets, never in a loop.
    Values may be set with ``change.set(path, value)``; refuse one record with
    ``change.refuse(path, message)``, everything by raising a domain error.

    :param unit: the transaction, its actor and records.
    :param changes: what is about to be written; all of one entity.
    """


@hookspec
def trato_record_saved(unit: Unit, changes: list[Change]) -> None:
    """React to written records inside the same transaction; an error rolls all of it back.

    :param unit: the transaction, its actor and records.
    :param changes: what was written; all of one entity.
    """


@hookspec
def trato_event(unit: Unit, event: Event) -> None:
    """React to what has happened, after it was committed, as a task of the plugin's own.

    Core tells `clients.client.created`, `.changed`, `.archived`, `.restored` and `.purged` of every
    entity; a plugin tells its own with ``unit.emit``. Which it hears, the manifest names in
    ``events``. What is written here and the end of the task are one transaction, so that it takes
    effect once, even after a crash; what leaves the database (a letter, a call) may happen twice.
    Two events may come in another order than they happened, so look at the record as it is now.

    A temporary failure is tried again; another is told on the page of background tasks.

    :param unit: a transaction of the system in the tenant; the event's own is over.
    :param event: what happened, to which records.
    """
