"""No password, token, secret or code is in a log, and in a page only where it must be."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from trato.access.actor import Actor
from trato.access.store import create_user
from trato.db.engine import transaction
from trato.host import Host
from trato.settings import Settings
from trato.testing.clients import Browser, browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, Company
from trato.testing.databases import Database
from trato.testing.mail import Mailbox, link_of, mail_server
from trato.testing.pages import page_of
from trato.web.app import create_app

WRONG = "esta no era la clave"
FIRST = "la primera clave nueva"
SECOND = "la segunda clave nueva"
PUBLIC = "https://crm.acme.example"


@dataclass
class Seen:
    """Secrets by name, and every answer with the step it came in."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, str]] = field(default_factory=list)
    step: str = ""

    def keep(self, response: TestResponse) -> TestResponse:
        """Note what a browser was answered: body and headers, but for its own cookie."""
        headers = "\n".join(
            f"{name}: {value}" for name, value in response.headers if name != "Set-Cookie"
        )
        self.answers.append((self.step, f"{headers}\n{response.get_data(as_text=True)}"))
        return response

    def found(self) -> set[tuple[str, str]]:
        """Give each secret that was shown, with the step that showed it."""
        return {
            (name, step)
            for step, text in self.answers
            for name, secret in self.secrets.items()
            if secret in text or secret in text.replace(" ", "")
        }


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def mailing(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock,
    box: Mailbox,
) -> Iterator[Flask]:  # fmt: skip
    """Give an application that sends mail."""
    settings = replace(
        make_settings(database), smtp_url=box.url, mail_from="trato@acme.example",
        public_url=PUBLIC,
    )  # fmt: skip
    host = Host(settings, clock=host_clock)
    yield create_app(host)
    host.close()


def watched(app: Flask, seen: Seen, actor: Actor | None = None) -> Browser:
    """Open a browser whose answers are noted."""
    opened = browser(app, actor)
    plain = opened.open

    def noted(*args: Any, **kwargs: Any) -> TestResponse:
        return seen.keep(plain(*args, **kwargs))

    opened.open = noted  # type: ignore[method-assign]
    return opened


def look_at_everything(opened: Browser) -> None:
    for path in (
        "/",
        "/account",
        "/account/tokens",
        "/account/second-factor",
        "/clients/clients",
        "/admin/invitations",
        "/admin/view-as",
        "/nothing",
        "/api/v1/openapi.json",
    ):
        opened.get(path)  # fmt: skip


def letter(app: Flask, tenant: Company, box: Mailbox) -> EmailMessage:
    """Do what is queued, on the host that sends mail, and take the letter that comes of it."""
    replace(tenant, host=app.extensions["trato"]).run_queued()
    return box.next()


def key_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["key"][0]


