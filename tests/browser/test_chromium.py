"""A run without a browser fails and says what to do; it never passes by leaving tests out. What a
page complains of fails a test, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route

from trato.access.actor import Actor
from trato.errors import ConfigError
from trato.testing.browser import Watched, find_chromium, settle
from trato.testing.companies import Company


def test_missing_browser_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRATO_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigError, match="tools/install-browser"):
        find_chromium()


def test_named_browser_is_taken_and_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named, found = tmp_path / "own", tmp_path / "chromium"
    for program in (named, found):
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TRATO_CHROMIUM", str(named))

    chosen = find_chromium()
    monkeypatch.setenv("TRATO_CHROMIUM", str(tmp_path / "gone"))

    assert chosen == str(named)
    with pytest.raises(ConfigError):
        find_chromium()


@pytest.mark.browser
@pytest.mark.database("sqlite")
def test_connection_that_breaks_is_a_complaint_and_leaving_a_page_is_none(
    open_page: Callable[..., Watched], tenant: Company, actor: Actor
) -> None:
    with tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Tienda La Esperanza"})
    here = open_page()
    here.sign_in(actor.member.email)
    page = settle(here.page)
    held: list[Route] = []
    page.route("**/totals*", lambda route: held.append(route))
    with page.expect_request("**/totals*"):
        here.at("/clients/clients")
    here.at("/account")
    left = list(here.complaints)

    page.unroute("**/totals*")
    page.route("**/totals*", lambda route: route.abort("connectionreset"))
    with page.expect_event("requestfailed"):
        here.at("/clients/clients")
    settle(page)

    assert left == []
    assert [told.split()[0] for told in here.complaints] == ["net::ERR_CONNECTION_RESET"]
    here.complaints.clear()
