"""The pages of connections in Chromium: readable at a desk and on a phone, used by keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from core.tests.shop import SHOP, ShopDouble
from core.tests.shop_company import open_company, open_double, save, serve_shop  # noqa: F401
from playwright.sync_api import Browser, expect

from trato.api import Host
from trato.testing.browser import DESK, PHONE, Theme, Window, served, settle, watched
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.syncing import sync
from trato.web.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

BASE = "/settings/connections"
#: Where pictures are put for whoever wants to look at them.
SHOTS = os.environ.get("TRATO_SHOTS")


AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(name="address", scope="module")
def serve(shop_host: Host) -> Iterator[str]:
    with served(create_app(shop_host)) as url:
        yield url


@pytest.fixture(name="worked")
def work(company: Company, double: ShopDouble, clock: SettableClock) -> Company:
    """A company of which one of everything waits."""
    save(company, "Cántaro de barro")
    sync(company, SHOP, only="send")
    double.refused = "El nombre es muy corto para el inventario"
    save(company, "Ánfora")
    sync(company, SHOP, only="send")
    double.refused = None
    double.fail("error")
    save(company, "Vasija")
    sync(company, SHOP, only="send")
    save(company, "Conocida", code="C-1")
    double.streams["pieces"] = [
        {"key": "P1", "name": "Una pieza", "code": "C-1", "price": "12000"},
        {"key": "P2", "name": "Otra pieza", "code": "C-1", "price": "9000"},
    ]
    sync(company, SHOP, only="receive")
    double.switch_off()
    sync(company, SHOP)
    return company


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_can_be_read_by_everybody(
    worked: Company, chromium: Browser, address: str, window: Window,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    admin = worked.member("admin")
    assert admin.member is not None
    themes: tuple[Theme, ...] = ("light", "dark")
    with watched(chromium, address, window) as here:
        here.sign_in(admin.member.email)
        found: list[Any] = []
        page = here.at(BASE)
        for name, link in (("list", None), ("one", "Shop"), ("review", "Una pieza")):
            if link is not None:
                with page.expect_navigation():
                    page.get_by_role("link", name=link).last.click()
            settle(page).evaluate(AXE.read_text("utf-8"))
            for theme in themes:
                page.emulate_media(color_scheme=theme)
                found += page.evaluate("async () => (await axe.run()).violations.map(v => v.id)")
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, name
            if SHOTS:
                label = request.node.callspec.id
                page.screenshot(path=Path(SHOTS) / f"connections-{name}-{label}.png")

        assert found == []
        assert here.complaints == []


def test_a_person_decides_with_the_keyboard(
    worked: Company, chromium: Browser, address: str
) -> None:
    admin = worked.member("admin")
    assert admin.member is not None
    with watched(chromium, address) as here:
        here.sign_in(admin.member.email)
        page = here.at(f"{BASE}/{SHOP}")
        page.get_by_role("link", name="Otra pieza").press("Enter")
        page.get_by_label("Es Conocida").press("Space")
        page.get_by_role("button", name="Decidir").press("Enter")

        expect(page.get_by_text("Quedó decidido.")).to_be_visible()
        expect(page.get_by_role("link", name="Otra pieza")).to_have_count(0)
        assert here.complaints == []
