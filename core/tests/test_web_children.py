"""Rows of children in a form: saved with their record or not at all, each by its own rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from trato.access.roles import ACTIONS
from trato.host import Host
from trato.plugin import Children, Section, When
from trato.records.query import Record
from trato.screens.declared import FormScreen
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.testing.specimen import Label, Piece
from trato.testing.statements import count_statements

SignIn = Callable[..., Browser]
PIECE, LABEL = "specimen.piece", "specimen.label"
NEW = "/specimen/pieces/new"
ROWS = "specimen.label.piece_id"
ALL = dict.fromkeys(ACTIONS, "all")


@pytest.fixture
def host(specimen_host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    form = FormScreen(
        Piece,
        sections=[Section(title="Piece", fields=[Piece.name, Piece.code]),
                  Section(title="Worth", fields=[Piece.price], tab="Treasure")],
        children=[Children(entity=Label, by=Label.piece_id, tab="Labels",
                           columns=[Label.number, Label.wording])],
        when=[When({Piece.is_rare: True}, show=[Piece.place], require=[Piece.place]),
              When({Piece.grade: ["good", "fair"]}, show=[Piece.essay])],
    )  # fmt: skip
    monkeypatch.setitem(specimen_host.registry.screens, ("form", PIECE), form)
    return specimen_host


def row(key: object, *, version: int | None = None, **typed: str) -> dict[str, str]:
    """Name the cells of a row as the form does."""
    made = {f"{ROWS}__{key}__{path}": text for path, text in typed.items()}
    return made if version is None else made | {f"{ROWS}__{key}__:version": str(version)}


@pytest.fixture
def piece(tenant: Company) -> Record:
    with tenant.unit() as unit:
        made = unit.records.create(PIECE, {"name": "Cóndor"})
        for number, wording in ((1, "Alas"), (2, "Pico")):
            values = {"piece_id": str(made.id), "number": number, "wording": wording}
            unit.records.create(LABEL, values)
        return made


def labels(tenant: Company, piece_id: UUID) -> dict[int, tuple[UUID, int, str]]:
    """Give the living labels of a piece by number: id, version, wording."""
    with tenant.unit(read=True) as unit:
        rows = unit.records.query(LABEL, columns=("number", "wording", "piece_id")).rows
    return {r[2]: (r[0], r[1], r[3]) for r in rows if r[4] == piece_id}


def edit(client: Browser, piece: Record, **typed: Any) -> tuple[int, Page]:
    url = f"/specimen/pieces/{piece.id}/edit"
    answer = client.post(url, data={**page_of(client.get(url)).form(url), **typed})
    return answer.status_code, page_of(answer)


def test_rows_are_made_with_their_record(client: Browser, tenant: Company) -> None:
    answer = client.post(
        NEW, data={"name": "Quetzal", **row("n1", number="1", wording="Cola"),
                   **row("n2", number="2", wording="Pecho")},
    )  # fmt: skip

    made = UUID(answer.headers["Location"].rpartition("/")[2])
    assert answer.status_code == 302
    assert {n: text for n, (_id, _v, text) in labels(tenant, made).items()} == {
        1: "Cola", 2: "Pecho"
    }  # fmt: skip


def test_one_refused_row_takes_all_back_and_is_told_at_its_cell(
    client: Browser, tenant: Company
) -> None:
    answer = client.post(
        NEW, data={"name": "Quetzal", **row("n1", number="1", wording="Cola"),
                   **row("n2", number="2", wording="")},
    )  # fmt: skip
    page = page_of(answer)

    wrong = page.one("input", name=f"{ROWS}__n2__wording")
    assert answer.status_code == 422
    assert wrong.attrs["aria-invalid"] == "true"
    assert page.one("input", name=f"{ROWS}__n1__wording").attrs["value"] == "Cola"
    with tenant.unit(read=True) as unit:
        assert unit.records.query(PIECE, columns=("name",)).rows == []


def test_wrong_record_and_wrong_rows_are_told_at_once(client: Browser) -> None:
    page = page_of(client.post(NEW, data={"name": "", **row("n1", number="uno", wording="")}))

    wrong = {e.attrs["name"] for e in page.all("input") if e.attrs.get("aria-invalid") == "true"}
    assert wrong == {"name", f"{ROWS}__n1__number", f"{ROWS}__n1__wording"}


def test_rows_are_changed_added_and_removed_in_one_go(
    client: Browser, tenant: Company, piece: Record
) -> None:
    before = labels(tenant, piece.id)

    # Number 2 is free for a new row, because the one that held it goes first.
    status, _page = edit(
        client, piece, name="Cóndor andino", **row(before[1][0], wording="Alas anchas"),
        **row(before[2][0], **{":remove": "1"}), **row("n1", number="2", wording="Garras"),
    )  # fmt: skip

    after = labels(tenant, piece.id)
    assert status == 302
    assert {n: text for n, (_id, _v, text) in after.items()} == {1: "Alas anchas", 2: "Garras"}
    assert after[1][:2] == (before[1][0], 2)
    with tenant.unit(read=True) as unit:
        assert unit.records.get(LABEL, before[2][0], archived=True).values["wording"] == "Pico"


def test_form_as_it_is_changes_no_row_and_an_empty_row_is_none(
    client: Browser, tenant: Company, piece: Record
) -> None:
    before = labels(tenant, piece.id)

    status, _page = edit(client, piece, **row("n1", number="", wording=" "))

    assert status == 302
    assert labels(tenant, piece.id) == before


def test_what_others_changed_in_a_row_is_kept_beside_ones_own(
    client: Browser, tenant: Company, piece: Record
) -> None:
    first = labels(tenant, piece.id)[1][0]
    url = f"/specimen/pieces/{piece.id}/edit"
    form = page_of(client.get(url)).form(url)
    with tenant.unit() as unit:
        unit.records.update(LABEL, first, {"number": 7})

    answer = client.post(url, data={**form, **row(first, wording="Plumas")})

    assert answer.status_code == 302
    assert labels(tenant, piece.id)[7][2] == "Plumas"


def test_cell_that_both_changed_is_told_and_the_second_save_decides(
    client: Browser, tenant: Company, piece: Record
) -> None:
    first = labels(tenant, piece.id)[1][0]
    url = f"/specimen/pieces/{piece.id}/edit"
    form = page_of(client.get(url)).form(url)
    with tenant.unit() as unit:
        unit.records.update(LABEL, first, {"wording": "De otra persona"})

    refused = client.post(url, data={**form, **row(first, wording="Mía")})
    stood = labels(tenant, piece.id)[1][2]
    again = page_of(refused)
    saved = client.post(url, data=again.form(url))

    assert refused.status_code == 422
    assert "De otra persona" in again.text
    assert stood == "De otra persona"
    assert saved.status_code == 302
    assert labels(tenant, piece.id)[1][2] == "Mía"


def test_row_that_others_archived_is_not_lost(
    client: Browser, tenant: Company, piece: Record
) -> None:
    first = labels(tenant, piece.id)[1][0]
    url = f"/specimen/pieces/{piece.id}/edit"
    form = page_of(client.get(url)).form(url)
    with tenant.unit() as unit:
        unit.records.archive(LABEL, first)

    refused = client.post(url, data={**form, **row(first, wording="Sigue aquí")})
    saved = client.post(url, data=page_of(refused).form(url))

    assert refused.status_code == 422
    assert saved.status_code == 302
    assert labels(tenant, piece.id)[1][2] == "Sigue aquí"


def test_row_of_another_record_is_out_of_reach(
    client: Browser, tenant: Company, piece: Record
) -> None:
    with tenant.unit() as unit:
        other = unit.records.create(PIECE, {"name": "Otra"})
        values = {"piece_id": str(other.id), "number": 1, "wording": "Ajena"}
        foreign = unit.records.create(LABEL, values)

    status, _page = edit(
        client, piece, **row(foreign.id, version=1, number="1", wording="Robada", **{":remove": ""})
    )

    assert status == 422
    assert labels(tenant, other.id)[1][2] == "Ajena"


@pytest.mark.parametrize(
    ("rights", "cells", "adds", "removes"),
    [
        (ALL, "written", True, True),
        ({"view": "all"}, "read", False, False),
        ({"view": "all", "edit": "all"}, "written", False, False),
        ({}, "none", False, False),
    ],
)
def test_rows_follow_the_rights_on_their_own_entity(
    sign_in: SignIn, tenant: Company, piece: Record, rights: dict[str, Any], cells: str,
    adds: bool, removes: bool,
) -> None:  # fmt: skip
    member = tenant.member_with({PIECE: ALL, LABEL: rights})
    client = sign_in(member)
    first = labels(tenant, piece.id)[1][0]
    url = f"/specimen/pieces/{piece.id}/edit"

    page = page_of(client.get(url))
    shown = page.all("input", name=f"{ROWS}__{first}__wording")
    client.post(url, data={**page.form(url), **row(first, version=1, number="1", wording="Nueva"),
                           **row("n1", number="9", wording="Más")})  # fmt: skip

    drawn = "none" if not shown else "read" if "readonly" in shown[0].attrs else "written"
    after = labels(tenant, piece.id)
    assert drawn == cells
    assert bool(page.all("template")) == adds
    assert bool(page.all("input", name=f"{ROWS}__{first}__:remove")) == removes
    assert (after[1][2] == "Nueva") == (cells == "written")
    assert (9 in after) == adds


def test_statements_do_not_grow_with_the_rows(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        few = unit.records.create(PIECE, {"name": "Pocas"})
        many = unit.records.create(PIECE, {"name": "Muchas"})
        for made, count in ((few, 2), (many, 20)):
            unit.records.bulk(LABEL, [
                {"piece_id": str(made.id), "number": n, "wording": f"Etiqueta {n}"}
                for n in range(count)
            ])  # fmt: skip
    client.get(f"/specimen/pieces/{few.id}/edit")
    counts = []
    for made in (few, many):
        with count_statements(tenant.host.engine) as seen:
            assert client.get(f"/specimen/pieces/{made.id}/edit").status_code == 200
        counts.append(len(seen))

    assert counts[0] == counts[1]


# --- tabs and conditions -------------------------------------------------------------------------


def test_sections_and_rows_stand_under_their_tabs(client: Browser) -> None:
    page = page_of(client.get(NEW))

    tabs = [link.text for link in page.one("nav", "t-tabs").all("a")]
    money = page.one("div", id="tab-treasure")
    assert tabs == ["General", "Treasure", "Labels"]
    assert [e.attrs["name"] for e in money.all("input")] == ["price"]
    assert "is-active" not in money.attrs["class"]


def test_tab_with_the_first_error_is_open(client: Browser) -> None:
    page = page_of(client.post(NEW, data={"name": "Cóndor", "price": "mucho"}))

    assert "is-active" in page.one("div", id="tab-treasure").attrs["class"]
    assert page.one("nav", "t-tabs").all("a")[1].text.endswith("1")


def test_hidden_field_is_not_saved_and_a_demanded_one_is(client: Browser, tenant: Company) -> None:
    hidden = client.post(NEW, data={"name": "Uno", "place": "Cali", "grade": "poor",
                                    "essay": "No aplica"})  # fmt: skip
    lacking = client.post(NEW, data={"name": "Dos", "is_rare": "true", "place": ""})
    given = client.post(NEW, data={"name": "Tres", "is_rare": "true", "place": "Cali",
                                   "grade": "good", "essay": "Sí"})  # fmt: skip

    assert lacking.status_code == 422
    assert page_of(lacking).one("input", name="place").attrs["aria-invalid"] == "true"
    with tenant.unit(read=True) as unit:
        found = {r[2]: r[3:] for r in
                 unit.records.query(PIECE, columns=("name", "place", "essay")).rows}  # fmt: skip
    assert (hidden.status_code, given.status_code) == (302, 302)
    assert found == {"Uno": (None, None), "Tres": ("Cali", "Sí")}


def test_hidden_field_keeps_what_was_stored(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        made = unit.records.create(PIECE, {"name": "Uno", "is_rare": True, "place": "Cali"})

    status, _page = edit(client, made, is_rare="false", place="Pasto")

    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, made.id).values["place"] == "Cali"
    assert status == 302


# --- drafts and the short form -------------------------------------------------------------------


def test_draft_keeps_the_rows(client: Browser, tenant: Company) -> None:
    client.post(f"{NEW}/draft", data={"name": "A medias", **row("n1", number="4", wording="Cola")})

    page = page_of(client.get(f"{NEW}?draft=1"))

    assert page.one("input", name=f"{ROWS}__n1__wording").attrs["value"] == "Cola"


HX = {"HX-Request": "true"}


def test_short_form_asks_for_what_makes_a_record_and_answers_it(
    client: Browser, tenant: Company
) -> None:
    page = page_of(client.get("/specimen/pieces/short?q=Tucán", headers=HX))
    names = [e.attrs["name"] for e in page.all("input") if e.attrs.get("type") == "text"]
    made = client.post("/specimen/pieces/short", data={"name": "Tucán", "code": "T-1"})

    assert names == ["name", "code"]
    assert page.one("input", name="name").attrs["value"] == "Tucán"
    assert made.status_code == 201
    assert made.json["label"] == "Tucán"
    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, UUID(made.json["id"])).values["code"] == "T-1"


def test_short_form_shows_what_is_there_already_first(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        there = unit.records.create(PIECE, {"name": "Tucán"})

    warned = client.post("/specimen/pieces/short", data={"name": "tucan"})
    anyway = client.post("/specimen/pieces/short", data={"name": "tucan", "anyway": "1"})

    assert warned.status_code == 422
    assert page_of(warned).one("button", data_use=str(there.id)).attrs["data-label"] == "Tucán"
    assert anyway.status_code == 201


def test_short_form_tells_of_what_one_may_not_see(sign_in: SignIn, tenant: Company) -> None:
    rights = {"clients.client": {"view": "own", "create": "all"}}
    with tenant.unit(tenant.member("manager", name="Luz Dary Mosquera")) as unit:
        unit.records.create("clients.client", {"name": "Cóndor", "identification": "909214530"})

    answer = sign_in(tenant.member_with(rights)).post(
        "/clients/clients/short",
        data={"kind": "company", "name": "Otra", "identification": "909.214.530"},
    )

    text = page_of(answer).text
    assert answer.status_code == 422
    assert "usted no puede verlo" in text
    assert "Luz Dary Mosquera" in text
    assert "Cóndor" not in text


def test_creating_is_offered_only_where_one_may(sign_in: SignIn, tenant: Company) -> None:
    shelf = {"specimen.shelf": {"view": "all"}}
    reader, maker = (
        sign_in(tenant.member_with({PIECE: ALL, **shelf})),
        sign_in(tenant.member_with({PIECE: ALL, "specimen.shelf": ALL})),
    )
    url = "/specimen/pieces/options/shelf_id?new=&q=Nuevo"

    offers = [bool(page_of(c.get(url)).all("li", "t-option-new")) for c in (reader, maker)]
    filters = page_of(maker.get("/specimen/pieces/options/shelf_id?q=Nuevo"))
    refused = reader.post("/specimen/shelves/short", data={"name": "Nuevo"})

    assert offers == [False, True]
    assert filters.all("li", "t-option-new") == []
    assert refused.status_code == 403


# --- without script ------------------------------------------------------------------------------


def another(client: Browser, url: str, **typed: Any) -> Page:
    """Press the button that asks for one more row; the form says what else goes along."""
    page = page_of(client.get(url))
    [button] = page.one("section", "t-kids").all("button", name="another-row")
    sent = {**page.form(url), **typed, "another-row": button.attrs["value"]}
    return page_of(client.post(url, data=sent))


def test_button_gives_one_more_row_and_keeps_what_was_typed(
    client: Browser, tenant: Company
) -> None:
    typed = {"name": "Quetzal", **row("n1", number="1", wording="Cola")}

    once = another(client, NEW, **typed)
    twice = page_of(client.post(NEW, data={**once.form(NEW), "another-row": ROWS}))
    answer = client.post(NEW, data={**twice.form(NEW), **row("n2", number="2", wording="Pico")})

    assert once.form(NEW)["name"] == ["Quetzal"]
    assert once.form(NEW)[f"{ROWS}__n1__wording"] == ["Cola"]
    assert once.form(NEW)[f"{ROWS}__n2__wording"] == [""]
    assert "autofocus" in once.one("input", name=f"{ROWS}__n2__number").attrs
    assert f"{ROWS}__n3__wording" in twice.form(NEW)
    # The third row stayed empty and is no row.
    made = labels(tenant, UUID(answer.headers["Location"].rpartition("/")[2]))
    assert [made[number][2] for number in sorted(made)] == ["Cola", "Pico"]


def test_one_more_row_writes_nothing_and_needs_the_right_to_edit(
    client: Browser, tenant: Company, sign_in: SignIn, piece: Record
) -> None:
    url = f"/specimen/pieces/{piece.id}/edit"
    reader = sign_in(tenant.member_with({PIECE: {"view": "all"}, LABEL: ALL}))
    clerk = sign_in(tenant.member_with({PIECE: ALL, LABEL: {"view": "all", "edit": "all"}}))

    page = another(client, url, name="Otro", **row("n1", number="7"))
    refused = reader.post(url, data={"version": "1", "another-row": ROWS})
    without = page_of(clerk.post(url, data={"version": "1", "another-row": ROWS}))

    assert page.form(url)[f"{ROWS}__n1__number"] == ["7"]
    assert page.form(url)["version"] == [str(piece.version)]
    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, piece.id)["name"] == "Cóndor"
    assert sorted(labels(tenant, piece.id)) == [1, 2]
    assert refused.status_code == 403
    assert not [name for name in without.form(url) if "__n1__" in name]
