"""The OpenAPI document and the pages about the API: what a tenant has, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import trato
from trato.rest.codes import CODES
from trato.testing.clients import Browser
from trato.testing.companies import Company

pytestmark = pytest.mark.database("sqlite")

MakeApi = Callable[..., FlaskClient]
CLIENTS = "/api/v1/clients/clients"


@pytest.fixture
def document(api: FlaskClient) -> Any:
    """Give the tenant's document."""
    return api.get("/api/v1/openapi.json").json


def parameters(document: Any, path: str = CLIENTS) -> dict[str, Any]:
    """Give the parameters of a list by name."""
    return {p["name"]: p for p in document["paths"][path]["get"]["parameters"]}


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Give every object of a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_every_entity_has_its_paths(document: Any, tenant: Company) -> None:
    assert document["openapi"] == "3.1.0"
    for entity in tenant.view.entities.values():
        base = f"/api/v1/{entity.info.plugin}/{entity.info.collection}"
        assert set(document["paths"][base]) == {"get", "post"}
        assert set(document["paths"][f"{base}/{{id}}"]) == {
            "parameters", "get", "patch", "delete"
        }  # fmt: skip
        assert set(document["paths"][f"{base}/bulk"]) == {"post"}
    assert f"{CLIENTS}/by/identification/{{value}}" in document["paths"]
    # Where the record exists nothing need be sent.
    schemas = document["components"]["schemas"]
    assert "required" not in schemas["clients.client.by.identification"]
    assert schemas["clients.client.new"]["required"] == ["name"]


def test_every_reference_leads_somewhere_and_every_name_is_unique(document: Any) -> None:
    references = {found["$ref"] for found in walk(document) if "$ref" in found}
    for reference in references:
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
        assert at
    names = [found["operationId"] for found in walk(document["paths"]) if "tags" in found]
    assert len(names) == len(set(names)) > 40


def test_every_call_needs_a_token_and_tells_its_refusals(document: Any) -> None:
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operation in (found for found in walk(document["paths"]) if "responses" in found):
        assert {"400", "401", "403", "404", "429", "500", "503"} <= set(operation["responses"])
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= set(operation["responses"])


def test_a_field_is_described_once_for_each_operator(document: Any) -> None:
    found = parameters(document)

    assert found["credit_limit__gte"]["schema"]["type"] == "string"
    assert found["status"]["schema"]["enum"] == ["active", "prospect", "inactive"]
    assert found["status__in"]["schema"]["items"]["enum"] == ["active", "prospect", "inactive"]
    assert found["status__in"]["explode"] is False
    assert found["city__isnull"]["schema"] == {"type": "boolean"}
    assert "parent_id__under" in found
    assert "owner_id__under" not in found
    assert "notes" not in " ".join(found["sort"]["schema"]["items"]["enum"])


def test_bodies_ask_for_what_a_new_record_needs(document: Any) -> None:
    schemas = document["components"]["schemas"]
    new, change = schemas["clients.client.new"], schemas["clients.client.change"]
    answer = schemas["clients.client"]

    assert new["required"] == ["name"]
    assert "required" not in change
    assert "created_at" not in new["properties"]
    assert answer["properties"]["created_at"]["readOnly"] is True
    assert "check_digit" not in new["properties"]["colombia"]["properties"]
    assert "check_digit" in answer["properties"]["colombia"]["properties"]
    assert new["properties"]["kind"]["default"] == "company"
    assert new["additionalProperties"] is False


def test_an_own_field_appears_with_its_label(
    api: FlaskClient, document: Any, tenant: Company
) -> None:
    assert "custom.zone" not in parameters(document)
    tenant.custom_field("clients.client", "zone", "text", label="Zona de venta", unique=True)

    after = api.get("/api/v1/openapi.json").json

    assert "custom.zone__startswith" in parameters(after)
    new = after["components"]["schemas"]["clients.client.new"]
    assert new["properties"]["custom"]["properties"]["zone"]["title"] == "Zona de venta"
    assert f"{CLIENTS}/by/custom.zone/{{value}}" in after["paths"]


def test_a_disabled_plugin_leaves_no_trace(api: FlaskClient, tenant: Company) -> None:
    assert b"colombia" in api.get("/api/v1/openapi.json").data
    tenant.disable("colombia")

    assert b"colombia" not in api.get("/api/v1/openapi.json").data
    assert b"colombia" not in api.get("/api/v1/docs/clients/clients").data


def test_a_hidden_field_leaves_no_trace(make_api: MakeApi, tenant: Company) -> None:
    hidden = {"clients.client": {"credit_limit": "hidden", "city": "read"}}
    narrow = make_api(tenant.member_with({"*": {"view": "all"}}, fields=hidden))

    found = narrow.get("/api/v1/openapi.json")

    assert b"credit_limit" not in found.data
    schemas = found.json["components"]["schemas"]
    assert "city" in schemas["clients.client"]["properties"]
    assert "city" not in schemas["clients.client.new"]["properties"]
    assert b"credit_limit" not in narrow.get("/api/v1/docs/clients/clients").data


def test_the_document_speaks_the_readers_language(api: FlaskClient, document: Any) -> None:
    schema = document["components"]["schemas"]["clients.client"]

    assert schema["title"] == "Cliente"
    assert schema["properties"]["credit_limit"]["title"] == "Cupo de crédito"
    texts = {found["summary"] for found in walk(document) if "summary" in found}
    assert "Listar Clientes" in texts


def test_a_document_is_made_once(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = api.get("/api/v1/openapi.json").data
    monkeypatch.setattr("trato.rest.openapi.document.document", None)

    assert api.get("/api/v1/openapi.json").data == first


# --- pages ---------------------------------------------------------------------------------------


def test_a_person_reads_about_the_api(client: Browser, tenant: Company) -> None:
    overview = client.get("/api/v1/docs")

    assert overview.status_code == 200
    assert overview.mimetype == "text/html"
    for entity in tenant.view.entities.values():
        path = f"/api/v1/{entity.info.plugin}/{entity.info.collection}"
        assert path in overview.text
        page = client.get(path.replace("/v1/", "/v1/docs/"))
        assert page.status_code == 200
        for field in entity.fields:
            assert f"<code>{field}</code>" in page.text
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert "http" not in re.sub(r"http://localhost|https?://www.w3.org", "", overview.text)


def test_every_error_of_a_problem_has_its_place_in_the_page(client: Browser) -> None:
    page = client.get("/api/v1/docs").text

    for code in CODES:
        assert f'id="{code.name}"' in page


def test_pages_show_what_the_reader_may_see(make_api: MakeApi, tenant: Company) -> None:
    rights = {"clients.client": {"view": "all"}}
    narrow = make_api(tenant.member_with(rights))

    assert "/api/v1/clients/contacts" not in narrow.get("/api/v1/docs").text
    assert narrow.get("/api/v1/docs/clients/contacts").status_code == 403
    assert narrow.get("/api/v1/docs/clients/clients").status_code == 200


def test_every_code_that_the_api_gives_is_in_the_list_and_the_manual() -> None:
    rest = Path(trato.__file__).parent / "rest"
    written = {
        code
        for file in rest.rglob("*.py")
        for code in re.findall(r'code ?= ?"([a-z_]+)"', file.read_text(encoding="utf-8"))
    }
    listed = {code.name for code in CODES}

    assert len(written) > 12
    assert written <= listed
    manual = (Path(__file__).parents[2] / "docs" / "rest.md").read_text(encoding="utf-8")
    assert {name for name in listed if f"`{name}`" not in manual} == set()
