"""The page of background tasks in Chromium: it keeps itself up to date, while somebody looks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.tenancy.tables import task as table
from trato.testing.browser import DESK, PHONE, Watched, Window, settle
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

Open = Callable[..., Watched]
JOBS = "/settings/jobs"
VERIFY, CLEAN = "core.verify_audit", "core.remove_old_tasks"
#: Longer than the page waits between two looks, in milliseconds.
LATER = 5_000
#: Says that the page is, or is not, in sight, as the browser would.
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def queue(tenant: Company, *jobs: str) -> list[Any]:
    with tenant.unit() as unit:
        return [unit.enqueue(job) for job in jobs]


def set_task(tenant: Company, task: Any, **values: Any) -> None:
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            table.update().where(table.c.tenant_id == tenant.id, table.c.id == task)
            .values(**values)
        )  # fmt: skip


def test_tasks_are_shown_anew_while_the_page_is_looked_at(
    open_page: Open, actor: Actor, tenant: Company
) -> None:
    [task] = queue(tenant, VERIFY)
    here = open_page()
    here.sign_in(actor.member.email)
    here.page.clock.install()
    page = here.at(JOBS)
    region = page.locator("#t-jobs")
    expect(region).to_contain_text("En espera")

    page.evaluate(HIDE, True)
    tenant.run_task(task)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _look in range(3):
        page.clock.run_for(LATER)
    hidden = [url for url in asked if "/rows" in url]
    page.evaluate(HIDE, False)

    expect(region).to_contain_text("tardó")
    assert hidden == []


def test_a_button_under_the_keyboard_stays_where_it_is(
    open_page: Open, actor: Actor, tenant: Company
) -> None:
    queue(tenant, VERIFY)
    here = open_page()
    here.sign_in(actor.member.email)
    here.page.clock.install()
    page = here.at(JOBS)
    cancel = page.locator("#t-jobs form button").first
    cancel.focus()

    page.evaluate(HIDE, False)
    page.clock.run_for(LATER)

    expect(cancel).to_be_focused()
    cancel.press("Enter")
    expect(page.locator("#t-jobs")).to_contain_text("Cancelada")


def test_an_answer_on_its_way_takes_no_button_from_the_keyboard(
    open_page: Open, actor: Actor, tenant: Company
) -> None:
    queue(tenant, VERIFY)
    here = open_page()
    here.sign_in(actor.member.email)
    page = here.page
    held: list[Route] = []
    page.route("**/jobs/rows*", lambda route: held.append(route))
    with page.expect_request("**/jobs/rows*"):
        here.at(JOBS)
        page.evaluate(HIDE, False)
    cancel = page.locator("#t-jobs form button").first
    cancel.focus()

    with page.expect_response("**/jobs/rows*"):
        held.pop(0).continue_()

    settle(page)
    expect(cancel).to_be_focused()


@pytest.mark.parametrize(("window", "theme"), [(DESK, "dark"), (PHONE, "light")],
                         ids=["desk-dark", "phone"])  # fmt: skip
def test_progress_failures_and_runs_fit_the_window(
    open_page: Open, actor: Actor, tenant: Company, window: Window, theme: str
) -> None:
    running, failed, held, done, _waiting = queue(tenant, VERIFY, CLEAN, VERIFY, CLEAN, VERIFY)
    now = tenant.host.clock()
    set_task(tenant, running, state="running", progress=3200, progress_total=10_000, started_at=now)
    told = "El servidor de correo mail.acme.example:587 no respondió en 10 segundos."
    set_task(tenant, failed, state="failed", finished_at=now, attempts=5, message=told)
    set_task(tenant, held, state="held", message="Its plugin is not enabled.")
    tenant.run_task(done)
    here = open_page(window, theme=theme)
    here.sign_in(actor.member.email)

    page = settle(here.at(JOBS))

    expect(page.locator("#t-jobs progress")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("TRATO_SHOTS"):
        page.locator("#t-jobs").scroll_into_view_if_needed()
        page.screenshot(path=Path(folder) / f"jobs-{window.width}-{theme}.png")
    page.locator("#t-jobs tbody a").first.click()
    expect(page.get_by_role("heading", name="Ejecuciones de")).to_be_visible()
