"""Nothing moves when the font comes late, or what belongs to a record comes behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Route, expect

from trato.testing.browser import DESK, PHONE, Watched, Window, settle
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
  return found.map(entry => [entry.value,
    entry.sources.map(source => source.node && (source.node.className || source.node.nodeName))]);
}"""
#: Less than this is a pixel of one small thing; what people see begins at a hundred times that.
_PIXEL = 0.001
_TOPS = "cards => cards.map(card => [card.offsetTop, card.offsetHeight])"


class Gate:
    """Holds requests back until it is opened; those that come later go through."""

    def __init__(self, answer: Callable[[Route], None] = Route.continue_) -> None:
        self.answer = answer
        self.held: list[Route] = []
        self.is_open = False

    def __call__(self, route: Route) -> None:
        if self.is_open:
            self.answer(route)
        else:
            self.held.append(route)

    def open(self) -> None:
        """Let go what was held."""
        self.is_open = True
        for route in self.held:
            self.answer(route)


def _fail_the_second(route: Route) -> None:
    if route.request.url.endswith("/panels/1"):
        route.fulfill(status=500, content_type="text/html", body="")
    else:
        route.continue_()


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_moves_when_the_font_comes_late(
    open_page: Callable[..., Watched], shop: Company, window: Window
) -> None:
    with shop.unit(read=True) as unit:
        record = unit.records.query("clients.client", limit=1).rows[0][0]
    here = open_page(window)
    here.sign_in(shop.member("admin").member.email)  # type: ignore[union-attr]

    for path in ("/clients/clients", f"/clients/clients/{record}"):
        gate = Gate()
        here.page.route("**/*.woff2", gate)
        with here.page.expect_request("**/*.woff2"):
            here.page.goto(here.url + path, wait_until="domcontentloaded")
        here.page.wait_for_selector(".t-table, .t-record-head, h1")
        here.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        gate.open()
        here.page.wait_for_load_state("networkidle")

        assert gate.held, "the page asked for no font"
        moved = here.page.evaluate(_SHIFT)
        assert [shift for shift in moved if shift[0] >= _PIXEL] == [], path
        here.page.unroute("**/*.woff2")


def _with_many_contacts(shop: Company) -> UUID:
    """Give the client with most contacts: more than a panel shows at first."""
    with shop.unit(read=True) as unit:
        found = unit.records.query("clients.contact_role", columns=("client_id",), limit=500)
    [(client, count)] = Counter(row[2] for row in found.rows).most_common(1)
    assert count > 3
    return UUID(str(client))


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_moves_when_panels_arrive_full_empty_or_failed(
    open_page: Callable[..., Watched], shop: Company, window: Window
) -> None:
    url = f"/clients/clients/{_with_many_contacts(shop)}"
    here = open_page(window)
    here.sign_in(shop.member("admin").member.email)  # type: ignore[union-attr]
    gate = Gate(_fail_the_second)
    here.page.route("**/panels/*", gate)
    here.page.goto(here.url + url)
    expect(here.page.locator("[aria-busy]")).to_have_count(3)
    here.page.evaluate("document.fonts.ready.then(() => {})")
    before = here.page.locator(".t-panels > .t-card").evaluate_all(_TOPS)

    with here.refused(500):
        gate.open()
        expect(here.page.locator(".t-panels [data-retry]:visible")).to_have_count(1)
        expect(here.page.locator(".t-panels .t-card-fetched")).to_have_count(2)
    settle(here.page)

    # htmx says in the console what it could not get.
    assert [text for text in here.complaints if "/panels/1" not in text] == []
    here.complaints.clear()
    after = here.page.locator(".t-panels > .t-card").evaluate_all(_TOPS)
    assert after == before
    moved = here.page.evaluate(_SHIFT)
    assert [shift for shift in moved if shift[0] >= _PIXEL] == []

    contacts = here.page.locator(".t-panels > .t-card").first
    expect(contacts.locator("li:visible")).to_have_count(2)
    contacts.locator("summary").click()
    expect(contacts.locator("li:visible")).to_have_count(
        int(contacts.locator(".t-count").inner_text())
    )
