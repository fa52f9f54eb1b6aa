"""A run without a browser fails and says what to do; it never passes by leaving tests out."""

from __future__ import annotations

from pathlib import Path

import pytest

from trato.errors import ConfigError
from trato.testing.browser import find_chromium


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
