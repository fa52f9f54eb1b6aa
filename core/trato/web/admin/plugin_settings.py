"""Settings of a module: the form is made from what its plugin declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.configuration import apply_data
from trato.configuration.sealed import save_secrets
from trato.errors import DomainError, Invalid
from trato.plugin import Setting
from trato.text import _
from trato.web.admin.layout import (
    ROOT,
    admin,
    blueprint,
    by_field,
    done,
    page,
    said,
    slug,
    widget,
)
from trato.web.auth import current_host
from trato.web.frame import formats, phrase, translator

#: Ends the name of the box that forgets a secret.
_FORGET = ".forget"


@blueprint.get("/modules/<plugin>")
def show_settings(plugin: str) -> str:
    """Show the settings of an enabled module."""
    return _page(plugin, _declared(plugin), {})


@blueprint.post("/modules/<plugin>")
def save_settings(plugin: str) -> Response | tuple[str, int]:
    """Keep the settings of a module; a secret that is left empty stays as it is."""
    declared = _declared(plugin)
    typed, wrong, rest = keep_sent(plugin, declared)
    if wrong or rest:
        return _page(plugin, declared, typed, wrong, rest), 422
    return done(f"modules/{plugin}", _("The settings are saved."))


def keep_sent(
    plugin: str, declared: Sequence[Setting]
) -> tuple[dict[str, Any], dict[str, list[str]], list[str]]:
    """Keep the settings of a sent form, unless something is wrong with any.

    :return: what was typed, what is wrong by setting, and what belongs to none.
    """
    typed: dict[str, Any] = {}
    values: dict[str, Any] = {}
    secrets: dict[str, str | None] = {}
    wrong: dict[str, list[str]] = {}
    for setting in declared:
        raw = request.form.getlist(setting.key)
        # A browser ends the lines of a text in its own way.
        text = raw[-1].strip().replace("\r\n", "\n") if raw else ""
        if setting.kind == "secret":
            if request.form.getlist(f"{setting.key}{_FORGET}")[-1:] == ["true"]:
                secrets[setting.key] = None
            elif text:
                secrets[setting.key] = text
            continue
        typed[setting.key] = text
        try:
            values[setting.key] = _read(setting, text)
        except DomainError as error:
            wrong[setting.key] = [said(error.message)]
    if wrong:
        return typed, wrong, []
    places = {setting.key: setting.key for setting in declared}
    try:
        apply_data(current_host(), slug(), {"settings": {plugin: values}}, actor=admin())
        if secrets:
            save_secrets(current_host(), slug(), plugin, secrets, actor=admin())
    except Invalid as error:
        wrong, rest = by_field(error, places, prefix=f"settings.{plugin}")
        return typed, wrong, rest
    return typed, {}, []


def _declared(plugin: str) -> list[Setting]:
    """Give the settings of a module that is enabled here."""
    found = [s for (owner, _key), s in current_host().registry.settings.items() if owner == plugin]
    if plugin not in admin().view.enabled or not found:
        raise HttpNotFound
    return found


def _read(setting: Setting, text: str) -> Any:
    """Read what was typed; empty takes a setting back to its default."""
    if setting.kind == "boolean":
        return text == "true"
    if not text:
        return None
    if setting.kind in ("integer", "decimal"):
        number = formats().parse_number(text)
        whole = number == number.to_integral_value()
        if setting.kind == "integer":
            return int(number) if whole else text
        return f"{number.normalize():f}"
    return text


def _page(
    plugin: str, declared: list[Setting], typed: dict[str, Any],
    wrong: dict[str, list[str]] | None = None, rest: list[str] | None = None,
) -> str:  # fmt: skip
    manifest = current_host().plugins[plugin]
    title = translator(manifest.title, plugin)
    fields = []
    for setting in declared:
        fields.extend(widgets_of(plugin, setting, typed, (wrong or {}).get(setting.key, [])))
    return page(
        "admin_form.html", active="modules", title=title, errors=rest or [],
        action=f"{ROOT}/modules/{plugin}", sections=[{"title": "", "fields": fields}],
        lead=translator(manifest.description, plugin) if manifest.description else "",
        submit_label=translator(_("Save settings")), cancel_url=f"{ROOT}/modules",
    )  # fmt: skip


def _label(plugin: str, setting: Setting) -> str:
    if setting.about:
        return phrase(setting.label, plugin, title=setting.about)
    return translator(setting.label, plugin)


def widgets_of(
    plugin: str, setting: Setting, typed: dict[str, Any], wrong: list[str]
) -> list[dict[str, Any]]:
    """Describe the input of a setting, and for a secret that is set a box that forgets it."""
    label = _label(plugin, setting)
    help = translator(setting.help, plugin) if setting.help else ""
    stored = admin().view.settings.get((plugin, setting.key))
    if setting.kind == "secret":
        return _secret(setting, label, help, is_set=stored is not None, wrong=wrong)
    value = setting.default if stored is None else stored
    if setting.key in typed:
        value = typed[setting.key]
    elif setting.kind in ("integer", "decimal") and value is not None:
        text = str(value)
        places = len(text.partition(".")[2])
        value = formats().decimal(formats().parse_number(text, decimal="."), places=places)
    choices = [(key, translator(text, plugin)) for key, text in setting.choices]
    return [
        widget(
            setting.key, label, setting.kind, value=value, help=help, errors=wrong,
            choices=choices if setting.kind == "choice" else None,
            required=setting.kind == "choice" and setting.default is not None,
        )
    ]  # fmt: skip


def _secret(
    setting: Setting, label: str, help: str, *, is_set: bool, wrong: list[str]
) -> list[dict[str, Any]]:
    """Describe a secret: it can be replaced or forgotten, and is never shown again."""
    kept = translator(_("It is set. Leave this empty to keep it.")) if is_set else ""
    made = [
        widget(setting.key, label, "password", help=" ".join(part for part in (kept, help) if part),
               errors=wrong)
    ]  # fmt: skip
    if is_set:
        text = translator(_("Forget {secret}"), secret=label)
        made.append(widget(f"{setting.key}{_FORGET}", text, "boolean"))
    return made
