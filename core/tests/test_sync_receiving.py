"""What another system shows becomes records here: once, whole, and over nobody's own words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from core.tests.shop import PAGE, SHOP, ShopDouble
from core.tests.shop_company import open_company, open_double, serve_shop, states  # noqa: F401

from trato.db.engine import transaction
from trato.db.types import new_id
from trato.errors import Conflict, Invalid
from trato.jobs import queue
from trato.records.sync_tables import stream as streams
from trato.sync import deciding, incoming, review
from trato.sync.applying import apply
from trato.sync.connector import Item
from trato.sync.errors import Overtaken
from trato.sync.status import status
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.statements import count_statements
from trato.testing.syncing import run_of, sync

PIECE = "specimen.piece"


def pieces(company: Company) -> dict[str, Any]:
    """Give the living pieces by code: name and price."""
    with company.unit(read=True) as unit:
        rows = unit.records.query(PIECE, columns=("code", "name", "price"), limit=200).rows
    return {row[2]: (row[3], row[4]) for row in rows}


def add(company: Company, **values: Any) -> UUID:
    with company.unit() as unit:
        return unit.records.create(PIECE, values).id


def tray(company: Company) -> list[review.Waiting]:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        return review.waiting(db, company.id)


def receive(company: Company, stream: str = "pieces") -> dict[str, int]:
    result = sync(company, SHOP, only="receive", stream=stream)
    assert result["problem"] is None, result["problem"]
    counts: dict[str, int] = result["streams"][stream]
    return counts


def stream_row(company: Company, name: str = "pieces") -> Any:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        return db.execute(
            streams.select().where(streams.c.tenant_id == company.id, streams.c.stream == name)
        ).one()


def test_all_pages_become_records_and_a_second_pass_changes_nothing(
    company: Company, double: ShopDouble
) -> None:
    double.stock(PAGE * 2 + 1)

    first = receive(company)
    before = pieces(company)
    second = receive(company)

    assert first == {"seen": 7, "created": 7}
    assert second == {"seen": 7, "unchanged": 7}
    assert len(before) == 7
    assert pieces(company) == before


def test_a_longer_page_costs_no_more_statements(company: Company) -> None:
    run = run_of(company, SHOP)
    (stream,) = (one for one in run.connector.streams() if one.name == "pieces")

    def statements(start: int, count: int) -> list[int]:
        """Receive new pieces, then the same again, in two passes."""
        items = [Item(key=f"K{n}", values={"name": f"Pieza {n}", "code": f"K-{n}"})
                 for n in range(start, start + count)]  # fmt: skip
        found = []
        for _pass in range(2):
            with run.unit() as unit, count_statements(company.host.engine) as made:
                apply(run, unit, stream, items, pass_id=new_id())
            found.append(len(made))
        return found

    few = statements(0, 3)

    assert statements(100, 60) == few


def test_what_is_received_is_not_sent_back(company: Company, double: ShopDouble) -> None:
    double.stock(2)

    sync(company, SHOP)

    assert double.held() == []
    assert states(company) == []


@pytest.mark.parametrize("fault", ["cut", "error", "lost", "busy"])
def test_a_pass_that_is_cut_goes_on_at_its_last_page_and_makes_nothing_gone(
    company: Company, double: ShopDouble, fault: Any
) -> None:
    double.stock(PAGE * 3)
    receive(company)
    double.stock(1)
    before = pieces(company)
    answer = double.answer
    pages: list[str] = []

    def fail_at_the_third(request: Any) -> Any:
        pages.append(request.query["after"])
        if len(pages) == 2:
            double.fail(fault, on=("GET",))
        return answer(request)

    double.answer = fail_at_the_third  # type: ignore[method-assign]
    cut = sync(company, SHOP, only="receive", stream="pieces")
    assert cut["problem"] is not None
    assert pieces(company) == before
    assert stream_row(company).cursor == str(PAGE * 2)
    pages.clear()

    whole = sync(company, SHOP, only="receive", stream="pieces")

    assert pages[0] == str(PAGE * 2)
    assert whole["problem"] is None
    assert whole["streams"]["pieces"] == {"seen": 10, "created": 1, "unchanged": 9}


def test_a_page_that_comes_twice_changes_nothing_the_second_time(
    company: Company, double: ShopDouble
) -> None:
    double.stock(2)
    double.streams["pieces"] += [dict(row) for row in double.streams["pieces"]] * 2

    counts = receive(company)

    assert counts["created"] == 2
    assert len(pieces(company)) == 2


def test_of_two_who_read_the_same_page_one_writes(company: Company, double: ShopDouble) -> None:
    double.stock(PAGE + 1)
    run = run_of(company, SHOP)
    stream = run.connector.streams()[0]
    row = incoming._begin(run, stream)
    batch = run.connector.pull(stream, row.cursor)

    incoming.receive_page(run, stream, row, batch)
    with pytest.raises(Overtaken, match="Another run"):
        incoming.receive_page(run, stream, row, batch)

    assert len(pieces(company)) == PAGE


def test_what_people_wrote_is_never_overwritten_and_what_the_other_rules_is(
    company: Company, double: ShopDouble
) -> None:
    add(company, name="Como la llamamos", code="C-1", price="1")
    double.streams["pieces"] = [{"key": "P1", "name": "Otro", "code": "C-1", "price": "9"}]

    receive(company)
    first = pieces(company)
    double.streams["pieces"][0] |= {"name": "Otro más", "price": "10"}
    receive(company)

    assert first == {"C-1": ("Como la llamamos", Decimal(9))}
    assert pieces(company) == {"C-1": ("Como la llamamos", Decimal(10))}


def test_what_a_whole_pass_does_not_show_is_gone(company: Company, double: ShopDouble) -> None:
    double.stock(4)
    receive(company)
    del double.streams["pieces"][1]

    counts = receive(company)

    assert counts["gone"] == 1
    assert sorted(pieces(company)) == ["C-1", "C-3", "C-4"]


def test_a_partial_pass_makes_nothing_gone(company: Company, double: ShopDouble) -> None:
    double.stock(4)
    receive(company)
    double.whole = False
    del double.streams["pieces"][1]

    assert "gone" not in receive(company)
    assert len(pieces(company)) == 4


def test_a_pass_that_shows_nothing_makes_nothing_gone(company: Company, double: ShopDouble) -> None:
    double.stock(4)
    receive(company)
    double.streams["pieces"].clear()

    assert "gone" not in receive(company)
    assert len(pieces(company)) == 4


def test_what_the_other_says_is_removed_is_gone_without_a_whole_pass(
    company: Company, double: ShopDouble
) -> None:
    double.streams["news"] = [{"key": "N1", "name": "Nueva", "code": "N-1"}]
    receive(company, "news")
    double.streams["news"].append({"key": "N1", "removed": True})

    counts = receive(company, "news")

    assert counts["gone"] == 1
    assert list(pieces(company)) == ["N-1"]  # this stream keeps the record


def test_an_incremental_stream_goes_on_where_the_last_pass_ended(
    company: Company, double: ShopDouble
) -> None:
    double.streams["news"] = [{"key": "N1", "name": "Una", "code": "N-1"}]
    receive(company, "news")
    double.streams["news"].append({"key": "N2", "name": "Dos", "code": "N-2"})

    assert receive(company, "news") == {"seen": 1, "created": 1}


def test_a_record_that_people_took_out_stays_out(company: Company, double: ShopDouble) -> None:
    double.stock(1)
    receive(company)
    with company.unit() as unit:
        record = next(iter(unit.records.query(PIECE, columns=("name",)).rows))[0]
        unit.records.archive(PIECE, record)
    double.streams["pieces"][0]["price"] = "77"

    assert receive(company) == {"seen": 1, "skipped": 1}
    assert pieces(company) == {}


def test_an_ambiguous_thing_waits_for_a_person_who_says_which_it_is(
    company: Company, double: ShopDouble
) -> None:
    known = add(company, name="Conocida", code="C-1")
    double.streams["pieces"] = [
        {"key": "P1", "name": "Una", "code": "C-1", "price": "1"},
        {"key": "P2", "name": "Otra", "code": "C-1", "price": "2"},
    ]

    assert receive(company) == {"seen": 2, "review": 2}
    first, second = tray(company)
    assert list(first.candidates) == [known]
    deciding.decide_link(company.host, company.id, first.id, known)
    with pytest.raises(Conflict):
        deciding.decide_link(company.host, company.id, second.id, known)
    with transaction(company.host.engine, tenant_id=company.id) as db:
        review.decide_ignore(db, company.id, second.id)

    assert receive(company) == {"seen": 2, "unchanged": 1, "skipped": 1}
    assert pieces(company) == {"C-1": ("Conocida", Decimal(1))}
    assert tray(company) == []


def test_refused_values_wait_and_come_in_when_they_are_right(
    company: Company, double: ShopDouble
) -> None:
    double.stock(2)
    double.streams["pieces"][0]["price"] = "mucho"

    assert receive(company) == {"seen": 2, "created": 1, "review": 1}
    (waiting,) = tray(company)
    assert "price" in str(waiting.reasons[0])
    with pytest.raises(Invalid):
        deciding.decide_create(company.host, company.id, waiting.id)
    double.streams["pieces"][0]["price"] = "5"

    assert receive(company) == {"seen": 2, "created": 1, "unchanged": 1}
    assert tray(company) == []


def test_a_person_makes_a_record_of_a_thing_that_waits(
    company: Company, double: ShopDouble
) -> None:
    add(company, name="Conocida", code="C-1")
    double.streams["pieces"] = [
        {"key": "P1", "name": "Una", "code": "C-1"}, {"key": "P2", "name": "Dos", "code": "C-1"},
    ]  # fmt: skip
    receive(company)
    waiting = tray(company)[0]
    with pytest.raises(Invalid):  # the code is taken
        deciding.decide_create(company.host, company.id, waiting.id)
    double.streams["pieces"][0]["code"] = "C-9"
    with company.unit() as unit:
        add_code = unit.records.query(PIECE, columns=("code",)).rows[0][0]
        unit.records.update(PIECE, add_code, {"code": "C-0"})

    made = deciding.decide_create(company.host, company.id, waiting.id)

    with company.unit(read=True) as unit:
        assert unit.records.get(PIECE, made).values["name"] == "Una"


def test_a_reference_is_found_by_its_key_there(company: Company, double: ShopDouble) -> None:
    double.streams["labels"] = [
        {"key": "L1", "piece": "P1", "number": 1, "wording": "Frágil"},
        {"key": "L2", "piece": "P404", "number": 2, "wording": "Sin pieza"},
    ]

    assert receive(company, "labels") == {"seen": 2, "review": 2}
    double.stock(1)
    receive(company)
    assert receive(company, "labels").get("seen") is None  # incremental: nothing new was shown
    double.streams["labels"] += double.streams["labels"][:1]

    assert receive(company, "labels") == {"seen": 1, "created": 1}
    (left,) = tray(company)
    assert left.key == "L2"


def test_a_sent_record_that_comes_back_is_the_same_record(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    add(company, name="Nuestra", code="C-1")
    sync(company, SHOP, only="send")
    double.streams["pieces"] = [{"key": "D1", "name": "Suya", "code": "X", "price": "3"}]

    assert receive(company) == {"seen": 1, "updated": 1}
    assert pieces(company) == {"C-1": ("Nuestra", Decimal(3))}


def test_other_tenants_links_cursors_and_tray_are_their_own(
    company: Company, double: ShopDouble, shop_host: Any, issue_license: Any
) -> None:
    from trato.testing.companies import make_company
    from trato.testing.syncing import set_up

    double.stock(2)
    receive(company)
    other = make_company(shop_host, issue_license, plugins=["shop"])
    set_up(other, "shop", double.settings())

    assert receive(other) == {"seen": 2, "created": 2}
    assert len(pieces(company)) == 2


def test_a_long_run_ends_in_time_and_leaves_the_rest_to_another(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    double.stock(PAGE * 2)
    answer = double.answer

    def slowly(request: Any) -> Any:
        clock.advance(minutes=6)
        return answer(request)

    double.answer = slowly  # type: ignore[method-assign]

    result = sync(company, SHOP, only="receive", stream="pieces")

    assert result["more"]
    assert len(pieces(company)) == PAGE
    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        waiting = queue.tasks(db, company.id, states=("queued",), job="shop.sync_pieces")
    assert [task.payload for task in waiting] == [{"only": "receive", "stream": "pieces"}]


def test_asking_for_a_stream_that_does_not_exist_leaves_the_connection_as_it_was(
    company: Company, double: ShopDouble
) -> None:
    sync(company, SHOP, only="check")

    told = sync(company, SHOP, only="receive", stream="nothing")

    assert "pieces" in str(told["problem"])
    with company.unit(read=True) as unit:
        [stands] = status(company.host, unit.connection, unit.view)
    assert stands.state == "works"
