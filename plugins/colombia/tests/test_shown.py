"""Numbers as Colombia writes them, in lists and on the page of a client."""

from __future__ import annotations

from typing import Any

import pytest

from trato.testing.clients import Browser
from trato.testing.pages import page_of
from trato_colombia.identification import shown_identification
from trato_colombia.phones import shown_phone

CLIENTS = "/clients/clients"


@pytest.mark.parametrize(
    ("number", "key", "digit", "shown"),
    [
        ("909214530", "nit", "9", "909.214.530-9"),
        ("909214530", "nit", None, "909.214.530-9"),
        ("1020304050", "cc", None, "1.020.304.050"),
        ("AB123456", "passport", None, "AB123456"),
        ("909214530", None, None, "909214530"),
        ("909214530", "unheard of", None, "909214530"),
    ],
)
def test_identification_is_shown_by_its_type(
    number: str, key: str | None, digit: str | None, shown: str
) -> None:
    assert shown_identification(number, key, digit) == shown


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("+573105551234", "+57 310 555 1234"),
        ("+576015550100 ext 12", "+57 601 555 0100 ext. 12"),
        ("+34612345678", "+34 612 34 56 78"),
        ("123", "123"),
        ("extensión 5", "extensión 5"),
    ],
)
def test_phone_is_shown_with_its_country(kept: str, shown: str) -> None:
    assert shown_phone(kept) == shown


@pytest.mark.database("sqlite")
def test_list_and_record_show_numbers_as_people_write_them(unit: Any, client: Browser) -> None:
    with unit() as work:
        values = {"name": "Yunque", "identification": "909214530-9", "mobile": "310 555 1234"}
        record = work.records.create("clients.client", values)
    client.post(f"{CLIENTS}/columns", data={"column": ["identification", "mobile"]})

    row = page_of(client.get(CLIENTS)).one("tr", "t-row")
    page = page_of(client.get(f"{CLIENTS}/{record.id}"))

    assert [cell.text for cell in row.all("td")] == ["909.214.530-9", "+57 310 555 1234"]
    assert row.one("a", href="tel:+573105551234").text == "+57 310 555 1234"
    assert "909.214.530-9" in page.one(id="t-data").text
    assert "+57 310 555 1234" in page.one(id="t-data").text
