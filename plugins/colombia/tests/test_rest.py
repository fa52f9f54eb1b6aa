"""How the fields look from outside."""

from __future__ import annotations

from typing import Any

CLIENTS = "/api/v1/clients/clients"


def test_a_client_carries_an_object_under_the_plugins_name(api: Any) -> None:
    made = api.post(
        CLIENTS,
        json={"name": "Yunque", "identification": "909.214.530-9",
              "colombia": {"identification_type": "nit", "municipality": "05001"}},
    )  # fmt: skip

    assert made.status_code == 201
    assert made.json["identification"] == "909214530"
    assert made.json["colombia"] == {
        "identification_type": "nit", "check_digit": "9", "municipality": "05001",
    }  # fmt: skip


def test_a_wrong_check_digit_is_refused_in_spanish_at_the_number(api: Any) -> None:
    refused = api.post(
        CLIENTS,
        json={"name": "Yunque", "identification": "909.214.530-7",
              "colombia": {"identification_type": "nit"}},
    )  # fmt: skip

    assert refused.status_code == 422
    assert "9" in str(refused.json["errors"]["identification"])
    assert "dígito de verificación" in str(refused.json["errors"]["identification"])


def test_lists_are_filtered_and_sorted_by_the_path(api: Any) -> None:
    rows = [{"name": code, "colombia": {"municipality": code}} for code in ("76001", "05001")]
    api.post(f"{CLIENTS}/bulk", json=rows)

    one = api.get(CLIENTS, query_string={"colombia.municipality": "05001"})
    both = api.get(CLIENTS, query_string={"sort": "-colombia.municipality"})

    assert [row["name"] for row in one.json["data"]] == ["05001"]
    assert [row["name"] for row in both.json["data"]] == ["76001", "05001"]


def test_a_tenant_without_it_has_no_such_object(api: Any, tenant: Any) -> None:
    tenant.disable("colombia")

    made = api.post(CLIENTS, json={"name": "Yunque"})
    listed = api.get(CLIENTS, query_string={"colombia.municipality": "05001"})

    assert "colombia" not in made.json
    assert listed.status_code == 400
