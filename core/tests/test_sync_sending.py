"""What is saved reaches the other system once, whatever breaks in between."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from core.tests.shop import SHOP, TOKEN, ShopDouble
from core.tests.shop_company import open_company, open_double, save, serve_shop, states  # noqa: F401

from trato.db.engine import transaction
from trato.errors import DomainError
from trato.jobs import queue
from trato.records import unit as units
from trato.records.outbox import forget_connectors
from trato.records.sync_tables import connection, link, outbox, stream
from trato.sync import outgoing
from trato.sync.errors import RemoteBusy
from trato.tenancy.tables import task
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.remote import Fault
from trato.testing.statements import count_connections, count_statements
from trato.testing.syncing import outgoing_rows, run_of, sync


def send(company: Company) -> list[str]:
    """Send what waits; gives how each record stands afterwards."""
    sync(company, SHOP, only="send")
    return states(company)


def test_a_saved_record_is_sent_once(company: Company, double: ShopDouble) -> None:
    save(company)

    first, second = sync(company, SHOP), sync(company, SHOP)

    assert first["sent"] == {"confirmed": 1}
    assert second["sent"] == {}
    assert [d["name"] for d in double.documents] == ["Cántaro"]
    assert states(company) == ["confirmed"]


@pytest.mark.parametrize("fault", ["lost", "error after", "cut", "error", "busy", "denied"])
def test_a_fault_while_sending_makes_no_second_document(
    company: Company, double: ShopDouble, clock: SettableClock, fault: Any
) -> None:
    save(company)
    double.fail(fault)

    send(company)
    clock.advance(minutes=2)
    send(company)
    clock.advance(minutes=2)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_what_was_taken_without_an_answer_is_looked_up_and_not_sent_again(
    company: Company, double: ShopDouble
) -> None:
    save(company)
    double.fail("lost")

    send(company)

    asked = [(r.method, r.path) for r in double.requests]
    assert asked == [("POST", "/documents"), ("GET", "/documents")]
    assert states(company) == ["confirmed"]
    assert outgoing_rows(company, SHOP)[0].remote_key == "D1"


def test_a_document_is_not_sent_again_before_it_would_show(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    double.fail("error after")
    double.blind = True

    for _minute in range(3):
        send(company)
        clock.advance(seconds=6)
    assert states(company) == ["to_verify"]
    double.blind = False
    clock.advance(minutes=5)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_what_never_arrived_is_sent_again_once_it_would_have_shown(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    double.fail("error")

    assert send(company) == ["to_verify"]
    assert double.held() == []
    clock.advance(seconds=60)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_accepted_without_a_key_is_asked_for_until_it_shows(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    double.silent = double.blind = True

    assert send(company) == ["accepted"]
    clock.advance(minutes=30)
    assert send(company) == ["accepted"]
    double.blind = False
    clock.advance(hours=7)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_a_worker_that_dies_between_call_and_commit_makes_no_second_document(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    run = run_of(company, SHOP)
    claimed = outgoing.claim(run)
    assert claimed is not None
    assert outgoing.deliver(run, claimed).kind == "confirmed"  # and dies here

    assert send(company) == ["sending"]
    clock.advance(minutes=5)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_a_worker_that_dies_before_the_call_loses_nothing(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    assert outgoing.claim(run_of(company, SHOP)) is not None  # and dies here

    clock.advance(minutes=5)
    send(company)
    clock.advance(minutes=5)

    assert send(company) == ["confirmed"]
    assert len(double.held()) == 1


def test_a_late_worker_does_not_overwrite_what_its_follower_recorded(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    run = run_of(company, SHOP)
    claimed = outgoing.claim(run)
    assert claimed is not None
    outgoing.deliver(run, claimed)
    clock.advance(minutes=5)
    send(company)

    outgoing.record(run, claimed, outgoing.Outcome(kind="unknown"))

    assert states(company) == ["confirmed"]


def test_no_transaction_is_open_while_the_other_system_is_called(
    company: Company, double: ShopDouble
) -> None:
    save(company)
    pool: Any = company.host.engine.pool
    out: list[int] = []
    answer = double.answer
    double.answer = lambda request: (out.append(pool.checkedout()), answer(request))[1]  # type: ignore[method-assign]

    send(company)

    assert out == [0]


def test_a_record_that_is_saved_again_while_it_waits_is_sent_once_as_it_is(
    company: Company, double: ShopDouble
) -> None:
    piece = save(company)
    with company.unit() as unit:
        unit.records.update("specimen.piece", piece, {"name": "Ánfora"})

    sync(company, SHOP)

    assert [d["name"] for d in double.documents] == ["Ánfora"]
    assert states(company) == ["confirmed"]


def test_a_change_during_the_call_is_sent_after_it(company: Company, double: ShopDouble) -> None:
    piece = save(company)
    run = run_of(company, SHOP)
    claimed = outgoing.claim(run)
    assert claimed is not None
    with company.unit() as unit:
        unit.records.update("specimen.piece", piece, {"name": "Ánfora"})

    send(company)
    assert double.documents == []  # the first is not settled yet
    outgoing.record(run, claimed, outgoing.deliver(run, claimed))
    send(company)

    assert [(d["action"], d["name"]) for d in double.documents] == [
        ("create", "Cántaro"), ("update", "Ánfora"),
    ]  # fmt: skip
    assert double.documents[1]["key"] == "D1"


def test_a_change_that_fails_leaves_nothing_to_send(company: Company, double: ShopDouble) -> None:
    def create_and_fail() -> None:
        with company.unit() as unit:
            unit.records.create("specimen.piece", {"name": "Cántaro"})
            raise DomainError("no")

    with pytest.raises(DomainError):
        create_and_fail()

    assert states(company) == []


def test_what_is_saved_queues_its_own_sending(company: Company, double: ShopDouble) -> None:
    save(company)

    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        jobs = db.execute(
            task.select().where(task.c.tenant_id == company.id, task.c.state == "queued")
        ).all()

    assert [(row.job, row.payload) for row in jobs] == [("shop.send_pieces", {"only": "send"})]


def test_what_the_connector_does_not_want_is_not_sent(company: Company) -> None:
    save(company, "draft")

    assert states(company) == []


def test_what_is_already_there_is_not_sent_again(company: Company, double: ShopDouble) -> None:
    piece = save(company)
    sync(company, SHOP)
    with company.unit() as unit:
        unit.records.update("specimen.piece", piece, {"name": "Ánfora"})
        unit.records.update("specimen.piece", piece, {"name": "Cántaro"})

    assert sync(company, SHOP)["sent"] == {"unchanged": 1}

    assert len(double.documents) == 1


def test_a_refused_document_waits_for_a_correction_and_then_leaves(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    piece = save(company)
    double.refused = "El nombre es muy corto"

    sync(company, SHOP)
    clock.advance(days=1)
    sync(company, SHOP)
    posts = [r for r in double.requests if r.method == "POST"]
    (row,) = outgoing_rows(company, SHOP)
    assert row.state == "rejected"
    assert "El nombre es muy corto" in str(row.message)
    assert len(posts) == 1

    double.refused = None
    with company.unit() as unit:
        unit.records.update("specimen.piece", piece, {"name": "Cántaro grande"})
    sync(company, SHOP)

    assert [d["name"] for d in double.documents] == ["Cántaro grande"]
    assert states(company) == ["confirmed"]


def test_a_system_that_is_off_is_called_once_a_run_and_nothing_is_lost(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    for number in range(3):
        save(company, f"Pieza {number}")
    double.switch_off()

    stopped = sync(company, SHOP, only="send")

    assert stopped["sent"] == {"later": 1}
    assert "no" not in stopped["problem"]["text"][:2]
    assert states(company) == ["pending"] * 3
    double.switch_on()
    clock.advance(minutes=2)
    send(company)
    assert len(double.held()) == 3
    assert len(set(double.held())) == 3


def test_what_could_not_be_sent_queues_its_next_attempt(
    company: Company, double: ShopDouble
) -> None:
    save(company)
    double.fail("busy")

    before = company.host.clock()
    send(company)
    after = company.host.clock()

    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        waiting = db.execute(
            task.select().where(task.c.tenant_id == company.id, task.c.state == "queued")
            .order_by(task.c.run_at.desc())
        ).first()  # fmt: skip
    assert waiting is not None
    second = dt.timedelta(seconds=1)
    assert before + 20 * second <= waiting.run_at <= after + 45 * second


@pytest.mark.database("sqlite")
def test_a_run_reads_the_configuration_once_and_holds_one_connection(
    company: Company, double: ShopDouble
) -> None:
    for number in range(4):
        save(company, f"Cántaro {number}")
    engine = company.host.engine
    with count_statements(engine) as counted, count_connections(engine) as taken:
        assert sync(company, SHOP, only="send")["sent"] == {"confirmed": 4}

    assert len(counted.naming("core_license")) <= 1
    assert taken.most == 1


@pytest.mark.database("sqlite")
def test_a_connector_that_is_switched_off_sends_nothing_from_then_on(
    company: Company, double: ShopDouble
) -> None:
    save(company)
    run = run_of(company, SHOP)
    assert outgoing.is_due(run)

    company.disable("shop")

    assert not outgoing.is_due(run)
    assert outgoing.claim(run) is None
    company.enable("shop")
    assert outgoing.is_due(run)


@pytest.mark.database("sqlite")
def test_a_busy_system_is_asked_again_within_six_hours_whatever_it_says(
    company: Company, double: ShopDouble, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(company)
    run = run_of(company, SHOP)
    busy = RemoteBusy("busy", after=dt.timedelta(days=11_000))
    monkeypatch.setattr(run.connector, "push", Mock(side_effect=busy))

    outgoing.send_due(run)
    clock.advance(hours=6)

    assert outgoing.is_due(run_of(company, SHOP))


@pytest.mark.database("postgresql")
def test_a_worker_whose_clock_is_behind_leaves_nothing_behind(
    company: Company, double: ShopDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind() -> dt.datetime:
        return dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)

    def waiting() -> list[UUID]:
        with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
            return [one.id for one in queue.tasks(db, company.id, states=("queued",))]

    save(company)
    # The machine's own clock, where the database's tells what is due.
    monkeypatch.setattr(units, "utc_now", behind)
    monkeypatch.setattr(company.host, "clock", behind)
    while found := waiting():
        company.run_task(found[0])

    assert states(company) == ["confirmed"]


def test_secrets_do_not_reach_what_is_kept_or_told(company: Company, double: ShopDouble) -> None:
    save(company)
    double.refused = f"Bearer {TOKEN} no puede"

    result = sync(company, SHOP)

    kept = str(outgoing_rows(company, SHOP)) + str(result)
    assert "no puede" in kept
    assert TOKEN not in kept


@pytest.mark.parametrize("gate", ["disabled", "unlicensed", "expired"])
def test_a_shut_gate_stops_the_connector_and_keeps_what_waits(
    company: Company, double: ShopDouble, clock: SettableClock, gate: str
) -> None:
    save(company)
    if gate == "disabled":
        company.disable("shop")
    elif gate == "unlicensed":
        company.install_license(set(company.host.plugins) - {"shop"})
    else:
        company.install_license(expires=clock().date())
        clock.advance(days=40)

    sync(company, SHOP)

    assert double.requests == []
    assert states(company) == ["pending"]
    company.install_license()
    company.enable("shop")
    sync(company, SHOP)
    assert len(double.held()) == 1


def test_other_tenants_see_nothing_of_it(
    company: Company, double: ShopDouble, shop_host: Any, issue_license: Any
) -> None:
    from trato.testing.companies import make_company

    save(company)
    other = make_company(shop_host, issue_license, plugins=["shop"])

    assert outgoing_rows(other, SHOP) == []


_KILLED = """
import os, signal, sys
from core.tests import shop
from trato.api import Host
from trato.settings import Settings
from trato.sync import outgoing
from trato.sync.running import open_run
from trato.testing.specimen import annex
from trato.testing.specimen import plugin as specimen
from trato.host import discover

