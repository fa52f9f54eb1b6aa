"""How far a session of a provider reaches, what it takes besides, and where it begins."""

from __future__ import annotations

import pyotp
import pytest
from core.tests.conftest import Installation
from core.tests.sso_office import (  # noqa: F401
    Office,
    enters,
    link_account,
    make_app,
    open_office,
    path_of,
    serve_sso,
    text_of,
)
from sqlalchemy import func, select

from trato import administration, membership
from trato.access import identities, operators
from trato.access import tables as t
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.errors import DomainError
from trato.sso import arriving
from trato.testing.clients import csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, LicenseIssuer, make_company
from trato.testing.pages import page_of

LUZ = "luz@acme.example"
CLIENTS = "/clients/clients"


# --- how far it reaches --------------------------------------------------------------------------


@pytest.fixture
def accountant(office: Office, issue_license: LicenseIssuer) -> tuple[Office, Actor, int]:
    """Give somebody who is in two companies and linked in the one with the provider."""
    other = make_company(office.company.host, issue_license, plugins=["clients"])
    email = f"conta-{office.company.id}@contadores.example"
    other.member("admin", email=email)
    own = office.company.member("seller", email=email)
    link_account(office, own)
    return office, own, other.id


def test_a_session_of_the_provider_reaches_its_company_alone(
    accountant: tuple[Office, Actor, int],
) -> None:
    office, _own, other = accountant
    opened, _answer = office.enter()

    switched = opened.post("/tenant", data={"tenant": str(other)})
    listed = opened.get("/account/companies")

    assert enters(opened)
    assert (switched.status_code, listed.status_code) == (403, 403)
    with transaction(office.company.host.engine) as connection:
        bound = connection.execute(
            select(t.session.c.active_tenant, t.session.c.bound_tenant).where(
                t.session.c.bound_tenant == office.company.id
            )
        ).all()
    assert set(bound) == {(office.company.id, office.company.id)}
    page = opened.get(CLIENTS).text
    assert office.company.host.for_tenant(other).tenant.name not in page


@pytest.mark.database("sqlite")
def test_the_database_too_leaves_such_a_session_where_it_is(
    accountant: tuple[Office, Actor, int],
) -> None:
    from trato.access import credentials

    office, own, other = accountant
    opened, _answer = office.enter()
    engine = office.company.host.engine
    assert own.member is not None
    with transaction(engine) as connection:
        for row in credentials.list_sessions(
            connection, own.member.user_id, now=office.company.host.clock(),
            bound_tenant=office.company.id,
        ):  # fmt: skip
            credentials.enter_tenant(connection, row.id, other)

    assert enters(opened)
    assert opened.get("/account").status_code == 200


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/account/password"), ("GET", "/account/second-factor"),
     ("POST", "/account/second-factor/remove"), ("GET", "/account/companies"),
     ("GET", "/host/companies"), ("POST", "/account/identity/unlink")],
)  # fmt: skip
def test_a_provider_does_not_rule_the_account(
    accountant: tuple[Office, Actor, int], method: str, path: str
) -> None:
    office, own, _other = accountant
    assert own.member is not None
    with transaction(office.company.host.engine) as connection:
        operators.mark(connection, own.member.user_id, now=office.company.host.clock())
    opened, _answer = office.enter()

    answer = opened.open(path, method=method)

    assert answer.status_code == 403


@pytest.mark.database("sqlite")
def test_signing_out_everywhere_leaves_the_sessions_of_other_companies(
    accountant: tuple[Office, Actor, int],
) -> None:
    office, own, _other = accountant
    by_password = office.open(own)
    opened, _answer = office.enter()
    shown = page_of(opened.get("/account")).one("main").text

    opened.post("/account/sessions/end")

    assert "Dónde" in shown
    assert opened.get(CLIENTS).status_code == 302
    assert enters(by_password)


@pytest.mark.database("sqlite")
def test_such_a_session_ends_in_time_however_busy(office: Office, clock: SettableClock) -> None:
    office.set(sso_hours=2)
    opened, _answer = office.enter()
    for _step in range(3):
        clock.advance(minutes=35)
        assert enters(opened)

    clock.advance(minutes=20)

    assert not enters(opened)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "change", [{"sso_on": False}, {"sso_client_id": "otro"}], ids=["off", "another client"]
)
def test_switching_the_provider_off_ends_what_it_opened(
    office: Office, change: dict[str, object]
) -> None:
    opened, _answer = office.enter()
    assert enters(opened)

    office.set(**change)

    assert not enters(opened)


@pytest.mark.database("sqlite")
def test_leaving_says_that_the_provider_may_still_know_one(office: Office) -> None:
    opened, _answer = office.enter()

    left = opened.post("/logout")
    page = page_of(opened.get(left.headers["Location"]))
    onward = opened.get(page.one("a", href=f"{office.door}/leave").attrs["href"])

    assert opened.get(CLIENTS).status_code == 302
    assert onward.headers["Location"].startswith(f"{office.provider.issuer}/logout?client_id=")


