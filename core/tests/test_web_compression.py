"""Files and pages are packed for browsers that take it, and stay what they were."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

from trato.testing.clients import browser, program
from trato.testing.companies import Company

pytestmark = pytest.mark.database("sqlite")

STYLE = "/static/css/trato.css"
PACKED = {"Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}


def test_a_file_is_packed_and_is_the_same(app: Flask) -> None:
    client = app.test_client()

    plain = client.get(STYLE, buffered=True)
    packed = client.get(STYLE, headers=PACKED, buffered=True)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.content_length == len(packed.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_file_that_the_browser_has_is_not_sent_again(app: Flask) -> None:
    client = app.test_client()
    first = client.get(STYLE, headers=PACKED, buffered=True)

    again = client.get(
        STYLE, headers={**PACKED, "If-None-Match": first.headers["ETag"]}, buffered=True
    )

    assert (again.status_code, again.data) == (304, b"")


def test_a_font_is_left_alone(app: Flask) -> None:
    font = app.test_client().get(
        "/static/vendor/hanken-grotesk-latin.woff2", headers=PACKED, buffered=True
    )

    assert "Content-Encoding" not in font.headers


def test_a_page_is_packed_for_our_own_pages_only(app: Flask, tenant: Company) -> None:
    page = browser(app, tenant.member("admin"))

    own = page.get("/clients/clients", headers=PACKED)
    from_elsewhere = page.get(
        "/clients/clients", headers={**PACKED, "Sec-Fetch-Site": "cross-site"}
    )

    assert own.headers["Content-Encoding"] == "gzip"
    assert "<html" in gzip.decompress(own.data).decode()
    assert "Content-Encoding" not in from_elsewhere.headers
    assert "<html" in from_elsewhere.text


def test_the_api_is_left_plain(app: Flask, tenant: Company) -> None:
    answer = program(app, tenant, tenant.member("admin")).get(
        "/api/v1/clients/clients", headers=PACKED
    )

    assert "Content-Encoding" not in answer.headers
