"""Views of a list in Chromium, at a desk and on a phone; and what Chromium says of the app."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from trato.access.actor import Actor
from trato.testing.browser import DESK, PHONE, Watched, Window, paused, settle
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENTS = "/clients/clients"


@pytest.fixture
def here(open_page: Open, actor: Actor, tenant: Company) -> Callable[..., Watched]:
    """Open a page of somebody signed in, in a company with a few clients."""
    with tenant.unit() as unit:
        unit.records.bulk(
            "clients.client",
            [{"name": f"Tienda {n:02}", "city": ("Cali", "Tunja")[n % 2]} for n in range(12)],
        )

    def enter(window: Window = DESK) -> Watched:
        opened = open_page(window)
        opened.sign_in(actor.member.email)
        return opened

    return enter


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_list_is_kept_changed_and_deleted_with_a_way_back(
    here: Callable[..., Watched], window: Window
) -> None:
    page = here(window).at(f"{CLIENTS}?city=Cali")
    rows = page.locator("tr.t-row")
    # What is to be saved leaves room for the views.
    expect(page.locator(".t-views-tabs [aria-current]")).to_be_in_viewport(ratio=1)

    page.click(".t-views-keep summary")
    page.fill("[data-view-form] [name=name]", "De Cali")
    page.press("[data-view-form] [name=name]", "Enter")
    expect(page.locator(".t-views-tabs [aria-current]")).to_contain_text("De Cali")
    expect(rows).to_have_count(6)
    address = settle(page).url

    page.fill("#t-search", "tienda 0")
    expect(page.locator(".t-views-tabs .t-dot")).to_be_visible()
    expect(rows).to_have_count(5)
    settle(page)
    page.go_back()
    expect(rows).to_have_count(6)
    expect(page.locator(".t-views-tabs .t-dot")).to_have_count(0)
    settle(page)
    page.go_forward()
    expect(page.locator(".t-views-tabs .t-dot")).to_be_visible()
    settle(page)
    with page.expect_navigation():
        page.click(".t-views-keep form button")
    expect(page.locator(".t-views-tabs .t-dot")).to_have_count(0)
    expect(page).to_have_url(address)
    expect(rows).to_have_count(5)
    settle(page)

    page.click(".t-views > .t-pop > summary")
    page.click("form[action$='/delete'] button")
    expect(page.locator(".t-toast-undo")).to_be_visible()
    settle(page)
    expect(page.locator(".t-views-tabs")).not_to_contain_text("De Cali")
    page.click(".t-toast-undo")
    expect(page.locator(".t-views-tabs [aria-current]")).to_contain_text("De Cali")
    settle(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_views_are_reached_by_keyboard(here: Callable[..., Watched]) -> None:
    page = here().at(CLIENTS)

    page.focus(".t-views-tabs a >> nth=0")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".t-views-tabs a >> nth=1")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile("view=mine"))


def test_a_cell_is_edited_in_the_columns_of_the_view(here: Callable[..., Watched]) -> None:
    page = here().at(f"{CLIENTS}?view=prospects&_edited=1&_columns=name,city")
    row = page.locator("tr.t-row").first

    with paused(page):
        row.locator("td").first.dblclick()
    page.fill(".t-cell-box input[name=city]", "Pasto")
    page.keyboard.press("Enter")

    expect(row.locator("td")).to_have_text(["Pasto"])


def test_chromium_finds_an_app_that_can_be_installed(here: Callable[..., Watched]) -> None:
    page = here().at(CLIENTS)
    chromium = page.context.new_cdp_session(page)

    found = chromium.send("Page.getAppManifest")
    problems = chromium.send("Page.getInstallabilityErrors")["installabilityErrors"]

    assert found["errors"] == []
    assert found["url"].endswith("/manifest.webmanifest")
    # A window without a profile on disk installs nothing, whatever the page offers.
    assert {problem["errorId"] for problem in problems} <= {"in-incognito"}
