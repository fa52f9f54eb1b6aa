"""Every page in light, in dark and on a phone: rules of accessibility, nothing cut off, big enough
for a finger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page
from tests.browser.states import become_operator

from trato.access.actor import Actor
from trato.host import Host
from trato.records import undoing, views
from trato.testing.browser import DESK, PHONE, Watched, settle
from trato.testing.companies import Company
from trato.web.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
Step = Callable[[Page], Any]
CLIENTS = "/clients/clients"
#: Dark pages differ from light ones by their colours only.
_RUN = {
    "light": "{}", "phone": "{}",
    "dark": "{runOnly: ['color-contrast', 'link-in-text-block']}",
}  # fmt: skip
#: What a finger hits is at least 44 px high. Of a box that is its label, of a name in a list its
#: row, of a link that is stretched over its line the line; a link within a text may be lower.
_SMALL = """() => [...document.querySelectorAll(
    'a[href], button, summary, select, textarea, input:not([type=hidden])')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .map(e => [e, e.closest('label, th.t-name')?.closest('label, .t-row')
    ?? (getComputedStyle(e, '::after').position === 'absolute' ? e.closest('li') : e)])
  .map(([e, target]) => [e, target.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && box.height > 1 && box.bottom > 0 && box.height < 43.5)
  .map(([e, box]) => `${e.tagName} ${(e.ariaLabel || e.innerText || e.name || e.id).slice(0, 40)}`
    + ` ${Math.round(box.height)}`)"""


def pages(shop: Company) -> dict[str, tuple[str, Step | None]]:
    """Name the pages: where each is, and what to do there first."""
    record = _record(shop)
    url = f"{CLIENTS}/{record}"
    return {
        "list": (CLIENTS, None),
        "filters": (CLIENTS, _open_filters),
        "filtered": (f"{CLIENTS}?status=active&credit_limit__gte=1000000", None),
        "view changed": (f"{CLIENTS}?view=prospects&_edited=1&status=active", _open_view),
        "nothing found": (f"{CLIENTS}?q=zzzz", None),
        "bin": (f"{CLIENTS}?bin=1", None),
        "contacts": ("/clients/contacts", None),
        "filters as a page": (f"{CLIENTS}/filters", None),
        "record": (url, None),
        "why": (f"{url}/why", None),
        "new": (f"{CLIENTS}/new", None),
        "edit": (f"{url}/edit", _type_reference),
        "refused": (f"{CLIENTS}/new", _refuse),
        "conflict": (f"{url}/edit", lambda page: _meet(shop, record, page)),
        "account": ("/account", None),
        "not found": ("/nada", None),
        "bad address": (f"{CLIENTS}?nada=1", None),
        "keys": (CLIENTS, _ask_for_keys),
        "search": (CLIENTS, _find),
        "file": (f"{CLIENTS}/import", _upload),
        "later": (CLIENTS, _export),
    }  # fmt: skip


def _record(shop: Company) -> UUID:
    with shop.unit(read=True) as unit:
        found: UUID = unit.records.query("clients.client", sort=("-credit_limit",), limit=1).rows[
            0
        ][0]
    return found


def _open_filters(page: Page) -> None:
    page.click("#t-filters summary:has-text('Filtro')")
    page.click(".t-filter-menu details:nth-of-type(3) summary")


def _open_view(page: Page) -> None:
    page.click(".t-views-keep summary")
    page.wait_for_selector("[data-view-form]")


def _ask_for_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("#t-keys:visible")


def _find(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_selector("[data-find-item]:visible")


def _type_reference(page: Page) -> None:
    page.fill("#f-parent_id", "")
    page.locator("#f-parent_id").press_sequentially("com")
    page.wait_for_selector("#f-parent_id-options [data-id]")


def _refuse(page: Page) -> None:
    page.fill("#f-email", "sin arroba")
    page.click(".t-form [data-submit]")
    page.wait_for_selector(".t-error")


def _meet(shop: Company, record: UUID, page: Page) -> None:
    with shop.unit() as unit:
        version = unit.records.get("clients.client", record).version
        unit.records.update("clients.client", record, {"city": f"Tunja {version}"})
    page.fill("#f-city", "Bogotá D. C.")
    page.click(".t-form [data-submit]")
    page.wait_for_selector(".t-conflict")


def violations(page: Page, axe: str, options: str) -> list[str]:
    """Run axe-core over the page as it stands."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe)
    found = page.evaluate(f"axe.run(document, {options}).then(answer => answer.violations)")
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in found for node in rule["nodes"]
    ]  # fmt: skip


def wider_than_the_screen(page: Page) -> bool:
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return bool(wide > shown)


def samples(shop: Company, admin: Actor) -> dict[str, str]:
    """Give a value for each variable that stands in the address of a page."""
    view, record = shop.view, _record(shop)
    with shop.unit(admin) as unit:
        entity = unit.view.entities["clients.client"]
        view_id = views.create(unit, entity, "De todos", views.Content(), share="all")
        refused = undoing.keep_refused(unit, entity, [(record, "Lo cambió otra persona.")])
    return {
        "plugin": "clients", "collection": "clients", "record_id": str(record),
        "refused_id": str(refused), "entity_name": "clients.client", "key": "admin",
        "field_path": "name", "number": "0", "team_id": str(next(iter(view.teams))),
        "name": "clients", "view_id": str(view_id),
        "member_id": str(next(m.id for m in view.members.values() if "seller" in m.roles)),
    }  # fmt: skip


#: Addresses whose variables mean something else than elsewhere.
_OWN_SAMPLES = {
    "admin.edit_field": {"key": "canal"}, "admin.show_choices": {"key": "canal"},
    "pages.options": {"field_path": "parent_id"},
}  # fmt: skip
#: Pages that are no page of an administrator at work, and where they are looked at.
ELSEWHERE = {
    "admin.show_connection": "no module of this company connects: core/tests, browser connections",
    "admin.show_review": "likewise",
    "inline.show": "part of the list; leads on to the form where nothing runs scripts",
    "admin.download": "a file", "help.show_picture": "a picture", "appearance.logo": "a picture",
    "short_form.show": "likewise",
    "signin.start": "leads on to the first list",
    "signin.form": "leads on who is signed in; looked at before",
    **dict.fromkeys(
        ("signin_company.form", "signin_company.come_back", "signin_company.follow_link",
         "signin_company.leave"), "core/tests/test_browser_sso.py",
    ),
    "signin_code.form": "tests/browser/test_access_pages.py",
    "signin_links.follow": "leads on to the next",
    "signin_links.choose": "tests/browser/test_access_pages.py",
    **dict.fromkeys(
        ("installation.show", "installation.form", "installation.ask_to_close"),
        "looked at as an operator below",
    ),
    "imports.show_one": "opened by a step below", "exports.show": "opened by a step below",
}  # fmt: skip
#: What an address answers that is no page: parts of pages, files, data.
_NO_PAGES = re.compile(
    r"^/api/v1/(?!docs)|\.(?:csv|yaml|json|<extension>)$|/(?:file|status|rows|download)$"
)


def mapped(app: Flask, shop: Company, admin: Actor) -> Iterator[tuple[str, str]]:
    """Give every address that can be read, filled in: (endpoint, path)."""
    known = samples(shop, admin)
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or {"GET"}) or rule.endpoint in {"static", *ELSEWHERE}:
            continue
        if _NO_PAGES.search(rule.rule):
            continue
        values = known | _OWN_SAMPLES.get(rule.endpoint, {})
        missing = rule.arguments - values.keys()
        # A new page with a new variable is not forgotten: it fails here until it has a value.
        assert not missing, f"{rule.endpoint} needs a sample of {missing}"
        yield rule.endpoint, re.sub(r"<(?:\w+:)?(\w+)>", partial(_filled, values), rule.rule)


