"""Two people with the same form: the second one loses nothing and overwrites nothing unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

SignIn = Callable[..., Browser]
PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@dataclass
class Desk:
    """A person with the record's form open."""

    opened: Browser
    url: str
    form: dict[str, Any]

    def save(self, **typed: Any) -> tuple[int, Page]:
        answer = self.opened.post(f"{self.url}/edit", data={**self.form, **typed})
        page = page_of(answer)
        if answer.status_code == 409:
            self.form = page.form(f"{self.url}/edit")
        return answer.status_code, page


@pytest.fixture
def record(tenant: Company) -> Record:
    with tenant.unit() as unit:
        shelf = unit.records.create("specimen.shelf", {"name": "Estante viejo"})
        return unit.records.create(
            PIECE,
            {"name": "Cóndor", "place": "Cali", "grade": "fair", "price": "1000",
             "found": "2025-03-01", "shelf_id": str(shelf.id), "tags": ["uno"]},
        )  # fmt: skip


@pytest.fixture
def desks(sign_in: SignIn, tenant: Company, actor: Actor, record: Record) -> tuple[Desk, Desk]:
    """Give two people who opened the same form at the same time."""
    url = f"/specimen/pieces/{record.id}"
    people = (tenant.member("manager", name="Luz Dary Mosquera"), actor)
    browsers = [sign_in(person) for person in people]
    made = [Desk(b, url, page_of(b.get(f"{url}/edit")).form(f"{url}/edit")) for b in browsers]
    return made[0], made[1]


def compared(page: Page) -> dict[str, list[str]]:
    rows = page.one("section", "t-conflict").all("tr")[1:]
    return {row.one("th").text: [cell.text for cell in row.all("td")] for row in rows}


def values_of(tenant: Company, record: Record) -> dict[str, Any]:
    with tenant.unit(read=True) as unit:
        return dict(unit.records.get(PIECE, record.id).values)


def test_second_save_shows_who_saved_first_and_both_values(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    first.save(name="Cóndor de Luz", grade="good", price="2.000,50", found="2025-03-02")

    status, page = second.save(name="Cóndor mío", grade="poor", price="3.000", found="2025-03-03")

    assert status == 409
    heading = page.one("section", "t-conflict").one("h2").text
    assert heading.startswith("Luz Dary Mosquera guardó este registro antes que usted (")
    assert compared(page) == {
        "Nombre": ["Cóndor", "Cóndor de Luz", "Cóndor mío"],
        "Grade": ["Fair", "Good", "Poor"],
        "Price": ["$ 1.000", "$ 2.000,50", "$ 3.000"],
        "Found": ["1 mar 2025", "2 mar 2025", "3 mar 2025"],
    }


def test_what_was_typed_stands_in_the_form_and_can_be_saved(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    first, second = desks
    first.save(name="Cóndor de Luz")

    second.save(name="Cóndor mío", essay="Tres\r\nlíneas")
    kept = {key: second.form[key] for key in ("name", "essay")}
    status, _page = second.save()

    assert kept == {"name": ["Cóndor mío"], "essay": ["Tres\r\nlíneas"]}
    assert status == 302
    assert values_of(tenant, record)["name"] == "Cóndor mío"


def test_fields_that_only_the_other_changed_are_not_overwritten(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    first, second = desks
    with tenant.unit() as unit:
        shelf = unit.records.create("specimen.shelf", {"name": "Estante nuevo"})
    first.save(place="Bogotá", tags="uno, dos", shelf_id=str(shelf.id))

    status, _page = second.save(name="Cóndor mío")
    told = page_of(second.opened.get(second.url)).one("div", "t-toast").text

    assert status == 302
    assert "Luz Dary Mosquera" in told
    assert all(label in told for label in ("Etiquetas", "Place", "Shelf"))
    found = values_of(tenant, record)
    assert (found["name"], found["place"], found["tags"], found["shelf_id"]) == (
        "Cóndor mío", "Bogotá", ["uno", "dos"], shelf.id
    )  # fmt: skip


def test_same_change_by_both_is_no_difference(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    first.save(name="Cóndor andino", place="Bogotá")

    _status, page = second.save(name="Cóndor andino", place="Pasto")

    assert compared(page) == {"Place": ["Cali", "Bogotá", "Pasto"]}


def test_all_that_happened_since_counts_not_the_last_save_only(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    first, second = desks
    first.save(name="Primero")
    with tenant.unit() as unit:
        unit.records.update(PIECE, record.id, {"name": "Segundo"})
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    _status, page = second.save(name="Cóndor mío")

    assert compared(page) == {"Nombre": ["Cóndor", "Segundo", "Cóndor mío"]}
    assert "Place" in page.one("section", "t-conflict").text


def test_value_of_the_other_stays_where_one_chooses_it(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    first, second = desks
    first.save(name="Cóndor de Luz", place="Pasto")
    second.save(name="Cóndor mío", place="Tunja")

    status, _page = second.save(**{"choose:name": "theirs", "choose:place": "mine"})

    found = values_of(tenant, record)
    assert status == 302
    assert (found["name"], found["place"]) == ("Cóndor de Luz", "Tunja")


def test_third_save_in_between_is_shown_again(desks: tuple[Desk, Desk], tenant: Company) -> None:
    first, second = desks
    first.save(name="Cóndor de Luz")
    second.save(name="Cóndor mío")
    first.form = page_of(first.opened.get(f"{first.url}/edit")).form(f"{first.url}/edit")
    first.save(name="Cóndor de Luz otra vez")

    status, page = second.save()

    assert status == 409
    assert compared(page)["Nombre"] == ["Cóndor de Luz", "Cóndor de Luz otra vez", "Cóndor mío"]


def test_value_that_cannot_be_read_is_told_before_the_conflict(desks: tuple[Desk, Desk]) -> None:
    first, second = desks
    first.save(name="Cóndor de Luz")

    status, page = second.save(name="Cóndor mío", price="mucho")

    assert status in (409, 422)
    assert page.form(f"{second.url}/edit")["price"] == ["mucho"]
    assert page.form(f"{second.url}/edit")["name"] == ["Cóndor mío"]


def test_change_by_the_system_is_somebody_s_too(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    _first, second = desks
    with tenant.unit() as unit:
        unit.records.update(PIECE, record.id, {"name": "Del sistema"})

    _status, page = second.save(name="Cóndor mío")

    assert page.one("section", "t-conflict").one("h2").text.startswith("Otra persona guardó")


def test_saving_what_was_archived_meanwhile_says_so(
    desks: tuple[Desk, Desk], tenant: Company, record: Record
) -> None:
    _first, second = desks
    with tenant.unit() as unit:
        unit.records.archive(PIECE, record.id)

    status, _page = second.save(name="Cóndor mío")

    assert status == 404
    assert values_after(tenant, record) == "Cóndor"


def values_after(tenant: Company, record: Record) -> str:
    with tenant.unit(read=True) as unit:
        return str(unit.records.get(PIECE, record.id, archived=True).values["name"])
