"""Notes: who may write them, whom they mention, and who is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.errors import Forbidden, Invalid, Message, NotFound
from trato.host import Host
from trato.plugin import Timeline, TimelineEntry
from trato.records import notes, notices, timeline
from trato.records.query import Record
from trato.records.tables import mark
from trato.records.unit import Unit
from trato.testing.companies import Company

PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def record(tenant: Company, actor: Actor) -> Record:
    with tenant.unit(actor) as unit:
        return unit.records.create(PIECE, {"name": "Cóndor", "owner_id": str(actor.member_id)})


def piece(unit: Unit) -> EntityView:
    return unit.view.entity(PIECE)


def written(unit: Unit, record: Record, text: str) -> notes.Note:
    return notes.write(unit, piece(unit), record.id, text)


def told(tenant: Company, who: Actor) -> list[tuple[str, str]]:
    with tenant.unit(who, read=True) as unit:
        return [(notice.kind, notice.label) for notice in notices.read(unit)]


def follow(unit: Unit, record: Record, who: Actor) -> None:
    unit.connection.execute(
        insert(mark).values(
            tenant_id=unit.tenant_id, member_id=who.member_id, kind="follow", entity=record.entity,
            record_id=record.id, at=unit.now,
        )
    )  # fmt: skip


def test_name_behind_at_becomes_a_mention_and_that_member_is_told(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Dary Mosquera")

    with tenant.unit(actor) as unit:
        note = written(unit, record, "Pregúntele a @luz dary mosquera, no a luz@dary.co")

    expected = f"Pregúntele a @[Luz Dary Mosquera]({luz.member_id}), no a luz@dary.co"
    assert note.text == expected
    assert told(tenant, luz) == [("mention", "Cóndor")]
    assert told(tenant, actor) == []


def test_mention_shows_the_members_own_name_whatever_was_sent(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Mosquera")
    nobody = UUID(int=7)

    with tenant.unit(actor) as unit:
        note = written(unit, record, f"@[La Jefa]({luz.member_id}) y @[Nadie]({nobody})")

    assert note.text == f"@[Luz Mosquera]({luz.member_id}) y @Nadie"


def test_name_that_two_bear_is_no_mention(tenant: Company, actor: Actor, record: Record) -> None:
    first = tenant.member("manager", name="Ana Gil")
    tenant.member("manager", name="Ana Gil")

    with tenant.unit(actor) as unit:
        note = written(unit, record, "Hola @Ana Gil")

    assert note.text == "Hola @Ana Gil"
    assert told(tenant, first) == []


def test_who_may_not_see_the_record_is_not_told(
    tenant: Company, actor: Actor, record: Record
) -> None:
    seller = tenant.member("seller", name="Iván Ríos")

    with tenant.unit(actor) as unit:
        follow(unit, record, seller)
        written(unit, record, "@Iván Ríos mire esto")
        unit.records.update(PIECE, record.id, {"name": "Otro"})

    assert told(tenant, seller) == []


def test_followers_are_told_of_notes_and_once_of_changes(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Mosquera")
    with tenant.unit(actor) as unit:
        follow(unit, record, luz)
        follow(unit, record, actor)

    with tenant.unit(actor) as unit:
        written(unit, record, "Una")
        unit.records.update(PIECE, record.id, {"place": "Cali"})
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    assert sorted(told(tenant, luz)) == [("change", "Cóndor"), ("note", "Cóndor")]
    assert told(tenant, actor) == []


def test_followers_of_what_nobody_owns_are_told_too(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Mosquera")
    with tenant.unit(actor) as unit:
        loan = unit.records.create("specimen.loan", {"piece_id": record.id, "borrower": "Ana"})
        follow(unit, loan, luz)

    with tenant.unit(actor) as unit:
        unit.records.update("specimen.loan", loan.id, {"borrower": "Eva"})

    assert told(tenant, luz) == [("change", "Eva")]


def test_seen_notices_stay_seen_and_a_later_change_is_told_again(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Mosquera")
    with tenant.unit(actor) as unit:
        follow(unit, record, luz)
        unit.records.update(PIECE, record.id, {"place": "Cali"})
    with tenant.unit(luz) as unit:
        assert notices.see(unit, record_id=record.id) == 1

    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"place": "Pasto"})

    with tenant.unit(luz, read=True) as unit:
        assert notices.unseen(unit.connection, unit.tenant_id, luz.member_id or UUID(int=0)) == 1


@pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * 10_001])
def test_empty_and_endless_notes_are_refused(
    tenant: Company, actor: Actor, record: Record, text: str
) -> None:
    with tenant.unit(actor) as unit, pytest.raises(Invalid) as refused:
        written(unit, record, text)

    assert set(refused.value.errors) == {"text"}


def test_only_who_sees_the_record_writes_on_it(tenant: Company, record: Record) -> None:
    seller = tenant.member("seller")

    with tenant.unit(seller) as unit, pytest.raises(NotFound):
        written(unit, record, "Hola")


def test_an_auditor_reads_and_writes_nothing(tenant: Company, record: Record) -> None:
    manager = tenant.member("manager")
    assert manager.member is not None
    auditor = replace(manager, member=replace(manager.member, roles=("auditor",)))

    with tenant.host.unit(auditor) as unit:
        assert unit.records.get(PIECE, record.id).id == record.id
        with pytest.raises(Forbidden):
            written(unit, record, "Hola")


def test_nobody_changes_anothers_note(tenant: Company, actor: Actor, record: Record) -> None:
    manager = tenant.member("manager")
    with tenant.unit(actor) as unit:
        note = written(unit, record, "Mía")

    with tenant.unit(manager) as unit:
        with pytest.raises(Forbidden):
            notes.edit(unit, piece(unit), record.id, note.id, "Suya")
        with pytest.raises(Forbidden):
            notes.archive(unit, piece(unit), record.id, note.id)
        assert [n.text for n in notes.read(unit, record.id)] == ["Mía"]


def test_archived_note_comes_back_and_an_edit_tells_only_whom_it_adds(
    tenant: Company, actor: Actor, record: Record
) -> None:
    luz = tenant.member("manager", name="Luz Mosquera")
    sol = tenant.member("manager", name="Sol Gil")
    with tenant.unit(actor) as unit:
        note = written(unit, record, "@Luz Mosquera")
        notes.edit(unit, piece(unit), record.id, note.id, "@Luz Mosquera @Sol Gil")

        notes.archive(unit, piece(unit), record.id, note.id)
        assert notes.read(unit, record.id) == []
        notes.restore(unit, piece(unit), record.id, note.id)
        assert [n.id for n in notes.read(unit, record.id)] == [note.id]

    assert told(tenant, luz) == [("mention", "Cóndor")]
    assert told(tenant, sol) == [("mention", "Cóndor")]


def test_note_of_another_tenant_does_not_exist(
    tenant: Company, actor: Actor, record: Record, other_tenant: Company
) -> None:
    with tenant.unit(actor) as unit:
        note = written(unit, record, "Mía")
    stranger = other_tenant.member("admin")

    with other_tenant.unit(stranger) as unit:
        assert notes.read(unit, record.id) == []
        with pytest.raises(NotFound):
            notes.edit(unit, piece(unit), record.id, note.id, "Suya")


def test_purged_record_takes_its_notes_and_notices_along(
    tenant: Company, actor: Actor, record: Record
) -> None:
    admin = tenant.member("admin", name="Luz Mosquera")
    with tenant.unit(actor) as unit:
        follow(unit, record, admin)
        written(unit, record, "@Luz Mosquera")

    with tenant.unit(admin) as unit:
        unit.records.archive(PIECE, record.id)
        unit.records.purge(PIECE, [record.id])

        assert notes.read(unit, record.id) == []
        assert notices.unseen(unit.connection, unit.tenant_id, admin.member_id or record.id) == 0
        assert notices.followers(unit, [record.id]) == {}


def test_a_moment_is_never_torn_between_two_pages(
    tenant: Company, actor: Actor, record: Record
) -> None:
    with tenant.unit(actor) as unit:
        for number in range(7):
            written(unit, record, f"nota {number}")

    with tenant.unit(actor, read=True) as unit:
        first, more = timeline.read(unit, piece(unit), record.id, only="core.notes", limit=2)

    assert len(first) == 7
    assert more is None


def test_pages_of_a_timeline_hold_everything_once(
    tenant: Company, actor: Actor, record: Record
) -> None:
    for number in range(5):
        with tenant.unit(actor) as unit:
            written(unit, record, f"nota {number}")
            unit.records.update(PIECE, record.id, {"count": number})

    found: list[Any] = []
    before = None
    with tenant.unit(actor, read=True) as unit:
        while True:
            page, before = timeline.read(unit, piece(unit), record.id, before=before, limit=3)
            found += [one.entry for one in page]
            if before is None:
                break

    assert len(found) == 11
    assert [e.at for e in found] == sorted((e.at for e in found), reverse=True)


def test_timeline_of_a_plugin_stands_among_cores(
    tenant: Company, actor: Actor, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

    def read(unit: Unit, entity: EntityView, record_id: UUID, before: Any, limit: int) -> Any:
        assert (entity.name, record_id) == (PIECE, record.id)
        return [TimelineEntry(at=long_ago, text=Message("visited it"))]

    visits = Timeline(name="specimen.visits", label="Visits", icon="map-pin", read=read)
    monkeypatch.setattr(
        tenant.host.registry, "timelines",
        [*tenant.host.registry.timelines, ("specimen", visits), ("foreign", visits)],
    )  # fmt: skip
    with tenant.unit(actor) as unit:
        view = tenant.host.build_view(unit.connection, tenant.id)

    assert [plugin for plugin, _one in view.timelines] == ["core", "core", "specimen"]
