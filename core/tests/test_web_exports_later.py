"""A long list is exported in the background, and its file waits for whoever asked."""

from __future__ import annotations

from typing import Any

from flask import Flask

from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

CLIENT = "clients.client"
EXPORTS = "/clients/clients/exports"


def fill(company: Company) -> None:
    with company.unit() as unit:
        unit.records.bulk(
            CLIENT,
            [{"name": f"Cliente {n}", "city": "Cali" if n < 3 else "Tunja"} for n in range(9)],
        )


def test_a_list_is_exported_as_it_is_filtered(client: Browser, tenant: Company) -> None:
    fill(tenant)

    place = client.post(f"{EXPORTS}?city=Cali", data={"format": "csv"}).headers["Location"]
    waiting = client.get(place).text
    tenant.run_queued()
    done = client.get(f"{place}/status").text
    file = client.get(f"{place}/file")

    assert 'hx-trigger="every 2s, again"' in waiting
    assert f'href="{place}/file"' in done
    assert "3 registros" in done
    lines = file.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert not any("Tunja" in line for line in lines)
    assert "attachment" in file.headers["Content-Disposition"]


def test_a_workbook_is_offered_by_the_list(client: Browser, tenant: Company) -> None:
    fill(tenant)

    assert f'action="{EXPORTS}"' in client.get("/clients/clients").text
    place = client.post(EXPORTS, data={"format": "xlsx"}).headers["Location"]
    tenant.run_queued()

    assert client.get(f"{place}/file").data.startswith(b"PK")


def test_exports_of_others_do_not_exist(
    app: Flask, client: Browser, tenant: Company, other_actor: Any
) -> None:
    place = client.post(EXPORTS, data={"format": "csv"}).headers["Location"]
    tenant.run_queued()
    weak = browser(app, tenant.member_with({CLIENT: {"view": "all"}}))

    for stranger in (browser(app, tenant.member("admin")), browser(app, other_actor)):
        for end in ("", "/status", "/file"):
            assert stranger.get(place + end).status_code == 404
    assert weak.post(EXPORTS, data={"format": "csv"}).status_code == 403
    assert weak.get(f"{place}/file").status_code == 403
    assert client.post(EXPORTS, data={"format": "exe"}).status_code == 404


def test_a_cancelled_export_gives_no_file(client: Browser, tenant: Company) -> None:
    place = client.post(EXPORTS, data={"format": "csv"}).headers["Location"]

    client.post(f"{place}/cancel")
    tenant.run_queued()

    assert client.get(f"{place}/file").status_code == 404


def test_the_bell_tells_whoever_began_an_export_that_it_failed(
    app: Flask, client: Browser, tenant: Company
) -> None:
    fill(tenant)
    member = tenant.member("manager")
    theirs = browser(app, member)
    place = theirs.post(EXPORTS, data={"format": "csv"}).headers["Location"]
    client.post(f"/settings/users/{member.member_id}", data={"roles": "viewer"})

    tenant.run_queued()
    told = page_of(theirs.get("/core/notices")).one("ul", "t-notices").one("a")

    assert "Falló su exportación de clientes" in told.text
    assert told.attrs["href"] == place
    assert "Avisos nuevos: 1" in theirs.get("/account").text
    assert "Falló su exportación" not in client.get("/core/notices").text
