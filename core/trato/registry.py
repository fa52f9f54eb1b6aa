"""Registration: what the working plugins declare, checked, stamped with its plugin, in order."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pluggy

from trato import hooks, manifests
from trato.declarations import KINDS, Declared, check
from trato.errors import Message
from trato.i18n.po import wrong_files
from trato.plugin import (
    Command,
    Demo,
    Menu,
    OptionList,
    Permission,
    Plugin,
    Setting,
    Slot,
    Timeline,
)
from trato.records.declared import near
from trato.records.duplicates import setting_key
from trato.records.events import reaction
from trato.records.outbox import send_job, sync_job
from trato.records.timeline import CHANGES, NOTES
from trato.tenancy.appearance import ACCENT, LOGO
from trato.tenancy.core_settings import BIN_DAYS, MAIL_SETTINGS
from trato.tenancy.sign_in import SSO_SETTINGS
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a plugin was left out."""

    plugin: str
    messages: tuple[Message, ...]
    error: BaseException | None = None

    def __str__(self) -> str:
        return f"{self.plugin}: {' '.join(map(str, self.messages))}"


@dataclass(kw_only=True, eq=False)
class Registry:
    """Everything that the working plugins declare."""

    manager: pluggy.PluginManager
    #: In dependency order.
    plugins: dict[str, Plugin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    entities: dict[str, Any] = field(default_factory=dict)
    #: Entity name to plugin name to extension class.
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, OptionList] = field(default_factory=dict)
    #: (kind, entity name) to screen.
    screens: dict[tuple[str, str], Any] = field(default_factory=dict)
    #: The plugins that declare them, which may show another's entity.
    screen_plugins: dict[tuple[str, str], str] = field(default_factory=dict)
    menus: list[tuple[str, Menu]] = field(default_factory=list)
    slots: list[tuple[str, Slot]] = field(default_factory=list)
    timelines: list[tuple[str, Timeline]] = field(default_factory=list)
    permissions: dict[str, Permission] = field(default_factory=dict)
    settings: dict[tuple[str, str], Setting] = field(default_factory=dict)
    commands: dict[tuple[str, str], Command] = field(default_factory=dict)
    demos: list[tuple[str, Demo]] = field(default_factory=list)
    jobs: dict[str, Any] = field(default_factory=dict)
    #: Name to class, see ``sync.connector``.
    connectors: dict[str, Any] = field(default_factory=dict)
    #: Plugin name to the folder of its package.
    folders: dict[str, Path] = field(default_factory=dict)
    _relays: dict[frozenset[str], Relay] = field(default_factory=dict)

    def relay(self, enabled: frozenset[str]) -> Relay:
        """Give the reaction hooks of the enabled plugins only, in dependency order."""
        found = self._relays.get(enabled)
        if found is None:
            manager = self.reactions
            out = [
                manager.get_plugin(name)
                for known in self.plugins
                if known not in enabled
                for name in (known, f"{known}:hooks")
                if manager.has_plugin(name)
            ]
            found = self._relays[enabled] = Relay(manager, out)
        return found

    @cached_property
    def reactions(self) -> pluggy.PluginManager:
        """The working plugins as reaction hooks are called.

        Who derives from another plugin's values comes after it. pluggy calls the last registered
        first, so they are registered the other way round.
        """
        manager = pluggy.PluginManager("trato")
        manager.add_hookspecs(hooks)
        for name, plugin in reversed(self.plugins.items()):
            if plugin.hooks is not None:
                manager.register(plugin.hooks, name=f"{name}:hooks")
            manager.register(plugin, name=name)
        return manager

    def one(self, plugin: str) -> Relay:
        """Give the reaction hooks of one plugin alone."""
        return self.relay(frozenset({plugin}))

    @property
    def job_names(self) -> frozenset[str]:
        """The jobs of plugins, those with them that hear events and run connectors."""
        return frozenset(
            {*self.jobs, *map(reaction, self.listeners), *map(sync_job, self.connectors),
             *map(send_job, self.connectors)}
        )  # fmt: skip

    @cached_property
    def listeners(self) -> dict[str, tuple[str, ...]]:
        """The plugins that hear events, each with the events it names."""
        heard = {
            implementation.plugin_name.partition(":")[0]
            for implementation in self.reactions.hook.trato_event.get_hookimpls()
        }
        return {name: tuple(p.events) for name, p in self.plugins.items() if name in heard}


class Relay:
    """The hooks without those of some plugins: `relay.trato_record_saving(unit=…, changes=…)`."""

    def __init__(self, manager: pluggy.PluginManager, left_out: Sequence[Any]) -> None:
        self._manager = manager
        self._left_out = left_out
        self._callers: dict[str, pluggy.HookCaller] = {}

    def __getattr__(self, name: str) -> pluggy.HookCaller:
        if not name.startswith("trato_"):
            raise AttributeError(name)
        caller = self._callers.get(name)
        if caller is None:
            caller = self._callers[name] = self._manager.subset_hook_caller(name, self._left_out)
        return caller


