"""Modules and licence: what is active, what could be, and why something cannot."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato import administration
from trato.db.tenant_rows import tables_of_plugin
from trato.entities.base import metadata
from trato.entities.fold import fold
from trato.errors import LicenseError, TratoError
from trato.host import Host
from trato.plugin import Plugin
from trato.tenancy import enablement
from trato.tenancy.view import PluginState, TenantView
from trato.text import _
from trato.web.admin.layout import ROOT, admin, blueprint, done, page, said, slug, told, widget
from trato.web.auth import current_host
from trato.web.frame import Crumb, formats, translator

#: Groups of modules as the tabs show them.
_SHOWN = {
    "all": _("All modules"), "active": _("Active ones"), "included": _("Included ones"),
    "outside": _("Not in the plan"), "unavailable": _("Unavailable ones"),
}  # fmt: skip
#: Word, tone and icon of a module in each of them.
_BADGES = {
    "active": (_("Active"), "ok", "circle-check-filled"),
    "included": (_("Included"), "accent", None),
    "outside": (_("Not in the plan"), "calm", None),
    "unavailable": (_("Unavailable"), "bad", None),
}
#: Days before its end from which a licence is worth a word.
_SOON = 30
#: A licence is a few hundred bytes; what is larger is another file.
_LARGEST = 64 * 1024


@blueprint.get("/modules")
def show_modules() -> str:
    """Show every module and the licence."""
    return _modules()


def _modules(errors: list[str] | None = None, *, opened: str | None = None) -> str:
    host, view = current_host(), admin().view
    cards = _cards(host, view)
    chosen = request.args.get("show", "all")
    chosen = chosen if chosen in _SHOWN else "all"
    wanted = fold(request.args.get("q", "")[:100])
    tabs = [
        {
            "label": translator(label), "active": key == chosen,
            "url": f"{ROOT}/modules" + ("" if key == "all" else f"?show={key}"),
            "count": sum(1 for c in cards if key in ("all", c["group"])),
        }
        for key, label in _SHOWN.items()
    ]  # fmt: skip
    shown = [
        card for card in cards
        if chosen in ("all", card["group"])
        and (not wanted or wanted in fold(f"{card['title']} {card['description']} {card['name']}"))
    ]  # fmt: skip
    return page(
        "admin_modules.html", active="modules", title=translator(_("Modules and licence")),
        errors=errors or [], cards=shown, tabs=tabs, q=request.args.get("q", ""), show=chosen,
        opened=opened or request.args.get("open"), license=_license(host, view),
    )  # fmt: skip


@blueprint.post("/modules/<name>/enable")
def enable(name: str) -> Response | tuple[str, int]:
    """Switch a module on, or say why it cannot be."""
    host = current_host()
    _installed(host, name)
    try:
        administration.enable(host, slug(), name, actor=admin())
    except TratoError as error:
        return _modules(told(error), opened=name), 422
    return done("modules", _("{module} is active."), module=_title(host.plugins[name]))


@blueprint.post("/modules/<name>/disable")
def disable(name: str) -> Response | tuple[str, int]:
    """Switch a module off, or name the modules that need it."""
    host, view = current_host(), admin().view
    if name not in view.plugins:
        raise HttpNotFound
    try:
        administration.disable(host, slug(), name, actor=admin())
    except TratoError as error:
        return _modules(told(error), opened=name), 422
    plugin = host.plugins.get(name)
    return done("modules", _("{module} is switched off; its data stays."),
                module=name if plugin is None else _title(plugin))  # fmt: skip


@blueprint.get("/license")
def show_license() -> str:
    """Show where a licence is installed."""
    return _license_page()


@blueprint.post("/license")
def install_license() -> Response | tuple[str, int]:
    """Install a licence from a file or from what was pasted."""
    text = request.form.get("token", "")[:_LARGEST]
    file = request.files.get("file")
    if file is not None and file.filename:
        text = file.stream.read(_LARGEST).decode("utf-8", "replace")
    if not text.strip():
        wrong = [translator(_("Paste the licence or choose its file."))]
        return _license_page(wrong, text), 422
    try:
        license = administration.install_license(current_host(), slug(), text, actor=admin())
    except LicenseError as error:
        return _license_page(told(error), text), 422
    return done("modules", _("The licence is installed; it is valid until {day}."),
                day=formats().date(license.expires))  # fmt: skip


def _license_page(wrong: list[str] | None = None, text: str = "") -> str:
    token = widget(
        "token", translator(_("Licence")), "longtext", value=text, errors=wrong or [],
        help=translator(_("The text that the seller of Trato sent you; it begins with ey.")),
    )  # fmt: skip
    return page(
        "admin_license.html",
        active="modules",
        title=translator(_("Install a licence")),
        token=token,
        license=_license(current_host(), admin().view),
    )


def _installed(host: Host, name: str) -> None:
    if name not in host.plugins and name not in {p.plugin for p in host.problems}:
        raise HttpNotFound


def _title(plugin: Plugin) -> str:
    return translator(plugin.title, plugin.name)


# --- the licence ---------------------------------------------------------------------------------


def _license(host: Host, view: TenantView) -> dict[str, Any]:
    """Describe the licence: seats, end, and what is to be done about it."""
    license = view.license
    used = sum(1 for member in view.members.values() if member.may_enter(host.clock()))
    today = host.clock().date()
    words = {
        "none": _("No licence"), "invalid": _("Not valid"), "active": _("Valid"),
        "grace": _("Expired, in grace"), "read_only": _("Expired, only reading"),
    }  # fmt: skip
    tones = {"active": "ok", "grace": "warn"}
    left = (license.expires - today).days if license.expires else None
    return {
        "state": license.state, "word": translator(words[license.state]),
        "tone": tones.get(license.state, "bad"), "seats": license.seats, "used": used,
        "is_over": license.state != "none" and used > license.seats,
        "expires": formats().date(license.expires) if license.expires else None,
        "left": left, "warning": _warning(host, view, left, used),
        "active": len(view.enabled), "included": len(license.plugins),
        "is_bad": license.state in ("none", "invalid", "read_only"),
    }  # fmt: skip


def _warning(host: Host, view: TenantView, left: int | None, used: int) -> str | None:
    license = view.license
    if license.state in ("none", "invalid"):
        return said(license.problem) if license.problem else None
    if license.expires is None or left is None:
        return None
    end = license.expires + dt.timedelta(days=host.settings.license_grace_days)
    if license.state == "read_only":
        return translator(
            _("The licence expired on {day} and the days of grace are over: everything can be "
              "read and exported, nothing can be changed."), day=formats().date(license.expires)
        )  # fmt: skip
    if license.state == "grace":
        return translator(
            _("The licence expired on {day}. Until {end} everything works as usual; afterwards "
              "data can only be read."), day=formats().date(license.expires),
            end=formats().date(end),
        )  # fmt: skip
    if used > license.seats:
        return translator(
            _("{used} users are active and the licence covers {seats}. Nobody is locked out, but "
              "no user can be added."), used=used, seats=license.seats,
        )  # fmt: skip
    if left <= _SOON:
        return translator(
            _("The licence ends on {day}. Ask for the next one in time."),
            day=formats().date(license.expires),
        )
    return None


# --- cards ---------------------------------------------------------------------------------------


def _cards(host: Host, view: TenantView) -> list[dict[str, Any]]:
    """Describe every module: installed ones in the order of their needs, then what is broken."""
    cards = [_card(host, view, plugin) for plugin in host.plugins.values()]
    told_of = set(host.plugins)
    for problem in host.problems:
        if problem.plugin not in told_of:
            told_of.add(problem.plugin)
            state = view.plugins.get(problem.plugin)
            texts = [said(message) for message in problem.messages]
            cards.append(_missing(problem.plugin, " ".join(texts), state))
    for name in sorted({*view.license.plugins, *view.plugins} - told_of):
        state = view.plugins.get(name)
        reason = translator(_("Your licence includes it, but it is not installed here. Ask whoever "
                              "runs Trato for you."))  # fmt: skip
        if name not in view.license.plugins:
            reason = translator(_("It was switched on and is no longer installed; its data stays."))
        cards.append(_missing(name, reason, state))
    return cards


def _missing(name: str, reason: str, state: PluginState | None) -> dict[str, Any]:
    return {
        "name": name, "title": name, "description": "", "icon": "plug", "version": None,
        "group": "unavailable", "badge": _badge("unavailable"), "reason": reason,
        "can_enable": False, "can_disable": state is not None and state.is_on, "brings": [],
        "needs": [], "used_by": [], "settings_url": None, "blocked": [], "note": "",
    }  # fmt: skip


def _badge(group: str) -> dict[str, Any]:
    word, tone, icon = _BADGES[group]
    return {"label": translator(word), "tone": tone, "icon": icon}


def _card(host: Host, view: TenantView, plugin: Plugin) -> dict[str, Any]:
    state = view.plugins[plugin.name]
    needs = [
        {"title": _title(host.plugins[need]), "name": need, "met": need in view.enabled}
        for need in plugin.depends
    ]
    blocked = [need for need in needs if not need["met"]]
    if state.enabled:
        group = "active"
    elif not state.licensed:
        group = "outside"
    elif state.is_on:
        group = "unavailable"
    else:
        group = "included"
    used_by = [
        _title(host.plugins[name])
        for name in sorted(enablement.needed_by(host.plugins, plugin.name, view.enabled))
    ]
    settings = [s for s in host.registry.settings if s[0] == plugin.name]
    brings = _brings(host, plugin)
    return {
        "name": plugin.name, "title": _title(plugin), "version": plugin.version,
        "description": translator(plugin.description, plugin.name) if plugin.description else "",
        "icon": plugin.icon, "group": group, "badge": _badge(group),
        "reason": None if state.reason is None or group == "included" else said(state.reason),
        "can_enable": state.licensed and not state.is_on and not blocked,
        "can_disable": state.is_on and not used_by, "brings": brings, "needs": needs,
        "optional": [_title(host.plugins[n]) for n in plugin.optional if n in host.plugins],
        "used_by": used_by, "blocked": blocked, "note": _note(group, used_by, blocked, brings),
        "settings_url": f"{ROOT}/modules/{plugin.name}" if settings and state.enabled else None,
        "remove_url": f"{ROOT}/modules/{plugin.name}/remove"
        if not state.is_on and tables_of_plugin(metadata, plugin.name) else None,
    }  # fmt: skip


def _note(
    group: str, used_by: list[str], blocked: list[dict[str, Any]], brings: list[dict[str, Any]]
) -> str:
    """Say the one thing about a module that matters in its state."""
    if blocked and group != "outside":
        return translator(_("First activate {modules}"),
                          modules=", ".join(b["title"] for b in blocked))  # fmt: skip
    if used_by:
        return translator(_("Used by {modules}"), modules=", ".join(used_by))
    if group == "outside":
        return translator(_("It is not in your licence"))
    return brings[0]["summary"] if brings else ""


def _brings(host: Host, plugin: Plugin) -> list[dict[str, Any]]:
    """List what a module adds, by kind."""
    registry, name = host.registry, plugin.name
    entities = [e.__entity__ for e in registry.entities.values() if e.__entity__.plugin == name]
    menus = [menu for owner, menu in registry.menus if owner == name]
    groups = (
        (_("Records"), [translator(info.titles, name) for info in entities]),
        (_("Screens"), [translator(menu.title, name) for menu in menus]),
        (_("Permissions"), [translator(p.title, name) for p in plugin.permissions]),
        (_("Settings"), [translator(s.label, name) for s in plugin.settings]),
        (_("Background tasks"), [translator(job.title, name) for job in plugin.jobs]),
    )
    return [
        {"title": translator(title), "names": names,
         "summary": f"{translator(title)}: {', '.join(names[:3])}"
                    + ("…" if len(names) > 3 else "")}
        for title, names in groups if names
    ]  # fmt: skip


def crumb() -> Crumb:
    """Give the step that leads back to the modules."""
    return Crumb(title=translator(_("Modules and licence")), url=f"{ROOT}/modules")
