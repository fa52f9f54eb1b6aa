"""Seals close what the audit's chains held: a record cannot go together with its whole history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, column, delete, select, table, update
from sqlalchemy.exc import ProgrammingError

from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.catalogue import SEAL, all_jobs
from trato.jobs.claiming import Claim
from trato.jobs.worker import Worker
from trato.records import audit, audit_seals
from trato.records.tables import audit as rows
from trato.records.tables import audit_seal as seals
from trato.records.tables import audit_sealed as sealed
from trato.tenancy.tables import search_row
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.testing.specimen import Piece

PIECE = "specimen.piece"
pieces = Piece.__table__

Deed = Callable[..., None]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def as_owner(database: Database) -> Deed:
    """Do to the database what its administrator could do."""

    def run(*deeds: Any) -> None:
        engine = database.open_owner()
        with engine.begin() as connection:
            for deed in deeds:
                connection.execute(deed)
        engine.dispose()

    return run


def make(tenant: Company, *names: str) -> list[UUID]:
    with tenant.unit() as unit:
        return [unit.records.create(PIECE, {"name": name}).id for name in names]


def seal(tenant: Company, key: bytes | None = None) -> audit_seals.Seal | None:
    with tenant.unit() as unit:
        return audit_seals.seal(
            unit.connection, tenant.id, now=unit.now, key=key or unit.audit_keys[0]
        )


def faults(
    tenant: Company, keys: tuple[bytes, ...] | None = None
) -> set[tuple[str, UUID | None, int]]:
    with tenant.unit(read=True) as unit:
        found = audit.verify(
            unit.connection, tenant.id, unit.view.entities.values(),
            keys=keys or tenant.host.audit_keys,
        )  # fmt: skip
        return {(fault.kind, fault.record_id, fault.sequence) for fault in found}


def tail(tenant: Company) -> audit_seals.Tail:
    with tenant.unit(read=True) as unit:
        return audit_seals.tail(unit.connection, tenant.id)


def of(table: Any, tenant: Company, *conditions: Any) -> Any:
    return delete(table).where(table.c.tenant_id == tenant.id, *conditions)


def searched(tenant: Company, record_id: UUID) -> list[Any]:
    """Remove what SQLite is searched by; PostgreSQL has it in the record's row."""
    if tenant.host.engine.dialect.name != "sqlite":
        return []
    own = search_row.c.record_id == record_id
    text = table("core_search_text", column("rowid"))
    return [
        delete(text).where(text.c.rowid.in_(select(search_row.c.rowid).where(own))),
        of(search_row, tenant, own),
    ]


def test_an_untouched_sealed_audit_has_no_fault(tenant: Company) -> None:
    uno, _dos = make(tenant, "Uno", "Dos")
    first = seal(tenant)
    with tenant.unit() as unit:
        unit.records.update(PIECE, uno, {"name": "Otro"})
    second = seal(tenant)

    assert first is not None
    assert second is not None
    assert [(s.number, s.chains) for s in (first, second)] == [(1, 2), (2, 1)]
    assert faults(tenant) == set()


def test_nothing_new_makes_no_seal(tenant: Company) -> None:
    make(tenant, "Uno")
    seal(tenant)

    assert seal(tenant) is None


def test_a_record_that_went_with_its_whole_chain_is_found_once_it_is_sealed(
    tenant: Company, as_owner: Deed
) -> None:
    uno, dos = make(tenant, "Uno", "Dos")
    seal(tenant)

    as_owner(of(rows, tenant, rows.c.record_id == uno), of(pieces, tenant, pieces.c.id == uno))

    assert faults(tenant) == {("removed", uno, 1)}
    assert dos


def test_what_no_seal_closes_is_named(tenant: Company, clock: SettableClock) -> None:
    make(tenant, "Uno", "Dos")
    sealed_at = seal(tenant)
    clock.advance(hours=1)
    (tres,) = make(tenant, "Tres")
    with tenant.unit() as unit:
        unit.records.update(PIECE, tres, {"name": "Cuatro"})

    found = tail(tenant)

    assert found.rows == 2
    assert found.seal == sealed_at
    assert sealed_at is not None
    assert found.since is not None
    assert found.since - sealed_at.at >= dt.timedelta(hours=1)


def test_a_removed_tail_leaves_a_record_that_says_so_or_stays_in_what_is_named(
    tenant: Company, as_owner: Deed
) -> None:
    make(tenant, "Uno")
    seal(tenant)
    (dos,) = make(tenant, "Dos")

    as_owner(of(rows, tenant, rows.c.record_id == dos))

    assert faults(tenant) == {("removed", dos, 1)}