host = Host(Settings.load(), plugins=[*discover()[0], specimen, annex, shop.plugin])
run = open_run(host, int(sys.argv[1]), shop.SHOP)
claimed = outgoing.claim(run)
assert outgoing.deliver(run, claimed).kind == "confirmed"
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_between_call_and_commit_leaves_one_document(
    company: Company, double: ShopDouble, clock: SettableClock
) -> None:
    save(company)
    settings = company.host.settings
    environ = os.environ | {
        "TRATO_DATABASE_URL": settings.database_url, "TRATO_PRIVATE_HOSTS": "127.0.0.1",
        "TRATO_SECRET_KEY": company.host.secret_keys[0],
        "TRATO_LICENSE_PUBLIC_KEY": str(settings.license_public_keys),
        "PYTHONPATH": os.getcwd(),
    }  # fmt: skip

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(company.id)], env=environ, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(double.held()) == 1
    assert states(company) == ["sending"]
    clock.advance(minutes=5)
    sync(company, SHOP)
    assert len(double.held()) == 1
    assert states(company) == ["confirmed"]


FAULTS: tuple[Fault | None, ...] = (
    "lost", "error after", "cut", "error", "busy", "denied", None, None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("documents", "seed"), [(15, 7), pytest.param(1000, 11, marks=pytest.mark.soak)]
)
def test_random_cuts_make_no_duplicate_and_lose_nothing(
    company: Company, double: ShopDouble, clock: SettableClock, documents: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be the same each time
    for number in range(documents):
        save(company, f"Pieza {number}")
    rounds = 0
    while set(states(company)) != {"confirmed"}:
        rounds += 1
        assert rounds < documents * 10, states(company)
        double.mend()
        fault = chance.choice(FAULTS)
        if fault is not None:
            double.fail(fault, on=chance.choice((("POST",), ("GET",), ("GET", "POST"))))
        run = run_of(company, SHOP)
        if chance.random() < 0.3 and (claimed := outgoing.claim(run)) is not None:
            if chance.random() < 0.5:
                outgoing.deliver(run, claimed)  # and dies before it records that
        else:
            outgoing.send_due(run)
        clock.advance(seconds=chance.choice((1, 10, 60, 600, 30_000)))

    assert len(double.held()) == documents
    assert len(set(double.held())) == documents


def test_a_purged_plugin_leaves_nothing_of_its_connectors(
    company: Company, double: ShopDouble
) -> None:
    save(company)
    double.stock(1)
    sync(company, SHOP)

    def rows() -> int:
        with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
            return sum(
                len(db.execute(table.select().where(table.c.tenant_id == company.id)).all())
                for table in (outbox, link, stream, connection)
            )

    before = rows()
    for plugin in ("sho", "shop_", "hop"):
        with transaction(company.host.engine, tenant_id=company.id) as db:
            forget_connectors(db, company.id, plugin)
    assert rows() == before > 3

    with transaction(company.host.engine, tenant_id=company.id) as db:
        forget_connectors(db, company.id, "shop")

    assert rows() == 0


def test_several_workers_at_once_send_each_document_once(
    company: Company, double: ShopDouble
) -> None:
    for number in range(12):
        save(company, f"Pieza {number}")
    counts: list[Counter[str]] = []

    def work() -> None:
        counts.append(outgoing.send_due(run_of(company, SHOP)).counts)

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert len(counts) == 4
    assert sum(count["confirmed"] for count in counts) == 12
    assert len(set(double.held())) == len(double.held()) == 12