#: What a tenant's administrator sets for the host itself.
CORE_SETTINGS = (
    Setting(
        key="theme", label=_("Appearance of pages"), kind="choice", default="system",
        help=_("For everybody who has not chosen one in their own account."),
        choices=(("system", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))),
    ),
    ACCENT, LOGO, BIN_DAYS, *MAIL_SETTINGS, *SSO_SETTINGS,
)  # fmt: skip

#: What every entity that can tell its duplicates has among the settings of its plugin.
_DUPLICATES = Setting(
    key="duplicates", label=_("Duplicates: {title}"), kind="choice", default="warn",
    help=_("Whether two records may hold the same identification, e-mail or phone. Of names that "
           "are only alike people are told, and nothing is forbidden."),
    choices=(("off", _("Say nothing")), ("warn", _("Warn")), ("block", _("Forbid"))),
)  # fmt: skip


def register_all(found: Sequence[Plugin], *, host_version: str) -> Registry:
    """Check the manifests, order the plugins, and collect what they declare."""
    manager = pluggy.PluginManager("trato")
    manager.add_hookspecs(hooks)
    registry = Registry(manager=manager)
    registry.settings |= {("core", setting.key): setting for setting in CORE_SETTINGS}
    registry.timelines += [("core", timeline) for timeline in (NOTES, CHANGES)]
    good: dict[str, Plugin] = {}
    names = Counter(plugin.name for plugin in found)
    for name, plugin in {plugin.name: plugin for plugin in found}.items():
        wrong = list(manifests.problems_of(plugin, host_version=host_version))
        if names[name] > 1:
            wrong = [Message(_("Two plugins are called '{name}'."), {"name": name})]
        if wrong:
            registry.problems.append(Problem(plugin=name, messages=tuple(wrong)))
        else:
            good[name] = plugin
    order, circles = manifests.in_order(good)
    registry.problems += [Problem(plugin=name, messages=(why,)) for name, why in circles.items()]
    for name in order:
        plugin = good[name]
        missing = [need for need in plugin.depends if need not in registry.plugins]
        if missing:
            wrong = [
                Message(
                    _("It needs {plugins}, which is not installed or does not work."),
                    {"plugins": ", ".join(missing)},
                )
            ]
        else:
            wrong = _register(registry, plugin)
        if wrong:
            registry.problems.append(Problem(plugin=name, messages=tuple(wrong)))
    return registry


def _register(registry: Registry, plugin: Plugin) -> list[Message]:
    """Register a plugin's hooks and declarations; leave nothing of it behind when one is wrong."""
    manager = registry.manager
    try:
        manager.register(plugin, name=plugin.name)
        if plugin.hooks is not None:
            manager.register(plugin.hooks, name=f"{plugin.name}:hooks")
    except (pluggy.PluginValidationError, ValueError) as error:
        _unregister(manager, plugin)
        return list(_misfits(plugin)) or [
            Message(_("A hook does not fit: {error}"), {"error": str(error)})
        ]
    unknown = [*_unknown_hooks(manager, plugin), *_unmarked(plugin)]
    if unknown:
        _unregister(manager, plugin)
        return unknown
    kept = Declared(plugin=plugin)
    wrong: list[Message] = []
    for kind in KINDS:
        try:
            for declared in _call(manager, plugin, f"trato_{kind}"):
                getattr(kept, kind).append(declared)
        except Exception as error:
            wrong.append(
                Message(
                    _("Hook trato_{kind} failed: {error}"),
                    {"kind": kind, "error": f"{type(error).__name__}: {error}"},
                )
            )
    wrong = wrong or _checked(registry, kept)
    if wrong:
        _unregister(manager, plugin)
        return wrong
    keep(registry, kept)
    return []


def _checked(registry: Registry, declared: Declared) -> list[Message]:
    """Check declarations, of which nothing is known yet, not even that they are declarations."""
    try:
        folder = package_folder(declared.plugin)
    except ImportError:
        package = declared.plugin.package or f"trato_{declared.plugin.name}"
        return [Message(_("Its package '{package}' cannot be found."), {"package": package})]
    try:
        wrong = [*check(registry, declared), *_translations(folder / "translations")]
        # What several screens say alike is told once.
        return list({str(message): message for message in wrong}.values())
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return [Message(_("Its declarations cannot be read: {error}."), {"error": reason})]


def _translations(folder: Path) -> Iterator[Message]:
    """Find translations that no page and no command could read."""
    for error in wrong_files(folder):
        yield Message("{said} {hint}", {"said": error.message, "hint": error.hint})


