"""The certification of connectors passes a good one, and sees what is wrong with a bad one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from core.tests.shop import SHOP, Shop, ShopDouble
from core.tests.shop_company import open_double, serve_shop  # noqa: F401

from trato.api import Host
from trato.testing.checks.connectors import ConnectorChecks
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.syncing import set_up


class TestShop(ConnectorChecks):
    connector = SHOP
    double = ShopDouble

    @pytest.fixture
    def tenant(self, shop_host: Host, issue_license: LicenseIssuer) -> Company:
        return make_company(shop_host, issue_license, plugins=["shop"])


@pytest.fixture(name="badly")
def worsen(
    shop_host: Host, issue_license: LicenseIssuer, double: ShopDouble, clock: SettableClock
) -> Company:
    made = make_company(shop_host, issue_license, plugins=["shop"])
    set_up(made, "shop", double.settings())
    return made


@pytest.mark.database("sqlite")
def test_a_connector_that_does_not_look_up_is_not_certified(
    badly: Company, double: ShopDouble, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shop, "find", lambda self, reference: None)
    monkeypatch.setattr(Shop, "shows_within", dt.timedelta())

    with pytest.raises(AssertionError):
        TestShop().test_a_fault_while_sending_makes_no_duplicate(badly, double, clock, "lost")


@pytest.mark.database("sqlite")
def test_a_connector_that_loses_pages_is_not_certified(
    badly: Company, double: ShopDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = Shop.pull
    monkeypatch.setattr(Shop, "pull", lambda self, stream, cursor: pull(
        self, stream, "6" if cursor == "3" else cursor
    ))  # fmt: skip

    with pytest.raises(AssertionError):
        TestShop().test_everything_is_received_once_and_a_second_time_changes_nothing(badly, double)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("new", ["review", "skip"])
def test_a_connector_that_creates_nothing_is_certified(
    badly: Company, double: ShopDouble, monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    streams = Shop.streams
    monkeypatch.setattr(
        Shop, "streams", lambda self: [replace(stream, new=new) for stream in streams(self)]
    )

    TestShop().test_everything_is_received_once_and_a_second_time_changes_nothing(badly, double)


@pytest.mark.database("sqlite")
def test_it_is_said_why_a_double_s_things_become_no_records(
    badly: Company, double: ShopDouble
) -> None:
    badly.custom_field("specimen.piece", "canal", "text", required=True)

    with pytest.raises(AssertionError) as said:
        TestShop().test_everything_is_received_once_and_a_second_time_changes_nothing(badly, double)

    text = str(said.value)
    assert "of 25 things of the double 0 found their place: stream pieces: " in text
    assert "25 seen" in text
    assert "25 review" in text
    assert "25 of pieces wait: custom.canal: " in text


@pytest.mark.database("sqlite")
def test_a_connector_that_checks_nothing_is_not_certified(
    badly: Company, double: ShopDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shop, "check", lambda self: None)

    with pytest.raises(AssertionError):
        TestShop().test_a_check_says_what_is_wrong(badly, double, "denied")


@pytest.mark.database("sqlite")
def test_a_check_that_finds_nothing_to_try_is_skipped_and_not_passed(
    badly: Company, double: ShopDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Shop.streams
    monkeypatch.setattr(Shop, "streams", lambda self: streams(self)[2:])

    with pytest.raises(pytest.skip.Exception, match="leaves a text"):
        TestShop().test_what_people_wrote_is_not_overwritten(badly, double)
