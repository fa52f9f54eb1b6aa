"""The sections `tenant` and `settings`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from trato.configuration.problems import Problems, join, shown
from trato.plugin import Setting
from trato.settings import kinds
from trato.tenancy.setting_limits import setting_problems
from trato.tenancy.view import Tenant
from trato.text import _

PROFILE = ("name", "locale", "timezone", "currency")
_CHECKED = {
    "locale": kinds.locale(),
    "timezone": kinds.timezone(),
    "currency": kinds.pattern("[A-Z]{3}", _("a currency code of three capitals such as COP")),
}


def describe_tenant(tenant: Tenant) -> dict[str, str]:
    """Write what a tenant is called and how it writes."""
    return {part: getattr(tenant, part) for part in PROFILE}


def read_tenant(problems: Problems, path: str, spec: Any, current: Tenant) -> dict[str, str]:
    """Read the section `tenant` over what stands there now."""
    given = problems.mapping(path, spec)
    problems.known(path, given, PROFILE)
    wanted = describe_tenant(current)
    for part in PROFILE:
        if part in given:
            place = join(path, part)
            text = problems.text(place, given[part], limit=200)
            wanted[part] = text if part == "name" else _parsed(problems, place, part, text)
    return wanted


def _parsed(problems: Problems, path: str, part: str, text: str) -> str:
    kind = _CHECKED[part]
    try:
        return str(kind.parse(text))
    except ValueError:
        problems.add(path, _("'{value}' must be {accepts}."), value=text, accepts=kind.accepts)
        return text


def describe_settings(
    stored: Mapping[tuple[str, str], Any], declared: Mapping[tuple[str, str], Setting]
) -> dict[str, dict[str, Any]]:
    """Write the settings that a tenant has set, by plugin; secrets stay where they are."""
    written: dict[str, dict[str, Any]] = {}
    for (plugin, key), value in sorted(stored.items()):
        setting = declared.get((plugin, key))
        if setting is not None and setting.kind != "secret":
            written.setdefault(plugin, {})[key] = value
    return written


def read_setting(
    problems: Problems, path: str, value: Any, setting: Setting | None, plugin: str
) -> Any:
    """Read one setting; null takes it back to its default."""
    if setting is None:
        problems.add(path, _("Plugin '{plugin}' has no such setting."), plugin=plugin)
        return None
    if setting.kind == "secret":
        problems.add(path, _("A secret is entered on its page and never stands in a file."))
        return None
    if value is None:
        return None
    wanted = _of_kind(problems, path, value, setting)
    if path not in problems.found and wanted is not None:
        for message in setting_problems(setting, wanted):
            problems.add(path, message)
    return wanted


def _of_kind(problems: Problems, path: str, value: Any, setting: Setting) -> Any:
    if setting.kind == "boolean":
        return problems.flag(path, value)
    if setting.kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            problems.add(path, _("{value} is not a whole number."), value=shown(value))
        return value
    if setting.kind == "decimal":
        return _decimal(problems, path, value)
    text = problems.text(path, value, limit=setting.longest, empty=True)
    if setting.kind == "choice" and text not in dict(setting.choices):
        problems.add(path, _("{value} is not one of: {choices}."), value=shown(value),
                     choices=", ".join(key for key, _label in setting.choices))  # fmt: skip
    return text


def _decimal(problems: Problems, path: str, value: Any) -> str | None:
    """Take a number; it is kept as text, which holds it exactly."""
    try:
        if isinstance(value, bool) or not Decimal(str(value)).is_finite():
            raise InvalidOperation
    except InvalidOperation:
        problems.add(path, _("{value} is not a number."), value=shown(value))
        return None
    return str(value)
