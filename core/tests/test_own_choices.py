"""A value that is retired stays where it is and is taken by no way in."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from trato.configuration import apply_data
from trato.configuration.merging import merge_choice
from trato.errors import Invalid
from trato.exchange.importing import run_import
from trato.records import trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

pytestmark = pytest.mark.plugins("clients")

CLIENT = "clients.client"
CLIENTS = "/api/v1/clients/clients"
SAID = "«Tienda a tienda» ya no se ofrece; los registros que lo tienen lo conservan."


def choices(*retired: str) -> list[dict[str, Any]]:
    labels = {"tat": "Tienda a tienda", "mod": "Moderno", "dig": "Digital"}
    return [{"value": value, "label": label, "active": value not in retired}
            for value, label in labels.items()]  # fmt: skip


def configure(company: Company, *retired: str, **parts: Any) -> None:
    spec = {"labels": {"es": "Canal"}, "choices": choices(*retired), **parts}
    data = {"canal": {"kind": "choice", **spec}, "dias": {"kind": "choices", **spec}}
    apply_data(company.host, company.slug, {"fields": {CLIENT: data}})


@pytest.fixture
def held(tenant: Company) -> UUID:
    """Retire a value that a record holds."""
    configure(tenant)
    with tenant.unit() as unit:
        made: UUID = unit.records.create(
            CLIENT, {"name": "Ana", "custom.canal": "tat", "custom.dias": ["tat", "mod"]}
        ).id
    configure(tenant, "tat")
    return made


def test_a_form_refuses_it_and_keeps_it_where_it_is(
    tenant: Company, held: UUID, client: Browser
) -> None:
    new = client.get("/clients/clients/new")
    refused = client.post("/clients/clients/new", data={"name": "Eva", "custom.canal": "tat"})
    edited = client.post(
        f"/clients/clients/{held}/edit",
        data={"name": "Anita", "custom.canal": "tat", "custom.dias": ["", "tat"], "version": "1"},
    )

    assert "Tienda a tienda" not in new.text
    assert page_of(refused).error_of("custom.canal") == SAID
    assert edited.status_code == 302
    with tenant.unit(read=True) as unit:
        record = unit.records.get(CLIENT, held)
    assert (record["name"], record["custom.canal"], record["custom.dias"]) == (
        "Anita", "tat", ["tat"],
    )  # fmt: skip


def test_the_interface_for_programs_refuses_it_with_the_reason(
    held: UUID, api: FlaskClient
) -> None:
    made = api.post(CLIENTS, json={"name": "Eva", "custom": {"canal": "tat"}})
    many = api.post(CLIENTS, json={"name": "Eva", "custom": {"dias": ["mod", "tat"]}})
    kept = api.patch(f"{CLIENTS}/{held}", json={"custom": {"canal": "tat", "dias": ["tat"]}})
    found = api.get(f"{CLIENTS}?custom.canal=tat")

    assert made.status_code == many.status_code == 422
    assert made.json["errors"] == {"custom.canal": [SAID]}
    assert list(many.json["errors"]) == ["custom.dias"]
    assert kept.status_code == 200
    assert [row["name"] for row in found.json["data"]] == ["Ana"]


def test_an_import_refuses_its_rows_and_writes_the_others(
    tenant: Company, held: UUID, tmp_path: Path
) -> None:
    file = tmp_path / "datos.csv"
    file.write_text("Nombre,custom.canal\nEva,Tienda a tienda\nLuz,Moderno\n", encoding="utf-8")

    result = run_import(tenant.host, tenant.system(), CLIENT, file)

    said = [tenant.host.catalogs.message(p.message, "es") for p in result.problems]
    assert (result.created, result.refused, said) == (1, 1, [SAID])


def test_new_records_do_not_begin_with_it(tenant: Company) -> None:
    configure(tenant)
    spec = {"canal": {"default": "tat"}, "dias": {"default": ["tat", "mod"]}}
    apply_data(tenant.host, tenant.slug, {"fields": {CLIENT: spec}})

    configure(tenant, "tat")

    fields = tenant.view.entities[CLIENT].fields
    assert fields["custom.canal"].default is None
    assert fields["custom.dias"].default == ["mod"]
    with pytest.raises(Invalid):
        configure(tenant, "tat", default="tat")


def test_a_merge_brings_back_what_takes_its_place_and_is_audited(
    tenant: Company, held: UUID
) -> None:
    admin = tenant.member("admin")
    configure(tenant, "mod")

    count = merge_choice(tenant.host, tenant.renew(admin), CLIENT, "canal", value="tat",
                         into="mod")  # fmt: skip

    assert count == 1
    assert tenant.view.entities[CLIENT].fields["custom.canal"].retired == {"tat"}
    with tenant.unit(read=True) as unit:
        assert unit.records.get(CLIENT, held)["custom.canal"] == "mod"
        acts, _more = trail.page(
            unit.connection, tenant.id, TrailFilter(entity="core.configuration")
        )
    assert acts[0].member_id == admin.member_id
    assert acts[0].after["changes"] == {
        "choices": [["tat", "dig"], ["mod", "dig"]], "records": [0, 1],
    }  # fmt: skip
