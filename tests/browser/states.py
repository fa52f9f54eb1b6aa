"""What pages of the gallery look like in the middle of something, or when something failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pyotp
from flask import Flask, abort
from playwright.sync_api import Page

from trato.access import operators, second_factor
from trato.access.actor import Actor
from trato.access.sealing import Sealer
from trato.db.engine import transaction
from trato.errors import DatabaseUnavailable, NoRoom
from trato.host import Host
from trato.testing.companies import Company
from trato.text import _
from trato.web.app import create_app
from trato.web.maintenance import UnderMaintenance

CLIENTS = "/clients/clients"
Step = Callable[[Page], None]

#: Where `faulty_app` fails, and what a page of it says. Others need no fault: 400, 403, 404, 405.
FAULTS: dict[str, Callable[[], Any]] = {
    "error-409": lambda: abort(409),
    "error-413": lambda: abort(413),
    "error-429": lambda: abort(429),
    "error-500": lambda: 1 // 0,
    "error-503-base": lambda: _raise(
        DatabaseUnavailable(
            _("The database does not answer."),
            hint=_("Nothing was saved. Try again in a moment."),
        )
    ),
    "error-503-disco": lambda: _raise(
        NoRoom(
            _("There is no room left on the disk for the file."),
            hint=_("Nothing was saved. Tell who looks after Trato, and try again later."),
        )
    ),
    "error-503-mantenimiento": lambda: _raise(UnderMaintenance(None)),
}


def _raise(error: Exception) -> None:
    raise error


def fault(name: str) -> str:
    """Give the address at which an application of ``faulty_app`` fails; nobody signs in there."""
    return f"/login/{name}"


@contextmanager
def meant() -> Iterator[None]:
    """Keep what fails on purpose out of the log."""
    log = logging.getLogger("trato.web")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def faulty_app(made: Company) -> Flask:
    """Make the application with addresses at which it fails; the pages are its own."""
    app = create_app(made.host)
    for name, fail in FAULTS.items():
        app.add_url_rule(fault(name), name, fail)
    return app


# --- in the middle of something ------------------------------------------------------------------


def edit_cell(page: Page) -> None:
    """Open a cell of a list where it stands."""
    page.locator("tr.t-row").nth(2).locator("td").nth(1).dblclick()
    page.wait_for_selector(".t-cell-box form")


def open_row_menu(page: Page) -> None:
    """Open the menu of a row."""
    page.locator("tr.t-row").nth(2).hover()
    page.click(".t-row-more")
    page.wait_for_selector("#t-row-menu a:visible")


def choose_rows(page: Page) -> None:
    """Choose some rows of a list."""
    if page.is_visible(".t-bar"):  # on a phone cards are tapped
        page.click("#t-more-tools details:last-of-type summary")
        page.click("[data-choosing-toggle]")
    for number in (1, 3, 4):
        row = page.locator("tr.t-row").nth(number)
        (row.locator("td").first if page.is_visible(".t-bar") else row.locator(".t-choose")).click()
    page.wait_for_selector("#t-bulk:visible")


def type_a_duplicate(page: Page, name: str) -> None:
    """Type the name of a client that is there already."""
    page.locator("#f-name").press_sequentially(name)
    page.wait_for_selector("#t-duplicates li")


def import_until(made: Company, stage: str) -> Step:
    """Bring a file into the import and go on with it: `columns`, `waiting`, `tried` or `done`."""

    def bring(page: Page) -> None:
        rows = "".join(f"Tienda {n};70{n:06};t{n}@x.co;nada\n" for n in range(30))
        text = f"Razón social;NIT;Correo electrónico;Observación interna\n{rows};7099;malo;x\n"
        page.set_input_files("#f-file", {
            "name": "terceros-2026.csv", "mimeType": "text/csv", "buffer": text.encode(),
        })  # fmt: skip
        if stage == "chosen":
            return
        page.get_by_role("button", name="Continuar").click()
        page.wait_for_selector(".t-exchange-columns")
        if stage == "columns":
            return
        word = "Importar" if stage == "done" else "Probar sin escribir"
        page.get_by_role("button", name=word, exact=True).click()
        page.wait_for_selector("#t-exchange header")
        if stage != "waiting":
            made.run_queued()
            page.reload()
            page.wait_for_selector(".t-exchange-counts")

    return bring


def steps(made: Company, record: UUID) -> dict[str, tuple[str, Step | None]]:
    """Name each such page of whoever administers: where it is, and what to do there first."""
    with made.unit(read=True) as unit:
        name = unit.records.get("clients.client", record)["name"]
    return {
        "lista-elegidos": (CLIENTS, choose_rows),
        "duplicado": (f"{CLIENTS}/new", lambda page: type_a_duplicate(page, name)),
        "importar-archivo": (f"{CLIENTS}/import", import_until(made, "chosen")),
        "importar-columnas": (f"{CLIENTS}/import", import_until(made, "columns")),
        "importar-espera": (f"{CLIENTS}/import", import_until(made, "waiting")),
        "importar-prueba": (f"{CLIENTS}/import", import_until(made, "tried")),
        "importar-hecho": (f"{CLIENTS}/import", import_until(made, "done")),
        "error-405": (f"{CLIENTS}/{record}/archive", None),
    }


#: What only a pointer does.
AT_A_DESK: dict[str, tuple[str, Step]] = {
    "lista-celda": (CLIENTS, edit_cell),
    "lista-menu-fila": (CLIENTS, open_row_menu),
}


def become_operator(host: Host, admin: Actor) -> None:
    """Give somebody who is signed in the operator's mark, and the second step that it demands."""
    assert admin.member is not None
    user_id = admin.member.user_id
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    with transaction(host.engine) as connection:
        operators.mark(connection, user_id, now=host.clock())
        code = pyotp.TOTP(second_factor.begin(connection, user_id, sealer)).at(host.clock())
        second_factor.confirm(connection, user_id, code, sealer, now=host.clock())