@pytest.mark.slow
def test_no_secret_is_logged_or_shown_where_it_need_not_be(
    mailing: Flask, tenant: Company, actor: Actor, box: Mailbox, seen: Seen,
    clock: SettableClock, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    secrets = seen.secrets
    secrets |= {"wrong password": WRONG, "old password": PASSWORD, "first password": FIRST,
                "second password": SECOND}  # fmt: skip
    admin = watched(mailing, seen, actor)
    secrets["session"] = admin.get_cookie("trato_session").value

    seen.step = "wrong sign-in"
    watched(mailing, seen).sign_in(actor.member.email, WRONG)

    seen.step = "invitation"
    admin.post("/admin/invitations", data={"email": "luz@x.example", "roles": "admin"})
    secrets["invitation"] = key_of(link_of(letter(mailing, tenant, box)))
    guest = watched(mailing, seen)
    guest.get(f"/login/link?key={secrets['invitation']}")
    guest.csrf = csrf_of(guest.get("/login/password"))
    guest.post("/login/password", data={"name": "Luz", "password": "corta"})
    guest.post("/login/password", data={"name": "Luz", "password": FIRST})
    guest.csrf = csrf_of(guest.get("/account"))

    seen.step = "invitation that fails"
    box.refused.add("no@x.example")
    admin.post("/admin/invitations", data={"email": "no@x.example", "roles": "viewer"})

    seen.step = "set-up"
    shown = guest.get("/account/second-factor")
    secrets["totp"] = page_of(shown).one("code", id="t-key").text.replace(" ", "")
    secrets["first code"] = pyotp.TOTP(secrets["totp"]).at(clock())
    seen.step = "confirmed"
    codes = guest.post("/account/second-factor", data={"code": secrets["first code"]})
    listed = page_of(codes).one("pre", id="t-codes").text.split()
    secrets |= {f"recovery {n}": code for n, code in enumerate(listed)}

    seen.step = "token"
    data = {"name": "Lista", "days": "30", "scopes": "*:read"}
    made = guest.post("/account/tokens", data=data)
    secrets["token"] = page_of(made).one("code", id="t-token").text
    seen.step = "token used"
    client = FlaskClient(mailing, mailing.response_class, use_cookies=False)
    headers = {"Authorization": f"Bearer {secrets['token']}"}
    for method, path in (("get", "/api/v1/clients/clients"), ("post", "/api/v1/clients/clients"),
                         ("get", "/account"), ("get", "/api/v1/nothing/here")):  # fmt: skip
        seen.keep(getattr(client, method)(path, headers=headers))
    seen.keep(client.get("/api/v1/clients/clients",
                         headers={"Authorization": f"Bearer {secrets['token']}x"}))  # fmt: skip

    seen.step = "changed"
    refused = guest.post("/account/password", data={"current": WRONG, "new": SECOND})
    guest.post("/account/password", data={"current": FIRST, "new": SECOND})
    letter(mailing, tenant, box)

    seen.step = "second step"
    clock.advance(seconds=60)
    other = watched(mailing, seen)
    other.csrf = csrf_of(other.get("/login"))
    other.post("/login", data={"email": "luz@x.example", "password": SECOND})
    secrets["pending"] = other.get_cookie("trato_session").value
    secrets["second code"] = pyotp.TOTP(secrets["totp"]).at(clock())
    other.post("/login/code", data={"code": listed[0] + "x"})
    other.post("/login/code", data={"code": secrets["second code"]})
    other.post("/login/code", data={"code": secrets["second code"]})

    seen.step = "reset"
    lost = watched(mailing, seen)
    lost.csrf = csrf_of(lost.get("/login/forgot"))
    lost.post("/login/forgot", data={"email": "luz@x.example"})
    secrets["reset"] = key_of(link_of(letter(mailing, tenant, box)))
    lost.get(f"/login/link?key={secrets['reset']}")
    lost.get("/login/password")
    lost.post("/login/password", data={"password": ""}, headers={"X-CSRF-Token": "forged"})

    seen.step = "everything"
    for opened in (admin, guest, other):
        look_at_everything(opened)

    assert refused.status_code == 422
    assert seen.found() == {
        ("totp", "set-up"), ("token", "token"),
        *((f"recovery {n}", "confirmed") for n in range(len(listed))),
    }  # fmt: skip
    assert "trato.web" in {record.name for record in caplog.records}
    # The mail server of the tests, at the other end of the line, logs what it is given.
    ours = [record for record in caplog.records if not record.name.startswith("mail.")]
    logged = "\n".join(
        f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in ours
    )
    assert [name for name, secret in secrets.items() if secret in logged] == []


@pytest.mark.parametrize("name", ["password", "code"])
def test_wrong_secret_is_not_written_back_into_its_form(
    sign_in: Callable[..., Browser], seller: Actor, name: str
) -> None:
    opened = sign_in(seller)
    typed = "esto-se-ha-tecleado"

    answer = (
        opened.post("/account/password", data={"current": typed, "new": f"{typed}-2"})
        if name == "password"
        else opened.post("/account/second-factor", data={"code": typed[:19]})
    )

    assert answer.status_code == 422
    assert typed[:19] not in answer.text


def test_failing_statement_is_told_without_its_values(host: Host) -> None:
    person = {"email": "luz@dos.example", "name": "Luz Secreta", "now": host.clock(),
              "password_hash": "$argon2id$not-for-logs"}  # fmt: skip
    with transaction(host.engine) as connection:
        create_user(connection, **person)

    with pytest.raises(IntegrityError) as failed, transaction(host.engine) as connection:
        create_user(connection, **person)

    assert "not-for-logs" not in str(failed.value)
    assert "Luz Secreta" not in str(failed.value)


#: Names under which forms and bodies carry a secret.
_SECRET_FIELDS = ("password", "current", "new", "code", "token", "secret", "mail_password",
                  "secret_key")  # fmt: skip


def test_no_address_tells_or_logs_a_secret_that_is_sent_to_it(
    app: Flask, sign_in: Callable[..., Browser], tenant: Company, actor: Actor,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Whatever address it is: the list is the program's own, so a new one is tried at once."""
    caplog.set_level(logging.DEBUG)
    typed = "Clave-que-nadie-lee-93"
    with tenant.unit() as unit:
        client = str(unit.records.create("clients.client", {"name": "Ferretería"}).id)
    known = {"plugin": "clients", "collection": "clients", "entity_name": "clients.client",
             "key": "admin", "field_path": "name", "field": "name", "number": "0",
             "kind": "favourite", "action": "retire", "name": "colombia", "extension": "csv",
             "path": "clients", "what": "favourite"}  # fmt: skip
    told: list[str] = []
    tried = set()
    opened: Browser = sign_in(actor)
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: ("signin" in r.endpoint, str(r))):
        # A licence is signed, not secret; one that is refused comes back to be mended.
        if "POST" not in (rule.methods or {"POST"}) or rule.endpoint == "admin.install_license":
            continue
        address = "".join(
            known.get(part.rpartition(":")[2], client) if at % 2 else part
            for at, part in enumerate(re.split(r"[<>]", rule.rule))
        )
        data = dict.fromkeys(_SECRET_FIELDS, typed) | {"email": actor.member.email}
        sent = {"json": data} if rule.rule.startswith("/api/") else {"data": data}
        answer = opened.post(address, **sent)
        tried.add(rule.endpoint)
        headers = "\n".join(value for name, value in answer.headers if name != "Set-Cookie")
        if typed in headers + answer.get_data(as_text=True):
            told.append(f"POST {address}")
        if opened.get("/account").status_code != 200:  # signed out, or its plugin went away
            opened = sign_in(tenant.renew(actor))

    assert told == []
    assert {"signin.sign_out", "signin.sign_in", "account.change_password", "tokens.make",
            "admin.save_mail", "second_factor.set_up"} <= tried  # fmt: skip
    assert len(tried) > 60
    logged = [f"{record.getMessage()} {record.args!r} {record.exc_text}"
              for record in caplog.records if record.name.startswith("trato")]  # fmt: skip
    assert logged, "the log is read"
    assert [line for line in logged if typed in line] == []
