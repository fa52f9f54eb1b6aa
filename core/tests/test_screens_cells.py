"""Values as HTML: each kind by its own rule, and nothing that was stored is markup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from trato.entities.fields import Shown
from trato.host import Host
from trato.i18n import Formats
from trato.records.query import Record
from trato.screens.avatars import avatar, initials
from trato.screens.cells import Cells
from trato.screens.rows import read_columns, rows_writer
from trato.testing.companies import Company
from trato.testing.pages import Page

PIECE = "specimen.piece"
pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def cells(tenant: Company, host: Host) -> Cells:
    formats = Formats("es", "America/Bogota", clock=lambda: dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    return Cells(view=tenant.view, catalogs=host.catalogs, formats=formats, locale="es")


@pytest.fixture
def shown(cells: Cells) -> Callable[..., str]:
    """Write a value of a field of the specimen."""
    fields = cells.view.entities[PIECE].fields
    return lambda path, value, **options: str(cells.renderer(fields[path], **options)(value))


@pytest.mark.parametrize(
    ("path", "value", "html"),
    [
        ("name", "Ñandú & hijos", "Ñandú &amp; hijos"),
        ("price", Decimal("1500000.5000"), "$\xa01.500.000,50"),
        ("count", 1200, "1.200"),
        ("weight", Decimal("2.500000"), "2,5"),
        ("weight", Decimal("3.000000"), "3"),
        ("found", dt.date(2025, 11, 22), "22 nov 2025"),
        ("seen", dt.datetime(2025, 11, 22, 20, 30, tzinfo=dt.UTC), "22 nov 2025, 15:30"),
        ("is_rare", False, "No"),
        ("grade", "good", "Good"),
        ("grade", "unknown<", "unknown&lt;"),
        ("marks", ["good", "poor"], "Good, Poor"),
        ("tags", ["a<b"], '<span class="t-badge t-tone-line">a&lt;b</span>'),
        ("email", "a@b.co", '<a href="mailto:a@b.co">a@b.co</a>'),
        ("email", "a?bcc=x@b.co", '<a href="mailto:a%3Fbcc%3Dx@b.co">a?bcc=x@b.co</a>'),
        ("phone", "+57 (601) 555 ext 1", '<a href="tel:+576015551">+57 (601) 555 ext 1</a>'),
        ("website", "https://a.example/x/",
         '<a href="https://a.example/x/" rel="noopener noreferrer" target="_blank">'
         "a.example/x</a>"),
        ("website", "javascript:alert(1)", "javascript:alert(1)"),
        ("website", "javascript://x%0Aalert(1)", "javascript://x%0Aalert(1)"),
        ("website", "data:text/html,<script>", "data:text/html,&lt;script&gt;"),
        ("shelf_id", uuid4(), ""),
        ("owner_id", uuid4(), ""),
    ],
)  # fmt: skip
def test_value_is_written_by_its_kind(
    shown: Callable[..., str], path: str, value: Any, html: str
) -> None:
    assert shown(path, value) == html
    assert shown(path, None) == ""


def test_state_is_a_badge_with_the_tone_of_its_value(shown: Callable[..., str]) -> None:
    assert shown("grade", "good", badge=True) == '<span class="t-badge t-tone-calm">Good</span>'


def test_row_leads_to_its_record_and_shows_what_was_stored_as_text(
    cells: Cells, tenant: Company
) -> None:
    hostile = "<script>alert(1)</script>\"'"
    with tenant.unit() as unit:
        record: Record = unit.records.create(
            PIECE, {"name": hostile, "place": hostile, "count": 1200}
        )
    fields = cells.view.entities[PIECE].fields
    columns = [fields[path] for path in ("name", "place", "count", "plain")]

    write = rows_writer(cells, columns, url="/specimen/pieces", avatars=True)
    page = Page(str(write([(record.id, 1, hostile, hostile, 1200, None)])))
    row = page.one("tr", "t-row")
    named = row.one("td", "t-num")

    assert row.one("a", href=f"/specimen/pieces/{record.id}").text == hostile
    assert [cell.text for cell in row.all("td")] == [hostile, "1.200", ""]
    assert named.attrs["data-label"] == "Count"
    assert page.all("script") == []


def test_record_without_a_name_can_be_opened_all_the_same(cells: Cells) -> None:
    fields = cells.view.entities[PIECE].fields

    page = Page(str(rows_writer(cells, [fields["code"]], url="/x")([(uuid4(), 1, None)])))

    assert page.one("tr", "t-row").one("a").text == "—"


def test_initials_are_letters_of_the_first_two_words() -> None:
    assert [initials(name) for name in ("Luz Dary Mosquera", "D1 S.A.S.", "ñ", "...", "")] == [
        "LD", "DS", "Ñ", "?", "?"
    ]  # fmt: skip
    assert avatar("Luz", "t-av-xl") == avatar("Luz", "t-av-xl")
    assert "<" not in Page(str(avatar("<b> <i>"))).text


def test_amount_is_written_in_the_currency_of_its_record(cells: Cells) -> None:
    fields = cells.view.entities[PIECE].fields
    price = fields["price"].under(currency="place")
    columns, ids = [fields["name"], price], [uuid4() for _ in range(3)]
    rows = [(ids[0], 1, "A", Decimal("1234.5000"), "USD"), (ids[1], 1, "B", Decimal(9), None),
            (ids[2], 1, "C", None, "USD")]  # fmt: skip

    write = rows_writer(cells, columns, url="/x", read=read_columns(columns, {"place"}))
    blind = rows_writer(cells, columns, url="/x", read=read_columns(columns, set()))
    shown = [cell.text for cell in Page(str(write(rows))).all("td")]
    unseen = [cell.text for cell in Page(str(blind([rows[0][:4]]))).all("td")]

    assert shown == ["USD 1.234,50", "$ 9", ""]
    assert unseen == ["1.234,5"], "who may not see the currency is told of none"


def test_text_is_shown_as_its_plugin_says_with_what_stands_beside_it(cells: Cells) -> None:
    def grouped(code: str, origin: str | None) -> str:
        return f"{origin or '?'}: {code[:3]}.{code[3:]}"

    fields = cells.view.entities[PIECE].fields
    code = fields["code"].under(shown=Shown(grouped, beside=["annex.origin"]))
    phone = fields["phone"].under(shown=Shown(lambda number: f"({number})"))
    columns = [fields["name"], code, phone]
    ids = [uuid4(), uuid4()]

    read = read_columns(columns, {"annex.origin"})
    unseen = read_columns(columns, set())
    write = rows_writer(cells, columns, url="/x", read=read)
    blind = rows_writer(cells, columns, url="/x", read=unseen)
    page = Page(str(write([(ids[0], 1, "A", "900123", "+57 310", "<Cali>")])))
    bare = Page(str(blind([(ids[1], 1, "B", "900123", None)])))

    assert read == ("name", "code", "phone", "annex.origin")
    assert unseen == ("name", "code", "phone")
    assert [cell.text for cell in page.all("td")] == ["<Cali>: 900.123", "(+57 310)"]
    assert page.one("a", href="tel:+57310").text == "(+57 310)"
    assert [cell.text for cell in bare.all("td")] == ["?: 900.123", ""]
    assert cells.plain(code)("900123") == "900123"
