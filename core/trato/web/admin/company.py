"""The company itself: name, language, time zone, currency, and how its pages look."""

from __future__ import annotations

import base64
from typing import Any

from babel import Locale
from flask import request
from werkzeug.wrappers import Response

from trato.configuration import apply_data
from trato.errors import Invalid
from trato.records.retention import bin_days
from trato.registry import CORE_SETTINGS
from trato.tenancy.appearance import ACCENT, LOGO_BYTES, LOGO_SIDE
from trato.tenancy.core_settings import BIN_DAYS
from trato.text import _
from trato.web.admin.layout import admin, blueprint, by_field, done, page, slug, widget
from trato.web.appearance import logo_url
from trato.web.auth import current_host
from trato.web.frame import LOCALES, locale, translator
from trato.web.regional import timezones

#: What the page sets of the appearance beside the logo, which is sent as a file.
_LOOKS = {"theme": CORE_SETTINGS[0], "accent": ACCENT}
_PROFILE = ("name", "locale", "timezone", "currency")
#: Currencies that a company may choose; the command line takes any other.
_CURRENCIES = (
    "COP", "USD", "EUR", "MXN", "PEN", "CLP", "BRL", "ARS", "UYU", "BOB", "PYG", "VES", "CRC",
    "GTQ", "HNL", "NIO", "PAB", "DOP", "CAD", "GBP",
)  # fmt: skip


@blueprint.get("/company")
def show_company() -> str:
    """Show what the company is called and how it writes."""
    return _page({})


@blueprint.post("/company")
def save_company() -> Response | tuple[str, int]:
    """Keep the company's profile and appearance."""
    typed = {name: request.form.get(name, "").strip() for name in (*_PROFILE, *_LOOKS)}
    days = request.form.get(BIN_DAYS.key, "").strip()
    # A form of before the colours, or a program's, sends none: it stays.
    core: dict[str, Any] = {name: typed[name] for name in _LOOKS if typed[name]}
    if days:
        typed[BIN_DAYS.key] = days
        core[BIN_DAYS.key] = int(days) if days.isdecimal() and len(days) < 9 else days
    data = {"tenant": {name: typed[name] for name in _PROFILE}, "settings": {"core": core}}
    try:
        apply_data(current_host(), slug(), data, actor=admin())
    except Invalid as error:
        places = {f"tenant.{name}": name for name in _PROFILE}
        kept = (*_LOOKS, BIN_DAYS.key)
        wrong, rest = by_field(error, places | {f"settings.core.{name}": name for name in kept})
        return _page(typed, wrong, rest), 422
    return done("company", _("The company is saved."))


@blueprint.post("/company/logo")
def save_logo() -> Response | tuple[str, int]:
    """Keep the picture that was sent as the company's logo, or go back to Trato's mark."""
    file = request.files.get("file")
    is_removed = "remove" in request.form
    # One byte more than is taken, so that the check sees that there is more.
    image = b"" if is_removed or file is None else file.stream.read(LOGO_BYTES + 1)
    if not image and not is_removed:
        return _page({}, rest=[translator(_("Choose a picture first."))]), 422
    wanted = None if is_removed else base64.b64encode(image).decode("ascii")
    try:
        apply_data(current_host(), slug(), {"settings": {"core": {"logo": wanted}}}, actor=admin())
    except Invalid as error:
        _wrong, rest = by_field(error, {})
        return _page({}, rest=rest), 422
    told = _("The logo is removed.") if is_removed else _("The logo is saved.")
    return done("company", told)


def _page(
    typed: dict[str, str], wrong: dict[str, list[str]] | None = None,
    rest: list[str] | None = None,
) -> str:  # fmt: skip
    tenant = admin().view.tenant
    looks = {
        name: admin().view.settings.get(("core", name)) or setting.default
        for name, setting in _LOOKS.items()
    }
    days = {BIN_DAYS.key: bin_days(admin().view)}
    values = {name: getattr(tenant, name) for name in _PROFILE} | looks | days | typed
    errors = wrong or {}
    choices: dict[str, list[tuple[str, str]]] = {
        "locale": list(LOCALES), "timezone": timezones(), "currency": _currencies(),
    }  # fmt: skip
    for name, setting in _LOOKS.items():
        choices[name] = [(key, translator(label)) for key, label in setting.choices]
    for name, known in choices.items():
        if values[name] not in dict(known):
            known.insert(0, (values[name], values[name]))

    def field(name: str, label: str, help: str = "") -> dict[str, Any]:
        return widget(
            name, translator(label), "choice" if name in choices else "text", required=True,
            value=values[name], choices=choices.get(name), errors=errors.get(name, []),
            help=translator(help) if help else "", maxlength=200 if name == "name" else None,
        )  # fmt: skip

    sections = [
        {
            "title": "",
            "fields": [
                field("name", _("Name of the company")),
                field("locale", _("Language"),
                      _("For everybody who has not chosen one in their own account.")),
                field("timezone", _("Time zone"), _("Days begin and tasks run by it.")),
                field("currency", _("Currency"),
                      _("Of amounts that name no other. Existing amounts are not converted.")),
            ],
        },
        {
            "title": translator(_("Appearance")),
            "fields": [field(name, one.label, one.help) for name, one in _LOOKS.items()],
        },
        {
            "title": translator(_("Recycle bin")),
            "fields": [field(BIN_DAYS.key, BIN_DAYS.label, BIN_DAYS.help) | {"kind": "integer"}],
        },
    ]  # fmt: skip
    return page(
        "admin_company.html", active="company", title=translator(_("Company")), errors=rest or [],
        action="/settings/company", sections=sections, lead="",
        submit_label=translator(_("Save company")), cancel_url=None,
        logo_url=logo_url(admin().view), logo_kilobytes=LOGO_BYTES // 1024, logo_side=LOGO_SIDE,
    )  # fmt: skip


def _currencies() -> list[tuple[str, str]]:
    names = Locale.parse(locale()).currencies
    return [(code, f"{code} · {names.get(code, code)}") for code in _CURRENCIES]
