"""Take the pictures of the help, and tell which no longer show what the pages look like.

``make pictures`` takes them. Machines draw letters differently, so what is compared is not pixels
but what the browser was to draw: each visible element's text, size, weight and colours. The sums
of that are beside this file.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from portfolio import fill

from trato import __version__
from trato.host import Host, discover
from trato.licensing import generate_keypair
from trato.registry import register_all
from trato.testing.browser import Watched, Window, launch, served, settle, watched
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Databases
from trato.testing.hosts import make_settings
from trato.web import help
from trato.web.app import create_app

SUMS = Path(__file__).with_name("pictures.json")
CLIENTS = "/clients/clients"
#: As wide as the column of the help can show without making letters tiny.
WINDOW = Window(width=1040, height=1400)
#: Bytes that one picture may take.
LARGEST = 60_000
_MOMENT = dt.datetime(2026, 3, 16, 15, 30, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture: where the page is, what to do there, and which parts of it are shown."""

    plugin: str
    name: str
    path: str
    parts: tuple[str, ...]
    step: Callable[[Page], None] | None = None
    #: Pixels after which it is cut off.
    height: int = 520
    #: Pixels around the parts.
    margin: int = 12

    def file(self, host: Host) -> Path:
        """Say where the picture is kept."""
        folder = help.OWN if self.plugin == "core" else host.registry.folders[self.plugin] / "help"
        return folder / f"{self.name}.webp"


def shots(company: Company) -> list[Shot]:
    """Name the pictures; the help pages mention the same names."""
    with company.unit(read=True) as unit:
        rows = unit.records.query("clients.client", sort=("-credit_limit",), limit=1).rows
    record = f"{CLIENTS}/{rows[0][0]}"
    return [
        Shot(plugin="core", name="lista", path=CLIENTS, parts=(".t-sheet",), height=340, margin=0),
        Shot(plugin="core", name="filtro", path=CLIENTS, parts=(".t-tools", ".t-filter-menu"),
             step=_open_filter, height=360, margin=0),
        Shot(plugin="core", name="registro", path=record, parts=(".t-rec-head", ".t-facts-wrap")),
        Shot(plugin="core", name="formulario", path=f"{CLIENTS}/new",
             parts=(".t-form-section",), height=400),
        Shot(plugin="core", name="administracion", path="/settings", parts=("#t-main",),
             height=420, margin=0),
        Shot(plugin="core", name="permisos", path="/settings/roles/seller",
             parts=(".t-table-wrap",), height=300),
        Shot(plugin="clients", name="clientes", path=f"{CLIENTS}?status=prospect",
             parts=(".t-tools", ".t-table"), height=330, margin=0),
        Shot(plugin="clients", name="sucursales", path=f"{record}/edit",
             parts=(".t-tab.is-active .t-kids",), step=_open_branches, height=360),
        Shot(plugin="clients", name="contactos", path=record,
             parts=(".t-card-fetched:has-text('Contactos')",), step=_await_contacts),
        Shot(plugin="colombia", name="identificacion", path=f"{CLIENTS}/new",
             parts=(".t-form-section",), step=_mistake_the_digit, height=360),
        Shot(plugin="colombia", name="municipio", path=f"{CLIENTS}/new",
             parts=(".t-field:has(#f-colombia-municipality)", "#f-colombia-municipality-options"),
             step=_type_municipality),
    ]  # fmt: skip


def _open_filter(page: Page) -> None:
    page.click("#t-filters summary")
    page.wait_for_selector(".t-filter-menu details")
    page.click(".t-filter-menu details:nth-of-type(1) summary")


def _open_branches(page: Page) -> None:
    page.click(".t-tabs a:has-text('Sucursales')")


def _await_contacts(page: Page) -> None:
    page.wait_for_selector(".t-card-fetched:has-text('Contactos')")


def _mistake_the_digit(page: Page) -> None:
    page.fill("#f-name", "Comercial del Páramo S.A.S.")
    page.select_option("[name='colombia.identification_type']", "nit")
    page.fill("#f-identification", "909.214.530-1")
    page.click("[data-submit]")
    page.wait_for_selector(".t-error")