def _export(page: Page) -> None:
    page.evaluate("document.querySelector('form[action$=\"/exports\"]').submit()")
    page.wait_for_url("**/exports/*")


def _filled(values: Mapping[str, str], variable: re.Match[str]) -> str:
    return values[variable[1]]


def _upload(page: Page) -> None:
    page.set_input_files("input[type=file]", {
        "name": "clientes.csv", "mimeType": "text/csv",
        "buffer": b"Nombre;Ciudad\nTienda La Esquina;Cali\n",
    })  # fmt: skip
    page.get_by_role("button", name="Continuar").click()
    page.wait_for_url("**/import/*")


def inline(html: str) -> list[str]:
    """Find scripts and styles that stand in a page itself, which its policy would refuse."""
    return re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style\b|<[^>]*\s(?:style|on\w+)=", html)


def flaws_of(page: Page, axe: str, *looks: str) -> list[str]:
    """Look at the open page in each of the looks that its window can have."""
    settle(page)
    found = []
    for look in looks:
        page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        found += [f"{look}: {flaw}" for flaw in violations(page, axe, _RUN[look])]
    if "phone" in looks:
        found += [f"small: {target}" for target in page.evaluate(_SMALL)]
    if wider_than_the_screen(page):
        found.append("it scrolls sideways")
    return found


@pytest.mark.parametrize("window", ["desk", "phone"])
def test_no_page_breaks_a_rule(
    open_page: Open, shop: Company, host: Host, axe: str, window: str
) -> None:
    """Pages as they are found, and after a step; every other page of the program's own list."""
    looks = ("phone",) if window == "phone" else ("light", "dark")
    here = open_page(PHONE if window == "phone" else DESK)
    flaws: dict[str, list[str]] = {}

    def check(name: str) -> None:
        found = flaws_of(here.page, axe, *looks)
        if found:
            flaws[name] = found

    here.at("/login")
    check("sign-in")
    admin = shop.member("admin", name="Natalia Herrera")
    here.sign_in(admin.member.email)
    with here.refused(400, 404, 409, 422):
        for name, (path, step) in pages(shop).items():
            page = here.at(path)
            if step is not None:
                step(page)
            check(name)
    looked = set()
    for endpoint, path in mapped(create_app(host), shop, admin):
        answer = here.page.request.get(here.url + path, max_redirects=0)
        body = answer.text()
        if not body.lstrip().lower().startswith("<!doctype html"):
            continue
        assert answer.status == 200, (endpoint, path, answer.status)
        if found := inline(body):
            flaws[f"{path} inline"] = found
        looked.add(endpoint)
        here.at(path)
        check(path)

    become_operator(host, admin)
    root = "/host/companies"
    for path in ("/account", root, f"{root}/new", f"{root}/{shop.slug}/close"):
        here.at(path)
        check(f"{path} of an operator")

    assert not flaws, "\n".join(f"{name}: {flaw}" for name, all_ in flaws.items() for flaw in all_)
    assert {"pages.show", "bulk.show_refused", "admin.show_audit", "help.show"} <= looked
    assert len(looked) > 40
