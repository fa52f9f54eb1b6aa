"""A cell names another record as people call it; what names none, or several, is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from trato.access.actor import Actor
from trato.exchange import importing
from trato.exchange.importing import ImportResult, run_import
from trato.testing.companies import Company
from trato.testing.statements import Statements

CLIENT = "clients.client"
CONTACT = "clients.contact"
Importer = Callable[..., ImportResult]


@pytest.fixture
def bring(tenant: Company, tmp_path: Path) -> Importer:
    def run(
        content: str, entity: str = CONTACT, *, actor: Actor | None = None, **options: Any
    ) -> ImportResult:
        path = tmp_path / "datos.csv"
        path.write_text(content, encoding="utf-8")
        acting = tenant.system() if actor is None else tenant.renew(actor)
        return run_import(tenant.host, acting, entity, path, **options)

    return run


def add(tenant: Company, entity: str, *rows: Mapping[str, Any]) -> Sequence[UUID]:
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(entity, rows)
    assert all(outcome.status == "created" for outcome in outcomes), outcomes
    return [outcome.id for outcome in outcomes if outcome.id is not None]


def column(tenant: Company, entity: str, path: str) -> dict[str, Any]:
    with tenant.unit(read=True) as unit:
        page = unit.records.query(entity, columns=("name", path), limit=500)
    return {row["name"]: row[path] for row in page.records()}


def told(tenant: Company, result: ImportResult) -> list[tuple[int, str, str]]:
    return [
        (one.row, one.column, tenant.host.catalogs.message(one.message, "es"))
        for one in result.problems
    ]


def test_record_is_named_by_label_by_what_identifies_it_or_by_id(
    tenant: Company, bring: Importer
) -> None:
    yunque, ladrillo = add(
        tenant, CLIENT, {"name": "El Yunque", "identification": "909214530-9"},
        {"name": "Ladrillo Ltda."},
    )  # fmt: skip

    result = bring(
        f"Nombre;Cliente\nA;el yunque\nB;909.214.530\nC;{ladrillo}\nD;LADRILLO LTDA.\nE;\n"
    )

    assert result.created == 5
    assert column(tenant, CONTACT, "client_id") == {
        "A": yunque, "B": yunque, "C": ladrillo, "D": ladrillo, "E": None,
    }  # fmt: skip


def test_record_is_named_by_the_field_that_the_header_says(
    tenant: Company, bring: Importer
) -> None:
    (first,) = add(tenant, "clients.industry", {"code": "4752", "name": "Ferretería"})
    add(tenant, "clients.industry", {"code": "F", "name": "4752"})

    by_code = bring("Nombre;industry.code\nA;4752\n", CLIENT)
    by_name = bring("Nombre;industry.name\nB;ferreteria\n", CLIENT)
    by_either = bring("Nombre;Sector\nC;4752\n", CLIENT)

    assert (by_code.created, by_name.created, by_either.created) == (1, 1, 1)
    # What tells records apart goes before a name.
    assert column(tenant, CLIENT, "industry_id") == dict.fromkeys("ABC", first)


def test_name_of_nothing_is_told(tenant: Company, bring: Importer) -> None:
    add(tenant, CLIENT, {"name": "El Yunque"})

    result = bring("Nombre;Cliente;Responsable;Equipo\nA;El Yunke;Ana Nadie;\nB;;;Sur\n")

    assert result.created == 0
    assert told(tenant, result) == [
        (2, "Cliente", "No existe «El Yunke» (Cliente)."),
        (2, "Responsable", "No existe «Ana Nadie» (Miembro)."),
        (3, "Equipo", "No existe «Sur» (Equipo)."),
    ]
    assert column(tenant, CONTACT, "client_id") == {}


def test_name_of_several_records_asks_for_more(tenant: Company, bring: Importer) -> None:
    first, _second = add(
        tenant, CLIENT, {"name": "Peña", "identification": "100", "city": "Cali"},
        {"name": "Peña", "identification": "200"},
    )  # fmt: skip

    unclear = bring("Nombre;Cliente\nA;Peña\n")
    clear = bring("Nombre;Cliente;Cliente.identification\nA;Peña;100\n")

    assert told(tenant, unclear) == [
        (2, "Cliente", "2 se llaman «Peña»; una columna «client_id.identification» diría cuál es.")
    ]
    assert clear.created == 1
    assert column(tenant, CONTACT, "client_id") == {"A": first}


def test_accent_tells_records_apart_where_both_spellings_exist(
    tenant: Company, bring: Importer
) -> None:
    with_tilde, without = add(tenant, CLIENT, {"name": "Peña"}, {"name": "Pena"})

    result = bring("Nombre;Cliente\nA;Peña\nB;Pena\nC;PENA\n")

    assert column(tenant, CONTACT, "client_id") == {"A": with_tilde, "B": without}
    assert [problem.row for problem in result.problems] == [4]


def test_columns_of_one_field_must_name_the_same_record(tenant: Company, bring: Importer) -> None:
    add(tenant, CLIENT, {"name": "Yunque", "identification": "100"},
        {"name": "Ladrillo", "identification": "200"})  # fmt: skip

    result = bring("Nombre;Cliente;Cliente.identification\nA;Yunque;200\nB;Nada;100\n")

    assert told(tenant, result) == [
        (2, "Cliente", "«Cliente» y «Cliente.identification» nombran registros distintos."),
        (3, "Cliente", "No existe «Nada» (Cliente)."),
    ]


def test_record_of_another_tenant_is_never_found(
    tenant: Company, other_tenant: Company, bring: Importer
) -> None:
    (theirs,) = add(other_tenant, CLIENT, {"name": "Ajena S.A.S.", "identification": "100"})
    member = other_tenant.member("seller", email="ajena@otra.example", name="Vendedora Ajena")

    result = bring(
        "Nombre;Cliente;Responsable\n"
        f"A;{theirs};\nB;Ajena S.A.S.;\nC;100;\nD;;ajena@otra.example\nE;;Vendedora Ajena\n"
        f"F;;{member.member_id}\n"
    )

    assert (result.created, result.refused) == (0, 6)
    assert told(tenant, result) == [
        (2, "Cliente", f"No existe «{theirs}» (Cliente)."),
        (3, "Cliente", "No existe «Ajena S.A.S.» (Cliente)."),
        (4, "Cliente", "No existe «100» (Cliente)."),
        (5, "Responsable", "No existe «ajena@otra.example» (Miembro)."),
        (6, "Responsable", "No existe «Vendedora Ajena» (Miembro)."),
        (7, "Responsable", f"No existe «{member.member_id}» (Miembro)."),
    ]


def test_record_that_the_actor_may_not_see_is_never_found(tenant: Company, bring: Importer) -> None:
    importer = tenant.member_with(
        {"*": {"view": "own", "create": "all", "edit": "own", "import": "all"}}
    )
    (hidden,) = add(tenant, CLIENT, {"name": "Ajena"})
    (own,) = add(tenant, CLIENT, {"name": "Propia", "owner_id": importer.member_id})

    result = bring(f"Nombre;Cliente\nA;Ajena\nB;{hidden}\nC;Propia\n", actor=importer)

    assert [problem.row for problem in result.problems] == [2, 3]
    assert column(tenant, CONTACT, "client_id") == {"C": own}


def test_record_in_the_bin_cannot_be_named_anew(tenant: Company, bring: Importer) -> None:
    binned, living = add(tenant, CLIENT, {"name": "Vieja"}, {"name": "Doble"})
    (double,) = add(tenant, CLIENT, {"name": "Doble"})
    with tenant.unit() as unit:
        unit.records.archive(CLIENT, binned)
        unit.records.archive(CLIENT, double)

    result = bring("Nombre;Cliente\nA;Vieja\nB;Doble\n")

    assert [(problem.row, problem.column) for problem in result.problems] == [(2, "Cliente")]
    assert column(tenant, CONTACT, "client_id") == {"B": living}


def test_member_is_named_by_email_or_name_and_team_by_key_or_name(
    tenant: Company, bring: Importer
) -> None:
    ana = tenant.member("seller", email="ana@acme.example", name="Ana Gómez").member_id
    first = tenant.member("seller", email="luis1@acme.example", name="Luis Paz").member_id
    tenant.member("seller", email="luis2@acme.example", name="Luis Paz")
    tenant.team("norte")
    (norte,) = tenant.view.teams

    result = bring(
        "Nombre;Responsable;Equipo\nA;ANA@acme.example;norte\nB;ana gomez;Norte\n"
        f"C;luis1@acme.example;{norte}\nD;Luis Paz;\n"
    )

    assert column(tenant, CONTACT, "owner_id") == {"A": ana, "B": ana, "C": first}
    assert column(tenant, CONTACT, "team_id") == dict.fromkeys("ABC", norte)
    assert told(tenant, result) == [
        (5, "Responsable", "2 se llaman «Luis Paz»; una columna «owner_id.email» diría cuál es.")
    ]


def test_rows_may_name_rows_before_them_however_deep(tenant: Company, bring: Importer) -> None:
    text = (
        "Nombre;Pertenece a\nColombia;\nAntioquia;Colombia\nMedellín;Antioquia\n"
        "El Poblado;Medellín\nBogotá;Colombia\n"
    )

    foretold = bring(text, "clients.zone", dry_run=True)
    empty = column(tenant, "clients.zone", "parent_id")
    done = bring(text, "clients.zone")

    assert (foretold.created, foretold.refused) == (5, 0)
    assert empty == {}
    assert done.created == 5
    parents = column(tenant, "clients.zone", "parent_id")
    with tenant.unit(read=True) as unit:
        names = unit.records.labels("clients.zone", [i for i in parents.values() if i])
    assert {name: names.get(above) for name, above in parents.items()} == {
        "Colombia": None, "Antioquia": "Colombia", "Medellín": "Antioquia",
        "El Poblado": "Medellín", "Bogotá": "Colombia",
    }  # fmt: skip


def test_dry_run_foretells_no_row_that_is_refused(tenant: Company, bring: Importer) -> None:
    text = "Nombre;Tipo;Grupo\nA;Compañía\nB;Empresa;A\n"

    foretold = bring(text, CLIENT, dry_run=True)
    done = bring(text, CLIENT)

    assert (foretold.created, foretold.refused) == (0, 2)
    assert foretold.problems == done.problems


def test_reference_by_what_another_row_of_the_file_brings(tenant: Company, bring: Importer) -> None:
    result = bring("Nombre;NIT;Grupo.identification\nCasa;100;\nFilial;200;100\n", CLIENT)

    assert result.created == 2
    parents = column(tenant, CLIENT, "parent_id")
    assert parents["Filial"] is not None


def test_branches_repeat_a_code_only_for_other_clients(
    tenant: Company, bring: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    add(tenant, CLIENT, {"name": "A"}, {"name": "B"})
    text = "Cliente;Código;Nombre\nA;001;Norte\nB;001;Norte\nA;002;Sur\nA;001;Otra\n"

    foretold = bring(text, "clients.branch", dry_run=True)
    done = bring(text, "clients.branch")

    assert (done.created, done.refused) == (3, 1)
    assert told(tenant, done) == [(5, "Código", "«001» ya está en la fila 2.")]
    assert foretold.problems == done.problems


def test_each_entity_that_is_named_costs_one_statement_a_batch(
    tenant: Company,
    bring: Importer,
    count_statements: Callable[[], AbstractContextManager[Statements]],
) -> None:
    add(tenant, CLIENT, *({"name": f"C{n}", "identification": f"{n + 1000}"} for n in range(40)))
    text = "Nombre;Cliente;Cliente.identification\n" + "".join(
        f"P{n};C{n};{n + 1000}\n" for n in range(40)
    )

    with count_statements() as counted:
        result = bring(text)

    assert result.created == 40
    named = [text for text in counted.naming("clients_client") if text.startswith("SELECT")]
    # One to find them, one in which the write path makes sure.
    assert len(named) == 2
