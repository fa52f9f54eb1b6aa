"""Signing in with a second step, setting it up, and roles that demand it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyotp
import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.clients import Browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, Company
from trato.testing.pages import page_of

SignIn = Callable[..., Browser]
PAGE = "/account/second-factor"


def code_of(secret: str, clock: SettableClock) -> str:
    return pyotp.TOTP(secret).at(clock())


def set_up(opened: Browser, clock: SettableClock) -> tuple[str, list[str]]:
    """Set the second step up as a person does; give the secret and the recovery codes."""
    secret = page_of(opened.get(PAGE)).one("code", id="t-key").text.replace(" ", "")
    shown = opened.post(PAGE, data={"code": code_of(secret, clock)})
    assert shown.status_code == 200
    codes = page_of(shown).one("pre", id="t-codes").text.split()
    # The code that switched it on is used up.
    clock.advance(seconds=60)
    return secret, codes


def first_step(opened: Browser, email: str) -> str:
    """Type the password; give where that leads."""
    opened.csrf = csrf_of(opened.get("/login"))
    answer = opened.post("/login", data={"email": email, "password": PASSWORD})
    return str(answer.headers.get("Location"))


def test_password_alone_opens_nothing(sign_in: SignIn, seller: Actor, clock: SettableClock) -> None:
    set_up(sign_in(seller), clock)
    opened = sign_in()

    assert first_step(opened, seller.member.email) == "/login/code?next=%2F"
    for path in ("/", "/account", "/clients/clients", PAGE):
        assert opened.get(path).headers["Location"].startswith("/login")
    assert opened.get("/api/v1/clients/clients").status_code == 401


def test_code_opens_and_leads_where_one_wanted(
    sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    secret, _codes = set_up(sign_in(seller), clock)
    opened = sign_in()
    opened.csrf = csrf_of(opened.get("/login"))
    step = opened.post(
        "/login",
        data={"email": seller.member.email, "password": PASSWORD, "next": "/clients/contacts"},
    )
    form = page_of(opened.get(step.headers["Location"])).form("/login/code")

    answer = opened.post(
        "/login/code", data={"code": code_of(secret, clock), "next": form["next"][0]}
    )

    assert answer.headers["Location"] == "/clients/contacts"
    assert opened.get("/account").status_code == 200


def test_code_that_was_used_signs_nobody_else_in(
    sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    secret, _codes = set_up(sign_in(seller), clock)
    code = code_of(secret, clock)
    first, second = sign_in(), sign_in()
    for opened in (first, second):
        first_step(opened, seller.member.email)

    answers = [opened.post("/login/code", data={"code": code}) for opened in (first, second)]

    assert [answer.status_code for answer in answers] == [302, 401]
    assert "no es correcto o ya se usó" in page_of(answers[1]).text


def test_cookie_changes_with_the_second_step(
    sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    secret, _codes = set_up(sign_in(seller), clock)
    opened = sign_in()
    first_step(opened, seller.member.email)
    pending = opened.get_cookie("trato_session").value

    opened.post("/login/code", data={"code": code_of(secret, clock)})

    assert opened.get_cookie("trato_session").value != pending
    opened.set_cookie("trato_session", pending)
    assert opened.get("/account").headers["Location"].startswith("/login")


def test_recovery_code_opens_once(sign_in: SignIn, seller: Actor, clock: SettableClock) -> None:
    _secret, codes = set_up(sign_in(seller), clock)
    statuses = []
    for _time in range(2):
        opened = sign_in()
        first_step(opened, seller.member.email)
        statuses.append(opened.post("/login/code", data={"code": codes[0]}).status_code)

    assert statuses == [302, 401]


def test_wrong_codes_lock_the_step_for_a_while(
    sign_in: SignIn, seller: Actor, clock: SettableClock, host: Host
) -> None:
    secret, codes = set_up(sign_in(seller), clock)
    opened = sign_in()
    first_step(opened, seller.member.email)
    for _attempt in range(host.settings.login_attempts):
        assert opened.post("/login/code", data={"code": "000000"}).status_code == 401

    for good in (code_of(secret, clock), codes[0]):
        assert opened.post("/login/code", data={"code": good}).status_code == 429

    clock.advance(minutes=host.settings.login_lock_minutes + 1)
    first_step(opened, seller.member.email)
    assert opened.post("/login/code", data={"code": code_of(secret, clock)}).status_code == 302


def test_second_step_waits_ten_minutes(
    sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    secret, _codes = set_up(sign_in(seller), clock)
    opened = sign_in()
    first_step(opened, seller.member.email)

    clock.advance(minutes=10)

    assert opened.get("/login/code").headers["Location"] == "/login"
    late = opened.post("/login/code", data={"code": code_of(secret, clock)})
    assert late.headers["Location"] == "/login"


def test_secret_is_drawn_without_style_and_gone_once_confirmed(
    sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    opened = sign_in(seller)
    before = opened.get(PAGE).text
    secret, codes = set_up(opened, clock)
    after = opened.get(PAGE).text

    assert '<svg viewBox="0 0' in before
    assert not re.search(r"<style|\sstyle=|<script>", before)
    assert secret not in after.replace(" ", "")
    assert not [code for code in codes if code in after]
    assert "disponibles: 10" in after


@pytest.mark.parametrize("action", ["codes", "remove"])
def test_password_is_asked_for_again(
    sign_in: SignIn, seller: Actor, clock: SettableClock, action: str
) -> None:
    opened = sign_in(seller)
    _secret, codes = set_up(opened, clock)

    refused = opened.post(f"{PAGE}/{action}", data={"current": "no es esta clave"})
    done = opened.post(f"{PAGE}/{action}", data={"current": PASSWORD})

    assert refused.status_code == 422
    if action == "codes":
        assert not set(page_of(done).one("pre", id="t-codes").text.split()) & set(codes)
    else:
        assert first_step(sign_in(), seller.member.email) == "/"


def test_stolen_session_cannot_try_all_passwords(
    sign_in: SignIn, seller: Actor, clock: SettableClock, host: Host
) -> None:
    opened = sign_in(seller)
    set_up(opened, clock)
    for _attempt in range(host.settings.login_attempts):
        opened.post(f"{PAGE}/remove", data={"current": "no es esta clave"})

    answer = opened.post(f"{PAGE}/remove", data={"current": PASSWORD})

    assert "Demasiados intentos" in page_of(answer).text
    assert "disponibles: 10" in opened.get(PAGE).text


# --- roles that demand it ------------------------------------------------------------------------


@pytest.fixture
def strict(tenant: Company) -> Actor:
    """Give a member whose role demands a second step."""
    tenant.role("careful", {"entities": {"*": {"view": "all"}}, "second_factor": True})
    return tenant.member("careful")


def test_demanding_role_leads_to_the_set_up_and_nowhere_else(
    sign_in: SignIn, strict: Actor, tenant: Company
) -> None:
    opened = sign_in()
    first_step(opened, strict.member.email)

    for path in ("/", "/clients/clients", "/account", "/account/tokens", "/account/password"):
        assert opened.get(path).headers["Location"] == PAGE
    page = opened.get(PAGE)
    opened.csrf = csrf_of(page)
    assert "Su rol exige" in page_of(page).text
    assert opened.post("/account/tokens", data={"name": "x"}).status_code == 403
    assert opened.get("/api/v1/clients/clients").status_code == 403
    fragment = opened.get("/clients/clients", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == PAGE


def test_demand_is_met_by_setting_it_up(
    sign_in: SignIn, strict: Actor, clock: SettableClock
) -> None:
    opened = sign_in()
    first_step(opened, strict.member.email)
    opened.csrf = csrf_of(opened.get(PAGE))

    set_up(opened, clock)

    assert opened.get("/clients/clients").status_code == 200


def test_demand_reaches_sessions_that_are_open_already(
    sign_in: SignIn, seller: Actor, tenant: Company
) -> None:
    opened = sign_in(seller)
    assert opened.get("/clients/clients").status_code == 200

    tenant.role("seller", {"entities": {"*": {"view": "all"}}, "second_factor": True})

    assert opened.get("/clients/clients").headers["Location"] == PAGE


def test_administrators_can_be_made_to_use_it(sign_in: SignIn, tenant: Company) -> None:
    tenant.role("admin", {"admin": True, "second_factor": True})
    opened = sign_in()

    first_step(opened, tenant.member("admin").member.email)

    assert opened.get("/clients/clients").headers["Location"] == PAGE


def test_taking_it_away_under_a_demand_leads_back_to_the_set_up(
    sign_in: SignIn, strict: Actor, clock: SettableClock
) -> None:
    opened = sign_in()
    first_step(opened, strict.member.email)
    opened.csrf = csrf_of(opened.get(PAGE))
    set_up(opened, clock)

    answer = opened.post(f"{PAGE}/remove", data={"current": PASSWORD})

    assert answer.headers["Location"] == PAGE
    assert opened.get("/clients/clients").headers["Location"] == PAGE
