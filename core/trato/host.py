"""The host: finds plugins, checks them, orders them, and gives each tenant its own view.

A plugin that cannot be imported or whose manifest is wrong is left out, with all that needs it,
and its problems are kept to be shown; the host starts without it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from trato import __version__
from trato.access.actor import Actor, Via
from trato.access.credentials import Passwords
from trato.access.sealing import setting_sealer
from trato.access.store import read_people
from trato.db.engine import open_engine, transaction
from trato.db.migrate import behind
from trato.db.reading import Reading
from trato.db.slow import watch
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import Message, TratoError
from trato.i18n import Catalogs
from trato.licensing import PublicKey, parse_public_keys, verify
from trato.plugin import Menu, Outgoing, Plugin, Slot, entity_name
from trato.records.unit import Clock, Unit, open_unit, utc_now
from trato.registry import Problem, Registry, register_all
from trato.settings import Settings
from trato.tenancy.enablement import license_state, plugin_states
from trato.tenancy.layouts import Layout, dressed, read_layouts
from trato.tenancy.store import TenantConfig, read_config, read_version, touch_all
from trato.tenancy.view import TenantView
from trato.text import _

GROUP = "trato.plugins"


@dataclass(frozen=True, kw_only=True)
class Cached:
    """A tenant's view with what it was made from."""

    version: int
    day: dt.date
    view: TenantView


