"""Whom a provider lets into the company, and as what; how an account is linked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
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
from sqlalchemy import select

from trato import administration, membership
from trato.access import identities
from trato.access import store as people
from trato.access import tables as t
from trato.db.engine import transaction
from trato.errors import DomainError
from trato.host import Host
from trato.jobs import queue
from trato.sso import inviting
from trato.testing.clients import browser
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, LicenseIssuer, make_company
from trato.testing.mail import mail_server
from trato.testing.pages import page_of
from trato.web.app import create_app

LUZ = "luz@acme.example"


# --- an e-mail finds nobody ----------------------------------------------------------------------


def test_an_account_with_the_same_email_elsewhere_is_somebody_else(
    office: Office, issue_license: LicenseIssuer
) -> None:
    """A company's provider may name any e-mail; it must not open, or take, another's account."""
    host = office.company.host
    other = make_company(host, issue_license, plugins=["clients"])
    owner = other.member("admin", email="gerencia@otra.example")
    office.provider.person |= {"email": "gerencia@otra.example"}

    opened, _answer = office.enter()

    member = office.member("gerencia@otra.example")
    assert member is not None
    assert owner.member is not None
    assert member.user_id != owner.member.user_id
    assert [place.slug for place in places_of(office, member.user_id)] == [office.company.slug]
    assert opened.post("/tenant", data={"tenant": str(other.id)}).status_code == 403
    with transaction(host.engine) as connection:
        found = people.find_user(connection, "gerencia@otra.example")
    assert found is not None
    assert found.id == owner.member.user_id


def places_of(office: Office, user_id: object) -> list[people.Membership]:
    with transaction(office.company.host.engine) as connection:
        return people.memberships(connection, user_id)  # type: ignore[arg-type]


@pytest.mark.database("sqlite")
def test_an_address_that_a_provider_named_is_still_free_for_who_owns_it(office: Office) -> None:
    office.enter()
    host = office.company.host
    other = administration.create_tenant(host, slug=f"otra-{office.company.id}", name="Otra")

    made = administration.create_user(host, other.slug, LUZ, roles=["admin"], password=PASSWORD)

    member = office.member(LUZ)
    assert made.created
    assert member is not None
    assert made.user_id != member.user_id


@pytest.mark.database("sqlite")
def test_who_has_the_email_in_the_company_already_links_it_himself(office: Office) -> None:
    office.company.member("seller", email=LUZ)

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "ya hay una cuenta con su correo" in text_of(answer)


@pytest.mark.database("sqlite")
def test_whom_the_provider_made_is_invited_no_second_time(office: Office) -> None:
    office.enter()

    with pytest.raises(DomainError, match="has access"):
        administration.create_user(
            office.company.host, office.company.slug, LUZ, roles=["seller"], password=PASSWORD
        )


@pytest.mark.database("sqlite")
def test_an_account_of_the_provider_has_no_password_to_guess_or_to_reset(office: Office) -> None:
    office.enter()
    member = office.member(LUZ)
    assert member is not None
    with transaction(office.company.host.engine) as connection:
        key = connection.execute(
            select(t.user.c.email_key).where(t.user.c.id == member.user_id)
        ).scalar_one()

    for email in (LUZ, key):
        assert office.open().sign_in(email, "").status_code == 401


# --- just in time --------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_nobody_new_enters_unless_the_company_says_so(office: Office) -> None:
    office.set(sso_creates_people=False)

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "lo conoce, pero usted no tiene acceso" in text_of(answer)
    assert office.member(LUZ) is None


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("groups", "roles"),
    [(["Ventas"], ("seller",)), (["Jefes", "Ventas"], ("manager", "seller")),
     ("Jefes", ("manager",)), (["Otros"], ("viewer",)), (None, ("viewer",))],
)  # fmt: skip
def test_groups_give_roles(office: Office, groups: object, roles: tuple[str, ...]) -> None:
    office.set(sso_roles_claim="groups", sso_roles="Ventas = seller\nJefes = manager",
               sso_default_role="viewer")  # fmt: skip
    office.provider.person["groups"] = groups

    office.enter()

    member = office.member(LUZ)
    assert member is not None
    assert member.roles == roles


@pytest.mark.database("sqlite")
def test_groups_may_stand_within_a_claim(office: Office) -> None:
    office.set(sso_roles_claim="realm_access.roles", sso_roles="jefes=manager",
               sso_default_role=None)  # fmt: skip
    office.provider.person["realm_access"] = {"roles": ["jefes"]}

    office.enter()

    member = office.member(LUZ)
    assert member is not None
    assert member.roles == ("manager",)


@pytest.mark.database("sqlite")
def test_who_has_no_group_with_a_role_is_not_let_in_and_later_not_let_back_in(
    office: Office,
) -> None:
    office.set(sso_roles_claim="groups", sso_roles="Ventas = seller", sso_default_role=None)
    _opened, first = office.enter()
    office.provider.person["groups"] = ["Otros"]

    _opened, second = office.enter()

    assert first.status_code == 302
    assert second.status_code == 403
    assert "Ninguno de sus grupos" in text_of(second)


@pytest.mark.database("sqlite")
def test_roles_follow_the_groups_of_whom_the_provider_made_alone(office: Office) -> None:
    office.set(sso_roles_claim="groups", sso_roles="Ventas = seller\nJefes = manager")
    office.enter()
    own = office.company.member("admin", email="ana@acme.example")
    office.provider.person |= {"sub": "s-2", "email": "ana@acme.example"}
    link_account(office, own)
    office.provider.person |= {"groups": ["Jefes"]}
    office.enter()
    office.provider.person |= {"sub": "s-1", "email": LUZ}

    office.enter()

    luz, ana = office.member(LUZ), office.member("ana@acme.example")
    assert luz is not None
    assert ana is not None
    assert (luz.roles, ana.roles) == (("manager",), ("admin",))
    assert any("manager" in str(content) for content in office.changes(luz.id))


@pytest.mark.database("sqlite")
def test_without_a_seat_nobody_new_enters(office: Office, issue_license: LicenseIssuer) -> None:
    company = office.company
    company.member("admin")
    used = len(company.view.members)
    administration.install_license(
        company.host, company.slug, issue_license(company.slug, ["clients"], seats=used)
    )

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "Usuarios de la licencia: 1; ya hay 1." in text_of(answer)
    assert office.member(LUZ) is None


@pytest.mark.database("sqlite")
def test_when_the_licence_is_over_who_was_in_reads_and_nobody_new_enters(
    office: Office, clock: SettableClock, issue_license: LicenseIssuer
) -> None:
    office.enter()
    company = office.company
    day = clock().date() - dt.timedelta(days=60)
    administration.install_license(
        company.host, company.slug, issue_license(company.slug, ["clients"], expires=day)
    )

    opened, known = office.enter()
    office.provider.person |= {"sub": "s-9", "email": "nuevo@acme.example"}
    _opened, new = office.enter()

    assert known.status_code == 302
    assert enters(opened)
    assert new.status_code == 403
    assert "la licencia de" in text_of(new)


@pytest.mark.database("sqlite")
def test_who_has_left_does_not_come_back_by_the_provider(office: Office) -> None:
    office.enter()
    member = office.member(LUZ)
    assert member is not None
    membership.end_member(office.company.host, office.company.system(), member.id, heir_id=None)

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "Su acceso a" in text_of(answer)


# --- linking -------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_who_is_signed_in_links_the_account_and_enters_by_it(office: Office) -> None:
    office.set(sso_creates_people=False)
    own = office.company.member("manager")
    link_account(office, own)

    opened, answer = office.enter()

    assert answer.status_code == 302
    assert own.member is not None
    assert own.member.email in opened.get("/account").text
    assert any("s-1" in str(content) for content in office.changes(own.member.id))


@pytest.mark.database("sqlite")
def test_another_session_does_not_finish_a_link(office: Office) -> None:
    """An attacker's account must not be tied to who happens to be signed in."""
    people = [office.company.member("seller") for _who in range(2)]
    attacker, victim = people
    opened = office.open(attacker)
    back = path_of(office.go(opened, path=f"{office.door}/link"))
    opened.delete_cookie("trato_session")
    opened.sign_in(victim.member.email if victim.member else "")

    answer = opened.get(back)

    assert answer.status_code == 400
    with transaction(office.company.host.engine, tenant_id=office.company.id) as connection:
        known = [
            identities.of_member(connection, office.company.id, office.provider.issuer, who)
            for who in (person.member_id for person in people)
            if who is not None
        ]
    assert known == [None, None]


