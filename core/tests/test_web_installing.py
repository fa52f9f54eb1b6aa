"""What makes Trato an app: a manifest that tells of nobody, and nothing that keeps pages."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from flask import Flask

import trato
from trato.testing.clients import Browser
from trato.testing.pages import page_of

STATIC = Path(trato.__file__).parent / "web" / "static"
MANIFEST = "/manifest.webmanifest"
pytestmark = pytest.mark.database("sqlite")


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_anybody_reads_the_manifest_and_it_names_no_company(app: Flask, client: Browser) -> None:
    stranger = app.test_client().get(MANIFEST, headers={"Accept-Language": "es"})
    member = client.get(MANIFEST)

    assert stranger.status_code == 200
    assert stranger.mimetype == "application/manifest+json"
    assert stranger.json["lang"] == "es"
    assert stranger.json["start_url"] == stranger.json["scope"] == "/"
    assert stranger.json["display"] == "standalone"
    assert member.json == stranger.json
    assert "Set-Cookie" not in stranger.headers


def test_icons_are_as_large_as_the_manifest_says(app: Flask) -> None:
    icons = app.test_client().get(MANIFEST).json["icons"]
    drawn = [icon for icon in icons if icon["type"] == "image/png"]

    assert {icon["purpose"] for icon in drawn} == {"any", "maskable"}
    for icon in drawn:
        answer = app.test_client().get(icon["src"])
        side = int(icon["sizes"].partition("x")[0])
        assert size_of(answer.data) == (side, side)


def test_pages_lead_to_the_manifest_and_to_an_icon_for_apples(app: Flask) -> None:
    page = page_of(app.test_client().get("/login"))

    assert page.one("link", rel="manifest").attrs["href"] == MANIFEST
    icon = app.test_client().get(page.one("link", rel="apple-touch-icon").attrs["href"])
    assert size_of(icon.data) == (180, 180)


def test_nothing_keeps_pages_on_the_device(client: Browser) -> None:
    scripts = [file.read_text("utf-8") for file in (STATIC / "js").glob("*.js")]

    assert not [text for text in scripts if "serviceWorker" in text or "caches.open" in text]
    assert client.get("/clients/clients").headers["Cache-Control"] == "no-store"
