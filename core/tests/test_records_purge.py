"""A purge removes what it may, for good, and leaves nothing that points nowhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from sqlalchemy import func, select

from trato.access.actor import Actor
from trato.errors import Forbidden, NotFound
from trato.host import Host
from trato.records import audit
from trato.records.records import Outcome
from trato.records.tables import audit as audit_table
from trato.records.unit import Unit
from trato.tenancy.tables import search_row
from trato.tenancy.tables import value as side
from trato.testing.companies import Company
from trato.testing.samples import create_sample
from trato.testing.specimen import AnnexPiece, Label, Loan, Piece, Shelf

Opener = Callable[..., AbstractContextManager[Unit]]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def binned_piece(tenant: Company, **values: object) -> UUID:
    with tenant.unit() as unit:
        piece = create_sample(unit, "specimen.piece", {"name": "Vasija", "tags": ["a"], **values})
        unit.records.archive("specimen.piece", piece.id)
    return piece.id


def purge(tenant: Company, entity: str, *ids: UUID, actor: Actor | None = None) -> list[Outcome]:
    with tenant.unit(actor) as unit:
        return unit.records.purge(entity, ids)


def faults(tenant: Company) -> list[audit.Fault]:
    with tenant.unit(read=True) as unit:
        return list(
            audit.verify(
                unit.connection, tenant.id, unit.view.entities.values(),
                keys=tenant.host.audit_keys,
            )
        )  # fmt: skip


def rows_of(tenant: Company, table: object, column: object, record_id: UUID) -> int:
    with tenant.unit(read=True) as unit:
        counted = select(func.count()).select_from(table).where(column == record_id)
        return int(unit.connection.execute(counted).scalar_one())


def test_a_purged_record_is_gone_with_all_that_was_kept_of_it(tenant: Company) -> None:
    piece = binned_piece(tenant, **{"annex.points": 3})

    outcomes = purge(tenant, "specimen.piece", piece)

    assert [outcome.status for outcome in outcomes] == ["purged"]
    for table, column in (
        (Piece.__table__, Piece.__table__.c.id),
        (AnnexPiece.__table__, AnnexPiece.__table__.c.id),
        (side, side.c.record_id),
        (search_row, search_row.c.record_id),
    ):
        assert rows_of(tenant, table, column, piece) == 0
    with tenant.unit(read=True) as unit, pytest.raises(NotFound):
        unit.records.get("specimen.piece", piece, archived=None)


def test_a_purge_leaves_a_tombstone_that_says_who_and_nothing_of_the_record(
    tenant: Company, actor: Actor
) -> None:
    piece = binned_piece(tenant)

    purge(tenant, "specimen.piece", piece, actor=actor)

    with tenant.unit(read=True) as unit:
        last = audit.history(unit.connection, tenant.id, piece)[0]
    assert (last.sequence, last.action, last.member_id) == (3, "purge", actor.member_id)
    assert (last.before, last.after) == ({}, {})
    assert faults(tenant) == []


def test_only_records_in_the_bin_are_purged(tenant: Company) -> None:
    with tenant.unit() as unit:
        living = create_sample(unit, "specimen.piece").id
    binned = binned_piece(tenant)

    outcomes = purge(tenant, "specimen.piece", living, binned)

    assert [outcome.status for outcome in outcomes] == ["refused", "purged"]
    message = str(outcomes[0].errors["id"][0])
    assert message == f"There is no Piece {living} in the recycle bin."
    with tenant.unit(read=True) as unit:
        assert unit.records.get("specimen.piece", living).id == living


def test_only_an_administrator_purges(tenant: Company, actor: Actor) -> None:
    piece = binned_piece(tenant)
    manager = tenant.member("manager")

    with pytest.raises(Forbidden, match="Only an administrator may remove records for good"):
        purge(tenant, "specimen.piece", piece, actor=manager)

    assert purge(tenant, "specimen.piece", piece, actor=actor)[0].status == "purged"


def test_what_belongs_to_a_purged_record_goes_with_it(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = create_sample(unit, "specimen.piece").id
        label = create_sample(unit, "specimen.label", {"piece_id": str(piece)}).id
        unit.records.archive("specimen.piece", piece)

    purge(tenant, "specimen.piece", piece)

    assert rows_of(tenant, Label.__table__, Label.__table__.c.id, label) == 0
    with tenant.unit(read=True) as unit:
        assert audit.history(unit.connection, tenant.id, label)[0].action == "purge"
    assert faults(tenant) == []


def test_who_loses_a_reference_keeps_the_rest_and_shows_the_change(tenant: Company) -> None:
    with tenant.unit() as unit:
        shelf = create_sample(unit, "specimen.shelf").id
        inner = create_sample(unit, "specimen.shelf", {"parent_id": str(shelf)}).id
        piece = create_sample(unit, "specimen.piece", {"shelf_id": str(shelf), "name": "Mola"}).id
        unit.records.archive("specimen.shelf", shelf)

    purge(tenant, "specimen.shelf", shelf)

    with tenant.unit(read=True) as unit:
        kept = unit.records.get("specimen.piece", piece)
        newest = unit.records.history("specimen.piece", piece)[0]
        assert (kept["shelf_id"], kept["name"], kept.version) == (None, "Mola", 2)
        assert (newest.action, newest.before) == ("update", {"shelf_id": str(shelf)})
        assert unit.records.get("specimen.shelf", inner)["parent_id"] is None
    assert faults(tenant) == []


def test_a_record_that_is_needed_is_refused_and_the_others_go(tenant: Company) -> None:
    needed, free = binned_piece(tenant), binned_piece(tenant)
    with tenant.unit() as unit:
        unit.records.restore("specimen.piece", needed)
        for borrower in ("Ana", "Luis"):
            create_sample(unit, "specimen.loan", {"piece_id": str(needed), "borrower": borrower})
        unit.records.archive("specimen.piece", needed)

    outcomes = purge(tenant, "specimen.piece", needed, free)

    assert [outcome.status for outcome in outcomes] == ["refused", "purged"]
    assert str(outcomes[0].errors[""][0]) == (
        "It cannot be removed for good: 2 records of Loans need it."
    )
    with tenant.unit(read=True) as unit:
        assert unit.records.get("specimen.piece", needed, archived=True).id == needed


def test_nothing_of_a_refused_record_goes(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = create_sample(unit, "specimen.piece").id
        label = create_sample(unit, "specimen.label", {"piece_id": str(piece)}).id
        create_sample(unit, "specimen.loan", {"piece_id": str(piece), "label_id": str(label)})
        unit.records.archive("specimen.piece", piece)

    purge(tenant, "specimen.piece", piece)

    assert rows_of(tenant, Label.__table__, Label.__table__.c.id, label) == 1
    assert rows_of(tenant, Loan.__table__, Loan.__table__.c.label_id, label) == 1
    assert faults(tenant) == []


def test_records_that_refer_to_one_another_go_together(tenant: Company) -> None:
    with tenant.unit() as unit:
        outer = create_sample(unit, "specimen.shelf").id
        inner = create_sample(unit, "specimen.shelf", {"parent_id": str(outer)}).id
        for shelf in (inner, outer):
            unit.records.archive("specimen.shelf", shelf)

    outcomes = purge(tenant, "specimen.shelf", outer, inner)

    assert [outcome.status for outcome in outcomes] == ["purged", "purged"]
    assert rows_of(tenant, Shelf.__table__, Shelf.__table__.c.tenant_id, tenant.id) == 0  # type: ignore[arg-type]
    assert faults(tenant) == []


def test_references_of_a_disabled_plugin_are_taken_care_of_too(tenant: Company) -> None:
    piece = binned_piece(tenant, **{"annex.points": 3})
    tenant.disable("annex")

    outcomes = purge(tenant, "specimen.piece", piece)

    assert outcomes[0].status == "purged"
    assert rows_of(tenant, AnnexPiece.__table__, AnnexPiece.__table__.c.id, piece) == 0


def test_a_purge_of_another_tenants_record_finds_nothing(
    tenant: Company, other_tenant: Company
) -> None:
    piece = binned_piece(tenant)

    outcomes = purge(other_tenant, "specimen.piece", piece)

    assert outcomes[0].status == "refused"
    with tenant.unit(read=True) as unit:
        assert unit.records.get("specimen.piece", piece, archived=True).id == piece


def test_removed_rows_of_the_records_table_are_faults(tenant: Company) -> None:
    piece = binned_piece(tenant)
    with tenant.unit() as unit:
        unit.connection.execute(side.delete().where(side.c.record_id == piece))
        table = Piece.__table__
        unit.connection.execute(table.delete().where(table.c.id == piece))

    assert [(fault.kind, fault.record_id) for fault in faults(tenant)] == [("record", piece)]


def test_the_audit_counts_every_purge(tenant: Company) -> None:
    pieces = [binned_piece(tenant) for _ in range(3)]

    purge(tenant, "specimen.piece", *pieces)

    with tenant.unit(read=True) as unit:
        found = unit.connection.execute(
            select(func.count())
            .select_from(audit_table)
            .where(audit_table.c.tenant_id == tenant.id, audit_table.c.action == "purge")
        ).scalar_one()
    assert found == 3
