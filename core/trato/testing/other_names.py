"""Fixtures under the names that one may look for first; each is the very same thing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from trato.testing.companies import LicenseIssuer
    from trato.testing.databases import Database
    from trato.testing.statements import Statements


@pytest.fixture(scope="session")
def db(database: Database) -> Database:
    """Give ``database``."""
    return database


@pytest.fixture(scope="session")
def license(issue_license: LicenseIssuer) -> LicenseIssuer:
    """Give ``issue_license``."""
    return issue_license


@pytest.fixture
def count_queries(
    count_statements: Callable[[], AbstractContextManager[Statements]],
) -> Callable[[], AbstractContextManager[Statements]]:
    """Give ``count_statements``."""
    return count_statements


@pytest.fixture(scope="session")
def browser(chromium: Browser) -> Browser:
    """Give ``chromium``."""
    return chromium