@pytest.mark.database("sqlite")
def test_an_identity_is_one_persons(office: Office) -> None:
    link_account(office, office.company.member("seller"))
    opened = office.open(office.company.member("seller"))
    back = office.go(opened, path=f"{office.door}/link")

    answer = opened.get(path_of(back))

    assert answer.status_code == 403
    assert "ya está vinculada con otra persona" in text_of(answer)


@pytest.mark.database("sqlite")
def test_an_invitation_to_link_names_the_person_and_works_once(office: Office) -> None:
    office.set(sso_creates_people=False)
    own = office.company.member("manager", name="Eva Rojas")
    admin = office.open(office.company.member("admin"))
    assert own.member is not None
    made = page_of(admin.post(f"/settings/users/{own.member.id}/identity"))
    link = path_of(made.one("code", id="t-link").text.strip())
    opened = office.open()
    opened.get(link)
    shown = text_of(opened.get(office.door))

    _opened, answer = office.enter(opened, data={"link": "1"})
    office.provider.person["sub"] = "s-2"
    other = office.open()
    other.get(link)
    _other, again = office.enter(other, data={"link": "1"})

    assert "Eva Rojas" in shown
    assert answer.status_code == 302
    assert "Eva Rojas" in opened.get("/account").text
    assert again.status_code == 403


