"""The arranging of a form in Chromium: by keys, by dragging, on a phone, breaking no rule."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from trato.testing.browser import DESK, PHONE, Theme, Watched, Window, settle
from trato.testing.companies import Company, LicenseIssuer, make_company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENT = "clients.client"
URL = f"/settings/forms/{CLIENT}"
LOOKS: dict[str, tuple[Window, Theme]] = {
    "desk": (DESK, "light"), "dark": (DESK, "dark"), "phone": (PHONE, "light"),
}  # fmt: skip


@pytest.fixture
def company(host, issue_license: LicenseIssuer) -> Company:  # type: ignore[no-untyped-def]
    return make_company(host, issue_license)


def arranging(open_page: Open, company: Company, look: str) -> Watched:
    window, theme = LOOKS[look]
    admin = company.member("admin", name="Natalia Herrera")
    assert admin.member is not None
    here = open_page(window, theme=theme)
    here.sign_in(admin.member.email)
    here.at(URL)
    return here


def fields(page: Page, section: str) -> list[str]:
    found: list[str] = page.locator(f"[data-lay-section={section}] [data-lay-field]").evaluate_all(
        "items => items.map(item => item.dataset.layField)"
    )
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_a_form_is_arranged_and_seen_at_once(
    open_page: Open, company: Company, axe: str, look: str
) -> None:
    here = arranging(open_page, company, look)
    page = here.page
    preview = page.locator("#t-lay-preview")

    page.get_by_role("button", name="Editar Sitio web").click()
    name = page.get_by_label("Nombre en español")
    expect(page.get_by_label("Sección", exact=True)).to_be_focused()
    name.fill("Página de internet")
    expect(preview.get_by_text("Página de internet")).to_be_visible()
    page.get_by_label("Se muestra siempre, o solo cuando").select_option("kind")
    page.get_by_label("Persona").check()
    expect(preview.get_by_text("Página de internet")).to_be_hidden()

    if folder := os.environ.get("TRATO_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"ficha-{look}.png"))
    settle(page).evaluate(axe)
    only = "{runOnly: ['color-contrast']}" if look == "dark" else "{}"
    broken = page.evaluate(f"axe.run(document, {only}).then(found => found.violations)")
    assert [(rule["id"], node["html"][:160]) for rule in broken for node in rule["nodes"]] == []
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown

    page.get_by_role("button", name="Guardar ficha").click()
    expect(page.get_by_text("La ficha quedó guardada")).to_be_visible()
    here.at("/clients/clients/new")
    expect(page.get_by_label("Página de internet")).to_be_hidden()
    page.get_by_label("Tipo", exact=False).first.select_option("person")
    expect(page.get_by_label("Página de internet")).to_be_visible()


def test_a_field_is_moved_by_key_and_by_dragging(open_page: Open, company: Company) -> None:
    here = arranging(open_page, company, "desk")
    page = here.page
    first, second = fields(page, "identification")[:2]

    up = page.locator(f"#l-up-field-{second}")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-lay-section=identification] [data-lay-field]").first
           ).to_have_attribute("data-lay-field", second)  # fmt: skip
    settle(page)
    assert fields(page, "identification")[:2] == [second, first]

    page.locator("[data-lay-field=trade_name] [data-grip]").hover()
    page.mouse.down()
    expect(page.locator("[data-lay-field=trade_name].is-dragged")).to_be_visible()
    box = page.locator(f"[data-lay-field={second}]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 8, box["y"] + 4, steps=4)
    page.mouse.up()

    expect(page.locator("[data-lay-section=identification] [data-lay-field]").first
           ).to_have_attribute("data-lay-field", "trade_name")  # fmt: skip
    settle(page)
    page.get_by_role("button", name="Guardar ficha").click()
    expect(page.get_by_text("La ficha quedó guardada")).to_be_visible()
    settle(page)
    assert fields(page, "identification")[:3] == ["trade_name", second, first]
