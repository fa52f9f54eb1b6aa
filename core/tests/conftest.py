"""Fixtures for the tests of commands: each runs in a folder and with settings of its own."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trato.licensing import KeyPair
    from trato.testing.databases import Database


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures that tests of full size have noted with `record_property`."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]
    found = [
        (report.nodeid.rpartition("::")[2], figures)
        for report in reports
        for name, figures in getattr(report, "user_properties", ())
        if name == "figures" and report.when == "call"
    ]
    if not found or terminalreporter.config.getoption("-m") != "soak":
        return
    terminalreporter.section("figures")
    for test, figures in found:
        terminalreporter.line(test)
        for name, value in figures.items():
            terminalreporter.line(f"  {name:<24}{value}")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as data."""
        return json.loads(self.out)


@dataclass(kw_only=True)
class Installation:
    """A folder with settings in which commands are run in this process."""

    folder: Path
    environ: dict[str, str]
    run_with: Callable[..., Ran]
    keys: KeyPair
    database: Database | None = None
    _licenses: list[Path] = field(default_factory=list)

    def run(self, *words: str, stdin: str = "", environ: Mapping[str, str] | None = None) -> Ran:
        """Run `trato` with words."""
        return self.run_with(words, stdin=stdin, environ=self.environ | dict(environ or {}))

    def did(self, *words: str, **options: Any) -> Ran:
        """Run a command that must succeed."""
        ran = self.run(*words, **options)
        assert ran.code == 0, ran.err
        return ran

    def license(
        self, slug: str, *plugins: str, seats: int = 5, expires: str = "2099-12-31"
    ) -> Path:
        """Issue a licence into a file."""
        from trato.licensing import Claims, issue

        day = dt.date.fromisoformat(expires)
        file = self.folder / f"{slug}-{len(self._licenses)}.lic"
        claims = Claims(tenant=slug, plugins=plugins, seats=seats, expires=day)
        file.write_text(issue(self.keys.private, claims) + "\n")
        self._licenses.append(file)
        return file

    def tenant(self, slug: str = "acme", *plugins: str) -> str:
        """Make a tenant with plugins licensed and enabled; gives its slug."""
        file = self.license(slug, *plugins)
        self.did(
            "tenant", "create", slug, "--name", slug.title(), "--admin-email",
            f"ana@{slug}.example", "--admin-password", "correcta-clave-1", "--license", str(file),
        )  # fmt: skip
        for plugin in plugins:
            self.did("plugin", "enable", slug, plugin)
        return slug


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    license_keys: KeyPair,
) -> Installation:  # fmt: skip
    """Give a folder without anything: its SQLite file is yet to be made."""
    from trato.cli import main

    def run(words: tuple[str, ...], *, stdin: str, environ: Mapping[str, str]) -> Ran:
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            for name in list(os.environ):
                if name.startswith("TRATO_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
                    patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(stdin))
            capsys.readouterr()
            code = main(words)
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    environ = {
        "LANG": "en_US.UTF-8",
        "TRATO_DATABASE_URL": f"sqlite:///{tmp_path}/trato.sqlite",
        "TRATO_LICENSE_PUBLIC_KEY": license_keys.public.line(),
        "TRATO_PASSWORD_TIME_COST": "1",
        "TRATO_PASSWORD_MEMORY_KIB": "1024",
    }
    return Installation(folder=tmp_path, environ=environ, run_with=run, keys=license_keys)


def _on(installation: Installation, database: Database) -> Installation:
    installation.environ["TRATO_DATABASE_URL"] = database.url
    installation.environ["TRATO_STORAGE_URL"] = (installation.folder / "trato-files").as_uri()
    installation.environ["TRATO_SECRET_KEY"] = "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp"
    if database.backend == "postgresql":
        installation.environ["TRATO_OWNER_DATABASE_URL"] = database.owner_url
    installation.database = database
    return installation


@pytest.fixture
def installation(bare: Installation, fresh_database: Database) -> Installation:
    """Give an installation with a migrated database, on SQLite and on PostgreSQL."""
    return _on(bare, fresh_database)


@pytest.fixture
def unmigrated(bare: Installation, databases: Any, backend: Any) -> Installation:
    """Give an installation whose database has no tables yet."""
    return _on(bare, databases.empty(backend))
