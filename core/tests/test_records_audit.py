"""The audit tells who did what, and shows every change to itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import ProgrammingError

from trato.access.actor import Actor
from trato.host import Host
from trato.records import audit
from trato.records.tables import audit as table
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.testing.specimen import Piece

PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def faults(tenant: Company, keys: tuple[bytes, ...] | None = None) -> set[tuple[str, UUID, int]]:
    with tenant.unit(read=True) as unit:
        found = audit.verify(
            unit.connection, tenant.id, unit.view.entities.values(),
            keys=keys or tenant.host.audit_keys,
        )  # fmt: skip
        return {(fault.kind, fault.record_id, fault.sequence) for fault in found}


@pytest.fixture
def piece(tenant: Company, actor: Actor) -> UUID:
    """Make a piece of four versions."""
    with tenant.unit(actor) as unit:
        piece = unit.records.create(PIECE, {"name": "Uno", "tags": ["a"], "price": "10.5"}).id
        unit.records.update(PIECE, piece, {"name": "Dos", "annex.points": 2})
        unit.records.archive(PIECE, piece)
        unit.records.restore(PIECE, piece)
    return piece


@pytest.fixture
def as_owner(database: Database) -> Callable[[Callable[[Connection], None]], None]:
    """Do to the database what its administrator could do."""

    def run(deed: Callable[[Connection], None]) -> None:
        engine = database.open_owner()
        with engine.begin() as connection:
            deed(connection)
        engine.dispose()

    return run


Deed = Callable[[Callable[[Connection], None]], None]


def of(piece: UUID, sequence: int) -> tuple[object, object]:
    return table.c.record_id == piece, table.c.sequence == sequence


def test_history_tells_what_changed_and_who_did_it(
    tenant: Company, actor: Actor, piece: UUID
) -> None:
    with tenant.unit(actor, read=True) as unit:
        entries = unit.records.history(PIECE, piece)

    assert [(e.sequence, e.action) for e in entries] == [
        (4, "restore"), (3, "archive"), (2, "update"), (1, "create"),
    ]  # fmt: skip
    assert {e.member_id for e in entries} == {actor.member_id}
    assert entries[2].before == {"name": "Uno"}
    assert entries[2].after == {"name": "Dos", "annex.points": 2}
    assert entries[3].after["price"] == "10.50"
    assert entries[3].after["tags"] == ["a"]


def test_history_of_a_deed_without_a_member_names_the_system(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        [entry] = unit.records.history(PIECE, piece)

    assert (entry.member_id, entry.actor) == (None, "system")


def test_history_hides_hidden_fields(tenant: Company, piece: UUID) -> None:
    reader = tenant.member_with({"*": {"view": "all"}}, fields={PIECE: {"name": "hidden"}})

    with tenant.unit(reader, read=True) as unit:
        entries = unit.records.history(PIECE, piece)

    assert all("name" not in {**entry.before, **entry.after} for entry in entries)
    assert entries[2].after == {"annex.points": 2}


def test_an_update_that_changes_nothing_leaves_no_trace(tenant: Company, piece: UUID) -> None:
    with tenant.unit() as unit:
        same = unit.records.update(PIECE, piece, {"name": "Dos", "price": "10.50"})
        entries = unit.records.history(PIECE, piece)

    assert same.version == 4
    assert len(entries) == 4


def test_what_is_rolled_back_leaves_no_trace(tenant: Company, piece: UUID) -> None:
    def fail_after_writing() -> None:
        with tenant.unit() as unit:
            unit.records.update(PIECE, piece, {"name": "Tres"})
            raise RuntimeError("a plugin failed")

    with pytest.raises(RuntimeError, match="a plugin failed"):
        fail_after_writing()

    with tenant.unit(read=True) as unit:
        assert unit.records.get(PIECE, piece)["name"] == "Dos"
        assert len(unit.records.history(PIECE, piece)) == 4


def test_an_untouched_audit_has_no_fault(tenant: Company, piece: UUID) -> None:
    assert faults(tenant) == set()


@pytest.mark.parametrize("sequence", [1, 2, 4])
def test_a_changed_content_is_found(
    tenant: Company, piece: UUID, as_owner: Deed, sequence: int
) -> None:
    forged = orjson.dumps({"after": {"name": "Otro"}, "before": {}}).decode()
    as_owner(lambda c: c.execute(update(table).where(*of(piece, sequence)).values(content=forged)))

    assert ("changed", piece, sequence) in faults(tenant)


@pytest.mark.parametrize(
    "values",
    [
        {"action": "restore"}, {"member_id": uuid4()}, {"member_id": None, "actor": "system"},
        {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, {"entity": "specimen.shelf"},
        {"digest": b"x" * 32}, {"hash": b"x" * 32}, {"content": None},
    ],
)  # fmt: skip
def test_every_column_of_a_row_is_guarded(
    tenant: Company, piece: UUID, as_owner: Deed, values: dict[str, object]
) -> None:
    as_owner(lambda c: c.execute(update(table).where(*of(piece, 2)).values(**values)))

    assert {(record, sequence) for _kind, record, sequence in faults(tenant)} >= {(piece, 2)}


@pytest.mark.parametrize("sequence", [1, 2, 3, 4])
def test_a_removed_row_is_found(
    tenant: Company, piece: UUID, as_owner: Deed, sequence: int
) -> None:
    as_owner(lambda c: c.execute(delete(table).where(*of(piece, sequence))))

    assert ("removed", piece, sequence) in faults(tenant)


def test_a_whole_chain_that_was_cut_is_found(tenant: Company, piece: UUID, as_owner: Deed) -> None:
    as_owner(lambda c: c.execute(delete(table).where(table.c.record_id == piece)))

    assert faults(tenant) == {("removed", piece, 1)}


def test_a_row_added_without_the_key_is_found(tenant: Company, piece: UUID, as_owner: Deed) -> None:
    def forge(connection: Connection) -> None:
        row = dict(connection.execute(select(table).where(*of(piece, 4))).mappings().one())
        connection.execute(insert(table).values(**(row | {"sequence": 5})))
        pieces = Piece.__table__
        connection.execute(update(pieces).where(pieces.c.id == piece).values(version=5))

    as_owner(forge)

    assert ("broken", piece, 5) in faults(tenant)


def test_a_record_changed_past_the_audit_is_found(
    tenant: Company, piece: UUID, as_owner: Deed
) -> None:
    pieces = Piece.__table__
    as_owner(lambda c: c.execute(update(pieces).where(pieces.c.id == piece).values(version=9)))

    assert ("removed", piece, 5) in faults(tenant)


def test_without_the_key_nothing_verifies_and_an_old_key_still_does(
    tenant: Company, piece: UUID
) -> None:
    assert {kind for kind, _record, _sequence in faults(tenant, (b"other",))} == {"broken"}
    assert faults(tenant, (b"new", *tenant.host.audit_keys)) == set()


def test_a_chain_over_the_batch_size_verifies(tenant: Company) -> None:
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(PIECE, [{"name": f"P{n}"} for n in range(1_100)])
        ids = [outcome.id for outcome in outcomes]
        rows = [{"name": f"Q{n}"} for n in range(1_100)]
        again = unit.records.bulk(PIECE, rows, match="id", ids=ids)
        archived = unit.records.update_where(PIECE, values={"grade": "good"})

    assert {outcome.status for outcome in again} == {"updated"}
    assert archived == 1_100
    assert faults(tenant) == set()


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("deed", [update(table).values(action="x"), delete(table)])
def test_the_application_can_only_add_to_the_audit(
    tenant: Company, piece: UUID, deed: object
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied for table core_audit"),
        tenant.unit() as unit,
    ):
        unit.connection.execute(deed)  # type: ignore[call-overload]
