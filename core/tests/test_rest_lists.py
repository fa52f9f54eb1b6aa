"""Lists over REST: filters, order, pages, columns, counts; and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask.testing import FlaskClient

from trato.testing.companies import Company
from trato.testing.statements import Statements

CLIENTS = "/api/v1/clients/clients"
CATEGORIES = "/api/v1/clients/categories"

Count = Callable[[], AbstractContextManager[Statements]]


def names(api: FlaskClient, query: str, path: str = CLIENTS) -> list[str]:
    """Ask for a list and give the names in it."""
    answer = api.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json["data"]]


def make(api: FlaskClient, *rows: dict[str, Any], path: str = CLIENTS) -> list[str]:
    """Make records and give their ids."""
    answer = api.post(f"{path}/bulk", json=list(rows))
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json["data"]]


@pytest.fixture
def some(api: FlaskClient, tenant: Company) -> None:
    """Make three clients that differ in everything."""
    tenant.custom_field("clients.client", "zone", "text", indexed=True)
    tenant.custom_field("clients.client", "visits", "integer")
    make(
        api,
        {"name": "Álvarez", "city": "Cali", "credit_limit": "100", "tags": ["VIP", "Norte"],
         "identification": "AB-12.34", "custom": {"zone": "Sur", "visits": 3},
         "colombia": {"municipality": "05001"}},
        {"name": "Benítez", "city": "Bogotá", "credit_limit": "200.5", "status": "prospect",
         "colombia": {"municipality": "11001"}, "is_supplier": True,
         "custom": {"zone": "Norte", "visits": 12}},
        {"name": "Cárdenas", "tags": ["vip"]},
    )  # fmt: skip


#: Query, and the initials of the names that it finds.
FILTERS = {
    "city=Cali": "Á", "city__ne=Cali": "BC", "city__isnull=true": "C",
    "city__isnull=false": "ÁB", "city=": "C", "city__in=Cali,Bogotá": "ÁB",
    "name__contains=ALV": "Á", "name__startswith=ben": "B", "name__gte=benitez": "BC",
    "credit_limit__gt=100": "B", "credit_limit__gte=100": "ÁB", "credit_limit=100.00": "Á",
    "credit_limit__lt=200": "Á", "credit_limit__lte=200.5": "ÁB", "status=prospect": "B",
    "status__in=active,prospect": "ÁBC", "is_supplier=true": "B", "tags=vip": "ÁC",
    "tags__contains=norte": "Á", "tags__isnull=true": "B", "identification=ab1234": "Á",
    "custom.zone=Sur": "Á", "custom.zone__startswith=no": "B", "custom.visits__gt=5": "B",
    "colombia.municipality=05001": "Á", "colombia.municipality__isnull=true": "C",
    "owner_id=me": "ÁBC", "created_at__gte=2020-01-01": "ÁBC", "created_at__lt=2020-01-01": "",
    "trade_name__gt=": "", "q=alvarez": "Á", "q=ni": "", "city=Cali&status=prospect": "",
    "credit_limit__gte=100&credit_limit__lte=150": "Á", "q=": "ÁBC",
}  # fmt: skip


@pytest.mark.usefixtures("some")
def test_filters_find_what_they_say(api: FlaskClient) -> None:
    found = {
        query: "".join(name[0] for name in names(api, f"{query}&sort=name")) for query in FILTERS
    }

    assert found == FILTERS


def test_a_filter_reaches_below_in_a_tree(api: FlaskClient) -> None:
    top = api.post(CATEGORIES, json={"name": "Todo"}).json["id"]
    inner = api.post(CATEGORIES, json={"name": "Parte", "parent_id": top}).json["id"]
    make(api, {"name": "A", "category_id": inner}, {"name": "B"})

    assert names(api, f"category_id={top}") == []
    assert names(api, f"category_id__under={top}") == ["A"]
    refused = api.get(f"{CLIENTS}?owner_id__under={top}")
    assert (refused.status_code, refused.json["code"]) == (400, "bad_operator")
    flat = api.get(f"{CLIENTS}?source_id__under={top}")
    assert (flat.status_code, flat.json["code"]) == (400, "bad_operator")


def test_records_are_found_by_their_ids(api: FlaskClient, other_tenant: Company) -> None:
    first, second, third = make(api, {"name": "A"}, {"name": "B"}, {"name": "C"})
    with other_tenant.unit() as unit:
        foreign = unit.records.create("clients.client", {"name": "De otra empresa"}).id

    found = {
        query: "".join(names(api, f"{query}&sort=name"))
        for query in (f"id={first}", f"id__ne={first}", f"id__in={third},{second},{foreign}",
                      f"id={foreign}", f"id={first}&name=B", f"id__eq={second}")
    }  # fmt: skip
    refused = {
        query: api.get(f"{CLIENTS}?{query}").json["code"]
        for query in ("id=x", "id=", f"id__in={first},x", f"id__gt={first}", "id__isnull=true")
    }

    assert list(found.values()) == ["A", "BC", "BC", "", "", "B"]
    assert list(refused.values()) == ["bad_query"] * 3 + ["bad_operator"] * 2


@pytest.mark.usefixtures("some")
def test_order_is_as_asked_with_the_empty_last(api: FlaskClient) -> None:
    expected = {
        "name": "ÁBC", "-name": "CBÁ", "city,name": "BÁC", "-city": "ÁBC",
        "-credit_limit": "BÁC", "custom.zone": "BÁC", "-colombia.municipality,name": "BÁC",
        "created_at": "ÁBC", "id": "ÁBC", "name,-name": "ÁBC",
    }  # fmt: skip

    found = {sort: "".join(n[0] for n in names(api, f"sort={sort}")) for sort in expected}

    assert found == expected


def test_the_newest_come_first_unless_said(api: FlaskClient) -> None:
    for name in "ABC":
        api.post(CLIENTS, json={"name": name})

    assert names(api, "") == ["C", "B", "A"]


@pytest.mark.parametrize("sort", ["name", "-created_at", "-city,name", "custom.zone"])
def test_pages_hold_every_record_once(api: FlaskClient, tenant: Company, sort: str) -> None:
    tenant.custom_field("clients.client", "zone", "text", indexed=True)
    rows = [
        {"name": f"C{n:02}", "city": [None, "Cali", "Pasto"][n % 3],
         "custom": {"zone": [None, "Sur"][n % 2]}}
        for n in range(23)
    ]  # fmt: skip
    make(api, *rows)
    query, seen, pages = f"{CLIENTS}?sort={sort}&limit=5", [], 0

    answer = api.get(query).json
    while True:
        seen += [row["name"] for row in answer["data"]]
        pages += 1
        if answer["next"] is None:
            break
        assert answer["next"].replace("-", "").replace("_", "").isalnum()
        answer = api.get(f"{query}&cursor={answer['next']}&fields=name").json

    assert pages == 5
    assert len(seen) == 23
    assert set(seen) == {row["name"] for row in rows}


def test_a_record_made_meanwhile_moves_no_page(api: FlaskClient) -> None:
    make(api, *({"name": f"C{n}"} for n in range(4)))
    first = api.get(f"{CLIENTS}?sort=name&limit=2").json
    make(api, {"name": "A"})

    second = api.get(f"{CLIENTS}?sort=name&limit=2&cursor={first['next']}").json

    assert [row["name"] for row in second["data"]] == ["C2", "C3"]


@pytest.mark.parametrize("change", [
    "sort=name&limit=3", "sort=-name&limit=2", "sort=name&limit=2&city=Cali",
    "sort=name&limit=2&q=C",
])  # fmt: skip
def test_a_cursor_belongs_to_its_list(api: FlaskClient, change: str) -> None:
    make(api, *({"name": f"C{n}"} for n in range(4)))
    cursor = api.get(f"{CLIENTS}?sort=name&limit=2").json["next"]

    answer = api.get(f"{CLIENTS}?{change}&cursor={cursor}")

    assert (answer.status_code, answer.json["code"]) == (400, "bad_cursor")


def test_a_cursor_that_is_none_is_told(api: FlaskClient) -> None:
    for cursor in ("x", "", "null", "W10", "é", "AAAA", "%00", "WyJhIixbXV0"):
        answer = api.get(f"{CLIENTS}?cursor={cursor}")

        assert (answer.status_code, answer.json["code"]) == (400, "bad_cursor"), cursor


def test_columns_are_those_asked_for(api: FlaskClient, tenant: Company) -> None:
    tenant.custom_field("clients.client", "zone", "text")
    make(api, {"name": "A", "custom": {"zone": "Sur"}})

    row = api.get(f"{CLIENTS}?fields=custom.zone,name,colombia.municipality,name").json["data"][0]

    assert list(row) == ["id", "version", "name", "custom", "colombia"]
    assert (row["custom"], row["colombia"]) == ({"zone": "Sur"}, {"municipality": None})
    assert list(api.get(f"{CLIENTS}?fields=id").json["data"][0]) == ["id", "version"]


def test_a_row_of_a_list_is_the_record_itself(api: FlaskClient, tenant: Company) -> None:
    tenant.custom_field("clients.client", "zone", "text")
    made = api.post(CLIENTS, json={"name": "A", "custom": {"zone": "Sur"}, "credit_limit": 5})

    assert api.get(CLIENTS).json["data"] == [made.json]
    assert api.get(made.headers["Location"]).json == made.json


def test_a_total_comes_only_when_asked_for(api: FlaskClient) -> None:
    make(api, *({"name": f"C{n}"} for n in range(3)))

    assert set(api.get(CLIENTS).json) == {"data", "next"}
    assert api.get(f"{CLIENTS}?count=true&limit=1&name__ne=C0").json["total"] == 2
    assert "total_capped" not in api.get(f"{CLIENTS}?count=true").json
    assert "total" not in api.get(f"{CLIENTS}?count=false").json


def test_a_total_stops_at_ten_thousand(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trato.records.reading.COUNT_CAP", 2)
    make(api, *({"name": f"C{n}"} for n in range(3)))

    answer = api.get(f"{CLIENTS}?count=true").json

    assert (answer["total"], answer["total_capped"]) == (2, True)


#: Query, and the code of its refusal.
REFUSED = {
    "nope=1": "unknown_field", "name__nope=1": "unknown_operator",
    "custom.nope=1": "unknown_field", "search_text=a": "unknown_field",
    "tenant_id=1": "unknown_field", "archived_at__isnull=false": "unknown_field",
    "archived=true": "unknown_field", "name__under=1": "bad_operator",
    "is_client__gt=true": "bad_operator", "name=a&name=b": "duplicate_parameter",
    "limit=1&limit=1": "duplicate_parameter", "sort=nope": "unknown_field",
    "sort=notes": "not_sortable", "sort=category_id": "not_sortable", "sort=": "unknown_field",
    "fields=": "unknown_field", "fields=name,nope": "unknown_field", "limit=0": "bad_limit",
    "limit=501": "bad_limit", "limit=x": "bad_limit", "limit=": "bad_limit",
    "limit=1.0": "bad_limit", "limit=-1": "bad_limit", "limit=%D9%A1": "bad_limit",
    "count=yes": "bad_query", "count=": "bad_query", "credit_limit=x": "bad_query",
    "payment_days__gt=1.5": "bad_query", "created_at__gt=ayer": "bad_query",
    "created_at__gt=2026-02-30": "bad_query", "status=gone": "bad_query",
    "is_client=maybe": "bad_query", "city__isnull=2": "bad_query", "category_id=x": "bad_query",
    "city__in=,": "bad_query", "tags=": "bad_query", "q=%00": "bad_query",
    "name=%ff": "bad_query", "q=" + "a" * 501: "bad_query",
    "name__contains=" + "a" * 501: "bad_query",
    "&".join(f"x{n}=1" for n in range(501)): "bad_query",
}  # fmt: skip


def test_nothing_unknown_or_wrong_is_ignored(api: FlaskClient) -> None:
    answers = {query: api.get(f"{CLIENTS}?{query}") for query in REFUSED}

    assert {query: answer.json.get("code") for query, answer in answers.items()} == REFUSED
    assert {answer.status_code for answer in answers.values()} == {400}


def test_the_nearest_field_is_named(api: FlaskClient) -> None:
    assert "identification" in api.get(f"{CLIENTS}?identificacion=1").json["hint"]


def test_a_hidden_field_does_not_exist(
    api: FlaskClient, make_api: Callable[..., FlaskClient], tenant: Company
) -> None:
    make(api, {"name": "A", "credit_limit": 5})
    hidden = {"clients.client": {"credit_limit": "hidden"}}
    narrow = make_api(tenant.member_with({"*": {"view": "all"}}, fields=hidden))

    assert "credit_limit" not in narrow.get(CLIENTS).json["data"][0]
    for query in ("credit_limit=5", "sort=credit_limit", "fields=credit_limit"):
        answer = narrow.get(f"{CLIENTS}?{query}")
        assert (answer.status_code, answer.json["code"]) == (400, "unknown_field")


def test_a_field_of_a_disabled_plugin_does_not_exist(api: FlaskClient, tenant: Company) -> None:
    make(api, {"name": "A", "colombia": {"municipality": "05001"}})
    tenant.disable("colombia")

    assert "colombia" not in api.get(CLIENTS).json["data"][0]
    assert api.get(f"{CLIENTS}?colombia.municipality=05001").json["code"] == "unknown_field"
    sent = {"name": "B", "colombia": {"municipality": "05001"}}
    assert list(api.post(CLIENTS, json=sent).json["errors"]) == ["colombia"]


# --- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extended", [False, True], ids=["native", "extended"])
def test_statements_do_not_grow_with_rows(
    api: FlaskClient, tenant: Company, count_statements: Count, extended: bool
) -> None:
    if extended:
        tenant.custom_field("clients.client", "zone", "text", indexed=True)
        tenant.custom_field("clients.client", "visits", "integer")
    more = {"custom": {"zone": "Sur", "visits": 1}} if extended else {}
    calls: dict[str, Callable[[], Any]] = {
        "list": lambda: api.get(f"{CLIENTS}?limit=80"),
        "sorted": lambda: api.get(f"{CLIENTS}?limit=80&sort=name&count=true"),
        "read": lambda: api.get(f"{CLIENTS}/{first}"),
        "create": lambda: api.post(CLIENTS, json={"name": "N"} | more),
        "bulk": lambda: api.post(f"{CLIENTS}/bulk", json=rows[:40]),
    }
    rows = [{"name": f"C{n}", "category_id": None, "tags": ["VIP"]} | more for n in range(120)]
    first = make(api, *rows[:2])[0]
    spent: list[dict[str, int]] = []

    for _round in range(2):
        spent.append({})
        for name, call in calls.items():
            with count_statements() as counted:
                assert call().status_code in (200, 201)
            # Telling that the token is alive is one; reserving calls of its minute may be two more.
            spent[-1][name] = len([t for t in counted.texts if "core_counter" not in t])
        make(api, *rows)

    assert spent[0] == spent[1]
    assert spent[1]["list"] == spent[1]["read"] == 2
    assert spent[1]["sorted"] == 3
    assert spent[1]["create"] <= 12
    assert spent[1]["bulk"] <= 20


def test_a_page_of_many_references_costs_no_more(api: FlaskClient, count_statements: Count) -> None:
    for n in range(20):
        category = api.post(CATEGORIES, json={"name": f"K{n}"}).json["id"]
        api.post(CLIENTS, json={"name": f"C{n}", "category_id": category})

    with count_statements() as counted:
        rows = api.get(CLIENTS).json["data"]

    assert len({row["category_id"] for row in rows}) == 20
    assert len(counted) <= 4