@pytest.mark.database("sqlite")
def test_where_mail_is_set_up_the_link_goes_to_the_person_alone(office: Office) -> None:
    own = office.company.member("manager")
    with mail_server() as post:
        settings = replace(
            office.company.host.settings, smtp_url=post.url, mail_from="trato@host.example",
            public_url="https://crm.example",
        )  # fmt: skip
        host = Host(settings, clock=office.company.host.clock)
        company = replace(office.company, host=host)
        admin = browser(create_app(host), company.member("admin"))
        assert own.member is not None

        answer = admin.post(f"/settings/users/{own.member.id}/identity")
        with transaction(host.engine, tenant_id=company.id) as connection:
            (task,) = queue.tasks(connection, company.id, job=inviting.SEND)
        company.run_task(task.id)

        letter = post.next()
        host.close()
    assert answer.status_code == 302
    assert letter["To"] == own.member.email
    assert f"https://crm.example{office.door}/link?key=" in str(letter).replace("=\n", "")


@pytest.mark.database("sqlite")
def test_a_link_that_was_slipped_to_somebody_ties_nothing_by_itself(office: Office) -> None:
    own = office.company.member("manager", name="Eva Rojas")
    assert own.member is not None
    link = inviting.invite_to_link(
        office.company.host, office.company.system(), own.member.id, base_url="http://localhost"
    )
    opened = office.open()
    opened.get(path_of(link))

    office.enter(opened)

    assert "Luz Marina Peña" in opened.get("/account").text


@pytest.mark.database("sqlite")
def test_unlinking_ends_what_the_identity_opened(office: Office) -> None:
    own = office.company.member("seller")
    by_password = link_account(office, own)
    opened, _answer = office.enter()

    by_password.post("/account/identity/unlink")

    assert not enters(opened)
    assert enters(by_password)


@pytest.mark.database("sqlite")
def test_somebody_who_administers_only_ties_no_identity_to_an_administrator(
    office: Office,
) -> None:
    chief = office.company.member("admin")
    helper = office.company.member_with({}, permissions=["core.administer"])
    opened = office.open(helper)
    assert chief.member is not None

    made = opened.post(f"/settings/users/{chief.member.id}/identity")
    saved = opened.post("/settings/sso", data={"sso_issuer": "https://mio.example"})

    assert (made.status_code, saved.status_code) == (422, 422)
    assert office.company.view.settings["core", "sso_issuer"] == office.provider.issuer
