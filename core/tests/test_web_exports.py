"""Files made from a list: what the list shows, for those who may take it out."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from trato.access.actor import Actor
from trato.exchange.reading import open_table
from trato.testing.clients import Browser
from trato.testing.companies import Company

SignIn = Callable[..., Browser]
Read = Callable[[TestResponse], dict[str, list[str]]]
LIST = "/clients/clients"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[TestResponse], dict[str, list[str]]]:
    """Read an exported file: the texts of each column by its title."""

    def columns(answer: TestResponse) -> dict[str, list[str]]:
        path = tmp_path / ("file.csv" if answer.mimetype == "text/csv" else "file.xlsx")
        path.write_bytes(answer.data)
        with open_table(path) as table:
            rows = [row.cells for row in table]
            return {title: [str(cells[place]) for cells in rows]
                    for place, title in enumerate(table.headers)}  # fmt: skip

    return columns


@pytest.fixture
def tenant(tenant: Company) -> Company:
    tenant.custom_field("clients.client", "ruta", "text", label="Ruta", indexed=True)
    with tenant.unit() as unit:
        unit.records.bulk(
            "clients.client",
            [{"name": f"Cliente {n:03}", "city": ("Cali", "Bogotá")[n % 2],
              "credit_limit": "1500000.5", "custom.ruta": "Norte"} for n in range(90)],
        )  # fmt: skip
    return tenant


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_file_has_all_rows_of_the_list_as_it_is_filtered_and_sorted(
    client: Browser, tenant: Company, read: Read, extension: str
) -> None:
    with tenant.unit() as unit:
        gone = unit.records.create("clients.client", {"name": "Archivado", "city": "Cali"})
        unit.records.archive("clients.client", gone.id)

    answer = client.get(f"{LIST}/export.{extension}?city=Cali&sort=-name&q=cliente")
    columns = read(answer)

    assert columns["Nombre"] == [f"Cliente {n:03}" for n in range(88, -1, -2)]
    assert set(columns["Ruta"]) == {"Norte"}
    assert "attachment" in answer.headers["Content-Disposition"]
    assert f"clients.{extension}" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"].startswith("no-")


def test_no_cell_is_a_formula(client: Browser, tenant: Company) -> None:
    names = ["=1+1", "+1", "-1+2", "@SUM(A1)", '=HYPERLINK("http://evil")']
    with tenant.unit() as unit:
        unit.records.bulk("clients.client", [{"name": n, "city": "Pasto"} for n in names])

    as_text = client.get(f"{LIST}/export.csv?city=Pasto").data.decode("utf-8-sig")
    book = zipfile.ZipFile(io.BytesIO(client.get(f"{LIST}/export.xlsx?city=Pasto").data))
    sheets = [book.read(name) for name in book.namelist() if "worksheets/sheet" in name]

    cells = [cell for row in csv.reader(as_text.splitlines(), delimiter=";") for cell in row]
    assert sum(cell[1:] in names for cell in cells) == len(names)
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    assert sheets
    assert not any(b"<f" in sheet for sheet in sheets)


def test_hidden_field_is_in_no_file(sign_in: SignIn, tenant: Company, read: Read) -> None:
    member = tenant.member_with(
        {"*": {"view": "all", "export": "all"}},
        fields={"clients.client": {"credit_limit": "hidden", "custom.ruta": "hidden"}},
    )

    opened = sign_in(member)
    files = [opened.get(f"{LIST}/export.{extension}") for extension in ("csv", "xlsx")]

    for answer in files:
        columns = read(answer)
        assert len(columns["Nombre"]) == 90
        assert not {"Cupo de crédito", "Ruta"} & set(columns)
    assert opened.get(f"{LIST}/export.csv?credit_limit__gt=1").status_code == 400


def test_file_has_only_what_its_reader_may_export(
    sign_in: SignIn, tenant: Company, read: Read
) -> None:
    member = tenant.member_with({"*": {"view": "all", "export": "own"}})
    with tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Propio", "owner_id": str(member.member_id)})

    columns = read(sign_in(member).get(f"{LIST}/export.csv"))

    assert columns["Nombre"] == ["Propio"]


def test_who_may_not_export_is_refused(sign_in: SignIn, seller: Actor, viewer: Actor) -> None:
    answers = [sign_in(person).get(f"{LIST}/export.{extension}")
               for person in (seller, viewer) for extension in ("csv", "xlsx")]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403] * 4


def test_bin_is_exported_as_the_bin(client: Browser, tenant: Company, read: Read) -> None:
    with tenant.unit() as unit:
        gone = unit.records.create("clients.client", {"name": "Archivado"})
        unit.records.archive("clients.client", gone.id)

    columns = read(client.get(f"{LIST}/export.csv?bin=1"))

    assert columns["Nombre"] == ["Archivado"]


@pytest.mark.parametrize("extension", ["pdf", "", "csv.exe"])
def test_file_of_another_kind_does_not_exist(client: Browser, extension: str) -> None:
    assert client.get(f"{LIST}/export.{extension}").status_code == 404
