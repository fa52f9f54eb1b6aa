"""Draw the gallery: every page, light, dark and on a phone, from a small demo company.

Run it with ``make shots``; the pictures lie in ``shots/``, which is not kept.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Browser, Page, sync_playwright
from portfolio import fill
from states import AT_A_DESK, FAULTS, become_operator, fault, faulty_app, meant, steps

from trato import __version__
from trato.host import Host, discover
from trato.licensing import generate_keypair
from trato.registry import register_all
from trato.testing.browser import DESK, PHONE, Theme, Watched, Window, launch, served, watched
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Databases
from trato.testing.hosts import make_settings
from trato.web.app import create_app

VARIANTS: dict[str, tuple[Window, Theme]] = {
    "": (DESK, "light"), "-oscuro": (DESK, "dark"), "-telefono": (PHONE, "light"),
}  # fmt: skip
CLIENTS = "/clients/clients"
#: What operators of the installation see.
OPERATED = {
    "empresas": "/host/companies", "empresa-nueva": "/host/companies/new",
    "empresa-cerrar": "/host/companies/demo/close",
}  # fmt: skip
Step = Callable[[Page], None]


@contextmanager
def company() -> Iterator[Company]:
    """Make the demo company in a database that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        keys = generate_keypair()
        registry = register_all(discover()[0], host_version=__version__)
        databases = Databases(folder=Path(folder), server=_none, migrations=registry.folders)
        settings = make_settings(
            databases.migrated("sqlite"), public_key=keys.public, storage=Path(folder)
        )
        host = Host(settings)
        made = make_company(host, LicenseIssuer(key=keys.private), slug="demo")
        fill(made, clients=120)
        yield made
        host.close()


def _none() -> None:
    raise LookupError("the gallery is drawn from SQLite")


def pages(made: Company) -> dict[str, tuple[str, Step | None]]:
    """Name each page of the gallery: where it is, and what to do there first."""
    with made.unit() as unit:
        rows = unit.records.query("clients.client", sort=("-credit_limit",), limit=3).rows
        record = rows[0][0]
        unit.records.archive("clients.client", rows[2][0])
        archived = rows[2][0]
    url = f"{CLIENTS}/{record}"
    return {
        "lista": (CLIENTS, None),
        "lista-filtros": (CLIENTS, _open_filters),
        "lista-filtrada": (f"{CLIENTS}?status=active&credit_limit__gte=1000000&q=s", None),
        "lista-sin-resultados": (f"{CLIENTS}?q=zzzz&status=active", None),
        "lista-columnas": (CLIENTS, _open_columns),
        "lista-mas": (CLIENTS, _open_more),
        "lista-vista": (f"{CLIENTS}?view=all&_edited=1&status=prospect&sort=-name", None),
        "lista-vista-guardar": (f"{CLIENTS}/views/new?status=prospect&sort=-name", None),
        "papelera": (f"{CLIENTS}?bin=1", None),
        "contactos": ("/clients/contacts", None),
        "sucursales": ("/clients/branches", None),
        "categorias": ("/clients/categories", None),
        "filtros-pagina": (f"{CLIENTS}/filters", None),
        "registro": (url, None),
        "registro-archivado": (f"{CLIENTS}/{archived}", None),
        "acceso": (f"{url}/why", None),
        "crear": (f"{CLIENTS}/new", None),
        "editar": (f"{url}/edit", None),
        "editar-referencia": (f"{url}/edit", _type_reference),
        "editar-errores": (f"{CLIENTS}/new", _refuse),
        "conflicto": (f"{url}/edit", lambda page: _meet(made, record, page)),
        "cuenta": ("/account", None),
        "avisos-eleccion": ("/account/notices", None),
        "modulo-eliminar": ("/settings/modules/colombia/remove", None),
        "importar": (f"{CLIENTS}/import", None),
        "rol": ("/settings/roles/seller", None),
        "ingreso-unico": ("/settings/sso", None),
        "ficha-organizar": ("/settings/forms/clients.client", None),
        "ayuda-clientes": ("/help/clients", None),
        "ayuda-colombia": ("/help/colombia", None),
        "no-existe": ("/nada", None),
        "no-permitido": (f"{CLIENTS}/export.pdf", None),
        "direccion-mala": (f"{CLIENTS}?gradde=1", None),
        "teclas": (CLIENTS, lambda page: page.keyboard.press("?")),
        "menu-persona": (CLIENTS, _open_person),
        **steps(made, record),
    }  # fmt: skip


def _open_filters(page: Page) -> None:
    page.click("#t-filters summary")
    page.wait_for_selector(".t-filter-menu details")
    page.click(".t-filter-menu details:nth-of-type(3) summary")


def _open_columns(page: Page) -> None:
    page.click("#t-more-tools details:has(.t-columns-menu) summary")
    page.wait_for_selector(".t-columns")


def _open_more(page: Page) -> None:
    page.click("#t-more-tools details:last-of-type summary")


def _open_person(page: Page) -> None:
    if page.is_visible(".t-bar"):
        page.click(".t-bar [href='#t-nav']")
    page.click(".t-nav-foot summary")


def _put_on_paper(page: Page) -> None:
    """Show the page as paper of A4 does, lists across; its margins are the browser's."""
    page.emulate_media(media="print")
    sides = (718, 1047)[:: -1 if page.query_selector(".t-list") else 1]
    page.set_viewport_size({"width": sides[0], "height": sides[1]})


