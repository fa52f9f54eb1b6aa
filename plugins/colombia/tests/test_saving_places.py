from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from trato.api import Invalid, Records
from trato.records.filters import parse_filter

CLIENT = "clients.client"


@pytest.fixture
def records(unit: Any) -> Iterator[Records]:
    with unit() as work:
        yield work.records


def place(record: Any) -> tuple[Any, ...]:
    return record["colombia.municipality"], record["city"], record["region"]


def test_a_municipality_fills_an_empty_city_and_region(records: Records) -> None:
    record = records.create(CLIENT, {"name": "Cliente", "colombia.municipality": "05001"})

    assert place(record) == ("05001", "Medellín", "Antioquia")


@pytest.mark.parametrize(
    ("city", "region", "code"),
    [
        ("MEDELLIN", "antioquia", "05001"),
        ("Cúcuta", "Norte de Santander", "54001"),
        ("Cartagena", "Bolívar", "13001"),
        ("Cali", "Valle", "76001"),
        ("Bogotá", None, "11001"),
        ("Bogotá D.C.", "Cundinamarca", "11001"),
        ("Armenia", "Quindío", "63001"),
        ("Armenia", None, None),
        ("San Pedro", "Antioquia", None),  # de los Milagros, or de Urabá
        ("Bolívar", "Bolívar", None),
        ("Medellín", "Cundinamarca", None),
    ],
)
def test_a_written_place_means_a_municipality_only_without_doubt(
    records: Records, city: str, region: str | None, code: str | None
) -> None:
    record = records.create(CLIENT, {"name": "Cliente", "city": city, "region": region})

    assert place(record) == (code, city, region)


def test_a_place_abroad_is_no_municipality(records: Records) -> None:
    record = records.create(
        CLIENT, {"name": "Cliente", "city": "Medellín", "region": "Antioquia", "country": "España"}
    )

    assert record["colombia.municipality"] is None


def test_city_and_municipality_follow_each_other(records: Records) -> None:
    client = records.create(CLIENT, {"name": "Cliente", "city": "Medellín", "region": "Antioquia"})

    moved = records.update(CLIENT, client.id, {"city": "Cali", "region": "Valle del Cauca"})
    chosen = records.update(CLIENT, client.id, {"colombia.municipality": "66001"})

    assert place(moved) == ("76001", "Cali", "Valle del Cauca")
    assert place(chosen) == ("66001", "Pereira", "Risaralda")


def test_a_written_city_that_means_another_place_is_kept(records: Records) -> None:
    client = records.create(CLIENT, {"name": "Cliente", "city": "Vereda El Salado"})

    chosen = records.update(CLIENT, client.id, {"colombia.municipality": "05266"})

    assert place(chosen) == ("05266", "Vereda El Salado", None)


def test_an_unknown_code_is_refused(records: Records) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(CLIENT, {"name": "Cliente", "colombia.municipality": "99999"})

    assert list(refused.value.errors) == ["colombia.municipality"]


def test_lists_are_filtered_and_sorted_by_municipality(unit: Any) -> None:
    with unit() as work:
        work.records.bulk(
            CLIENT,
            [{"name": name, "colombia.municipality": code}
             for name, code in (("A", "76001"), ("B", "05001"), ("C", None), ("D", "05266"))],
        )  # fmt: skip
        field = work.view.entity(CLIENT).fields["colombia.municipality"]

        def names(op: str | None = None, value: str = "", **query: Any) -> list[str]:
            wanted = () if op is None else (parse_filter(field, op, value, actor=work.actor),)
            page = work.records.query(CLIENT, filters=wanted, columns=("name",), **query)
            return [row[page.columns.index("name")] for row in page.rows]

        assert names("eq", "05001") == ["B"]
        assert sorted(names("in", "05001,05266")) == ["B", "D"]
        assert names("isnull", "true") == ["C"]
        assert names(sort=("colombia.municipality",)) == ["B", "D", "A", "C"]
        assert names(sort=("-colombia.municipality",)) == ["A", "D", "B", "C"]
