"""Import of a file beside the database's own way of taking rows in."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.world import CLIENT, World, analyze, client
from trato.exchange.importing import run_import

_HEADERS = ("name", "identification", "city", "status", "email", "phone", "address",
            "credit_limit", "custom.rating", "custom.segment")  # fmt: skip
#: Names of the file's rows begin here.
_FIRST = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Rows a second of both ways."""

    rows: int
    imported: float
    #: COPY on PostgreSQL, the driver's executemany in one transaction on SQLite; no search index,
    #: no audit, no typed rows of own fields.
    copied: float


def load(world: World, rows: int, *, turn: int = 0) -> Loaded:
    """Import a file, copy the same rows, and take both away again."""
    file = world.folder / "import.csv"
    first = _FIRST + turn * rows
    _write_file(file, first, rows)
    started = time.perf_counter()
    result = run_import(world.host, world.actor(), CLIENT, file)
    took = time.perf_counter() - started
    if result.created != rows:
        raise ValueError(f"{result.created} of {rows} rows were imported: {result.problems[:3]}")
    copied = _copy_rows(world, first, rows)
    analyze(world)
    return Loaded(rows=rows, imported=rows / took, copied=rows / copied)


def _write_file(file: Path, first: int, rows: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADERS)
        for number in range(first, first + rows):
            values = client(number)
            writer.writerow([values[name] for name in _HEADERS])


_OURS = "WHERE tenant_id = :tenant AND identification_key >= :low AND identification_key < :high"


def _copy_rows(world: World, first: int, rows: int) -> float:
    """Time the database's own way with the rows that were just imported, under new ids."""
    owner = world.database.open_owner()
    bound = {"tenant": world.tenant_id, "low": f"9{first:08d}", "high": f"9{first + rows:08d}"}
    with owner.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        names = [c["name"] for c in _columns(world, connection)]
        listed = ", ".join(names)
        if world.database.backend == "sqlite":
            stored = connection.execute(
                text(f"SELECT {listed} FROM clients_client {_OURS}"),
                bound,
            ).fetchall()
            place = names.index("id")
            new = [(*r[:place], f"{'f' * 8}{r[place][8:]}", *r[place + 1 :]) for r in stored]
            marks = ", ".join("?" * len(names))
            connection.rollback()
            driver.execute("BEGIN IMMEDIATE")
            started = time.perf_counter()
            driver.executemany(f"INSERT INTO clients_client ({listed}) VALUES ({marks})", new)
            took = time.perf_counter() - started
            driver.execute("ROLLBACK")
        else:
            chosen = ", ".join("gen_random_uuid()" if n == "id" else n for n in names)
            connection.execute(
                text(
                    f"CREATE TEMP TABLE rows AS SELECT {chosen} FROM clients_client {_OURS}"
                ), bound,
            )  # fmt: skip
            cursor = driver.cursor()
            with cursor.copy("COPY rows TO STDOUT") as out:
                data = b"".join(bytes(block) for block in out)
            started = time.perf_counter()
            with cursor.copy(f"COPY clients_client ({listed}) FROM STDIN") as into:
                into.write(data)
            took = time.perf_counter() - started
            connection.rollback()
    owner.dispose()
    return took


def _columns(world: World, connection: Any) -> list[Any]:
    from sqlalchemy import inspect

    return list(inspect(connection).get_columns("clients_client"))