class Host:
    """Everything that serves tenants: one object per process, made once, passed on.

    :param settings: where the database is, which keys sign licences, and so on.
    :param plugins: plugins to use instead of the installed ones; for tests.
    :param clock: tells the time; a test brings its own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Sequence[Plugin] | None = None,
        engine: Engine | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._given_engine = engine
        self._views: dict[int, Cached] = {}
        self._options: dict[str, tuple[Any, ...]] = {}
        self._lock = threading.Lock()
        found, problems = (list(plugins), []) if plugins is not None else discover()
        self.registry: Registry = register_all(found, host_version=__version__)
        self.problems: list[Problem] = [*problems, *self.registry.problems]

    # --- parts -----------------------------------------------------------------------------------

    @cached_property
    def engine(self) -> Engine:
        """The database as the application uses it."""
        if self._given_engine is not None:
            return self._given_engine
        engine = open_engine(self.settings.database_url)
        watch(engine, ms=self.settings.slow_ms)
        return engine

    @property
    def plugins(self) -> Mapping[str, Plugin]:
        """The plugins that work, in dependency order."""
        return self.registry.plugins

    @cached_property
    def catalogs(self) -> Catalogs:
        """Translations of core and of every plugin."""
        folders = {"core": Path(__file__).parent / "translations"}
        folders |= {
            name: self.registry.folders[name] / "translations" for name in self.registry.plugins
        }
        return Catalogs(folders)

    @cached_property
    def public_keys(self) -> Sequence[PublicKey]:
        """Keys by which licences are checked."""
        return parse_public_keys(self.settings.license_public_keys)

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """Secrets of this installation; the first signs, all verify."""
        return self.settings.resolve_secret_key()

    @cached_property
    def passwords(self) -> Passwords:
        """Hashing of passwords at this installation's costs."""
        settings = self.settings
        return Passwords(
            time_cost=settings.password_time_cost, memory_kib=settings.password_memory_kib,
            lanes=settings.password_parallelism, shortest=settings.password_min_length,
        )  # fmt: skip

    @cached_property
    def audit_keys(self) -> tuple[bytes, ...]:
        """Keys of the audit chain, made from the secrets."""
        return tuple(
            hashlib.sha256(b"trato audit\0" + key.encode()).digest() for key in self.secret_keys
        )

    # --- tenants ---------------------------------------------------------------------------------

    def for_tenant(self, tenant_id: int, *, version: int | None = None) -> TenantView:
        """Give the tenant's view, read anew when its version has risen.

        :param version: the tenant's version as a session or token has just told it; without it
            the configuration is read.
        """
        day = self.clock().date()
        cached = self._views.get(tenant_id)
        if (
            cached is not None
            and version is not None
            and cached.version == version
            and cached.day == day
        ):
            return cached.view
        with transaction(self.engine, tenant_id=tenant_id, read=True) as connection:
            view = self.build_view(connection, tenant_id, day=day)
        with self._lock:
            self._views[tenant_id] = Cached(version=view.tenant.version, day=day, view=view)
        return view

    def current(self, tenant_id: int) -> TenantView:
        """Give the tenant's view as it is now; for work that asks often, as it reads little."""
        with transaction(self.engine, tenant_id=tenant_id, read=True) as connection:
            version = read_version(connection, tenant_id)
        return self.for_tenant(tenant_id, version=version)

    def build_view(
        self, connection: Connection, tenant_id: int, *, day: dt.date | None = None
    ) -> TenantView:
        """Read a tenant's configuration and make its view, inside a transaction of it."""
        config = read_config(connection, tenant_id)
        members, teams, roles = read_people(connection, tenant_id)
        state = license_state(
            config.license_token, config.tenant.slug, self.public_keys,
            today=day or self.clock().date(), grace_days=self.settings.license_grace_days,
            verify=verify,
        )  # fmt: skip
        registry = self.registry
        states = plugin_states(
            registry.plugins, state, config.switched, behind=behind(connection, registry.folders)
        )
        enabled = frozenset(name for name, plugin in states.items() if plugin.enabled)
        layouts = read_layouts(config.settings)
        entities = self._entities(connection, config, enabled, layouts)
        screens = {key: screen for key, screen in registry.screens.items() if key[1] in entities}
        return TenantView(
            tenant=config.tenant, license=state, plugins=states, enabled=enabled,
            entities=entities,
            collections={
                (view.info.plugin, view.info.collection): name for name, view in entities.items()
            },
            screens=screens, menus=self._menus(enabled, entities), slots=self._slots(enabled),
            timelines=[(plugin, timeline) for plugin, timeline in registry.timelines
                       if plugin == "core" or plugin in enabled],
            members=members, teams=teams, roles=roles, settings=config.settings,
            layouts=layouts,
            declared={name: setting for name, setting in registry.settings.items()
                      if name[0] == "core" or name[0] in enabled},
            unseal=self._unseal,
            hook=registry.relay(enabled), targets=self._targets(enabled),
            connectors={name: connector for name, connector in registry.connectors.items()
                        if name.partition(".")[0] in enabled},
            jobs=registry.job_names, permissions=registry.permissions,
            listeners={name: heard for name, heard in registry.listeners.items()
                       if name in enabled},
            legal_forms=tuple(
                form for name in sorted(enabled) for form in registry.plugins[name].legal_forms
            ),
        )  # fmt: skip

    def _entities(
        self, connection: Connection, config: TenantConfig, enabled: frozenset[str],
        layouts: Mapping[str, Layout],
    ) -> dict[str, EntityView]:  # fmt: skip
        registry = self.registry
        options: dict[str, Any] = {}
        views: dict[str, EntityView] = {}
        by_kind = {
            kind: spellings
            for plugin in registry.plugins.values()
            if plugin.name in enabled
            for kind, spellings in plugin.spellings.items()
        }
        shown_by_kind = {
            kind: shown
            for plugin in registry.plugins.values()
            if plugin.name in enabled
            for kind, shown in plugin.shown.items()
        }
        for name, entity in registry.entities.items():
            if entity.__entity__.plugin not in enabled:
                continue
            fields: dict[str, Field] = dict(entity.__entity__.fields)
            extensions = {
                plugin: extension
                for plugin, extension in registry.extensions.get(name, {}).items()
                if plugin in enabled
            }
            for extension in extensions.values():
                fields |= extension.__entity__.fields
                for path, spellings in extension.__entity__.spellings.items():
                    fields[path] = replace(fields[path], spellings=spellings)
                for path, shown in extension.__entity__.shown.items():
                    fields[path] = replace(fields[path], shown=shown)
            for path, field in fields.items():
                spelled = by_kind.get(field.kind)
                if spelled is not None and field.fold and field.spellings is None:
                    fields[path] = replace(field, spellings=spelled)
                if field.kind in shown_by_kind and field.shown is None:
                    fields[path] = replace(fields[path], shown=shown_by_kind[field.kind])
            for field in config.custom.get(name, ()):
                target = registry.entities.get(field.target or "")
                if field.kind != "ref" or (
                    target is not None and target.__entity__.plugin in enabled
                ):
                    fields[field.path] = field
            for path, field in fields.items():
                listed = field.options
                if listed is not None:
                    if listed not in options:
                        options[listed] = self._load_options(connection, listed)
                    fields[path] = replace(field, choices=options[listed])
            layout = layouts.get(name)
            views[name] = EntityView(
                entity=entity, extensions=extensions,
                fields=fields if layout is None else dressed(fields, layout),
                plain=None if layout is None else fields,
            )  # fmt: skip
        return views

    def _load_options(self, connection: Connection, name: str) -> tuple[Any, ...]:
        """Read a list that tenants share; while it is the same, so is what their views hold."""
        loaded = tuple(self.registry.options[name].load(connection))
        if loaded != self._options.get(name):
            self._options[name] = loaded
        return self._options[name]

    def _menus(self, enabled: frozenset[str], entities: Mapping[str, EntityView]) -> Sequence[Menu]:
        return [
            menu
            for plugin, menu in self.registry.menus
            if plugin in enabled and (menu.entity is None or menu.entity in entities)
        ]

    def _targets(self, enabled: frozenset[str]) -> dict[str, list[tuple[str, Outgoing]]]:
        targets: dict[str, list[tuple[str, Outgoing]]] = {}
        for name, connector in self.registry.connectors.items():
            if name.partition(".")[0] in enabled:
                for sent in connector.sends:
                    out = sent if isinstance(sent, Outgoing) else Outgoing(entity=sent)
                    targets.setdefault(entity_name(out.entity), []).append((name, out))
        return targets

    def _slots(self, enabled: frozenset[str]) -> dict[str, list[Slot]]:
        slots: dict[str, list[Slot]] = {}
        for plugin, slot in self.registry.slots:
            if plugin in enabled:
                slots.setdefault(entity_name(slot.entity), []).append(slot)
        for added in slots.values():
            added.sort(key=lambda slot: slot.position)
        return slots

    def _unseal(self, plugin: str, sealed: str) -> str:
        return setting_sealer(self.secret_keys, plugin).open(sealed)

    def system(self, tenant_id: int, *, via: Via = "system", label: str = "system") -> Actor:
        """Make the actor of commands and jobs, who may do everything in a tenant."""
        return Actor(view=self.for_tenant(tenant_id), via=via, label=label)

    @contextmanager
    def unit(
        self, actor: Actor, *, read: bool = False, force: bool = False,
        reading: Reading | None = None,
    ) -> Iterator[Unit]:  # fmt: skip
        """Open a unit of work: one transaction in which the actor reads and writes.

        :param read: nothing will be written.
        :param force: write even where the licence is over; for the operator's own commands.
        :param reading: read in this transaction, which goes on afterwards, instead of one's own.
        """
        with open_unit(
            self.engine, actor, audit_keys=self.audit_keys, clock=self.clock, read=read,
            force=force, reading=reading if read else None,
        ) as unit:  # fmt: skip
            yield unit

    @contextmanager
    def shared(self) -> Iterator[Connection]:
        """Open a transaction that changes what all tenants share, such as a country's lists.

        Every process then reads the configuration of each tenant again. No tenant is set in it,
        so it reaches no tenant's rows.
        """
        with transaction(self.engine) as connection:
            yield connection
            touch_all(connection)

    def close(self) -> None:
        """Give back the database connections."""
        if "engine" in self.__dict__:
            self.engine.dispose()


