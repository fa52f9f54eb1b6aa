"""Every page in light, in dark and on a phone: rules of accessibility, nothing cut off, big enough
for a finger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from trato.testing.browser import DESK, PHONE, Theme, Watched, Window
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
Step = Callable[[Page], Any]
CLIENTS = "/clients/clients"
LOOKS: dict[str, tuple[Window, Theme]] = {
    "light": (DESK, "light"), "dark": (DESK, "dark"), "phone": (PHONE, "light"),
}  # fmt: skip
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
        "keys": (CLIENTS, lambda page: page.keyboard.press("?")),
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
    page.evaluate(axe)
    found = page.evaluate(f"axe.run(document, {options}).then(answer => answer.violations)")
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in found for node in rule["nodes"]
    ]  # fmt: skip


def wider_than_the_screen(page: Page) -> bool:
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return bool(wide > shown)


def navigation(here: Watched) -> list[str]:
    """Follow the host's own entries of the navigation, and those of the settings behind them."""
    found: list[str] = []
    for start in ("/account", "/settings"):
        here.at(start)
        for link in here.page.locator("nav a[href^='/']").all():
            path = (link.get_attribute("href") or "").partition("?")[0]
            if path not in ("/", *found) and not path.startswith(("/clients/", "/account")):
                found.append(path)
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_breaks_a_rule(open_page: Open, shop: Company, axe: str, look: str) -> None:
    window, theme = LOOKS[look]
    here = open_page(window, theme=theme)
    flaws: dict[str, list[str]] = {}

    def check(name: str) -> None:
        page = here.page
        # What a page fetches once it is loaded has come.
        page.wait_for_load_state("load")
        expect(page.locator(".htmx-request")).to_have_count(0)
        found = violations(page, axe, _RUN[look])
        if window is PHONE:
            found += [f"small: {target}" for target in page.evaluate(_SMALL)]
        if wider_than_the_screen(page):
            found.append("it scrolls sideways")
        if found:
            flaws[name] = found

    here.at("/login")
    check("sign-in")
    here.sign_in(shop.member("admin", name="Natalia Herrera").member.email)
    with here.refused(400, 404, 409, 422):
        for name, (path, step) in pages(shop).items():
            page = here.at(path)
            if step is not None:
                step(page)
            check(name)
        for path in navigation(here):
            here.at(path)
            check(path)

    assert flaws == {}
