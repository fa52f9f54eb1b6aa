"""No text moves when the font comes late."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Route

from trato.testing.browser import DESK, PHONE, Watched, Window
from trato.testing.companies import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]

_SHIFT = """async () => {
  await document.fonts.ready;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = [];
  new PerformanceObserver(list => found.push(...list.getEntries()))
    .observe({type: "layout-shift", buffered: true});
  // What was kept is handed over in a task of its own, before one that is asked for later.
  await new Promise(done => setTimeout(done, 50));
  // Panels are fetched one by one; what is below one with many rows makes room for them.
  // A shape that was replaced since has no node any more.
  const panels = node => !node || (node.nodeType === 1 && node.closest(".t-panels"));
  // Less than this is a pixel of one small thing; what people see begins at a hundred times that.
  const moved = found.filter(
    entry => entry.value >= 0.001 && !entry.sources.every(source => panels(source.node)));
  return moved.map(entry => [entry.value,
    entry.sources.map(source => source.node && (source.node.className || source.node.nodeName))]);
}"""


def _hold(held: list[Route], route: Route) -> None:
    held.append(route)


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_moves_when_the_font_comes_late(
    open_page: Callable[..., Watched], shop: Company, window: Window
) -> None:
    with shop.unit(read=True) as unit:
        record = unit.records.query("clients.client", limit=1).rows[0][0]
    here = open_page(window)
    here.sign_in(shop.member("admin").member.email)  # type: ignore[union-attr]

    for path in ("/clients/clients", f"/clients/clients/{record}"):
        held: list[Route] = []
        here.page.route("**/*.woff2", partial(_hold, held))
        here.page.goto(here.url + path, wait_until="domcontentloaded")
        here.page.wait_for_selector(".t-table, .t-record-head, h1")
        here.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        for route in held:
            route.continue_()
        here.page.wait_for_load_state("networkidle")

        assert held, "the page asked for no font"
        assert here.page.evaluate(_SHIFT) == [], path
        here.page.unroute("**/*.woff2")
