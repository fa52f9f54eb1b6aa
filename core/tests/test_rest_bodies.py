"""Bodies of calls: what is read, what is refused and where; many at once; by a telling field."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.companies import Company

CLIENTS = "/api/v1/clients/clients"
CATEGORIES = "/api/v1/clients/categories"
BY = f"{CLIENTS}/by/identification"

MakeApi = Callable[..., FlaskClient]


def send(api: FlaskClient, data: bytes, path: str = CLIENTS, **kwargs: Any) -> Any:
    """Post bytes as JSON."""
    return api.post(path, data=data, **{"content_type": "application/json"} | kwargs)


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_what_is_not_json_is_refused_before_anything_is_written(api: FlaskClient) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    for data in (
        b"", b"{", b"{'name': 1}", b'{"name": "A"} x', b"\xff\xfe{}", b'{"name": "\xff"}',
        b'{"name": "\\ud800"}', b'{"name": NaN}', b'{"credit_limit": Infinity}', deep,
        b'{"name": ' + deep + b"}", b"\xef\xbb\xbf{}", b'{"payment_days": ' + b"9" * 5000 + b"}",
    ):  # fmt: skip
        answer = send(api, data)

        assert (answer.status_code, answer.json["code"]) == (400, "bad_json"), data[:40]
    assert api.get(CLIENTS).json["data"] == []


@pytest.mark.database("sqlite")
def test_a_body_of_the_wrong_form_is_refused_as_a_value(api: FlaskClient) -> None:
    for data in (b"[]", b"null", b"3", b'"x"', b"true"):
        assert (send(api, data).status_code, list(send(api, data).json["errors"])) == (422, [""])
    for data in (b"{}", b"null", b"3"):
        answer = send(api, data, f"{CLIENTS}/bulk")
        assert (answer.status_code, list(answer.json["errors"])) == (422, [""])
    assert api.get(CLIENTS).json["data"] == []


@pytest.mark.database("sqlite")
def test_only_json_in_utf8_is_read(api: FlaskClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                 "application/json; charset=latin-1", None):  # fmt: skip
        answer = send(api, b'{"name": "A"}', content_type=kind)

        assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type"), kind
    good = ("application/json; charset=UTF-8", "application/merge-patch+json")
    for kind in good:
        assert send(api, b'{"name": "A"}', content_type=kind).status_code == 201


@pytest.mark.database("sqlite")
def test_a_body_over_the_limit_is_refused(api: FlaskClient, host: Host) -> None:
    limit = host.settings.max_body_mb * 1024 * 1024

    said = api.post(CLIENTS, data=b"{}", content_type="application/json",
                    environ_overrides={"CONTENT_LENGTH": str(limit + 1)})  # fmt: skip

    assert (said.status_code, said.json["code"]) == (413, "too_large")


@pytest.mark.database("sqlite")
def test_a_body_that_hides_its_length_is_refused_too(api: FlaskClient, host: Host) -> None:
    import io

    limit = host.settings.max_body_mb * 1024 * 1024
    stream = io.BytesIO(b'{"notes": "' + b"a" * (limit + 10) + b'"}')

    answer = api.post(
        CLIENTS, input_stream=stream, content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip

    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.database("sqlite")
def test_each_wrong_field_is_named_with_its_reasons(api: FlaskClient) -> None:
    body = {
        "nope": 1, "version": 3, "created_at": "2026-01-01T00:00:00Z", "payment_days": 4000,
        "credit_limit": "x", "email": "no", "kind": "", "category_id": "", "tags": "VIP",
        "custom": {"nope": 1}, "custom.zone": 1, "colombia": {"check_digit": "1", "nope": 2},
        "notes": [[[[[[1]]]]]], "is_client": None, "owner_id": str(uuid.uuid4()),
    }  # fmt: skip

    answer = api.post(CLIENTS, json=body)

    assert answer.status_code == 422
    named = set(body) - {"custom", "colombia", "owner_id"} | {
        "name", "custom.nope", "colombia.check_digit", "colombia.nope"
    }  # fmt: skip
    assert set(answer.json["errors"]) == named
    assert all(texts and all(texts) for texts in answer.json["errors"].values())


@pytest.mark.database("sqlite")
def test_a_field_that_stands_twice_is_refused(api: FlaskClient, tenant: Company) -> None:
    tenant.custom_field("clients.client", "zone", "text")

    answer = send(api, b'{"name": "A", "name": "B", "custom": {"zone": "x", "zone": "y"}}')

    assert (answer.status_code, set(answer.json["errors"])) == (422, {"name", "custom.zone"})


@pytest.mark.database("sqlite")
def test_a_group_of_fields_is_an_object(api: FlaskClient) -> None:
    for value in (None, [], "x", 3):
        answer = api.post(CLIENTS, json={"name": "A", "custom": value, "colombia": value})

        assert (answer.status_code, set(answer.json["errors"])) == (422, {"custom", "colombia"})


@pytest.mark.database("sqlite")
def test_a_change_takes_neither_id_nor_version(api: FlaskClient) -> None:
    address = api.post(CLIENTS, json={"name": "A"}).headers["Location"]

    answer = api.patch(address, json={"id": str(uuid.uuid4()), "version": 1})

    assert (answer.status_code, set(answer.json["errors"])) == (422, {"id", "version"})


@pytest.mark.database("sqlite")
def test_a_whole_number_may_be_written_with_a_point(api: FlaskClient) -> None:
    assert send(api, b'{"name": "A", "payment_days": 30.0}').json["payment_days"] == 30
    assert send(api, b'{"name": "A", "payment_days": 3e1}').json["payment_days"] == 30
    for number in (b"30.5", b"1e300", b"true"):
        refused = send(api, b'{"name": "A", "payment_days": %s}' % number)
        assert list(refused.json["errors"]) == ["payment_days"]


# --- many at once --------------------------------------------------------------------------------


def test_a_bulk_writes_what_is_right_and_names_what_is_not(api: FlaskClient, actor: Actor) -> None:
    known = api.post(CATEGORIES, json={"name": "A"}).json["id"]
    chosen = str(uuid.uuid4())
    rows = [
        {"name": "B", "id": chosen}, {"name": ""}, {"nope": 1, "name": "C"}, {"name": "a"},
        {"name": "D", "id": known}, {"name": "D", "id": "x"}, {"name": "B"},
        {"name": "E", "parent_id": known}, {"name": "F", "parent_id": str(uuid.uuid4())}, {},
        5, None, [{"name": "G"}],
    ]  # fmt: skip

    answer = api.post(f"{CATEGORIES}/bulk", json=rows)

    assert answer.status_code == 207
    data = answer.json["data"]
    assert [row["status"] for row in data] == [201, 422, 422, 422, 409, 422, 422, 201] + [422] * 5
    assert data[0] == {"status": 201, "id": chosen}
    assert [list(row.get("errors", ())) for row in data] == [
        [], ["name"], ["nope"], ["name"], ["id"], ["id"], ["name"], [], ["parent_id"], ["name"],
        [""], [""], [""],
    ]  # fmt: skip
    stored = {row["name"] for row in api.get(CATEGORIES).json["data"]}
    assert stored == {"A", "B", "E"}


def test_a_bulk_takes_a_thousand_rows_and_no_more(api: FlaskClient) -> None:
    rows = [{"name": f"K{n}"} for n in range(1001)]

    refused = api.post(f"{CATEGORIES}/bulk", json=rows)
    taken = api.post(f"{CATEGORIES}/bulk", json=rows[:1000])

    assert (refused.status_code, refused.json["code"]) == (422, "too_many_rows")
    assert (taken.status_code, len(taken.json["data"])) == (200, 1000)
    assert api.get(f"{CATEGORIES}?count=true").json["total"] == 1000
    assert api.post(f"{CATEGORIES}/bulk", json=[]).json == {"data": []}


def test_a_bulk_wants_the_right_to_create(make_api: MakeApi, viewer: Actor) -> None:
    assert make_api(viewer).post(f"{CATEGORIES}/bulk", json=[{"name": "A"}]).status_code == 403


# --- by a field that tells records apart ---------------------------------------------------------


def test_the_first_upsert_creates_and_the_second_changes(api: FlaskClient) -> None:
    made = api.put(f"{BY}/AB.12-34", json={"name": "A", "city": "Cali"})
    changed = api.put(f"{BY}/ab1234", json={"city": "Pasto"})

    assert made.status_code == 201
    assert made.headers["Location"] == f"{CLIENTS}/{made.json['id']}"
    assert changed.status_code == 200
    assert changed.json["id"] == made.json["id"]
    assert changed.json["identification"] == "AB.12-34"
    assert (changed.json["name"], changed.json["city"]) == ("A", "Pasto")
    assert changed.headers["ETag"] != made.headers["ETag"]
    respelled = api.put(f"{BY}/AB1234", json={"identification": "AB 1234"})
    assert respelled.json["identification"] == "AB 1234"


def test_an_upsert_obeys_its_precondition(api: FlaskClient) -> None:
    made = api.put(f"{BY}/X1", json={"name": "A"})
    tag = {"If-Match": made.headers["ETag"]}

    assert api.put(f"{BY}/X1", json={"city": "Cali"}, headers=tag).status_code == 200
    stale = api.put(f"{BY}/X1", json={"city": "Pasto"}, headers=tag)
    assert (stale.status_code, stale.json["current"]["city"]) == (412, "Cali")
    nowhere = api.put(f"{BY}/X2", json={"name": "B"}, headers={"If-Match": "*"})
    assert (nowhere.status_code, nowhere.json["current"]) == (412, None)
    assert api.put(f"{BY}/X2", json={}, headers={"If-Match": "*"}).status_code == 422


def test_an_upsert_that_is_unclear_is_a_conflict(api: FlaskClient) -> None:
    for _ in range(2):
        api.post(CLIENTS, json={"name": "A", "identification": "X1"})

    answer = api.put(f"{BY}/X1", json={"name": "B"})

    assert (answer.status_code, answer.json["code"]) == (409, "ambiguous")


def test_an_upsert_refuses_what_contradicts_its_address(api: FlaskClient) -> None:
    chosen = str(uuid.uuid4())
    api.put(f"{BY}/X1", json={"name": "A", "id": chosen})

    other = api.put(f"{BY}/X1", json={"identification": "X2"})
    another = api.put(f"{BY}/X1", json={"id": str(uuid.uuid4())})

    assert (other.status_code, list(other.json["errors"])) == (422, ["identification"])
    assert another.status_code == 409
    assert api.put(f"{BY}/X1", json={"id": chosen}).status_code == 200


def test_an_upsert_goes_by_fields_that_tell_records_apart_only(
    api: FlaskClient, tenant: Company
) -> None:
    tenant.custom_field("clients.client", "code", "text", unique=True, indexed=True)

    assert api.put(f"{CLIENTS}/by/custom.code/9/1 é", json={"name": "A"}).status_code == 201
    again = api.put(f"{CLIENTS}/by/custom.code/9/1 é", json={"city": "Cali"})
    assert (again.status_code, again.json["custom"]) == (200, {"code": "9/1 é"})
    for field, code in (("city", "not_unique"), ("nope", "unknown_field"), ("id", "unknown_field")):
        refused = api.put(f"{CLIENTS}/by/{field}/x", json={"name": "A"})
        assert (refused.status_code, refused.json["code"]) == (400, code)
    for value, status in (("a" * 41, 400), ("%00", 400), ("%20", 404), ("-", 404), ("", 404)):
        assert api.put(f"{BY}/{value}", json={"name": "A"}).status_code == status


def test_an_upsert_wants_the_right_for_what_it_does(
    api: FlaskClient, make_api: MakeApi, tenant: Company, viewer: Actor
) -> None:
    api.put(f"{BY}/X1", json={"name": "A"})
    rights = {"view": "all", "create": "none", "edit": "all"}
    editor = make_api(tenant.member_with({"*": rights}))
    creator = make_api(tenant.member_with({"*": {"view": "all", "create": "all"}}))
    blind = make_api(tenant.member_with({"*": {"view": "own", "create": "all", "edit": "own"}}))

    assert make_api(viewer).put(f"{BY}/X1", data=b"{").status_code == 403
    assert editor.put(f"{BY}/X1", json={"city": "Cali"}).status_code == 200
    assert editor.put(f"{BY}/X2", json={"name": "B"}).status_code == 403
    assert creator.put(f"{BY}/X1", json={"city": "Cali"}).status_code == 403
    assert creator.put(f"{BY}/X2", json={"name": "B"}).status_code == 201
    unseen = blind.put(f"{BY}/X1", json={"name": "Mine"})
    assert (unseen.status_code, unseen.json["code"]) == (409, "conflict")


def test_an_archived_record_is_not_changed_by_an_upsert(api: FlaskClient) -> None:
    made = api.put(f"{BY}/X1", json={"name": "A"})
    api.delete(made.headers["Location"])

    again = api.put(f"{BY}/X1", json={"name": "B"})

    assert again.status_code == 201
    assert again.json["id"] != made.json["id"]


def test_upserts_at_once_make_one_record(
    app: Flask, tenant: Company, actor: Actor, api: FlaskClient
) -> None:
    headers = {"Authorization": f"Bearer {tenant.token(actor)}"}
    start, answers = threading.Barrier(4), []

    def call(number: int) -> None:
        client = app.test_client()
        start.wait()
        answers.append(client.put(f"{BY}/X1", json={"name": f"N{number}"}, headers=headers))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert json.loads(api.get(CLIENTS).data)["data"][0]["version"] == 4