def test_a_row_that_was_put_in_place_of_a_sealed_one_is_found_even_with_the_key(
    tenant: Company, as_owner: Deed
) -> None:
    (uno,) = make(tenant, "Uno")
    seal(tenant)
    as_owner(
        of(rows, tenant, rows.c.record_id == uno), of(pieces, tenant, pieces.c.id == uno),
        *searched(tenant, uno),
    )  # fmt: skip
    # Whoever has the program has the key: the chain written anew holds by itself.
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "Falso"}, id=uno)

    assert faults(tenant) == {("rewritten", uno, 1)}


@pytest.mark.parametrize("values", [{"chains": 3}, {"hash": b"x" * 32},
                                    {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}])  # fmt: skip
def test_every_column_of_a_seal_is_guarded(
    tenant: Company, as_owner: Deed, values: dict[str, object]
) -> None:
    make(tenant, "Uno")
    seal(tenant)
    make(tenant, "Dos")
    seal(tenant)

    as_owner(
        update(seals).where(seals.c.tenant_id == tenant.id, seals.c.number == 1).values(**values)
    )

    assert ("seal", None, 1) in faults(tenant)


@pytest.mark.parametrize("number", [1, 2])
def test_a_removed_seal_is_found(tenant: Company, as_owner: Deed, number: int) -> None:
    for name in ("Uno", "Dos", "Tres"):
        make(tenant, name)
        seal(tenant)

    as_owner(of(seals, tenant, seals.c.number == number))

    assert faults(tenant) == {("seal", None, number)}


def test_a_seal_that_was_emptied_to_hide_a_record_is_found(tenant: Company, as_owner: Deed) -> None:
    uno, _dos = make(tenant, "Uno", "Dos")
    seal(tenant)

    as_owner(
        of(rows, tenant, rows.c.record_id == uno), of(pieces, tenant, pieces.c.id == uno),
        of(sealed, tenant, sealed.c.record_id == uno),
    )  # fmt: skip

    assert faults(tenant) == {("seal", None, 1)}


def test_seals_made_with_an_old_key_still_hold_and_with_another_do_not(tenant: Company) -> None:
    make(tenant, "Uno")
    seal(tenant)

    assert faults(tenant, (b"new", *tenant.host.audit_keys)) == set()
    assert ("seal", None, 1) in faults(tenant, (b"other",))


def test_a_clock_that_was_set_back_breaks_nothing(tenant: Company, clock: SettableClock) -> None:
    make(tenant, "Uno")
    seal(tenant)
    clock.advance(hours=-5)
    make(tenant, "Dos")

    assert tail(tenant).rows == 1
    assert seal(tenant) is not None
    assert faults(tenant) == set()
    assert tail(tenant).rows == 0


@pytest.mark.database("postgresql")
def test_what_commits_after_the_seal_stands_in_the_next(tenant: Company) -> None:
    with tenant.unit() as slow:
        slow.records.create(PIECE, {"name": "Lento"})
        make(tenant, "Uno")
        first = seal(tenant)

    second = seal(tenant)

    assert first is not None
    assert second is not None
    assert (first.chains, second.chains) == (1, 1)
    assert faults(tenant) == set()


def test_a_purged_record_stays_whole_under_its_seal(tenant: Company) -> None:
    (uno,) = make(tenant, "Uno")
    seal(tenant)
    with tenant.unit() as unit:
        unit.records.archive(PIECE, uno)
        unit.records.purge(PIECE, [uno])
    seal(tenant)

    assert faults(tenant) == set()


def test_another_tenants_seals_are_their_own(tenant: Company, other_tenant: Company) -> None:
    make(tenant, "Uno")
    make(other_tenant, "Uno", "Dos")

    mine, theirs = seal(tenant), seal(other_tenant)

    assert mine is not None
    assert theirs is not None
    assert (mine.number, mine.chains) == (1, 1)
    assert (theirs.number, theirs.chains) == (1, 2)


def test_the_audit_is_sealed_every_night_by_a_task(tenant: Company) -> None:
    make(tenant, "Uno")
    host = tenant.host
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        task = queue.enqueue(connection, tenant.id, SEAL, now=host.clock())
    assert task is not None

    Worker(host=host, name="test").run_task(Claim(tenant_id=tenant.id, task_id=task))

    with tenant.unit(read=True) as unit:
        done = queue.find(unit.connection, tenant.id, task)
        last = audit_seals.newest(unit.connection, tenant.id)
    assert last is not None
    assert (done.state, done.result) == ("done", f"1: {last.hash.hex()}")
    assert all_jobs(host)[SEAL].at == "02:30"


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("table", [seals, sealed])
def test_the_application_can_only_add_seals(tenant: Company, table: Any) -> None:
    make(tenant, "Uno")
    seal(tenant)

    def spoil(connection: Connection) -> None:
        connection.execute(of(table, tenant))

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant.unit() as unit,
    ):
        spoil(unit.connection)
    with tenant.unit(read=True) as unit:
        assert unit.connection.execute(select(table)).first() is not None
