"""Two who write at once lose nothing: what was acknowledged is there."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from trato.db.types import new_id
from trato.errors import Conflict, DatabaseUnavailable, Invalid, NotFound, StaleRecord, TratoError
from trato.host import Host
from trato.records import audit
from trato.testing.companies import Company

PIECE, SHELF = "specimen.piece", "specimen.shelf"
WRITERS = 2
TURNS = 200
#: How many wait for what this transaction holds.
WAITING = text(
    "SELECT count(*) FROM pg_locks "
    "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def piece(tenant: Company) -> UUID:
    tenant.custom_field(PIECE, "level", "integer", indexed=True)
    with tenant.unit() as unit:
        return unit.records.create(
            PIECE, {"name": "x", "count": 0, "annex.points": 0, "custom.level": 0}
        ).id


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Run deeds in threads that start together; give their answers, or what they raised."""
    answers: list[Any] = [None] * len(deeds)
    start = threading.Barrier(len(deeds))

    def run(place: int, deed: Callable[[], Any]) -> None:
        start.wait()
        try:
            answers[place] = deed()
        except TratoError as error:
            answers[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def no_faults(tenant: Company) -> bool:
    with tenant.unit(read=True) as unit:
        entities = unit.view.entities.values()
        keys = tenant.host.audit_keys
        return not list(audit.verify(unit.connection, tenant.id, entities, keys=keys))


def test_increments_by_version_lose_nothing(tenant: Company, piece: UUID) -> None:
    """Read in one transaction, write in another: the version tells who came too late."""
    actor = tenant.system()

    def increment() -> int:
        acknowledged = 0
        while acknowledged < TURNS:
            with tenant.host.unit(actor, read=True) as unit:
                seen = unit.records.get(PIECE, piece)
            values = {path: seen[path] + 1 for path in ("count", "annex.points", "custom.level")}
            try:
                with tenant.host.unit(actor) as unit:
                    unit.records.update(PIECE, piece, values, version=seen.version)
            except StaleRecord:
                continue
            acknowledged += 1
        return acknowledged

    acknowledged = at_once(*[increment] * WRITERS)

    assert acknowledged == [TURNS] * WRITERS
    with tenant.unit(read=True) as unit:
        record = unit.records.get(PIECE, piece)
    total = WRITERS * TURNS
    assert record.version == total + 1
    assert {record[p] for p in ("count", "annex.points", "custom.level")} == {total}
    assert no_faults(tenant)


def test_what_stood_there_before_is_read_under_the_lock(tenant: Company, piece: UUID) -> None:
    """Each write must see the whole last one, or what a plugin derives from it is lost."""
    actor = tenant.system()
    paths = ("count", "annex.points", "custom.level")

    def write(first: int) -> int:
        for number in range(first, first + TURNS):
            with tenant.host.unit(actor) as unit:
                unit.records.update(PIECE, piece, dict.fromkeys(paths, number))
        return TURNS

    answers = at_once(lambda: write(1_000), lambda: write(9_000))

    assert answers == [TURNS, TURNS]
    with tenant.unit(read=True) as unit:
        entries = unit.records.history(PIECE, piece, limit=1_000)
    assert len(entries) == 2 * TURNS + 1
    for newer, older in itertools.pairwise(entries):
        assert newer.before == {path: older.after[path] for path in paths}, newer.sequence
    assert no_faults(tenant)


def test_a_stale_version_is_refused_with_what_stands_there(tenant: Company, piece: UUID) -> None:
    with tenant.unit() as unit:
        unit.records.update(PIECE, piece, {"name": "y"}, version=1)
        with pytest.raises(StaleRecord, match="Somebody else saved the record first") as refused:
            unit.records.update(PIECE, piece, {"name": "z"}, version=1)
        with pytest.raises(StaleRecord):
            unit.records.archive(PIECE, piece, version=1)

        assert (refused.value.current.version, refused.value.current["name"]) == (2, "y")
        assert unit.records.update(PIECE, piece, {"name": "z"}, version=2).version == 3


def test_one_of_two_who_take_a_unique_value_gets_it(tenant: Company) -> None:
    tenant.custom_field(PIECE, "badge", "text", unique=True)
    actor = tenant.system()

    for path in ("code", "custom.badge"):

        def create(path: str = path) -> UUID:
            with tenant.host.unit(tenant.renew(actor)) as unit:
                return unit.records.create(PIECE, {"name": "x", path: "A-1"}).id

        answers = at_once(create, create, create)

        refused = [answer for answer in answers if isinstance(answer, Invalid)]
        assert len(refused) == 2, answers
        for answer in refused:
            assert {p: [str(m) for m in texts] for p, texts in answer.errors.items()} == {
                path: ["'A-1' is taken by another record."]
            }
    assert no_faults(tenant)


def test_one_of_two_who_use_an_id_gets_it(tenant: Company) -> None:
    actor, record_id = tenant.system(), new_id()

    def create() -> UUID:
        with tenant.host.unit(actor) as unit:
            return unit.records.create(PIECE, {"name": "x"}, id=record_id).id

    answers = at_once(create, create, create)

    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "UUID"]
    assert str(next(a for a in answers if isinstance(a, Conflict))) == (
        f"A record with id {record_id} exists already."
    )


