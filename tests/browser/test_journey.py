"""A day's work in Chromium, at a desk and on a phone: from signing in to signing out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from trato.access.actor import Actor
from trato.testing.browser import DESK, PHONE, Watched, Window, settle
from trato.testing.companies import PASSWORD, Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENTS = "/clients/clients"
WINDOWS = pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def tenant(tenant: Company) -> Company:
    """Give a company with twelve clients, one of them in the bin, and fields of its own."""
    tenant.custom_field("clients.client", "ruta", "text", label="Ruta", section="Visitas")
    tenant.custom_field("clients.client", "cupos", "integer", label="Cupos", section="Visitas")
    tenant.custom_field("clients.client", "desde", "date", label="Desde", section="Visitas")
    tenant.custom_field("clients.client", "socio", "boolean", label="Socio", section="Visitas")
    tenant.custom_field(
        "clients.client", "gustos", "choices", label="Gustos", section="Visitas",
        choices=[("cafe", "Café"), ("panela", "Panela"), ("cacao", "Cacao")],
    )  # fmt: skip
    with tenant.unit() as unit:
        unit.records.create("clients.zone", {"name": "Eje Cafetero"})
        unit.records.create("clients.zone", {"name": "Costa Caribe"})
        unit.records.bulk(
            "clients.client",
            [{"name": f"Tienda {name}", "city": city, "status": status}
             for name, city, status in (
                 ("La Esperanza", "Pereira", "active"), ("El Cóndor", "Armenia", "active"),
                 ("Los Andes", "Pereira", "prospect"), ("El Progreso", "Cali", "active"),
                 ("La Cosecha", "Pereira", "inactive"), ("San José", "Buga", "active"),
             )],
        )  # fmt: skip
    return tenant


def text_of(page: Page, selector: str) -> str:
    return " ".join(page.inner_text(selector).split())


def names(page: Page) -> Locator:
    return page.locator("th.t-name a")


def titled(page: Page, title: str) -> None:
    """Wait for a record, and for the scripts that hear its keys."""
    expect(page.locator("h1").first).to_have_text(title)
    settle(page)


@WINDOWS
def test_day_of_work(open_page: Open, tenant: Company, actor: Actor, window: Window) -> None:
    """Sign in, find, filter, open, edit, meet a conflict, archive, restore, sign out."""
    luz = tenant.member("manager", name="Luz Dary Mosquera")
    here = open_page(window)
    with here.refused(401):
        page = here.at("/login")
        page.fill("#email", actor.member.email)
        page.fill("#password", "no es esta clave")
        page.click("[data-submit]")
        expect(page.locator("#password-error")).to_have_text(
            re.compile("El correo o la contraseña")
        )
    # As a person does, in the form that has just refused.
    settle(page)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"**{CLIENTS}")
    expect(names(page)).to_have_count(6)

    # Searching by typing shows the rows, the count and the address that belong together.
    page.fill("#t-search", "tienda el")
    expect(page.locator("tr.t-row")).to_have_count(2)
    expect(page.locator("#t-count")).to_have_text("2")
    expect(page).to_have_url(re.compile(r"\?q=tienda%20el$"))
    page.fill("#t-search", "")
    expect(page.locator("tr.t-row")).to_have_count(6)
    settle(page)

    # A filter is chosen in the menu and can be dropped again.
    page.click("#t-filters summary:has-text('Filtro')")
    page.click(".t-filter-menu summary:has-text('Ciudad')")
    form = page.locator(".t-filter-menu form:visible")
    form.locator("[name=_value]").fill("Pereira")
    form.locator("button").click()
    expect(page.locator(".t-chip:not(.t-chip-add)")).to_have_count(1)
    expect(names(page)).to_have_text(["Tienda La Cosecha", "Tienda La Esperanza",
                                      "Tienda Los Andes"])  # fmt: skip
    settle(page)

    # Opening a row, editing, saving.
    page.click("text=Tienda Los Andes")
    titled(page, "Tienda Los Andes")
    url = here.path
    page.click("[data-key=e]")
    page.wait_for_url("**/edit*")
    page.fill("#f-city", "Manizales")
    page.select_option("#f-status", label="Activo")
    page.click(".t-form [data-submit]")
    page.wait_for_url(f"**{url}")
    expect(page.locator("#t-data")).to_contain_text("Manizales")

    # Somebody else saves while the form is open.
    page.click("[data-key=e]")
    page.wait_for_url("**/edit")
    record_id = url.rpartition("/")[2]
    with tenant.unit(luz) as unit:
        view = unit.records.query("clients.client", columns=("id",)).rows
        found = next(row[0] for row in view if str(row[0]) == record_id)
        unit.records.update("clients.client", found, {"city": "Salento", "phone": "+576065550100"})
    page.fill("#f-city", "Filandia")
    with here.refused(409):
        page.click(".t-form [data-submit]")
        expect(page.locator(".t-conflict h2")).to_have_text(
            re.compile("Luz Dary Mosquera guardó este registro antes que usted")
        )
    settle(page)
    for told in ("Salento", "Filandia", "Teléfono"):
        expect(page.locator(".t-conflict")).to_contain_text(told)
    expect(page.locator("#f-city")).to_have_value("Filandia")
    expect(page.locator("#f-phone")).to_have_value("+576065550100")
    page.click(".t-form [data-submit]")
    page.wait_for_url(f"**{url}")
    expect(page.locator("#t-data")).to_contain_text("Filandia")
    expect(page.locator("#t-data")).to_contain_text("+57 606 555 0100")

    # Into the bin and out of it.
    page.click("form[action$='/archive'] button")
    expect(page.locator(".t-band")).to_contain_text("papelera")
    here.at(f"{CLIENTS}?bin=1")
    expect(names(page)).to_have_text(["Tienda Los Andes"])
    page.click("th.t-name a")
    expect(page.locator(".t-band")).to_contain_text("papelera")
    with page.expect_navigation():
        page.click("form[action$='/restore'] button")
    expect(page.locator("form[action$='/archive'] button")).to_be_visible()
    expect(page.locator(".t-band")).to_have_count(0)

    # Out, and Back shows nothing of the company.
    if window is PHONE:
        page.click(".t-bar [href='#t-nav']")
    page.click(".t-nav-foot details summary")
    page.click("form[action='/logout'] button")
    page.wait_for_url("**/login")
    page.go_back()
    expect(page).to_have_url(re.compile("/login"))


@WINDOWS
def test_form_with_own_fields_and_a_reference_picked_by_typing(
    open_page: Open, tenant: Company, actor: Actor, window: Window
) -> None:
    here = open_page(window)
    here.sign_in(actor.member.email)
    page = here.at(f"{CLIENTS}/new")

    page.fill("#f-name", "Hacienda Buenavista")
    page.fill("#f-credit_limit", "1.500.000,50")
    page.locator("#f-zone_id").press_sequentially("cafe")
    option = page.locator("#f-zone_id-options [data-id]")
    expect(option).to_have_count(1)
    page.press("#f-zone_id", "Enter")
    expect(page.locator("#f-zone_id")).to_have_value("Eje Cafetero")
    page.fill("#f-custom-ruta", "Norte 1")
    page.fill("#f-custom-cupos", "12")
    page.fill("#f-custom-desde", "2026-01-31")
    page.check("#f-custom-socio")
    page.check("text=Panela")
    page.check("text=Cacao")
    page.press("#f-custom-ruta", "Control+Enter")
    page.wait_for_url(re.compile(r"/clients/clients/[0-9a-f-]{36}$"))

    data = text_of(page, "#t-data")
    for shown in ("Hacienda Buenavista", "$ 1.500.000,50", "Eje Cafetero", "Norte 1", "12",
                  "31 ene", "Panela, Cacao"):  # fmt: skip
        assert shown in data
    zone = page.locator("#t-data a", has_text="Eje Cafetero")
    expect(zone).to_have_attribute("href", re.compile("^/clients/zones/"))


def test_refusals_lead_to_the_field_and_lose_nothing(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.at(f"{CLIENTS}/new")

    page.fill("#f-email", "sin arroba")
    page.fill("#f-credit_limit", "mucho")
    page.fill("#f-notes", "Dos\nlíneas")
    with here.refused(422):
        page.click(".t-form [data-submit]")
        expect(page.locator("#f-name-error")).to_be_visible()

    expect(page.locator("#f-name")).to_be_focused()
    expect(page.locator("#f-credit_limit")).to_have_value("mucho")
    expect(page.locator("#f-notes")).to_have_value("Dos\nlíneas")
    settle(page)
    page.click(".t-note-bad a:has-text('Cupo de crédito')")
    expect(page.locator("#f-credit_limit")).to_be_focused()
    button = page.locator(".t-form [data-submit]")
    expect(button).not_to_have_attribute("aria-disabled", "true")


def test_leaving_a_changed_form_is_asked_about(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.at(f"{CLIENTS}/new")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.locator("#f-name").press_sequentially("A medias")
    with page.expect_event("dialog"):
        page.click(".t-form-foot a")

    expect(page.locator("#f-name")).to_have_value("A medias")
    assert here.path == f"{CLIENTS}/new"
    assert asked == ["beforeunload"]


def test_keyboard_goes_through_a_list_and_its_records(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.page
    keyboard = page.keyboard

    keyboard.press("/")
    expect(page.locator("#t-search")).to_be_focused()
    keyboard.type("tienda")
    expect(page.locator("#t-search")).to_have_value("tienda")
    page.wait_for_url("**?q=tienda")
    # The rows are there, and no others come in their place.
    settle(page)
    keyboard.press("Escape")
    for key in "jjk":
        keyboard.press(key)
    expect(names(page).first).to_be_focused()
    keyboard.press("j")
    expect(names(page).nth(1)).to_be_focused()
    keyboard.press("Enter")
    titled(page, "Tienda El Progreso")
    keyboard.press("e")
    page.wait_for_url("**/edit")
    keyboard.press("Escape")
    here.at(CLIENTS)
    keyboard.press("n")
    page.wait_for_url("**/new")
    expect(page.locator("#f-name")).to_be_focused()
    keyboard.type("?")
    expect(page.locator("#f-name")).to_have_value("?")
    expect(page.locator("#t-keys")).to_be_hidden()
    page.evaluate("document.querySelector('form.t-form').reset()")
    page.on("dialog", lambda dialog: dialog.accept())
    here.at(CLIENTS)
    keyboard.press("?")
    expect(page.locator("#t-keys")).to_be_visible()
    keyboard.press("Escape")
    expect(page.locator("#t-keys")).not_to_be_visible()


def test_keyboard_alone_picks_a_reference_and_a_filter(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.at(f"{CLIENTS}/new")

    page.focus("#f-zone_id")
    page.keyboard.press("ArrowDown")
    zone, options = page.locator("#f-zone_id"), page.locator("#f-zone_id-options [data-id]")
    expect(options).to_have_count(2)
    expect(zone).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(zone).to_have_attribute(
        "aria-activedescendant", options.nth(1).get_attribute("id") or "no id"
    )
    page.keyboard.press("Escape")
    expect(zone).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(zone).to_have_value("Costa Caribe")

    page.on("dialog", lambda dialog: dialog.accept())
    here.at(CLIENTS)
    page.focus("#t-filters summary")
    page.keyboard.press("Enter")
    expect(page.locator("[data-narrow-input]")).to_be_focused()
    page.keyboard.type("muni")
    expect(page.locator(".t-filter-menu > details:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".t-filter-menu > details:visible > summary")).to_be_focused()
    page.keyboard.press("Enter")
    value = page.locator(".t-filter-menu form:visible [role=combobox]")
    value.press_sequentially("pereira")
    expect(page.locator(".t-filter-menu .t-options [data-id]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(value).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    page.wait_for_url("**municipality=66001*")


def test_what_is_typed_before_the_scripts_come_is_searched_for(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.page
    held: list[Route] = []
    page.route("**/js/list.js*", lambda route: held.append(route))

    with page.expect_request("**/js/list.js*"):
        page.goto(here.url + CLIENTS, wait_until="commit")
    page.fill("#t-search", "cosecha")
    expect(names(page)).to_have_count(6)
    held.pop().continue_()

    expect(names(page)).to_have_text(["Tienda La Cosecha"])


def test_rows_go_on_as_one_scrolls(open_page: Open, shop: Company) -> None:
    here = open_page(DESK)
    here.sign_in(shop.member("manager").member.email)
    page = here.page
    expect(page.locator("tr.t-row")).to_have_count(80)

    page.locator("tr.t-more").scroll_into_view_if_needed()

    expect(page.locator("tr.t-more")).to_have_count(0)
    expect(names(page)).to_have_count(int(text_of(page, "#t-count")))
    hrefs = names(page).evaluate_all("all => all.map(a => a.href)")
    assert len(hrefs) == len(set(hrefs))


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_everything_works_without_script(
    open_page: Open, tenant: Company, actor: Actor, window: Window
) -> None:
    here = open_page(window, script=False)
    here.sign_in(actor.member.email)
    page = here.page

    page.fill("#t-search", "cosecha")
    page.press("#t-search", "Enter")
    expect(names(page)).to_have_text(["Tienda La Cosecha"])
    page.click("#t-filters summary:has-text('Filtro')")
    page.click(".t-filter-menu a")
    page.wait_for_url("**/filters*")
    page.click("summary:has-text('Zona')")
    page.locator("form:visible:has([name=_field][value=zone_id]) button").click()
    expect(page).to_have_url(re.compile("zone_id="))
    here.at(f"{CLIENTS}/new")
    page.fill("#f-name", "Sin guion")
    page.fill("#f-zone_id", "eje")
    page.click(".t-form [data-submit]")
    expect(page.locator("#t-data")).to_contain_text("Eje Cafetero")


def test_session_that_ended_leads_back_to_where_one_was(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = here.page
    page.context.clear_cookies(name="trato_session")

    page.fill("#t-search", "cosecha")
    page.wait_for_url(re.compile("/login.next="))
    page.fill("#email", actor.member.email)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")

    page.wait_for_url("**/clients/clients*")
    expect(names(page)).to_have_text(["Tienda La Cosecha"])


def test_lost_connection_is_said_and_what_is_shown_stays(
    open_page: Open, tenant: Company, actor: Actor
) -> None:
    here = open_page(DESK)
    here.sign_in(actor.member.email)
    page = settle(here.page)
    page.context.set_offline(True)

    page.fill("#t-search", "cosecha")

    expect(page.locator("#t-toasts")).to_contain_text("Sin conexión")
    expect(names(page)).to_have_count(6)
    here.complaints.clear()
