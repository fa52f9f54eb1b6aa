"""One record over REST: make, read, change, archive; preconditions; what is decided first."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from trato.access.actor import Actor
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

CLIENTS = "/api/v1/clients/clients"
CATEGORIES = "/api/v1/clients/categories"

MakeApi = Callable[..., FlaskClient]


@pytest.fixture
def record(api: FlaskClient) -> Any:
    """Make a record and give the answer to it."""
    return api.post(CLIENTS, json={"name": "Ferretería El Yunque", "city": "Cali"})


def test_a_new_record_is_answered_with_its_address_and_tag(api: FlaskClient) -> None:
    answer = api.post(
        CLIENTS,
        json={"name": " Ferretería  El Yunque ", "credit_limit": 1500000.5, "tags": ["VIP"]},
    )

    made = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{CLIENTS}/{made['id']}"
    assert made["name"] == "Ferretería El Yunque"
    assert made["version"] == 1
    assert made["credit_limit"] == "1500000.50"
    assert made["kind"] == "company"
    assert made["tags"] == ["VIP"]
    assert made["custom"] == {}
    read = api.get(answer.headers["Location"])
    assert read.json == made
    assert read.headers["ETag"] == answer.headers["ETag"]


def test_values_of_every_kind_come_back_as_text_numbers_and_objects(
    api: FlaskClient, tenant: Company
) -> None:
    tenant.custom_field("clients.client", "since", "moment")
    tenant.custom_field("clients.client", "share", "decimal")
    tenant.custom_field("clients.client", "met", "date")

    made = api.post(
        CLIENTS,
        json={
            "name": "A", "payment_days": 30,
            "custom": {"since": "2026-11-22T15:30:00-05:00", "share": "0.125000",
                       "met": "2026-11-22"},
            "colombia": {"municipality": "05001"},
        },
    ).json  # fmt: skip

    assert made["payment_days"] == 30
    assert made["custom"] == {"since": "2026-11-22T20:30:00Z", "share": "0.125",
                              "met": "2026-11-22"}  # fmt: skip
    assert made["colombia"]["municipality"] == "05001"
    assert uuid.UUID(made["owner_id"])
    assert made["created_at"].endswith("Z")


def test_an_amount_is_what_was_written_to_the_last_digit(api: FlaskClient) -> None:
    made = api.post(
        CLIENTS, data=b'{"name": "A", "credit_limit": 123456789012345.6789}',
        content_type="application/json",
    ).json  # fmt: skip

    assert made["credit_limit"] == "123456789012345.6789"


def test_a_change_changes_what_it_names(api: FlaskClient, record: Any) -> None:
    answer = api.patch(record.headers["Location"], json={"city": "Bogotá", "trade_name": None})

    assert answer.status_code == 200
    assert (answer.json["city"], answer.json["version"]) == ("Bogotá", 2)
    assert answer.json["name"] == record.json["name"]
    assert answer.headers["ETag"] != record.headers["ETag"]


def test_a_change_of_nothing_is_no_new_version(api: FlaskClient, record: Any) -> None:
    answer = api.patch(record.headers["Location"], json={"city": "Cali"})

    assert answer.json["version"] == 1
    assert answer.headers["ETag"] == record.headers["ETag"]


def test_an_archived_record_does_not_exist_any_more(api: FlaskClient, record: Any) -> None:
    address = record.headers["Location"]

    gone = api.delete(address)
    assert (gone.status_code, gone.data, gone.content_type) == (204, b"", None)
    assert api.get(address).status_code == 404
    assert api.delete(address).status_code == 404
    assert api.patch(address, json={}).status_code == 404
    assert api.get(CLIENTS).json["data"] == []


# --- ids -----------------------------------------------------------------------------------------


def test_the_caller_may_choose_an_id_once(api: FlaskClient) -> None:
    chosen = str(uuid.uuid4())

    first = api.post(CLIENTS, json={"id": chosen, "name": "A"})
    second = api.post(CLIENTS, json={"id": chosen, "name": "A"})

    assert (first.status_code, first.json["id"]) == (201, chosen)
    assert (second.status_code, second.json["code"]) == (409, "conflict")


def test_an_id_of_another_tenant_is_free_and_his_record_unseen(
    api: FlaskClient, make_api: MakeApi, other_actor: Actor, other_tenant: Company
) -> None:
    theirs = make_api(other_actor, tenant=other_tenant)
    made = theirs.post(CLIENTS, json={"name": "A"}).json

    assert api.get(f"{CLIENTS}/{made['id']}").status_code == 404
    assert api.patch(f"{CLIENTS}/{made['id']}", json={"name": "B"}).status_code == 404
    assert api.delete(f"{CLIENTS}/{made['id']}").status_code == 404
    branch = {"client_id": made["id"], "name": "Sede"}
    refused = api.post("/api/v1/clients/branches", json=branch)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["client_id"])
    assert api.post(CLIENTS, json={"id": made["id"], "name": "B"}).status_code == 201
    assert theirs.get(f"{CLIENTS}/{made['id']}").json["name"] == "A"


@pytest.mark.parametrize("id", ["x", "0", "%00", "01a20142323472f1a4224a9ac5a22e77"])
def test_an_address_that_is_no_id_does_not_exist(api: FlaskClient, id: str) -> None:
    answer = api.get(f"{CLIENTS}/{id}")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


# --- preconditions -------------------------------------------------------------------------------


def test_a_stale_change_is_refused_with_the_record_as_it_is(api: FlaskClient, record: Any) -> None:
    address, old = record.headers["Location"], record.headers["ETag"]
    newer = api.patch(address, json={"city": "Bogotá"}, headers={"If-Match": old})

    refused = api.patch(address, json={"city": "Pasto"}, headers={"If-Match": old})

    assert newer.status_code == 200
    assert (refused.status_code, refused.json["code"]) == (412, "stale")
    assert refused.json["current"] == newer.json
    assert refused.headers["ETag"] == newer.headers["ETag"]
    assert api.delete(address, headers={"If-Match": old}).status_code == 412
    tags = f'"x", {newer.headers["ETag"]}'
    assert api.delete(address, headers={"If-Match": tags}).status_code == 204


def test_any_version_will_do_for_a_star(api: FlaskClient, record: Any) -> None:
    answer = api.patch(
        record.headers["Location"], json={"city": "Pasto"}, headers={"If-Match": "*"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("wrong", ["weak", "version", "empty", "mark"])
def test_a_tag_that_is_not_the_records_own_never_matches(
    api: FlaskClient, record: Any, wrong: str
) -> None:
    tag = record.headers["ETag"]
    tags = {"weak": f"W/{tag}", "version": tag.replace('"1-', '"2-'), "empty": '""',
            "mark": tag.replace("-", "-0")}  # fmt: skip

    answer = api.patch(
        record.headers["Location"], json={"city": "X"}, headers={"If-Match": tags[wrong]}
    )

    assert answer.status_code == 412


def test_the_tag_of_another_record_does_not_match(api: FlaskClient, record: Any) -> None:
    other = api.post(CLIENTS, json={"name": "Otro"}).headers["ETag"]

    answer = api.patch(record.headers["Location"], json={"city": "X"}, headers={"If-Match": other})

    assert answer.status_code == 412


@pytest.mark.parametrize("header", ["1", "", '"1', "W/1", '"1" "2"', "*, *"])
def test_a_precondition_that_is_none_is_told(api: FlaskClient, record: Any, header: str) -> None:
    for name in ("If-Match", "If-None-Match"):
        method = api.patch if name == "If-Match" else api.get

        answer = method(record.headers["Location"], json={}, headers={name: header})

        assert (answer.status_code, answer.json["code"]) == (400, "bad_precondition")


def test_who_has_the_record_already_gets_no_copy(api: FlaskClient, record: Any) -> None:
    address, tag = record.headers["Location"], record.headers["ETag"]

    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        known = api.get(address, headers={"If-None-Match": header})
        assert (known.status_code, known.data) == (304, b"")
        assert known.headers["ETag"] == tag
    assert api.get(address, headers={"If-None-Match": '"x"'}).status_code == 200


def test_the_tag_changes_with_what_may_be_seen(
    api: FlaskClient, make_api: MakeApi, tenant: Company, record: Any
) -> None:
    member = tenant.member_with(
        {"*": {"view": "all", "edit": "all"}}, fields={"clients.client": {"city": "hidden"}}
    )
    narrow = make_api(member)
    address = record.headers["Location"]

    seen = narrow.get(address)

    assert "city" not in seen.json
    assert seen.headers["ETag"] != record.headers["ETag"]
    theirs = {"If-Match": seen.headers["ETag"]}
    assert api.patch(address, json={"name": "B"}, headers=theirs).status_code == 412
    assert narrow.patch(address, json={"name": "B"}, headers=theirs).status_code == 200
    hidden = narrow.patch(address, json={"city": "Pasto"})
    assert (hidden.status_code, list(hidden.json["errors"])) == (422, ["city"])


# --- what is decided first -----------------------------------------------------------------------


def test_decisions_come_in_order(
    api: FlaskClient, make_api: MakeApi, viewer: Actor, app: Any, record: Any
) -> None:
    address, nowhere = record.headers["Location"], f"{CLIENTS}/{uuid.uuid4()}"
    bad = {"data": b"{", "content_type": "application/json", "headers": {"If-Match": '"old"'}}
    reader = make_api(viewer)
    stranger = app.test_client()

    assert stranger.patch(nowhere, **bad).status_code == 401
    assert reader.patch(nowhere, **bad).status_code == 404
    assert reader.patch(f"{CLIENTS}x/1", **bad).status_code == 404
    assert reader.patch(address, **bad).status_code == 403
    assert api.patch(address, **bad).status_code == 400
    invalid = {"json": {"name": ""}, "headers": {"If-Match": '"old"'}}
    assert api.patch(address, **invalid).status_code == 422
    assert api.patch(address, json={}, headers={"If-Match": '"old"'}).status_code == 412
    assert reader.delete(f"{address}?x=1").status_code == 403
    assert api.delete(f"{address}?x=1").status_code == 400
    assert api.get(address).status_code == 200
    assert reader.post(CLIENTS, **bad).status_code == 403
    assert reader.get(f"{CLIENTS}?nope=1").status_code == 400


def test_that_a_record_does_not_exist_is_said_before_that_it_is_forbidden(
    make_api: MakeApi, tenant: Company, record: Any
) -> None:
    nobody = make_api(tenant.member_with({}))

    for method in (nobody.get, nobody.delete, nobody.patch):
        refused = method(record.headers["Location"], json={})
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
        assert method(f"{CLIENTS}/{uuid.uuid4()}", json={}).status_code == 404


def test_a_record_that_the_row_rule_hides_does_not_exist(
    api: FlaskClient, make_api: MakeApi, tenant: Company, record: Any
) -> None:
    own = {"view": "own", "create": "all", "edit": "own", "archive": "own"}
    seller = make_api(tenant.member_with({"*": own}))
    mine = seller.post(CLIENTS, json={"name": "Mío"})

    assert seller.get(record.headers["Location"]).status_code == 404
    assert seller.patch(record.headers["Location"], json={"name": "X"}).status_code == 404
    assert [row["name"] for row in seller.get(CLIENTS).json["data"]] == ["Mío"]
    assert api.get(mine.headers["Location"]).status_code == 200


def test_a_record_given_away_is_answered_by_its_id_alone(
    make_api: MakeApi, tenant: Company, actor: Actor
) -> None:
    own = {"view": "own", "create": "all", "edit": "own"}
    seller = make_api(tenant.member_with({"*": own}))
    made = seller.post(CLIENTS, json={"name": "Mío"})

    given = seller.patch(made.headers["Location"], json={"owner_id": str(actor.member_id)})

    assert given.status_code == 200
    assert given.json == {"id": made.json["id"], "version": 2}


@pytest.mark.parametrize(("scopes", "reads", "writes"), [
    (["clients:read"], 200, 403), (["clients:write"], 200, 201), (["*:read"], 200, 403),
    (["leads:write"], 403, 403), (["*:write"], 200, 201),
])  # fmt: skip
def test_scopes_narrow_what_a_token_may(
    make_api: MakeApi, actor: Actor, scopes: list[str], reads: int, writes: int
) -> None:
    narrow = make_api(actor, scopes=scopes)

    read = narrow.get(CLIENTS)
    written = narrow.post(CLIENTS, json={"name": "A"})

    assert (read.status_code, written.status_code) == (reads, writes)
    for answer in (read, written):
        if answer.status_code == 403:
            assert answer.json["code"] == "insufficient_scope"


def test_after_the_licence_reading_goes_on_and_writing_does_not(
    api: FlaskClient, record: Any, tenant: Company, clock: SettableClock
) -> None:
    tenant.install_license(expires=clock().date())
    clock.advance(days=31)
    # Tokens of the tests live longer than the grace period.
    address = record.headers["Location"]

    assert api.get(address).status_code == 200
    for refused in (
        api.post(CLIENTS, json={"name": "A"}), api.post(CLIENTS, data=b"{"),
        api.patch(address, json={"name": "A"}), api.delete(address),
        api.post(f"{CLIENTS}/bulk", json=[]),
        api.put(f"{CLIENTS}/by/identification/1", json={"name": "A"}),
    ):  # fmt: skip
        assert (refused.status_code, refused.json["code"]) == (403, "license_expired")
    assert api.get(address).json == record.json


def test_upsert_finds_a_number_with_leading_zeros(api, tenant) -> None:  # type: ignore[no-untyped-def]
    place = "/api/v1/clients/clients/by/identification/000455123"

    first = api.put(place, json={"name": "Ceros", "kind": "person"})
    second = api.put(place, json={"name": "Ceros otra vez"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
