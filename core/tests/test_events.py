"""Events: told after the commit, through the queue, to the plugins that a tenant has enabled."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest

from trato.db.engine import transaction
from trato.errors import DomainError
from trato.hooks import hookimpl
from trato.host import Host, discover
from trato.jobs import queue
from trato.jobs.catalogue import CLEAN, all_jobs
from trato.jobs.claiming import Claim
from trato.jobs.declared import Temporary
from trato.jobs.queue import Task
from trato.jobs.worker import Worker
from trato.plugin import Plugin
from trato.records.events import BATCH, DEEPEST, Event, hears
from trato.records.unit import Unit
from trato.registry import register_all
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company

CLIENT = "clients.client"
HERALD = "herald.trato_event"

Hook = Callable[[Unit, Event], None]


def hooks(react: Hook) -> types.ModuleType:
    """Make the hooks module of a plugin that hears events."""
    module = types.ModuleType("herald_hooks")

    @hookimpl
    def trato_event(unit: Unit, event: Event) -> None:
        react(unit, event)

    module.trato_event = trato_event  # type: ignore[attr-defined]
    return module


@pytest.fixture
def heard() -> list[Event]:
    """Keep what the plugin was told."""
    return []


@pytest.fixture
def react(heard: list[Event]) -> Hook:
    return lambda _unit, event: heard.append(event)


@pytest.fixture
def wanted() -> list[str]:
    return ["clients.client.*", "herald.*"]


@pytest.fixture
def host(
    temporarily: Callable[..., AbstractContextManager[Host]], make_plugin: Callable[..., Plugin],
    react: Hook, wanted: list[str],
) -> Iterator[Host]:  # fmt: skip
    herald = make_plugin("herald", depends=["clients"], hooks=hooks(react), events=wanted)
    with temporarily(herald) as host:
        yield host


@pytest.fixture
def tenant(host: Host, issue_license: LicenseIssuer) -> Company:
    return make_company(host, issue_license, plugins=["clients", "herald"])


def queued(tenant: Company, *states: str, job: str = HERALD) -> list[Task]:
    with tenant.unit(read=True) as unit:
        return queue.tasks(unit.connection, tenant.id, job=job, states=states, limit=500)[::-1]


def run(tenant: Company, tasks: list[Task]) -> list[Task]:
    """Run tasks as a worker does, whatever other tests have queued."""
    worker = Worker(host=tenant.host, name="test")
    for task in tasks:
        worker.run_task(Claim(tenant_id=tenant.id, task_id=task.id))
    with tenant.unit(read=True) as unit:
        return [queue.find(unit.connection, tenant.id, task.id) for task in tasks]


def create(tenant: Company, name: str = "Óptica Luz Clara") -> Any:
    with tenant.unit() as unit:
        return unit.records.create(CLIENT, {"name": name})


def test_every_deed_of_a_record_is_told_in_its_words(tenant: Company, heard: list[Event]) -> None:
    seller = tenant.member("admin")
    with tenant.unit(seller) as unit:
        client = unit.records.create(CLIENT, {"name": "Uno"})
        unit.records.update(CLIENT, client.id, {"name": "Dos"})
        unit.records.archive(CLIENT, client.id)
        unit.records.restore(CLIENT, client.id)
        unit.records.archive(CLIENT, client.id)
        unit.records.purge(CLIENT, [client.id])

    done = run(tenant, queued(tenant))

    assert {task.state for task in done} == {"done"}
    assert [event.name.rpartition(".")[2] for event in heard] == [
        "created", "changed", "archived", "restored", "archived", "purged",
    ]  # fmt: skip
    assert {event.records for event in heard} == {(client.id,)}
    assert {event.member_id for event in heard} == {seller.member_id}
    assert "name" in heard[1].fields


def test_what_is_rolled_back_is_not_told(tenant: Company) -> None:
    def fail_after_writing() -> None:
        with tenant.unit() as unit:
            unit.records.create(CLIENT, {"name": "Uno"})
            unit.emit("herald.sung")
            raise RuntimeError("a plugin failed")

    with pytest.raises(RuntimeError, match="a plugin failed"):
        fail_after_writing()

    assert queued(tenant) == []


def test_a_save_of_many_is_told_in_few_events(tenant: Company, heard: list[Event]) -> None:
    with tenant.unit() as unit:
        unit.records.bulk(CLIENT, [{"name": f"C{n}"} for n in range(BATCH + 20)])

    run(tenant, queued(tenant))

    assert [len(event.records) for event in heard] == [BATCH, 20]


def test_a_plugins_own_event_says_what_it_was_given(tenant: Company, heard: list[Event]) -> None:
    client = create(tenant)
    run(tenant, queued(tenant))
    heard.clear()

    with tenant.unit() as unit:
        unit.emit("herald.sung", {"song": "Ñandú", "verses": 3}, records=[client])
        moment = unit.now
    run(tenant, queued(tenant, "queued"))

    assert [(e.name, e.data, e.records, e.at) for e in heard] == [
        ("herald.sung", {"song": "Ñandú", "verses": 3}, (client.id,), moment)
    ]


def test_data_that_json_does_not_hold_is_named(tenant: Company) -> None:
    given = {"id": tenant.member("admin").member_id, "day": dt.date(2026, 11, 22)}
    with tenant.unit() as unit:
        unit.emit("herald.sung", given)
        with pytest.raises(TypeError, match=r"^herald\.sung: data\['fee'\] is a Decimal, which"):
            unit.emit("herald.sung", {**given, "fee": Decimal(3)})


@pytest.mark.parametrize("name", ["sung", "nobody.sung", "herald", "herald.", "herald.Sung it"])
def test_a_name_that_is_no_event_is_refused(tenant: Company, name: str) -> None:
    with pytest.raises(ValueError, match="does not name an event"), tenant.unit() as unit:
        unit.emit(name)


@pytest.mark.parametrize("wanted", [["clients.client.created"]])
def test_only_what_the_manifest_names_is_queued(tenant: Company, heard: list[Event]) -> None:
    client = create(tenant)
    with tenant.unit() as unit:
        unit.records.update(CLIENT, client.id, {"name": "Otra"})
        unit.emit("herald.sung")

    run(tenant, queued(tenant))

    assert [event.name for event in heard] == ["clients.client.created"]


@pytest.mark.parametrize(
    ("wanted", "name", "told"),
    [
        ([], "clients.client.created", True), (["*"], "visits.missed", True),
        (["clients.*"], "clients.client.created", True), (["clients.*"], "clientsx.y", False),
        (["clients.client"], "clients.client.created", False),
    ],
)  # fmt: skip
def test_events_are_named_whole_or_by_their_beginning(
    wanted: list[str], name: str, told: bool
) -> None:
    assert hears(wanted, name) is told


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("clients.client.change", "'clients.client.change', which no record tells. Did you mean "
         "'clients.client.changed'?"),
        ("clients.client.purge", "'clients.client.purge', which no record tells. Did you mean "
         "'clients.client.purged'?"),
        ("clients.clients.*", "'clients.clients.*', of no entity. Did you mean "
         "'clients.client.*'?"),
        ("clients.client", "'clients.client', which names no event; write 'clients.client.*'"),
        ("clients", "'clients', which names no event; write 'clients.*' for all of them."),
        *((good, None) for good in ("*", "clients.*", "clients.client.*", "clients.client.purged",
                                    "clients.merged", "clients.client.converted",
                                    "clients.contract.created", "deaf.song.ended",
                                    "leads.lead.created")),
    ],
)  # fmt: skip
def test_an_event_that_nobody_tells_leaves_the_plugin_out(
    make_plugin: Callable[..., Plugin], event: str, reason: str | None
) -> None:
    [clients] = [plugin for plugin in discover()[0] if plugin.name == "clients"]
    deaf = make_plugin("deaf", depends=["clients"], optional=["leads"], events=[event],
                       hooks=hooks(lambda _u, _e: None))  # fmt: skip

    found = register_all([clients, deaf], host_version="0.1.0")

    told = "".join(map(str, found.problems))
    assert told == "" if reason is None else f"deaf: It hears {reason}" in told


def test_events_of_a_plugin_that_the_manifest_does_not_name_leave_it_out(
    make_plugin: Callable[..., Plugin],
) -> None:
    deaf = make_plugin("deaf", hooks=hooks(lambda _u, _e: None), events=["clients.client.created"])

    found = register_all([deaf], host_version="0.1.0")

    assert "deaf" not in found.plugins
    assert "clients.client.created" in str(found.problems[0])


def test_a_disabled_plugin_is_told_nothing(tenant: Company) -> None:
    tenant.disable("herald")

    create(tenant)

    assert queued(tenant) == []


def test_an_event_of_before_waits_told_while_its_plugin_is_disabled(
    tenant: Company, heard: list[Event]
) -> None:
    client = create(tenant)
    tenant.disable("herald")

    [held] = run(tenant, queued(tenant))
    kept = list(heard)
    tenant.enable("herald")
    [again] = run(tenant, queued(tenant))

    assert (held.state, kept) == ("held", [])
    assert "not enabled" in (held.message or "")
    assert again.state == "done"
    assert [event.records for event in heard] == [(client.id,)]


def test_another_tenant_is_not_told(
    tenant: Company, host: Host, issue_license: LicenseIssuer
) -> None:
    other = make_company(host, issue_license, plugins=["clients", "herald"])

    create(tenant)

    assert len(queued(tenant)) == 1
    assert queued(other) == []


class TestReactionThatWrites:
    @pytest.fixture
    def react(self, heard: list[Event]) -> Hook:
        def note(unit: Unit, event: Event) -> None:
            heard.append(event)
            for client in event.records:
                unit.records.update(CLIENT, client, {"notes": f"{len(heard)}"})
            if len(heard) == 1:
                raise Temporary("not now")

        return note

    @pytest.fixture
    def wanted(self) -> list[str]:
        return ["clients.client.created"]

    def test_a_failed_reaction_is_undone_and_tried_again(
        self, tenant: Company, heard: list[Event], clock: SettableClock
    ) -> None:
        client = create(tenant)

        [failed] = run(tenant, queued(tenant))
        with tenant.unit(read=True) as unit:
            before = unit.records.get(CLIENT, client.id)
        clock.advance(minutes=1)
        [done] = run(tenant, queued(tenant))
        with tenant.unit(read=True) as unit:
            after = unit.records.get(CLIENT, client.id)

        assert (failed.state, failed.attempts, failed.message) == ("queued", 1, "not now")
        assert before["notes"] is None
        assert done.state == "done"
        assert (after["notes"], after.version) == ("2", 2)
        assert len(heard) == 2


class TestCircle:
    @pytest.fixture
    def react(self, heard: list[Event]) -> Hook:
        def answer(unit: Unit, event: Event) -> None:
            heard.append(event)
            unit.records.update(CLIENT, event.records[0], {"notes": f"{len(heard)}"})

        return answer

    def test_events_that_cause_one_another_end(self, tenant: Company, heard: list[Event]) -> None:
        create(tenant)

        while waiting := queued(tenant, "queued"):
            run(tenant, waiting)

        [failed] = queued(tenant, "failed")
        assert len(heard) == DEEPEST
        assert "causan otros sin fin" in (failed.message or "")


def test_too_deep_is_an_error_of_whoever_tells(tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.notes["events.depth"] = DEEPEST
        with pytest.raises(DomainError, match="cause one another"):
            unit.emit("herald.sung")


def test_the_record_of_events_that_went_well_is_kept_for_a_day(
    tenant: Company, clock: SettableClock
) -> None:
    create(tenant)
    run(tenant, queued(tenant))
    clock.advance(hours=25)
    create(tenant, "Otra")
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        queue.enqueue(connection, tenant.id, CLEAN, now=clock())

    run(tenant, queued(tenant, job=CLEAN))

    assert [task.state for task in queued(tenant)] == ["queued"]


def test_a_plugin_without_the_hook_has_no_such_job(host: Host) -> None:
    assert HERALD in all_jobs(host)
    assert "clients.trato_event" not in all_jobs(host)
