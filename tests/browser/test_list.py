"""A list in Chromium, at a desk and on a phone: cells, totals, columns, many rows, the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from trato.access.actor import Actor
from trato.testing.browser import DESK, PHONE, Watched, Window, paused, settle
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
CLIENTS = "/clients/clients"
CLIENT = "clients.client"
WINDOWS = pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
COLUMNS = ["city", "status", "credit_limit", "category_id", "custom.desde", "custom.socio"]


@pytest.fixture
def tenant(tenant: Company) -> Company:
    """Give a company with a hundred clients, and fields of kinds that clients have none of."""
    tenant.custom_field(CLIENT, "desde", "date", label="Desde")
    tenant.custom_field(CLIENT, "socio", "boolean", label="Socio")
    with tenant.unit() as unit:
        unit.records.create("clients.category", {"name": "Mayorista"})
        unit.records.bulk(
            CLIENT,
            [{"name": f"Tienda {n:03}", "city": "Pereira", "credit_limit": f"{n}.5"}
             for n in range(100)],
        )  # fmt: skip
    return tenant


@pytest.fixture
def signed_in(open_page: Open, actor: Actor, tenant: Company) -> Callable[..., Watched]:
    """Open a page of somebody signed in, with the columns that these tests edit."""

    def enter(window: Window = DESK, columns: Sequence[str] = COLUMNS, **options: Any) -> Watched:
        here = open_page(window, **options)
        here.sign_in(actor.member.email)
        token = here.page.get_attribute('meta[name="csrf-token"]', "content")
        sent = "&".join(f"column={path}" for path in columns)
        answer = here.page.request.post(
            f"{here.url}{CLIENTS}/columns", data=f"csrf_token={token}&{sent}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert answer.ok
        listed(here)
        return here

    return enter


def listed(here: Watched, query: str = "") -> Page:
    return settle(here.at(f"{CLIENTS}{query}"))


def cell(page: Page, row: int, path: str) -> Locator:
    return page.locator("tr.t-row").nth(row).locator("td").nth(COLUMNS.index(path))


def click_twice(target: Locator) -> None:
    """Edit a cell: the second click comes before the first one alone would open the record."""
    with paused(target.page):
        target.dblclick()


def editor(page: Page) -> Locator:
    return page.locator(".t-cell-box")


def read(tenant: Company, name: str, path: str) -> Any:
    with tenant.unit(read=True) as unit:
        found = unit.records.query(CLIENT, columns=(path,), search=name).rows
    return found[0][2]


def record(tenant: Company, name: str) -> UUID:
    with tenant.unit(read=True) as unit:
        found: UUID = unit.records.query(CLIENT, columns=("name",), search=name).rows[0][0]
    return found


# --- cells ---------------------------------------------------------------------------------------


def test_cell_is_edited_with_the_mouse_and_taken_back(
    signed_in: Callable[..., Watched], tenant: Company
) -> None:
    here = signed_in()
    page = here.page

    click_twice(cell(page, 3, "city"))
    field = editor(page).get_by_label("Ciudad", exact=True)
    expect(field).to_be_focused()
    field.fill("Salento")
    field.press("Enter")
    expect(cell(page, 3, "city")).to_have_text("Salento")
    expect(editor(page)).to_have_count(0)
    expect(cell(page, 3, "city")).to_be_focused()
    assert here.path == CLIENTS
    assert read(tenant, "Tienda 003", "city") == "Salento"

    page.click("#t-toasts button:has-text('Deshacer')")
    expect(cell(page, 3, "city")).to_have_text("Pereira")
    settle(page)

    # The pencil of the cell under the pointer does it too, and Esc leaves all as it was.
    cell(page, 4, "city").hover()
    page.click(".t-pencil")
    editor(page).get_by_label("Ciudad", exact=True).fill("Filandia")
    page.keyboard.press("Escape")
    expect(editor(page)).to_have_count(0)
    expect(cell(page, 4, "city")).to_have_text("Pereira")

    # One click opens the record.
    cell(page, 4, "status").click()
    page.wait_for_url(re.compile(f"{CLIENTS}/[0-9a-f-]{{36}}$"))


def test_click_opens_the_record_at_once_where_no_second_one_could_edit(
    open_page: Open, tenant: Company
) -> None:
    clerk = tenant.member_with(
        {CLIENT: {"view": "all", "edit": "all"}}, fields={CLIENT: {"city": "read"}}
    )
    here = open_page(DESK)
    assert clerk.member is not None
    here.sign_in(clerk.member.email)
    opened = re.compile(rf"{CLIENTS}/[0-9a-f-]+$")

    def click(head: str) -> None:
        heads = page.locator(".t-table thead th").all_inner_texts()
        page.locator("tr.t-row").nth(1).locator("> *").nth(heads.index(head)).click()

    page = listed(here)
    with paused(page):
        click("Ciudad")
        expect(page).to_have_url(opened)
    page = listed(here)
    with paused(page):
        click("Cupo de crédito")
        page.clock.run_for(200)
        expect(page).not_to_have_url(opened)
    expect(page).to_have_url(opened)


def test_cells_of_every_kind_are_edited_with_the_keyboard_alone(
    signed_in: Callable[..., Watched], tenant: Company
) -> None:
    page = signed_in().page
    keys = page.keyboard

    keys.press("j")
    keys.press("ArrowRight")
    expect(cell(page, 0, "city")).to_be_focused()
    expect(cell(page, 0, "city")).to_have_attribute("aria-readonly", "false")
    keys.press("F2")
    expect(editor(page).get_by_role("textbox", name="Ciudad")).to_be_focused()
    keys.type("Armenia")
    keys.press("Tab")
    expect(editor(page).get_by_role("combobox", name="Estado")).to_be_focused()
    page.select_option(".t-cell-box select", label="Inactivo")
    keys.press("Tab")
    expect(editor(page).get_by_label("Cupo de crédito", exact=True)).to_be_focused()
    keys.press("Control+A")
    keys.type("1.234,5")
    keys.press("Tab")
    expect(editor(page).get_by_role("combobox", name="Categoría")).to_be_focused()
    keys.type("mayor")
    expect(page.locator(".t-cell-box .t-options [data-id]")).to_have_count(1)
    keys.press("Enter")
    keys.press("Tab")
    expect(editor(page).get_by_label("Desde", exact=True)).to_be_focused()
    editor(page).get_by_label("Desde", exact=True).fill("2026-01-31")
    keys.press("Tab")
    expect(editor(page).get_by_label("Socio", exact=True)).to_be_focused()
    keys.press("Space")
    keys.press("Enter")
    expect(cell(page, 0, "custom.socio")).to_have_text("Sí")

    shown = [cell(page, 0, path).inner_text() for path in COLUMNS]
    assert shown[:4] == ["Armenia", "Inactivo", "$\xa01.234,50", "Mayorista"]
    assert shown[4].startswith("31 ene")
    assert str(read(tenant, "Tienda 000", "credit_limit")) == "1234.5000"

    # e edits the name from its link; the arrows lead to the row below.
    keys.press("k")
    keys.press("e")
    expect(editor(page).get_by_role("textbox", name="Nombre")).to_be_focused()
    keys.press("Escape")
    keys.press("ArrowDown")
    expect(page.locator("tr.t-row").nth(1).locator("th a")).to_be_focused()
    keys.press("x")
    expect(page.locator("[data-choose]:checked")).to_have_count(1)
    keys.press("Enter")
    page.wait_for_url(re.compile(f"{CLIENTS}/[0-9a-f-]{{36}}$"))


def test_refusal_and_the_work_of_others_are_met_at_the_cell(
    signed_in: Callable[..., Watched], tenant: Company, axe: str
) -> None:
    luz = tenant.member("manager", name="Luz Dary Mosquera")
    here = signed_in()
    page = here.page

    with here.refused(422):
        click_twice(cell(page, 2, "credit_limit"))
        editor(page).get_by_label("Cupo de crédito", exact=True).fill("mucho")
        page.keyboard.press("Enter")
        expect(editor(page).locator(".t-error")).to_contain_text("«mucho» no es un número")
    expect(editor(page).get_by_label("Cupo de crédito", exact=True)).to_be_focused()
    assert flaws(page, axe) == []
    page.keyboard.press("Escape")

    click_twice(cell(page, 2, "city"))
    expect(editor(page)).to_be_visible()
    with tenant.unit(luz) as unit:
        unit.records.update(CLIENT, record(tenant, "Tienda 002"), {"city": "Buga"})
    with here.refused(409):
        editor(page).get_by_label("Ciudad", exact=True).fill("Salento")
        page.keyboard.press("Enter")
        met = editor(page).locator(".t-cell-conflict")
        expect(met).to_contain_text("Luz Dary Mosquera cambió esto")
        expect(met).to_contain_text("Buga")
    assert flaws(page, axe) == []
    editor(page).get_by_role("button", name="Dejar lo suyo").click()
    expect(cell(page, 2, "city")).to_have_text("Buga")
    expect(cell(page, 2, "city")).to_be_focused()

    click_twice(cell(page, 2, "city"))
    expect(editor(page)).to_be_visible()
    with tenant.unit(luz) as unit:
        unit.records.update(CLIENT, record(tenant, "Tienda 002"), {"city": "Tuluá"})
    with here.refused(409):
        editor(page).get_by_label("Ciudad", exact=True).fill("Salento")
        page.keyboard.press("Enter")
        expect(editor(page).locator(".t-cell-conflict")).to_contain_text("Tuluá")
    editor(page).get_by_role("button", name="Guardar lo mío").click()
    expect(cell(page, 2, "city")).to_have_text("Salento")
    assert read(tenant, "Tienda 002", "city") == "Salento"


def test_card_of_a_phone_opens_its_record_and_edits_nothing(
    signed_in: Callable[..., Watched],
) -> None:
    here = signed_in(PHONE)
    page = here.page

    expect(page.locator(".t-table")).not_to_have_attribute("role", "grid")
    cell(page, 1, "city").tap()
    page.wait_for_url(re.compile(f"{CLIENTS}/[0-9a-f-]{{36}}$"))

    expect(editor(page)).to_have_count(0)


# --- nothing covers or hides what is to be read ---------------------------------------------------


def test_at_a_desk_menus_and_panels_leave_figures_and_page_whole(
    signed_in: Callable[..., Watched],
) -> None:
    here = signed_in(columns=["city", "credit_limit"])
    page = here.page
    row = page.locator("tr.t-row").nth(40)

    row.hover()

    expect(row.locator(".t-row-more")).to_be_visible()
    free = row.evaluate(
        """(row) => {
          const last = row.querySelector("td:last-of-type"), figure = document.createRange();
          figure.selectNode(last.firstChild);
          const button = row.querySelector(".t-row-more").getBoundingClientRect();
          return button.left - figure.getBoundingClientRect().right;
        }"""
    )
    assert free > 0
    page.set_viewport_size({"width": 1440, "height": 2400})
    row.locator(".t-name > a").click()
    expect(page.locator(".t-panels")).to_be_visible()
    # A panel can be seen while the page below it is still being read.
    page.wait_for_function(
        """() => {
          const end = (css) => document.querySelector(css).getBoundingClientRect().bottom;
          return end(".t-panels") === end(".t-scroll");
        }"""
    )


def test_on_a_phone_the_two_ends_of_a_condition_are_told_apart(
    signed_in: Callable[..., Watched],
) -> None:
    here = signed_in(PHONE)

    here.page.goto(
        f"{here.url}{CLIENTS}?created_at__gte=2020-01-01&created_at__lte=2090-01-01&city=Pereira"
    )

    chips = here.page.locator(".t-chip:not(.t-chip-add)")
    expect(chips.get_by_text("desde")).to_be_visible()
    expect(chips.get_by_text("hasta")).to_be_visible()
    expect(chips.get_by_text("es", exact=True)).to_be_hidden()


# --- totals, columns -----------------------------------------------------------------------------


@WINDOWS
def test_total_is_of_all_that_was_found_and_follows_an_edit(
    signed_in: Callable[..., Watched], window: Window
) -> None:
    here = signed_in(window)
    page = here.page
    foot = page.locator(".t-totals")

    expect(foot).to_contain_text("Total de 100")
    expect(foot).to_contain_text("$\xa05.000")
    # Before anybody touches it: what an answer moves half a second after a key counts as well.
    assert layout_shift(here) < 0.01
    if window is DESK:
        click_twice(cell(page, 0, "credit_limit"))
        editor(page).get_by_label("Cupo de crédito", exact=True).fill("1000,5")
        page.keyboard.press("Enter")
        expect(foot).to_contain_text("$\xa06.000")
    page.fill("#t-search", "Tienda 002")
    expect(page.locator("tr.t-row")).to_have_count(1)
    expect(foot).to_contain_text("$\xa02,50")


@WINDOWS
def test_columns_are_dragged_into_order_and_stay_so(
    signed_in: Callable[..., Watched], window: Window
) -> None:
    here = signed_in(window)
    page = here.page

    page.click("details:has(.t-columns-menu) > summary")
    first, third = page.locator("[data-grip]").nth(0), page.locator("[data-grip]").nth(2)
    expect(third).to_be_visible()
    settle(page)
    first.hover()
    page.mouse.down()
    expect(page.locator("li.is-dragged")).to_have_count(1)
    end = third.bounding_box()
    assert end
    page.mouse.move(end["x"] + 4, end["y"] + end["height"] - 2, steps=4)
    page.mouse.up()
    # The same with a button: the last one goes a place up.
    page.locator("button[value='up:custom.socio']").click()
    if window is DESK:
        page.get_by_label("Compacto", exact=True).check()
    with page.expect_navigation():
        page.click(".t-columns footer button:has-text('Aplicar')")
    listed(here)

    expect(page.locator("thead th")).to_have_text(
        ["Nombre", "Estado", "Cupo de crédito", "Ciudad", "Categoría", "Socio", "Desde"]
    )
    if window is DESK:
        height = page.locator("tr.t-row td").first.bounding_box()
        assert height
        assert height["height"] == 30


# --- many rows, one row --------------------------------------------------------------------------


@WINDOWS
def test_rows_are_chosen_over_pages_counted_changed_and_taken_back(
    signed_in: Callable[..., Watched], tenant: Company, axe: str, window: Window
) -> None:
    here = signed_in(window)
    page = here.page

    if window is PHONE:
        expect(page.locator("[data-choose]").first).to_be_hidden()
        page.click("#t-more-tools details:has([data-choosing-toggle]) > summary")
        page.tap("[data-choosing-toggle]")
        expect(page.locator("body[data-choosing]")).to_be_visible()
        page.locator("tr.t-row").nth(1).tap()
    else:
        page.locator("[data-choose]").nth(1).check()
    expect(page.locator("[data-chosen]")).to_have_text("Elegidos: 1")
    if window is PHONE:
        box = page.locator(".t-choose:has([data-choose])").first.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    assert flaws(page, axe) == []
    page.get_by_label("Elegir los 100", exact=True).check()
    expect(page.locator("[data-chosen]")).to_have_text("Elegidos: 100")
    page.click(".t-bulk button:has-text('Archivar')")
    expect(page.locator(".t-bulk-count")).to_contain_text("100")
    page.click("main button:has-text('Archivar')")
    expect(page.locator("#t-toasts")).to_contain_text("Se cambiaron 100.")
    expect(page.locator("tr.t-row")).to_have_count(0)
    page.click("#t-toasts button:has-text('Deshacer')")
    expect(page.locator("#t-count")).to_have_text("100")


@WINDOWS
def test_refused_rows_are_told_one_by_one(
    open_page: Open, tenant: Company, axe: str, window: Window
) -> None:
    rights = {CLIENT: {"view": "all", "edit": "own", "archive": "own"}}
    here = open_page(window)
    here.sign_in(tenant.member_with(rights).member.email)
    page = listed(here, "?q=Tienda+007")
    if window is PHONE:
        page.click("#t-more-tools details:has([data-choosing-toggle]) > summary")
        page.tap("[data-choosing-toggle]")
    page.locator("[data-choose]").first.check()
    page.click(".t-bulk button:has-text('Archivar')")
    expect(page.locator(".t-bulk-count")).to_contain_text("1")
    page.click("main button:has-text('Archivar')")

    refused = page.locator(".t-refused li")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("Tienda 007")
    expect(refused).to_contain_text("Usted no puede hacer esto con este registro.")
    assert flaws(page, axe) == []
    with page.expect_download() as file:
        page.click("main a:has-text('Descargar')")
    assert "Tienda 007" in Path(file.value.path()).read_text("utf-8-sig")
    page.click("main a:has-text('Volver a la lista')")
    expect(page.locator("#t-search")).to_have_value("Tienda 007")


def test_row_has_a_menu_for_mouse_and_keyboard(signed_in: Callable[..., Watched], axe: str) -> None:
    page = signed_in().page

    cell(page, 2, "city").hover()
    page.get_by_role("button", name="Acciones de Tienda 002").click()
    expect(page.locator("#t-row-menu a").first).to_be_focused()
    assert flaws(page, axe) == []
    page.click("#t-row-menu button:has-text('Archivar')")
    expect(page.locator("#t-toasts")).to_contain_text("Se cambiaron 1.")
    expect(page.locator("#t-count")).to_have_text("99")
    settle(page)

    # The focus has come back to the place of the row that is gone; the menu goes along.
    expect(page.locator("tr.t-row").nth(2).locator("th a")).to_be_focused()
    # A pointer over another row would have the menu's button there.
    page.mouse.move(0, 0)
    page.keyboard.press("j")
    page.get_by_role("button", name="Acciones de Tienda 004").focus()
    page.keyboard.press("Enter")
    items = page.locator("#t-row-menu").locator("a, button")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit")


# --- the way back, the way out -------------------------------------------------------------------


@WINDOWS
def test_list_is_found_as_it_was_left(signed_in: Callable[..., Watched], window: Window) -> None:
    here = signed_in(window)
    page = listed(here, "?sort=-name")
    last = page.locator("tr.t-row").nth(79)
    last.scroll_into_view_if_needed()
    expect(page.locator("tr.t-row")).to_have_count(100)
    link = page.locator("tr.t-row").nth(90).locator("th a")
    link.scroll_into_view_if_needed()
    place = "document.querySelector('#t-list > .t-scroll').scrollTop || scrollY"
    before = page.evaluate(place)
    link.click()
    page.wait_for_url(re.compile(f"{CLIENTS}/[0-9a-f-]{{36}}$"))

    page.go_back()

    expect(page.locator("tr.t-row")).to_have_count(100)
    expect(page.locator("tr.t-row").nth(90).locator("th a")).to_be_focused()
    assert before > 1000
    page.wait_for_function(f"(before) => Math.abs(({place}) - before) <= 2", arg=before)
    assert "Tienda" not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


@WINDOWS
def test_view_leaves_as_a_file_with_its_filters(
    signed_in: Callable[..., Watched], window: Window
) -> None:
    here = signed_in(window)
    page = listed(here, "?q=Tienda+01")

    page.click("#t-more-tools details:has([href*='export']) > summary")
    with page.expect_download() as file:
        page.click("a[href*='export.csv']")

    lines = Path(file.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 11
    assert all("Tienda 01" in line for line in lines[1:])


def test_list_fits_and_does_not_move(signed_in: Callable[..., Watched]) -> None:
    here = signed_in()
    for theme in ("light", "dark"):
        here.page.emulate_media(color_scheme=theme)
        page = listed(here)

        assert layout_shift(here) < 0.01
        wide, shown = page.evaluate(
            "[document.querySelector('.t-table').offsetWidth,"
            " document.querySelector('.t-scroll').clientWidth]"
        )
        assert wide <= shown


def flaws(page: Page, axe: str) -> list[str]:
    """Run axe-core over the page as it stands, once all of it is there."""
    settle(page)
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(answer => answer.violations)")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def layout_shift(here: Watched) -> float:
    """Sum the shifts of layout that nobody caused by a key or a click."""
    total: float = here.page.evaluate(
        """async () => {
             let sum = 0;
             new PerformanceObserver(list => list.getEntries()
               .filter(entry => !entry.hadRecentInput).forEach(entry => { sum += entry.value; }))
               .observe({type: 'layout-shift', buffered: true});
             // What was kept is handed over in a task before this one.
             await new Promise(done => setTimeout(done, 50));
             return sum;
           }"""
    )
    return total
