"""What the database refuses in the last moment is told at the field that it is about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from trato.db.types import new_id
from trato.errors import Invalid
from trato.hooks import hookimpl
from trato.host import Host
from trato.records.changes import Change
from trato.records.unit import Unit
from trato.records.writing import ID_TAKEN, _explain
from trato.testing.companies import Company, LicenseIssuer, make_company

LABEL = "specimen.label"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def label(tenant: Company) -> UUID:
    with tenant.unit() as unit:
        piece = unit.records.create("specimen.piece", {"name": "Cóndor"})
        values = {"piece_id": str(piece.id), "number": 1, "wording": "Alas"}
        return unit.records.create(LABEL, values).id


@pytest.mark.parametrize(
    ("same", "action", "changed", "path"),
    [
        ("number", "create", {"number": 1}, "number"),
        # A record that comes out of the bin changes nothing, and its id is not the matter.
        ("number", "restore", {}, "piece_id"),
        ("id", "create", {"number": 2}, "id"),
    ],
)
def test_refusal_of_the_database_stands_at_its_field(
    tenant: Company, label: UUID, same: str, action: Any, changed: dict[str, Any], path: str
) -> None:
    with tenant.unit() as unit:
        table = unit.view.entities[LABEL].table
        row = unit.connection.execute(select(table).where(table.c.id == label)).mappings().one()
        another = {"number": 2} if same == "id" else {"id": new_id()}
        twice = insert(table).values({**row, **another})
        with pytest.raises(IntegrityError) as refused, unit.connection.begin_nested():
            unit.connection.execute(twice)
    change = Change(entity=tenant.view.entities[LABEL], action=action, id=label, version=1,
                    values=changed)  # fmt: skip

    _explain(change.entity, change, refused.value)

    assert list(change.errors) == [path]
    assert (change.errors[path][0].text == ID_TAKEN) == (path == "id")


def test_plugin_may_refuse_a_record_by_its_id(
    make_plugin: Callable[..., Any], issue_license: LicenseIssuer,
    temporarily: Callable[..., AbstractContextManager[Host]],
) -> None:  # fmt: skip
    hooks = ModuleType("hooks")

    @hookimpl
    def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
        for change in changes:
            change.refuse("id", "The other system does not know it.")
            change.refuse("name", "Nor its name.")

    hooks.trato_record_saving = trato_record_saving  # type: ignore[attr-defined]
    with temporarily(make_plugin("strict", hooks=hooks, depends=["clients"])) as other:
        company = make_company(other, issue_license)
        with pytest.raises(Invalid) as refused, company.unit() as unit:
            unit.records.create("clients.client", {"name": "Cóndor"})

    assert set(refused.value.errors) == {"id", "name"}
