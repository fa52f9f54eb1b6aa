"""Help is there for what is enabled, in the reader's language, and is text only."""

from __future__ import annotations

from pathlib import Path

import pytest

from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.web.help import _render, find_page


def test_help_of_an_enabled_plugin_is_shown(client: Browser) -> None:
    answer = client.get("/help/clients")

    assert answer.status_code == 200
    assert "<h1>Clientes</h1>" in answer.text


def test_index_lists_what_is_enabled_and_leads_there(client: Browser) -> None:
    answer = client.get("/help")

    assert 'href="/help/clients"' in answer.text
    assert 'href="/help"' in client.get("/clients/clients").text


@pytest.mark.plugins("clients")
def test_help_of_a_plugin_that_is_not_enabled_is_not_there(
    client: Browser, tenant: Company
) -> None:
    assert "colombia" not in tenant.view.enabled

    assert client.get("/help/colombia").status_code == 404
    assert client.post("/help/colombia").status_code == 404
    assert "/help/colombia" not in client.get("/help").text


def test_page_of_the_readers_language_comes_first(tmp_path: Path) -> None:
    (tmp_path / "es.md").write_text("hola")
    (tmp_path / "en.md").write_text("hello")

    assert find_page(tmp_path, "en") == tmp_path / "en.md"
    assert find_page(tmp_path, "fr") == tmp_path / "es.md"
    assert find_page(tmp_path / "nowhere", "es") is None


def test_html_in_a_page_stays_text(tmp_path: Path) -> None:
    page = tmp_path / "es.md"
    page.write_text("# Uno\n\n<script>alert(1)</script> [x](javascript:alert(1))")

    html = _render(page, 0)

    assert "<script" not in html
    assert "href" not in html
