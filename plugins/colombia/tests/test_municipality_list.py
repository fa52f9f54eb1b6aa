"""The list of municipalities in the database, and the command that replaces it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from trato.api import Host, Invalid
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato_colombia.commands import MUNICIPALITIES
from trato_colombia.models import municipality
from trato_colombia.municipalities import Divipola

CLIENT = "clients.client"
SHIPPED = Path(str(files("trato_colombia"))) / "data" / "divipola.csv"
HEADER = "department_code,department,municipality_code,municipality,old_codes"


@pytest.fixture
def own_host(
    fresh_database: Any, make_settings: Callable[[Any], Any], host_clock: Any
) -> Iterator[Host]:
    """Give a host whose list no other test reads."""
    host = Host(make_settings(fresh_database), clock=host_clock)
    yield host
    host.close()


@pytest.fixture
def company(own_host: Host, issue_license: LicenseIssuer) -> Company:
    return make_company(own_host, issue_license)


def run(host: Host, file: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    MUNICIPALITIES.arguments(parser)
    return MUNICIPALITIES.run(host, parser.parse_args([str(file), *options]))


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "divipola.csv"
    file.write_text("\n".join((HEADER, *lines)), encoding="utf-8")
    return file


def options(company: Company) -> dict[str, str]:
    return dict(company.view.entity(CLIENT).fields["colombia.municipality"].choices)


def test_the_migration_fills_the_list(own_host: Host, company: Company) -> None:
    with own_host.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(municipality)).scalar_one()

    labels = list(options(company).values())

    assert count == len(Divipola().municipalities) == len(labels)
    assert options(company)["05001"] == "Medellín, Antioquia"
    assert labels.index("Ábrego, Norte de Santander") < labels.index("Medellín, Antioquia")


def test_an_edition_adds_changes_and_retires_but_never_deletes(
    own_host: Host, company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with company.unit() as work:
        client = work.records.create(CLIENT, {"name": "Cliente", "colombia.municipality": "05002"})
    version = company.view.tenant.version
    file = written(
        tmp_path, "05,ANTIOQUIA,05001,Medellín Distrito,05002 05999", "90,NUEVO,90001,LO NUEVO,"
    )

    assert run(own_host, file) == 0

    count = len(Divipola().municipalities)
    said = capsys.readouterr().out
    assert f"(nuevos: 2, con cambios: 1, retirados: {count - 1})" in said
    assert company.view.tenant.version == version + 1
    now = options(company)
    assert list(now)[:2] == ["90001", "05001"]
    assert now["05001"] == "Medellín Distrito, Antioquia"
    assert now["76001"] == "Cali, Valle del Cauca (código retirado)"
    with company.unit() as work:
        kept = work.records.update(CLIENT, client.id, {"name": "Otro nombre"})
        assert kept["colombia.municipality"] == "05002"


def test_an_old_code_is_saved_as_the_one_that_replaced_it(
    own_host: Host, company: Company, tmp_path: Path
) -> None:
    run(own_host, written(tmp_path, "05,ANTIOQUIA,05001,MEDELLÍN,05002 05999"))

    with company.unit() as work:
        outcomes = work.records.bulk(
            CLIENT,
            [{"name": "A", "colombia.municipality": "05002"},
             {"name": "B", "colombia.municipality": "05999"}],
        )  # fmt: skip
        codes = {work.records.get(CLIENT, o.id)["colombia.municipality"] for o in outcomes}

    assert codes == {"05001"}


def test_the_same_edition_again_changes_nothing(
    own_host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "05,ANTIOQUIA,05001,MEDELLÍN,05002", "05,ANTIOQUIA,05004,ABRIAQUÍ,")
    run(own_host, file)
    capsys.readouterr()

    run(own_host, file)

    assert "(nuevos: 0, con cambios: 0, retirados: 0)" in capsys.readouterr().out


def test_what_only_moves_in_the_list_is_not_changed(
    own_host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one-more.csv"
    file.write_bytes(SHIPPED.read_bytes().rstrip() + b"\n05,ANTIOQUIA,05999,ABANICO\n")

    run(own_host, file)

    assert "(nuevos: 1, con cambios: 0, retirados: 0)" in capsys.readouterr().out


def test_a_retired_code_comes_back_with_an_edition_that_has_it(
    own_host: Host, company: Company, tmp_path: Path
) -> None:
    run(own_host, written(tmp_path, "05,ANTIOQUIA,05001,MEDELLÍN,"))

    run(own_host, SHIPPED)

    assert options(company)["76001"] == "Cali, Valle del Cauca"


def test_a_wrong_file_names_row_and_column_and_changes_nothing(
    own_host: Host, company: Company, tmp_path: Path
) -> None:
    before = options(company)
    file = written(tmp_path, "05,ANTIOQUIA,5001,MEDELLÍN,", "05,ANTIOQUIA,05002,,")

    with pytest.raises(Invalid) as refused:
        run(own_host, file)

    assert list(refused.value.errors) == ["2:municipality_code", "3:municipality"]
    assert options(company) == before


def test_a_dry_run_checks_and_changes_nothing(
    own_host: Host, company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = company.view.tenant.version

    code = run(own_host, written(tmp_path, "05,ANTIOQUIA,05001,MEDELLÍN,"), "--dry-run")

    assert code == 0
    assert "No se cambió nada" in capsys.readouterr().out
    assert company.view.tenant.version == before
    assert "76001" in options(company)
