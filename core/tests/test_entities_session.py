"""The tenant's session adds the tenant, and refuses what it could not add it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, true, union_all, update
from sqlalchemy.orm import aliased

from trato.db.types import new_id
from trato.entities.session import TenantSession
from trato.errors import TenantError
from trato.host import Host
from trato.testing.companies import Company
from trato.testing.samples import create_sample
from trato.testing.specimen import AnnexPiece, Piece, Shelf

PIECE = "specimen.piece"
REFUSED = "A statement that is not ORM touches a tenant's table"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def pieces(tenant: Company, other_tenant: Company) -> tuple[UUID, UUID]:
    """Make one piece in each tenant."""
    made = []
    for company in (tenant, other_tenant):
        with company.unit() as unit:
            values = {"name": "Cántaro", "annex.points": 1}
            made.append(create_sample(unit, PIECE, values).id)
    return made[0], made[1]


@pytest.fixture
def session(tenant: Company, pieces: tuple[UUID, UUID]) -> Iterator[TenantSession]:
    with tenant.unit() as unit:
        yield unit.session


READS: dict[str, Callable[[], Any]] = {
    "entity": lambda: select(Piece.id),
    "whole": lambda: select(Piece),
    "alias": lambda: select(aliased(Piece).id),
    "joined": lambda: select(Piece.id).join(
        AnnexPiece, (AnnexPiece.id == Piece.id) & (AnnexPiece.tenant_id == Piece.tenant_id)
    ),
    "extension": lambda: select(AnnexPiece.id),
    "union": lambda: union_all(select(Piece.id), select(Piece.id)),
    "subquery": lambda: select(select(Piece.id).subquery().c.id),
    "cte": lambda: select(select(Piece.id).cte("some").c.id),
    "in": lambda: select(Piece.id).where(Piece.id.in_(select(AnnexPiece.id))),
    "exists": lambda: select(Piece.id).where(exists().where(AnnexPiece.id == Piece.id)),
}


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("read", READS)
def test_orm_reads_see_the_tenants_rows_only(
    session: TenantSession, pieces: tuple[UUID, UUID], read: str
) -> None:
    """On SQLite, where nothing stands behind the guard."""
    rows = session.execute(READS[read]()).all()

    found = {row[0].id if isinstance(row[0], Piece) else row[0] for row in rows}
    assert found == {pieces[0]}


@pytest.mark.database("sqlite")
def test_orm_reads_by_key_and_counts_see_the_tenants_rows_only(
    session: TenantSession, tenant: Company, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    mine, theirs = pieces

    assert session.get(Piece, (tenant.id, mine)) is not None
    assert session.get(Piece, (other_tenant.id, theirs)) is None
    assert session.scalar(select(func.count()).select_from(Piece)) == 1
    assert session.scalar(select(func.max(Piece.name))) == "Cántaro"
    assert session.query(Piece).count() == 1


@pytest.mark.database("sqlite")
def test_orm_writes_reach_the_tenants_rows_only(
    session: TenantSession, other_tenant: Company, pieces: tuple[UUID, UUID]
) -> None:
    assert session.execute(update(Piece).values(plain="x")).rowcount == 1  # type: ignore[attr-defined]
    assert session.execute(delete(AnnexPiece)).rowcount == 1  # type: ignore[attr-defined]
    session.connection().commit()

    with other_tenant.unit(read=True) as unit:
        theirs = unit.records.get(PIECE, pieces[1])
    assert (theirs["plain"], theirs["annex.points"]) == (None, 1)


@pytest.mark.parametrize(
    "statement",
    [
        select(Piece.__table__), select(Piece.__table__.c.id), update(Piece.__table__),
        delete(Piece.__table__), insert(Piece.__table__), select(Piece.__table__.alias()),
        select(exists().where(Piece.__table__.c.name == "x")),
        select(select(Piece.__table__.c.id).subquery().c.id),
        text("SELECT 1"), text("SELECT * FROM specimen_piece"), text("DELETE FROM core_audit"),
    ],
    ids=str,
)  # fmt: skip
def test_core_statements_and_texts_are_refused(session: TenantSession, statement: Any) -> None:
    with pytest.raises(TenantError, match=REFUSED):
        session.execute(statement)


def test_a_statement_that_mixes_a_table_into_an_orm_read_is_refused(
    session: TenantSession,
) -> None:
    raw = Piece.__table__.alias()
    for statement in (
        select(Shelf.id, Piece.__table__.c.name).join(Piece.__table__, true()),
        select(Shelf.id).where(Shelf.id.in_(select(Piece.__table__.c.shelf_id))),
        select(Piece.id, raw.c.name).join(raw, raw.c.id == Piece.id),
        select(Shelf.id).where(exists(select(raw.c.id).where(raw.c.name == "Cántaro"))),
    ):
        with pytest.raises(TenantError, match=REFUSED):
            session.execute(statement)


def test_a_row_of_another_tenant_is_not_flushed(
    session: TenantSession, tenant: Company, other_tenant: Company
) -> None:
    session.add(Shelf(tenant_id=other_tenant.id, id=new_id(), name="x"))

    with pytest.raises(TenantError) as refused:
        session.flush()

    assert str(refused.value) == (
        f"A row of tenant {other_tenant.id} was given to a session of tenant {tenant.id}."
    )


def test_a_row_without_a_tenant_gets_the_sessions(session: TenantSession, tenant: Company) -> None:
    shelf = Shelf(id=new_id(), name="x", created_at=_now(tenant), updated_at=_now(tenant))
    session.add(shelf)
    session.flush()

    assert shelf.tenant_id == tenant.id


def test_rows_are_not_written_past_the_session(
    session: TenantSession, tenant: Company, other_tenant: Company
) -> None:
    row = {"tenant_id": other_tenant.id, "id": new_id(), "name": "x"}
    deeds: list[Callable[[], Any]] = [
        lambda: session.execute(insert(Shelf), [row]),
        lambda: session.execute(insert(Shelf).values(**row)),
        lambda: session.execute(update(Piece).values(tenant_id=other_tenant.id)),
        lambda: session.execute(update(Piece).values({Piece.tenant_id: other_tenant.id})),
        lambda: session.execute(update(Piece), [{"tenant_id": other_tenant.id, "id": new_id()}]),
        lambda: session.bulk_insert_mappings(Shelf, [row]),
        lambda: session.bulk_update_mappings(Shelf, [row]),
        lambda: session.bulk_save_objects([Shelf(**row)]),
    ]

    for deed in deeds:
        with pytest.raises(TenantError, match="are inserted, or moved to a tenant, past the"):
            deed()


def test_the_tenant_of_a_session_cannot_be_switched(session: TenantSession) -> None:
    with pytest.raises(AttributeError):
        session.tenant_id = 1  # type: ignore[misc]


def _now(tenant: Company) -> Any:
    return tenant.host.clock()
