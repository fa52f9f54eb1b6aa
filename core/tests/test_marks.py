"""Marks: a person's favourites, followed records, and what was looked at of late."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.records import marks
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import count_statements

SignIn = Callable[..., Browser]
PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def record(tenant: Company, actor: Actor) -> Record:
    with tenant.unit(actor) as unit:
        return unit.records.create(PIECE, {"name": "Cóndor"})


@pytest.fixture
def url(record: Record) -> str:
    return f"/specimen/pieces/{record.id}"


def marked(tenant: Company, who: Actor, kind: str) -> list[str]:
    with tenant.unit(who, read=True) as unit:
        return [one.label for one in marks.read(unit, kind)]


@pytest.mark.parametrize("kind", ["favorite", "follow"])
def test_mark_is_set_and_taken_away_for_oneself(
    tenant: Company, actor: Actor, sign_in: SignIn, url: str, kind: str
) -> None:
    person, other = sign_in(actor), tenant.member("manager")

    person.post(f"{url}/marks/{kind}", data={"on": "1"})
    person.post(f"{url}/marks/{kind}", data={"on": "1"})

    assert marked(tenant, actor, kind) == ["Cóndor"]
    assert marked(tenant, other, kind) == []
    person.post(f"{url}/marks/{kind}", data={"on": "0"})
    assert marked(tenant, actor, kind) == []


def test_button_says_what_it_will_do_next(sign_in: SignIn, actor: Actor, url: str) -> None:
    answer = sign_in(actor).post(
        f"{url}/marks/favorite", data={"on": "1"}, headers={"HX-Request": "true"}
    )

    page = page_of(answer)
    assert page.one("button").attrs["aria-label"] == "Quitar de favoritos"
    assert page.one("input", name="on").attrs["value"] == "0"


def test_nobody_marks_what_is_not_to_be_seen(
    tenant: Company, other_tenant: Company, sign_in: SignIn, url: str
) -> None:
    for outsider in (tenant.member("seller"), other_tenant.member("admin")):
        answer = sign_in(outsider).post(f"{url}/marks/follow", data={"on": "1"})

        assert answer.status_code == 404


def test_other_kinds_of_marks_do_not_exist(sign_in: SignIn, actor: Actor, url: str) -> None:
    assert sign_in(actor).post(f"{url}/marks/recent", data={"on": "1"}).status_code == 404


def test_looking_is_remembered_once_in_ten_minutes(
    tenant: Company, actor: Actor, sign_in: SignIn, url: str, clock: SettableClock
) -> None:
    person = sign_in(actor)
    person.get(url)

    with count_statements(tenant.host.engine) as soon:
        person.get(url)
    clock.advance(minutes=11)
    with count_statements(tenant.host.engine) as later:
        person.get(url)

    def written(texts: list[str]) -> list[str]:
        return [text for text in texts if text.startswith("INSERT INTO core_mark")]

    assert written(soon.texts) == []
    assert len(written(later.texts)) == 1
    assert marked(tenant, actor, marks.RECENT) == ["Cóndor"]


def test_opening_a_record_settles_what_one_was_told_of_it(
    tenant: Company, actor: Actor, sign_in: SignIn, url: str
) -> None:
    luz = sign_in(tenant.member("manager", name="Luz Mosquera"))
    luz.get(url)
    sign_in(actor).post(f"{url}/notes", data={"text": "@Luz Mosquera"})
    assert page_of(luz.get("/specimen/pieces")).one("span", "t-bell-new").text == "1"

    luz.get(url)

    assert page_of(luz.get("/specimen/pieces")).all("span", "t-bell-new") == []


def test_only_the_last_thirty_are_remembered(
    tenant: Company, actor: Actor, clock: SettableClock
) -> None:
    ids: list[UUID] = []
    for number in range(marks.KEPT + 2):
        clock.advance(seconds=1)
        with tenant.unit(actor) as unit:
            made = unit.records.create(PIECE, {"name": f"pieza {number}"})
            ids.append(made.id)
            marks.look(unit, unit.view.entity(PIECE), made.id)

    with tenant.unit(actor, read=True) as unit:
        kept = [one.record_id for one in marks.read(unit, marks.RECENT, limit=99)]

    assert kept == list(reversed(ids))[: marks.KEPT]


def test_record_out_of_sight_leaves_the_lists(
    tenant: Company, actor: Actor, sign_in: SignIn
) -> None:
    seller = tenant.member("seller")
    with tenant.unit(actor) as unit:
        made = unit.records.create(PIECE, {"name": "Suyo", "owner_id": str(seller.member_id)})
    browser = sign_in(seller)
    browser.post(f"/specimen/pieces/{made.id}/marks/favorite", data={"on": "1"})
    assert "Suyo" in browser.get("/core/marks").text

    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, made.id, {"owner_id": str(actor.member_id)})

    assert "Suyo" not in browser.get("/core/marks").text


def test_page_of_marks_says_what_to_do_where_there_are_none(
    actor: Actor, sign_in: SignIn, url: str
) -> None:
    browser = sign_in(actor)

    untouched = page_of(browser.get("/core/marks"))
    browser.post(f"{url}/marks/favorite", data={"on": "1"})
    begun = page_of(browser.get("/core/marks"))

    way = untouched.one("div", "t-empty-actions").one("a")
    assert way.text == "Abrir Clientes"
    assert way.attrs["href"] == "/clients/clients"
    assert begun.all("div", "t-empty-actions") == []
    hints = [item.text for item in begun.all("li", "t-notices-none")]
    assert any("presione el ojo" in hint for hint in hints)
