"""Without the plugin a tenant sees nothing of it, and with it again everything is back."""

from __future__ import annotations

from typing import Any

import pytest

from trato.api import Invalid

CLIENT = "clients.client"


def test_a_tenant_without_it_has_none_of_its_fields_and_rules(unit: Any, tenant: Any) -> None:
    tenant.disable("colombia")

    with unit() as work:
        view = work.view.entity(CLIENT)
        record = work.records.create(
            CLIENT,
            {"name": "Yunque", "identification": "909.214.530-7", "identification_type": "NIT",
             "phone": "310 555 1234", "city": "Medellín", "region": "Antioquia"},
        )  # fmt: skip
        with pytest.raises(Invalid):
            work.records.create(CLIENT, {"name": "X", "colombia.municipality": "05001"})

    assert not [path for path in view.fields if path.startswith("colombia.")]
    assert not [path for path in record.values if path.startswith("colombia.")]
    assert CLIENT not in tenant.view.slots
    assert record["identification"] == "909.214.530-7"
    assert record["phone"] == "310 555 1234"


def test_data_outlives_a_time_without_it(unit: Any, tenant: Any) -> None:
    with unit() as work:
        client = work.records.create(
            CLIENT, {"name": "Yunque", "identification": "909214530-9",
                     "colombia.municipality": "05001"},
        )  # fmt: skip

    tenant.disable("colombia")
    with unit() as work:
        work.records.update(CLIENT, client.id, {"name": "El Yunque"})
    tenant.enable("colombia")

    with unit(read=True) as work:
        record = work.records.get(CLIENT, client.id)
    assert record["colombia.municipality"] == "05001"
    assert record["colombia.check_digit"] == "9"
    assert record["colombia.identification_type"] == "nit"


def test_the_form_and_list_of_clients_are_added_to(tenant: Any) -> None:
    [slot] = tenant.view.slots[CLIENT]

    assert [section.title for section in slot.sections] == ["Identification in Colombia"]
    assert tenant.host.problems == []
