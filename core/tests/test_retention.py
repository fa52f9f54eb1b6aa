"""Recycle bins that a company empties after some days, by itself and at night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import pytest

from trato.configuration import apply_data
from trato.errors import Invalid
from trato.jobs.emptying import EMPTY
from trato.records import retention, trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of

CLIENT = "clients.client"

pytestmark = pytest.mark.plugins("clients")


def keep_for(company: Company, days: object) -> None:
    apply_data(company.host, company.slug, {"settings": {"core": {"bin_days": days}}})


def archived(company: Company, *names: str) -> list[UUID]:
    with company.unit() as unit:
        made = [unit.records.create(CLIENT, {"name": name}).id for name in names]
        for record_id in made:
            unit.records.archive(CLIENT, record_id)
    return made


def tombstones(company: Company) -> dict[UUID, str | None]:
    """Give who purged each record."""
    with company.unit(read=True) as unit:
        events, _next = trail.page(unit.connection, company.id, TrailFilter(action="purge"))
    return {event.record_id: event.actor for event in events}


def test_what_has_been_there_long_enough_goes_with_a_tombstone(
    tenant: Company, clock: SettableClock
) -> None:
    keep_for(tenant, 30)
    [old] = archived(tenant, "Vieja")
    clock.advance(days=20)
    [young] = archived(tenant, "Nueva")
    with tenant.unit() as unit:
        living = unit.records.create(CLIENT, {"name": "Viva"}).id
    clock.advance(days=10, minutes=1)

    done = tenant.run(EMPTY)

    assert (done.state, done.result) == ("done", 1)
    assert tombstones(tenant) == {old: "job"}
    with tenant.unit(read=True) as unit:
        assert unit.records.get(CLIENT, living)["name"] == "Viva"
        assert unit.records.get(CLIENT, young, archived=True).is_archived


def test_without_a_number_of_days_everything_stays(tenant: Company, clock: SettableClock) -> None:
    [kept] = archived(tenant, "Guardada")
    clock.advance(days=4000)

    assert tenant.run(EMPTY).result == 0
    keep_for(tenant, 0)
    assert tenant.run(EMPTY).result == 0
    with tenant.unit(read=True) as unit:
        assert unit.records.get(CLIENT, kept, archived=True).is_archived


def test_another_company_keeps_its_own(
    tenant: Company, other_tenant: Company, clock: SettableClock
) -> None:
    keep_for(tenant, 1)
    archived(other_tenant, "Ajena")
    clock.advance(days=2)

    tenant.run(EMPTY)
    other_tenant.run(EMPTY)

    assert tombstones(other_tenant) == {}


def test_what_is_needed_stays_and_holds_nothing_up(tenant: Company, clock: SettableClock) -> None:
    """A client whose children live is refused, and the next one goes all the same."""
    keep_for(tenant, 1)
    with tenant.unit() as unit:
        category = unit.records.create("clients.category", {"name": "Mayorista"}).id
        unit.records.create(CLIENT, {"name": "Usa la categoría", "category_id": category})
        unit.records.archive("clients.category", category)
    refers = tenant.view.entity(CLIENT).fields["category_id"].on_purge
    [other] = archived(tenant, "Sobra")
    clock.advance(days=2)

    tenant.run(EMPTY)

    assert other in tombstones(tenant)
    assert (category in tombstones(tenant)) == (refers != "refuse")


def test_many_go_in_parts_until_none_is_left(tenant: Company, clock: SettableClock) -> None:
    keep_for(tenant, 1)
    made = archived(tenant, *(f"Cliente {number}" for number in range(5)))
    clock.advance(days=2)

    with tenant.unit() as unit:
        first = retention.empty(unit, most=1)
    with tenant.unit() as unit:
        assert retention.empty(unit, most=1000) == len(made) - first

    assert set(tombstones(tenant)) == set(made)


def test_the_bin_and_the_record_say_when(
    tenant: Company, clock: SettableClock, sign_in: Callable[..., Browser]
) -> None:
    clock.set(dt.datetime(2027, 3, 1, 15, tzinfo=dt.UTC))
    keep_for(tenant, 30)
    [gone] = archived(tenant, "Archivada")
    page = sign_in(tenant.member("admin"))

    assert "30 días" in page.get("/clients/clients?bin=1").text
    assert "30 días" not in page.get("/clients/clients").text
    assert "definitivamente el 31 mar" in page.get(f"/clients/clients/{gone}").text
    keep_for(tenant, 0)
    assert "definitivamente" not in page.get(f"/clients/clients/{gone}").text
    assert "definitivamente" not in page.get("/clients/clients?bin=1").text


def test_an_administrator_sets_it_on_the_page_of_the_company(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    page = sign_in(tenant.member("admin"))
    sent = page_of(page.get("/settings/company")).form("/settings/company")

    assert sent["bin_days"] == ["0"]
    assert page.post("/settings/company", data=sent | {"bin_days": "90"}).status_code == 302
    assert retention.bin_days(tenant.view) == 90
    for wrong in ("-1", "tres", "99999"):
        refused = page.post("/settings/company", data=sent | {"bin_days": wrong})
        assert (refused.status_code, bool(page_of(refused).error_of("bin_days"))) == (422, True)
    assert retention.bin_days(tenant.view) == 90


@pytest.mark.parametrize("days", [-1, 3651, "siempre", 1.5])
def test_a_number_that_makes_no_sense_is_refused(tenant: Company, days: object) -> None:
    with pytest.raises(Invalid):
        keep_for(tenant, days)
