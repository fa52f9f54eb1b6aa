"""What a hook derives is written by nobody else, and the refusal says so."""

from __future__ import annotations

from typing import Any

import pytest

from trato.api import Invalid
from trato.testing.companies import Company

pytestmark = [pytest.mark.plugins("colombia"), pytest.mark.database("sqlite")]

CLIENT = "clients.client"
DIGIT = "colombia.check_digit"
DERIVED = "It is derived: its module sets it while a record is saved, and nobody else does."
UNKNOWN = "There is no such field, or it cannot be written."


def test_a_derived_field_is_refused_in_words_of_its_own(tenant: Company, api: Any) -> None:
    with tenant.unit() as unit:
        client = unit.records.create(CLIENT, {"name": "La Espiga"})

    with tenant.unit() as unit, pytest.raises(Invalid) as refused:
        unit.records.update(CLIENT, client.id, {DIGIT: "1", "colombia.chek_digit": "1"})
    answer = api.post("/api/v1/clients/clients", json={"name": "B", "colombia": {"check_digit": 1}})

    told = {path: " ".join(map(str, texts)) for path, texts in refused.value.errors.items()}
    assert told == {DIGIT: DERIVED, "colombia.chek_digit": UNKNOWN}
    assert answer.status_code == 422
    assert answer.get_json()["errors"][DIGIT][0].startswith("Es derivado: ")


def test_to_whom_a_derived_field_is_hidden_it_is_none(tenant: Company) -> None:
    rights = {CLIENT: {"view": "all", "create": "all"}}
    blind = tenant.member_with(rights, fields={CLIENT: {DIGIT: "hidden"}})

    with tenant.unit(blind) as unit, pytest.raises(Invalid) as refused:
        unit.records.create(CLIENT, {"name": "B", DIGIT: "1"})

    assert [str(text) for text in refused.value.errors[DIGIT]] == [UNKNOWN]
