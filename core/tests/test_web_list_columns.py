"""Columns of a list: each member chooses their own, among what they may see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.testing.statements import Statements

LIST = "/specimen/pieces"
COLUMNS = f"{LIST}/columns"
PIECE = "specimen.piece"
VIEWS = {"*": {"view": "all"}}
SignIn = Callable[..., Browser]
Count = Callable[[], AbstractContextManager[Statements]]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture(autouse=True)
def piece(tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "Cobre", "code": "900123", "grade": "good"})


def choose(client: Browser, *paths: str, query: str = "", **also: str) -> str:
    """Send the form of columns; gives where it leads."""
    answer = client.post(f"{COLUMNS}{query}", data={"column": list(paths), **also})
    assert answer.status_code == 302
    return answer.location


def heads(client: Browser, query: str = "") -> list[str]:
    """Name the columns of the list."""
    page = page_of(client.get(f"{LIST}{query}"))
    return [th.text for th in page.all("th", scope="col")]


def boxes(page: Page, *, on: bool) -> list[str]:
    """Give the fields of the form that are chosen, or not, in its order."""
    return [box.attrs["value"] for box in page.all("input", name="column")
            if ("checked" in box.attrs) is on]  # fmt: skip


def test_list_shows_the_chosen_columns_in_the_chosen_order(client: Browser) -> None:
    first = heads(client)[0]

    choose(client, "code", "grade")
    code_first = heads(client)
    choose(client, "grade", "code")
    grade_first = heads(client)

    assert len(code_first) == 3
    assert code_first[0] == grade_first[0] == first
    assert code_first[1:] == grade_first[:0:-1]


def test_choice_belongs_to_one_member(
    client: Browser, sign_in: SignIn, seller: Actor, other_actor: Actor
) -> None:
    def chosen(browser: Browser) -> list[str]:
        return boxes(page_of(browser.get(COLUMNS)), on=True)

    usual = chosen(client)

    choose(client, "code")

    assert chosen(client) == ["name", "code"]
    assert chosen(sign_in(seller)) == usual
    assert chosen(sign_in(other_actor)) == usual


def test_set_back_shows_the_declared_columns_again(client: Browser) -> None:
    usual = heads(client)
    choose(client, "code")

    choose(client, reset="1")

    assert heads(client) == usual


def test_choice_comes_back_to_the_same_search_and_filters(client: Browser) -> None:
    to = choose(client, "code", query="?grade=good&sort=-name&q=cob")

    assert to == f"{LIST}?grade=good&sort=-name&q=cob"


def test_column_is_moved_without_script(client: Browser) -> None:
    to = choose(client, "code", "grade", "weight", move="up:weight")
    page = page_of(client.get(to))

    assert to == COLUMNS
    assert boxes(page, on=True) == ["name", "code", "weight", "grade"]


def test_first_column_cannot_be_left_out_or_moved(client: Browser) -> None:
    choose(client, "grade", "name")

    page = page_of(client.get(COLUMNS))

    assert boxes(page, on=True) == ["name", "grade"]
    assert "disabled" in page.one("input", name="column", value="name").attrs


def test_hidden_field_is_neither_offered_nor_accepted(sign_in: SignIn, tenant: Company) -> None:
    opened = sign_in(tenant.member_with(VIEWS, fields={PIECE: {"code": "hidden"}}))

    page = page_of(opened.get(COLUMNS))
    answer = opened.post(COLUMNS, data={"column": ["code"]})

    assert "code" not in boxes(page, on=True) + boxes(page, on=False)
    assert "grade" in boxes(page, on=True) + boxes(page, on=False)
    assert answer.status_code == 400


def test_column_hidden_later_disappears_from_the_list(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    tenant.role("narrow", {"entities": VIEWS})
    member = tenant.member("narrow")
    choose(sign_in(member), "code", "grade")

    tenant.role("narrow", {"entities": VIEWS, "fields": {PIECE: {"code": "hidden"}}})

    assert len(heads(sign_in(tenant.renew(member)))) == 2


def test_columns_need_somebody_who_may_see_the_list(
    app: Flask, sign_in: SignIn, tenant: Company
) -> None:
    tenant.role("nothing", {})
    stranger = sign_in(tenant.member("nothing"))

    assert app.test_client().get(COLUMNS).status_code in (302, 401)
    assert stranger.get(COLUMNS).status_code == 403
    assert stranger.post(COLUMNS, data={"column": ["code"]}).status_code == 403


def test_choice_is_read_with_one_statement(client: Browser, count_statements: Count) -> None:
    client.get(LIST)

    with count_statements() as counted:
        client.get(LIST)

    assert len(counted.naming("core_list_state")) == 1


def test_height_of_rows_is_remembered_with_the_columns(client: Browser) -> None:
    def is_compact() -> bool:
        return "is-compact" in page_of(client.get(LIST)).one(id="t-list").attrs["class"].split()

    at_first = is_compact()
    choose(client, "code", height="compact")
    low = is_compact()
    page = page_of(client.get(COLUMNS))
    choose(client, "code", height="comfortable")

    assert (at_first, low, is_compact()) == (False, True, False)
    assert "checked" in page.one("input", name="height", value="compact").attrs
    assert len(heads(client)) == 2


def first_sort(client: Browser, query: str = "") -> list[tuple[str, str]]:
    """Give the heads that say how the list is sorted."""
    page = page_of(client.get(f"{LIST}{query}"))
    return [(th.text, th.attrs["aria-sort"]) for th in page.all("th", scope="col")
            if "aria-sort" in th.attrs]  # fmt: skip


def from_list(client: Browser, query: str) -> None:
    """Choose an order in the list itself."""
    here = {"Referer": f"http://localhost{LIST}"}
    assert client.get(f"{LIST}{query}", headers=here).status_code == 200


def test_order_chosen_in_the_list_is_there_again(client: Browser) -> None:
    usual = first_sort(client)

    from_list(client, "?sort=-code")
    again = first_sort(client)
    choose(client, "code", "grade")
    rearranged = first_sort(client)
    choose(client, reset="1")

    assert again != usual
    assert [how for _name, how in again] == ["descending"]
    assert rearranged == again, "choosing columns keeps the order"
    assert first_sort(client) == usual


def test_order_of_a_link_is_not_remembered(client: Browser) -> None:
    usual = first_sort(client)

    linked = first_sort(client, "?sort=-code")
    refused = client.get(f"{LIST}?sort=nada", headers={"Referer": f"http://localhost{LIST}"})

    assert linked != usual
    assert refused.status_code == 400
    assert first_sort(client) == usual


def test_remembered_order_is_each_member_s_own(
    client: Browser, tenant: Company, sign_in: SignIn
) -> None:
    other = sign_in(tenant.member_with(VIEWS))
    usual = first_sort(other)

    from_list(client, "?sort=-code")

    assert first_sort(client) != usual
    assert first_sort(other) == usual
