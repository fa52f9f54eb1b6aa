"""A worker is killed while it sends a letter: the letter may come twice, it is never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from core.tests.test_jobs_processes import WITHIN, Process, Yard

from trato.db.engine import transaction
from trato.jobs import queue
from trato.records import notice_choices, notices
from trato.records.notice_choices import USUAL, Choices, Way
from trato.records.notices import MAIL
from trato.settings import Settings
from trato.testing.companies import LicenseIssuer
from trato.testing.databases import Database
from trato.testing.mail import Mailbox, mail_server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.soak])]
)
def yard(
    request: pytest.FixtureRequest, box: Mailbox, databases: Any,
    make_settings: Callable[[Database], Settings], issue_license: LicenseIssuer,
) -> Iterator[Yard]:  # fmt: skip
    own = databases.migrated(request.param)
    with ExitStack() as started:
        yard = Yard(own, make_settings(own), issue_license, started)
        started.callback(yard.host.close)
        yard.environ |= {
            "TRATO_SMTP_URL": box.url, "TRATO_MAIL_FROM": "trato@acme.example",
            "TRATO_PUBLIC_URL": "https://trato.example",
        }  # fmt: skip
        yield yard
    databases.forget(own)


def tell(yard: Yard, member_id: UUID) -> UUID:
    """Let a member be told something by letter alone; gives the task that sends it."""
    company = yard.tenant
    way = Choices(ways={**USUAL.ways, "failed": Way(in_app=False, mail="now")})
    with transaction(yard.host.engine, tenant_id=company.id) as connection:
        notice_choices.save(connection, company.id, member_id, way)
        notices.tell_of_task(connection, company.id, member_id, job="core.verify_audit",
                             task_id=uuid4(), done=False, now=yard.host.clock())  # fmt: skip
        [task] = queue.tasks(connection, company.id, job=MAIL)
    return task.id


def die_at(box: Mailbox, word: str, worker: Process) -> None:
    """Kill a worker inside a word of its conversation: it never hears the answer."""
    take = getattr(box, word, None)

    async def handle(*given: Any) -> str:
        if take is not None:
            await take(*given)
        worker.kill()
        return "250 OK"

    setattr(box, word, handle)
    try:
        worker.popen.wait(timeout=WITHIN)
    finally:
        delattr(box, word)


def test_a_letter_comes_though_the_workers_that_send_it_are_killed(
    yard: Yard, box: Mailbox
) -> None:
    member = yard.tenant.member("admin")
    assert member.member_id is not None
    task = tell(yard, member.member_id)

    # The clock of each is past the lease of the one before it.
    die_at(box, "handle_MAIL", yard.start("worker", "--ahead", "300"))
    before = box.letters.qsize()
    die_at(box, "handle_DATA", yard.start("worker", "--ahead", "600"))
    taken = box.letters.qsize()
    last = yard.start("worker", "--ahead", "900")
    yard.wait(lambda: yard.find(task).state == "done")

    assert last.stop() == 0
    assert (before, taken, box.letters.qsize()) == (0, 1, 2)
    assert yard.find(task).result == 1
