"""A record's page: what it shows, the recycle bin, and why somebody may do what he may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

SignIn = Callable[..., Browser]
LIST = "/specimen/pieces"
PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def make(tenant: Company) -> Callable[..., Record]:
    def made(entity: str = PIECE, **values: Any) -> Record:
        with tenant.unit() as unit:
            return unit.records.create(entity, values)

    return made


def facts(page: Page) -> dict[str, str]:
    """Give the data of a record's page by label."""
    data = page.one("section", id="t-data")
    return {pair.one("dt").text: pair.one("dd").text for pair in data.all("div") if pair.all("dt")
            and len(pair.all("dt")) == 1}  # fmt: skip


# --- what it shows -------------------------------------------------------------------------------


def test_record_shows_each_value_as_people_of_the_country_read_it(
    client: Browser, make: Callable[..., Record]
) -> None:
    shelf = make("specimen.shelf", name="Estante alto")
    record = make(
        name="Cóndor", price="1500000.5", weight="2.5", count=1200, found="2025-11-22",
        seen="2025-11-22T20:30:00Z", is_rare=True, grade="good", marks=["good", "fair"],
        tags=["frágil"], email="luz@condor.example", phone="601 555 0100",
        website="https://condor.example/", shelf_id=str(shelf.id),
        **{"annex.origin": "Andes"},
    )  # fmt: skip

    page = page_of(client.get(f"{LIST}/{record.id}"))
    shown = facts(page)

    assert page.title == "Cóndor"
    expected = {
        "Price": "$ 1.500.000,50", "Weight": "2,5", "Count": "1.200", "Found": "22 nov 2025",
        "Seen": "22 nov 2025, 15:30", "Rare": "Sí", "Grade": "Good", "Marks": "Good, Fair",
        "Etiquetas": "frágil", "Shelf": "Estante alto", "Origin": "Andes", "Plain text": "Sin dato",
    }  # fmt: skip
    assert {label: shown[label] for label in expected} == expected
    hrefs = {a.text: a.attrs["href"] for a in page.all("a")}
    assert hrefs["luz@condor.example"] == "mailto:luz@condor.example"
    assert hrefs["+57 601 555 0100"] == "tel:6015550100"
    assert hrefs["condor.example"] == "https://condor.example/"
    assert hrefs["Estante alto"] == f"/specimen/shelves/{shelf.id}"


def test_history_tells_who_changed_what_from_what(
    client: Browser, tenant: Company, make: Callable[..., Record], actor: Actor
) -> None:
    shelf = make("specimen.shelf", name="Estante alto")
    record = make(name="Cóndor", price="1000")
    changes = {"price": "2000", "shelf_id": str(shelf.id), "grade": "good"}
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, changes)
    with tenant.unit(actor) as unit:
        unit.records.archive(PIECE, record.id)

    lines = [li.text for li in page_of(client.get(f"{LIST}/{record.id}"))
             .one("ol", "t-timeline").all("li") if li.all("time")]  # fmt: skip

    name = actor.member.name
    assert lines[0].startswith(f"{name} lo archivó")
    assert lines[1].startswith(f"{name} modificó")
    for change in ("Price $ 1.000 → $ 2.000", "Grade Fair → Good", "Shelf Estante alto"):
        assert change in lines[1]
    assert lines[2].startswith("Trato lo creó")


def test_panel_shows_what_belongs_to_the_record_and_adds_to_it(
    client: Browser, make: Callable[..., Record]
) -> None:
    record = make(name="Cóndor")
    for number in range(8):
        make("specimen.label", piece_id=str(record.id), number=number, wording=f"Rótulo {number}")

    page = page_of(client.get(f"{LIST}/{record.id}/panels/0"))
    panel = page.one("section", id="t-panel-0")
    links = {a.attrs["href"] for a in panel.all("a")}
    form = page_of(client.get(f"/specimen/labels/new?piece_id={record.id}"))

    assert panel.one("span", "t-count").text == "8"
    assert f"/specimen/labels?piece_id={record.id}" in links
    assert f"/specimen/labels/new?piece_id={record.id}" in links
    assert form.one("input", id="f-piece_id").attrs["data-id"] == str(record.id)
    assert form.one("input", id="f-piece_id").attrs["value"] == "Cóndor"


# --- the recycle bin -----------------------------------------------------------------------------


