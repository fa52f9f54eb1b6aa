"""Files of the size that real customers bring, by the command: counts, time and memory.

In the middle of one the command is killed, and the same again goes on.

Run with `pytest -m soak -s`; the figures are printed.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from xlsxwriter import Workbook

from trato.host import Host
from trato.records.query import Query
from trato.records.tables import import_course
from trato.settings import Settings
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases

pytestmark = [pytest.mark.soak, pytest.mark.slow]

#: A process must stay below this, however long the file.
MEMORY_MB = 400
CLIENTS, CONTACTS, WORKBOOK = 100_000, 200_000, 50_000
#: Rows among the contacts that are refused, as their client is not there.
LOST = 20
_MEASURE = """
import json, resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], capture_output=True, text=True)
took = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": ended.returncode, "out": ended.stdout, "err": ended.stderr,
                  "mb": took.ru_maxrss // 1024, "cpu": took.ru_utime + took.ru_stime}))
"""


@pytest.fixture(scope="module")
def place(
    backend: str, databases: Databases, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer,
) -> Iterator[tuple[Company, dict[str, str]]]:  # fmt: skip
    database = databases.migrated(backend)  # type: ignore[arg-type]
    settings = make_settings(database)
    host = Host(settings)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRATO_")}
    environ = own | {
        "TRATO_DATABASE_URL": database.url, "TRATO_SECRET_KEY": settings.secret_key[0],
        "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
    }  # fmt: skip
    yield make_company(host, issue_license), environ
    host.close()


def run(
    place: tuple[Company, dict[str, str]], entity: str, file: Path, *options: str, code: int = 0
) -> dict[str, Any]:
    """Import a file by the command, and print what it took."""
    company, environ = place
    begun = time.monotonic()
    command = [sys.executable, "-m", "trato", "import", company.slug, entity, str(file), "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command, *options], env=environ, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - begun
    measured = json.loads(ended.stdout)
    assert measured["code"] == code, measured["err"]
    result: dict[str, Any] = json.loads(measured["out"])
    rows = result["total"] - (result["resumed_after"] or 0)
    print(
        f"\n{company.host.engine.dialect.name} {entity} {file.suffix}: {rows} rows, "
        f"{seconds:.0f} s, {rows / seconds:.0f} rows/s; the command: "
        f"{measured['cpu']:.0f} s of a processor, peak {measured['mb']} MiB"
    )
    assert measured["mb"] < MEMORY_MB
    return result


def cut(place: tuple[Company, dict[str, str]], entity: str, file: Path, *options: str) -> int:
    """Import a file by the command, and kill it midway; gives the rows that are written."""
    company, environ = place
    process = subprocess.Popen(
        [sys.executable, "-m", "trato", "import", company.slug, entity, str(file), *options],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while (rows := reached(company)) < CONTACTS // 3:
        with pytest.raises(subprocess.TimeoutExpired):  # it goes on
            process.wait(0.2)
    process.kill()
    process.wait()
    return max(rows, reached(company))


def reached(company: Company) -> int:
    with company.unit(read=True) as unit:
        found = unit.connection.execute(select(import_course.c.reached)).scalar_one_or_none()
    return int(found["rows"]) if found else 0


def client(number: int) -> list[str]:
    return [
        f"Distribuidora {number % 977} de Oriente {number}", str(800_000_000 + number),
        f"c{number}@empresa.co", f"3{100_000_000 + number}", "Bogotá", f"Calle {number % 150} 4-9",
    ]  # fmt: skip


HEADERS = ["Nombre", "NIT", "Correo", "Celular", "Ciudad", "Dirección"]


def write_contacts(path: Path, count: int) -> None:
    """Write two contacts of each client, and some of clients that are not there."""
    with path.open("w", encoding="utf-8") as file:
        file.write("Nombre;Correo;client.identification\n")
        for n in range(count):
            file.write(f"Persona {n};p{n}@empresa.co;{800_000_000 + n // 2}\n")
            if n % (count // LOST) == 0:
                file.write(f"Perdida {n};;123\n")


def check_contacts(company: Company, errors: Path, count: int) -> None:
    """See that each contact is there once and found, and each refused row in the file."""
    with company.unit(read=True) as unit:
        assert unit.records.count_where("clients.contact") == count
        for n in range(0, count, count // 40):
            words = f"p{n}@empresa.co"
            hits = unit.records.query("clients.contact", Query(search=words, columns=("email",)))
            assert [row[2] for row in hits.rows].count(words) == 1
    with errors.open(encoding="utf-8-sig", newline="") as file:
        refused = [row["Nombre"] for row in csv.DictReader(file, delimiter=";")]
    assert refused == [f"Perdida {n}" for n in range(0, count, count // LOST)]


def test_clients_and_their_contacts_and_the_same_again(
    place: tuple[Company, dict[str, str]], tmp_path: Path
) -> None:
    clients, contacts = tmp_path / "clientes.csv", tmp_path / "contactos.csv"
    with clients.open("w", encoding="utf-8") as file:
        file.write(";".join(HEADERS) + "\n")
        file.writelines(";".join(client(n)) + "\n" for n in range(CLIENTS))
    write_contacts(contacts, CONTACTS)
    lost = ("--errors", str(tmp_path / "malas.csv"))

    assert run(place, "clients.client", clients)["created"] == CLIENTS
    written = cut(place, "clients.contact", contacts, *lost)
    result = run(place, "clients.contact", contacts, *lost, code=1)
    assert (result["created"], result["refused"]) == (CONTACTS, LOST)
    assert result["resumed_after"] == 1 + written
    check_contacts(place[0], tmp_path / "malas.csv", CONTACTS)
    again = run(place, "clients.client", clients, "--match", "NIT")
    assert (again["unchanged"], again["created"], again["updated"]) == (CLIENTS, 0, 0)


def test_a_workbook(place: tuple[Company, dict[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "clientes.xlsx"
    with Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for number in range(WORKBOOK):
            sheet.write_row(number + 1, 0, client(500_000 + number))

    assert run(place, "clients.client", path)["created"] == WORKBOOK
