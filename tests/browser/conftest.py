"""Fixtures of the browser tests: one Chromium a run, one filled company a run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from trato.host import Host
from trato.testing.browser import DESK, Watched, Window, launch, served, watched
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.web.app import create_app

Open = Callable[..., Watched]
HERE = Path(__file__).parent
AXE = HERE.parents[1] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def portfolio() -> Any:
    """Load the module beside this one; tests are no package."""
    spec = importlib.util.spec_from_file_location("portfolio", HERE / "portfolio.py")
    if spec is None or spec.loader is None:
        raise ImportError("portfolio")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give the run's browser; without one the tests fail and say how to get it."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shop(host: Host, issue_license: LicenseIssuer) -> Company:
    """Give a company with a portfolio that the tests only read."""
    company = make_company(host, issue_license)
    portfolio().fill(company, clients=90)
    return company


@pytest.fixture(scope="session")
def site(host: Host) -> Iterator[str]:
    """Give the address at which the run's host is served."""
    with served(create_app(host)) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Open]:
    """Open pages: ``open_page(PHONE, theme="dark")``; at the end none may have complained."""
    opened: list[Watched] = []
    with ExitStack() as stack:

        def enter(window: Window = DESK, **options: Any) -> Watched:
            made: AbstractContextManager[Watched] = watched(chromium, site, window, **options)
            opened.append(stack.enter_context(made))
            return opened[-1]

        yield enter
    assert [complaint for page in opened for complaint in page.complaints] == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of axe-core, which set-up puts beside the other browser libraries."""
    if not AXE.is_file():
        raise FileNotFoundError(
            f"{AXE} is missing. Run: rm -r core/trato/web/static/vendor && make setup"
        )
    return AXE.read_text("utf-8")
