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


def test_fetched_panel_has_the_first_rows_the_count_and_a_button_for_the_rest(
    actor: Actor, sign_in: SignIn, url: str
) -> None:
    panel = page_of(sign_in(actor).get(f"{url}/panels/0"))
    more = panel.one("details", "t-card-more")

    assert [len(rows.all("li")) for rows in panel.all("ul", "t-card-rows")] == [2, 3]
    assert [len(rows.all("li")) for rows in more.all("ul", "t-card-rows")] == [3]
    assert "Ver 3 más" in more.one("summary").text
    assert panel.one("span", "t-count").text == "5"


@pytest.fixture
def crew(tenant: Company) -> tuple[str, dict[str, Record]]:
    """Give the panel of a client's contacts, and two of them by name."""
    with tenant.unit() as unit:
        client = unit.records.create("clients.client", {"name": "Lirio"})
        people = {
            name: unit.records.create("clients.contact", {"name": name, **values})
            for name, values in {
                "Nidia": {"position": "Tesorera", "mobile": "310 555 0147", "phone": "601 555 0100",
                          "email": "nidia@lirio.example"},
                "Germán": {"phone": "601 555 0199"},
            }.items()
        }  # fmt: skip
        for person in people.values():
            unit.records.create(
                "clients.contact_role",
                {"client_id": str(client.id), "contact_id": str(person.id), "role": "buys"},
            )
    return f"/clients/clients/{client.id}/panels/0", people


def _acts(client: Browser, url: str) -> dict[str, list[str]]:
    """Give the addresses of each row of a panel by what names it."""
    rows = page_of(client.get(url)).one("ul", "t-card-rows").all("li")
    return {row.one("a", "t-clip").text: [a.attrs["href"] for a in row.all("a", "btn")]
            for row in rows}  # fmt: skip


def test_panel_calls_and_writes_to_those_whom_its_rows_name(
    client: Browser, crew: tuple[str, dict[str, Record]]
) -> None:
    url, _people = crew

    panel = page_of(client.get(url))

    assert _acts(client, url) == {
        "Nidia": ["tel:3105550147", "mailto:nidia@lirio.example"], "Germán": ["tel:6015550199"],
    }  # fmt: skip
    assert "Tesorera" in panel.one("ul", "t-card-rows").text
    assert "Llamar a Nidia: +57 310 555 0147" in {a.attrs.get("aria-label") for a in panel.all("a")}


def test_panel_tells_of_others_only_what_one_may_see(
    tenant: Company, sign_in: SignIn, crew: tuple[str, dict[str, Record]]
) -> None:
    url, people = crew
    every = {"*": {"view": "all"}}
    no_mail = sign_in(
        tenant.member_with(every, fields={"clients.contact": {"email": "hidden",
                                                              "mobile": "hidden"}})
    )  # fmt: skip
    nobody = sign_in(tenant.member_with({**every, "clients.contact": {"view": "none"}}))
    with tenant.unit() as unit:
        unit.records.archive("clients.contact", people["Germán"].id)

    assert _acts(no_mail, url) == {"Nidia": ["tel:6015550100"], "Germán": []}
    assert _acts(nobody, url) == {"—": []}
    assert "Tesorera" not in nobody.get(url).text


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
