"""One field of a row, edited in the list: who may, what is refused, and what others saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

LIST = "/specimen/pieces"
PIECE = "specimen.piece"
SignIn = Callable[..., Browser]
OWN = {PIECE: {"view": "all", "edit": "own"}}
# What reaches the database is what forms and actions on many rows do there on both kinds.
pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def piece(tenant: Company) -> UUID:
    with tenant.unit() as unit:
        values = {"name": "Cobre", "code": "900123", "place": "Cali", "price": "1500.50"}
        return unit.records.create(PIECE, values).id


def read(company: Company, record_id: UUID, path: str) -> Any:
    with company.unit(read=True) as unit:
        return unit.records.get(PIECE, record_id)[path]


def change(company: Company, record_id: UUID, actor: Actor | None = None, **values: Any) -> None:
    with company.unit(actor) as unit:
        unit.records.update(PIECE, record_id, values)


def cell(piece: UUID, path: str, query: str = "") -> str:
    return f"{LIST}/{piece}/cell/{path}{query}"


def get(client: Browser, url: str) -> TestResponse:
    return client.get(url, headers={"HX-Request": "true"})


def form_of(client: Browser, piece: UUID, path: str) -> Page:
    answer = get(client, cell(piece, path))
    assert answer.status_code == 200, answer.text
    return page_of(answer)


def send(
    client: Browser, piece: UUID, path: str, value: str | list[str], *, version: str = "",
    query: str = "",
) -> TestResponse:  # fmt: skip
    """Open the form of a cell and send it."""
    version = version or form_of(client, piece, path).one("input", name="version").attrs["value"]
    return client.post(cell(piece, path, query), data={"version": version, path: value},
                       headers={"HX-Request": "true"})  # fmt: skip


def told(answer: TestResponse) -> dict[str, str]:
    words: dict[str, str] = json.loads(answer.headers["HX-Trigger"])["trato:toast"]
    return words


# --- saving --------------------------------------------------------------------------------------


def test_each_kind_is_edited_as_its_form_does(
    client: Browser, tenant: Company, piece: UUID
) -> None:
    typed: dict[str, tuple[Any, str]] = {
        "name": ("Bronce", "Bronce"),
        "count": ("1.200", "1200"),
        "weight": ("2,5", "2.500000"),
        "price": ("1.234.567,89", "1234567.8900"),
        "found": ("2026-11-22", "2026-11-22"),
        "seen": ("2026-11-22T15:30", "2026-11-22 20:30:00+00:00"),
        "is_rare": (["false", "true"], "True"),
        "grade": ("good", "good"),
        "marks": (["", "good", "poor"], "['good', 'poor']"),
        "tags": ("uno, dos", "['uno', 'dos']"),
        "place": ("", "None"),
        "annex.origin": ("Nariño", "Nariño"),
    }

    for path, (value, _stored) in typed.items():
        assert send(client, piece, path, value).status_code == 200

    assert {path: str(read(tenant, piece, path)) for path in typed} == {
        path: stored for path, (_value, stored) in typed.items()
    }


def test_reference_is_typed_by_name(client: Browser, tenant: Company, piece: UUID) -> None:
    with tenant.unit() as unit:
        shelf = unit.records.create("specimen.shelf", {"name": "Alto"}).id

    answer = send(client, piece, "shelf_id", "alto")

    assert read(tenant, piece, "shelf_id") == shelf
    assert page_of(answer).one("a", href=f"/specimen/shelves/{shelf}").text == "Alto"


def test_answer_is_the_row_with_the_columns_of_the_person(client: Browser, piece: UUID) -> None:
    client.post(f"{LIST}/columns", data={"column": ["place", "price"]})

    row = page_of(send(client, piece, "place", "Buga")).one("tr", "t-row")

    assert row.one("a", href=f"{LIST}/{piece}").text == "Cobre"
    assert [td.text for td in row.all("td")] == ["Buga", "$ 1.500,50"]


def test_row_is_given_as_it_is_now(client: Browser, tenant: Company, piece: UUID) -> None:
    change(tenant, piece, code="777")

    asked = {"HX-Request": "true", "HX-Target": "t-row"}
    answer = client.get(cell(piece, "place"), headers=asked)

    assert page_of(answer).one("tr", "t-row").all("td")[0].text == "777"


def test_undo_of_a_cell_gives_back_what_was_there(
    client: Browser, tenant: Company, piece: UUID
) -> None:
    words = told(send(client, piece, "price", "9", query="?q=cob"))

    answer = client.post(words["undo"])

    assert words["text"] == "Guardado: Price."
    assert answer.location == f"{LIST}?q=cob"
    assert str(read(tenant, piece, "price")) == "1500.5000"


def test_saved_cell_stands_in_the_history_under_its_author(
    client: Browser, tenant: Company, piece: UUID, actor: Actor
) -> None:
    send(client, piece, "place", "Buga")

    with tenant.unit(read=True) as unit:
        entry = unit.records.history(PIECE, piece)[0]

    assert (entry.action, entry.member_id) == ("update", actor.member_id)
    assert (entry.before, entry.after) == ({"place": "Cali"}, {"place": "Buga"})


def test_cell_that_was_not_changed_saves_nothing(client: Browser, piece: UUID) -> None:
    answer = send(client, piece, "price", "1.500,5")

    assert answer.status_code == 200
    assert "HX-Trigger" not in answer.headers


def test_only_the_field_of_the_cell_is_saved(client: Browser, tenant: Company, piece: UUID) -> None:
    version = form_of(client, piece, "place").one("input", name="version").attrs["value"]

    client.post(cell(piece, "place"), data={"version": version, "place": "Buga", "name": "Otro"})

    assert read(tenant, piece, "place") == "Buga"
    assert read(tenant, piece, "name") == "Cobre"


# --- refusals ------------------------------------------------------------------------------------


def test_refused_value_comes_back_with_its_reason(
    client: Browser, tenant: Company, piece: UUID
) -> None:
    answer = send(client, piece, "price", "mucho")
    page = page_of(answer)

    assert answer.status_code == 422
    assert page.one("input", name="price").attrs["value"] == "mucho"
    assert "«mucho» no es un número" in page.one("div", "t-error").text
    assert str(read(tenant, piece, "price")) == "1500.5000"


def test_value_of_another_record_is_refused_at_the_cell(
    client: Browser, tenant: Company, piece: UUID
) -> None:
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "Otro", "code": "777"})

    answer = send(client, piece, "code", "777")

    assert answer.status_code == 422
    assert page_of(answer).one("div", "t-error").text
    assert read(tenant, piece, "code") == "900123"


def test_other_fields_saved_meanwhile_stay(client: Browser, tenant: Company, piece: UUID) -> None:
    version = form_of(client, piece, "place").one("input", name="version").attrs["value"]
    change(tenant, piece, price="7")

    answer = send(client, piece, "place", "Buga", version=version)

    assert answer.status_code == 200
    assert read(tenant, piece, "place") == "Buga"
    assert str(read(tenant, piece, "price")) == "7.0000"


def test_same_field_saved_meanwhile_is_shown_and_the_person_chooses(
    client: Browser, tenant: Company, piece: UUID
) -> None:
    luz = tenant.member("manager", name="Luz Dary Mosquera")
    version = form_of(client, piece, "place").one("input", name="version").attrs["value"]
    change(tenant, piece, luz, place="Pasto")

    refused = send(client, piece, "place", "Buga", version=version)
    page = page_of(refused)
    kept = read(tenant, piece, "place")
    again = page.one("input", name="version").attrs["value"]
    answer = send(client, piece, "place", "Buga", version=again)

    assert refused.status_code == 409
    assert page.one("input", name="place").attrs["value"] == "Buga"
    assert "Luz Dary Mosquera cambió esto" in page.one("div", "t-cell-conflict").text
    assert [dd.text for dd in page.all("dd")] == ["Cali", "Pasto"]
    assert kept == "Pasto"
    assert answer.status_code == 200
    assert read(tenant, piece, "place") == "Buga"


def test_both_wrote_the_same_is_no_conflict(client: Browser, tenant: Company, piece: UUID) -> None:
    version = form_of(client, piece, "place").one("input", name="version").attrs["value"]
    change(tenant, piece, place="Buga")

    answer = send(client, piece, "place", "Buga", version=version)

    assert answer.status_code == 200
    assert "HX-Trigger" not in answer.headers
    assert read(tenant, piece, "place") == "Buga"


# --- rights --------------------------------------------------------------------------------------


def test_columns_say_which_cells_the_person_may_edit(
    client: Browser, sign_in: SignIn, tenant: Company, piece: UUID
) -> None:
    def edited(browser: Browser, query: str = "") -> list[str]:
        page = page_of(browser.get(f"{LIST}{query}"))
        return [th.attrs["data-edits"] for th in page.all("th") if "data-edits" in th.attrs]

    reader = sign_in(tenant.member_with({PIECE: {"view": "all"}}))
    partly = sign_in(tenant.member_with(OWN, fields={PIECE: {"code": "read"}}))

    assert edited(client) == ["name", "code", "grade", "shelf_id", "annex.origin"]
    assert edited(partly) == ["name", "grade", "shelf_id", "annex.origin"]
    assert edited(reader) == []
    assert edited(client, "?bin=1") == []


def test_record_of_others_is_refused_in_words(
    sign_in: SignIn, tenant: Company, piece: UUID
) -> None:
    seller = sign_in(tenant.member_with(OWN))

    opened = get(seller, cell(piece, "place"))
    saved = seller.post(cell(piece, "place"), data={"version": "1", "place": "Buga"})

    assert (opened.status_code, saved.status_code) == (403, 403)
    assert opened.mimetype == "text/plain"
    assert "<" not in opened.text
    assert read(tenant, piece, "place") == "Cali"


def test_field_that_may_only_be_read_has_no_form(
    sign_in: SignIn, tenant: Company, piece: UUID
) -> None:
    half = {PIECE: {"view": "all", "edit": "all"}}
    someone = sign_in(tenant.member_with(half, fields={PIECE: {"place": "read"}}))

    assert get(someone, cell(piece, "place")).status_code == 404
    answer = someone.post(cell(piece, "place"), data={"version": "1", "place": "Buga"})
    assert answer.status_code == 404
    assert read(tenant, piece, "place") == "Cali"


def test_record_of_another_company_or_in_the_bin_does_not_exist(
    client: Browser, sign_in: SignIn, other_actor: Actor, tenant: Company, piece: UUID
) -> None:
    stranger = get(sign_in(other_actor), cell(piece, "place"))
    with tenant.unit() as unit:
        unit.records.archive(PIECE, piece)

    assert stranger.status_code == 404
    assert get(client, cell(piece, "place")).status_code == 404
    assert get(client, cell(piece, "nothing")).status_code == 404


def test_record_given_away_leaves_the_list(sign_in: SignIn, tenant: Company, actor: Actor) -> None:
    mine = tenant.member_with({PIECE: {"view": "own", "edit": "own"}})
    with tenant.unit() as unit:
        values = {"name": "Cobre", "owner_id": str(mine.member_id)}
        piece = unit.records.create(PIECE, values).id

    answer = send(sign_in(mine), piece, "owner_id", str(actor.member_id))

    assert answer.status_code == 200
    assert answer.text == ""
    assert read(tenant, piece, "owner_id") == actor.member_id


def test_without_script_or_session_there_is_no_cell(
    app: Flask, client: Browser, piece: UUID
) -> None:
    assert client.get(cell(piece, "place")).location == f"{LIST}/{piece}/edit"
    assert app.test_client().get(cell(piece, "place")).status_code in (302, 401)
