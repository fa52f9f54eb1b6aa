"""Fixtures that drive Chromium; part of ``trato.testing.plugin``.

A test that takes them needs a Chromium on the machine, so give it ``@pytest.mark.browser``: who has
none leaves these tests out with ``-m "not browser"``. Without one they fail and say how to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from trato.host import Host
    from trato.testing.browser import Watched, Window


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give the run's browser; without one the test fails and says how to get it."""
    from playwright.sync_api import sync_playwright

    from trato.testing.browser import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(host: Host) -> Iterator[str]:
    """Give the address at which the run's host is served."""
    from trato.testing.browser import served
    from trato.web.app import create_app

    with served(create_app(host)) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Callable[..., Watched]]:
    """Open pages: ``open_page(PHONE, theme="dark")``; at the end none may have complained."""
    from trato.testing.browser import DESK, watched

    opened: list[Watched] = []
    with ExitStack() as stack:

        def enter(window: Window = DESK, **options: Any) -> Watched:
            opened.append(stack.enter_context(watched(chromium, site, window, **options)))
            return opened[-1]

        yield enter
    assert [complaint for page in opened for complaint in page.complaints] == []