# --- the second step -----------------------------------------------------------------------------


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("trusted", [False, True])
def test_the_second_step_is_asked_for_unless_the_provider_is_trusted_with_it(
    office: Office, trusted: bool
) -> None:
    office.set(sso_trusts_second_step=trusted)
    opened, _answer = office.enter()
    office.company.role("seller", {"entities": {"*": {"view": "all"}}, "second_factor": True})

    demanded = opened.get(CLIENTS)

    assert demanded.status_code == (200 if trusted else 302)
    if not trusted:
        assert demanded.headers["Location"] == "/account/second-factor"
        page = page_of(opened.get("/account/second-factor"))
        secret = page.one("code", id="t-key").text.replace(" ", "")
        code = pyotp.TOTP(secret).at(office.company.host.clock())
        assert opened.post("/account/second-factor", data={"code": code}).status_code == 200
        _again, answer = office.enter()
        assert answer.headers["Location"].startswith("/login/code")


@pytest.mark.database("sqlite")
def test_after_the_code_the_session_still_reaches_its_company_alone(
    accountant: tuple[Office, Actor, int],
) -> None:
    from trato.access import second_factor
    from trato.web.signin_code import Sealer

    office, own, other = accountant
    host = office.company.host
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    assert own.member is not None
    with transaction(host.engine) as connection:
        secret = second_factor.begin(connection, own.member.user_id, sealer)
        codes = second_factor.confirm(
            connection, own.member.user_id, pyotp.TOTP(secret).at(host.clock()), sealer,
            now=host.clock(),
        )  # fmt: skip
    opened, _answer = office.enter()
    opened.csrf = csrf_of(opened.get("/login/code"))

    opened.post("/login/code", data={"code": codes[0]})
    opened.csrf = csrf_of(opened.get("/account"))

    assert enters(opened)
    assert opened.post("/tenant", data={"tenant": str(other)}).status_code == 403


# --- passwords off -------------------------------------------------------------------------------


@pytest.fixture
def closed(office: Office) -> tuple[Office, Actor]:
    """Give the company with passwords off, and its emergency account."""
    chief = office.company.member("admin", email=f"jefa-{office.company.id}@acme.example")
    assert chief.member is not None
    office.set(sso_only=True, sso_emergency=chief.member.email)
    return office, chief


@pytest.mark.database("sqlite")
def test_a_password_leads_to_the_provider_and_the_account_is_linked_on_the_way(
    closed: tuple[Office, Actor],
) -> None:
    office, _chief = closed
    own = office.company.member("seller")
    opened = office.open()
    assert own.member is not None
    opened.csrf = csrf_of(opened.get("/login"))
    opened.post("/login", data={"email": own.member.email, "password": PASSWORD})
    assert opened.get(CLIENTS).status_code in (302, 404)
    led = opened.get("/")
    assert led.headers["Location"] == office.door
    assert "Vincular y entrar con Portal Andino" in text_of(opened.get(office.door))

    back = office.go(opened, path=f"{office.door}/link")
    opened.get(path_of(back))

    assert enters(opened)


@pytest.mark.database("sqlite")
def test_a_second_step_that_a_role_demands_is_set_up_before_one_goes_on(
    closed: tuple[Office, Actor],
) -> None:
    """A session of the provider could not do it: it does not rule the account."""
    office, _chief = closed
    own = office.company.member("seller")
    office.company.role("seller", {"entities": {"*": {"view": "all"}}, "second_factor": True})
    assert own.member is not None
    opened = office.open()
    opened.csrf = csrf_of(opened.get("/login"))
    opened.post("/login", data={"email": own.member.email, "password": PASSWORD})

    led = opened.get("/")
    page = page_of(opened.get("/account/second-factor"))
    opened.csrf = csrf_of(opened.get("/account/second-factor"))
    secret = page.one("code", id="t-key").text.replace(" ", "")
    code = pyotp.TOTP(secret).at(office.company.host.clock())
    opened.post("/account/second-factor", data={"code": code})

    assert led.headers["Location"] == "/account/second-factor"
    assert opened.get("/").headers["Location"] == office.door


@pytest.mark.database("sqlite")
def test_the_emergency_account_enters_and_the_audit_tells(closed: tuple[Office, Actor]) -> None:
    office, chief = closed

    opened = office.open(chief)

    assert enters(opened)
    told = page_of(office.open(chief).get("/settings/audit")).one("main").text
    assert "Entró con la contraseña de emergencia" in told


@pytest.mark.database("sqlite")
def test_a_session_of_before_does_not_outlive_the_passwords(office: Office) -> None:
    chief = office.company.member("admin")
    opened = office.open(office.company.member("seller"))
    assert enters(opened)
    assert chief.member is not None

    office.set(sso_only=True, sso_emergency=chief.member.email)

    assert not enters(opened)


