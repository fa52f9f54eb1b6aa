"""The bench measures: every kind of work is really done, on a few hundred clients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_bench_does_every_kind_of_work_at_each_size(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--trial", "--sizes", "200,300",
               "--databases", "sqlite", "--folder", str(tmp_path)]  # fmt: skip

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)

    assert done.returncode == 0, done.stderr
    assert "search, rare term" in done.stdout
    assert " aims are reached" in done.stdout
    (file,) = tmp_path.glob("*.json")
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert [row["work"] for row in rows if row["size"] == 300] == [
        "REST list, first page", "REST list, deep page", "deep page, × first", "HTML list page",
        "search, common term", "search, rare term", "record page", "create with audit",
        "update with audit", "import, rows/s", "start to first page", "memory per worker",
        "growth: REST list, first page", "growth: record page",
    ]  # fmt: skip
    assert all(row["value"] > 0 for row in rows)
    assert rows[0]["timings"]["trato"]["rounds"] == 2
