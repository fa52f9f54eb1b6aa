"""An export holds what its actor may see, in his words, and nothing that runs in a spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from trato.access.actor import Actor
from trato.errors import BadQuery, ConfigError, Forbidden
from trato.exchange.exporting import PAGE, export_rows, run_export
from trato.records.query import Filter, Query
from trato.testing.companies import Company
from trato.testing.statements import Statements

CLIENT = "clients.client"
Exporter = Callable[..., list[dict[str, str]]]


@pytest.fixture
def out(tenant: Company, tmp_path: Path) -> Exporter:
    """Export as the system and read the CSV file back as a spreadsheet would."""

    def run(actor: Actor | None = None, entity: str = CLIENT, **options: Any) -> Any:
        path = tmp_path / "salida.csv"
        acting = tenant.system() if actor is None else tenant.renew(actor)
        count = run_export(tenant.host, acting, entity, path, **options)
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
        assert len(rows) == count
        return rows

    return run


def add(tenant: Company, *rows: Mapping[str, Any], entity: str = CLIENT) -> list[Any]:
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(entity, rows)
    assert all(outcome.status == "created" for outcome in outcomes), outcomes
    return [outcome.id for outcome in outcomes]


def test_cells_are_words_of_the_readers_language(tenant: Company, out: Exporter) -> None:
    owner = tenant.member("seller", name="Ana Gómez")
    tenant.custom_field(CLIENT, "canal", "choice", label="Canal", choices=[("tat", "Tienda")])
    (gold,) = add(tenant, {"name": "Oro"}, entity="clients.category")
    (head,) = add(tenant, {"name": "Casa matriz"})
    (id,) = add(
        tenant,
        {
            "name": "El Yunque", "kind": "company", "identification": "0012", "is_supplier": True,
            "category_id": gold, "parent_id": head, "owner_id": owner.member_id,
            "credit_limit": "1500000.5", "payment_days": 30, "tags": ["VIP", "Norte"],
            "custom.canal": "tat", "colombia.municipality": "05001", "notes": "uno\ndos",
        },
    )  # fmt: skip

    row = next(row for row in out() if row["Nombre"] == "El Yunque")

    assert {header: row[header] for header in (
        "Id", "Tipo", "Identificación", "Es proveedor", "Categoría", "Grupo empresarial",
        "Grupo empresarial.id", "Responsable", "Cupo de crédito", "Plazo en días", "Etiquetas",
        "Canal", "Notas", "Zona",
    )} == {
        "Id": str(id), "Tipo": "Empresa", "Identificación": "0012", "Es proveedor": "Sí",
        "Categoría": "Oro", "Grupo empresarial": "Casa matriz",
        "Grupo empresarial.id": str(head), "Responsable": "Ana Gómez",
        "Cupo de crédito": "1500000,5", "Plazo en días": "30", "Etiquetas": "VIP; Norte",
        "Canal": "Tienda", "Notas": "uno\ndos", "Zona": "",
    }  # fmt: skip
    assert row["Municipio"].startswith("Medellín")


def test_headers_may_be_keys(tenant: Company, out: Exporter) -> None:
    add(tenant, {"name": "A"})

    (row,) = out(columns=["name", "kind", "parent_id.id", "colombia.municipality"], keys=True)

    assert list(row) == ["name", "kind", "parent_id.id", "colombia.municipality"]


def test_words_are_those_of_the_reader(tenant: Company, tmp_path: Path) -> None:
    add(tenant, {"name": "A"})
    actor = tenant.member("admin")
    assert actor.member is not None
    english = replace(actor, member=replace(actor.member, locale="en"))
    path = tmp_path / "out.csv"

    run_export(tenant.host, english, CLIENT, path, columns=["name", "kind", "parent_id.id"])

    assert path.read_text("utf-8-sig").splitlines() == ["Name;Kind;Group.id", "A;Company;"]


@pytest.mark.database("sqlite")
def test_label_that_means_two_fields_gives_way_to_the_keys(tenant: Company, out: Exporter) -> None:
    tenant.custom_field(CLIENT, "a", "text", label="Ruta")
    tenant.custom_field(CLIENT, "b", "text", label="Ruta")
    tenant.custom_field(CLIENT, "c", "text", label="Teléfono")
    add(tenant, {"name": "A", "custom.a": "1", "custom.b": "2", "custom.c": "3", "phone": "4444"})

    (row,) = out()

    assert (row["custom.a"], row["custom.b"]) == ("1", "2")
    assert (row["custom.c"], row["phone"]) == ("3", "4444")
    assert "Ruta" not in row
    assert "Teléfono" not in row


def test_formula_is_written_as_text(tenant: Company, out: Exporter, tmp_path: Path) -> None:
    add(tenant, {"name": '=HYPERLINK("http://x.example";"ver")', "notes": "+57 300",
                 "address": "@SUM(A1)", "tags": ["=1+1"]})  # fmt: skip
    path = tmp_path / "salida.xlsx"

    (row,) = out(columns=["name", "notes", "address", "tags"])
    run_export(tenant.host, tenant.system(), CLIENT, path, columns=["name", "notes"])

    assert row == {
        "Nombre": "'=HYPERLINK(\"http://x.example\";\"ver\")", "Notas": "'+57 300",
        "Dirección": "'@SUM(A1)", "Etiquetas": "'=1+1",
    }  # fmt: skip
    cells = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert cells[1] == ['=HYPERLINK("http://x.example";"ver")', "+57 300"]
    with ZipFile(path) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_workbook_keeps_numbers_dates_and_texts_apart(tenant: Company, tmp_path: Path) -> None:
    tenant.custom_field(CLIENT, "since", "date", label="Desde")
    add(tenant, {"name": "A", "identification": "0012", "credit_limit": "10.5",
                 "is_supplier": True, "custom.since": "2026-11-22"})  # fmt: skip
    path = tmp_path / "salida.xlsx"

    count = run_export(
        tenant.host, tenant.system(), CLIENT, path,
        columns=["name", "identification", "credit_limit", "is_supplier", "custom.since"],
    )  # fmt: skip

    assert count == 1
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Clientes"]
    assert book.get_sheet_by_index(0).to_python() == [
        ["Nombre", "Identificación", "Cupo de crédito", "Es proveedor", "Desde"],
        ["A", "0012", 10.5, True, dt.date(2026, 11, 22)],
    ]


def test_export_takes_filters_order_and_columns(tenant: Company, out: Exporter) -> None:
    add(tenant, {"name": "B", "city": "Cali"}, {"name": "A", "city": "Cali"}, {"name": "C"})

    rows = out(
        query=Query(filters=(Filter(path="city", op="eq", value="Cali"),), sort=("name",)),
        columns=["name"],
    )
    found = out(query=Query(search="b", columns=("name",)))

    assert rows == [{"Nombre": "A"}, {"Nombre": "B"}]
    assert found == [{"Nombre": "B"}]


def test_without_an_order_the_oldest_come_first_page_after_page(
    tenant: Company,
    out: Exporter,
    count_statements: Callable[[], AbstractContextManager[Statements]],
) -> None:
    (head,) = add(tenant, {"name": "Casa"})
    add(tenant, *({"name": f"C{n}", "parent_id": head} for n in range(PAGE + 20)))
    seen: list[tuple[int, int | None]] = []

    with count_statements() as counted:
        rows = out(progress=lambda done, total: seen.append((done, total)))

    assert [row["Nombre"] for row in rows] == ["Casa", *(f"C{n}" for n in range(PAGE + 20))]
    assert seen == [(done, PAGE + 21) for done in (PAGE, PAGE + 21)]
    # How many there are, and two pages, each with its labels.
    assert len(counted.naming("clients_client")) <= 7


def test_hidden_fields_and_unseen_records_are_absent(tenant: Company, out: Exporter) -> None:
    actor = tenant.member_with(
        {"*": {"view": "own", "export": "all"}}, fields={CLIENT: {"credit_limit": "hidden"}}
    )
    (hidden,) = add(tenant, {"name": "Ajena"})
    add(tenant, {"name": "Propia", "owner_id": actor.member_id, "credit_limit": "9",
                 "parent_id": hidden})  # fmt: skip

    (row,) = out(actor)

    assert row["Nombre"] == "Propia"
    assert "Cupo de crédito" not in row
    assert (row["Grupo empresarial"], row["Grupo empresarial.id"]) == ("", "")
    with pytest.raises(BadQuery, match="There is no field 'credit_limit'"):
        out(actor, columns=["credit_limit"])


def test_other_tenants_records_are_absent(
    tenant: Company, other_tenant: Company, out: Exporter
) -> None:
    add(other_tenant, {"name": "Suya"})
    add(tenant, {"name": "Nuestra"})

    assert [row["Nombre"] for row in out()] == ["Nuestra"]


def test_actor_without_the_right_may_not_export(
    tenant: Company, out: Exporter, tmp_path: Path
) -> None:
    with pytest.raises(Forbidden, match="may not export Clients"):
        out(tenant.member("viewer"))

    assert list(tmp_path.iterdir()) == []


def test_expired_licence_stops_no_export(tenant: Company, out: Exporter) -> None:
    add(tenant, {"name": "A"})
    today = tenant.host.clock().date()
    tenant.install_license(expires=today - dt.timedelta(days=60))

    assert tenant.view.read_only
    assert len(out()) == 1


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("name", ["salida.xls", "salida", "salida.pdf"])
def test_file_of_another_kind_is_refused(tenant: Company, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_export(tenant.host, tenant.system(), CLIENT, tmp_path / name)

    message = tenant.host.catalogs.message
    assert message(caught.value.message, "es") == (
        f"«{name}» no dice qué clase de archivo se debe escribir."
    )
    assert message(caught.value.hint, "es") == "Termine el nombre con .csv o .xlsx."


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_file_that_cannot_be_written_is_told(tenant: Company, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "nada" / f"salida.{suffix}"

    with pytest.raises(ConfigError, match=rf"salida\.{suffix} cannot be written: No such file"):
        run_export(tenant.host, tenant.system(), CLIENT, path)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_failed_export_leaves_the_old_file(tenant: Company, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"salida.{suffix}"
    path.write_text("de ayer")
    add(tenant, *({"name": f"C{n}"} for n in range(PAGE)))

    def cut(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_export(tenant.host, tenant.system(), CLIENT, path, progress=cut)

    assert path.read_text() == "de ayer"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.database("sqlite")
def test_rows_can_be_sent_while_they_are_read(tenant: Company) -> None:
    add(tenant, {"name": "A", "credit_limit": "1.5", "is_supplier": True})
    query = Query(columns=("name", "credit_limit", "is_supplier"))

    with tenant.unit(read=True) as unit:
        export = export_rows(unit, CLIENT, query, catalogs=tenant.host.catalogs)
        assert export.headers == ("Nombre", "Cupo de crédito", "Es proveedor")
        assert export.kinds == ("text", "money", "boolean")
        assert list(export.rows) == [["A", Decimal("1.5"), True]]
    with tenant.unit(read=True) as unit:
        export = export_rows(unit, CLIENT, query, catalogs=tenant.host.catalogs)
        lines = list(export.lines(delimiter=","))

    assert "".join(lines) == "\ufeffNombre,Cupo de crédito,Es proveedor\r\nA,1.5,Sí\r\n"


@pytest.mark.database("sqlite")
def test_moments_are_told_in_the_readers_time(tenant: Company, out: Exporter) -> None:
    tenant.custom_field(CLIENT, "visit", "moment", label="Visita")
    add(tenant, {"name": "A", "custom.visit": "2026-11-22T15:30:00Z"})

    (row,) = out()

    assert row["Visita"] == "2026-11-22 10:30:00"
    assert "." not in row["Creado"]