def test_bulks_that_meet_lose_nothing(tenant: Company) -> None:
    actor = tenant.system()
    codes = [f"C{number:03}" for number in range(100)]

    def upsert(grade: str, order: list[str]) -> list[str]:
        rows = [{"name": c, "code": c, "grade": grade} for c in order]
        for _try in range(50):
            try:
                with tenant.host.unit(actor) as unit:
                    outcomes = unit.records.bulk(PIECE, rows, match="code")
            except DatabaseUnavailable as busy:
                # They took the same codes in opposite order, and one had to give way whole.
                assert busy.code == "deadlock"  # noqa: PT017 - how often it comes is luck
                continue
            if all(outcome.status != "refused" for outcome in outcomes):
                return [outcome.status for outcome in outcomes]
        raise AssertionError("never came through")

    at_once(lambda: upsert("good", codes), lambda: upsert("poor", codes[::-1]))

    with tenant.unit(read=True) as unit:
        rows = unit.records.query(PIECE, columns=("code", "grade"), limit=500).rows
    assert sorted(row[2] for row in rows) == codes
    assert len({row[3] for row in rows}) == 1
    assert no_faults(tenant)


def test_only_one_of_two_archives(tenant: Company, piece: UUID) -> None:
    actor = tenant.system()

    def archive() -> str:
        with tenant.host.unit(actor) as unit:
            unit.records.archive(PIECE, piece)
        return "archived"

    answers = at_once(archive, archive)

    assert sorted(map(str, answers)) == [f"There is no Piece {piece}.", "archived"]
    assert any(isinstance(answer, NotFound) for answer in answers)
    assert no_faults(tenant)


@pytest.mark.database("postgresql")
def test_two_moves_at_once_make_no_circle(tenant: Company) -> None:
    """Each move alone is good; both together would put three shelves below each other."""
    with tenant.unit() as unit:
        top = unit.records.create(SHELF, {"name": "top"}).id
        below = unit.records.create(SHELF, {"name": "below", "parent_id": top}).id
        alone = unit.records.create(SHELF, {"name": "alone"}).id
    actor, answers = tenant.system(), []

    def move() -> None:
        try:
            with tenant.host.unit(actor) as unit:
                unit.records.update(SHELF, top, {"parent_id": alone})
        except Invalid as refused:
            answers.append(refused)

    other = threading.Thread(target=move)
    with tenant.unit() as unit:
        unit.records.update(SHELF, alone, {"parent_id": below})
        other.start()
        while other.is_alive() and not unit.connection.execute(WAITING).scalar_one():
            other.join(0.01)
        assert other.is_alive(), "it did not wait for the move before"
    other.join()

    (refused,) = answers
    assert [str(m) for m in refused.errors["parent_id"]] == ["A record cannot stand below itself."]
