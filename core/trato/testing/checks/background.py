"""Where a plugin is off, nothing of it runs in the background; what waits is kept."""

from __future__ import annotations

import datetime as dt

import pytest

from trato.jobs import queue
from trato.jobs.catalogue import all_jobs
from trato.jobs.claiming import Claim
from trato.jobs.clock import Scheduler, due
from trato.jobs.worker import Worker
from trato.testing.checks.base import OFF, Checked
from trato.testing.companies import Company


class BackgroundChecks(Checked):
    """Jobs, queued tasks and events; each test shows first that the gate is open."""

    @pytest.mark.parametrize("off", OFF)
    def test_its_job_is_not_due_while_it_is_off(self, tenant: Company, job: str, off: str) -> None:
        declared = all_jobs(tenant.host)[job]
        day = [dt.datetime(2026, 3, 4, tzinfo=dt.UTC) + dt.timedelta(hours=n) for n in range(24)]
        found = any(due([declared], tenant.view, now=moment) for moment in day)
        assert found is bool(declared.at or declared.every)

        self._switch_off(tenant, off)

        assert not any(due([declared], tenant.view, now=moment) for moment in day)

    @pytest.mark.parametrize("off", OFF)
    def test_its_queued_task_is_held_and_told_while_it_is_off(
        self, tenant: Company, job: str, off: str
    ) -> None:
        with tenant.unit() as unit:
            task = unit.enqueue(job, self.payload_of(job))
        assert task is not None

        with self._switched_off(tenant, off):
            worker = Worker(host=tenant.host, name="checks")
            assert worker.run_task(Claim(tenant_id=tenant.id, task_id=task))
            with tenant.unit(read=True) as unit:
                held = queue.find(unit.connection, tenant.id, task)

        assert held.state == "held"
        assert held.message
        assert held.result is None
        Scheduler(host=tenant.host).serve(tenant.view)
        with tenant.unit(read=True) as unit:
            assert queue.find(unit.connection, tenant.id, task).state == "queued"

    @pytest.mark.parametrize("off", OFF)
    def test_it_is_not_told_events_while_it_is_off(self, tenant: Company, off: str) -> None:
        hears = self.plugin in tenant.host.registry.listeners
        assert (self.plugin in tenant.view.listeners) is hears

        self._switch_off(tenant, off)

        assert self.plugin not in tenant.view.listeners

    def payload_of(self, job: str) -> dict[str, object]:
        """Give what a task of a job would be queued with; the check never runs it."""
        return {"job": job}