def _type_municipality(page: Page) -> None:
    # What is offered for the first letters is not yet what is offered for all of them.
    with page.expect_response(lambda answer: answer.url.endswith("q=villa")):
        page.type("#f-colombia-municipality", "villa")
    settle(page)
    page.wait_for_selector("#f-colombia-municipality-options [data-id]")


@contextmanager
def opened(browser: Browser) -> Iterator[tuple[Company, Watched]]:
    """Serve a company that is always the same, at one moment, and sign its administrator in."""
    with tempfile.TemporaryDirectory() as folder:
        keys = generate_keypair()
        registry = register_all(discover()[0], host_version=__version__)
        databases = Databases(folder=Path(folder), server=_none, migrations=registry.folders)
        settings = make_settings(
            databases.migrated("sqlite"), public_key=keys.public, storage=Path(folder)
        )
        host = Host(settings, clock=lambda: _MOMENT)
        company = make_company(host, LicenseIssuer(key=keys.private), slug="demo")
        fill(company, clients=40)
        admin = company.member("admin", name="Natalia Herrera Ospina")
        with served(create_app(host)) as url, watched(browser, url, WINDOW) as here:
            here.sign_in(admin.member.email)
            yield company, here
        host.close()


def _none() -> None:
    raise LookupError("the pictures are taken from SQLite")


_OUTLINE = """clip => [...document.querySelectorAll("body *")].flatMap(element => {
  const box = element.getBoundingClientRect();
  const inside = box.width && box.height && box.left < clip.x + clip.width && box.right > clip.x
    && box.top < clip.y + clip.height && box.bottom > clip.y;
  if (!inside || !element.checkVisibility({visibilityProperty: true})) return [];
  const text = [...element.childNodes].filter(node => node.nodeType === 3)
    .map(node => node.data.trim()).join(" ").trim();
  const style = getComputedStyle(element);
  const value = element.type === "checkbox" ? element.checked : element.value ?? "";
  return [[element.localName, text, value, style.fontSize, style.fontWeight,
    style.color, style.backgroundColor, style.borderRadius, style.display]];
})"""


def take(here: Watched, shot: Shot) -> tuple[str, bytes]:
    """Take one picture.

    :return: the sum of what the browser was to draw, and the picture as WebP, two pixels to one.
    """
    # Nothing lies under the pointer that the picture before was made with.
    here.page.mouse.move(0, 0)
    page = here.at(shot.path)
    if shot.step is not None:
        shot.step(page)
    page.wait_for_load_state("networkidle")
    settle(page)
    page.evaluate("document.fonts.ready.then(() => {})")
    parts = [page.locator(part).first for part in shot.parts]
    parts[0].scroll_into_view_if_needed()
    boxes = [part.bounding_box() for part in parts]
    clip = _around([box for box in boxes if box is not None], shot)
    outline = page.evaluate(_OUTLINE, clip)
    told = json.dumps(outline, ensure_ascii=False, sort_keys=True).encode()
    session = page.context.new_cdp_session(page)
    answer = session.send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": 55, "clip": {**clip, "scale": 2}},
    )
    return hashlib.sha256(told).hexdigest()[:16], base64.b64decode(answer["data"])


def _around(boxes: list[Any], shot: Shot) -> dict[str, float]:
    """Give the rectangle around boxes, with a margin and in whole pixels, as far as is shown."""
    left, top = (
        min(box["x"] for box in boxes) - shot.margin,
        min(box["y"] for box in boxes) - shot.margin,
    )
    right = max(box["x"] + box["width"] for box in boxes) + shot.margin
    bottom = max(box["y"] + box["height"] for box in boxes) + shot.margin
    x, y = max(0, int(left)), max(0, int(top))
    return {"x": x, "y": y, "width": min(int(right), WINDOW.width) - x,
            "height": min(int(bottom) - y, shot.height)}  # fmt: skip


def main() -> int:
    """Take all pictures and remember what they show."""
    sums: dict[str, str] = {}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with opened(browser) as (company, here):
            for shot in shots(company):
                told, picture = take(here, shot)
                file = shot.file(company.host)
                file.write_bytes(picture)
                sums[f"{shot.plugin}/{shot.name}"] = told
                sys.stdout.write(f"{file.name}: {len(picture) // 1000} KB\n")
        browser.close()
    SUMS.write_text(json.dumps(sums, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
