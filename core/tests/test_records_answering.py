"""What a write answers is what a read would say, though nothing is read back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from trato.host import Host
from trato.rest.serializer import dumps
from trato.testing.companies import Company
from trato.testing.statements import count_statements

PIECE, SHELF = "specimen.piece", "specimen.shelf"
OWN = {"level": "integer", "weight": "decimal", "worth": "money", "since": "date",
       "seen": "moment", "rare": "boolean", "words": "tags", "remark": "text"}  # fmt: skip
#: Written as nobody reads it: with other zones, digits and letters.
VALUES: dict[str, Any] = {
    "name": "  Ñandú  ", "code": "ab-1", "plain": "x", "place": "Cali", "essay": "a\nb",
    "email": "Ana@Example.org", "phone": "300 123 4567", "website": "https://example.org",
    "count": 3, "weight": "1.5", "price": "10.10", "found": "2026-02-28",
    "seen": "2026-02-28T23:30:00-05:00", "is_rare": True, "marks": ["fair"], "tags": ["b", "a"],
    "annex.points": 4, "custom.level": 2, "custom.weight": "2.50", "custom.worth": "7",
    "custom.since": "2026-01-01", "custom.seen": "2026-01-01T10:00:00+02:00",
    "custom.rare": False, "custom.words": ["z", "y"], "custom.remark": "r",
}  # fmt: skip


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def company(tenant: Company) -> Company:
    for key, kind in OWN.items():
        tenant.custom_field(PIECE, key, kind)
    return tenant


def said(values: Any) -> bytes:
    return dumps({path: str(v) if isinstance(v, Decimal) else v for path, v in values.items()})


def test_a_new_record_is_answered_as_it_is_read(company: Company) -> None:
    with company.unit() as unit:
        answered = unit.records.create(PIECE, VALUES)

    with company.unit(read=True) as unit:
        read = unit.records.get(PIECE, answered.id)
    assert answered == read
    assert said(answered.values) == said(read.values)


def test_a_change_is_answered_as_it_is_read(company: Company) -> None:
    with company.unit() as unit:
        made = unit.records.create(PIECE, {"name": "x", "essay": "kept", "custom.remark": "kept"})

    with company.unit() as unit:
        answered = unit.records.update(PIECE, made.id, VALUES | {"essay": None})

    with company.unit(read=True) as unit:
        read = unit.records.get(PIECE, made.id)
    assert (answered, answered.version) == (read, 2)
    assert said(answered.values) == said(read.values)


def test_a_change_of_nothing_is_answered_with_the_record_as_it_was(company: Company) -> None:
    with company.unit() as unit:
        made = unit.records.create(PIECE, VALUES)

    with company.unit() as unit:
        answered = unit.records.update(PIECE, made.id, {"place": "Cali"})

    assert answered == made


def test_a_record_given_away_is_answered_by_its_id_alone(company: Company) -> None:
    actor = company.member_with({PIECE: {"view": "own", "create": "own", "edit": "own"}})
    other = company.member_with({PIECE: {"view": "own"}})
    with company.unit(actor) as unit:
        made = unit.records.create(PIECE, {"name": "x"})

        answered = unit.records.update(PIECE, made.id, {"owner_id": other.member_id})

    assert (made.values["name"], answered.version, dict(answered.values)) == ("x", 2, {})


def test_a_hidden_field_is_not_answered(company: Company) -> None:
    actor = company.member_with(
        {PIECE: {"view": "all", "create": "all"}}, fields={PIECE: {"price": "hidden"}}
    )
    with company.unit(actor) as unit:
        answered = unit.records.create(PIECE, {"name": "x"})

    assert "name" in answered.values
    assert "price" not in answered.values


def test_a_change_costs_a_read_under_lock_and_two_writes(company: Company) -> None:
    with company.unit() as unit:
        made = unit.records.create(PIECE, {"name": "x"})

    with company.unit() as unit, count_statements(company.host.engine) as found:
        unit.records.update(PIECE, made.id, {"count": 7})

    assert len(found) == 3


def test_what_a_unit_remembers_does_not_grow_with_what_it_writes(company: Company) -> None:
    with company.unit() as unit:
        made = [unit.records.create(PIECE, {"name": "x"}).id for _time in range(3)]

    with company.unit() as unit:
        outcomes = unit.records.bulk(PIECE, [{"count": 7}] * 3, match="id", ids=made)

        assert [outcome.status for outcome in outcomes] == ["updated"] * 3
        assert (len(unit.chain_ends), len(unit.unfollowed)) == (0, 0)


def test_a_moment_of_the_write_is_the_units(company: Company) -> None:
    with company.unit() as unit:
        answered = unit.records.create(PIECE, {"name": "x"})

        assert answered.values["created_at"] == answered.values["updated_at"] == unit.now
        assert unit.now.tzinfo == dt.UTC
