"""A slip of a plugin's author is an error of the program that names it, never the user's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from trato.db.types import new_id
from trato.entities.view import EntityView
from trato.hooks import hookimpl
from trato.host import Host
from trato.plugin import Permission
from trato.records.changes import Change
from trato.records.unit import Unit
from trato.testing.clients import browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.specimen import Loan
from trato.web.app import create_app


def reads(change: Change) -> Any:
    return change["nmae"]


def touches(change: Change) -> Any:
    return change.touches("nmae")


def asks(unit: Unit) -> Any:
    return unit.records.query("clients.client", columns=("nmae",))


def queues(unit: Unit) -> Any:
    return unit.enqueue("colombia.complete_client")


def may(unit: Unit) -> Any:
    return unit.actor.has("strict.reopn")


def sets(unit: Unit) -> Any:
    return unit.setting("strict.dyas")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("slip", "named"),
    [
        (reads, "nmae"),
        (touches, "nmae"),
        (asks, "nmae"),
        (sets, "strict.dyas"),
        (queues, "declared: colombia.complete_clients"),
        (may, "declared: strict.reopen"),
    ],
)
def test_a_wrong_name_in_a_hook_is_the_plugins_failure(
    make_plugin: Callable[..., Any], issue_license: LicenseIssuer,
    temporarily: Callable[..., AbstractContextManager[Host]], caplog: pytest.LogCaptureFixture,
    slip: Callable[..., Any], named: str,
) -> None:  # fmt: skip
    hooks = ModuleType("hooks")

    @hookimpl
    def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
        for change in changes:
            slip(change if slip in (reads, touches) else unit)

    hooks.trato_record_saving = trato_record_saving  # type: ignore[attr-defined]
    permission = Permission(name="strict.reopen", title="Reopen")
    strict = make_plugin("strict", hooks=hooks, depends=["clients"], permissions=[permission])
    with temporarily(strict) as other:
        company = make_company(other, issue_license)
        client = browser(create_app(other), company.member("admin"))
        answer = client.post("/clients/clients/new", data={"name": "Cóndor"})
        found = client.get("/clients/clients?q=condor")

    assert answer.status_code == 500
    assert named not in answer.text
    assert named in caplog.text
    assert "Cóndor" not in found.text


@pytest.mark.database("sqlite")
def test_a_hook_may_count_by_what_is_hidden_from_whoever_saves(
    make_plugin: Callable[..., Any], issue_license: LicenseIssuer,
    temporarily: Callable[..., AbstractContextManager[Host]],
) -> None:  # fmt: skip
    client = "clients.client"
    hooks = ModuleType("hooks")
    counted = []

    @hookimpl
    def trato_record_saving(unit: Unit, changes: list[Change]) -> None:
        limit = unit.view.entities[client].entity.credit_limit  # type: ignore[attr-defined]
        counted.append(unit.records.count_where(client, limit > 0))

    hooks.trato_record_saving = trato_record_saving  # type: ignore[attr-defined]
    with temporarily(make_plugin("strict", hooks=hooks, depends=["clients"])) as other:
        company = make_company(other, issue_license)
        seller = company.member_with(
            {client: {"view": "all", "create": "all"}},
            fields={client: {"credit_limit": "hidden"}},
        )
        with company.unit() as unit:
            unit.records.create(client, {"name": "Cóndor", "credit_limit": "5"})
        with company.unit(seller) as unit:
            unit.records.create(client, {"name": "Nevado"})

    assert counted == [0, 1]


def test_what_json_does_not_hold_is_named_where_it_is_queued(tenant: Company) -> None:
    wrong = {
        "client": new_id(), "days": [dt.date(2026, 11, 22)], "sum": {"net": Decimal("1.5")},
        "unit": object(), "good": [1, 1.5, "a", None, True],
    }  # fmt: skip
    with tenant.unit() as unit:
        with pytest.raises(TypeError) as queued:
            unit.enqueue("colombia.complete_clients", wrong)
        assert unit.enqueue("colombia.complete_clients", {"good": wrong["good"]}) is not None
        assert unit.enqueue("absent.score") is not None, "it waits for its plugin"

    assert str(queued.value) == (
        "colombia.complete_clients: payload['client'] is a UUID, which JSON does not hold; give "
        "str(…), and read it with UUID(…). payload['days'][0] is a date, which JSON does not hold; "
        "give ….isoformat(), and read it with fromisoformat(…). payload['sum']['net'] is a "
        "Decimal, which JSON does not hold; give str(…), and read it with Decimal(…). "
        "payload['unit'] is a object, which JSON does not hold; give text, numbers, lists and "
        "mappings, and of a record its id as text"
    )


def test_a_field_that_is_not_there_for_everybody_may_be_asked_for(tenant: Company) -> None:
    change = Change(entity=tenant.view.entities["clients.client"], action="create",
                    id=tenant.member("admin").member_id, version=1, values={})  # type: ignore[arg-type] # fmt: skip

    assert (change["colombia.regime"], change["custom.rating"], change["notes"]) == (None,) * 3


def test_the_id_is_the_records_and_what_an_entity_has_not_is_told() -> None:
    fields = dict.fromkeys(("borrower", "piece_id"))
    entity = EntityView(entity=Loan, fields=fields, extensions={})  # type: ignore[arg-type]
    record_id = new_id()

    for before in ({}, {"id": record_id, "borrower": "Ana"}):
        change = Change(entity=entity, action="update" if before else "create", id=record_id,
                        version=1, before=before)  # fmt: skip
        assert (change["id"], change.touches("id")) == (record_id, False)
        for ask in (change.__getitem__, change.touches):
            with pytest.raises(KeyError, match=r"specimen\.loan has no field 'owner_id'"):
                ask("owner_id")


def test_the_day_is_the_companys(tenant: Company, clock: SettableClock) -> None:
    clock.set(dt.datetime(2027, 3, 1, 3, tzinfo=dt.UTC))

    with tenant.unit(read=True) as unit:
        assert unit.today == dt.date(2027, 2, 28)
