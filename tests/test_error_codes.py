"""The page of error codes is what the code says, and every code is told with what to do."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("error_codes", ROOT / "tools" / "error_codes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks itself up.
    importlib.sys.modules[spec.name] = module  # type: ignore[attr-defined]
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_code_says(tool: ModuleType) -> None:
    said = tool.PAGE.read_text("utf-8")

    assert said == tool.page(), "Write it anew: .venv/bin/python tools/error_codes.py"


def test_every_code_has_status_meaning_and_action(tool: ModuleType) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \| (.*) \|$", tool.page(), re.M)

    assert len(rows) > 130
    assert [code for code, status, says, does in rows if not (status and says and does)] == []


def test_no_code_of_the_code_is_left_out(tool: ModuleType) -> None:
    written = {
        code
        for folder in tool.packages().values()
        for file in folder.rglob("*.py")
        if "testing" not in file.relative_to(folder).parts
        for code in re.findall(r'\bcode ?= ?"([a-z_]+)"', file.read_text("utf-8"))
    }

    assert written - set(tool.told()) == set()


def test_words_are_kept_for_codes_that_exist(tool: ModuleType) -> None:
    assert {*tool.MEANINGS, *tool.ACTIONS} - set(tool.told()) == set()
