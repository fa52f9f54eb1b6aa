"""Files by the pages, with a worker of its own: whole at a small size, measured at a real one.

At the size that real customers bring, where the worker is killed in the middle of the contacts:
`pytest -m soak -s core/tests/test_importing_by_page.py`, one test
with `-k`; the figures are printed.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from core.tests.test_importing_size import (
    HEADERS,
    LOST,
    MEMORY_MB,
    check_contacts,
    client,
    write_contacts,
)
from sqlalchemy import update
from xlsxwriter import Workbook

from trato.db.engine import transaction
from trato.exchange import desk as desks
from trato.host import Host
from trato.jobs import queue
from trato.jobs.exchanging import IMPORTS
from trato.settings import Settings
from trato.tenancy.tables import task as tasks
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases
from trato.testing.pages import page_of
from trato.web.app import create_app

pytestmark = [pytest.mark.slow]

_PROGRESS = re.compile(r'<progress max="([0-9]+)" value="([0-9]+)"')
_PEAK = re.compile(r"VmHWM:\s+([0-9]+) kB")
#: Words of the page beside the progress.
_LEFT = ("falta menos de un minuto", "falta alrededor de un minuto", "faltan unos")


@dataclass(kw_only=True, eq=False)
class Site:
    """A company, its administrator at the pages, and a worker process."""

    company: Company
    browser: Browser
    environ: dict[str, str]
    worker: subprocess.Popen[bytes]
    folder: Path
    #: How many clients are imported; twice as many contacts, half as many by a workbook.
    clients: int
    #: Seconds of a processor that workers have used that were killed.
    spent: float = 0

    @property
    def is_full(self) -> bool:
        return self.clients > 1_000

    def replace_worker(self) -> None:
        """Kill the worker in the middle of its work, and start another."""
        self.spent = self.used()
        assert self.peak() < MEMORY_MB
        self.worker.kill()
        self.worker.wait()
        company = self.company
        with transaction(company.host.engine, tenant_id=company.id) as connection:
            # As if the minute of its lease had passed.
            running = (tasks.c.tenant_id == company.id, tasks.c.state == "running")
            now = company.host.clock()
            connection.execute(update(tasks).where(*running).values(lease_until=now))
        self.worker = start_worker(self.environ)

    def wait(self, url: str, what: str, rows: int, *, is_cut: bool = False) -> dict[str, Any]:
        """Look at a page as a person does, until it is over; gives what came of it.

        :param is_cut: after the first third the worker is killed.
        """
        begun, used = time.monotonic(), self.used()
        seen: list[int] = []
        told_left = False
        while True:
            page = self.browser.get(f"{url}/status").text
            found = _PROGRESS.search(page)
            if found is not None:
                assert int(found[1]) == rows
                seen.append(int(found[2]))
            told_left = told_left or any(words in page for words in _LEFT)
            if is_cut and seen and seen[-1] > rows // 3:
                self.replace_worker()
                is_cut = False
            if 'hx-trigger="every 2s, again"' not in page:
                break
            with pytest.raises(subprocess.TimeoutExpired):  # it goes on
                self.worker.wait(0.2)
        seconds = time.monotonic() - begun
        task = self.last_task()
        assert task.state == "done", task.message
        peak = self.peak()
        print(
            f"\n{self.company.host.engine.dialect.name} {what} by page: {rows} rows, "
            f"{seconds:.0f} s, {rows / seconds:.0f} rows/s; the worker: "
            f"{self.used() - used:.0f} s of a processor, peak {peak} MiB"
        )
        assert not is_cut, "it was over before it could be cut"
        assert seen == sorted(seen)
        assert peak < MEMORY_MB
        if self.is_full and "export" not in what:
            assert len(set(seen)) > 10, "progress was not seen"
            assert told_left
        return dict(task.result)

    def last_task(self) -> queue.Task:
        company = self.company
        with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
            return next(
                task for task in queue.tasks(connection, company.id)
                if task.job in ("core.import_records", "core.export_records")
            )  # fmt: skip

    def used(self) -> float:
        """Give the seconds of a processor that the worker has used so far."""
        fields = Path(f"/proc/{self.worker.pid}/stat").read_text().rpartition(")")[2].split()
        return self.spent + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """Give the most memory that the worker has held so far, in MiB."""
        found = _PEAK.search(Path(f"/proc/{self.worker.pid}/status").read_text())
        assert found is not None
        return int(found[1]) // 1024

    def bring(
        self, path: str, file: Path, rows: int, *, is_cut: bool = False, **choices: str
    ) -> dict[str, Any]:
        """Import a file by the steps of the page; what it proposes for the columns is taken."""
        with file.open("rb") as stream:
            answer = self.browser.post(f"{path}/import", data={"file": (stream, file.name)})
        url = answer.headers["Location"]
        form = page_of(self.browser.get(url)).form(url)
        sent = {name: values[-1] for name, values in form.items()} | choices | {"do": "import"}
        assert self.browser.post(url, data=sent).status_code == 302
        return self.wait(url, f"{path} {file.suffix}", rows, is_cut=is_cut)

    def take_away(self, extension: str) -> bytes:
        """Export the clients in the background, and fetch the file."""
        answer = self.browser.post("/clients/clients/exports", data={"format": extension})
        url = answer.headers["Location"]
        result = self.wait(url, f"export {extension}", self.clients)
        assert result["records"] == self.clients
        return self.browser.get(f"{url}/file").data


def start_worker(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "trato", "worker"], env=environ, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(300, id="small"),
        pytest.param(100_000, id="full", marks=pytest.mark.soak),
    ],
)
def site(
    request: pytest.FixtureRequest, backend: str, databases: Databases,
    make_settings: Callable[[Database], Settings], issue_license: LicenseIssuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:  # fmt: skip
    database = databases.migrated(backend)  # type: ignore[arg-type]
    settings = make_settings(database)
    host = Host(settings)
    company = make_company(host, issue_license)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    environ = own | {
        "TRATO_DATABASE_URL": database.url, "TRATO_SECRET_KEY": settings.secret_key[0],
        "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
        "TRATO_STORAGE_URL": settings.storage_folder.as_uri(),
    }  # fmt: skip
    made = Site(
        company=company, browser=browser(create_app(host), company.member("admin")),
        environ=environ, worker=start_worker(environ), folder=tmp_path_factory.mktemp("files"),
        clients=request.param,
    )  # fmt: skip
    try:
        yield made
    finally:
        made.worker.terminate()
        made.worker.wait(60)
        host.close()


@pytest.fixture(scope="module")
def clients(site: Site) -> Path:
    """Bring the clients, for all tests that need them; gives their file."""
    path = site.folder / "clientes.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(";".join(HEADERS) + "\n")
        file.writelines(";".join(client(n)) + "\n" for n in range(site.clients))
    result = site.bring("/clients/clients", path, site.clients, match="identification")
    assert result["created"] == site.clients
    return path


def test_contacts_of_many_clients_find_them(site: Site, clients: Path) -> None:
    count = site.clients * 2
    path = site.folder / "contactos.csv"
    write_contacts(path, count)

    result = site.bring(
        "/clients/contacts", path, count + LOST, is_cut=site.is_full, duplicates="create"
    )

    assert (result["created"], result["refused"], result["duplicates"]) == (count, LOST, 0)
    task = site.last_task()
    assert task.attempts == (2 if site.is_full else 1)
    folder = desks.root(site.company.host, site.company.id, IMPORTS) / task.payload["desk"]
    check_contacts(site.company, folder / "errors.csv", count)


def test_the_same_file_again_changes_nothing_and_the_page_says_so(
    site: Site, clients: Path
) -> None:
    again = site.bring("/clients/clients", clients, site.clients, match="identification")

    assert (again["unchanged"], again["created"], again["updated"]) == (site.clients, 0, 0)
    task = site.last_task()
    page = site.browser.get(f"/clients/clients/import/{UUID(task.payload['desk'])}").text
    assert "Todas las filas dicen lo que ya estaba" in page


def test_all_clients_are_exported_as_csv(site: Site, clients: Path) -> None:
    text = site.take_away("csv").decode("utf-8-sig")

    rows = csv.reader(io.StringIO(text), delimiter=";")
    assert len(next(rows)) > 10
    assert sum(1 for _row in rows) == site.clients


def test_all_clients_are_exported_as_a_workbook(site: Site, clients: Path) -> None:
    assert site.take_away("xlsx").startswith(b"PK")


def test_a_workbook_comes_in(site: Site) -> None:
    count = site.clients // 2
    path = site.folder / "clientes.xlsx"
    with Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for number in range(count):
            sheet.write_row(number + 1, 0, client(500_000 + number))

    result = site.bring("/clients/clients", path, count, match="", duplicates="create")

    assert (result["created"], result["refused"]) == (count, 0)
