"""Every hook that a plugin may implement.

Registration hooks are called once at start, plugin by plugin in dependency order, so that each
declaration is known by its plugin and one that raises loses only its own plugin. They are called
whether or not a tenant has the plugin enabled; what they declare exists for those that have.
Reaction hooks are called for a tenant, and only for plugins that the tenant has enabled.
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
    """Name the entity classes of the plugin.

    Called once at start, before the database is opened. A wrong declaration, or a name that another
    plugin has, loses the plugin, with all its problems at once. None adds nothing. See
    docs/develop/hooks/entities.md.
    """


@hookspec
def trato_extensions() -> Sequence[type[Extension]]:  # type: ignore[empty-body]
    """Name the extension records by which the plugin adds fields to others' entities.

    Called once at start, after the entities of the plugins that it depends on. An obligatory field,
    or an entity that does not exist, loses the plugin. None adds nothing. See
    docs/develop/hooks/entities.md.
    """


@hookspec
def trato_options() -> Sequence[OptionList]:  # type: ignore[empty-body]
    """Name long lists of allowed values that are loaded, not written in code.

    Called once at start; a list's `load` is called when its values are first needed, and an error
    in it is told there, naming the list. None adds nothing. See docs/develop/hooks/entities.md.
    """


@hookspec
def trato_screens() -> Sequence[Any]:  # type: ignore[empty-body]
    """Name the screens: `ListScreen`, `FormScreen` …

    Called once at start. A field that the entity does not have loses the plugin and is named. None
    adds nothing. See docs/develop/hooks/screens.md.
    """


@hookspec
def trato_menus() -> Sequence[Menu]:  # type: ignore[empty-body]
    """Name menu entries that no screen brings by itself.

    Called once at start. A path that is no list of the plugin's own, or of those that its manifest
    names, loses the plugin. None adds nothing. See docs/develop/hooks/screens.md.
    """


@hookspec
def trato_slots() -> Sequence[Slot]:  # type: ignore[empty-body]
    """Name sections, columns and panels for the screens of other plugins.

    Called once at start; each is shown while the tenant has both plugins enabled. An entity or
    field that does not exist loses the plugin. None adds nothing. See
    docs/develop/hooks/screens.md.
    """


@hookspec
def trato_timeline() -> Sequence[Timeline]:  # type: ignore[empty-body]
    """Name the kinds of events that the plugin adds to the timelines of records.

    Called once at start; `read` is called when somebody opens a record, and an error in it leaves
    the plugin's events out and says so. None adds nothing. See docs/develop/hooks/screens.md.
    """


@hookspec
def trato_permissions() -> Sequence[Permission]:  # type: ignore[empty-body]
    """Name permissions beyond those that every entity has by itself.

    Called once at start. A name that does not begin with the plugin's loses the plugin. None adds
    nothing. See docs/develop/hooks/rights.md.
    """


@hookspec
def trato_settings() -> Sequence[Setting]:  # type: ignore[empty-body]
    """Name what a tenant's administrator may set for the plugin.

    Called once at start. A default that the setting itself would refuse loses the plugin. None adds
    nothing. See docs/develop/hooks/rights.md.
    """


@hookspec
def trato_commands() -> Sequence[Command]:  # type: ignore[empty-body]
    """Name commands, called as `trato PLUGIN NAME …`.

    Called once at start; `run` when somebody calls the command, where a `TratoError` is told and
    ends it with 2. The host refuses one for a tenant that has the plugin disabled. None adds
    nothing. See docs/develop/hooks/work.md.
    """


@hookspec
def trato_jobs() -> Sequence[Job]:  # type: ignore[empty-body]
    """Name scheduled and queued work, declared with ``@job``.

    Called once at start; a job runs when it is due, for each tenant that has the plugin enabled. A
    `Temporary` error is tried again, another is told on the page of background tasks. None adds
    nothing. See docs/develop/hooks/work.md.
    """


@hookspec
def trato_sync() -> Sequence[type[Connector]]:  # type: ignore[empty-body]
    """Name the connectors: classes that work with another system.

    Called once at start; a connector runs at its times and when a record that it sends was saved.
    Its `explain` says what errors mean; they stand on the page of connections. None adds nothing.
    See docs/develop/hooks/work.md.
    """


@hookspec
def trato_demo() -> Sequence[Demo]:  # type: ignore[empty-body]
    """Name functions that fill a demo company, called in dependency order.

    Called once at start; each is run by `trato demo`, which ends with an error in it. None adds
    nothing. See docs/develop/hooks/work.md.
    """


# --- reaction: for a tenant that has the plugin enabled ------------------------------------------


@hookspec
def trato_tenant_enabled(unit: Unit) -> None:
    """Prepare a tenant that has just enabled the plugin, inside the enabling transaction.

    Called for the enabled plugin alone, also when it is enabled again: check before creating.
    A domain error refuses the enabling.
    See docs/develop/hooks/tenants.md.

    :param unit: the tenant's transaction; its actor is the system.
    """


@hookspec
def trato_tenant_disabled(unit: Unit) -> None:
    """Tidy up for a tenant that disables the plugin; its data stays.

    Called inside the disabling transaction. A domain error refuses the disabling.
    See docs/develop/hooks/tenants.md.

    :param unit: the tenant's transaction; its actor is the system.
    """


@hookspec
def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
    """Derive values or refuse, after validation and before anything is written.

    Called once for each entity of a save, with all its records: query in sets, never in a loop.
    Values may be set with ``change.set(path, value)``; refuse one record with
    ``change.refuse(path, message)``, everything by raising a domain error.
    See docs/develop/hooks/records.md.

    :param unit: the transaction, its actor and records.
    :param changes: what is about to be written; all of one entity.
    """


@hookspec
def trato_record_saved(unit: Unit, changes: list[Change]) -> None:
    """React to written records inside the same transaction; an error rolls all of it back.

    Called once for each entity of a save, for tenants that have the plugin enabled.
    See docs/develop/hooks/records.md.

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
    See docs/develop/hooks/events.md.

    :param unit: a transaction of the system in the tenant; the event's own is over.
    :param event: what happened, to which records.
    """
