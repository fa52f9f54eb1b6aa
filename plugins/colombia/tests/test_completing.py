"""Third parties that were there before Colombia was switched on are completed in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trato.db.engine import transaction
from trato.jobs import queue
from trato_colombia import completing

if TYPE_CHECKING:
    from trato.jobs.queue import Task
    from trato.testing.companies import Company

CLIENT = "clients.client"
pytestmark = pytest.mark.plugins("clients")


def add(company: Company, *rows: dict[str, Any]) -> None:
    with company.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows)
    assert all(outcome.status == "created" for outcome in outcomes)


def kept(company: Company) -> dict[str, tuple[Any, ...]]:
    paths = ("identification", "colombia.identification_type", "colombia.check_digit")
    with company.unit(read=True) as unit:
        page = unit.records.query(CLIENT, columns=("name", *paths), limit=500)
        return {row["name"]: tuple(row[path] for path in paths) for row in page.records()}


def enable(company: Company) -> None:
    company.install_license(["clients", "colombia"])
    company.enable("colombia")


def waiting(company: Company) -> list[Task]:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return [task for task in queue.tasks(connection, company.id, job=completing.NAME)
                if task.state == "queued"]  # fmt: skip


def test_type_and_check_digit_are_filled_where_there_is_no_doubt(tenant: Company) -> None:
    add(
        tenant,
        {"name": "Con dígito", "identification": "909.214.530-9"},
        {"name": "Dicho", "identification": "52123456", "identification_type": "C.C.",
         "kind": "person"},
        {"name": "Dudoso", "identification": "AB-77", "kind": "person"},
        {"name": "Imposible", "identification": "12A", "identification_type": "NIT"},
        {"name": "Nada"},
    )  # fmt: skip

    enable(tenant)
    before = kept(tenant)["Con dígito"]
    done = tenant.run_task(waiting(tenant)[0].id)

    found = kept(tenant)
    assert before == ("909.214.530-9", None, None)
    assert found["Con dígito"] == ("909214530", "nit", "9")
    assert found["Dicho"][1] == "cc"
    assert found["Dudoso"] == ("AB-77", None, None)
    assert found["Imposible"][1:] == (None, None)
    assert found["Nada"] == (None, None, None)
    assert done.state == "done"
    assert done.result["refused"] == 1
    with tenant.unit(read=True) as unit:
        newest = unit.records.history(CLIENT, _id(unit, "Con dígito"))[0]
    assert (newest.actor, newest.action) == ("job", "update")


def _id(unit: Any, name: str) -> Any:
    return next(row["id"] for row in unit.records.query(CLIENT, columns=("name",)).records()
                if row["name"] == name)  # fmt: skip


def test_many_are_done_in_tasks_that_follow_one_another(
    tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completing, "_SET", 2)
    monkeypatch.setattr(completing, "_SETS", 1)
    add(tenant, *({"name": f"T{n}", "identification": f"90921453{n}"} for n in range(5)))
    enable(tenant)

    runs = []
    while tasks := waiting(tenant):
        runs.append(tenant.run_task(tasks[0].id).result)

    assert [run["completed"] for run in runs] == [2, 4, 5]
    assert {values[1] for values in kept(tenant).values()} == {"nit"}


def test_a_company_without_third_parties_has_nothing_to_wait_for(tenant: Company) -> None:
    enable(tenant)

    assert waiting(tenant) == []
