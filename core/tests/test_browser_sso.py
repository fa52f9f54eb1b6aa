"""Signing in through a provider in Chromium, at a desk and on a phone: there and back again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from core.tests.sso_office import Office, make_app, open_office, serve_sso  # noqa: F401
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from trato.testing.browser import DESK, PHONE, Watched, served, settle, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

WINDOWS = {"desk": DESK, "phone": PHONE}
#: What a finger hits is at least 44 px high; a link within a text may be lower.
_SMALL = """() => [...document.querySelectorAll(
    'main a[href], main button, main select, main textarea, main input:not([type=hidden])')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .map(e => [e, (e.closest('label') ?? e).getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && box.height > 1 && box.height < 43.5)
  .map(([e, box]) => `${e.tagName} ${e.innerText || e.name}: ${Math.round(box.height)}`)"""
#: Where to keep pictures of what is looked at; nowhere, unless somebody wants them.
_PICTURES = os.environ.get("TRATO_PICTURES")
AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def sso_site(sso_app: Flask) -> Iterator[str]:
    with served(sso_app) as url:
        yield url


def look(here: Watched, name: str) -> None:
    """See that a page breaks no rule, in light and in dark."""
    page = here.page
    settle(page).evaluate(AXE.read_text("utf-8"))
    flaws = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run(document).then(answer => answer.violations)")
        flaws += [
            f"{scheme} {rule['id']}: {n['html'][:150]}" for rule in found for n in rule["nodes"]
        ]
        if _PICTURES:
            width = page.viewport_size["width"] if page.viewport_size else 0
            page.screenshot(path=f"{_PICTURES}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide > shown:
        flaws.append(f"scrolls sideways: {wide}")
    if shown < 768:
        flaws += page.evaluate(_SMALL)
    assert flaws == [], name


@pytest.fixture(params=WINDOWS)
def here(request: pytest.FixtureRequest, chromium: Browser, sso_site: str) -> Iterator[Watched]:
    with watched(chromium, sso_site, WINDOWS[request.param]) as made:
        yield made
    assert made.complaints == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_there_and_back_and_out_again(here: Watched, office: Office) -> None:
    page = here.at(office.door)
    look(here, "sign-in")
    press(page, "Entrar con Portal Andino")
    page.wait_for_url(lambda url: "/clients/clients" in url)
    page = here.at("/account")
    expect(page.get_by_text("Vinculada desde")).to_be_visible()
    expect(page.get_by_role("heading", name="Contraseña")).to_have_count(0)
    look(here, "account")

    page.evaluate("document.querySelector('form[action=\"/logout\"]').submit()")
    page.wait_for_url("**/login?left=1")
    expect(page.get_by_role("link", name="Cerrar la sesión también allí")).to_be_visible()
    look(here, "left")
    press(page, "Entrar con Portal Andino")
    page.wait_for_url(lambda url: "/clients/clients" in url)


def test_a_provider_that_is_away_is_told(here: Watched, office: Office) -> None:
    office.provider.broken["discovery"] = 500
    page = here.at(office.door)
    with here.refused(503):
        press(page, "Entrar con Portal Andino")
        expect(page.get_by_role("heading", name="No se inició la sesión")).to_be_visible()
    look(here, "away")
    office.provider.broken.clear()
    page.get_by_role("link", name=re.compile("Volver al ingreso")).click()

    press(page, "Entrar con Portal Andino")
    page.wait_for_url(lambda url: "/clients/clients" in url)


def test_an_administrator_sets_it_up_and_links_the_own_account(
    here: Watched, office: Office
) -> None:
    admin = office.company.member("admin", name="Ana Gómez")
    assert admin.member is not None
    here.sign_in(admin.member.email)
    page = here.at("/settings/sso")
    look(here, "settings")
    page.get_by_label("Horas hasta volver a iniciar sesión").fill("8")
    press(page, "Guardar ingreso")
    expect(page.get_by_text("El ingreso quedó guardado")).to_be_visible()
    press(page, "Consultar al proveedor")
    expect(page.get_by_text("El proveedor responde")).to_be_visible()
    here.at("/account")
    page.locator(f"form[action='{office.door}/link'] button").click()
    # It leads back to where it began.
    expect(page.get_by_text("Vinculada desde")).to_be_visible()

    page = here.at(f"/settings/users/{admin.member.id}")
    expect(page.get_by_text("allí se conoce como s-1")).to_be_visible()
    look(here, "person")
