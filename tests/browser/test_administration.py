"""Administration in Chromium: making a link of one's own, planning a file, looking as somebody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from trato.configuration import apply_data
from trato.testing.browser import DESK, PHONE, Theme, Watched, Window, paused, settle
from trato.testing.companies import Company, LicenseIssuer, make_company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENT = "clients.client"
FIELDS = f"/settings/fields/{CLIENT}"
LOOKS: dict[str, tuple[Window, tuple[Theme, ...]]] = {
    "desk": (DESK, ("light", "dark")), "phone": (PHONE, ("light",)),
}  # fmt: skip
#: What a finger must hit in the pages themselves; links within a text may be lower.
_SMALL = """() => [...document.querySelectorAll(
    'main a[href], main button, main summary, main select, main input:not([type=hidden])')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .map(e => [e, (e.closest('label') ?? e).getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && box.height > 1 && box.height < 43.5)
  .map(([e, box]) => `${e.tagName} ${e.innerText || e.name}: ${Math.round(box.height)}`)"""


@pytest.fixture
def company(host, issue_license: LicenseIssuer) -> Company:  # type: ignore[no-untyped-def]
    made = make_company(host, issue_license)
    with made.unit() as unit:
        for name in ("Comercial Andina", "Comercial del Valle", "Ferretería El Yunque"):
            unit.records.create(CLIENT, {"name": name})
    return made


def flaws(here: Watched, axe: str, *themes: Theme) -> list[str]:
    page = here.page
    settle(page)
    page.evaluate(axe)
    found = []
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        only = "{runOnly: ['color-contrast', 'link-in-text-block']}" if theme == "dark" else "{}"
        answer = page.evaluate(f"axe.run(document, {only}).then(found => found.violations)")
        found += [f"{theme}, {rule['id']}: {node['html'][:120]}"
                  for rule in answer for node in rule["nodes"]]  # fmt: skip
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide > shown:
        found.append(f"scrolls sideways: {wide}")
    if page.viewport_size and page.viewport_size["width"] < 768:
        found += page.evaluate(_SMALL)
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_its_pages_break_no_rule(
    open_page: Open, company: Company, other_tenant: Company, axe: str, look: str
) -> None:
    from trato import administration

    window, themes = LOOKS[look]
    admin = company.member("admin", name="Natalia Herrera")
    seller = company.member("seller", name="Eva Ruiz")
    assert admin.member is not None
    administration.create_user(
        other_tenant.host, other_tenant.slug, admin.member.email, roles=["manager"]
    )
    company.token(seller, scopes=["clients:read"])
    company.role("checker", {"entities": {"*": {"view": "all"}}, "permissions": ["core.audit"]})
    apply_data(company.host, company.slug, {"fields": {CLIENT: {
        "jefe": {"kind": "ref", "target": CLIENT, "labels": {"es": "Franquicia de"}},
        "canal": {"kind": "choice", "labels": {"es": "Canal"}, "choices": ["TAT", "Moderno"]},
    }}})  # fmt: skip
    steps: dict[str, tuple[str, Callable[[Page], None] | None]] = {
        "nuevo-campo": (f"{FIELDS}/new", _describe_link),
        "campo": (f"{FIELDS}/jefe", None),
        "valores": (f"{FIELDS}/canal/choices", None),
        "campos": (FIELDS, None),
        "archivo": ("/settings/configuration", None),
        "plan": ("/settings/configuration", _plan),
        "tokens": ("/settings/tokens", None),
        "correo": ("/settings/mail", None),
        "persona": (f"/settings/users/{seller.member_id}", None),
        "rol": ("/settings/roles/checker", None),
        "auditoria": ("/settings/audit", None),
        "modulos": ("/settings/modules", None),
        "ajustes": ("/settings/modules/colombia", _refuse_day),
        "empresas": ("/account/companies", None),
        "resumen": ("/settings", None),
    }
    here = open_page(window)
    here.sign_in(admin.member.email)
    found: dict[str, list[str]] = {}

    with here.refused(422):
        for name, (path, step) in steps.items():
            page = here.at(path)
            if step is not None:
                step(page)
            wrong = flaws(here, axe, *themes)
            if wrong:
                found[name] = wrong
            if folder := os.environ.get("TRATO_SHOTS"):
                page.screenshot(path=str(Path(folder) / f"{name}-{look}.png"))

    assert found == {}


def _describe_link(page: Page) -> None:
    # All within a moment, so that it is drawn once: a second drawing would come over what is typed
    # into the first.
    with page.expect_response("**/preview"):
        with paused(page):
            page.fill("#f-label_es", "Franquicia de")
            page.select_option("#f-kind", "ref")
            page.select_option("#f-target", CLIENT)
    settle(page)
    expect(page.locator("#t-preview [data-ref]")).to_be_visible()


def _plan(page: Page) -> None:
    page.fill("#f-text", "teams: {norte: {name: Equipo norte}}\n"
              "fields: {clients.client: {zona: {kind: text, labels: {es: Zona}}}}\n")  # fmt: skip
    page.click("button[value=plan]")
    page.wait_for_selector("button[value=apply]")


def _refuse_day(page: Page) -> None:
    page.fill("#f-days_off", "2026-13-01")
    page.click("[data-submit]")
    page.wait_for_selector(".t-error")


def test_a_link_is_described_tried_made_and_used(open_page: Open, company: Company) -> None:
    here = open_page(DESK)
    here.sign_in(company.member("admin", name="Natalia Herrera").member.email)
    page = here.at(f"{FIELDS}/new")

    # What goes with another kind is not in the way.
    expect(page.locator("#f-target")).to_be_hidden()
    expect(page.locator("#f-choices")).to_be_hidden()
    _describe_link(page)
    expect(page.locator("#f-target")).to_be_visible()
    expect(page.locator("#f-default")).to_be_hidden()
    tried = page.locator("#f-preview")
    tried.press_sequentially("andina")
    expect(page.locator("#f-preview-options [data-id]")).to_have_count(1)
    page.click("[data-submit]")
    page.wait_for_url("**/settings/fields/clients.client")

    page = here.at("/clients/clients/new")
    page.fill("#f-name", "Sucursal Chapinero")
    page.locator("#f-custom-franquicia_de").press_sequentially("andina")
    offered = page.locator("#f-custom-franquicia_de-options [data-id]")
    expect(offered).to_have_count(1)
    offered.click()
    page.click(".t-form [data-submit]")
    expect(page.locator("h1").first).to_have_text("Sucursal Chapinero")
    expect(page.locator("main")).to_contain_text("Comercial Andina")


def test_an_administrator_looks_as_another_and_comes_back(
    open_page: Open, company: Company
) -> None:
    seller = company.member("seller", name="Eva Ruiz")
    here = open_page(DESK)
    here.sign_in(company.member("admin", name="Natalia Herrera").member.email)
    page = here.at(f"/settings/users/{seller.member_id}")

    page.get_by_role("button", name="Ver como Eva Ruiz").click()
    page.wait_for_selector("form[action='/admin/view-as/end']")
    settle(page)
    expect(page.locator("body")).to_contain_text("Eva Ruiz")
    expect(page.locator("a[href='/settings']")).to_have_count(0)
    page.click("form[action='/admin/view-as/end'] button")
    page.wait_for_selector("a[href='/settings']")
