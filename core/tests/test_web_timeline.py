"""The timeline in pages: writing, filters, earlier entries, values brought back, the bell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.testing.statements import count_statements

SignIn = Callable[..., Browser]
PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def record(tenant: Company, actor: Actor) -> Record:
    with tenant.unit(actor) as unit:
        return unit.records.create(PIECE, {"name": "Cóndor", "place": "Cali"})


@pytest.fixture
def url(record: Record) -> str:
    return f"/specimen/pieces/{record.id}"


@pytest.fixture
def person(sign_in: SignIn, actor: Actor) -> Browser:
    return sign_in(actor)


def history(page: Page) -> list[str]:
    return [line.text for line in page.one("ol", "t-timeline").all("li")
            if not line.all("ul") or line.all("p")]  # fmt: skip


def test_note_stands_on_the_page_escaped_with_links_and_mentions(
    tenant: Company, person: Browser, url: str
) -> None:
    tenant.member("manager", name="Luz Mosquera")

    person.post(
        f"{url}/notes", data={"text": "<b>Vea</b> https://example.com/a?b=1&c=2 @Luz Mosquera"}
    )

    remark = page_of(person.get(url)).one("div", "t-remark")
    assert remark.text == "<b>Vea</b> https://example.com/a?b=1&c=2 @Luz Mosquera"
    assert remark.one("a").attrs["href"] == "https://example.com/a?b=1&c=2"
    assert "noopener" in remark.one("a").attrs["rel"]
    assert remark.one("b", "t-mention").text == "@Luz Mosquera"


def test_address_that_runs_script_is_no_link(person: Browser, url: str) -> None:
    person.post(f"{url}/notes", data={"text": 'javascript:alert(1) "onmouseover="x https://a.co/"'})

    remark = page_of(person.get(url)).one("div", "t-remark")

    assert [set(link.attrs) for link in remark.all("a")] == [{"href", "rel", "target"}]
    assert all(link.attrs["href"].startswith("https://a.co/") for link in remark.all("a"))


def test_refused_note_is_told_in_its_place(person: Browser, url: str) -> None:
    plain = person.post(f"{url}/notes", data={"text": " "})
    inside = person.post(
        f"{url}/notes", data={"text": "x" * 10_001}, headers={"HX-Request": "true"}
    )

    assert plain.status_code == 422
    assert "La nota está vacía." in plain.text
    assert page_of(inside).one("p", "t-error").text == "Una nota tiene máximo 10000 caracteres."
    assert page_of(inside).one("textarea").text == "x" * 10_001


def test_filters_show_notes_or_changes(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    person.post(f"{url}/notes", data={"text": "Una nota"})
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    both = person.get(f"{url}/timeline").text
    only_notes = person.get(f"{url}/timeline?timeline=core.notes").text
    only_changes = person.get(f"{url}/timeline?timeline=core.changes").text

    assert "Una nota" in both
    assert "Pasto" in both
    assert "Una nota" in only_notes
    assert "Pasto" not in only_notes
    assert "Una nota" not in only_changes
    assert "Pasto" in only_changes


@pytest.fixture
def noon(clock: SettableClock) -> None:
    """Let a test be over before the day is."""
    day = clock().date() + dt.timedelta(days=1)
    clock.set(dt.datetime.combine(day, dt.time(17), dt.UTC))


@pytest.mark.usefixtures("noon")
def test_earlier_entries_follow_without_repeating_a_day(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record,
    clock: SettableClock,
) -> None:  # fmt: skip
    for number in range(25):
        clock.advance(seconds=1)
        with tenant.unit(actor) as unit:
            unit.records.update(PIECE, record.id, {"count": number + 100})

    first = page_of(person.get(url))
    link = first.one("li", "t-earlier").one("a").attrs
    rest = page_of(person.get(link["hx-get"]))

    assert len(first.all("time")) == 20
    assert len(rest.all("time")) == 6
    assert len(first.all("li", "t-day")) == 1
    assert rest.all("li", "t-day") == []
    assert rest.all("li", "t-earlier") == []


def test_last_value_can_be_undone_and_an_older_one_restored(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})
        unit.records.update(PIECE, record.id, {"place": "Tunja"})
    buttons = page_of(person.get(url)).all("button", "t-restore")
    assert [b.text for b in buttons] == [
        "Deshacer Place: Pasto",
        "Restaurar este valor Place: Cali",
    ]

    answer = person.post(f"{url}/restore-value", data={"value": "2:place", "version": "3"})

    assert answer.status_code == 302
    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, record.id).values["place"] == "Cali"


def test_value_is_not_restored_over_a_change_one_has_not_seen(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    answer = person.post(f"{url}/restore-value", data={"value": "2:place", "version": "1"})

    assert answer.status_code == 409
    assert "El valor no se restauró." in answer.text
    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, record.id).values["place"] == "Pasto"


@pytest.mark.parametrize("value", ["2:count", "9:place", "x:place", "", "2:", "2:nada"])
def test_value_of_no_change_is_not_found(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record, value: str
) -> None:
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    answer = person.post(f"{url}/restore-value", data={"value": value, "version": "2"})

    assert answer.status_code == 404


def test_hidden_field_is_neither_told_nor_restored(
    tenant: Company, actor: Actor, sign_in: SignIn, url: str, record: Record
) -> None:
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})
    everything = dict.fromkeys(("view", "edit", "create", "archive"), "all")
    blind = sign_in(tenant.member_with({"*": everything}, fields={PIECE: {"place": "hidden"}}))

    page = blind.get(url)
    answer = blind.post(f"{url}/restore-value", data={"value": "2:place", "version": "2"})

    assert page.status_code == 200
    assert "Pasto" not in page.text
    assert answer.status_code == 404


def test_only_its_writer_is_offered_to_change_a_note(
    tenant: Company, person: Browser, sign_in: SignIn, url: str
) -> None:
    other = sign_in(tenant.member("manager"))
    person.post(f"{url}/notes", data={"text": "Mía"})

    mine, others = page_of(person.get(url)), page_of(other.get(url))

    assert len(mine.all("div", "t-remark-own")) == 1
    assert others.all("div", "t-remark-own") == []


def test_archived_note_can_be_brought_back(person: Browser, url: str) -> None:
    person.post(f"{url}/notes", data={"text": "Se va"})
    own = page_of(person.get(url)).one("div", "t-remark-own")
    address = own.all("form")[-1].attrs["action"]

    answer = page_of(person.post(address))
    undo = answer.one("div", "t-toast").one("form").attrs["action"]

    assert answer.all("div", "t-remark") == []
    person.post(undo)
    assert page_of(person.get(url)).one("div", "t-remark").text == "Se va"


def test_nobody_without_rights_reads_or_writes(
    tenant: Company, other_tenant: Company, sign_in: SignIn, url: str
) -> None:
    outsiders = [sign_in(tenant.member("seller")), sign_in(other_tenant.member("admin"))]

    for browser in outsiders:
        assert browser.get(f"{url}/timeline").status_code == 404
        assert browser.post(f"{url}/notes", data={"text": "x"}).status_code == 404
        value = {"value": "1:name", "version": "1"}
        assert browser.post(f"{url}/restore-value", data=value).status_code == 404
    assert sign_in().get(f"{url}/timeline").status_code == 302


def test_bell_counts_lists_and_is_cleared(
    tenant: Company, person: Browser, sign_in: SignIn, url: str
) -> None:
    luz = sign_in(tenant.member("manager", name="Luz Mosquera"))
    assert luz.get("/core/notices").text.count("is-new") == 0
    person.post(f"{url}/notes", data={"text": "@Luz Mosquera"})

    page = page_of(luz.get("/specimen/pieces"))
    listed = page_of(luz.get("/core/notices"))

    assert page.one("span", "t-bell-new").text == "1"
    assert listed.one("li", "is-new").one("a").attrs["href"].startswith(url)
    assert page_of(person.get("/specimen/pieces")).all("span", "t-bell-new") == []
    luz.post("/core/notices/seen")
    assert page_of(luz.get("/specimen/pieces")).all("span", "t-bell-new") == []


def test_people_are_offered_by_any_word_of_their_name(tenant: Company, sign_in: SignIn) -> None:
    tenant.member("manager", name="Luz Mosquera")
    asking = sign_in(tenant.member("seller", name="Iván Ríos"))

    def offered(text: str) -> list[str]:
        found = page_of(asking.get(f"/core/members?q={text}")).all("li", "t-option")
        return [option.attrs["data-label"] for option in found]

    assert offered("mosq") == ["Luz Mosquera"]
    assert offered("ivan") == ["Iván Ríos"]
    assert offered("osq") == []


def test_page_costs_the_same_whatever_happened(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    person.get(url)
    with count_statements(tenant.host.engine) as before:
        person.get(url)
    for number in range(15):
        with tenant.unit(actor) as unit:
            unit.records.update(PIECE, record.id, {"count": number + 1})
        person.post(f"{url}/notes", data={"text": f"nota {number}"})

    person.get(url)
    with count_statements(tenant.host.engine) as after:
        person.get(url)

    assert len(after) == len(before)
