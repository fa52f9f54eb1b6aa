"""Indexes of own fields that are made in the background: meanwhile, afterwards, and in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from trato.configuration import Step, apply_data, export_configuration, refilling
from trato.configuration.refilling import Refill
from trato.db.engine import transaction
from trato.errors import BadQuery, Invalid
from trato.jobs import queue
from trato.jobs.queue import Task
from trato.records import backfill
from trato.records.query import Filter
from trato.testing.clients import Browser
from trato.testing.companies import Company

pytestmark = pytest.mark.plugins("clients")

CLIENT = "clients.client"
CODE = "custom.code"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three records be many, and two a batch."""
    monkeypatch.setattr(refilling, "AT_ONCE", 2)
    monkeypatch.setattr(backfill, "_BATCH", 2)


def declare(company: Company, **spec: Any) -> list[Step]:
    data = {"fields": {CLIENT: {"code": {"labels": {"es": "Código"}, **spec}}}}
    return apply_data(company.host, company.slug, data, in_background=True)


def make(company: Company, *codes: str) -> None:
    with company.unit() as unit:
        for code in codes:
            unit.records.create(CLIENT, {"name": f"Cliente {code}", CODE: code})


def tasks(company: Company) -> list[Task]:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return queue.tasks(connection, company.id, job=refilling.JOB)


def again(company: Company, task: Task) -> Task:
    with transaction(company.host.engine, tenant_id=company.id) as connection:
        queue.retry(connection, company.id, task.id, now=company.host.clock())
    return company.run_task(task.id)


def sorted_by_code(company: Company) -> list[str]:
    with company.unit(read=True) as unit:
        page = unit.records.query(CLIENT, columns=(CODE,), sort=(CODE,))
    return [row[-1] for row in page.rows]


def found(company: Company, **query: Any) -> list[str]:
    with company.unit(read=True) as unit:
        return sorted(row[-1] for row in unit.records.query(CLIENT, columns=(CODE,), **query).rows)


def test_few_records_are_indexed_at_once(tenant: Company) -> None:
    declare(tenant, kind="text")
    make(tenant, "b", "a")

    steps = declare(tenant, indexed=True)

    assert [step.goes_on for step in steps] == [False]
    assert tasks(tenant) == []
    assert sorted_by_code(tenant) == ["a", "b"]


def test_many_records_are_indexed_by_a_task_and_what_is_written_meanwhile_is_too(
    tenant: Company,
) -> None:
    declare(tenant, kind="text")
    make(tenant, "d", "b", "a")

    steps = declare(tenant, indexed=True)
    make(tenant, "c")
    is_b = Filter(path=CODE, op="eq", value="b")

    assert [step.goes_on for step in steps] == [True]
    with pytest.raises(BadQuery):  # half an index would leave records out
        sorted_by_code(tenant)
    assert found(tenant, filters=(is_b,)) == ["b"]
    done = tenant.run_task(tasks(tenant)[0].id)
    assert (done.state, done.result) == ("done", 4)
    assert done.progress_total == 4
    assert sorted_by_code(tenant) == ["a", "b", "c", "d"]
    assert found(tenant, filters=(is_b,)) == ["b"]


def test_a_document_says_what_is_wanted_while_the_index_is_being_made(tenant: Company) -> None:
    declare(tenant, kind="text")
    make(tenant, "a", "b", "c")
    declare(tenant, indexed=True)

    written = yaml.safe_load(export_configuration(tenant.host, tenant.slug))
    same = apply_data(tenant.host, tenant.slug, written, in_background=True)

    assert written["fields"][CLIENT]["code"]["indexed"] is True
    assert {step.action for step in same} == {"unchanged"}
    assert len(tasks(tenant)) == 1


def test_a_crash_in_the_middle_is_made_good_by_the_next_run(tenant: Company) -> None:
    declare(tenant, kind="text")
    make(tenant, "c", "b", "a")
    declare(tenant, indexed=True)
    wanted = Refill(entity=CLIENT, rows=("code",))

    def crash(done: int, total: int | None) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        refilling.do_in_background(tenant.host, tenant.id, wanted, report=crash)
    with pytest.raises(BadQuery):
        sorted_by_code(tenant)
    tenant.run_task(tasks(tenant)[0].id)

    assert sorted_by_code(tenant) == ["a", "b", "c"]


def test_values_in_the_way_of_being_unique_are_told_and_it_can_be_tried_again(
    tenant: Company,
) -> None:
    declare(tenant, kind="text")
    make(tenant, "K-9", "k-9", "K-10")
    declare(tenant, unique=True)

    failed = tenant.run_task(tasks(tenant)[0].id)

    assert failed.state == "failed"
    assert "«K-9» está en 2 registros, por ejemplo Cliente K-9, Cliente k-9" in (
        failed.message or ""
    )
    assert not tenant.view.entities[CLIENT].fields[CODE].unique
    with tenant.unit() as unit:
        row = unit.records.query(CLIENT, columns=("name",), search="k-10").rows[0]
        twin = unit.records.query(CLIENT, columns=(CODE,), search="k-9").rows[0]
        unit.records.update(CLIENT, twin[0], {CODE: "K-11"})
    assert again(tenant, failed).state == "done"
    with tenant.unit() as unit, pytest.raises(Invalid):
        unit.records.update(CLIENT, row[0], {CODE: "k-11"})


def test_a_field_that_needs_no_index_any_more_loses_it_while_one_is_being_made(
    tenant: Company,
) -> None:
    declare(tenant, kind="text")
    make(tenant, "a", "b", "c")
    declare(tenant, indexed=True)
    declare(tenant, indexed=False)

    for task in reversed(tasks(tenant)):
        assert tenant.run_task(task.id).state == "done"

    field = tenant.view.entities[CLIENT].fields[CODE]
    assert (field.indexed, field.filling) == (False, False)
    declare(tenant, indexed=True)
    tenant.run_task(tasks(tenant)[0].id)
    assert sorted_by_code(tenant) == ["a", "b", "c"]


def test_many_records_are_searched_by_the_field_once_the_task_is_done(tenant: Company) -> None:
    declare(tenant, kind="text")
    make(tenant, "xilofono", "b", "c")
    declare(tenant, searchable=True)
    assert found(tenant, search="xilofono") == ["xilofono"]  # by its name

    with tenant.unit() as unit:
        row = unit.records.query(CLIENT, columns=("name",), search="xilofono").rows[0]
        unit.records.update(CLIENT, row[0], {"name": "Otro"})
    declare(tenant, searchable=False)
    for task in reversed(tasks(tenant)):
        tenant.run_task(task.id)

    assert found(tenant, search="xilofono") == []


def test_the_page_says_that_it_goes_on_and_where_one_sees_it(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    admin = sign_in(tenant.member("admin"))
    declare(tenant, kind="text")
    make(tenant, "a", "b", "c")
    form = {"label_es": "Código", "indexed": "true"}

    said = admin.post(f"/settings/fields/{CLIENT}/code", data=form, follow_redirects=True).text

    assert "Los registros se están indexando en segundo plano" in said
    assert f"/settings/jobs?job={refilling.JOB}" in said
    assert "Indexar registros por campos propios" in admin.get("/settings/jobs").text
    tenant.run_task(tasks(tenant)[0].id)
    assert "Sus registros se están indexando" not in admin.get(f"/settings/fields/{CLIENT}").text
