"""Fixtures: a company that works with the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from core.tests import shop
from core.tests.shop import SHOP, ShopDouble

from trato.api import Host
from trato.settings import Settings
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato.testing.hosts import temporarily
from trato.testing.specimen import annex
from trato.testing.specimen import plugin as specimen
from trato.testing.syncing import outgoing_rows, set_up


@pytest.fixture(name="shop_host", scope="module")
def serve_shop(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Iterator[Host]:
    settings = make_settings(database)
    with temporarily(settings, database, [specimen, annex, shop.plugin], clock=host_clock) as host:
        yield host


@pytest.fixture(name="double")
def open_double() -> Iterator[ShopDouble]:
    with ShopDouble() as double:
        assert isinstance(double, ShopDouble)
        yield double


@pytest.fixture(name="company")
def open_company(
    shop_host: Host, issue_license: LicenseIssuer, double: ShopDouble, clock: SettableClock
) -> Company:
    made = make_company(shop_host, issue_license, plugins=["shop"])
    set_up(made, "shop", double.settings())
    return made


def save(company: Company, name: str = "Cántaro", **values: Any) -> UUID:
    with company.unit() as unit:
        return unit.records.create("specimen.piece", {"name": name, **values}).id


def states(company: Company) -> list[str]:
    return [row.state for row in outgoing_rows(company, SHOP)]
