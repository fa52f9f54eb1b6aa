"""The list of keys that `?` opens: what a template gives a key stands there, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import trato
from trato.testing.clients import Browser
from trato.testing.pages import page_of

TEMPLATES = Path(trato.__file__).parent / "web" / "templates"
#: What a button of a page does with its key: `ui.button(…, "n")`.
_BUTTON = re.compile(r'ui\.button\([^}]*?, "([a-z])"[,)]')
_SAID = re.compile(r'(?:data-key|aria-keyshortcuts)="([^"{]+)"')


def bound() -> set[str]:
    """Name the keys that templates bind."""
    found: set[str] = set()
    for file in TEMPLATES.rglob("*.html"):
        text = file.read_text("utf-8")
        found |= set(_BUTTON.findall(text)) | set(_SAID.findall(text))
    return {key.replace("Control", "Ctrl").replace("+", " ").upper() for key in found}


def listed(client: Browser, path: str) -> set[str]:
    keys = page_of(client.get(path)).one("dialog", "t-dialog-keys")
    return {key.text.upper() for key in keys.all("kbd")}


def test_every_key_of_a_template_is_in_the_list(client: Browser) -> None:
    assert {"N", "E", "/", "M", "CTRL K", "CTRL ENTER"} <= bound()
    assert bound() - listed(client, "/clients/clients") == set()


def test_the_list_is_on_every_page_of_somebody_signed_in(client: Browser) -> None:
    at_the_list = listed(client, "/clients/clients")

    for path in (
        "/clients/clients/new",
        "/account",
        "/settings",
        "/help",
        "/core/marks",
        "/search",
    ):
        assert listed(client, path) == at_the_list, path
