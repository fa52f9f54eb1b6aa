"""What people see of connections and can do: the page Connections, and the commands `sync …`."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from core.tests.shop import SHOP, ShopDouble
from core.tests.shop_company import open_company, open_double, save, serve_shop, states  # noqa: F401
from flask import Flask

from trato.api import Host
from trato.cli.context import Context
from trato.cli.program import _run
from trato.errors import Message, NotFound, PluginError
from trato.jobs.catalogue import all_jobs
from trato.jobs.clock import due
from trato.sync import outgoing
from trato.tenancy.enablement import require
from trato.testing.clients import Browser, browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.syncing import outgoing_rows, run_of, sync
from trato.web.app import create_app

BASE = "/settings/connections"

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture(name="shop_app", scope="module")
def serve_pages(shop_host: Host) -> Flask:
    return create_app(shop_host)


@pytest.fixture(name="admin")
def sign_in(shop_app: Flask, company: Company) -> Browser:
    return browser(shop_app, company.member("admin"))


def command(company: Company, *words: str) -> int:
    context = Context("es", {})
    context.__dict__["host"] = company.host
    context._host = company.host
    return _run(context, list(words))


def waiting_twice(company: Company, double: ShopDouble) -> None:
    """Let two things wait of which one may be the only piece with the code."""
    save(company, "Conocida", code="C-1")
    double.streams["pieces"] = [
        {"key": "P1", "name": "Una", "code": "C-1"}, {"key": "P2", "name": "Otra", "code": "C-1"},
    ]  # fmt: skip


# The page


def test_the_page_tells_in_spanish_how_a_connection_stands(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    save(company)
    double.switch_off()
    sync(company, SHOP)

    listed, shown = admin.get(BASE), admin.get(f"{BASE}/{SHOP}")

    assert "Falla" in listed.text
    assert "Por enviar: 1" in listed.text
    assert "«127.0.0.1» no acepta la conexión." in shown.text
    assert "Cántaro" in shown.text
    assert "Esperando" in shown.text or "En espera" in shown.text


def test_a_page_does_not_wait_for_a_system_that_does_not_answer(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    save(company)
    before = len(double.requests)

    for path in (BASE, f"{BASE}/{SHOP}"):
        assert admin.get(path).status_code == 200
    for action in ("run", "check", "retry"):
        assert admin.post(f"{BASE}/{SHOP}/{action}").status_code == 302

    assert len(double.requests) == before


def test_what_is_missing_in_the_settings_is_named(
    company: Company, admin: Browser, shop_host: Host
) -> None:
    from trato.configuration.sealed import save_secrets

    save_secrets(shop_host, company.slug, "shop", {"token": None})

    sync(company, SHOP)

    assert "Aún no está configurada; falta: Token." in admin.get(f"{BASE}/{SHOP}").text


def test_a_refused_document_is_tried_again_or_given_up(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    save(company)
    double.refused = "nombre corto"
    sync(company, SHOP)
    (row,) = outgoing_rows(company, SHOP)
    page = admin.get(f"{BASE}/{SHOP}").text
    assert "Rechazad" in page
    assert "nombre corto" in page

    admin.post(f"{BASE}/{SHOP}/documents/{row.id}/retry")
    assert states(company) == ["pending"]
    refused = admin.post(f"{BASE}/{SHOP}/documents/{row.id}/discard")
    assert refused.status_code == 422
    assert "Solo se puede descartar un documento rechazado" in refused.text
    sync(company, SHOP)
    admin.post(f"{BASE}/{SHOP}/documents/{row.id}/discard")

    assert states(company) == []


def test_what_needs_a_person_stands_before_what_goes_by_itself(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    double.refused = "nombre corto"
    save(company, "Rechazada")
    sync(company, SHOP, only="send")
    double.switch_off()
    for number in range(50):
        save(company, f"Espera {number}")

    page = admin.get(f"{BASE}/{SHOP}").text

    assert "Rechazada" in page
    assert page.index("Rechazada") < page.index("Espera 49")
    assert "Hay 1 más en espera detrás de estos." in page


def test_a_document_whose_worker_was_killed_is_said_to_be_looked_up(
    company: Company, admin: Browser, clock: SettableClock
) -> None:
    save(company)
    outgoing.claim(run_of(company, SHOP), outgoing.Sending())
    at_work = admin.get(f"{BASE}/{SHOP}").text
    clock.advance(hours=1)

    cut = admin.get(f"{BASE}/{SHOP}").text

    assert "Enviándose" in at_work
    assert "Interrumpido" not in at_work
    assert "Interrumpido" in cut
    assert "se le pregunta al otro sistema si lo tiene" in cut


def test_the_history_of_a_record_names_the_connector_by_its_title(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    double.streams["pieces"] = [{"key": "P1", "name": "Jarra", "code": "C-1", "price": "1.00"}]
    sync(company, SHOP, only="receive")
    with company.unit(read=True) as unit:
        [(record, _version, _name)] = unit.records.query("specimen.piece", columns=["name"]).rows

    shown = admin.get(f"/specimen/pieces/{record}").text

    assert "Trato (Shop)" in shown
    assert SHOP not in shown


def test_what_was_received_is_shown_as_a_record_shows_it(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    waiting_twice(company, double)
    double.streams["pieces"][0] |= {
        "price": "1250000", "is_rare": True, "tags": ["barro", "rojo"], "found": "2026-02-30",
        "grade": "good", "place": None,
    }  # fmt: skip
    sync(company, SHOP, only="receive")
    first, _second = re.findall(rf'href="({BASE}/review/[^"]+)"', admin.get(f"{BASE}/{SHOP}").text)

    table = page_of(admin.get(first)).one("table", "t-admin-table")

    told = {row.one("th").text: row.one("td").text for row in table.all("tr")}
    assert told == {
        "Nombre": "Una", "Código": "C-1", "Price": "$ 1.250.000", "Rare": "Sí",
        "Etiquetas": "barro rojo", "Found": "2026-02-30", "Grade": "Good", "Place": "Sin dato",
    }  # fmt: skip


def test_nothing_is_sent_given_up_or_decided_while_the_licence_is_over(
    company: Company, double: ShopDouble, admin: Browser, clock: SettableClock
) -> None:
    waiting_twice(company, double)
    double.refused = "nombre corto"
    sync(company, SHOP)
    (row,) = outgoing_rows(company, SHOP)
    (first, _second) = re.findall(
        rf'href="({BASE}/review/[^"]+)"', admin.get(f"{BASE}/{SHOP}").text
    )
    company.install_license(expires=clock().date() - dt.timedelta(days=100))

    answers = [
        admin.post(f"{BASE}/{SHOP}/run"), admin.post(first, data={"decision": "ignore"}),
        admin.post(f"{BASE}/{SHOP}/documents/{row.id}/discard"),
        admin.post(f"{BASE}/{SHOP}/documents/{row.id}/retry"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403] * 4
    assert "La licencia terminó" in answers[0].text
    assert states(company) == ["rejected"]
    assert admin.get(first).status_code == 200


def test_the_review_tray_asks_and_takes_the_answer(
    company: Company, double: ShopDouble, admin: Browser
) -> None:
    waiting_twice(company, double)
    sync(company, SHOP, only="receive")
    page = admin.get(f"{BASE}/{SHOP}").text
    first, second = re.findall(rf'href="({BASE}/review/[^"]+)"', page)
    asked = admin.get(first).text
    assert "Es Conocida" in asked
    (record,) = re.findall(r'name="decision" value="([0-9a-f-]{36})"', asked)

    assert admin.post(first, data={}).status_code == 422
    assert admin.post(first, data={"decision": record}).status_code == 302
    taken = admin.post(second, data={"decision": record})
    assert taken.status_code == 422
    assert "ya está enlazado con «P1»" in taken.text
    assert admin.post(second, data={"decision": "ignore"}).status_code == 302

    assert "Por revisar" not in admin.get(f"{BASE}/{SHOP}").text


def test_only_administrators_of_the_company_itself_get_in(
    company: Company, double: ShopDouble, shop_app: Flask, shop_host: Host, issue_license: Any
) -> None:
    from trato.testing.companies import make_company

    waiting_twice(company, double)
    sync(company, SHOP, only="receive")
    admin = browser(shop_app, company.member("admin"))
    first, _second = re.findall(rf'href="({BASE}/review/[^"]+)"', admin.get(f"{BASE}/{SHOP}").text)
    seller = browser(shop_app, company.member("seller"))
    other = make_company(shop_host, issue_license, plugins=["shop"])
    stranger = browser(shop_app, other.member("admin"))

    assert seller.get(BASE).status_code == 404
    assert seller.post(first, data={"decision": "ignore"}).status_code == 404
    assert stranger.get(first).status_code == 404
    assert stranger.post(first, data={"decision": "ignore"}).status_code == 404


def test_a_disabled_module_has_no_connection(company: Company, admin: Browser) -> None:
    company.disable("shop")

    assert SHOP not in admin.get(BASE).text
    assert admin.get(f"{BASE}/{SHOP}").status_code == 404
    assert admin.post(f"{BASE}/{SHOP}/run").status_code == 404


def test_the_clock_runs_it_at_its_times(company: Company) -> None:
    jobs = all_jobs(company.host).values()

    names = [job.name for job, _slot in due(jobs, company.view, now=company.host.clock())]
    company.disable("shop")
    without = [job.name for job, _slot in due(jobs, company.view, now=company.host.clock())]

    assert "shop.sync_pieces" in names
    assert "shop.send_pieces" not in names
    assert "shop.sync_pieces" not in without


# The commands


def test_a_run_by_command_sends_and_receives_and_says_so(
    company: Company, double: ShopDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    save(company)
    double.stock(2)

    code = command(company, "sync", "run", company.slug, SHOP, "--json")

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["sent"] == {"confirmed": 1}
    assert told["streams"]["pieces"] == {"seen": 2, "created": 2}


def test_a_run_that_fails_says_why_and_ends_with_1(
    company: Company, double: ShopDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    double.fail("denied", on=("GET",))

    code = command(company, "sync", "run", company.slug, SHOP, "--stream", "news")

    assert code == 1
    assert "El otro sistema no acepta las credenciales (HTTP 401)." in capsys.readouterr().err


def test_what_does_not_exist_is_said(company: Company) -> None:
    with pytest.raises(NotFound, match=re.escape(SHOP)):
        command(company, "sync", "run", company.slug, "shop.nothing")


def test_a_connector_that_is_off_here_says_why_and_what_to_do(company: Company) -> None:
    company.disable("shop")
    with pytest.raises(PluginError, match="It is switched off") as off:
        command(company, "sync", "run", company.slug, SHOP, "--check")
    company.install_license(["specimen"])
    with pytest.raises(PluginError, match="It is not in the licence") as unlicensed:
        command(company, "sync", "retry", company.slug, SHOP)

    assert str(off.value.hint) == f"Enable it first: trato plugin enable {company.slug} shop"
    assert f"trato license install {company.slug} FILE" in str(unlicensed.value.hint)


def test_a_connector_whose_plugin_is_on_but_behind_is_not_to_be_enabled(company: Company) -> None:
    view = company.view
    behind = replace(view.plugins["shop"], enabled=False, reason=Message("Its tables are behind."))
    with pytest.raises(PluginError, match="Its tables are behind") as refused:
        require(replace(view, plugins={**view.plugins, "shop": behind}), "shop")

    assert str(refused.value.hint).endswith(f": trato plugin list --tenant {company.slug}")


def test_the_status_tells_counts_and_streams(
    company: Company, double: ShopDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    save(company)
    double.stock(1)
    double.refused = "no"
    sync(company, SHOP)

    assert command(company, "sync", "status", company.slug, "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert command(company, "sync", "status", company.slug) == 0

    assert told["connector"] == SHOP
    assert told["state"] == "works"
    assert told["outbox"] == {"rejected": 1}
    assert told["streams"][0]["counts"] == {"seen": 1, "created": 1}
    assert "Conector" in capsys.readouterr().out


def test_the_tray_is_emptied_by_command(
    company: Company, double: ShopDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting_twice(company, double)
    sync(company, SHOP, only="receive")
    command(company, "sync", "review", company.slug, "--json")
    first, second = json.loads(capsys.readouterr().out)

    command(company, "sync", "decide", company.slug, first["id"], "--record",
            first["candidates"][0])  # fmt: skip
    command(company, "sync", "decide", company.slug, second["id"], "--ignore")
    capsys.readouterr()
    command(company, "sync", "review", company.slug, "--json")

    assert json.loads(capsys.readouterr().out) == []


def test_retry_by_command_sends_what_was_refused(
    company: Company, double: ShopDouble, clock: SettableClock, capsys: pytest.CaptureFixture[str]
) -> None:
    save(company)
    double.refused = "no"
    sync(company, SHOP)
    double.refused = None

    command(company, "sync", "retry", company.slug, SHOP)
    sync(company, SHOP)

    assert "1 documento" in capsys.readouterr().out
    assert states(company) == ["confirmed"]