@pytest.mark.database("sqlite")
def test_the_emergency_account_keeps_its_role_and_its_place(closed: tuple[Office, Actor]) -> None:
    office, chief = closed
    office.company.member("admin")
    assert chief.member is not None

    with pytest.raises(DomainError) as caught:
        membership.change_member(
            office.company.host, office.company.system(), chief.member.id, roles=["seller"],
            teams=[], ends_at=None,
        )  # fmt: skip

    assert caught.value.code == "emergency_account"


@pytest.mark.database("sqlite")
def test_passwords_close_only_with_an_emergency_account(office: Office) -> None:
    office.enter()
    admin = office.open(office.company.member("admin"))
    form = page_of(admin.get("/settings/sso")).form("/settings/sso")
    sent = {name: values[-1] for name, values in form.items() if values}

    for email in ("", "nadie@acme.example", LUZ):
        answer = admin.post(
            "/settings/sso", data=sent | {"sso_only": "true", "sso_emergency": email}
        )

        assert answer.status_code == 422
        assert "Indique un administrador" in answer.text


# --- the door ------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_an_address_that_leads_nowhere_tells_nothing(office: Office) -> None:
    stranger = office.open()
    off = make_door_of_a_company_without_provider(office)
    guesses = [f"/login/company/{office.company.slug}", "/login/company/nada", off]

    answers = [stranger.get(path) for path in guesses]

    assert {answer.status_code for answer in answers} == {404}
    assert len({text_of(answer) for answer in answers}) == 1
    assert office.company.slug not in stranger.get("/login").text


def make_door_of_a_company_without_provider(office: Office) -> str:
    host = office.company.host
    made = administration.create_tenant(host, slug=f"sin-{office.company.id}", name="Sin proveedor")
    with transaction(host.engine) as connection:
        return f"/login/company/{identities.make_door(connection, made.id, made.slug)}"


@pytest.mark.database("sqlite")
def test_a_browser_that_knows_the_company_is_offered_its_provider(office: Office) -> None:
    lured = office.open()
    lured.get(office.door)
    opened, _answer = office.enter()
    opened.post("/logout")

    page = page_of(opened.get("/login"))

    assert "Portal Andino" not in lured.get("/login").text
    assert page.one("form", action=office.door)
    assert "Entrar con Portal Andino" in page.one("main").text


@pytest.mark.database("sqlite")
def test_attempts_are_limited_as_at_the_form(office: Office, clock: SettableClock) -> None:
    opened = office.open()
    opened.csrf = csrf_of(opened.get(office.door))
    most = office.company.host.settings.login_attempts * 20
    for _attempt in range(most):
        assert opened.get(f"{office.door}/callback?state=x&code=y").status_code == 400

    answer = opened.post(office.door)

    assert answer.status_code == 429
    assert "Demasiados intentos" in text_of(answer)
    assert "Demasiados intentos" in text_of(opened.get(f"{office.door}/callback?state=x&code=y"))
    clock.advance(minutes=office.company.host.settings.login_lock_minutes + 2)
    assert opened.post(office.door).status_code == 200


@pytest.mark.database("sqlite")
def test_two_requests_of_somebody_new_make_one_account(office: Office) -> None:
    person = arriving.Person(
        issuer=office.provider.issuer, subject="s-7", name="Rosa", email="rosa@acme.example",
        groups=(),
    )  # fmt: skip
    host, early = office.company.host, office.company.view

    first = arriving.enter(host, early, person)
    # What a request sees that read the company before the first one had written.
    with pytest.MonkeyPatch.context() as patch:
        found = iter([None])
        real = identities.find
        patch.setattr(identities, "find", lambda *given: next(found, real(*given)))
        second = arriving.enter(host, early, person)

    assert first.id == second.id
    with transaction(host.engine, tenant_id=office.company.id) as connection:
        count = connection.execute(
            select(func.count())
            .select_from(t.identity)
            .where(t.identity.c.tenant_id == office.company.id, t.identity.c.subject == "s-7")
        ).scalar_one()
    assert count == 1


@pytest.mark.database("sqlite")
def test_who_comes_in_uses_no_attempt_up(office: Office) -> None:
    """Many share an address; their good sign-ins must not lock it."""
    office.enter()
    office.enter()

    with transaction(office.company.host.engine) as connection:
        counted = connection.execute(
            select(func.sum(t.counter.c.count)).where(
                t.counter.c.bucket == f"login@2001:db8::{office.company.id:x}"
            )
        ).scalar_one()

    assert counted == 0


def test_a_company_is_deleted_with_its_address(installation: Installation) -> None:
    slug = installation.tenant()
    first = installation.run("config", "test-sso", slug).out.splitlines()[0]
    again = installation.run("config", "test-sso", slug).out.splitlines()[0]

    installation.did("tenant", "delete", slug, "--yes")

    installation.tenant(slug)
    second = installation.run("config", "test-sso", slug).out.splitlines()[0]
    assert first == again
    assert slug in second
    assert second != first
