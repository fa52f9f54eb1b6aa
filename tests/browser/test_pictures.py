"""The pictures of the help still show what the pages look like."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

HERE = Path(__file__).parent

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load the module beside this one; it imports its neighbour as a script does."""
    monkeypatch.syspath_prepend(str(HERE))
    spec = importlib.util.spec_from_file_location("pictures", HERE / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "pictures", module)
    spec.loader.exec_module(module)
    return module


def test_pictures_of_the_help_show_the_pages_as_they_are(
    chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = load(monkeypatch)
    known = json.loads(pictures.SUMS.read_text("utf-8"))

    with pictures.opened(chromium) as (company, here), here.refused(422):
        found = {}
        for shot in pictures.shots(company):
            found[f"{shot.plugin}/{shot.name}"], taken = pictures.take(here, shot)
            assert len(taken) <= pictures.LARGEST, shot
            assert shot.file(company.host).is_file(), shot

    changed = sorted(name for name in {*known, *found} if known.get(name) != found.get(name))
    assert not changed, f"Pages no longer look like their pictures. Run: make pictures\n{changed}"
    assert here.complaints == []
