"""The bar on standard error: for people who wait, and for nobody else."""

from __future__ import annotations

import io

import pytest

from trato.cli.context import Context
from trato.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw at once and always."""
    monkeypatch.setattr("trato.cli.progress._PATIENCE", 0)
    monkeypatch.setattr("trato.cli.progress._EVERY", 0)


@pytest.mark.usefixtures("impatient")
def test_a_bar_shows_how_far_it_is_and_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    with Progress(Context("en"), "Importing") as progress:
        progress.reach(50, 200)

    assert "Importing [#######" in terminal.getvalue()
    assert " 25% 50/200 less than a minute left" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_the_time_left_is_told_by_what_this_run_has_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("trato.cli.progress.time.monotonic", lambda: now[0])
    progress = Progress(Context("es"), "Importing", total=10_000)
    begun = progress.line()

    progress.begin(9_000)
    now[0] += 120
    progress.reach(9_100)

    assert begun.endswith(" 0/10000")
    assert progress.line().endswith(" 91% 9100/10000 faltan unos 18 minutos")
    now[0] += 60
    progress.reach(9_750)
    assert progress.line().endswith(" 98% 9750/10000 falta alrededor de un minuto")
    progress.reach(10_000)
    assert progress.line().endswith(" 10000/10000")


@pytest.mark.usefixtures("impatient")
def test_without_a_total_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    with Progress(Context("en"), "Exporting") as progress:
        progress.advance(3)
        progress.advance()

    assert "Exporting 4" in terminal.getvalue()


@pytest.mark.usefixtures("impatient")
def test_a_file_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)

    with Progress(Context("en"), "Importing", total=2) as progress:
        progress.reach(2)

    assert log.getvalue() == ""


def test_what_is_over_soon_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    with Progress(Context("en"), "Importing") as progress:
        progress.reach(1, 2)

    assert terminal.getvalue() == ""
