"""Panels of a record's page: fetched one by one, each with its own rights and its own failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import count_statements

SignIn = Callable[..., Browser]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def record(tenant: Company, actor: Actor) -> Record:
    with tenant.unit(actor) as unit:
        made = unit.records.create("specimen.piece", {"name": "Cóndor"})
        for number in range(5):
            unit.records.create(
                "specimen.label",
                {"piece_id": str(made.id), "number": number, "wording": f"rótulo {number}"},
            )
        return made


@pytest.fixture
def url(record: Record) -> str:
    return f"/specimen/pieces/{record.id}"


def test_page_awaits_its_panels_and_leads_to_them_without_script(
    tenant: Company, actor: Actor, sign_in: SignIn, url: str, record: Record
) -> None:
    person = sign_in(actor)
    person.get(url)

    with count_statements(tenant.host.engine) as counted:
        panel = page_of(person.get(url)).one("section", "t-card-awaited")

    assert panel.attrs["hx-get"] == f"{url}/panels/0"
    assert panel.one("a").attrs["href"] == f"/specimen/labels?piece_id={record.id}"
    assert counted.naming("FROM specimen_label") == []


def test_fetched_panel_has_the_first_rows_and_the_count(
    actor: Actor, sign_in: SignIn, url: str
) -> None:
    panel = page_of(sign_in(actor).get(f"{url}/panels/0"))

    assert len(panel.one("ul", "t-card-rows").all("li")) == 3
    assert panel.one("span", "t-count").text == "5"


def test_panel_that_a_page_does_not_have_is_not_found(
    actor: Actor, sign_in: SignIn, url: str
) -> None:
    assert sign_in(actor).get(f"{url}/panels/7").status_code == 404


def test_panel_of_a_record_out_of_sight_is_not_found(
    tenant: Company, other_tenant: Company, sign_in: SignIn, url: str
) -> None:
    for outsider in (tenant.member("seller"), other_tenant.member("admin")):
        assert sign_in(outsider).get(f"{url}/panels/0").status_code == 404


def test_panel_of_an_entity_out_of_sight_is_neither_offered_nor_filled(
    tenant: Company, sign_in: SignIn, url: str
) -> None:
    person = sign_in(
        tenant.member_with({"specimen.piece": {"view": "all"}, "specimen.label": {"view": "none"}})
    )

    awaited = page_of(person.get(url)).one("section", "t-card-awaited")
    fetched = person.get(f"{url}/panels/0")

    assert "hx-get" not in awaited.attrs
    assert "rótulo" not in fetched.text
