"""The generated tests of a plugin see a gate that is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from trato.api import Host
from trato.jobs import worker
from trato.registry import package_folder
from trato.testing.checks import tables
from trato.testing.checks.background import BackgroundChecks
from trato.testing.checks.base import installed
from trato.testing.checks.tables import TableChecks
from trato.testing.checks.web import WebChecks
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.databases import Databases
from trato.testing.probes import Probes
from trato.web import gate

pytestmark = pytest.mark.database("sqlite")


class Web(WebChecks):
    plugin = "clients"

    def _own(self, tenant: Company) -> dict[str, Any]:
        return {"clients.zone": tenant.view.entities["clients.zone"]}


class Background(BackgroundChecks):
    plugin = "colombia"


class Tables(TableChecks):
    plugin = "clients"


COLUMN = "sa.Column('is_delivery_point', sa.Boolean(), nullable={})"
REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "clients_{number:04}"
down_revision = "clients_{before:04}"


def upgrade():
    {up}


def downgrade():
    {down}
"""
ADD = f"op.add_column('clients_branch', {COLUMN.format(True)})"
DROP = "op.drop_column('clients_branch', 'is_delivery_point')"


@pytest.mark.parametrize(
    ("first", "later", "waits"),
    [
        # An optional field that its author made obligatory.
        (COLUMN.format(True) + ",", [], False),
        # A new one, which has no value where records exist.
        ("", [(ADD, DROP)], True),
        # The revision after that is to make it obligatory.
        ("", [(ADD, DROP), ("pass", "pass")], False),
    ],
)
def test_a_field_that_no_revision_makes_obligatory_is_seen(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: str,
    later: list[tuple[str, str]], waits: bool,
) -> None:  # fmt: skip
    versions = tmp_path / "migrations" / "versions"
    shutil.copytree(package_folder(installed().plugins["clients"]) / "migrations", versions.parent)
    (file,) = versions.glob("0001_*.py")
    declared = COLUMN.format(False).replace("'", '"') + ","
    source = file.read_text("utf-8")
    assert source.count(declared) == 1
    file.write_text(source.replace(declared, first), "utf-8")
    for number, (up, down) in enumerate(later, start=2):
        (versions / f"{number:04}_more.py").write_text(
            REVISION.format(number=number, before=number - 1, up=up, down=down), "utf-8"
        )
    monkeypatch.setattr(tables, "package_folder", lambda _plugin: tmp_path)

    with nullcontext() if waits else pytest.raises(AssertionError, match="modify_nullable"):
        Tables().test_migrations_go_there_and_back(databases, "sqlite")


@pytest.mark.parametrize("gone", ["/", "/api/"])
def test_a_gate_that_is_gone_from_pages_or_from_the_api_is_seen(
    tenant: Company, app: Flask, sign_in: Any, make_api: Any, probes: Probes, gone: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    kept = gate.plugin_segment
    monkeypatch.setattr(
        gate, "plugin_segment", lambda path: None if path.startswith(gone) else kept(path)
    )

    with pytest.raises(AssertionError, match=r"/clients/zones"):
        Web().test_its_addresses_answer_only_while_it_is_on(tenant, app, sign_in, make_api, probes)


def test_a_menu_that_stays_is_seen(
    make_tenant: Callable[..., Company], sign_in: Callable[..., Browser], probes: Probes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    build = Host.build_view

    def leave(self: Host, *args: Any, **named: Any) -> Any:
        menus = [replace(menu, entity=None) for _plugin, menu in self.registry.menus]
        return replace(build(self, *args, **named), menus=menus)

    monkeypatch.setattr(Host, "build_view", leave)

    with pytest.raises(AssertionError, match="while disabled"):
        Web().test_pages_of_the_host_tell_of_it_only_while_it_is_on(make_tenant(), sign_in, probes)


def test_a_worker_that_runs_what_must_wait_is_seen(
    tenant: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = worker.Worker._finish

    def drop(self: Any, claimed: Any, *, state: str, **named: Any) -> None:
        finish(self, claimed, state="failed" if state == "held" else state, **named)

    monkeypatch.setattr(worker.Worker, "_finish", drop)

    with pytest.raises(AssertionError):
        Background().test_its_queued_task_waits_while_it_is_off_and_runs_when_it_is_on_again(
            tenant, "colombia.complete_clients", "disabled"
        )
