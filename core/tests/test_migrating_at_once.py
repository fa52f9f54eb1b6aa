"""Two who migrate at once wait for each other, and the second finds nothing left to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect

from trato.db.engine import open_engine

if TYPE_CHECKING:
    from core.tests.conftest import Installation

_TOGETHER = 3


@pytest.mark.slow
def test_processes_that_migrate_at_once_migrate_once(unmigrated: Installation) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "trato", "migrate", "--json"], env=own | unmigrated.environ,
            cwd=unmigrated.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _number in range(_TOGETHER)
    ]  # fmt: skip
    ended = [process.communicate(timeout=300) for process in running]

    assert [process.returncode for process in running] == [0] * _TOGETHER, ended
    moved = sorted(len(json.loads(out)) for out, _err in ended)
    assert moved[:-1] == [0] * (_TOGETHER - 1)
    assert moved[-1] >= 3
    assert unmigrated.did("migrate", "--check").code == 0
    assert unmigrated.database is not None
    engine = open_engine(unmigrated.database.owner_url)
    assert "core_tenant" in inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.slow
@pytest.mark.database("sqlite")
def test_commands_that_make_the_database_at_once_make_it_once(unmigrated: Installation) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "trato", "tenant", "list", "--json"],
            env=own | unmigrated.environ, cwd=unmigrated.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _number in range(_TOGETHER)
    ]  # fmt: skip
    ended = [process.communicate(timeout=300) for process in running]

    assert [(process.returncode, out) for process, (out, _err) in zip(running, ended, strict=True)
            ] == [(0, "[]\n")] * _TOGETHER, ended  # fmt: skip
