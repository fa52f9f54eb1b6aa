"""Import, export and the warning of duplicates in Chromium, at a desk, in the dark, on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from trato.jobs.presence import Presence
from trato.testing.browser import DESK, PHONE, Theme, Watched, Window, settle
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
#: Dark pages differ from light ones by their colours only.
LOOKS: dict[str, tuple[Window, dict[Theme, str]]] = {
    "desk": (DESK, {"light": "{}", "dark": "{runOnly: ['color-contrast', 'link-in-text-block']}"}),
    "phone": (PHONE, {"light": "{}"}),
}
CLIENTS = "/clients/clients"
#: What a finger hits is at least 44 px high, but for links within a text and boxes.
_SMALL = """() => [...document.querySelectorAll(
    'main a[href], main button, main select, main input:not([type=hidden], [type=checkbox])')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !(e.matches('a') && getComputedStyle(e).display === 'inline'))
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && box.height > 1 && box.height < 43.5)
  .map(([e, box]) => `${e.tagName} ${(e.innerText || e.name).slice(0, 40)} ${box.height}`)"""


@pytest.fixture
def company(host: Any, issue_license: LicenseIssuer, clock: SettableClock) -> Iterator[Company]:
    """Give a company of its own, as imports fill it, and somebody who seems to run its tasks."""
    worker = Presence(host=host, name="of the exchange pages", kind="worker")
    # Seen as late as any test may last; other tests of this host know nobody.
    clock.advance(hours=1)
    worker.say()
    clock.reset()
    yield make_company(host, issue_license, plugins=["clients", "colombia"])
    worker.leave()


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def judge(page: Page, axe: str, look: str, name: str) -> None:
    """Ask axe, look for what sticks out or is too small, and keep a picture where one is asked."""
    settle(page)
    page.evaluate(axe)
    for theme, rules in LOOKS[look][1].items():
        page.emulate_media(color_scheme=theme)
        found = page.evaluate(
            f"axe.run(document, {rules})"
            ".then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))"
        )
        assert found == [], (name, theme)
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown, f"{name} scrolls sideways"
    if look == "phone":
        assert page.evaluate(_SMALL) == [], name
    folder = os.environ.get("TRATO_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-{look}.png"))


def enter(open_page: Open, company: Company, look: str) -> tuple[Watched, Page]:
    boss = company.member("admin", name="Olga Prieto")
    assert boss.member is not None
    watched = open_page(LOOKS[look][0])
    watched.sign_in(boss.member.email)
    watched.page.clock.install()
    return watched, watched.at(CLIENTS)


def work(company: Company, page: Page) -> None:
    """Do what is queued; the page looks again at once, instead of two seconds later."""
    company.run_queued()
    page.clock.run_for(2_100)


def test_a_form_warns_while_one_types(
    open_page: Open, company: Company, axe: str, look: str
) -> None:
    with company.unit() as unit:
        unit.records.create(
            "clients.client",
            {"name": "Panadería La Espiga S.A.S.", "identification": "909.214.530-9"},
        )
    watched, _page = enter(open_page, company, look)
    page = watched.at(f"{CLIENTS}/new")
    expect(page.locator("#t-duplicates")).to_be_empty()

    page.locator("#f-name").press_sequentially("la espigga panaderia")

    told = page.locator("#t-duplicates")
    expect(told).to_contain_text("Puede que ya exista")
    expect(told.get_by_role("link", name="Panadería La Espiga S.A.S.")).to_be_visible()
    page.locator("#f-identification").press_sequentially("909214530")
    expect(told).to_contain_text("igual en identificación")
    judge(page, axe, look, "duplicates")
    page.locator("#f-name").fill("")
    page.locator("#f-identification").fill("1")
    expect(told).to_be_empty()


def test_a_file_is_chosen_in_the_words_of_the_person(
    open_page: Open, company: Company, axe: str, look: str, tmp_path: Path
) -> None:
    heavy = tmp_path / "foto.png"
    heavy.write_bytes(bytes(150_000))
    watched, page = enter(open_page, company, look)
    page = watched.at(f"{CLIENTS}/import")
    told = page.locator(".t-file-told")
    expect(told).to_have_text("o suéltelo aquí")

    with watched.refused(422):
        page.get_by_role("button", name="Continuar").click()
        expect(page.locator("#f-file-error")).to_have_text("Elija un archivo.")
    settle(page)
    # The control is where the error is, and the keyboard too.
    expect(page.get_by_label("Archivo")).to_be_focused()
    judge(page, axe, look, "import-no-file")
    page.get_by_label("Archivo").set_input_files(
        {"name": "terceros.csv", "mimeType": "text/csv", "buffer": b"x" * 2_500}
    )
    expect(told).to_have_text("terceros.csv2,5 kB")
    expect(page.locator("[data-file-word]")).to_have_text("Elegir otro")

    page = watched.at("/settings/company")
    page.get_by_label("Imagen").set_input_files(heavy)
    expect(page.locator("#f-logo-error")).to_contain_text("El archivo pesa 150 kB")
    expect(page.locator(".t-file-told")).to_have_text("o suéltelo aquí")
    judge(page, axe, look, "logo-heavy")


def test_a_file_is_brought_without_script(open_page: Open, company: Company) -> None:
    boss = company.member("admin", name="Olga Prieto")
    assert boss.member is not None
    plain = open_page(DESK, script=False)
    plain.sign_in(boss.member.email)
    page = plain.at(f"{CLIENTS}/import")
    control = page.get_by_label("Archivo")
    expect(control).to_have_css("opacity", "1")

    control.set_input_files(
        {"name": "terceros.csv", "mimeType": "text/csv", "buffer": b"Nombre\nLirio\n"}
    )
    page.get_by_role("button", name="Continuar").click()

    expect(page.get_by_text("terceros.csv")).to_be_visible()


def test_a_file_is_brought_tried_and_imported(
    open_page: Open, company: Company, axe: str, look: str, tmp_path: Path
) -> None:
    file = tmp_path / "terceros-2026.csv"
    file.write_text(
        "Razón social;NIT;Correo electrónico;Observación interna\n"
        + "".join(f"Tienda {n};70{n:06};t{n}@x.co;nada\n" for n in range(30))
        + ";70999999;malo;x\n",
        "utf-8",
    )
    watched, page = enter(open_page, company, look)
    page = watched.at(f"{CLIENTS}/import")
    judge(page, axe, look, "import-file")
    page.set_input_files("#f-file", file)
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_label("Razón social")).to_have_value("name")
    expect(page.get_by_label("Observación interna")).to_have_value("ignore")
    judge(page, axe, look, "import-columns")

    page.get_by_role("button", name="Probar sin escribir").click()
    expect(page.locator("#t-exchange")).to_contain_text("Espera su turno")
    judge(page, axe, look, "import-waiting")
    work(company, page)
    expect(page.locator("#t-exchange")).to_contain_text("Se crearían")
    judge(page, axe, look, "import-tried")
    # Nothing is queued before the answer is there.
    with page.expect_navigation():
        page.get_by_role("button", name="Importar", exact=True).click()
    work(company, page)
    expect(page.locator("#t-exchange")).to_contain_text("Filas rechazadas")
    with page.expect_download() as given:
        page.get_by_role("link", name="Filas rechazadas (CSV)").click()

    assert "70999999" in given.value.path().read_text("utf-8-sig")
    with company.unit(read=True) as unit:
        assert unit.records.count_where("clients.client") == 30


def test_a_list_is_exported_in_the_background(
    open_page: Open, company: Company, axe: str, look: str
) -> None:
    with company.unit() as unit:
        unit.records.bulk("clients.client", [{"name": f"Tienda {n}"} for n in range(5)])
    _watched, page = enter(open_page, company, look)
    page.locator("summary[title='Más']").click()
    page.get_by_role("button", name="Exportar en segundo plano").click()
    expect(page.locator("#t-exchange")).to_contain_text("Espera su turno")
    work(company, settle(page))
    expect(page.locator("#t-exchange")).to_contain_text("5 registros")
    judge(page, axe, look, "export")
    with page.expect_download() as given:
        page.get_by_role("link", name="Descargar").click()

    assert given.value.suggested_filename == "clients.xlsx"
