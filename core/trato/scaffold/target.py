"""An entity of another plugin for which a connector is written, and what is used of it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from trato.entities.fields import Field
from trato.errors import ConfigError
from trato.host import Host
from trato.text import _


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the written connector sends and receives."""

    #: `clients.client`, `clients`, and what the distribution requires: `trato-clients>=0.1,<1`
    entity: str
    plugin: str
    requirement: str
    #: Last part of its address, `clients`.
    collection: str
    #: Field by which a thing of the other system finds its record.
    match: str
    #: Field that the other system rules; empty where the entity has none that may be.
    owns: str


def target_for(entity: str, host: Host) -> Target:
    """Choose fields of an entity for a connector.

    :raises ConfigError: when there is no such entity, or its plugin does not work.
    """
    found = host.registry.entities.get(entity)
    if found is None:
        near = difflib.get_close_matches(entity, host.registry.entities, n=1)
        raise ConfigError(
            _("There is no entity '{entity}'."),
            hint=_("Did you mean '{near}'?") if near
            else _("Name one of a plugin that is installed, such as clients.client."),
            entity=entity[:80], near=near[0] if near else "", code="no_entity",
        )  # fmt: skip
    info = found.__entity__
    plugin = host.plugins[info.plugin]
    match = _match(info.label, info.fields)
    major, minor = [*plugin.version.split("."), "0"][:2]
    return Target(
        entity=entity, plugin=plugin.name, collection=info.collection, match=match,
        owns=_owned(match, info.label, info.fields),
        requirement=f"trato-{plugin.name.replace('_', '-')}>={major}.{minor},<{int(major) + 1}",
    )  # fmt: skip


def _match(label: str, fields: Mapping[str, Field]) -> str:
    texts = [f for f in fields.values() if f.kind == "text" and f.writable and not f.options]
    sure = [f for f in texts if f.identifies] + [f for f in texts if f.unique]
    return sure[0].path if sure else label


def _owned(match: str, label: str, fields: Mapping[str, Field]) -> str:
    """Choose a text on which nothing else depends, so that any value will do."""
    free = (
        f.path for f in fields.values()
        if f.kind in ("text", "longtext") and f.writable and f.path not in (match, label)
        and not (f.required or f.unique or f.identifies or f.options)
    )  # fmt: skip
    return next(free, "")
