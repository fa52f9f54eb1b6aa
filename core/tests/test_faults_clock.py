"""The machine's clock is set back: nothing is done twice, nothing is lost, nobody is locked out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from core.tests.test_web_second_factor import code_of, first_step, set_up
from sqlalchemy import select

from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import clock as schedule
from trato.jobs import queue
from trato.jobs.catalogue import SEAL
from trato.jobs.claiming import claim
from trato.jobs.declared import Job, JobContext
from trato.jobs.worker import LEASE, Worker
from trato.records import audit
from trato.records.tables import audit as rows
from trato.tenancy.tables import task
from trato.testing.companies import PASSWORD, make_company

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from trato.access.actor import Actor
    from trato.settings import Settings
    from trato.testing.clients import Browser
    from trato.testing.clock import SettableClock
    from trato.testing.companies import Company, LicenseIssuer
    from trato.testing.databases import Database

CLIENTS = "/api/v1/clients/clients"
BACK = {"hours": -3}

pytestmark = pytest.mark.plugins("clients")


def test_sessions_tokens_and_keys_hold(
    client: Browser, api: FlaskClient, clock: SettableClock
) -> None:
    key = {"Idempotency-Key": "k1"}
    first = api.post(CLIENTS, json={"name": "A"}, headers=key)

    clock.advance(**BACK)
    again = api.post(CLIENTS, json={"name": "A"}, headers=key)
    another = api.post(CLIENTS, json={"name": "B"}, headers={"Idempotency-Key": "k2"})
    page = client.get("/clients/clients")

    assert (again.status_code, again.data) == (201, first.data)
    assert another.status_code == 201
    assert [row["name"] for row in api.get(f"{CLIENTS}?sort=name").json["data"]] == ["A", "B"]
    assert page.status_code == 200


def test_a_record_changes_on_and_its_history_stays_whole_and_in_order(
    api: FlaskClient, tenant: Company, host: Host, clock: SettableClock
) -> None:
    made = api.post(CLIENTS, json={"name": "A"})
    tenant.run(SEAL)

    clock.advance(**BACK)
    changed = api.patch(
        made.headers["Location"], json={"name": "B"}, headers={"If-Match": made.headers["ETag"]}
    )
    late = api.patch(
        made.headers["Location"], json={"name": "C"}, headers={"If-Match": made.headers["ETag"]}
    )
    sealed = tenant.run(SEAL)

    assert (changed.status_code, late.status_code) == (200, 412)
    assert sealed.state == "done"
    view = tenant.view
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        faults = list(
            audit.verify(connection, tenant.id, view.entities.values(), keys=host.audit_keys)
        )
        order = connection.execute(
            select(rows.c.action, rows.c.sequence)
            .where(rows.c.tenant_id == tenant.id, rows.c.entity == "clients.client")
            .order_by(rows.c.sequence)
        ).all()
    assert faults == []
    assert [tuple(row) for row in order] == [("create", 1), ("update", 2)]


def test_a_list_is_read_to_its_end_without_gap_or_double(
    api: FlaskClient, clock: SettableClock
) -> None:
    made = [api.post(CLIENTS, json={"name": f"C{n}"}).json["id"] for n in range(4)]
    clock.advance(**BACK)
    made += [api.post(CLIENTS, json={"name": f"D{n}"}).json["id"] for n in range(4)]

    # Ids rise all the same: they do not follow the clock back.
    assert made == sorted(made)
    for order in ("", "&sort=-created_at", "&sort=updated_at", "&sort=name"):
        found: Counter[str] = Counter()
        url = f"{CLIENTS}?limit=3{order}"
        page = api.get(url).json
        found.update(row["id"] for row in page["data"])
        while page["next"]:
            page = api.get(f"{url}&cursor={page['next']}").json
            found.update(row["id"] for row in page["data"])
        assert found == Counter(made), order


def test_no_slot_is_queued_twice_and_new_work_does_not_wait_for_old(
    tenant: Company, host: Host, clock: SettableClock
) -> None:
    # Ten minutes after the audit is sealed in Bogotá.
    clock.set(clock().replace(hour=7, minute=40))
    schedule.tick(host)
    with tenant.unit() as unit:
        waiting = unit.enqueue(SEAL)
    before = slots(tenant, host)

    clock.advance(**BACK)
    done = tenant.run(SEAL)
    for _turn in range(4):
        schedule.tick(host)
        clock.advance(hours=1)
    after = slots(tenant, host)
    assert waiting is not None
    old = tenant.run_task(waiting)

    assert before
    assert max(after.values()) == 1
    assert before.keys() <= after.keys()
    assert (done.state, old.state) == ("done", "done")


def test_tenants_take_turns_all_the_same(
    fresh_database: Database, make_settings: Callable[[Database], Settings],
    issue_license: LicenseIssuer, clock: SettableClock,
) -> None:  # fmt: skip
    host = Host(make_settings(fresh_database), clock=clock)
    companies = [make_company(host, issue_license) for _number in range(2)]

    def serve(times: int) -> list[int]:
        found = []
        for _time in range(times):
            with transaction(host.engine) as connection:
                claimed = claim(connection, "test", clock=clock, lease=LEASE)
            assert claimed is not None
            found.append(claimed.tenant_id)
        return found

    def wait(times: int) -> None:
        for company in companies:
            with company.unit() as unit:
                for _time in range(times):
                    unit.enqueue(SEAL)

    wait(1)
    before = serve(2)
    clock.advance(**BACK)
    wait(3)
    after = serve(6)
    host.close()

    assert sorted(before) == sorted(company.id for company in companies)
    assert after == before * 3


def slots(tenant: Company, host: Host) -> Counter[str]:
    """Count the tasks of each slot."""
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        keys = connection.execute(
            select(task.c.unique_key).where(
                task.c.tenant_id == tenant.id, task.c.unique_key.is_not(None)
            )
        ).scalars()
        return Counter(str(key) for key in keys)


def test_one_signs_in_as_ever(
    sign_in: Callable[..., Browser], actor: Actor, clock: SettableClock
) -> None:
    assert actor.member is not None
    clock.advance(**BACK)
    visitor = sign_in()

    entered = visitor.sign_in(actor.member.email, PASSWORD)

    assert entered.status_code == 302


def test_a_second_step_opens_and_each_code_once(
    sign_in: Callable[..., Browser], seller: Actor, clock: SettableClock
) -> None:
    secret, _codes = set_up(sign_in(seller), clock)
    clock.advance(**BACK)
    visitors = [sign_in() for _number in range(3)]
    for visitor in visitors:
        first_step(visitor, seller.member.email)

    def answer(visitor: Browser, code: str) -> int:
        return visitor.post("/login/code", data={"code": code}).status_code

    # Told once, as the next half minute may begin at any moment.
    code = code_of(secret, clock)
    first, again = answer(visitors[0], code), answer(visitors[1], code)
    clock.advance(seconds=60)
    later = answer(visitors[2], code_of(secret, clock))

    assert (first, again, later) == (302, 401, 302)


def test_a_lock_does_not_last_longer(
    sign_in: Callable[..., Browser], seller: Actor, host: Host, clock: SettableClock
) -> None:
    stranger = sign_in()
    for _attempt in range(host.settings.login_attempts):
        stranger.sign_in(seller.member.email, "no es esta clave")
    locked = stranger.sign_in(seller.member.email, PASSWORD)

    clock.advance(**BACK)
    entered = sign_in().sign_in(seller.member.email, PASSWORD)

    assert (locked.status_code, entered.status_code) == (429, 302)


def test_a_task_that_is_done_is_not_run_again(
    tenant: Company, host: Host, clock: SettableClock
) -> None:
    with tenant.unit() as unit:
        made = unit.enqueue(SEAL)
    assert made is not None
    tenant.run_task(made)
    clock.advance(**BACK)

    again = tenant.run_task(made)

    assert (again.state, again.attempts) == ("done", 1)
    with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
        assert queue.counts(connection, tenant.id).get("queued", 0) == 0


def test_progress_shows_all_the_same(tenant: Company, host: Host, clock: SettableClock) -> None:
    seen = []

    def work(ctx: JobContext) -> None:
        for done, passed in enumerate((BACK, {"seconds": 5}, {"seconds": 5}), start=1):
            clock.advance(**passed)
            ctx.report(done, 3)
            with transaction(host.engine, tenant_id=tenant.id, read=True) as connection:
                seen.append(queue.find(connection, tenant.id, ctx.task_id).progress)

    job = Job(name="core.slow", title="Slow", run=work, reads=True)
    worker = Worker(host=host, name="test")
    worker.jobs = {job.name: job}  # type: ignore[misc]

    assert worker.run_now(tenant.id, job.name).state == "done"
    assert seen == [1, 2, 3]
