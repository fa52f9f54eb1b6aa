"""What surrounds every page: language, navigation, the person, toasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import g, request

from trato.access import rules
from trato.access.roles import AUDIT
from trato.access.store import Membership, memberships, see_user
from trato.i18n import Formats
from trato.records.explaining import ADMINISTER
from trato.tenancy.appearance import ACCENT
from trato.tenancy.view import Tenant, TenantView
from trato.web.appearance import logo_url
from trato.web.auth import current_host, reading

LOCALES = (("es", "Español"), ("en", "English"))
LOCALE_COOKIE = "trato_locale"


@dataclass(frozen=True, kw_only=True)
class Crumb:
    """A step of the way to the page."""

    title: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Person:
    """The signed-in person as the frame shows them."""

    name: str
    email: str


@dataclass(kw_only=True)
class Frame:
    """Navigation and company around a page."""

    tenant: Tenant
    tenants: list[tuple[int, str, bool]]
    user: Person
    menus: list[dict[str, Any]]
    theme: str
    #: The company's colour, where it is another than Trato's, and the address of its logo.
    accent: str | None = None
    logo_url: str | None = None
    breadcrumbs: list[Crumb] = field(default_factory=list)
    toasts: list[dict[str, Any]] = field(default_factory=list)
    admin_url: str | None = None
    #: For who reads the audit and does not administer.
    audit_url: str | None = None
    help_url: str | None = None
    #: Name of the member as whom an administrator looks at the tenant.
    viewed: str | None = None


def locale() -> str:
    """Choose the language: the person's, else the browser's cookie or header, else the setting."""
    actor = g.get("actor")
    if actor is not None:
        return str(actor.locale)
    chosen = request.cookies.get(LOCALE_COOKIE)
    known = [code for code, _name in LOCALES]
    if chosen in known:
        return str(chosen)
    best = request.accept_languages.best_match(known)
    return best or current_host().settings.default_locale


def translator(text: str, domain: str | None = None, **params: Any) -> str:
    """Translate a text into the reader's language; `t` in templates."""
    return current_host().catalogs.translate(text, locale(), domain=domain, **params)


def phrase(text: str, domain: str, **nouns: str) -> str:
    """Translate a text about a kind of record into the reader's language; see ``Catalogs``."""
    return current_host().catalogs.phrase(text, locale(), domain=domain, **nouns)


def formats() -> Formats:
    """Give the formats of the reader's language and time zone."""
    found: Formats | None = g.get("formats")
    if found is None:
        actor, host = g.get("actor"), current_host()
        if actor is None:
            found = Formats(locale(), host.settings.default_timezone, clock=host.clock)
        else:
            found = Formats(
                actor.locale, actor.timezone, currency=actor.view.tenant.currency,
                clock=host.clock,
            )  # fmt: skip
        g.formats = found
    return found


def set_crumbs(*crumbs: Crumb) -> None:
    """Say where the page stands."""
    g.crumbs = list(crumbs)


def toast(text: str, *, undo_url: str | None = None) -> None:
    """Say a short word on what was just done, or why it was not; the address undoes it."""
    g.setdefault("toasts", []).append({"text": text, "undo_url": undo_url})


def frame() -> Frame | None:
    """Make the frame of a signed-in person in a tenant; None for all others, and around errors."""
    actor, user = g.get("actor"), g.get("user")
    if g.get("is_bare") or actor is None or user is None or actor.member is None:
        return None
    menus = [
        menu for menu in sorted(actor.view.menus, key=lambda menu: menu.position)
        if menu.entity is None
        or rules.decide(actor, actor.view.entities[menu.entity], "view").allowed
    ]  # fmt: skip
    here = max((menu.path for menu in menus if _is_at(menu.path)), key=len, default=None)
    groups: dict[str, list[dict[str, Any]]] = {}
    for menu in menus:
        groups.setdefault(menu.group, []).append(
            {"title": translator(menu.title), "url": menu.path, "icon": menu.icon,
             "active": menu.path == here}
        )  # fmt: skip
    return Frame(
        tenant=actor.view.tenant,
        tenants=[(m.tenant_id, m.name, m.tenant_id == actor.tenant_id) for m in _places(user)],
        user=Person(
            name=actor.member.name, email=actor.member.email,
        ),
        menus=[{"title": translator(title), "entries": entries}
               for title, entries in groups.items()],
        theme=request.cookies.get("trato_theme")
        or actor.view.settings.get(("core", "theme")) or "system",
        accent=_accent(actor.view), logo_url=logo_url(actor.view), help_url="/help",
        admin_url="/settings" if actor.has(ADMINISTER) and not user.is_viewing else None,
        audit_url="/settings/audit"
        if actor.has(AUDIT) and not actor.has(ADMINISTER) and not user.is_viewing else None,
        breadcrumbs=g.get("crumbs", []), toasts=g.get("toasts", []),
        viewed=actor.member.name if user.is_viewing else None,
    )  # fmt: skip


def _is_at(url: str) -> bool:
    """Tell whether the page is what a menu entry leads to, or lies below it.

    An entry of a view, `/visits/visits?view=late`, is longer than that of its list, and wins.
    """
    place = urlsplit(url)
    below = request.path == place.path or request.path.startswith(f"{place.path}/")
    return below and all(request.args.get(name) == value for name, value in parse_qsl(place.query))


def _accent(view: TenantView) -> str | None:
    chosen = view.settings.get(("core", ACCENT.key))
    return None if chosen == ACCENT.default else chosen


def _places(user: Any) -> list[Membership]:
    """Read the companies of a person; kept with the tenant's configuration, per user."""
    view = user.actor.view
    if user.bound_tenant is not None:
        here = view.tenant
        return [Membership(tenant_id=here.id, slug=here.slug, name=here.name)]
    kept = view.cache.setdefault("places", {})
    if user.user_id not in kept:
        # On the request's own connection: with a second one for each, a pooler's few would all be
        # held by requests that wait for another.
        with reading().connection() as connection:
            kept[user.user_id] = memberships(connection, user.user_id, now=current_host().clock())
            see_user(connection, None)
    found: list[Membership] = kept[user.user_id]
    return found
