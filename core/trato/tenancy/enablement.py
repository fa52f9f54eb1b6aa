"""Which plugins a tenant may use, and why not: doubt means disabled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trato.errors import LicenseError, Message, PluginError, joined
from trato.plugin import Plugin
from trato.tenancy.view import LicenseState, PluginState, TenantView
from trato.text import _


def license_state(
    token: str | None, slug: str, public_keys: Sequence[Any], *, today: dt.date,
    grace_days: int, verify: Callable[..., Any],
) -> LicenseState:  # fmt: skip
    """Judge the installed licence of a tenant on a day."""
    if token is None:
        return LicenseState(state="none", problem=Message(_("No licence is installed.")))
    try:
        license = verify(token, public_keys)
    except LicenseError as error:
        return LicenseState(state="invalid", problem=error.message)
    if license.tenant != slug:
        return LicenseState(
            state="invalid",
            problem=Message(
                _("The licence is for tenant '{licensed}', not for '{slug}'."),
                {"licensed": license.tenant, "slug": slug},
            ),
        )
    return LicenseState(
        state=license.state(today, grace_days), plugins=frozenset(license.plugins),
        seats=license.seats, expires=license.expires,
    )  # fmt: skip


def plugin_states(
    plugins: Mapping[str, Plugin], license: LicenseState, switched: Mapping[str, bool],
    *, behind: Mapping[str, str],
) -> dict[str, PluginState]:  # fmt: skip
    """Decide for each plugin, in dependency order.

    :param plugins: the installed plugins that work, in dependency order.
    :param switched: what the tenant's administrator has switched on or off.
    :param behind: plugins whose tables lack a migration.
    """
    states: dict[str, PluginState] = {}
    for name, plugin in plugins.items():
        licensed = name in license.plugins
        on = switched.get(name, False)
        reason: Message | None = None
        if not licensed:
            reason = license.problem or Message(_("It is not in the licence."))
        elif not on:
            reason = Message(_("It is switched off."))
        elif name in behind or "core" in behind:
            reason = Message(_("Its tables are behind; run: trato migrate."))
        else:
            missing = [need for need in plugin.depends if not _is_enabled(states, need)]
            if missing:
                needed = joined(Message(plugins[need].title, domain=need) for need in missing)
                reason = Message(_("It needs {plugins}."), {"plugins": needed})
        states[name] = PluginState(
            name=name, installed=True, licensed=licensed, is_on=on, enabled=reason is None,
            reason=reason,
        )  # fmt: skip
    for name in sorted(switched):
        if name not in states and switched[name]:
            states[name] = PluginState(
                name=name, installed=False, licensed=name in license.plugins, is_on=True,
                enabled=False, reason=Message(_("It is not installed.")),
            )  # fmt: skip
    return states


def _is_enabled(states: Mapping[str, PluginState], name: str) -> bool:
    return name in states and states[name].enabled


def needed_by(plugins: Mapping[str, Plugin], name: str, enabled: frozenset[str]) -> list[str]:
    """Name the enabled plugins that need a plugin."""
    return [other for other in enabled if name in plugins[other].depends]


def require(view: TenantView, plugin: str) -> None:
    """Refuse what needs a plugin that is not enabled for the tenant.

    :raises PluginError: with the reason, and what mends it.
    """
    state = view.plugins.get(plugin)
    if state is not None and state.enabled:
        return
    licensed, is_on = (True, False) if state is None else (state.licensed, state.is_on)
    raise PluginError(
        _("Plugin '{plugin}' is not enabled for tenant '{tenant}': {reason}"),
        hint=_("Install a licence that includes it: trato license install {tenant} FILE.")
        if not licensed else _("See what each plugin lacks: trato plugin list --tenant {tenant}")
        if is_on else _("Enable it first: trato plugin enable {tenant} {plugin}"),
        plugin=plugin, tenant=view.tenant.slug,
        reason=(state and state.reason) or "-", code="not_enabled",
    )  # fmt: skip
