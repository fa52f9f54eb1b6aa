"""The pages of access in Chromium, at a desk and on a phone: they work, and nothing sticks out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.browser import settle
from trato.testing.companies import PASSWORD, Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

SIZES = {"desk": (1440, 900), "phone": (360, 740)}
#: What a finger must hit: all but boxes, whose label is the target.
_SMALL = """[...document.querySelectorAll('main a, main button, main summary, main select, '
    + 'main input:not([type=hidden], [type=checkbox], [hidden])')]
  .filter(e => e.checkVisibility())
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, r]) => r.width && r.height && r.height < 44)
  .map(([e, r]) => `${e.innerText || e.name}: ${Math.round(r.height)}`)"""


@pytest.fixture
def url(site: str) -> str:
    return site


class Look:
    """A page that is looked at after each step."""

    def __init__(self, page: Page, url: str, *, is_phone: bool) -> None:
        self.page, self.url, self.is_phone = page, url, is_phone
        self.said: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _note(self, message: Any) -> None:
        # The browser itself tells of every refused form; that is what was asked for.
        if "status of 4" not in message.text:
            self.said.append(message.text)

    def at(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.check()
        return self.page

    def send(self, form: str) -> Page:
        # The answer may come under the same address, so that is nothing to wait for.
        with self.page.expect_navigation():
            self.page.click(f"form[action='{form}'] [type=submit]")
        self.check()
        return self.page

    def check(self) -> None:
        settle(self.page)
        wide, shown = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= shown, f"{self.page.url} scrolls sideways"
        assert self.page.locator("h1").count() == 1, self.page.url
        assert self.page.locator("[style]").count() == 0, self.page.url
        if self.is_phone:
            assert self.page.evaluate(_SMALL) == [], self.page.url

    def sign_in(self, email: str) -> None:
        self.at("/login")
        self.page.fill("#email", email)
        self.page.fill("#password", PASSWORD)
        with self.page.expect_navigation():
            self.page.click("form[action='/login'] [type=submit]")


@pytest.fixture(params=SIZES)
def look(request: pytest.FixtureRequest, chromium: Browser, url: str) -> Iterator[Look]:
    width, height = SIZES[request.param]
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="es-CO")
    looked = Look(context.new_page(), url, is_phone=request.param == "phone")
    yield looked
    context.close()
    assert looked.said == []


def test_second_step_from_set_up_to_sign_in(look: Look, seller: Actor) -> None:
    look.sign_in(seller.member.email)
    look.at("/account")
    page = look.at("/account/second-factor")
    page.click("summary:has-text('No puedo escanearlo')")
    secret = page.inner_text("#t-key").replace(" ", "")
    assert page.locator("[role=img] svg").bounding_box()["width"] > 150
    page.fill("#code", "0")
    look.send("/account/second-factor")
    page.fill("#code", pyotp.TOTP(secret).now())
    look.send("/account/second-factor")
    codes = page.inner_text("#t-codes").split()
    look.at("/account/second-factor")

    page.context.clear_cookies()
    look.sign_in(seller.member.email)
    look.check()
    page.fill("#code", codes[0])
    look.page.click("form[action='/login/code'] [type=submit]")

    page.wait_for_url("**/clients/clients")


def test_token_is_made_and_revoked(look: Look, seller: Actor) -> None:
    look.sign_in(seller.member.email)
    page = look.at("/account/tokens")
    page.fill("#f-name", "Lista de precios")
    page.check("input[value='clients:read']")
    look.send("/account/tokens")
    assert page.inner_text("#t-token").startswith("trato_")

    with page.expect_navigation():
        page.click("button:has-text('Revocar')")

    expect(page.locator("button:has-text('Revocar')")).to_have_count(0)
    expect(page).to_have_url(re.compile("/account/tokens$"))


def test_invited_person_comes_in(look: Look, actor: Actor, host: Host) -> None:
    look.sign_in(actor.member.email)
    page = look.at("/admin/invitations")
    page.fill("#f-email", f"luz-{look.is_phone}-{actor.tenant_id}@acme.example")
    look.send("/admin/invitations")
    link = page.inner_text("#t-link")

    page.context.clear_cookies()
    page.goto(link)
    look.check()
    page.fill("#name", "Luz Marina Peña")
    page.fill("#password", "cuatro palabras en fila")
    page.click("form[action='/login/password'] [type=submit]")

    page.wait_for_url("**/clients/clients")


def test_administrator_looks_as_a_seller_and_leaves(
    look: Look, actor: Actor, tenant: Company
) -> None:
    tenant.member("seller", name="Luis Rojas")
    look.sign_in(actor.member.email)
    page = look.at("/admin/view-as")
    page.select_option("#f-member", label="Luis Rojas")
    page.click("form[action='/admin/view-as'] [type=submit]")
    page.wait_for_url("**/clients/clients")
    expect(page.locator(".t-viewing")).to_contain_text("Luis Rojas")

    with page.expect_navigation():
        page.click(".t-viewing button")

    expect(page.locator(".t-viewing")).to_have_count(0)
