"""Operators of the installation: they make and close companies; nobody else sees a trace of it."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyotp
import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from trato import administration
from trato.access import operators, second_factor
from trato.access.actor import Actor
from trato.access.sealing import Sealer
from trato.access.store import find_user, memberships
from trato.access.tables import session
from trato.db.engine import transaction
from trato.errors import TenantError
from trato.host import Host
from trato.jobs import clock as clocks
from trato.jobs import queue
from trato.jobs.catalogue import VERIFY, all_jobs
from trato.lifecycle.closing import close_tenant, open_tenant
from trato.mail.invitations import SEND
from trato.records import trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser, browser, csrf_of, program
from trato.testing.companies import PASSWORD, Company, LicenseIssuer
from trato.testing.databases import Database
from trato.testing.pages import page_of

if TYPE_CHECKING:
    from core.tests.conftest import Installation

ROOT = "/host/companies"
_numbers = itertools.count(1)

pytestmark = pytest.mark.plugins("clients")


def add_second_step(host: Host, actor: Actor) -> None:
    """Confirm a second factor for somebody who is signed in already."""
    assert actor.member is not None
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    with transaction(host.engine) as connection:
        secret = second_factor.begin(connection, actor.member.user_id, sealer)
        code = pyotp.TOTP(secret).at(host.clock())
        second_factor.confirm(connection, actor.member.user_id, code, sealer, now=host.clock())


def mark(database: Database, actor: Actor) -> None:
    assert actor.member is not None
    engine = database.open_owner()
    with transaction(engine) as connection:
        operators.mark(connection, actor.member.user_id, now=dt.datetime.now(dt.UTC))
    engine.dispose()


@pytest.fixture
def operator(tenant: Company) -> Actor:
    return tenant.member("viewer", name="Olga Operadora")


@pytest.fixture
def page(
    tenant: Company, operator: Actor, database: Database, sign_in: Callable[..., Browser]
) -> Browser:
    """Give the browser of an operator who has a second step."""
    opened = sign_in(operator)
    add_second_step(tenant.host, operator)
    mark(database, operator)
    return opened


def form(**typed: object) -> dict[str, object]:
    number = next(_numbers)
    return {"name": f"Nueva {number}", "slug": f"nueva-{number}",
            "email": f"jefa@nueva-{number}.example"} | typed  # fmt: skip


# Who gets in


@pytest.mark.parametrize("role", ["admin", "manager", "viewer"])
def test_without_the_mark_there_is_nothing(
    tenant: Company, sign_in: Callable[..., Browser], role: str
) -> None:
    someone = tenant.member(role)
    opened = sign_in(someone)
    add_second_step(tenant.host, someone)

    found = {
        opened.get(ROOT).status_code, opened.get(f"{ROOT}/new").status_code,
        opened.get(f"{ROOT}/{tenant.slug}/close").status_code,
        opened.post(ROOT, data=form()).status_code,
        opened.post(f"{ROOT}/{tenant.slug}/open").status_code,
        opened.post(f"{ROOT}/{tenant.slug}/close",
                    data={"slug": tenant.slug, "current": PASSWORD}).status_code,
    }  # fmt: skip

    assert found == {404}
    assert ROOT not in opened.get("/account").text
    assert tenant.view.tenant.closed_at is None


def test_an_operator_without_a_second_step_is_led_to_it(
    tenant: Company, operator: Actor, database: Database, sign_in: Callable[..., Browser]
) -> None:
    opened = sign_in(operator)
    mark(database, operator)

    asked = opened.get(ROOT)
    made = opened.post(ROOT, data=(sent := form()))

    assert {asked.location, made.location} == {"/account/second-factor"}
    with pytest.raises(TenantError):
        administration.tenant(tenant.host, str(sent["slug"]))


def test_a_token_of_an_operator_opens_nothing(
    tenant: Company, operator: Actor, page: Browser, app: Flask
) -> None:
    assert page.get(ROOT).status_code == 200
    assert program(app, tenant, operator).get(ROOT).status_code == 302  # to the sign-in


def test_a_session_that_a_companys_provider_opened_opens_nothing(
    tenant: Company, operator: Actor, page: Browser
) -> None:
    assert operator.member is not None
    mine = session.c.user_id == operator.member.user_id
    with transaction(tenant.host.engine) as connection:
        connection.execute(update(session).where(mine).values(bound_tenant=tenant.id))

    assert page.get(ROOT).status_code in (403, 404)
    assert ROOT not in page.get("/").text


@pytest.mark.database("postgresql")
def test_the_application_cannot_mark_anybody(tenant: Company, operator: Actor) -> None:
    assert operator.member is not None
    with pytest.raises(DBAPIError), transaction(tenant.host.engine) as connection:
        operators.mark(connection, operator.member.user_id, now=tenant.host.clock())


# Making a company


def test_a_company_is_made_with_a_licence_and_an_invited_administrator(
    tenant: Company, page: Browser, operator: Actor, issue_license: LicenseIssuer, app: Flask
) -> None:
    sent = form()
    slug = str(sent["slug"])
    license = issue_license(slug, ["clients"]).encode()
    answer = page.post(ROOT, data=sent | {"file": (io.BytesIO(license), "nueva.lic")})

    host = tenant.host
    made = host.for_tenant(administration.tenant(host, slug).id)
    [link] = re.findall(r"/login/link\?key=[\w-]+", answer.text)
    assert (made.license.state, made.enabled) == ("active", frozenset())
    assert [(m.email, m.roles) for m in made.members.values()] == [(sent["email"], ("admin",))]
    assert browser(app).get(link, follow_redirects=True).status_code == 200
    with transaction(host.engine, tenant_id=made.tenant.id, read=True) as connection:
        [event], _next = trail.page(connection, made.tenant.id, TrailFilter(entity="core.tenant"))
    assert operator.member is not None
    assert (event.action, event.actor) == ("create", operator.member.email)


def test_an_account_that_exists_is_let_in_without_a_link(
    tenant: Company, page: Browser, operator: Actor
) -> None:
    boss = tenant.member("admin")
    assert boss.member is not None

    answer = page.post(ROOT, data=(sent := form(email=boss.member.email)))

    assert "/login/link" not in answer.text
    with transaction(tenant.host.engine, read=True) as connection:
        places = memberships(connection, boss.member.user_id, now=tenant.host.clock())
    assert sent["slug"] in {place.slug for place in places}


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"slug": "Con Blancos"}, "slug"), ({"email": "nadie"}, "email"),
     ({"email": "a@b\n<c>"}, "email")],
)  # fmt: skip
def test_what_was_typed_wrong_makes_nothing(
    tenant: Company, page: Browser, typed: dict[str, object], field: str
) -> None:
    before = {one.slug for one in administration.tenants(tenant.host)}

    answer = page.post(ROOT, data=form(**typed))

    assert answer.status_code == 422
    assert page_of(answer).error_of(field)
    assert {one.slug for one in administration.tenants(tenant.host)} == before


def test_a_short_name_that_is_taken_makes_nothing(tenant: Company, page: Browser) -> None:
    answer = page.post(ROOT, data=(sent := form(slug=tenant.slug)))

    assert answer.status_code == 422
    assert page_of(answer).error_of("slug")
    with transaction(tenant.host.engine, read=True) as connection:
        assert find_user(connection, str(sent["email"])) is None


def test_a_licence_of_another_company_makes_nothing(
    tenant: Company, page: Browser, issue_license: LicenseIssuer
) -> None:
    license = issue_license(tenant.slug, ["clients"]).encode()
    sent = form(file=(io.BytesIO(license), "ajena.lic"))

    assert page.post(ROOT, data=sent).status_code == 422
    with pytest.raises(TenantError):
        administration.tenant(tenant.host, str(sent["slug"]))


def test_the_letter_of_a_company_without_a_licence_is_sent(tenant: Company, page: Browser) -> None:
    """Its administrator must get in to install one."""
    assert all_jobs(tenant.host)[SEND].reads


# Closing


def test_a_closed_company_lets_nobody_in_and_runs_nothing(
    tenant: Company, other_tenant: Company, page: Browser, app: Flask,
    sign_in: Callable[..., Browser],
) -> None:  # fmt: skip
    boss = other_tenant.member("admin")
    inside, api = sign_in(boss), program(app, other_tenant, boss)
    with other_tenant.unit(force=True) as unit:
        task = unit.enqueue(VERIFY)
    paths = ("/clients/clients", "/api/v1/clients/clients")
    assert [inside.get(paths[0]).status_code, api.get(paths[1]).status_code] == [200, 200]
    data = {"slug": other_tenant.slug, "current": PASSWORD}

    closed = page.post(f"{ROOT}/{other_tenant.slug}/close", data=data)

    assert closed.location == ROOT
    assert inside.get("/clients/clients").status_code == 404
    assert inside.get("/settings").status_code == 404
    assert "ninguna empresa" in inside.get("/").text
    assert api.get("/api/v1/clients/clients").status_code == 401
    assert boss.member is not None
    newly = browser(app)
    newly.csrf = csrf_of(newly.get("/login"))
    newly.post("/login", data={"email": boss.member.email, "password": PASSWORD})
    assert "ninguna empresa" in newly.get("/").text
    assert task is not None
    assert other_tenant.run_task(task).state == "held"
    assert clocks.due([], other_tenant.view, now=tenant.host.clock()) == []
    assert sign_in(tenant.member("admin")).get("/settings").status_code == 200


def test_an_opened_company_goes_on_with_what_waited(
    tenant: Company, other_tenant: Company, page: Browser, sign_in: Callable[..., Browser]
) -> None:
    inside = sign_in(other_tenant.member("admin"))
    with other_tenant.unit(force=True) as unit:
        task = unit.enqueue(VERIFY)
    assert task is not None
    close_tenant(tenant.host, other_tenant.slug, by="prueba")
    other_tenant.run_task(task)

    assert "Cerrada" in page.get(ROOT).text
    page.post(f"{ROOT}/{other_tenant.slug}/open")
    clocks.Scheduler(host=tenant.host).serve(other_tenant.view)

    assert inside.get("/settings").status_code == 200
    with transaction(tenant.host.engine, tenant_id=other_tenant.id, read=True) as connection:
        assert queue.find(connection, other_tenant.id, task).state == "queued"
        events, _next = trail.page(connection, other_tenant.id, TrailFilter(entity="core.tenant"))
    assert [event.action for event in events] == ["open", "close"]


@pytest.mark.parametrize("typed", [{"slug": "otra"}, {"current": "no es la clave"}])
def test_a_wrong_name_or_password_closes_nothing(
    other_tenant: Company, page: Browser, typed: dict[str, str]
) -> None:
    answer = page.post(f"{ROOT}/{other_tenant.slug}/close",
                       data={"slug": other_tenant.slug, "current": PASSWORD} | typed)  # fmt: skip

    assert answer.status_code == 422
    assert page_of(answer).error_of(next(iter(typed)))
    assert other_tenant.view.tenant.closed_at is None


def test_an_operator_whose_only_company_is_closed_opens_it_again(
    tenant: Company, page: Browser
) -> None:
    close_tenant(tenant.host, tenant.slug, by="prueba")

    assert ROOT in page.get("/").text
    assert tenant.slug in page.get(ROOT).text
    page.post(f"{ROOT}/{tenant.slug}/open")

    assert page.get("/clients/clients").status_code == 200


def test_opening_twice_or_closing_twice_changes_nothing(other_tenant: Company) -> None:
    host, slug = other_tenant.host, other_tenant.slug

    assert [close_tenant(host, slug, by="a"), close_tenant(host, slug, by="b")] == [True, False]
    assert other_tenant.view.tenant.closed_by == "a"
    assert [open_tenant(host, slug, by="a"), open_tenant(host, slug, by="b")] == [True, False]


# Commands


def test_the_commands_mark_close_and_open(installation: Installation) -> None:
    installation.tenant("acme")
    installation.did("user", "operator", "ana@acme.example", "--on")
    installation.did("user", "operator", "ana@acme.example", "--on")
    marked = installation.did("user", "operators", "--json").json
    installation.did("tenant", "close", "acme")
    closed = installation.did("tenant", "list", "--json").json[0]["closed"]
    installation.did("tenant", "open", "acme")

    assert [one["email"] for one in marked] == ["ana@acme.example"]
    assert closed is not None
    assert installation.did("tenant", "list", "--json").json[0]["closed"] is None
    installation.did("user", "operator", "ana@acme.example", "--off")
    assert installation.did("user", "operators", "--json").json == []
    assert installation.run("user", "operator", "nadie@acme.example", "--on").code == 2


def test_a_company_that_is_restored_is_open_and_brings_no_operator(
    installation: Installation,
) -> None:
    installation.tenant("acme")
    installation.did("user", "operator", "ana@acme.example", "--on")
    installation.did("tenant", "close", "acme")
    archive = installation.did("tenant", "delete", "acme", "--yes", "--json").json["archive"]

    installation.did("restore", archive)

    assert installation.did("tenant", "list", "--json").json[0]["closed"] is None
