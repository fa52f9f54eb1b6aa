"""Connectors in tests: set up for a company, run as a worker runs them, and looked into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from trato.configuration import apply_data
from trato.configuration.sealed import save_secrets
from trato.db.engine import transaction
from trato.records.outbox import sync_job
from trato.records.sync_tables import outbox
from trato.sync.running import Run, open_run
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
    done = company.run(sync_job(connector), payload)
    if done.state == "failed":
        raise RuntimeError(done.message)
    return done.result or {}


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
