"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask

from trato.access import store
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.host import Host
from trato.settings import Settings
from trato.testing.clients import Browser, browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, Company
from trato.testing.databases import Database
from trato.testing.pages import page_of
from trato.web.app import create_app

SignIn = Callable[..., Browser]


_addresses = itertools.count(1)


@pytest.fixture
def sign_in(sign_in: SignIn) -> SignIn:
    """Open browsers at an address of the test's own: failed attempts count by address too."""
    address = f"2001:db8::{next(_addresses):x}"

    def opened(actor: Actor | None = None) -> Browser:
        made = sign_in(actor)
        made.environ_base = {**made.environ_base, "REMOTE_ADDR": address}
        return made

    return opened


def attempt(opened: Browser, email: str, password: str) -> int:
    return opened.sign_in(email, password).status_code


def text_of_password_error(opened: Browser, email: str, password: str) -> str:
    return page_of(opened.sign_in(email, password)).one("div", id="password-error").text


# --- the form ------------------------------------------------------------------------------------


def test_right_password_leads_to_the_first_menu_entry(sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in()

    answer = opened.sign_in(seller.member.email)

    assert answer.headers["Location"] == "/"
    assert opened.get("/").headers["Location"] == "/clients/clients"


def test_page_asked_for_before_signing_in_comes_after_it(sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in()
    asked = opened.get("/clients/contacts?q=luz&sort=-name")
    address = asked.headers["Location"]
    token = csrf_of(opened.get(address))
    wanted = page_of(opened.get(address)).form("/login")["next"][0]

    answer = opened.post(
        "/login",
        data={"email": seller.member.email, "password": PASSWORD, "next": wanted,
              "csrf_token": token},
    )  # fmt: skip

    assert answer.headers["Location"] == "/clients/contacts?q=luz&sort=-name"


def test_wrong_password_and_unknown_person_are_told_alike(sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in()

    wrong = text_of_password_error(opened, seller.member.email, "no es esta clave")
    unknown = text_of_password_error(opened, "nadie@nunca.example", "no es esta clave")

    assert wrong == unknown == "El correo o la contraseña no son correctos."


def test_unknown_person_costs_the_work_of_a_wrong_password(
    sign_in: SignIn, seller: Actor, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            hashes.append(str(hash))
            return super().verify(hash, password)

    settings = host.settings
    hasher = Watched(time_cost=settings.password_time_cost,
                     memory_cost=settings.password_memory_kib,
                     parallelism=settings.password_parallelism)  # fmt: skip
    monkeypatch.setattr(host.passwords, "_hasher", hasher)
    opened = sign_in()

    attempt(opened, seller.member.email, "no es esta clave")
    attempt(opened, "nadie@nunca.example", "no es esta clave")

    costs = [re.findall(r"m=\d+,t=\d+,p=\d+", used) for used in hashes]
    assert len(costs) == 2
    assert costs[0] == costs[1] != []


def test_what_was_typed_stays_but_the_password(sign_in: SignIn) -> None:
    page = page_of(sign_in().sign_in("Alguien@Nunca.example", "no es esta clave"))

    assert page.form("/login")["email"] == ["Alguien@Nunca.example"]
    assert page.form("/login")["password"] == [""]


def test_capitals_of_an_address_do_not_matter(sign_in: SignIn, seller: Actor) -> None:
    assert attempt(sign_in(), f" {seller.member.email.upper()} ", PASSWORD) == 302


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example", "https:evil",
     "///evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "evil"],
)  # fmt: skip
def test_no_address_leads_away_after_signing_in(
    sign_in: SignIn, seller: Actor, wanted: str
) -> None:
    opened = sign_in()
    token = csrf_of(opened.get("/login"))

    answer = opened.post(
        "/login",
        data={"email": seller.member.email, "password": PASSWORD, "next": wanted,
              "csrf_token": token},
    )  # fmt: skip

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_language_of_the_form_can_be_changed(sign_in: SignIn) -> None:
    opened = sign_in()
    spanish = page_of(opened.get("/login"))

    opened.get(spanish.one("a", hreflang="en").attrs["href"])
    english = page_of(opened.get("/login"))

    assert spanish.title == "Ingrese a Trato"
    assert english.title == "Sign in to Trato"
    assert english.one("html").attrs["lang"] == "en"


# --- lock-out ------------------------------------------------------------------------------------


@pytest.fixture
def second_app(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock,
    host: Host,
) -> Iterator[Flask]:  # fmt: skip
    """Give another process, as far as a test can: a host and an application of its own."""
    other = Host(make_settings(database), clock=host_clock)
    yield create_app(other)
    other.close()


def test_account_is_locked_after_the_last_attempt_in_every_process(
    sign_in: SignIn, second_app: Flask, seller: Actor, host: Host, clock: SettableClock
) -> None:
    first, second = sign_in(), browser(second_app)
    second.environ_base = first.environ_base
    email = seller.member.email

    answers = [attempt((first, second)[n % 2], email, "no es esta clave")
               for n in range(host.settings.login_attempts)]  # fmt: skip
    locked = first.sign_in(email, PASSWORD)
    elsewhere = second.sign_in(email.upper(), PASSWORD)

    assert set(answers) == {401}
    assert (locked.status_code, elsewhere.status_code) == (429, 429)
    minutes = host.settings.login_lock_minutes
    assert f"Espere {minutes} minutos" in page_of(locked).text


def test_locked_account_opens_after_the_time_that_was_said(
    sign_in: SignIn, seller: Actor, host: Host, clock: SettableClock
) -> None:
    opened, email = sign_in(), seller.member.email
    for _attempt in range(host.settings.login_attempts):
        attempt(opened, email, "no es esta clave")

    clock.advance(minutes=host.settings.login_lock_minutes + 1)

    assert attempt(opened, email, PASSWORD) == 302


def test_success_forgets_the_attempts_before(sign_in: SignIn, seller: Actor, host: Host) -> None:
    opened, email = sign_in(), seller.member.email
    for _round in range(2):
        for _attempt in range(host.settings.login_attempts - 1):
            attempt(opened, email, "no es esta clave")
        assert attempt(opened, email, PASSWORD) == 302
        opened = sign_in()


# --- tokens of forms -----------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "x", "ñandú", "0" * 64])
def test_form_without_our_token_is_refused(
    client: Browser, tenant: Company, token: str | None
) -> None:
    client.csrf = None
    data = {"name": "Acme"} if token is None else {"name": "Acme", "csrf_token": token}

    answer = client.post("/clients/clients/new", data=data)

    assert answer.status_code == 400
    assert "no salió de esta página" in page_of(answer).text
    with tenant.unit(read=True) as unit:
        assert unit.records.query("clients.client").rows == []


def test_token_of_another_session_is_refused(sign_in: SignIn, seller: Actor, viewer: Actor) -> None:
    first, second = sign_in(seller), sign_in(viewer)
    first.csrf = second.csrf

    assert first.post("/clients/clients/new", data={"name": "Acme"}).status_code == 400


def test_token_sent_from_another_site_is_refused(client: Browser) -> None:
    answer = client.post(
        "/clients/clients/new", data={"name": "Acme"},
        headers={"X-CSRF-Token": client.csrf, "Origin": "https://evil.example"},
    )  # fmt: skip

    assert answer.status_code == 400


def test_sign_in_needs_the_token_of_its_own_form(sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in()

    answer = opened.post("/login", data={"email": seller.member.email, "password": PASSWORD})

    assert answer.status_code == 400
    assert "trato_session" not in str(answer.headers)


# --- sessions ------------------------------------------------------------------------------------


def test_who_signed_out_is_asked_to_sign_in(client: Browser) -> None:
    cookie = client.get_cookie("trato_session")

    client.post("/logout")
    client.set_cookie("trato_session", cookie.value)  # as somebody would who had copied it
    answer = client.get("/clients/clients")

    assert answer.headers["Location"] == "/login?next=/clients/clients"


def test_session_ends_when_it_is_not_used(
    client: Browser, host: Host, clock: SettableClock
) -> None:
    clock.advance(days=host.settings.session_days - 1)
    still = client.get("/clients/clients").status_code
    clock.advance(days=host.settings.session_days - 1)
    used = client.get("/clients/clients").status_code
    clock.advance(days=host.settings.session_days, minutes=1)
    ended = client.get("/clients/clients")

    assert (still, used) == (200, 200)
    assert ended.headers["Location"].startswith("/login")


def test_member_who_left_has_no_way_in(
    sign_in: SignIn, seller: Actor, tenant: Company, host: Host
) -> None:
    opened = sign_in(seller)
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        store.end_membership(connection, tenant.id, seller.member_id, now=host.clock())

    answer = opened.get("/clients/clients", follow_redirects=True)

    assert "Acme" not in answer.text
    assert opened.get("/clients/clients").status_code in (302, 404)


def test_part_of_a_page_asked_without_session_leads_the_window_to_the_form(
    sign_in: SignIn,
) -> None:
    answer = sign_in().get("/clients/clients?q=a", headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/login?next=/clients/clients%3Fq%3Da"


def session_cookie(opened: Browser, email: str, **environ: str) -> str:
    token = csrf_of(opened.get("/login", **environ))
    answer = opened.post(
        "/login", data={"email": email, "password": PASSWORD, "csrf_token": token}, **environ
    )
    return next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("trato_session"))


def test_session_cookie_is_for_the_server_alone(sign_in: SignIn, seller: Actor) -> None:
    cookie = session_cookie(sign_in(), seller.member.email)

    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [("http://localhost", False), ("http://127.0.0.1:8000", False), ("https://crm.example", True)],
)
def test_session_cookie_needs_https_away_from_the_own_machine(
    sign_in: SignIn, seller: Actor, url: str, is_secure: bool
) -> None:
    cookie = session_cookie(sign_in(), seller.member.email, base_url=url)

    assert ("Secure" in cookie.split("; ")) is is_secure


# --- companies -----------------------------------------------------------------------------------


@pytest.fixture
def in_two(tenant: Company, other_tenant: Company) -> Actor:
    """Give a member of the tenant who belongs to the other one too."""
    made = tenant.member("manager", email="viajera@example.com")
    other_tenant.member("viewer", email="viajera@example.com")
    return made


def test_person_changes_between_own_companies(
    sign_in: SignIn, in_two: Actor, tenant: Company, other_tenant: Company
) -> None:
    with other_tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Solo de la otra"})
    opened = sign_in(in_two)
    names = {b.attrs["value"] for b in page_of(opened.get("/account")).all("button", name="tenant")}

    opened.post("/tenant", data={"tenant": str(other_tenant.id)})
    there = page_of(opened.get("/clients/clients")).text
    opened.post("/tenant", data={"tenant": str(tenant.id)})
    back = page_of(opened.get("/clients/clients")).text

    assert names == {str(tenant.id), str(other_tenant.id)}
    assert "Solo de la otra" in there
    assert "Solo de la otra" not in back


def test_company_of_others_cannot_be_entered(
    sign_in: SignIn, seller: Actor, other_tenant: Company
) -> None:
    opened = sign_in(seller)

    answers = [opened.post("/tenant", data={"tenant": wanted}).status_code
               for wanted in (str(other_tenant.id), "0", "nada", "")]  # fmt: skip

    assert answers == [404, 404, 404, 404]
    assert opened.get("/clients/clients").status_code == 200
