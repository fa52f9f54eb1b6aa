"""Forms and records in Chromium, at a desk and on a phone: rows, tabs, conditions, records made on
the way, two people at one record, and the way through a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from trato.access.actor import Actor
from trato.testing.browser import DESK, PHONE, Watched, Window, settle
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENTS = "/clients/clients"
WINDOWS = pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])


#: Counts what is lower than a finger.
_SMALL = """() => [...document.querySelectorAll(
    'main .is-active :is(input:not([type=hidden], [type=checkbox]), select, button), ' +
    '.t-tabs a, .is-active .t-kid-remove'
  )].map((e) => e.getBoundingClientRect()).filter((r) => r.width > 1 && r.height < 44).length"""


@pytest.fixture
def yunque(tenant: Company) -> UUID:
    """Give a client with a branch, a contact and a role of it."""
    with tenant.unit() as unit:
        create = unit.records.create
        made = create("clients.client", {"name": "Ferretería El Yunque", "city": "Cali"})
        create("clients.branch", {"client_id": str(made.id), "name": "Bodega", "city": "Yumbo"})
        nidia = create("clients.contact", {"name": "Nidia Pardo"})
        link = {"client_id": str(made.id), "contact_id": str(nidia.id), "role": "pays"}
        create("clients.contact_role", link)
        return made.id


@pytest.fixture
def here(open_page: Open, tenant: Company, actor: Actor, window: Window) -> Watched:
    """Give the browser of an administrator."""
    opened = open_page(window)
    opened.sign_in(actor.member.email)
    return opened


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def rows(page: Page) -> Locator:
    return page.locator(".is-active [data-rows] > [data-kid]")


def cell(row: Locator, path: str) -> Locator:
    """Find a cell by its field; a reference's own input has no name."""
    return row.locator(f"[id$='__{path}']")


def make(page: Page, field: Locator, name: str) -> None:
    """Type a name that nobody has, and take the offer to make it once it is of all of that."""
    field.press_sequentially(name)
    page.locator(".t-option-new", has_text=name).click()


def titled(page: Page, title: str) -> None:
    """Wait for a record, and for the scripts that hear its keys."""
    expect(page.locator("h1").first).to_have_text(title)
    settle(page)


def save(page: Page) -> None:
    page.click(".t-form [data-submit]")