def _type_reference(page: Page) -> None:
    page.fill("#f-parent_id", "")
    page.type("#f-parent_id", "com")
    page.wait_for_selector("#f-parent_id-options [data-id]")


def _refuse(page: Page) -> None:
    page.fill("#f-credit_limit", "mucho")
    page.fill("#f-email", "sin arroba")
    page.click("[data-submit]")
    page.wait_for_selector(".t-error")


def _meet(made: Company, record: UUID, page: Page) -> None:
    with made.unit(made.member("manager", name="Luz Dary Mosquera")) as unit:
        version = unit.records.get("clients.client", record).version
        unit.records.update(
            "clients.client", record,
            {"city": f"Tunja {version}", "phone": f"+57608555{version:04}", "notes": "Llamó."},
        )  # fmt: skip
    page.fill("#f-city", "Bogotá D. C.")
    page.fill("#f-name", page.input_value("#f-name") + " (nueva)")
    page.click("[data-submit]")
    page.wait_for_selector(".t-conflict")


def draw(browser: Browser, folder: Path, wanted: Sequence[str]) -> int:
    """Draw the pages whose name has one of the words; all without words."""
    count = 0
    with company() as made, ExitStack() as stack:
        url = stack.enter_context(served(create_app(made.host)))
        admin = made.member("admin", name="Natalia Herrera Ospina")
        empty = make_company(made.host, made.license, slug="nueva")
        newcomer = empty.member("admin", name="Camila Ríos")
        gallery = pages(made)
        papers = {name: gallery[page][0] for name, page in
                  (("impreso-lista", "lista"), ("impreso-registro", "registro"))}  # fmt: skip
        reader = made.member("viewer", name="Germán Ávila")
        broken = stack.enter_context(served(faulty_app(made)))
        for suffix, (window, theme) in VARIANTS.items():
            strangers = stack.enter_context(watched(browser, url, window, theme=theme))
            count += _draw(strangers, "ingreso", "/login", None, folder, suffix, wanted)
            insider = stack.enter_context(watched(browser, url, window, theme=theme))
            insider.sign_in(admin.member.email)
            for name, (path, step) in gallery.items():
                count += _draw(insider, name, path, step, folder, suffix, wanted)
            for path in _menu(insider):
                if not path.startswith("/clients"):
                    name = re.sub(r"\W+", "-", path.strip("/"))
                    count += _draw(insider, name, path, None, folder, suffix, wanted)
            if not window.is_phone:
                for name, (path, do) in AT_A_DESK.items():
                    count += _draw(insider, name, path, do, folder, suffix, wanted)
            if not suffix:
                for name, path in papers.items():
                    count += _draw(insider, name, path, _put_on_paper, folder, suffix, wanted)
            refused = stack.enter_context(watched(browser, url, window, theme=theme))
            refused.sign_in(reader.member.email)
            count += _draw(refused, "error-403", f"{CLIENTS}/new", None, folder, suffix, wanted)
            lost = stack.enter_context(watched(browser, broken, window, theme=theme))
            with meant():
                for name in FAULTS:
                    count += _draw(lost, name, fault(name), None, folder, suffix, wanted)
            boss = stack.enter_context(watched(browser, url, window, theme=theme))
            operator = empty.member("admin", name="Olga Suárez")
            boss.sign_in(operator.member.email)
            become_operator(made.host, operator)
            for name, path in OPERATED.items():
                count += _draw(boss, name, path, None, folder, suffix, wanted)
            guest = stack.enter_context(watched(browser, url, window, theme=theme))
            seller = made.member("seller", name="Paula Rincón Díaz", is_new=True)
            guest.sign_in(seller.member.email)
            count += _draw(guest, "recorrido", CLIENTS, None, folder, suffix, wanted)
            fresh = stack.enter_context(watched(browser, url, window, theme=theme))
            fresh.sign_in(newcomer.member.email)
            count += _draw(fresh, "vacio", CLIENTS, None, folder, suffix, wanted)
    return count


def _menu(insider: Watched) -> list[str]:
    """Follow the navigation, and the navigation of the administration behind it."""
    found: list[str] = []
    insider.at("/account")
    waiting = [""]
    while waiting:
        path = waiting.pop(0)
        if path:
            insider.at(path)
        for link in insider.page.query_selector_all("nav a[href^='/']"):
            href = link.get_attribute("href") or ""
            if href not in found and href != "/":
                found.append(href)
                if href.startswith("/settings"):
                    waiting.append(href)
    return found


def _draw(
    at: Watched, name: str, path: str, step: Step | None, folder: Path, suffix: str,
    wanted: Sequence[str],
) -> int:  # fmt: skip
    if wanted and not any(word in name for word in wanted):
        return 0
    page = at.at(path)
    if step is not None:
        step(page)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}{suffix}.png")
    return 1


def main() -> int:
    """Draw the gallery into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="draw pages whose name has one of these only")
    parser.add_argument("--folder", type=Path, default=Path("shots"))
    chosen = parser.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        count = draw(browser, chosen.folder, chosen.words)
        browser.close()
    sys.stdout.write(f"{count} pictures are in {chosen.folder}/.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