def _unregister(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    for name in (plugin.name, f"{plugin.name}:hooks"):
        if manager.has_plugin(name):
            manager.unregister(name=name)


def _misfits(plugin: Plugin) -> Iterator[Message]:
    """Name the arguments of hook implementations that their hooks do not give."""
    for holder in (plugin.hooks, plugin):
        for name, implementation in inspect.getmembers(holder, inspect.isroutine):
            spec = getattr(hooks, name, None) if name.startswith("trato_") else None
            if spec is None or not hasattr(implementation, "trato_impl"):
                continue
            allowed = inspect.signature(spec).parameters
            for argument in inspect.signature(implementation).parameters:
                if argument not in allowed:
                    yield Message(
                        _("Hook '{hook}' gives no argument '{argument}'; it gives: {allowed}."),
                        {"hook": name, "argument": argument, "allowed": ", ".join(allowed) or "-"},
                    )


def _unknown_hooks(manager: pluggy.PluginManager, plugin: Plugin) -> list[Message]:
    """Name every implementation that no hook expects; pluggy itself names only the first."""
    known = [name for name in dir(hooks) if name.startswith("trato_")]
    wrong = []
    for name, caller in vars(manager.hook).items():
        if name.startswith("_") or caller.has_spec():
            continue
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name not in (plugin.name, f"{plugin.name}:hooks"):
                continue
            # Their common beginning would make any two of them alike.
            endings = [one.removeprefix("trato_") for one in known]
            nearest = near(name.removeprefix("trato_"), endings)
            wrong.append(
                Message(
                    _("There is no hook '{name}'. Did you mean '{near}'?")
                    if nearest
                    else _("There is no hook '{name}'."),
                    {"name": name, "near": f"trato_{nearest}" if nearest else ""},
                )
            )
    return wrong


def _unmarked(plugin: Plugin) -> Iterator[Message]:
    """Name the functions that are called as a hook and that nobody would ever call."""
    for holder in (plugin.hooks, plugin):
        for name, function in inspect.getmembers(holder, inspect.isroutine):
            if (
                name.startswith("trato_")
                and hasattr(hooks, name)
                and not hasattr(function, "trato_impl")
            ):
                yield Message(
                    _("Function '{name}' is called as a hook, but is not marked as one: write "
                      "@hookimpl above it."),
                    {"name": name},
                )  # fmt: skip


def _call(manager: pluggy.PluginManager, plugin: Plugin, hook: str) -> list[Any]:
    """Call one plugin's implementations of a registration hook."""
    declared: list[Any] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin_name in (plugin.name, f"{plugin.name}:hooks"):
            declared.extend(implementation.function() or ())
    return declared


def keep(registry: Registry, declared: Declared) -> None:
    """Add checked declarations to the registry."""
    plugin = declared.plugin
    name = plugin.name
    registry.plugins[name] = plugin
    registry.folders[name] = package_folder(plugin)
    for entity in declared.entities:
        registry.entities[entity.__entity__.name] = entity
    for extension in declared.extensions:
        registry.extensions.setdefault(extension.__entity__.extends, {})[name] = extension
    for option in declared.options:
        registry.options[option.name] = option
    for screen in declared.screens:
        registry.screens[screen.kind, screen.entity_name] = screen
        registry.screen_plugins[screen.kind, screen.entity_name] = name
        info = registry.entities[screen.entity_name].__entity__
        if screen.kind == "list" and screen.menu is not None:
            menu = Menu(
                title=info.titles, group=screen.menu, path=f"/{info.plugin}/{info.collection}",
                icon=screen.icon or info.icon, position=screen.position, entity=info.name,
            )  # fmt: skip
            registry.menus.append((name, menu))
    registry.menus.extend((name, menu) for menu in declared.menus)
    registry.slots.extend((name, slot) for slot in declared.slots)
    registry.timelines.extend((name, timeline) for timeline in declared.timeline)
    registry.permissions |= {p.name: p for p in declared.permissions}
    registry.settings |= {(name, setting.key): setting for setting in declared.settings}
    for entity in declared.entities:
        info = entity.__entity__
        if info.duplicates:
            registry.settings[name, setting_key(info.name)] = replace(
                _DUPLICATES, key=setting_key(info.name), about=info.titles
            )
    registry.commands |= {(name, command.name): command for command in declared.commands}
    registry.jobs |= {job.name: job for job in declared.jobs}
    registry.connectors |= {connector.name: connector for connector in declared.sync}
    registry.demos.extend((name, demo) for demo in declared.demo)


def package_folder(plugin: Plugin) -> Path:
    """Find the folder of the plugin's package, where its migrations and translations are."""
    loaded = importlib.import_module(plugin.package or f"trato_{plugin.name}")
    file = getattr(loaded, "__file__", None)
    return Path(file).parent if file else Path(next(iter(loaded.__path__)))