def fits(page: Page, window: Window) -> bool:
    """Tell whether nothing runs out at the side, and a finger meets every control."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    small = page.evaluate(_SMALL)
    return bool(wide <= window.width and (not window.is_phone or small == 0))


def records(tenant: Company, entity: str, columns: list[str]) -> list[tuple[Any, ...]]:
    with tenant.unit(read=True) as unit:
        found = unit.records.query(entity, columns=tuple(columns))
    return [row[2:] for row in found.rows]


@WINDOWS
def test_branches_are_edited_in_the_client_s_form(
    here: Watched, tenant: Company, yunque: UUID, window: Window
) -> None:
    page = here.at(f"{CLIENTS}/{yunque}/edit?tab=branches")
    expect(rows(page)).to_have_count(1)
    cell(rows(page).nth(0), "city").fill("Palmira")
    page.click(".is-active [data-add]")
    expect(cell(rows(page).nth(1), "name")).to_be_focused()
    cell(rows(page).nth(1), "code").fill("S-2")
    assert fits(page, window)

    # The row is wrong where it is wrong, and nothing of the form was saved.
    with here.refused(422):
        save(page)
        expect(page.locator(".t-error").first).to_be_visible()
    settle(page)
    expect(page.get_by_role("tab", name="Sucursales")).to_contain_text("1")
    expect(page.locator("[id$='__n1__name']")).to_be_focused()
    assert records(tenant, "clients.branch", columns=["city"]) == [("Yumbo",)]

    page.keyboard.type("Almacén")
    save(page)
    page.wait_for_url(f"**{CLIENTS}/{yunque}")
    assert sorted(records(tenant, "clients.branch", columns=["name", "city"])) == [
        ("Almacén", None), ("Bodega", "Palmira")
    ]  # fmt: skip

    # Removing can be taken back until one saves; a row that was never saved is simply gone.
    here.at(f"{CLIENTS}/{yunque}/edit?tab=branches")
    for number in (0, 1):
        rows(page).nth(number).locator(".t-kid-remove").click()
    rows(page).nth(1).locator("[data-keep]").click()
    page.click(".is-active [data-add]")
    rows(page).nth(2).locator(".t-kid-remove").click()
    expect(rows(page)).to_have_count(2)
    save(page)
    page.wait_for_url(f"**{CLIENTS}/{yunque}")
    assert records(tenant, "clients.branch", columns=["name"]) == [("Bodega",)]


@WINDOWS
def test_missing_contact_is_made_without_leaving_the_form(
    here: Watched, tenant: Company, yunque: UUID, window: Window
) -> None:
    page = here.at(f"{CLIENTS}/{yunque}/edit")
    page.fill("#f-trade_name", "El Yunque")
    tab(page, "Contactos")
    page.click(".is-active [data-add]")
    row = rows(page).nth(1)
    make(page, cell(row, "contact_id"), "Germán Ávila")
    short = page.locator("dialog.t-short")
    expect(short.locator("#s-name")).to_have_value("Germán Ávila")
    expect(short.locator("#s-client_id")).to_have_value("Ferretería El Yunque")

    # Refused in its place, and the form behind it stays as it is.
    short.locator("#s-email").fill("no es un correo")
    with here.refused(422):
        short.locator("footer .btn-primary").click()
        expect(short.locator(".t-error")).to_be_visible()
    short.locator("#s-email").fill("german@yunque.example")
    short.locator("footer .btn-primary").click()
    expect(short).to_have_count(0)
    expect(cell(row, "contact_id")).to_have_value("Germán Ávila")
    expect(cell(row, "contact_id")).to_be_focused()
    cell(row, "role").select_option(label="Compra")
    save(page)
    page.wait_for_url(f"**{CLIENTS}/{yunque}")

    roles = {r[0] for r in records(tenant, "clients.contact_role", columns=["role"])}
    assert roles == {"pays", "buys"}
    assert records(tenant, "clients.client", columns=["trade_name"]) == [("El Yunque",)]

    # Whoever is there already is shown first.
    here.at(f"{CLIENTS}/{yunque}/edit?tab=contacts")
    page.click(".is-active [data-add]")
    make(page, cell(rows(page).nth(2), "contact_id"), "nidia pardo")
    with here.refused(422):
        short.locator("footer .btn-primary").click()
        short.locator("[data-use]").click()
    expect(cell(rows(page).nth(2), "contact_id")).to_have_value("Nidia Pardo")


@WINDOWS
def test_fields_come_and_go_with_what_others_hold(here: Watched, window: Window) -> None:
    page = here.at(f"{CLIENTS}/new")
    expect(page.locator("#f-surnames")).to_be_hidden()
    page.select_option("#f-kind", label="Persona")
    expect(page.locator("#f-surnames")).to_be_visible()
    page.fill("#f-surnames", "Pardo")
    mark = page.locator(".t-field:has(#f-identification) [data-obligatory]")
    expect(mark).to_be_hidden()
    page.select_option("#f-colombia-identification_type", index=1)
    expect(mark).to_be_visible()
    expect(page.locator("#f-identification_type")).to_be_hidden()

    # The server knows it too.
    page.fill("#f-name", "Nidia Pardo")
    with here.refused(422):
        save(page)
        expect(page.locator("#f-identification-error")).to_be_visible()
    expect(page.locator("#f-surnames")).to_have_value("Pardo")
    expect(page.locator("#f-identification")).to_be_focused()


@WINDOWS
def test_tabs_have_the_keys_of_tabs_and_an_address(
    here: Watched, yunque: UUID, window: Window
) -> None:
    page = here.at(f"{CLIENTS}/{yunque}/edit?tab=contacts")
    contacts = page.get_by_role("tab", name="Contactos")
    expect(contacts).to_have_attribute("aria-selected", "true")
    contacts.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="General")).to_be_focused()
    expect(page.locator("#f-name")).to_be_visible()
    page.keyboard.press("End")
    expect(contacts).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?tab=contacts$"))
    expect(page.locator("#f-name")).to_be_hidden()


@WINDOWS
def test_each_field_that_two_changed_is_chosen_by_itself(
    here: Watched, tenant: Company, yunque: UUID, window: Window
) -> None:
    luz = tenant.member("manager", name="Luz Dary Mosquera")
    page = here.at(f"{CLIENTS}/{yunque}/edit")
    with tenant.unit(luz) as unit:
        theirs = {"city": "Buga", "address": "Calle 1", "website": "https://yunque.example"}
        unit.records.update("clients.client", yunque, theirs)
    page.fill("#f-city", "Tuluá")
    page.fill("#f-address", "Carrera 9")
    with here.refused(409):
        save(page)
        expect(page.locator(".t-conflict")).to_contain_text("Luz Dary Mosquera")
    settle(page)
    page.check("[name='choose:city'][value=theirs]")
    expect(page.locator(".t-field:has(#f-city)")).to_have_class(re.compile("is-overruled"))
    save(page)
    page.wait_for_url(f"**{CLIENTS}/{yunque}")

    columns = ["city", "address", "website"]
    assert records(tenant, "clients.client", columns=columns) == [
        ("Buga", "Carrera 9", "https://yunque.example")
    ]

    # Where nobody stood in the other's way both are kept, and one is told.
    here.at(f"{CLIENTS}/{yunque}/edit")
    with tenant.unit(luz) as unit:
        unit.records.update("clients.client", yunque, {"city": "Cartago"})
    page.fill("#f-address", "Carrera 10")
    save(page)
    expect(page.locator(".t-toast")).to_contain_text("Luz Dary Mosquera")
    assert records(tenant, "clients.client", columns=columns[:2]) == [("Cartago", "Carrera 10")]


@WINDOWS
def test_from_record_to_record_in_the_order_of_the_list(
    here: Watched, tenant: Company, yunque: UUID, window: Window
) -> None:
    with tenant.unit() as unit:
        for name, city in (("Agro Uno", "Cali"), ("Zapatos", "Cali"), ("Lejos", "Pasto")):
            unit.records.create("clients.client", {"name": name, "city": city})
    page = here.at(f"{CLIENTS}?city=Cali&sort=-name")
    told = page.locator("[data-at]")
    page.click("text=Ferretería El Yunque")
    titled(page, "Ferretería El Yunque")
    expect(told).to_have_text("2 de 3")
    expect(told).to_be_visible(visible=not window.is_phone)
    page.keyboard.press("k")
    titled(page, "Zapatos")
    expect(told).to_have_text("1 de 3")
    page.locator("[data-beside=j]:visible").click()
    titled(page, "Ferretería El Yunque")
    # Through the form and back the list is still known.
    page.click("[data-key=e]")
    page.wait_for_url(re.compile("/edit"))
    with page.expect_navigation():
        save(page)
    titled(page, "Ferretería El Yunque")
    page.keyboard.press("j")
    titled(page, "Agro Uno")
    expect(told).to_have_text("3 de 3")
    expect(page.locator("[data-beside=j]")).to_have_count(0)
    # Who comes from elsewhere is in no list.
    here.at(f"{CLIENTS}/{yunque}?in=city%3DPasto")
    expect(told).to_be_hidden()


@pytest.mark.parametrize("window", [PHONE], ids=["phone"])
def test_phone_shows_what_happened_first(here: Watched, yunque: UUID, window: Window) -> None:
    page = settle(here.at(f"{CLIENTS}/{yunque}"))
    expect(page.locator(".t-card-fetched")).to_have_count(3)
    expect(page.locator(".t-card-fetched:has(.t-none)")).to_be_visible()
    tops = [page.locator(part).bounding_box() for part in ("#t-history", "#t-data", ".t-panels")]
    heights = [box["y"] for box in tops if box is not None]
    assert len(heights) == 3
    assert heights == sorted(heights)
    # What is empty is in the form, and a section of which everything is has no heading.
    empty = page.locator(".t-data-section.is-empty")
    assert empty.count() > 0
    assert not any(part.is_visible() for part in empty.all())
    filled = page.locator(".t-data-section:not(.is-empty)")
    assert all(part.locator("dd").filter(visible=True).count() for part in filled.all())
    # An empty panel keeps the room that was kept for it, so that nothing moves.
    cards = page.locator(".t-panels > .t-card").evaluate_all("all => all.map(c => c.offsetHeight)")
    assert len(set(cards)) == 1


def test_rows_are_changed_and_added_without_script(
    open_page: Open, tenant: Company, actor: Actor, yunque: UUID
) -> None:
    here = open_page(DESK, script=False)
    here.sign_in(actor.member.email)
    page = here.at(f"{CLIENTS}/{yunque}/edit")
    page.locator("[id$='__city']").fill("Palmira")
    page.locator("#tab-contacts .t-kid-remove").click()
    page.get_by_role("button", name="Agregar a Sucursales").click()
    added = page.locator("[id$='__n1__name']")
    expect(added).to_be_focused()
    # What is not read yet would not be saved.
    page.wait_for_load_state()
    added.fill("Patio")
    # Enter saves; it does not add one more row.
    added.press("Enter")
    page.wait_for_url(f"**{CLIENTS}/{yunque}")

    made = records(tenant, "clients.branch", columns=["name", "city"])
    assert sorted(made) == [("Bodega", "Palmira"), ("Patio", None)]
    assert records(tenant, "clients.contact_role", columns=["role"]) == []
