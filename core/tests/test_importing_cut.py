"""An import by the command that is cut: the same command goes on, without a loss or a double."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from core.tests.conftest import Installation
from core.tests.test_web_imports import bomb
from sqlalchemy import select

from trato.errors import ConfigError
from trato.exchange import importing
from trato.exchange.course import KEPT, Course
from trato.exchange.results import ImportResult
from trato.host import Host
from trato.i18n import Formats
from trato.jobs.catalogue import CLEAN
from trato.records.query import Query
from trato.records.tables import audit, import_course
from trato.records.unit import Unit
from trato.settings import Settings
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

CLIENT = "clients.client"
ROOT = Path(__file__).parents[2]
#: Every tenth row is refused.
GOOD, BAD = 45, 5


def content(*, bad_from: int = 0) -> str:
    lines = []
    for number in range(GOOD):
        lines.append(f"Cliente {number:04};{70_000_000 + number};\n")
        if number % 9 == 0 and number >= bad_from:
            lines.append("Malo;;ftp:no\n")
    return "Nombre;NIT;Sitio web\n" + "".join(lines)


def write(installation: Installation) -> str:
    path = installation.folder / "datos.csv"
    path.write_text(content(), encoding="utf-8")
    return str(path)


def cut(installation: Installation, *words: str, batches: int = 2) -> None:
    """Import in a process that is killed after so many batches of ten rows, within the next."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "core.tests.import_program", "import", "acme", CLIENT, *words],
        cwd=ROOT, env=own | installation.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        for batch in range(1, batches + 2):
            assert process.stdout.readline().strip() == f"batch {batch * 10}"
            if batch <= batches:
                process.stdin.write("go\n")
                process.stdin.flush()
        process.kill()


@contextmanager
def opened(installation: Installation) -> Iterator[Unit]:
    """Look at the records by another process's eyes."""
    host = Host(Settings.load(installation.environ))
    try:
        with host.unit(host.system(1), read=True) as unit:
            yield unit
    finally:
        host.close()


def names(installation: Installation) -> list[str]:
    with opened(installation) as unit:
        found = unit.records.query(CLIENT, columns=("name",), sort=("name",), limit=500).rows
    return [row[2] for row in found]


