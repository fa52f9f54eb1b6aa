"""Fixtures: a company whose people sign in through an identity provider on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from trato.access import identities
from trato.access.actor import Actor
from trato.configuration import apply_data
from trato.configuration.sealed import save_secrets
from trato.db.engine import transaction
from trato.host import Host
from trato.records.tables import audit
from trato.settings import Settings
from trato.tenancy.view import Member
from trato.testing.clients import Browser, browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato.testing.identity import CLIENT_SECRET, IdentityProvider, SigningKey
from trato.testing.pages import page_of
from trato.web.app import create_app

PRIVATE = ("127.0.0.1",)


@dataclass
class Office:
    """A company whose people sign in through a provider on this machine."""

    company: Company
    provider: IdentityProvider
    door: str
    open: Callable[..., Browser]

    def set(self, **settings: Any) -> None:
        """Change how people sign in."""
        apply_data(
            self.company.host, self.company.slug, {"settings": {"core": settings}},
        )  # fmt: skip

    def go(self, opened: Browser, *, path: str | None = None, data: dict[str, str] | None = None
           ) -> str:  # fmt: skip
        """Go to the provider and sign in there; gives the address one is sent back to."""
        return self.provider.visit(self.onward(opened, path=path, data=data))

    def onward(
        self, opened: Browser, *, path: str | None = None, data: dict[str, str] | None = None
    ) -> str:
        """Begin at the company's page; gives the address at the provider."""
        opened.csrf = csrf_of(opened.get(self.door))
        answer = opened.post(path or self.door, data=data or {})
        assert answer.status_code == 200, answer.text
        found = re.search(r'content="0; url=([^"]+)"', answer.text)
        assert found is not None
        return found[1].replace("&amp;", "&")

    def enter(self, opened: Browser | None = None, **options: Any) -> tuple[Browser, TestResponse]:
        """Sign in from the company's page to the end."""
        opened = opened or self.open()
        answer = opened.get(path_of(self.go(opened, **options)))
        if answer.status_code == 302:
            page = opened.get("/account")
            opened.csrf = csrf_of(page) if page.status_code == 200 else None
        return opened, answer

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Give the provider a second, as for one that does not answer."""
        host = self.company.host
        usual, host.settings = host.settings, replace(host.settings, sso_seconds=1)
        try:
            yield
        finally:
            host.settings = usual

    def member(self, email: str) -> Member | None:
        """Find a member of the company by e-mail."""
        return next((m for m in self.company.view.members.values() if m.email == email), None)

    def changes(self, member_id: UUID) -> list[dict[str, Any]]:
        """Read what the audit has about a member."""
        with transaction(self.company.host.engine, tenant_id=self.company.id) as connection:
            rows = connection.execute(
                select(audit.c.content).where(
                    audit.c.tenant_id == self.company.id, audit.c.record_id == member_id
                )
            )
            return [row.content for row in rows]


def path_of(address: str) -> str:
    """Cut an address down to path and query."""
    return re.sub(r"^https?://[^/]+", "", address)


def text_of(answer: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page_of(answer).one("main").text).split())


@cache
def first_key() -> SigningKey:
    """Make the key that the providers of all tests begin with; it takes its time."""
    return SigningKey.make("first")


@pytest.fixture(name="sso_host", scope="session")
def serve_sso(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Iterator[Host]:
    settings = replace(make_settings(database), private_hosts=PRIVATE, sso_seconds=60)
    host = Host(settings, clock=host_clock)
    yield host
    host.close()


@pytest.fixture(name="sso_app", scope="session")
def make_app(sso_host: Host) -> Flask:
    return create_app(sso_host)


@pytest.fixture(name="office")
def open_office(
    sso_host: Host, sso_app: Flask, issue_license: LicenseIssuer, clock: SettableClock
) -> Iterator[Office]:
    company = make_company(sso_host, issue_license, plugins=["clients"])
    with IdentityProvider(clock, key=first_key()) as provider:
        provider.person = {"sub": "s-1", "name": "Luz Marina Peña", "email": "luz@acme.example",
                           "groups": ["Ventas"]}  # fmt: skip

        def opened(actor: Actor | None = None) -> Browser:
            made = browser(sso_app, actor)
            made.environ_base["REMOTE_ADDR"] = f"2001:db8::{company.id:x}"
            return made

        made = Office(company, provider, "", opened)
        made.set(**provider.settings(sso_creates_people=True, sso_default_role="seller"))
        save_secrets(sso_host, company.slug, "core", {"sso_client_secret": CLIENT_SECRET})
        with transaction(sso_host.engine) as connection:
            key = identities.make_door(connection, company.id, company.slug)
        made.door = f"/login/company/{key}"
        yield made


def enters(opened: Browser) -> bool:
    return opened.get("/clients/clients").status_code == 200


def link_account(office: Office, actor: Actor) -> Browser:
    """Tie the present person of the provider to somebody who is signed in by password."""
    opened = office.open(actor)
    back = office.go(opened, path=f"{office.door}/link")
    answer = opened.get(path_of(back))
    assert answer.headers["Location"] == "/account", text_of(answer)
    return opened