def discover() -> tuple[list[Plugin], list[Problem]]:
    """Import the plugins that are installed; one that cannot be is a problem, not the end."""
    plugins: list[Plugin] = []
    problems: list[Problem] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:
            problems.append(_failed(point, error))
            continue
        if not isinstance(plugin, Plugin):
            problems.append(
                Problem(
                    plugin=point.name,
                    messages=(
                        Message(
                            _("Entry point '{value}' is a {type}, not a Plugin."),
                            {"value": point.value, "type": type(plugin).__name__},
                        ),
                    ),
                )
            )
        elif plugin.name != point.name:
            problems.append(
                Problem(
                    plugin=point.name,
                    messages=(
                        Message(
                            _("The entry point is called '{point}', the plugin '{plugin}'; "
                              "both must be the same."),
                            {"point": point.name, "plugin": plugin.name},
                        ),
                    ),
                )
            )  # fmt: skip
        else:
            plugins.append(plugin)
    return plugins, problems


def _failed(point: EntryPoint, error: BaseException) -> Problem:
    file, line = _where(point, error)
    said = str(error) if isinstance(error, TratoError) else f"{type(error).__name__}: {error}"
    told = Message(
        _("It cannot be imported: {error} ({file}, line {line})."),
        {"error": said.rstrip("."), "file": file, "line": line},
    )
    return Problem(plugin=point.name, messages=(told, *_to_install(error)), error=error)


def _to_install(error: BaseException) -> tuple[Message, ...]:
    """Name the distribution of another plugin that is not there."""
    package = (isinstance(error, ModuleNotFoundError) and error.name) or ""
    if not package.startswith("trato_") or "." in package:
        return ()
    return (
        Message(_("Install {distribution}."), {"distribution": package.replace("_", "-")}),
    )  # fmt: skip


def _where(point: EntryPoint, error: BaseException) -> tuple[str, int]:
    """Find the author's line: the last one in the plugin's package, not core's that refused it."""
    import traceback

    frames = [
        (frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0))
    if not frames:
        return point.value, 0
    package = point.module.partition(".")[0]
    own = [frame for frame in frames if package in Path(frame[0]).parts]
    file, line = (own or frames)[-1]
    return Path(file).name, line
