"""The documentation as a site: every page and every promised name, and nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trato.api

# One process for all, as each would build the site.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]

ROOT = Path(__file__).resolve().parents[1]
#: Runs at the start of every Python that the build starts: who opens a connection fails.
NO_NETWORK = """
import socket


def refuse(*_args, **_kwargs):
    raise OSError("the documentation is built without network")


socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse
"""
#: Told by their own libraries; `_` is private to Sphinx.
NOT_OURS = {"Mapped", "UUID", "_", "metadata"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built, blocked = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("blocked")
    (blocked / "sitecustomize.py").write_text(NO_NETWORK, "utf-8")
    without = os.environ | {"PYTHONPATH": str(blocked)}
    asked = subprocess.run(
        [sys.executable, "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9')"],
        env=without, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "built without network" in asked.stderr
    made = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(built)],
        cwd=ROOT, env=without, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return built


def test_the_site_has_every_page_and_every_promised_name(site: Path) -> None:
    pages = {page.relative_to(ROOT).with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    names = (site / "docs/develop/api.html").read_text("utf-8")

    assert {page for page in pages if not (site / page).exists()} == set()
    assert "docs/index.html" in (site / "index.html").read_text("utf-8")
    assert {
        name
        for name in trato.api.__all__
        if f'id="trato.api.{name}"' not in names and name not in NOT_OURS
    } == set()


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    fetched = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="(https?:)?//|<link[^>]+href="(https?:)?//'
    )

    for page in site.rglob("*.html"):
        assert fetched.search(page.read_text("utf-8")) is None, page.name
