"""The generated tests of a plugin see a gate that is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from trato.api import Host
from trato.jobs import worker
from trato.testing.checks.background import BackgroundChecks
from trato.testing.checks.web import WebChecks
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.web import gate

pytestmark = pytest.mark.database("sqlite")


class Web(WebChecks):
    plugin = "clients"

    def _own(self, tenant: Company) -> dict[str, Any]:
        return {"clients.zone": tenant.view.entities["clients.zone"]}


class Background(BackgroundChecks):
    plugin = "colombia"


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
