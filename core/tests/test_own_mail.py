"""A company's letters go by its own server, whose password nobody reads or leads elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from trato.access import store as people
from trato.configuration import apply_data
from trato.configuration.sealed import read_secret, save_secrets
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.mail.invitations import SEND
from trato.settings import Settings
from trato.testing.clients import Browser, browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato.testing.mail import Mailbox, mail_server
from trato.testing.pages import page_of
from trato.web.app import create_app

pytestmark = pytest.mark.database("sqlite")

PAGE = "/settings/mail"


@dataclass(frozen=True)
class Office:
    """A company with a mail server of its own on this machine, beside the installation's."""

    company: Company
    client: Browser
    own: Mailbox
    common: Mailbox

    @property
    def form(self) -> dict[str, str]:
        return {"mail_from": "ventas@acme.example", "mail_server": f"127.0.0.1:{self.own.port}"}


@pytest.fixture
def open_office(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock,
    issue_license: LicenseIssuer,
) -> Iterator[Callable[..., Office]]:  # fmt: skip
    hosts = []
    with mail_server() as own, mail_server() as common_server:

        def open_office(*private_hosts: str, common: bool = True) -> Office:
            host = Host(
                replace(
                    make_settings(database), mail_from="trato@host.example",
                    smtp_url=common_server.url if common else None,
                    public_url="https://crm.example", private_hosts=private_hosts,
                ),
                clock=host_clock,
            )  # fmt: skip
            hosts.append(host)
            company = make_company(host, issue_license, plugins=["clients"])
            admin = browser(create_app(host), company.member("admin", name="Ana Gómez"))
            return Office(company, admin, own, common_server)

        yield open_office
        for host in hosts:
            host.close()


def test_letters_go_by_the_companys_own_server(open_office: Callable[..., Office]) -> None:
    office = open_office("127.0.0.1")

    saved = office.client.post(PAGE, data=office.form)
    tried = office.client.post(f"{PAGE}/test")
    add_account(office.company, "eva@acme.example")
    invite(office, "eva@acme.example")

    assert (saved.status_code, tried.status_code) == (302, 302)
    trial, invitation = office.own.next(), office.own.next()
    assert "ventas@acme.example" in trial["From"]
    assert office.company.view.tenant.name in trial["From"]
    assert invitation["To"] == "eva@acme.example"
    assert office.common.letters.empty()


def test_a_first_password_is_chosen_by_a_link_that_the_company_cannot_read(
    open_office: Callable[..., Office],
) -> None:
    office = open_office("127.0.0.1")
    office.client.post(PAGE, data=office.form)

    invite(office, "gerente@otra.example")

    letter = office.common.next()
    assert letter["To"] == "gerente@otra.example"
    assert "/login/link?key=" in str(letter)
    assert office.own.letters.empty()


def test_where_the_installation_has_no_mail_the_companys_server_carries_the_link(
    open_office: Callable[..., Office],
) -> None:
    office = open_office("127.0.0.1", common=False)
    office.client.post(PAGE, data=office.form)

    invite(office, "nueva@acme.example")

    assert office.own.next()["To"] == "nueva@acme.example"


def invite(office: Office, email: str) -> None:
    office.client.post("/admin/invitations", data={"email": email, "roles": "seller"})
    with transaction(office.company.host.engine, tenant_id=office.company.id) as connection:
        (task,) = queue.tasks(connection, office.company.id, job=SEND)
    office.company.run_task(task.id)


def add_account(company: Company, email: str) -> None:
    with transaction(company.host.engine) as connection:
        people.create_user(
            connection, email=email, name="Eva", password_hash="x", now=company.host.clock()
        )


def test_without_one_they_go_by_the_installations(open_office: Callable[..., Office]) -> None:
    office = open_office()

    assert office.client.post(f"{PAGE}/test").status_code == 302
    assert "trato@host.example" in office.common.next()["From"]


def test_a_server_in_the_private_network_is_the_operators_to_allow(
    open_office: Callable[..., Office],
) -> None:
    office = open_office()
    office.client.post(PAGE, data=office.form)

    tried = office.client.post(f"{PAGE}/test")

    assert tried.status_code == 422
    assert "TRATO_PRIVATE_HOSTS" in tried.text
    assert office.own.letters.empty()


@pytest.mark.parametrize(
    ("key", "value"),
    [("mail_from", "sin arroba"), ("mail_server", "http://mal"), ("mail_server", "a:99999")],
)
def test_what_is_no_address_or_server_is_told_at_its_field(
    open_office: Callable[..., Office], key: str, value: str
) -> None:
    office = open_office()

    answer = office.client.post(PAGE, data=office.form | {key: value})

    assert answer.status_code == 422
    assert page_of(answer).error_of(key)
    assert not office.company.view.settings


def test_the_password_is_shown_to_nobody_and_follows_no_other_server(
    open_office: Callable[..., Office],
) -> None:
    office = open_office()
    company = office.company

    def kept() -> str | None:
        return read_secret(company.host, company.view, "core", "mail_password")

    with_user = office.form | {"mail_user": "ventas"}
    office.client.post(PAGE, data=with_user | {"mail_password": "muy-secreta"})
    assert kept() == "muy-secreta"
    assert "muy-secreta" not in office.client.get(PAGE).text
    office.client.post(PAGE, data=with_user)
    assert kept() == "muy-secreta"

    office.client.post(PAGE, data=with_user | {"mail_server": "evil.example"})
    assert kept() is None
    save_secrets(company.host, company.slug, "core", {"mail_password": "otra-clave"})
    apply_data(company.host, company.slug, {"settings": {"core": {"mail_user": "mallory"}}})
    assert kept() is None


@pytest.mark.parametrize(
    ("login", "field"),
    [({"mail_user": "ventas", "mail_password": "contraseña"}, "mail_password"),
     ({"mail_user": "ñandú", "mail_password": "clave"}, "mail_user")],
)  # fmt: skip
def test_a_login_that_the_trial_cannot_write_is_told_at_its_field(
    open_office: Callable[..., Office], login: dict[str, str], field: str
) -> None:
    office = open_office("127.0.0.1")
    assert office.client.post(PAGE, data=office.form | login).status_code == 302

    tried = office.client.post(f"{PAGE}/test")

    assert tried.status_code == 422
    assert "letras como ñ o á" in page_of(tried).error_of(field)


def test_only_administrators_reach_it(open_office: Callable[..., Office]) -> None:
    office = open_office()
    seller = browser(office.client.application, office.company.member("seller"))

    assert seller.get(PAGE).status_code == 404
    assert seller.post(PAGE).status_code == seller.post(f"{PAGE}/test").status_code == 404
