"""The generated checks pass a plugin whose records must refer to others and differ in a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from trato.api import (
    UUID,
    Choice,
    Entity,
    FormScreen,
    ListScreen,
    Mapped,
    Panel,
    choice,
    day,
    ref,
    text,
)
from trato.host import Host
from trato.plugin import Plugin
from trato.testing.checks.isolation import IsolationChecks
from trato.testing.checks.lists import Counter, ListChecks
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.testing.samples import create_samples
from trato.web import lists

pytestmark = pytest.mark.database("sqlite")


class Season(Choice):
    """When something is done."""

    DRY = "dry", "Dry"
    WET = "wet", "Wet"


class Machine(Entity, name="plant.machine", title="Machine", titles="Machines", label="name"):
    """What others must refer to."""

    name: Mapped[str] = text("Name", index=True, searchable=True)


class Warranty(
    Entity, name="plant.warranty", title="Warranty", titles="Warranties", label="code",
    unique=[("machine_id", "until")],
):  # fmt: skip
    """Has an obligatory reference, a field that identifies it, and one end a day and machine."""

    machine_id: Mapped[UUID] = ref(Machine, "Machine", on_purge="refuse")
    code: Mapped[str] = text("Code", identifies=True, fold="code", searchable=True)
    since: Mapped[dt.date | None] = day("Since")
    until: Mapped[dt.date] = day("Until", index=True)


class Care(
    Entity, name="plant.care", title="Care", titles="Cares", label="season",
    unique=[("machine_id", "season")],
):  # fmt: skip
    """Of each machine there are no more than two."""

    machine_id: Mapped[UUID] = ref(Machine, "Machine", on_purge="refuse")
    season: Mapped[Season] = choice("Season", Season, default=Season.DRY)


class Repair(Entity, name="plant.repair", title="Repair", titles="Repairs", label="name"):
    """Its list begins with the last ends, and not all have one."""

    name: Mapped[str] = text("Name", index=True, searchable=True)
    ends_on: Mapped[dt.date | None] = day("Ends on", index=True)


@pytest.fixture
def host(
    temporarily: Callable[..., AbstractContextManager[Host]], make_plugin: Callable[..., Plugin]
) -> Iterator[Host]:
    panel = Panel(entity=Warranty, by=Warranty.machine_id, columns=[Warranty.code])
    screens = [
        ListScreen(Warranty, columns=[Warranty.code, Warranty.machine_id, Warranty.until]),
        FormScreen(Machine, panels=[panel]),
        ListScreen(Repair, columns=[Repair.name], sort=["-ends_on"]),
    ]
    made = make_plugin("plant", entities=[Machine, Warranty, Care, Repair], screens=screens)
    with temporarily(made) as host:
        yield host


class Checks(IsolationChecks, ListChecks):
    """What a plugin's own tests run of these."""

    plugin = "plant"
    samples = {"plant.repair": {"ends_on": dt.date(2026, 1, 31)}}  # noqa: RUF012


def test_a_bulk_in_another_company_refers_to_records_of_its_own(
    tenant: Company, other_tenant: Company, probes: Probes
) -> None:
    Checks().test_a_bulk_never_matches_another_tenants_record(
        tenant, other_tenant, "plant.warranty", probes
    )


def test_many_records_of_one_reference_and_a_day_are_made_for_the_lists(
    tenant: Company, sign_in: Callable[..., Browser], count_statements: Counter
) -> None:
    Checks().test_its_screens_cost_the_same_whatever_the_rows(
        tenant, "plant.warranty", sign_in, count_statements
    )


def test_a_list_in_the_order_of_an_optional_field_costs_no_more_for_many(
    tenant: Company, sign_in: Callable[..., Browser], count_statements: Counter
) -> None:
    Checks().test_its_screens_cost_the_same_whatever_the_rows(
        tenant, "plant.repair", sign_in, count_statements
    )


def test_a_page_that_costs_more_for_many_is_named(
    tenant: Company, sign_in: Callable[..., Browser], count_statements: Counter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    load = lists.load_labels

    def load_each(unit: Any, cells: Any, fields: Any, rows: Any, *, offset: int) -> None:
        for _row in rows:
            load(unit, cells, fields, rows, offset=offset)

    monkeypatch.setattr(lists, "load_labels", load_each)

    with pytest.raises(AssertionError, match=r"/plant/warranties: \d+ statements, and \d+ with"):
        Checks().test_its_screens_cost_the_same_whatever_the_rows(
            tenant, "plant.warranty", sign_in, count_statements
        )


def test_samples_that_a_choice_cannot_tell_apart_each_refer_to_another_record(
    tenant: Company,
) -> None:
    with tenant.unit() as unit:
        made = create_samples(unit, "plant.care", 5)
        page = unit.records.query("plant.care", columns=("machine_id",))

    assert {row["id"] for row in page.records()} == set(made)
    assert len({row["machine_id"] for row in page.records()}) == 5


def test_samples_that_a_day_tells_apart_share_what_they_refer_to(tenant: Company) -> None:
    with tenant.unit() as unit:
        create_samples(unit, "plant.warranty", 5)
        page = unit.records.query("plant.warranty", columns=("machine_id", "until"))

    assert len({row["machine_id"] for row in page.records()}) == 1
    assert len({row["until"] for row in page.records()}) == 5