def test_a_killed_import_goes_on_where_it_was(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is killed inside its third batch, as rows and refusals are already written."""
    monkeypatch.setattr(importing, "BATCH", 10)
    installation.tenant("acme", "clients")
    file = write(installation)
    words = (file, "--errors", str(installation.folder / "malas.csv"))
    cut(installation, *words)
    at_cut = len(names(installation))
    with opened(installation) as unit:
        cut_at = unit.connection.execute(select(import_course.c.reached_at)).scalar_one()

    ran = installation.run("import", "acme", CLIENT, *words, "--json")

    assert at_cut == 18
    assert ran.code == 1
    day = Formats("en", "America/Bogota").date(cut_at)
    told = f"Goes on after row 21, where an import of this file was cut on {day}."
    assert told in ran.err
    found = {name: ran.json[name] for name in ("total", "created", "refused", "resumed_after")}
    assert found == {"total": 50, "created": GOOD, "refused": BAD, "resumed_after": 21}
    assert names(installation) == [f"Cliente {n:04}" for n in range(GOOD)]
    refused = (installation.folder / "malas.csv").read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(refused, delimiter=";"))
    assert [row["row"] for row in rows] == ["3", "13", "23", "33", "43"]
    assert {row["Nombre"] for row in rows} == {"Malo"}
    with opened(installation) as unit:
        for number in (0, 17, 18, GOOD - 1):
            hits = unit.records.query(CLIENT, Query(search=str(70_000_000 + number))).rows
            assert len(hits) == 1
        history = select(audit.c.record_id).where(audit.c.entity == CLIENT)
        assert len(unit.connection.execute(history).all()) == GOOD
        assert unit.connection.execute(select(import_course.c.version)).all() == []
    installation.did("audit", "verify", "acme")


def cut_here(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, *words: str, batches: int = 2
) -> None:
    """Import as far as some batches of ten rows, and lose the process's memory."""
    with monkeypatch.context() as patch:
        patch.setattr(importing, "BATCH", 10)
        keep, left = Course.keep, [batches]

        def break_off(self: Course, unit: Any, reached: dict[str, Any]) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            keep(self, unit, reached)

        patch.setattr(Course, "keep", break_off)
        assert installation.run("import", "acme", CLIENT, *words).code == 130


@pytest.mark.database("sqlite")
def test_what_is_done_about_a_cut_import_depends_on_the_command(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for something else is told; nothing is doubled unless it is asked for."""
    installation.tenant("acme", "clients")
    file = write(installation)

    def run(*words: str) -> Any:
        return installation.run("import", "acme", CLIENT, *words, "--json")

    cut_here(installation, monkeypatch, file)

    other = run(file, "--duplicates", "skip")
    assert other.code == 2
    assert "An import of this file with other choices was cut after row 21." in other.err
    assert "--start-over" in other.err
    late = run(file, "--errors", str(installation.folder / "tarde.csv"))
    assert late.code == 2
    assert "--errors" in late.err
    assert len(names(installation)) == 18
    trial = run(file, "--dry-run")
    assert trial.json["created"] == GOOD
    by_number = run(file, "--match", "identification")
    assert "this one begins at the first row" in by_number.err
    assert (by_number.json["created"], by_number.json["unchanged"]) == (GOOD - 18, 18)

    assert len(names(installation)) == GOOD
    # It is over, so the same again is a new import.
    again = run(file)
    assert (again.json["created"], again.json["resumed_after"]) == (GOOD, None)
    cut_here(installation, monkeypatch, file)
    whole = run(file, "--start-over")
    assert (whole.json["created"], whole.json["resumed_after"]) == (GOOD, None)
    assert len(names(installation)) == GOOD + GOOD + 18 + GOOD


@pytest.mark.database("sqlite")
def test_the_refused_rows_of_before_are_in_the_file_that_is_asked_for(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.tenant("acme", "clients")
    file = write(installation)
    first, other = (installation.folder / name for name in ("malas.csv", "otras.csv"))
    cut_here(installation, monkeypatch, file, "--errors", str(first))
    refused = first.read_bytes()
    first.unlink()

    without = installation.run("import", "acme", CLIENT, file, "--errors", str(first))
    first.write_bytes(refused)
    ran = installation.run("import", "acme", CLIENT, file, "--errors", str(other))

    assert without.code == 2
    assert f"are not in {first}" in without.err
    assert ran.code == 1
    assert len(other.read_text("utf-8-sig").splitlines()) == 1 + BAD
    assert len(names(installation)) == GOOD


class Command:
    """What `trato import` does with a file, in a process that others look into."""

    def __init__(self, tenant: Company, file: Path) -> None:
        self._tenant = tenant
        self._file = file
        self.errors = file.with_name("malas.csv")
        self.course = Course(
            tenant.host, tenant.system(), CLIENT, file, choices={"match": None}, errors=self.errors
        )

    def run(self, progress: Callable[[int, int | None], None] | None = None) -> ImportResult:
        course = self.course
        result = importing.run_import(
            self._tenant.host, self._tenant.system(), CLIENT, self._file, errors_path=self.errors,
            begin=course.begin, hold=course.hold, keep=course.keep, resume=course.resume,
            progress=progress,
        )  # fmt: skip
        course.end()
        return result


def refused(errors: Path) -> list[str]:
    lines = errors.read_text("utf-8-sig").splitlines()
    return [row["row"] for row in csv.DictReader(lines, delimiter=";")]


@pytest.mark.parametrize(
    ("stops", "at"), [("first", 20), ("late", 30)], ids=["the one before", "the one that is late"]
)
def test_of_two_commands_with_one_file_one_stops_before_it_writes_anything(
    tenant: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: str, at: int
) -> None:
    """Whoever takes the file over wins; the other writes no record and no refused row more."""
    monkeypatch.setattr(importing, "BATCH", 10)
    file = tmp_path / "datos.csv"
    file.write_text(content(bad_from=19), encoding="utf-8")
    first = Command(tenant, file)
    results: list[ImportResult] = []
    stopped = pytest.raises(ConfigError, match="Another command imports this file now")

    def meanwhile(done: int, _total: int | None) -> None:
        if done == at and stops == "first":
            results.append(Command(tenant, file).run())
        elif done == at:
            with stopped:
                late.run()

    late = Command(tenant, file)
    if stops == "first":
        with stopped:
            first.run(meanwhile)
    else:
        results.append(first.run(meanwhile))

    assert [(one.created, one.refused) for one in results] == [(GOOD, 2)]
    assert refused(first.errors) == ["30", "40"]
    with tenant.unit(read=True) as unit:
        assert unit.records.count_where(CLIENT) == GOOD


@pytest.mark.database("sqlite")
def test_what_nobody_goes_on_with_is_forgotten_after_its_days(
    tenant: Company, tmp_path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    file = tmp_path / "datos.csv"
    file.write_text(content(), encoding="utf-8")

    def lose(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Command(tenant, file).run(lose)
    clock.advance(days=KEPT.days, hours=-1)
    tenant.run(CLEAN)
    kept = Command(tenant, file).course
    clock.advance(hours=2)
    tenant.run(CLEAN)

    assert kept.after == 11
    assert Command(tenant, file).course.after is None


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("content", "told"),
    [(lambda _size: b"PK\x03\x04 no workbook", "The workbook is broken"), (bomb, "unpacks to")],
)
def test_a_workbook_that_cannot_be_read_is_refused_and_nothing_is_written(
    installation: Installation, content: Callable[[int], bytes], told: str
) -> None:
    installation.tenant("acme", "clients")
    file, errors = installation.folder / "libro.xlsx", installation.folder / "malas.csv"
    file.write_bytes(content(20))

    ran = installation.run("import", "acme", CLIENT, str(file), "--errors", str(errors))

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert names(installation) == []
    assert not errors.exists()
