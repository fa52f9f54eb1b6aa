"""Fixtures of the browser tests: one Chromium a run, one filled company a run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trato.host import Host
from trato.testing.browser import Watched
from trato.testing.companies import Company, LicenseIssuer, make_company

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
def shop(host: Host, issue_license: LicenseIssuer) -> Company:
    """Give a company with a portfolio that the tests only read."""
    company = make_company(host, issue_license)
    portfolio().fill(company, clients=90)
    return company


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of axe-core, which set-up puts beside the other browser libraries."""
    if not AXE.is_file():
        raise FileNotFoundError(
            f"{AXE} is missing. Run: rm -r core/trato/web/static/vendor && make setup"
        )
    return AXE.read_text("utf-8")
