"""The bell tells a person of finished work that they asked for, and only them."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from trato.configuration import refilling
from trato.configuration.refilling import Refill
from trato.jobs.catalogue import EXPORT, SEAL
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

CLIENT = "clients.client"
IMPORT = "/clients/clients/import"
EXPORTS = "/clients/clients/exports"

pytestmark = pytest.mark.plugins("clients")


def told(client: Browser) -> list[tuple[str, str]]:
    """Give what the bell tells, newest first: text and address."""
    found = page_of(client.get("/core/notices")).one("ul", "t-notices").all("a")
    return [(" ".join(link.text.split()), str(link.attrs["href"])) for link in found]


def bring(client: Browser) -> str:
    data = {"file": (io.BytesIO(b"Nombre\nUno\nDos\n"), "datos.csv")}
    return client.post(IMPORT, data=data).headers["Location"]


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("try", "El ensayo de su importación de clientes terminó"),
        ("import", "Su importación de clientes terminó"),
    ],
)
def test_the_end_of_an_import_is_told_until_its_page_is_looked_at(
    app: Flask, tenant: Company, client: Browser, do: str, said: str
) -> None:
    mine = browser(app, tenant.member("admin"))
    place = bring(mine)
    mine.post(place, data={"column-0": "name", "do": do})

    tenant.run_queued()

    assert [url for text, url in told(mine) if said in text] == [place]
    assert "Avisos nuevos: 1" in mine.get("/account").text
    assert not any(said in text for text, url in told(client) if url == place)
    mine.get(f"{place}/status")
    assert "Avisos nuevos" not in mine.get("/account").text


def test_an_export_that_is_ready_is_told(tenant: Company, app: Flask) -> None:
    mine = browser(app, tenant.member("admin"))
    place = mine.post(EXPORTS, data={"format": "csv"}).headers["Location"]

    tenant.run_queued()

    ((text, url),) = told(mine)
    assert "Su exportación de clientes está lista" in text
    assert url == place


def test_an_administrator_is_told_of_copies_and_indexes(tenant: Company, app: Flask) -> None:
    asking = tenant.member("admin")
    with tenant.unit(asking) as unit:
        copy = unit.enqueue(EXPORT)
        index = unit.enqueue(refilling.JOB, Refill(entity=CLIENT, texts=True).dump())
        wrong = unit.enqueue(refilling.JOB, Refill(entity="no.such", texts=True).dump())
    assert copy is not None
    assert index is not None
    assert wrong is not None

    states = [tenant.run_task(task).state for task in (copy, index, wrong)]

    assert states == ["done", "done", "failed"]
    said = (
        ("Falló: Indexar registros por campos propios", f"/settings/jobs?job={refilling.JOB}"),
        ("Terminó: Indexar registros por campos propios", f"/settings/jobs?job={refilling.JOB}"),
        ("Terminó: Copiar todos los datos de la empresa", "/settings/export"),
    )
    found = told(browser(app, asking))
    assert [url for _text, url in found] == [url for _text, url in said]
    assert all(wanted in text for (wanted, _u), (text, _url) in zip(said, found, strict=True))


def test_what_nobody_asked_for_is_told_to_nobody(tenant: Company, client: Browser) -> None:
    before = told(client)
    tenant.run(EXPORT)
    tenant.run(SEAL)

    assert told(client) == before
