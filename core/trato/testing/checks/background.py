"""Where a plugin is off, nothing of it runs in the background; what waits is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from trato.errors import PluginError
from trato.jobs import queue
from trato.jobs.catalogue import all_jobs
from trato.jobs.claiming import Claim
from trato.jobs.clock import Scheduler, due
from trato.jobs.declared import DetachedContext, JobContext
from trato.jobs.queue import Task
from trato.jobs.worker import Worker
from trato.records.events import hears, reaction
from trato.records.outbox import send_job, sync_job
from trato.records.unit import Unit
from trato.sync.connector import outgoing
from trato.sync.running import known
from trato.sync.status import connectors_of
from trato.tenancy.tables import task as tasks
from trato.testing.checks.base import OFF, Checked
from trato.testing.companies import Company
from trato.testing.syncing import outgoing_rows


class BackgroundChecks(Checked):
    """Jobs, queued tasks, events, connectors; each test shows first that the gate is open."""

    @pytest.mark.parametrize("off", OFF)
    def test_its_job_is_not_due_while_it_is_off(self, tenant: Company, job: str, off: str) -> None:
        declared = all_jobs(tenant.host)[job]
        day = [dt.datetime(2026, 3, 4, tzinfo=dt.UTC) + dt.timedelta(hours=n) for n in range(24)]
        found = any(due([declared], tenant.view, now=moment) for moment in day)
        assert found is bool(declared.at or declared.every)

        self._switch_off(tenant, off)

        assert not any(due([declared], tenant.view, now=moment) for moment in day)

    @pytest.mark.parametrize("off", OFF)
    def test_its_queued_task_waits_while_it_is_off_and_runs_when_it_is_on_again(
        self, tenant: Company, job: str, off: str
    ) -> None:
        given = self.payload_of(job)
        with tenant.unit() as unit:
            task = unit.enqueue(job, given)
        assert task is not None
        ran: list[Any] = []
        worker = _worker(tenant, job, ran)

        with self._switched_off(tenant, off):
            assert worker.run_task(Claim(tenant_id=tenant.id, task_id=task))
            held = _find(tenant, task)
            Scheduler(host=tenant.host).serve(tenant.view)
            assert _find(tenant, task).state == "held"

        assert (held.state, held.result, ran) == ("held", None, [])
        assert held.message
        Scheduler(host=tenant.host).serve(tenant.view)
        assert _find(tenant, task).state == "queued"
        assert worker.run_task(Claim(tenant_id=tenant.id, task_id=task))
        done = _find(tenant, task)
        assert (done.state, done.attempts, ran) == ("done", 1, [given])

    @pytest.mark.parametrize("off", OFF)
    def test_it_is_not_told_events_while_it_is_off(self, tenant: Company, off: str) -> None:
        wanted = tenant.host.registry.listeners.get(self.plugin)
        if wanted is None:
            pytest.skip("it hears no events")
        names = [one.replace("*", "created") for one in wanted if one != "*"]
        names += [f"{plugin}.told_by_a_check" for plugin in tenant.view.enabled]
        names = [name for name in names if hears(wanted, name)]

        def tell() -> int:
            """Tell each event of a plugin that is on, and count the tasks that come of it."""
            before = _queued(tenant, reaction(self.plugin))
            with tenant.unit(force=True) as unit:
                for name in names:
                    if name.partition(".")[0] in unit.view.enabled:
                        unit.emit(name)
            return _queued(tenant, reaction(self.plugin)) - before

        assert names, "its events name nothing that could happen"
        assert tell() == len(names)
        with self._switched_off(tenant, off):
            assert tell() == 0
            assert self.plugin not in tenant.view.listeners
        assert tell() == len(names)

    def test_its_connector_rests_while_it_is_off(self, tenant: Company, connector: str) -> None:
        made, view = tenant.host.registry.connectors[connector], tenant.view
        assert known(tenant.host, view, connector) is made
        assert connector in connectors_of(tenant.host, view)
        jobs = [sync_job(connector)]
        with tenant.unit() as unit:
            for sent in outgoing(made)[:1]:
                jobs.append(send_job(connector))
                self._save(unit, sent.entity)
        waiting = outgoing_rows(tenant, connector)
        told = "say in samples what a record needs to be sent"
        assert [row.state for row in waiting] == ["pending"] * len(jobs[1:]), told
        assert [_queued(tenant, job) for job in jobs[1:]] == [1] * len(jobs[1:])

        for off in OFF:
            with self._switched_off(tenant, off):
                with pytest.raises(PluginError):
                    known(tenant.host, tenant.view, connector)
                assert connector not in connectors_of(tenant.host, tenant.view)
                assert not [n for told in tenant.view.targets.values() for n, _o in told
                            if n == connector]  # fmt: skip
                for job in jobs:
                    with tenant.unit(force=True) as unit:
                        asked = unit.enqueue(job)
                    assert asked is not None
                    assert tenant.run_task(asked).state == "held"
                assert outgoing_rows(tenant, connector) == waiting

        assert connector in connectors_of(tenant.host, tenant.view)
        assert outgoing_rows(tenant, connector) == waiting

    def payload_of(self, job: str) -> dict[str, object]:
        """Give what a task of a job would be queued with; the check never calls the job itself."""
        return {"job": job}

    def _save(self, unit: Unit, entity: Any) -> None:
        name = entity if isinstance(entity, str) else entity.__entity__.name
        self.create(unit, name)


def _worker(tenant: Company, job: str, ran: list[Any]) -> Worker:
    """Make a worker for which the job, tried once, just notes what it was given."""

    def note(ctx: JobContext | DetachedContext) -> None:
        ran.append(dict(ctx.payload))

    worker = Worker(host=tenant.host, name="checks")
    jobs = all_jobs(tenant.host)
    worker.jobs = {**jobs, job: replace(jobs[job], run=note, attempts=1, tell=None)}
    return worker


def _find(tenant: Company, task: UUID) -> Task:
    with tenant.unit(read=True) as unit:
        return queue.find(unit.connection, tenant.id, task)


def _queued(tenant: Company, job: str) -> int:
    """Count the tasks of a job that wait."""
    asked = select(func.count()).where(
        tasks.c.tenant_id == tenant.id, tasks.c.job == job, tasks.c.state == "queued"
    )
    with tenant.unit(read=True) as unit:
        return int(unit.connection.execute(asked).scalar_one())
