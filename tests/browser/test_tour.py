"""The tour in Chromium: by keyboard, at a desk and on a phone, covering and moving nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from trato.testing.browser import DESK, PHONE, Watched, Window, settle
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_tour_is_walked_by_keyboard_and_stays_away_afterwards(
    open_page: Callable[..., Watched], shop: Company, axe: str, window: Window
) -> None:
    here = open_page(window)
    member = shop.member("seller", is_new=True).member
    assert member is not None
    here.sign_in(member.email)
    page = settle(here.page)
    tour = page.locator("section.t-tour")
    expect(tour).to_contain_text("Todo está a la izquierda")
    expect(page.locator(".t-tour-now")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    for title in ("Encuentre lo que sea", "Cree un registro", "La ayuda está siempre"):
        page.get_by_role("button", name="Siguiente").press("Enter")
        expect(tour).to_contain_text(title)
        expect(tour).to_be_focused()
        expect(page.locator(".t-tour-now")).to_be_visible()
        settle(page).evaluate(axe)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            found = page.evaluate("axe.run('#t-tour').then(answer => answer.violations)")
            assert [rule["id"] for rule in found] == [], theme
    page.get_by_role("button", name="Entendido").press("Enter")

    expect(tour).to_have_count(0)
    expect(page.locator(".t-tour-now")).to_have_count(0)
    expect(page.locator("#t-main")).to_be_focused()
    here.at("/")
    expect(page.get_by_role("heading", name="Clientes").first).to_be_visible()
    expect(tour).to_have_count(0)


def test_tour_works_without_script(open_page: Callable[..., Watched], shop: Company) -> None:
    here = open_page(DESK, script=False)
    member = shop.member("viewer", is_new=True).member
    assert member is not None
    here.sign_in(member.email)

    here.page.get_by_role("button", name="Siguiente").click()
    expect(here.page.locator("section.t-tour")).to_contain_text("Encuentre lo que sea")
    here.page.get_by_role("button", name="Terminar el recorrido").click()

    expect(here.page.locator("section.t-tour")).to_have_count(0)
