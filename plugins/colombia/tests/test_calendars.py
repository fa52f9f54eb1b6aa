from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trato.api import DomainError
from trato.db.engine import transaction
from trato.tenancy.store import save_setting
from trato_colombia.api import calendar_for
from trato_colombia.calendars import read_days_off


def set_to(tenant: Any, key: str, value: Any) -> None:
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        save_setting(connection, tenant.id, "colombia", key, value)


def test_saturday_is_no_business_day_unless_set(tenant: Any) -> None:
    saturday = date(2026, 11, 21)

    before = calendar_for(tenant.view).is_business_day(saturday)
    set_to(tenant, "saturday_is_business_day", True)

    assert (before, calendar_for(tenant.view).is_business_day(saturday)) == (False, True)


def test_days_off_of_one_tenant_are_business_days_of_the_other(
    tenant: Any, other_tenant: Any
) -> None:
    set_to(tenant, "days_off", "2026-12-24 Cierre, 2026-12-31")
    day = date(2026, 12, 24)

    mine, others = calendar_for(tenant.view), calendar_for(other_tenant.view)

    assert mine.holiday_name(day) == "Cierre"
    assert not mine.is_business_day(date(2026, 12, 31))
    assert others.is_business_day(day)


def test_a_view_keeps_its_calendar(tenant: Any) -> None:
    view = tenant.view

    assert calendar_for(view) is calendar_for(view)


def test_days_off_are_read_as_people_type_them() -> None:
    typed = " 2026-12-24 Cierre de año;\n2026-12-31: Inventario,, 2027-01-02 "

    assert read_days_off(typed) == {
        date(2026, 12, 24): "Cierre de año",
        date(2026, 12, 31): "Inventario",
        date(2027, 1, 2): "Día no laborable",
    }


@pytest.mark.parametrize("typed", ["24/12/2026", "2026-02-30", "Navidad", "2026-12-24x"])
def test_what_is_no_date_is_named(typed: str) -> None:
    with pytest.raises(DomainError) as refused:
        read_days_off(f"2026-12-31, {typed}")

    assert refused.value.code == "bad_setting"
    assert typed in str(refused.value)
