"""Secrets among the settings: kept sealed, written on their page, read by nobody but code."""

from __future__ import annotations

from collections.abc import Mapping

from trato import administration
from trato.access.actor import Actor
from trato.access.sealing import setting_sealer
from trato.configuration import sign_in
from trato.db.engine import transaction
from trato.errors import Invalid, Message, NotFound
from trato.host import Host
from trato.tenancy import store
from trato.tenancy.setting_limits import setting_problems
from trato.tenancy.view import TenantView
from trato.text import _


def save_secrets(
    host: Host, slug: str, plugin: str, values: Mapping[str, str | None], *,
    actor: Actor | None = None,
) -> None:  # fmt: skip
    """Seal and keep secret settings of a plugin; None forgets one.

    :param actor: the administrator who does it, for the audit, which keeps no value.
    :raises NotFound: for a setting that is not declared, or is no secret.
    :raises Invalid: when the plugin's own check refuses a secret.
    """
    wrong: dict[str, list[Message]] = {}
    for key, text in values.items():
        declared = host.registry.settings.get((plugin, key))
        if declared is None or declared.kind != "secret":
            raise NotFound(_("Plugin '{plugin}' has no such setting."), plugin=plugin)
        found = setting_problems(declared, text) if text is not None else []
        if found:
            wrong[f"settings.{plugin}.{key}"] = found
    if wrong:
        raise Invalid(wrong)
    if plugin == "core" and any(key.startswith("sso_") for key in values):
        sign_in.check_actor(actor)
    owner = administration.tenant(host, slug)
    sealer = setting_sealer(host.secret_keys, plugin)
    with transaction(host.engine, tenant_id=owner.id) as connection:
        for key, text in values.items():
            sealed = None if text is None else {"sealed": sealer.seal(text)}
            store.save_setting(connection, owner.id, plugin, key, sealed)
            administration.record_act(
                host, connection, actor, entity="core.configuration",
                name=f"settings.{plugin}.{key}", action="purge" if text is None else "update",
            )  # fmt: skip


def read_secret(host: Host, view: TenantView, plugin: str, key: str) -> str | None:
    """Read a secret setting; None where the tenant has set none.

    :raises ConfigError: when none of the installation's keys opens it.
    """
    kept = view.settings.get((plugin, key))
    return None if kept is None else setting_sealer(host.secret_keys, plugin).open(kept["sealed"])