def test_archived_record_is_marked_and_comes_back(
    client: Browser, make: Callable[..., Record]
) -> None:
    record = make(name="Cóndor")
    url = f"{LIST}/{record.id}"

    gone = page_of(client.post(f"{url}/archive", follow_redirects=True))
    edit = client.get(f"{url}/edit").status_code
    back = page_of(client.post(f"{url}/restore", follow_redirects=True))

    assert "papelera" in gone.one("div", "t-band").text
    assert f"{url}/edit" not in {a.attrs.get("href") for a in gone.all("a")}
    assert edit == 404
    assert back.all("div", "t-band") == []
    assert f"{url}/edit" in {a.attrs.get("href") for a in back.all("a")}


def test_restoring_what_another_record_took_says_what_is_in_the_way(
    client: Browser, tenant: Company, make: Callable[..., Record]
) -> None:
    record = make(name="Cóndor", code="C-1")
    url = f"{LIST}/{record.id}"
    client.post(f"{url}/archive")
    make(name="Sucesor", code="c1")

    answer = client.post(f"{url}/restore")
    page = page_of(answer)

    assert answer.status_code == 409
    assert page.one("div", id="t-toasts").text.startswith("No se restauró.")
    assert "C-1" in page.one("div", id="t-toasts").text
    assert page.one("form", action=f"{url}/restore") is not None
    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, record.id, archived=True).is_archived


@pytest.mark.parametrize("action", ["archive", "restore"])
def test_pressing_twice_does_no_harm(
    client: Browser, tenant: Company, make: Callable[..., Record], action: str
) -> None:
    record = make(name="Cóndor")
    url = f"{LIST}/{record.id}"
    client.post(f"{url}/archive")

    answers = [client.post(f"{url}/{action}").status_code for _ in range(2)]

    assert all(status in (302, 404) for status in answers)
    with tenant.unit(read=True) as unit:
        found = unit.records.get(PIECE, record.id, archived=None)
    assert found.is_archived is (action == "archive")


# --- why -----------------------------------------------------------------------------------------


def answers_of(page: Page) -> dict[str, tuple[str, str]]:
    rows = [li for li in page.one("ul", "t-card-rows").all("li") if li.all("span", "t-badge")]
    return {row.one("b").text: (row.one("span", "t-badge").text, row.one("small").text)
            for row in rows}  # fmt: skip


@pytest.fixture
def sold(tenant: Company, make: Callable[..., Record]) -> tuple[Actor, Record]:
    """Give a seller, and a record of a colleague that the seller's team may see."""
    tenant.team("norte")
    team = str(next(iter(tenant.view.teams)))
    seller = tenant.member("seller", name="Vendedora", teams=["norte"])
    owner = tenant.member("seller", name="Colega", teams=["norte"])
    return seller, make(name="Cóndor", owner_id=str(owner.member_id), team_id=team)


def test_person_learns_why_they_may_or_may_not(sign_in: SignIn, sold: tuple[Actor, Record]) -> None:
    seller, record = sold

    page = page_of(sign_in(seller).get(f"{LIST}/{record.id}/why"))

    assert page.title == "Lo que usted puede hacer con Cóndor"
    assert "Roles: Ventas." in page.text
    answers = answers_of(page)
    assert answers["Verlo"][0] == "Sí"
    assert "Norte" in answers["Verlo"][1]
    assert answers["Modificarlo"][0] == answers["Archivarlo"][0] == "No"
    assert "Colega" in answers["Modificarlo"][1]


def test_administrator_learns_it_about_others(client: Browser, sold: tuple[Actor, Record]) -> None:
    _seller, record = sold
    url = f"{LIST}/{record.id}/why"

    own = page_of(client.get(url))
    chosen = {option.text: option.attrs["value"] for option in own.all("option")}
    about = page_of(client.get(f"{url}?member={chosen['Vendedora']}"))

    assert about.title == "Lo que Vendedora puede hacer con Cóndor"
    assert answers_of(about)["Modificarlo"][0] == "No"
    assert answers_of(own)["Modificarlo"][0] == "Sí"


def test_seller_cannot_ask_about_others(
    sign_in: SignIn, sold: tuple[Actor, Record], actor: Actor
) -> None:
    seller, record = sold
    opened = sign_in(seller)

    answer = opened.get(f"{LIST}/{record.id}/why?member={actor.member_id}")

    assert answer.status_code == 403
    assert actor.member.name not in answer.text


@pytest.mark.parametrize("member", ["x", "", "00000000-0000-0000-0000-000000000000"])
def test_asking_about_nobody_is_asking_about_oneself(
    client: Browser, make: Callable[..., Record], member: str
) -> None:
    record = make(name="Cóndor")

    page = page_of(client.get(f"{LIST}/{record.id}/why?member={member}"))

    assert page.title == "Lo que usted puede hacer con Cóndor"
