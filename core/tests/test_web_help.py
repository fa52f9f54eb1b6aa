"""Help is there for what is enabled, in the reader's language, and is text only."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.web import help
from trato.web.help import _render, find_page, picture_size


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

    html = _render(page, 0, "/help/x")

    assert "<script" not in html
    assert "href" not in html


def test_pictures_have_words_and_a_size_and_are_sent_with_the_page(client: Browser) -> None:
    for path in ("/help", "/help/clients", "/help/colombia"):
        pictures = page_of(client.get(path)).all("img")

        assert pictures, path
        for picture in pictures:
            assert len(picture.attrs["alt"]) > 20
            assert picture.attrs["loading"] == "lazy"
            assert int(picture.attrs["width"]) > 200
            answer = client.get(picture.attrs["src"])
            assert answer.status_code == 200
            assert answer.mimetype == "image/webp"
            assert len(answer.data) <= 60_000, picture.attrs["src"]


@pytest.mark.plugins("clients")
def test_pictures_are_gated_as_their_page_is(client: Browser) -> None:
    assert client.get("/help/clients/clientes.webp").status_code == 200
    assert client.get("/help/colombia/municipio.webp").status_code == 404
    assert client.get("/help/clients/es.md").status_code == 404
    assert client.get("/help/trato/../es.md").status_code == 404
    client.post("/logout")
    assert client.get("/help/clients/clientes.webp").status_code == 302


def test_a_picture_that_is_missing_leaves_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = tmp_path / "es.md"
    page.write_text("![La lista](no-hay.webp) ![Otra](../../secreto.webp)")

    html = _render(page, 0, "/help/x")

    assert "<img" not in html
    assert "La lista" in html
    assert "no-hay.webp" in caplog.text


def test_a_picture_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.webp"
    file.write_bytes(b"\x89PNG" + bytes(40))

    with pytest.raises(ValueError, match="no WebP"):
        picture_size(file)


def test_every_picture_is_shown_on_a_page() -> None:
    texts = "".join(page.read_text("utf-8") for page in help.OWN.glob("*.md"))

    for picture in help.OWN.glob("*.webp"):
        assert f"({picture.name})" in texts


def test_administration_is_explained_to_administrators(app: Flask, tenant: Company) -> None:
    told = "Administrar su empresa"

    assert told in browser(app, tenant.member("admin")).get("/help").text
    assert told not in browser(app, tenant.member("seller")).get("/help").text
