"""Connectors in tests: set up for a company, run as a worker runs them, and looked into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from trato.configuration import apply_data
from trato.configuration.sealed import save_secrets
from trato.db.engine import transaction
from trato.jobs.claiming import Claim
from trato.jobs.worker import Worker
from trato.records.sync_tables import outbox
from trato.sync.jobs import job_name
from trato.sync.running import Run, open_run
from trato.tenancy.tasks import enqueue
from trato.testing.companies import Company


def set_up(company: Company, plugin: str, values: Mapping[str, Any]) -> None:
    """Give a plugin its settings, secret ones sealed."""
    declared = company.host.registry.settings
    secret = {key: str(v) for key, v in values.items() if declared[plugin, key].kind == "secret"}
    plain = {key: value for key, value in values.items() if key not in secret}
    apply_data(company.host, company.slug, {"settings": {plugin: plain}})
    save_secrets(company.host, company.slug, plugin, secret)


def sync(company: Company, connector: str, **payload: Any) -> dict[str, Any]:
    """Run a connector as a worker does.

    :return: what ``run_connector`` says; empty when the task was held.
    """
    host = company.host
    with transaction(host.engine, tenant_id=company.id) as db:
        made = enqueue(db, company.id, job_name(connector), now=host.clock(), payload=payload)
    if made is None:  # a task without a key is never there already
        raise RuntimeError("the task was not queued")
    Worker(host=host, name="test").run_task(Claim(tenant_id=company.id, task_id=made))
    return result_of(company, made)


def result_of(company: Company, task: UUID) -> dict[str, Any]:
    """Give what a task came to."""
    from trato.jobs import queue

    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        found = queue.find(db, company.id, task)
    if found.state == "failed":
        raise RuntimeError(found.message)
    return found.result or {}


def run_of(company: Company, connector: str) -> Run:
    """Make a connector with its settings, to take its steps one by one."""
    return open_run(company.host, company.id, connector)


def outgoing_rows(company: Company, connector: str) -> list[Any]:
    """Read the outbox, the oldest first."""
    with transaction(company.host.engine, tenant_id=company.id, read=True) as db:
        return list(
            db.execute(
                select(outbox)
                .where(outbox.c.tenant_id == company.id, outbox.c.connector == connector)
                .order_by(outbox.c.id)
            )
        )
