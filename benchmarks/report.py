"""The table that is printed, and the figures as a file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing

#: Odoo 17 and Tryton 8.2 on the same kind of work at 100,000 rows, × the bare page beside them;
#: 2026-11-22, gunicorn, PostgreSQL 15.
PEERS = {
    "REST list, first page": "Odoo 8.3, Tryton 45", "HTML list page": "Odoo 8.3, Tryton 45",
    "search, common term": "Odoo 15, Tryton 14", "search, rare term": "Odoo 31, Tryton 20",
    "create with audit": "Odoo 14, Tryton 25", "update with audit": "Odoo 13, Tryton 7",
    "import, rows/s": "Odoo 1/95, Tryton 1/310", "start to first page": "Odoo 7.7 s, Tryton 4.7 s",
    "memory per worker": "Odoo 136 MiB, Tryton 106 MiB",
}  # fmt: skip


@dataclass(kw_only=True)
class Row:
    """One line of the table."""

    backend: str
    size: int
    work: str
    #: Trato's figure against its measure: a ratio, or seconds, or MiB.
    value: float
    unit: str = "×"
    aim: float | None = None
    #: Whether the aim is the least that is wanted, and not the most.
    is_least: bool = False
    timings: dict[str, Timing] = field(default_factory=dict)
    statements: int | None = None
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.is_least else self.value <= self.aim


_HEAD = ("database", "clients", "work", "SQL", "bare", "p95", "Trato", "p95", "statements",
         "result", "aim", "reached", "others")  # fmt: skip


def table(rows: list[Row]) -> str:
    """Write the lines in columns, for a person."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    times = row.timings
    shown = [
        f"{time.median if part == 'median' else time.p95:.1f}" if (time := times.get(name)) else ""
        for name, part in (("sql", "median"), ("bare", "median"), ("bare", "p95"),
                           ("trato", "median"), ("trato", "p95"))
    ]  # fmt: skip
    reached = {None: "", True: "yes", False: "NO"}[row.is_reached]
    return (
        row.backend, f"{row.size:,}", row.work, *shown,
        "" if row.statements is None else str(row.statements), f"{row.value:.2f} {row.unit}",
        _aim(row), reached, row.note or PEERS.get(row.work, ""),
    )  # fmt: skip


def summary(rows: list[Row]) -> str:
    """Say how many aims are reached, and name those that are not."""
    judged = [row for row in rows if row.is_reached is not None]
    missed = [
        f"  {row.backend} {row.size:,}: {row.work} {row.value:.2f} {row.unit}, aim {_aim(row)}"
        for row in judged if not row.is_reached
    ]  # fmt: skip
    head = f"{len(judged) - len(missed)} of {len(judged)} aims are reached"
    return "\n".join([f"{head}; missed:" if missed else f"{head}.", *missed])


def _aim(row: Row) -> str:
    return "" if row.aim is None else f"{'≥' if row.is_least else '≤'} {row.aim:g}"


def write_json(rows: list[Row], file: Path, about: dict[str, Any]) -> None:
    """Write all figures, for a program."""
    data = {
        **about,
        "rows": [{**dataclasses.asdict(row), "is_reached": row.is_reached} for row in rows],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
