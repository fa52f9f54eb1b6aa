"""Columns of a file fill the fields that their headers name; what is unclear is told at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trato.db.engine import transaction
from trato.errors import ConfigError, DomainError, Invalid, TratoError
from trato.exchange.importing import ImportResult, run_import
from trato.tenancy import store
from trato.testing.companies import Company

CLIENT = "clients.client"
Importer = Callable[..., ImportResult]

# What a header means is decided before any database is asked.
pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def bring(tenant: Company, tmp_path: Path) -> Importer:
    def run(content: str | bytes, entity: str = CLIENT, **options: Any) -> ImportResult:
        path = tmp_path / "datos.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_import(tenant.host, tenant.system(), entity, path, **options)

    return run


def paths(result: ImportResult) -> list[str | None]:
    return [path for _header, path in result.columns]


def how_many(tenant: Company) -> int:
    with tenant.unit(read=True) as unit:
        return len(unit.records.query(CLIENT, limit=500).rows)


def said(tenant: Company, error: TratoError) -> str:
    """What a person reads in Spanish."""
    message = tenant.host.catalogs.message
    texts = [message(error.message, "es")]
    if isinstance(error, Invalid):
        texts += [
            f"{header}: {message(one, 'es')}"
            for header, messages in error.errors.items()
            for one in messages
        ]
    return "\n".join([*texts, message(error.hint, "es")])


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("credit_limit", "credit_limit"),  # key
        ("Credit limit", "credit_limit"),  # label in English
        ("cupo de crédito", "credit_limit"),  # label in Spanish
        ("CUPO", "credit_limit"),  # synonym
        ("RAZON_SOCIAL", None), ("Tel.", "phone"), ("Correo electrónico", "email"),
        ("colombia.municipality", "colombia.municipality"),
        ("Municipality", "colombia.municipality"), ("municipio", "colombia.municipality"),
        ("custom.zona_venta", "custom.zona_venta"), ("Zona de venta", "custom.zona_venta"),
        ("Sales zone", "custom.zona_venta"), ("zona_venta", "custom.zona_venta"),
        ("owner", "owner_id"), ("Responsable", "owner_id"), ("owner_id", "owner_id"),
        ("parent.identification", "parent_id.identification"),
        ("Grupo empresarial.identification", "parent_id.identification"),
    ],
)  # fmt: skip
def test_header_is_a_key_a_label_or_a_synonym_in_either_language(
    tenant: Company, bring: Importer, header: str, path: str | None
) -> None:
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        store.save_custom_field(
            connection, tenant.id, CLIENT, "zona_venta",
            {"kind": "text", "labels": {"es": "Zona de venta", "en": "Sales zone"}, "help": None,
             "is_required": False, "is_unique": False, "is_indexed": False,
             "is_searchable": False, "is_active": True, "default": None, "choices": None,
             "section": "", "position": 0},
        )  # fmt: skip
    name = "Nombre" if path else header

    result = bring(f"{name};{header if path else 'NIT'}\nA;\n")

    assert paths(result)[0] == "name"
    assert path is None or paths(result)[1] == path


def test_unknown_columns_are_all_told_with_the_nearest_and_nothing_is_written(
    tenant: Company, bring: Importer
) -> None:
    with pytest.raises(Invalid) as caught:
        bring("Nombre;Telefno;Color favorito\nA;1;2\n")

    assert said(tenant, caught.value) == (
        "Algunas columnas no se pudieron emparejar con un campo.\n"
        "Telefno: Ningún campo se llama «Telefno»; el más parecido es «telefono».\n"
        "Color favorito: Ningún campo se llama «Color favorito».\n"
        "Cambie los títulos o diga en un mapa qué campo llena cada columna."
    )
    assert how_many(tenant) == 0


def test_column_that_names_no_field_of_the_other_record_is_told(
    tenant: Company, bring: Importer
) -> None:
    with pytest.raises(Invalid) as caught:
        bring("Nombre;Categoría.color;Nombre.corto\nA;1;2\n")

    text = said(tenant, caught.value)
    assert (
        "Categoría.color: «Categoría» se puede nombrar por uno de estos campos: id, name; "
        "no por «color»."
    ) in text
    assert "Nombre.corto: Ningún campo se llama «Nombre.corto»." in text


def test_column_of_an_ambiguous_name_asks_for_a_map(
    tenant: Company, bring: Importer, tmp_path: Path
) -> None:
    tenant.custom_field(CLIENT, "a", "text", label="Ruta")
    tenant.custom_field(CLIENT, "b", "text", label="Ruta")
    chosen = tmp_path / "mapa.yaml"
    chosen.write_text("Ruta: custom.b\n")

    with pytest.raises(Invalid) as caught:
        bring("Nombre;Ruta\nA;1\n")
    result = bring("Nombre;Ruta\nA;1\n", map_file=chosen)

    assert "Ruta: «Ruta» puede ser cualquiera de estos campos: custom.a, custom.b." in said(
        tenant, caught.value
    )
    assert paths(result) == ["name", "custom.b"]


def test_map_says_what_columns_mean_and_which_are_left_out(
    tenant: Company, bring: Importer, tmp_path: Path
) -> None:
    chosen = tmp_path / "mapa.yaml"
    chosen.write_text("RZ: name\nidentification: TERCERO\nignore: [COL1]\n")

    result = bring("TERCERO;RZ;COL1\n0012;Yunque;x\n", map_file=chosen)

    assert result.columns == (("TERCERO", "identification"), ("RZ", "name"), ("COL1", None))
    assert result.created == 1


def test_columns_of_the_system_are_left_out_with_a_notice(tenant: Company, bring: Importer) -> None:
    result = bring("Nombre;Creado;updated_by;DV\nA;ayer;nadie;7\n")

    assert (result.created, result.refused) == (1, 0)
    assert [tenant.host.catalogs.message(notice, "es") for notice in result.notices] == [
        "Estas columnas las lleva el sistema, o usted no puede cambiarlas; se dejan por fuera: "
        "Creado, updated_by, DV."
    ]


def test_file_without_an_obligatory_column_is_refused_at_once(
    tenant: Company, bring: Importer
) -> None:
    tenant.custom_field(CLIENT, "canal", "text", label="Canal", required=True)

    with pytest.raises(ConfigError) as caught:
        bring("NIT;Ciudad\n1;Cali\n")

    assert said(tenant, caught.value) == (
        "El archivo no tiene columna para lo que es obligatorio: Nombre, Canal.\n"
        "Sus columnas son: NIT, Ciudad."
    )


def test_obligatory_reference_may_be_filled_by_a_field_of_its_record(
    tenant: Company, bring: Importer
) -> None:
    bring("Nombre;NIT\nYunque;100\n")

    result = bring("client.identification;Nombre\n100;Principal\n", entity="clients.branch")

    assert result.created == 1


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ("Telefno", "Ningún campo se llama «Telefno»; el más parecido es «telefono».\n"
                    "Búsquelos por uno de estos: id, name, "),
        ("tags", "No se pueden buscar los registros por «tags».\n"
                 "Búsquelos por uno de estos: id, name, "),
        ("Notas", "No se pueden buscar los registros por «Notas»."),
        ("created_at", "No se pueden buscar los registros por «created_at»."),
        ("NIT", "El archivo no tiene una columna para «NIT», por la que se busca el registro de "
                "cada fila.\nSus columnas son: Nombre, Ciudad."),
    ],
)  # fmt: skip
def test_match_that_cannot_be_is_refused_at_once(
    tenant: Company, bring: Importer, match: str, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        bring("Nombre;Ciudad\nA;Cali\n", match=match)

    assert said(tenant, caught.value).startswith(text)
    assert how_many(tenant) == 0


def test_own_unique_field_is_a_match(tenant: Company, bring: Importer) -> None:
    tenant.custom_field(CLIENT, "ruta", "text", label="Ruta", unique=True)

    first = bring("Nombre;Ruta\nA;R-1\nB;R-2\n", match="Ruta")
    again = bring("Nombre;Ruta\nA;R-1\nC;R-2\n", match="Ruta")

    assert (first.created, again.unchanged, again.updated) == (2, 1, 1)


def test_unknown_encoding_is_told_with_those_that_are_known(
    tenant: Company, bring: Importer
) -> None:
    with pytest.raises(ConfigError) as caught:
        bring("Nombre\nA\n", encoding="klingon")

    assert said(tenant, caught.value).startswith(
        "No existe una codificación llamada «klingon».\nElija una de estas: utf-8, "
    )


def test_wrong_encoding_is_told_with_the_place(tenant: Company, bring: Importer) -> None:
    with pytest.raises(DomainError) as caught:
        bring("Nombre\nPeñón\n".encode("cp1252"), encoding="utf-8")

    assert "0xF1" in said(tenant, caught.value)
    assert how_many(tenant) == 0


@pytest.mark.parametrize(
    ("content", "text"),
    [("", "El archivo está vacío."), ("Nombre;NIT\n", "El archivo tiene títulos y ninguna fila")],
)
def test_file_without_rows_is_refused(
    tenant: Company, bring: Importer, content: str, text: str
) -> None:
    with pytest.raises(DomainError) as caught:
        bring(content)

    assert said(tenant, caught.value).startswith(text)


def test_file_that_is_not_there_is_told(tenant: Company, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nada\.csv' cannot be opened"):
        run_import(tenant.host, tenant.system(), CLIENT, tmp_path / "nada.csv")
