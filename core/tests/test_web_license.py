"""A licence that is over leaves everything to read and nothing to write."""

from __future__ import annotations

import datetime as dt

import pytest

from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

LIST = "/clients/clients"
LAST_DAY = dt.date(2030, 6, 30)


@pytest.fixture
def record(tenant: Company) -> Record:
    with tenant.unit() as unit:
        return unit.records.create("clients.client", {"name": "Acme", "city": "Cali"})


@pytest.fixture
def over(tenant: Company, record: Record, clock: SettableClock) -> Company:
    """Give the tenant on the first day after the days of grace."""
    tenant.install_license(expires=LAST_DAY)
    grace = dt.timedelta(days=tenant.host.settings.license_grace_days + 1)
    moment = dt.datetime.combine(LAST_DAY + grace, dt.time(12), dt.UTC)
    clock.set(moment)
    return tenant


def hrefs(page: Page) -> set[str]:
    return {a.attrs.get("href", "") for a in page.all("a")}


def test_everything_can_be_read_and_taken_out(
    over: Company, client: Browser, record: Record
) -> None:
    url = f"{LIST}/{record.id}"
    pages = [client.get(path) for path in
             (LIST, url, f"{url}/why", f"{LIST}/filters", f"{LIST}/export.csv",
              f"{LIST}/export.xlsx", f"{LIST}?bin=1", "/account")]  # fmt: skip

    assert [answer.status_code for answer in pages] == [200] * len(pages)
    assert "Acme" in pages[4].text


def test_nothing_can_be_written_and_the_page_says_why(
    over: Company, client: Browser, record: Record
) -> None:
    url = f"{LIST}/{record.id}"

    answers = [
        client.get(f"{LIST}/new"), client.post(f"{LIST}/new", data={"name": "Otro"}),
        client.get(f"{url}/edit"),
        client.post(f"{url}/edit", data={"name": "Otro", "version": str(record.version)}),
        client.post(f"{url}/archive"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403] * 5
    for answer in answers:
        assert "licencia" in page_of(answer).one("main").text
    with over.unit(read=True) as unit:
        (row,) = unit.records.query("clients.client", columns=("name",)).rows
    assert row[1:] == (1, "Acme")


def test_nothing_that_writes_is_offered(over: Company, client: Browser, record: Record) -> None:
    url = f"{LIST}/{record.id}"

    listed, shown = page_of(client.get(LIST)), page_of(client.get(url))

    assert f"{LIST}/new" not in hrefs(listed)
    assert f"{url}/edit" not in hrefs(shown)
    actions = {form.attrs.get("action") for form in shown.all("form")}
    assert not {f"{url}/archive", f"{url}/restore", f"{url}/edit"} & actions
    assert [button for button in shown.all("button") if "form" in button.attrs] == []
    assert not [href for href in hrefs(shown) if "/new?" in href]


def test_days_of_grace_change_nothing(
    tenant: Company, client: Browser, clock: SettableClock
) -> None:
    tenant.install_license(expires=LAST_DAY)
    grace = dt.timedelta(days=tenant.host.settings.license_grace_days)
    clock.set(dt.datetime.combine(LAST_DAY + grace, dt.time(12), dt.UTC))
    opened = client
    opened.sign_in(next(iter(tenant.view.members.values())).email)

    answer = opened.post(f"{LIST}/new", data={"name": "En gracia"})

    assert answer.status_code == 302


def test_new_licence_opens_everything_again(over: Company, client: Browser, record: Record) -> None:
    closed = client.get(f"{LIST}/new").status_code
    over.install_license(expires=LAST_DAY + dt.timedelta(days=365))

    opened = client.post(f"{LIST}/new", data={"name": "Otra vez"})

    assert (closed, opened.status_code) == (403, 302)
