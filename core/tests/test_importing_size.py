"""Files of the size that real customers bring, by the command: counts, time and memory.

Run with `pytest -m soak -s`; the figures are printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter import Workbook

from trato.host import Host
from trato.settings import Settings
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases

pytestmark = [pytest.mark.soak, pytest.mark.slow]

#: A process must stay below this, however long the file.
MEMORY_MB = 400
CLIENTS, CONTACTS, WORKBOOK = 100_000, 200_000, 50_000
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
    place: tuple[Company, dict[str, str]], entity: str, file: Path, *options: str
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
    assert measured["code"] == 0, measured["err"]
    result: dict[str, Any] = json.loads(measured["out"])
    print(
        f"\n{company.host.engine.dialect.name} {entity} {file.suffix}: {result['total']} rows, "
        f"{seconds:.0f} s, {result['total'] / seconds:.0f} rows/s; the command: "
        f"{measured['cpu']:.0f} s of a processor, peak {measured['mb']} MiB"
    )
    assert measured["mb"] < MEMORY_MB
    return result


def client(number: int) -> list[str]:
    return [
        f"Distribuidora {number % 977} de Oriente {number}", str(800_000_000 + number),
        f"c{number}@empresa.co", f"3{100_000_000 + number}", "Bogotá", f"Calle {number % 150} 4-9",
    ]  # fmt: skip


HEADERS = ["Nombre", "NIT", "Correo", "Celular", "Ciudad", "Dirección"]


def test_clients_and_their_contacts_and_the_same_again(
    place: tuple[Company, dict[str, str]], tmp_path: Path
) -> None:
    clients, contacts = tmp_path / "clientes.csv", tmp_path / "contactos.csv"
    with clients.open("w", encoding="utf-8") as file:
        file.write(";".join(HEADERS) + "\n")
        file.writelines(";".join(client(n)) + "\n" for n in range(CLIENTS))
    with contacts.open("w", encoding="utf-8") as file:
        file.write("Nombre;Correo;client.identification\n")
        file.writelines(
            f"Persona {n};p{n}@empresa.co;{800_000_000 + n * CLIENTS // CONTACTS}\n"
            for n in range(CONTACTS)
        )

    assert run(place, "clients.client", clients)["created"] == CLIENTS
    assert run(place, "clients.contact", contacts)["created"] == CONTACTS
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
