"""Many rows at once: who may, what is left alone, and what undo gives back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from trato.access.actor import Actor
from trato.host import Host
from trato.records import undoing
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import Statements

LIST = "/specimen/pieces"
BULK = f"{LIST}/bulk"
RUN = f"{BULK}/run"
PIECE = "specimen.piece"
SignIn = Callable[..., Browser]
Count = Callable[[], AbstractContextManager[Statements]]
OWN = {PIECE: {"view": "all", "edit": "own", "archive": "own"}}


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def make(company: Company, *names: str, **values: Any) -> list[UUID]:
    with company.unit() as unit:
        return [unit.records.create(PIECE, {"name": name, **values}).id for name in names]


def read(company: Company, record_id: UUID, path: str) -> Any:
    with company.unit(read=True) as unit:
        return unit.records.get(PIECE, record_id, archived=None)[path]


def is_archived(company: Company, record_id: UUID) -> bool:
    with company.unit(read=True) as unit:
        return unit.records.get(PIECE, record_id, archived=None).is_archived


def run(client: Browser, *ids: UUID, query: str = "", **data: str) -> tuple[str, str]:
    """Do an action; gives what the next page says, and the address that undoes it."""
    answer = client.post(f"{RUN}{query}", data={"id": [str(i) for i in ids], **data})
    assert answer.status_code == 302, answer.text
    return said(client, answer.location)


def said(client: Browser, url: str) -> tuple[str, str]:
    page = page_of(client.get(url))
    toast = page.one("div", "t-toast")
    return toast.text, "".join(form.attrs["action"] for form in toast.all("form"))


# --- asking --------------------------------------------------------------------------------------


def test_count_is_shown_before_anything_is_changed(client: Browser, tenant: Company) -> None:
    ids = make(tenant, "A", "B", place="Cali")

    page = page_of(client.post(BULK, data={"do": "archive", "id": [str(i) for i in ids]}))

    assert page.one("p", "t-bulk-count").text == "Registros de los que se trata: 2"
    assert page.form(RUN)["id"] == [str(i) for i in ids]
    assert not any(is_archived(tenant, i) for i in ids)


def test_all_means_what_the_filter_finds(client: Browser, tenant: Company) -> None:
    good = make(tenant, *(f"Bueno {n}" for n in range(90)), grade="good")
    poor = make(tenant, "Malo", grade="poor")

    page = page_of(client.post(f"{BULK}?grade=good", data={"do": "archive", "all": "1"}))
    run(client, query="?grade=good", do="archive", all="1")

    assert page.one("p", "t-bulk-count").text == "Registros de los que se trata: 90"
    assert is_archived(tenant, good[0])
    assert is_archived(tenant, good[-1])
    assert not is_archived(tenant, poor[0])


def test_too_many_are_refused_with_the_limit(
    client: Browser, tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make(tenant, "A", "B")
    monkeypatch.setattr(undoing, "MOST", 1)

    asked = client.post(BULK, data={"do": "archive", "all": "1"})
    done = client.post(RUN, data={"do": "archive", "id": [str(i) for i in ids]})

    assert 400 <= asked.status_code < 500
    assert 400 <= done.status_code < 500
    assert "hasta 1 registros" in asked.text
    assert not is_archived(tenant, ids[0])


# --- doing and undoing ---------------------------------------------------------------------------


def test_undo_gives_back_exactly_what_was_there(client: Browser, tenant: Company) -> None:
    first, second = make(tenant, "A", price="12.50")[0], make(tenant, "B")[0]

    text, undo = run(client, first, second, do="change", field="price", price="99")
    changed = [read(tenant, i, "price") for i in (first, second)]
    back, again = said(client, client.post(undo).location)

    assert text.startswith("Se cambiaron 2.")
    assert [str(value) for value in changed] == ["99.00", "99.00"] or changed == [99, 99]
    assert read(tenant, first, "price") == 12.5
    assert read(tenant, second, "price") is None
    assert back.startswith("Se deshicieron 2.")
    assert again == ""


def test_archive_is_undone(client: Browser, tenant: Company) -> None:
    ids = make(tenant, "A", "B")

    _text, undo = run(client, *ids, do="archive")
    gone = [is_archived(tenant, i) for i in ids]
    client.post(undo)

    assert gone == [True, True]
    assert [is_archived(tenant, i) for i in ids] == [False, False]


def test_tags_are_added_and_removed_beside_others(client: Browser, tenant: Company) -> None:
    (one,) = make(tenant, "A", tags=["oro"])

    _text, undo = run(client, one, do="tag", tag="plata")
    added = read(tenant, one, "tags")
    run(client, one, do="untag", tag="oro")

    assert added == ["oro", "plata"]
    assert read(tenant, one, "tags") == ["plata"]
    # The second action changed the record, so the first can no longer be taken back.
    assert said(client, client.post(undo).location)[0].startswith("Se deshicieron 0.")
    assert read(tenant, one, "tags") == ["plata"]


def test_records_are_assigned(client: Browser, tenant: Company, seller: Actor) -> None:
    ids = make(tenant, "A", "B")

    run(client, *ids, do="assign", owner_id=str(seller.member_id))

    assert {read(tenant, i, "owner_id") for i in ids} == {seller.member_id}


def test_undo_works_once(client: Browser, tenant: Company) -> None:
    ids = make(tenant, "A")
    _text, undo = run(client, *ids, do="archive")

    assert client.post(undo).status_code == 302
    assert client.post(undo).status_code == 409


def test_undo_is_over_after_ten_minutes(
    client: Browser, tenant: Company, clock: SettableClock
) -> None:
    ids = make(tenant, "A")
    _text, undo = run(client, *ids, do="archive")

    clock.advance(minutes=11)

    assert client.post(undo).status_code == 409
    assert is_archived(tenant, ids[0])


def test_undo_leaves_what_was_changed_meanwhile(client: Browser, tenant: Company) -> None:
    kept, changed = make(tenant, "A", "B", place="Cali")
    _text, undo = run(client, kept, changed, do="change", field="place", place="Pasto")
    with tenant.unit() as unit:
        unit.records.update(PIECE, changed, {"place": "Neiva"})

    text, _again = said(client, client.post(undo).location)

    assert read(tenant, kept, "place") == "Cali"
    assert read(tenant, changed, "place") == "Neiva"
    assert "Se deshicieron 1. 1 quedaron como estaban." in text


def test_undo_belongs_to_whoever_did_it(
    client: Browser, tenant: Company, sign_in: SignIn, other_actor: Actor
) -> None:
    ids = make(tenant, "A")
    _text, undo = run(client, *ids, do="archive")
    colleague = sign_in(tenant.member_with({"*": {"view": "all", "archive": "all"}}))

    assert colleague.post(undo).status_code == 404
    assert sign_in(other_actor).post(undo).status_code == 404
    assert is_archived(tenant, ids[0])


def test_each_record_has_an_entry_of_its_own(client: Browser, tenant: Company) -> None:
    ids = make(tenant, "A", "B")

    run(client, *ids, do="change", field="place", place="Pasto")

    with tenant.unit(read=True) as unit:
        for record_id in ids:
            assert unit.records.history(PIECE, record_id)[0].after["place"] == "Pasto"


# --- rights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["archive", "change"])
def test_records_of_others_are_left_and_counted(
    sign_in: SignIn, tenant: Company, action: str
) -> None:
    member = tenant.member_with(OWN)
    (mine,) = make(tenant, "Mío", owner_id=str(member.member_id), place="Cali")
    (theirs,) = make(tenant, "Ajeno", place="Cali")

    text, _undo = run(sign_in(member), mine, theirs, do=action, field="place", place="Pasto")

    assert "Se cambiaron 1. 1 quedaron como estaban." in text
    assert not is_archived(tenant, theirs)
    assert read(tenant, theirs, "place") == "Cali"
    assert is_archived(tenant, mine) or read(tenant, mine, "place") == "Pasto"


@pytest.mark.parametrize("action", ["archive", "change"])
def test_ids_of_another_tenant_are_nobody_s(
    client: Browser, tenant: Company, other_tenant: Company, action: str
) -> None:
    (foreign,) = make(other_tenant, "Ajeno", place="Cali")

    text, undo = run(client, foreign, do=action, field="place", place="Pasto")

    assert "Se cambiaron 0. 1 quedaron como estaban." in text
    assert undo == ""
    assert read(other_tenant, foreign, "place") == "Cali"
    assert not is_archived(other_tenant, foreign)
    with tenant.unit(read=True) as unit:
        assert unit.records.query(PIECE, count=True).total == 0


@pytest.mark.parametrize("action", ["archive", "change", "tag"])
def test_reader_is_refused_and_offered_nothing(
    sign_in: SignIn, tenant: Company, action: str
) -> None:
    ids = make(tenant, "A", place="Cali")
    reader = sign_in(tenant.member_with({"*": {"view": "all"}}))
    sent = {"do": action, "id": str(ids[0]), "field": "place", "place": "Pasto", "tag": "x"}

    page = page_of(reader.get(LIST))

    assert not page.all("form", id="t-bulk")
    assert not page.all("input", name="id")
    assert reader.post(BULK, data=sent).status_code == 403
    assert reader.post(RUN, data=sent).status_code == 403
    assert read(tenant, ids[0], "place") == "Cali"


def test_field_that_one_may_not_write_is_not_changed(sign_in: SignIn, tenant: Company) -> None:
    (one,) = make(tenant, "A", place="Cali")
    member = tenant.member_with(
        {"*": {"view": "all", "edit": "all"}}, fields={PIECE: {"place": "read"}}
    )
    opened = sign_in(member)

    page = page_of(opened.post(BULK, data={"do": "change", "id": str(one)}))
    answer = opened.post(
        RUN, data={"do": "change", "id": str(one), "field": "place", "place": "Pasto"}
    )

    offered = [option.attrs["value"] for option in page.all("option")]
    assert "place" not in offered
    assert "price" in offered
    assert answer.status_code == 404
    assert read(tenant, one, "place") == "Cali"


def test_nobody_signed_out_changes_anything(app: Flask, tenant: Company) -> None:
    ids = make(tenant, "A")

    app.test_client().post(RUN, data={"do": "archive", "id": str(ids[0])})

    assert not is_archived(tenant, ids[0])


def test_value_that_cannot_be_read_changes_nothing(client: Browser, tenant: Company) -> None:
    (one,) = make(tenant, "A", price="5")

    answer = client.post(
        RUN, data={"do": "change", "id": str(one), "field": "price", "price": "mucho"}
    )

    assert answer.status_code == 422
    assert page_of(answer).error_of("price")
    assert read(tenant, one, "price") == 5


def test_statements_do_not_grow_with_the_rows(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    few = make(tenant, *(f"P{n}" for n in range(10)))
    many = make(tenant, *(f"M{n}" for n in range(200)))
    run(client, few[0], do="change", field="place", place="Neiva")

    def cost(ids: list[UUID]) -> int:
        data = {"do": "change", "field": "place", "place": "Pasto", "id": [str(i) for i in ids]}
        with count_statements() as counted:
            client.post(RUN, data=data)
        return len(counted)

    assert cost(many) <= cost(few) + 2


# --- what was refused ----------------------------------------------------------------------------


def test_refused_records_are_told_by_name_with_the_reason_and_stay_chosen(
    sign_in: SignIn, tenant: Company
) -> None:
    seller = tenant.member_with(OWN)
    mine = make(tenant, "Mía", owner_id=str(seller.member_id))[0]
    other = make(tenant, "Ajena")[0]
    gone = make(tenant, "Ida")[0]
    with tenant.unit() as unit:
        unit.records.archive(PIECE, gone)
    client = sign_in(seller)
    data = {"do": "change", "field": "place", "place": "Cali",
            "id": [str(mine), str(other), str(gone)]}  # fmt: skip

    answer = client.post(f"{RUN}?q=x", data=data)
    page = page_of(client.get(answer.location))
    told = {item.one("input").attrs["value"]: item for item in page.one(css="t-refused").all("li")}

    assert read(tenant, mine, "place") == "Cali"
    assert sorted(told) == sorted([str(other), str(gone)])
    assert "Ajena" in told[str(other)].text
    assert told[str(other)].one("p").text
    assert told[str(gone)].one("p").text == "Ya no existe o está en la papelera."
    assert all("checked" in item.one("input").attrs for item in told.values())
    assert page.one("div", "t-toast").all("form")
    assert [a.attrs["href"] for a in page.all("a", "btn-primary")] == [f"{LIST}?q=x"]
    assert {b.attrs["value"] for b in page.all("button", name="do")} >= {"change", "archive"}


def test_refused_archiving_is_told_too_and_goes_into_a_file(
    sign_in: SignIn, tenant: Company
) -> None:
    seller = sign_in(tenant.member_with(OWN))
    other = make(tenant, "=SUM(1)")[0]

    location = seller.post(RUN, data={"do": "archive", "id": str(other)}).location
    answer = seller.get(f"{location}.csv")
    lines = answer.text.lstrip("\ufeff").splitlines()

    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert lines[1] == f"'=SUM(1),Usted no puede hacer esto con este registro.,{other}"


def test_what_was_refused_is_the_persons_own_for_ten_minutes(
    client: Browser, sign_in: SignIn, tenant: Company, clock: SettableClock
) -> None:
    seller = sign_in(tenant.member_with(OWN))
    other = make(tenant, "Ajena")[0]
    location = seller.post(RUN, data={"do": "archive", "id": str(other)}).location
    refused_id = location.rpartition("/")[2]

    assert client.get(location).status_code == 404
    assert seller.post(f"{LIST}/undo/{refused_id}").status_code == 404
    assert seller.get(location).status_code == 200
    clock.advance(minutes=11)
    assert seller.get(location).status_code == 404


def test_name_of_a_refused_record_that_one_may_not_see_is_not_told(
    sign_in: SignIn, tenant: Company
) -> None:
    rights = {PIECE: {"view": "own", "edit": "own", "archive": "own"}}
    seller = sign_in(tenant.member_with(rights))
    secret = make(tenant, "Secreta")[0]

    for data in ({"do": "archive"}, {"do": "change", "field": "place", "place": "x"}):
        answer = seller.post(RUN, data={"id": str(secret), **data}, follow_redirects=True)
        assert "Secreta" not in answer.text
        assert answer.status_code == 200
