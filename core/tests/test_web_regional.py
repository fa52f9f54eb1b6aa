"""Language and time zone of a person: hours follow the reader, days without an hour do not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from trato.configuration import apply_data
from trato.testing.clients import Browser, program
from trato.testing.companies import Company
from trato.testing.pages import page_of

CLIENTS = "/clients/clients"
#: Eleven at night in Bogotá, five in the morning of the next day in Madrid.
MIDNIGHT = dt.datetime(2031, 3, 15, 4, 30, tzinfo=dt.UTC)

pytestmark = pytest.mark.plugins("clients")


@pytest.fixture
def record(tenant: Company) -> UUID:
    """Give a client with an appointment across midnight, and a due date."""
    tenant.custom_field("clients.client", "appointment", "moment", label="Cita")
    tenant.custom_field("clients.client", "due", "date", label="Vence")
    with tenant.unit() as unit:
        values: dict[str, Any] = {
            "name": "Ñandú", "custom.appointment": MIDNIGHT, "custom.due": dt.date(2031, 3, 15),
        }  # fmt: skip
        return unit.records.create("clients.client", values).id


@pytest.fixture
def bogota(tenant: Company, sign_in: Callable[..., Browser]) -> Browser:
    """Give somebody who has chosen nothing."""
    return sign_in(tenant.member("admin"))


@pytest.fixture
def madrid(tenant: Company, sign_in: Callable[..., Browser]) -> Browser:
    opened = sign_in(tenant.member("admin"))
    answer = opened.post("/account/locale", data={"locale": "", "timezone": "Europe/Madrid"})
    assert answer.status_code == 302
    return opened


def in_form(opened: Browser, record: UUID) -> tuple[str, str]:
    """Read appointment and due date as the form of the record has them."""
    page = page_of(opened.get(f"{CLIENTS}/{record}/edit"))
    fields = {one.attrs.get("name"): one.attrs.get("value", "") for one in page.all("input")}
    return fields["custom.appointment"], fields["custom.due"]


def test_an_hour_is_the_readers_and_a_day_everybodys(
    record: UUID, bogota: Browser, madrid: Browser
) -> None:
    assert in_form(bogota, record) == ("2031-03-14T23:30", "2031-03-15")
    assert in_form(madrid, record) == ("2031-03-15T05:30", "2031-03-15")
    shown = [page_of(one.get(f"{CLIENTS}/{record}")).text for one in (bogota, madrid)]
    assert ["14 mar 2031" in text for text in shown] == [True, False]
    assert ["15 mar 2031" in text for text in shown] == [True, True]


def test_what_one_types_is_of_ones_own_zone_and_kept_in_utc(
    tenant: Company, record: UUID, bogota: Browser, madrid: Browser, app: Flask
) -> None:
    page = page_of(madrid.get(f"{CLIENTS}/{record}/edit"))
    sent = page.form(f"{CLIENTS}/{record}/edit") | {
        "custom.appointment": ["2026-12-01T00:15"], "custom.due": ["2026-12-01"],
    }  # fmt: skip
    madrid.post(f"{CLIENTS}/{record}/edit", data=sent)

    assert in_form(bogota, record) == ("2026-11-30T18:15", "2026-12-01")
    told = program(app, tenant, tenant.member("admin")).get(f"/api/v1{CLIENTS}/{record}").json
    assert told is not None
    assert "2026-11-30T23:15:00Z" in str(told)
    assert "2026-12-01T" not in str(told)


def test_the_company_counts_for_whoever_chose_nothing(
    tenant: Company, record: UUID, bogota: Browser, madrid: Browser
) -> None:
    apply_data(tenant.host, tenant.slug, {"tenant": {"timezone": "America/Mexico_City"}})

    assert in_form(bogota, record)[0] == "2031-03-14T22:30"
    assert in_form(madrid, record)[0] == "2031-03-15T05:30"


def test_one_goes_back_to_the_companys(record: UUID, madrid: Browser) -> None:
    madrid.post("/account/locale", data={"locale": "en", "timezone": "Europe/Madrid"})
    assert page_of(madrid.get("/account")).title == "My account"

    madrid.post("/account/locale", data={"locale": "", "timezone": ""})

    assert page_of(madrid.get("/account")).title == "Mi cuenta"
    assert in_form(madrid, record)[0] == "2031-03-14T23:30"


@pytest.mark.parametrize(
    "typed", [{"locale": "tlh"}, {"locale": "es", "timezone": "Mars/Olympus"},
              {"timezone": "../etc/passwd"}],
)  # fmt: skip
def test_what_does_not_exist_is_not_kept(madrid: Browser, typed: dict[str, str]) -> None:
    assert madrid.post("/account/locale", data=typed).status_code == 422
    form = page_of(madrid.get("/account")).form("/account/locale")
    assert form["timezone"] == ["Europe/Madrid"]


def test_a_form_without_a_zone_leaves_it(madrid: Browser) -> None:
    madrid.post("/account/locale", data={"locale": "es"})

    assert page_of(madrid.get("/account")).form("/account/locale")["timezone"] == ["Europe/Madrid"]


def test_the_hour_at_which_tasks_run_is_the_readers(bogota: Browser, madrid: Browser) -> None:
    assert "todos los días a las 02:30" in page_of(bogota.get("/settings/jobs")).text
    assert "todos los días a las 02:30" not in page_of(madrid.get("/settings/jobs")).text
