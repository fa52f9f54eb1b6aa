"""The page about commands says what the commands say."""

from __future__ import annotations

from pathlib import Path

import pytest

from trato.cli.manual import write

PAGE = Path(__file__).parents[2] / "docs" / "operate" / "commands.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the manual is in the checkout only")
def test_the_page_about_commands_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == write(), (
        "run: python -m trato.cli.manual > docs/operate/commands.md"
    )
