from __future__ import annotations

from typing import Any

from trato_clients.demo import generate


def test_clients_of_the_demo_have_type_check_digit_and_municipality(unit: Any) -> None:
    clients = list(generate(400))
    rows = [
        {"name": client.name, "kind": client.kind, "identification": client.identification,
         "city": client.city, "region": client.region, "phone": client.phone}
        for client in clients
    ]  # fmt: skip

    with unit() as work:
        outcomes = work.records.bulk("clients.client", rows)
        records = [work.records.get("clients.client", outcome.id) for outcome in outcomes]

    for client, record in zip(clients, records, strict=True):
        company = client.kind == "company"
        assert record["colombia.municipality"] == client.municipality_code
        assert record["colombia.identification_type"] == ("nit" if company else "cc")
        assert (record["colombia.check_digit"] is not None) == company
        assert record["identification"] == client.identification
        assert record["phone"] == client.phone
