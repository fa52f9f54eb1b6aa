"""Which fields the connectors of a tenant rule: what they declare, as far as they are set up.

Nothing is asked of another system here; what is linked to it is known to ``records.owning``.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trato.errors import Message, TratoError

if TYPE_CHECKING:
    from trato.tenancy.view import TenantView

log = logging.getLogger("trato.sync")

#: Entity name, path of a field, and who rules it.
Owners = Mapping[str, Mapping[str, tuple["Owner", ...]]]


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A connector that rules a field of the records that are linked to its other system."""

    connector: str
    title: Message


def plugin_settings(view: TenantView, plugin: str) -> dict[str, Any]:
    """Give a plugin's settings as its connectors get them, secrets opened.

    :raises ConfigError: when none of the installation's keys opens a secret.
    """
    found: dict[str, Any] = {}
    for (owner, key), declared in view.declared.items():
        if owner == plugin:
            kept = view.settings.get((plugin, key))
            if declared.kind == "secret":
                found[key] = None if kept is None else view.unseal(plugin, kept["sealed"])
            else:
                found[key] = view.settings.get((plugin, key), declared.default)
    return found


def missing_settings(needs: Any, settings: Mapping[str, Any]) -> list[str]:
    """Name the settings without which a connector does nothing and that are empty."""
    return [key for key in needs if settings.get(key) in (None, "")]


def read_owners(view: TenantView, connectors: Mapping[str, Any]) -> Owners:
    """Ask the connectors of enabled plugins which fields they rule.

    One that is not set up rules nothing; nor does one that cannot say, as it cannot receive either.
    """
    found: dict[str, dict[str, tuple[Owner, ...]]] = {}
    for name, connector in sorted(connectors.items()):
        plugin = name.partition(".")[0]
        try:
            settings = plugin_settings(view, plugin)
            if missing_settings(connector.needs, settings):
                continue
            owned = connector.owned_fields(settings, now=dt.datetime.now(dt.UTC))
        except TratoError as error:
            log.warning("connector %s does not say what it rules: %s", name, error.code)
            continue
        except Exception:  # a plugin's own code; a page must not fail for its sake
            log.exception("connector %s cannot say what it rules", name)
            continue
        owner = Owner(connector=name, title=Message(connector.title, domain=plugin))
        for entity, paths in owned.items():
            there = view.entities[entity].fields.keys() if entity in view.entities else ()
            for path in sorted(paths):
                if path in there:
                    fields = found.setdefault(entity, {})
                    fields[path] = (*fields.get(path, ()), owner)
    return found
