"""Removal of a switched-off module's data by an administrator of the company."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from trato import membership
from trato.db.engine import transaction
from trato.entities.base import metadata
from trato.jobs import queue
from trato.jobs.catalogue import CLEAN
from trato.jobs.removing import REMOVE
from trato.lifecycle.exports import REMOVED_KEPT
from trato.records import trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, Company
from trato.testing.pages import page_of

PAGE = "/settings/modules/clients/remove"
GOOD = {"name": "clientes", "current": PASSWORD}

pytestmark = pytest.mark.plugins("clients")


@pytest.fixture
def switched_off(tenant: Company) -> Company:
    """Give a company that has clients, one of them in the bin, and has switched the module off."""
    with tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Ñandú S.A.S."})
        gone = unit.records.create("clients.client", {"name": "Cóndor"})
        unit.records.archive("clients.client", gone.id)
    tenant.disable("clients")
    return tenant


def clients_of(company: Company) -> int:
    table = metadata.tables["clients_client"]
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        counted = select(func.count()).select_from(table).where(table.c.tenant_id == company.id)
        return int(connection.execute(counted).scalar_one())


def asked(company: Company) -> list[queue.Task]:
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return queue.tasks(connection, company.id, job=REMOVE)


def test_it_tells_how_much_goes_before_anything_does(
    switched_off: Company, sign_in: Callable[..., Browser]
) -> None:
    shown = page_of(sign_in(switched_off.member("admin")).get(PAGE))

    row = next(r.text for r in shown.all("li", "t-admin-row") if "Terceros" in r.text
               or "Clientes" in r.text)  # fmt: skip
    assert row.endswith(" 2")
    assert clients_of(switched_off) == 2


def test_what_is_removed_leaves_an_archive_and_tombstones_by_the_administrator(
    switched_off: Company, other_tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    with other_tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Ajena"})
    boss = switched_off.member("admin", name="Ana Jefa")
    page = sign_in(boss)

    page.post(PAGE, data=GOOD)
    [task] = asked(switched_off)
    done = switched_off.run_task(task.id)

    assert done.state == "done", done.message
    assert (clients_of(switched_off), clients_of(other_tenant)) == (0, 1)
    got = page.get(f"/settings/export/{task.id}")
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        assert "Ñandú S.A.S." in archive.read("entities/clients.client.csv").decode("utf-8-sig")
    with transaction(switched_off.host.engine, tenant_id=switched_off.id, read=True) as connection:
        events, _next = trail.page(connection, switched_off.id, TrailFilter(action="purge"))
    assert {event.member_id for event in events} == {boss.member_id}
    assert {event.entity for event in events} == {"clients.client", "core.plugin"}
    assert "Datos eliminados de" in page.get("/settings/export").text


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": "otra cosa"}, "name"), ({"current": "no es la clave"}, "current"),
     ({"name": ""}, "name")],
)  # fmt: skip
def test_a_wrong_name_or_password_removes_nothing(
    switched_off: Company, sign_in: Callable[..., Browser], typed: dict[str, str], field: str
) -> None:
    page = sign_in(switched_off.member("admin"))

    answer = page.post(PAGE, data=GOOD | typed)

    assert answer.status_code == 422
    assert page_of(answer).error_of(field)
    assert asked(switched_off) == []


def test_a_module_that_is_on_keeps_its_data(tenant: Company, client: Browser) -> None:
    answer = client.post(PAGE, data=GOOD)

    assert answer.status_code == 422
    assert "Desactívelo primero" in answer.text
    assert page_of(answer).all("form", action=PAGE) == []
    assert asked(tenant) == []


def test_a_module_that_was_switched_on_meanwhile_keeps_its_data(
    switched_off: Company, sign_in: Callable[..., Browser]
) -> None:
    sign_in(switched_off.member("admin")).post(PAGE, data=GOOD)
    switched_off.enable("clients")
    [task] = asked(switched_off)

    assert switched_off.run_task(task.id).state == "failed"
    assert clients_of(switched_off) == 2


def test_whoever_was_let_go_meanwhile_removes_nothing(
    switched_off: Company, sign_in: Callable[..., Browser]
) -> None:
    boss, other = switched_off.member("admin"), switched_off.member("admin")
    sign_in(boss).post(PAGE, data=GOOD)
    assert boss.member_id is not None
    membership.end_member(
        switched_off.host, switched_off.renew(other), boss.member_id, heir_id=None
    )
    [task] = asked(switched_off)

    assert switched_off.run_task(task.id).state == "failed"
    assert clients_of(switched_off) == 2


def test_two_clicks_ask_once(switched_off: Company, sign_in: Callable[..., Browser]) -> None:
    page = sign_in(switched_off.member("admin"))

    page.post(PAGE, data=GOOD)
    page.post(PAGE, data=GOOD)

    assert len(asked(switched_off)) == 1


def test_by_its_name_it_is_not_run(switched_off: Company, sign_in: Callable[..., Browser]) -> None:
    page = sign_in(switched_off.member("admin"))

    assert page.post(f"/settings/jobs/run/{REMOVE}").status_code == 404
    assert asked(switched_off) == []
    assert clients_of(switched_off) == 2


@pytest.mark.parametrize("role", ["seller", "manager"])
def test_others_find_no_such_page(
    switched_off: Company, sign_in: Callable[..., Browser], role: str
) -> None:
    page = sign_in(switched_off.member(role))

    assert page.get(PAGE).status_code == 404
    assert page.post(PAGE, data=GOOD).status_code == 404
    assert asked(switched_off) == []


def test_the_archive_goes_after_its_days(
    switched_off: Company, sign_in: Callable[..., Browser], clock: SettableClock
) -> None:
    page = sign_in(switched_off.member("admin"))
    page.post(PAGE, data=GOOD)
    [task] = asked(switched_off)
    switched_off.run_task(task.id)
    address = f"/settings/export/{task.id}"

    clock.advance(days=REMOVED_KEPT.days, hours=-1)
    switched_off.run(CLEAN)
    kept = sign_in(switched_off.member("admin")).get(address).status_code
    clock.advance(hours=2)
    switched_off.run(CLEAN)

    assert kept == 200
    assert sign_in(switched_off.member("admin")).get(address).status_code == 404
