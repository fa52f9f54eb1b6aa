"""Rows of a file become records: counted, matched, refused with reasons, and never doubled."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter import Workbook

from trato.errors import ConfigError
from trato.exchange import importing, results
from trato.exchange.importing import ImportResult, run_import
from trato.host import Host
from trato.testing.companies import Company
from trato.testing.statements import Statements

CLIENT = "clients.client"
Importer = Callable[..., ImportResult]


@pytest.fixture
def bring(tenant: Company, tmp_path: Path) -> Importer:
    """Import a text as the system: ``bring("Nombre;NIT\\nA;1", match="NIT")``."""

    def run(content: str | bytes, entity: str = CLIENT, **options: Any) -> ImportResult:
        path = tmp_path / "datos.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_import(tenant.host, tenant.system(), entity, path, **options)

    return run


def counts(result: ImportResult) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "refused")
    return {name: count for name in names if (count := getattr(result, name))}


def told(host: Host, result: ImportResult) -> list[tuple[int, str, str]]:
    """What a person reads: row, column and cause in Spanish."""
    return [
        (problem.row, problem.column, host.catalogs.message(problem.message, "es"))
        for problem in result.problems
    ]


def records(tenant: Company, entity: str = CLIENT, *columns: str) -> list[Mapping[str, Any]]:
    with tenant.unit(read=True) as unit:
        page = unit.records.query(entity, columns=columns or None, sort=("name",), limit=500)
        return list(page.records())


# --- values --------------------------------------------------------------------------------------


def test_spanish_file_of_windows_is_read_as_it_is_meant(tenant: Company, bring: Importer) -> None:
    tenant.custom_field(CLIENT, "canal", "choice", choices=[("tat", "Tienda a tienda")],
                        label="Canal")  # fmt: skip
    text = (
        "Razón social;NIT;Ciudad;Código postal;Cupo;Plazo;Es proveedor;Estado;Etiquetas;"
        "custom.canal;Municipio;Notas\r\n"
        '"Peñón ""El Alto"" S.A.S.";909214530-9;Medellín;050010;1.500.000,50;30;Sí;Inactivo;'
        'VIP|Norte;tienda a tienda;05001;"dos\r\nlíneas"\r\n'
    )

    result = bring(text.encode("cp1252"))

    assert counts(result) == {"created": 1}
    assert (result.encoding, result.delimiter) == ("windows-1252", ";")
    (client,) = records(tenant)
    assert client["name"] == 'Peñón "El Alto" S.A.S.'
    assert client["identification"] == "909214530"  # `colombia` keeps the check digit apart
    assert client["colombia.check_digit"] == "9"
    assert client["postal_code"] == "050010"
    assert client["credit_limit"] == Decimal("1500000.50")
    assert client["payment_days"] == 30
    assert client["is_supplier"] is True
    assert client["status"] == "inactive"
    assert client["tags"] == ["VIP", "Norte"]
    assert client["custom.canal"] == "tat"
    assert client["colombia.municipality"] == "05001"
    assert client["notes"] == "dos\nlíneas"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "windows-1252")],
)
@pytest.mark.parametrize("delimiter", [";", ","])
def test_encoding_and_delimiter_are_recognised(
    tenant: Company, bring: Importer, encoding: str, name: str, delimiter: str
) -> None:
    text = delimiter.join(("Razón social", "NIT")) + "\n" + delimiter.join(("Ñandú", "0012"))

    result = bring(f"{text}\n\n".encode(encoding))

    assert (result.encoding, result.delimiter, result.total) == (name, delimiter, 1)
    (client,) = records(tenant)
    assert (client["name"], client["identification"]) == ("Ñandú", "0012")


@pytest.mark.database("sqlite")
def test_numbers_of_a_column_are_read_in_the_way_the_column_shows(
    tenant: Company, bring: Importer
) -> None:
    bring("Nombre;Cupo\nA;1.250\nB;12.5\nC;1,000.00\n")

    assert [client["credit_limit"] for client in records(tenant)] == [
        Decimal("1.25"), Decimal("12.5"), Decimal(1000),
    ]  # fmt: skip


@pytest.mark.database("sqlite")
def test_workbook_is_read_like_text(tenant: Company, tmp_path: Path) -> None:
    path = tmp_path / "clientes.xlsx"
    with Workbook(str(path)) as book:
        sheet = book.add_worksheet("Clientes")
        for row, cells in enumerate(
            [["Nombre", "NIT", "Cupo", "Es proveedor"], ["Ana", 901234567, 1500.5, True]]
        ):
            sheet.write_row(row, 0, cells)

    result = run_import(tenant.host, tenant.system(), CLIENT, path)

    assert counts(result) == {"created": 1}
    assert (result.encoding, result.sheet) == (None, "Clientes")
    (client,) = records(tenant)
    assert client["identification"].startswith("901234567")
    assert client["credit_limit"] == Decimal("1500.5")
    assert client["is_supplier"] is True


@pytest.mark.database("sqlite")
def test_tags_that_differ_in_signs_are_different_tags(tenant: Company, bring: Importer) -> None:
    bring("Nombre;Etiquetas\nA;C|C#|c++|c|Día|dia\n")

    assert records(tenant)[0]["tags"] == ["C", "C#", "c++", "Día"]


def test_formula_is_kept_as_the_text_that_it_is(tenant: Company, bring: Importer) -> None:
    bring("Nombre;Notas\n'=HYPERLINK(1);=1+1\n")

    (client,) = records(tenant)

    assert (client["name"], client["notes"]) == ("=HYPERLINK(1)", "=1+1")


# --- creating, updating, leaving alone -----------------------------------------------------------


def test_same_file_again_changes_nothing_and_says_so(tenant: Company, bring: Importer) -> None:
    text = (
        "Razón social;NIT;Teléfono;Cupo;Etiquetas;Municipio\n"
        "Yunque;909.214.530-9;604 555 0101;1.500,5;VIP|Norte;05001\n"
        "Almacén;0012345;;;;\n"
    )

    first = bring(text, match="NIT")
    again = bring(text, match="identification")

    assert counts(first) == {"created": 2}
    assert counts(again) == {"unchanged": 2}
    assert again.match == "identification"
    assert len(records(tenant)) == 2


def test_match_changes_what_is_there_and_empty_cells_leave_it_alone(
    tenant: Company, bring: Importer
) -> None:
    bring("Nombre;NIT;Ciudad;Notas\nYunque;100;Cali;viejo\n")

    result = bring("NIT;Nombre;Ciudad;Notas\n1-0-0;;Pasto;\n200;Nuevo;Tunja;\n", match="NIT")

    assert counts(result) == {"created": 1, "updated": 1}
    kept = next(client for client in records(tenant) if client["name"] == "Yunque")
    assert (kept["city"], kept["notes"]) == ("Pasto", "viejo")


def test_rows_without_match_are_new_records(tenant: Company, bring: Importer) -> None:
    bring("Nombre;NIT\nYunque;100\n")

    assert counts(bring("Nombre;NIT\nYunque;100\n")) == {"created": 1}
    assert len(records(tenant)) == 2


def test_ids_of_the_file_are_kept_and_match_by_id(tenant: Company, bring: Importer) -> None:
    id = "01a20143-2c77-7029-bacc-7307daa8eef6"

    first = bring(f"id;Nombre\n{id};Yunque\n;Sin id\n")
    again = bring(f"Id;Nombre\n{id};Yunque Azul\n", match="id")
    doubled = bring(f"id;Nombre\n{id};Otro\n")

    assert counts(first) == {"created": 2}
    assert counts(again) == {"updated": 1}
    assert told(tenant.host, doubled) == [
        (2, "id", f"Ya existe un registro con el identificador {id}.")
    ]


@pytest.mark.database("sqlite")
def test_id_that_is_none_is_refused(tenant: Company, bring: Importer) -> None:
    result = bring("id;Nombre\n17;Yunque\n")

    assert told(tenant.host, result) == [(2, "id", "«17» no es un identificador.")]


def test_row_that_repeats_the_match_is_refused_however_far_apart(
    tenant: Company, bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)

    result = bring("Nombre;NIT\nA;100\nB;200\nC;300\nD;1 0 0\n", match="NIT")

    assert counts(result) == {"created": 3, "refused": 1}
    assert told(tenant.host, result) == [(5, "NIT", "«1 0 0» ya está en la fila 2.")]


def test_row_with_nothing_to_match_by_is_refused(tenant: Company, bring: Importer) -> None:
    result = bring("Nombre;NIT\nA;\nB;200\n", match="NIT")

    assert counts(result) == {"created": 1, "refused": 1}
    assert told(tenant.host, result) == [
        (2, "NIT", "La celda está vacía, y por esta columna se busca el registro de cada fila.")
    ]


def test_new_row_without_what_is_obligatory_names_the_field(
    tenant: Company, bring: Importer
) -> None:
    bring("Nombre;NIT\nA;100\n")

    result = bring("NIT;Ciudad\n100;Cali\n200;Cali\n", match="NIT")

    assert counts(result) == {"updated": 1, "refused": 1}
    assert told(tenant.host, result) == [(3, "", "Nombre: Este dato es obligatorio.")]


def test_match_that_two_records_have_is_refused(tenant: Company, bring: Importer) -> None:
    bring("Nombre;NIT\nA;100\nB;100\n")

    result = bring("Nombre;NIT\nC;100\n", match="NIT")

    assert told(tenant.host, result) == [
        (2, "NIT", "2 registros tienen «100»; no es claro cuál es.")
    ]


# --- dry run -------------------------------------------------------------------------------------


def test_dry_run_counts_the_same_and_writes_nothing(tenant: Company, bring: Importer) -> None:
    bring("Nombre;NIT;Ciudad\nA;100;Cali\nB;200;Pasto\n")
    text = "Nombre;NIT;Ciudad\nA;100;Cali\nB;200;Tunja\nC;300;\nD;400x;\n;500;\n"
    text += "E;100;\n"
    before = records(tenant)

    foretold = bring(text, match="NIT", dry_run=True)
    left = records(tenant)
    done = bring(text, match="NIT")

    assert foretold.dry_run
    assert left == before
    assert counts(foretold) == counts(done)
    assert counts(done) == {"created": 2, "updated": 1, "unchanged": 1, "refused": 2}
    assert foretold.problems == done.problems


# --- refusals ------------------------------------------------------------------------------------

WRONG = (
    "Razón social;NIT;Cupo;Plazo;Es cliente;Estado;Correo\n"
    "Buena;100;1,5;30;sí;Activo;a@ejemplo.example\n"
    "Mala;200;mucho;1,5;tal vez;Vivo;nadie\n"
    ";300;;;;;\n"
    "Corta;400\n"
    "Otra;500;-5;;;;\n"
)


def test_refused_rows_name_row_column_and_cause(tenant: Company, bring: Importer) -> None:
    result = bring(WRONG)

    assert counts(result) == {"created": 1, "refused": 4}
    assert told(tenant.host, result) == [
        (3, "Cupo", "«mucho» no es un número; escríbalo como 1.234,5."),
        (3, "Plazo", "«1,5» no es un número entero."),
        (3, "Es cliente", "«tal vez» no es ni sí ni no."),
        (3, "Estado", "«Vivo» no es uno de estos valores: Activo, Prospecto, Inactivo."),
        (3, "Correo", "«nadie» no es una dirección de correo."),
        (4, "Razón social", "Este dato es obligatorio."),
        (5, "", "La fila tiene 2 celdas y los títulos son 7."),
        (6, "Cupo", "Mínimo 0."),
    ]


def test_a_device_for_the_errors_is_written_to_and_not_removed(
    bring: Importer, tmp_path: Path
) -> None:
    device = tmp_path / "null"
    device.symlink_to("/dev/null")

    result = bring(WRONG.encode("cp1252"), errors_path=device)

    assert result.refused == 4
    assert device.is_symlink()


def test_error_file_is_mended_and_imported_again(
    tenant: Company, bring: Importer, tmp_path: Path
) -> None:
    errors = tmp_path / "errores.csv"
    result = bring(WRONG.encode("cp1252"), errors_path=errors)

    assert result.errors_path == errors
    written = errors.read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written), delimiter=";"))
    assert [row["row"] for row in rows] == ["3", "4", "5", "6"]
    assert rows[0]["column"] == "Cupo, Plazo, Es cliente, Estado, Correo"
    assert rows[0]["error"].startswith("Cupo: «mucho» no es un número; escríbalo como 1.234,5. ")
    assert rows[0]["Cupo"] == "mucho"

    mended = [dict(row) for row in rows]
    mended[0] |= {"Cupo": "2,5", "Plazo": "15", "Es cliente": "no", "Estado": "Activo",
                  "Correo": "b@ejemplo.example"}  # fmt: skip
    mended[1]["Razón social"] = "Tercera"
    mended[3]["Cupo"] = "5"
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(mended)
    again = bring(stream.getvalue(), match="NIT")

    assert counts(again) == {"created": 4}
    assert len(records(tenant)) == 5


@pytest.mark.database("sqlite")
def test_file_of_errors_of_an_older_run_goes_away(bring: Importer, tmp_path: Path) -> None:
    errors = tmp_path / "errores.csv"
    errors.write_text("de ayer")

    result = bring("Nombre\nA\n", errors_path=errors)

    assert result.errors_path is None
    assert not errors.exists()


@pytest.mark.database("sqlite")
def test_file_of_errors_may_not_replace_the_imported_file(bring: Importer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="would replace the file that is imported"):
        bring("Nombre\nA\n", errors_path=tmp_path / "datos.csv")

    assert (tmp_path / "datos.csv").read_text() == "Nombre\nA\n"


@pytest.mark.database("sqlite")
def test_folder_of_the_file_of_errors_must_be_there(
    tenant: Company, bring: Importer, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"The folder .*nada for the file of errors is not there"):
        bring("Nombre\nA\n", errors_path=tmp_path / "nada" / "errores.csv")

    assert records(tenant) == []


@pytest.mark.database("sqlite")
def test_result_keeps_the_first_problems_only(
    bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SHOWN", 3)

    result = bring("Nombre;Plazo\n" + "A;x\n" * 5)

    assert (result.refused, [problem.row for problem in result.problems]) == (5, [2, 3, 4])


# --- batches -------------------------------------------------------------------------------------


def test_batches_before_a_crash_stay_and_a_match_goes_on_without_doubles(
    tenant: Company, bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 3)
    text = "Nombre;NIT\n" + "".join(f"Cliente {n:02};{n + 100}\n" for n in range(8))

    class PowerCut(Exception):
        pass

    def cut(done: int, total: int | None) -> None:
        if done == 6:
            raise PowerCut

    with pytest.raises(PowerCut):
        bring(text, match="NIT", progress=cut)
    left = len(records(tenant))
    result = bring(text, match="NIT")

    assert left == 6
    assert counts(result) == {"created": 2, "unchanged": 6}
    assert len(records(tenant)) == 8


def test_progress_counts_the_rows_of_the_file(
    bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    seen: list[tuple[int, int | None]] = []

    bring("Nombre\nA\nB\n\nC\n", progress=lambda done, total: seen.append((done, total)))

    assert seen == [(2, 3), (3, 3)]


def test_statements_grow_with_the_batches_not_with_the_rows(
    bring: Importer, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    bring("Nombre\nOro\nPlata\n", entity="clients.category")
    costs = []
    for count in (5, 200):
        text = "Nombre;NIT;Categoría;Etiquetas\n" + "".join(
            f"Cliente {n};{count}{n:04};{('Oro', 'Plata')[n % 2]};VIP\n" for n in range(count)
        )
        with count_statements() as counted:
            bring(text, match="NIT")
        costs.append(len(counted))

    assert costs[0] == costs[1]


def test_memory_does_not_grow_with_the_rows(
    tenant: Company, bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[int] = []
    write = importing._Import._write

    def counting(self: Any, unit: Any, drafts: Any, **options: Any) -> None:
        alive.append(len(drafts))
        write(self, unit, drafts, **options)

    monkeypatch.setattr(importing._Import, "_write", counting)

    bring("Nombre\n" + "".join(f"Cliente {n}\n" for n in range(1200)))

    assert alive == [500, 500, 200]
