"""One run: sizes after sizes on a growing company, every kind of work in turn."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.cases import PAGE, make_cases
from benchmarks.loading import load
from benchmarks.measure import Budget, take_turns
from benchmarks.report import Row
from benchmarks.world import World, fill, make_world
from trato.host import discover
from trato.registry import register_all
from trato.testing.databases import Databases
from trato.testing.postgres import PostgresServer, start_postgres
from trato.web import create_app

#: Work that may hardly take longer in a large company.
_GROWTH = ("REST list, first page", "record page")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured."""

    #: By database, smallest first.
    sizes: Mapping[str, Sequence[int]]
    budget: Budget = field(default_factory=Budget)
    #: Rows of the imported file, at most.
    imported: int = 10_000
    starts: int = 3


def run(plan: Plan, *, say: Any = None) -> list[Row]:
    """Measure everything; the databases are gone afterwards."""
    tell = say or (lambda text: print(text, file=sys.stderr, flush=True))
    rows: list[Row] = []
    with _databases() as (databases, folder):
        for backend, sizes in plan.sizes.items():
            world = make_world(databases, backend, folder)
            for size in sorted(sizes):
                begun = time.monotonic()
                fill(world, size)
                tell(f"{backend}: {size:,} clients are there ({time.monotonic() - begun:.0f} s)")
                rows += measure(world, size, plan)
                tell(f"{backend}: {size:,} clients measured ({time.monotonic() - begun:.0f} s)")
            rows += _growth(rows, backend, sizes)
            world.host.close()
    return rows


def measure(world: World, size: int, plan: Plan) -> list[Row]:
    """Measure one size."""
    backend = world.database.backend
    app = create_app(world.host)
    rows = []
    cookie = {"Cookie": f"trato_session={world.session}"}
    other, own = servers.free_port(), servers.free_port()
    command = servers.bare_command(world.database.owner_url, world.tenant_id, other)
    with (
        servers.serving(command, {}, other, "/list") as bare,
        servers.serving(servers.trato_command(own), world.environ(), own, PAGE, cookie) as trato,
    ):
        trato.settle()
        for case in make_cases(world, size):
            times = take_turns(case.works(trato, bare, world), plan.budget)
            rows.append(
                Row(backend=backend, size=size, work=case.name, aim=case.aim, timings=times,
                    value=times["trato"].median / times["bare"].median,
                    statements=case.statements(app, world))
            )  # fmt: skip
        rss, pss = trato.memory()
    first, deep = rows[0].timings["trato"].median, rows[1].timings["trato"].median
    rows.insert(2, Row(backend=backend, size=size, work="deep page, × first", value=deep / first,
                       aim=1.5))  # fmt: skip
    loaded = load(world, min(plan.imported, size))
    rows.append(
        Row(backend=backend, size=size, work="import, rows/s", aim=0.1, is_least=True,
            value=loaded.imported / loaded.copied,
            note=f"{loaded.imported:,.0f} of {loaded.copied:,.0f} rows/s")
    )  # fmt: skip
    starts = [_start(world, cookie) for _time in range(plan.starts)]
    rows.append(
        Row(backend=backend, size=size, work="start to first page", unit="s", aim=2,
            value=statistics.median(starts))
    )  # fmt: skip
    rows.append(
        Row(backend=backend, size=size, work="memory per worker", unit="MiB", aim=120, value=rss,
            note=f"RSS; PSS {pss:.0f}")
    )  # fmt: skip
    return rows


def _start(world: World, headers: Mapping[str, str]) -> float:
    port = servers.free_port()
    command = servers.trato_command(port)
    with servers.serving(command, world.environ(), port, PAGE, headers) as server:
        return server.started_in


def _growth(rows: list[Row], backend: str, sizes: Sequence[int]) -> list[Row]:
    """Compare the largest size with the smallest."""
    least, most = min(sizes), max(sizes)
    if least == most:
        return []
    at = {(row.size, row.work): row for row in rows if row.backend == backend}
    return [
        Row(backend=backend, size=most, work=f"growth: {work}", aim=1.3,
            value=at[most, work].timings["trato"].median
            / at[least, work].timings["trato"].median, note=f"from {least:,}")
        for work in _GROWTH
    ]  # fmt: skip


@contextlib.contextmanager
def _databases() -> Iterator[tuple[Databases, Path]]:
    """Make databases of our own; a server is started when PostgreSQL is measured."""
    made: list[PostgresServer] = []

    def server() -> PostgresServer:
        if not made:
            made.append(start_postgres())
        return made[0]

    registry = register_all(discover()[0], host_version="0.1.0")
    with tempfile.TemporaryDirectory(prefix="trato-bench-") as folder:
        try:
            yield (
                Databases(folder=Path(folder), server=server, migrations=registry.folders),
                Path(folder),
            )
        finally:
            for one in made:
                one.stop()
