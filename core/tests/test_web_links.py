"""Invitations and forgotten passwords, from the letter to the signed-in person."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from email.message import EmailMessage

import pytest
from flask import Flask

from trato import administration
from trato.access import tables as t
from trato.access.actor import Actor
from trato.access.store import read_user
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue as tasks
from trato.jobs.claiming import Claim
from trato.jobs.worker import Worker
from trato.mail.invitations import CHANGED, RESET, SEND
from trato.settings import Settings
from trato.testing.clients import Browser, browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import PASSWORD, Company
from trato.testing.databases import Database
from trato.testing.mail import Mailbox, link_of, mail_server
from trato.testing.pages import page_of
from trato.web.app import create_app

NEW = "cuatro palabras en fila"
PUBLIC = "https://crm.acme.example"


@dataclass(frozen=True)
class Post:
    """A host whose letters go to a server of this machine."""

    app: Flask
    box: Mailbox
    host: Host


@pytest.fixture
def post(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Iterator[Post]:
    with mail_server() as box:
        settings = replace(
            make_settings(database), smtp_url=box.url, mail_from="trato@acme.example",
            public_url=PUBLIC,
        )  # fmt: skip
        host = Host(settings, clock=host_clock)
        yield Post(create_app(host), box, host)
        host.close()


def invite(opened: Browser, email: str, **more: object) -> str:
    answer = opened.post("/admin/invitations", data={"email": email, "roles": "seller"} | more)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(post: Post, actor: Actor, job: str = SEND) -> tasks.Task:
    """Run the newest task that sends a letter as a worker does; gives what came of it."""
    with transaction(post.host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        newest = tasks.tasks(connection, actor.tenant_id, job=job)[0]
    claim = Claim(tenant_id=actor.tenant_id, task_id=newest.id)
    assert Worker(host=post.host, name="test").run_task(claim)
    with transaction(post.host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        return tasks.find(connection, actor.tenant_id, newest.id)


def delivered(post: Post, actor: Actor, job: str = SEND) -> EmailMessage:
    """Send a letter, an invitation's where no job is named, and take it from the box."""
    assert send(post, actor, job).state == "done"
    return post.box.next()


def follow(opened: Browser, link: str) -> Browser:
    """Open a link of a letter and take the token of the form behind it."""
    answer = opened.get(link.removeprefix(PUBLIC).removeprefix("http://localhost"))
    assert answer.headers["Location"] == "/login/password"
    form = opened.get("/login/password")
    opened.csrf = csrf_of(form)
    return opened


def ask_reset(opened: Browser, email: str) -> str:
    opened.csrf = csrf_of(opened.get("/login/forgot"))
    answer = opened.post("/login/forgot", data={"email": email})
    assert answer.status_code == 200
    return str(page_of(answer).text.replace(email, "EMAIL"))


def resets(post: Post, tenant_id: int) -> int:
    """Count a company's tasks that send a link for a new password."""
    with transaction(post.host.engine, tenant_id=tenant_id, read=True) as connection:
        return len(tasks.tasks(connection, tenant_id, job=RESET))


# --- invitations ---------------------------------------------------------------------------------


def test_invited_person_chooses_name_and_password_and_is_in(post: Post, actor: Actor) -> None:
    shown = invite(browser(post.app, actor), "luz@nueva.example", name="Lus")
    link = link_of(delivered(post, actor))
    guest = follow(browser(post.app), link)

    answer = guest.post("/login/password", data={"name": "Luz Marina", "password": NEW})

    assert link.startswith(f"{PUBLIC}/login/link?key=")
    assert link not in shown
    assert answer.headers["Location"] == "/"
    assert "Luz Marina" in guest.get("/account").text
    view = post.host.for_tenant(actor.tenant_id)
    assert "Luz Marina" in {member.name for member in view.members.values()}
    assert browser(post.app).sign_in("luz@nueva.example", NEW).status_code == 302


def test_nobody_signs_in_before_accepting(post: Post, actor: Actor) -> None:
    invite(browser(post.app, actor), "sol@nueva.example")
    delivered(post, actor)

    for password in ("", PASSWORD, "None"):
        assert browser(post.app).sign_in("sol@nueva.example", password).status_code == 401


def test_link_works_once(post: Post, actor: Actor) -> None:
    invite(browser(post.app, actor), "ana@una.example")
    link = link_of(delivered(post, actor))
    follow(browser(post.app), link).post("/login/password", data={"name": "Ana", "password": NEW})
    late = browser(post.app)

    late.get(link.removeprefix(PUBLIC))
    answer = late.get("/login/password")

    assert answer.status_code == 410
    assert page_of(answer).title == "Este enlace ya no sirve"


def test_opening_a_link_uses_nothing_up(post: Post, actor: Actor) -> None:
    invite(browser(post.app, actor), "eva@una.example")
    link = link_of(delivered(post, actor))

    for _look in range(3):
        follow(browser(post.app), link)


@pytest.mark.parametrize(("days", "status"), [(6.9, 200), (7.1, 410)])
def test_invitation_ends_after_seven_days(
    post: Post, actor: Actor, clock: SettableClock, days: float, status: int
) -> None:
    invite(browser(post.app, actor), f"dia-{status}@una.example")
    link = link_of(delivered(post, actor))
    clock.advance(days=days)
    guest = browser(post.app)

    guest.get(link.removeprefix(PUBLIC))

    assert guest.get("/login/password").status_code == status


def test_newer_invitation_ends_the_earlier_link(post: Post, actor: Actor) -> None:
    opened = browser(post.app, actor)
    invite(opened, "dos@una.example")
    first = link_of(delivered(post, actor))
    invite(opened, "dos@una.example")
    second = link_of(delivered(post, actor))

    guest = browser(post.app)
    guest.get(first.removeprefix(PUBLIC))
    assert guest.get("/login/password").status_code == 410
    follow(browser(post.app), second)


def test_who_has_an_account_is_let_in_at_once_and_told(
    post: Post, actor: Actor, other_actor: Actor
) -> None:
    email = other_actor.member.email
    invite(browser(post.app, actor), email)

    letter = delivered(post, actor)
    assert letter["To"] == email
    assert link_of(letter) == f"{PUBLIC}/"
    guest = browser(post.app, other_actor)
    switched = guest.post("/tenant", data={"tenant": str(actor.tenant_id)})
    assert switched.status_code == 302
    assert actor.view.tenant.name in guest.get("/account").text


def test_without_mail_the_administrator_gets_the_link(
    sign_in: Callable[..., Browser], client: Browser
) -> None:
    told = page_of(client.get("/admin/invitations")).text
    shown = client.post("/admin/invitations", data={"email": "a@sin.example", "roles": "viewer"})
    link = page_of(shown).one("code", id="t-link").text

    guest = follow(sign_in(), link)

    assert "TRATO_SMTP_URL" in told
    assert guest.post("/login/password", data={"name": "A", "password": NEW}).status_code == 302


def test_an_address_that_the_mail_server_refuses_is_told_and_not_tried_again(
    post: Post, actor: Actor
) -> None:
    post.box.refused.add("no@hay.example")

    shown = invite(browser(post.app, actor), "no@hay.example")
    task = send(post, actor)

    assert "key=" not in shown
    assert task.state == "failed"
    assert "rechaza la dirección no@hay.example" in (task.message or "")
    assert "rechaza la dirección" in browser(post.app, actor).get("/settings/jobs").text


def test_a_mail_server_that_is_down_keeps_nobody_waiting_and_is_tried_again(
    post: Post, actor: Actor, clock: SettableClock
) -> None:
    address = post.host.settings.smtp_url
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"smtp://127.0.0.1:{nobody.getsockname()[1]}"
        post.host.settings = replace(post.host.settings, smtp_url=dead)
        shown = invite(browser(post.app, actor), "sin@afan.example")
        waiting = send(post, actor)
    post.host.settings = replace(post.host.settings, smtp_url=address)
    clock.advance(minutes=1)
    done = send(post, actor)

    assert "va en camino" in shown
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert "No se pudo usar" in (waiting.message or "")
    assert (done.state, done.attempts) == ("done", 2)
    follow(browser(post.app), link_of(post.box.next()))


def test_no_link_lies_in_the_queue(post: Post, actor: Actor) -> None:
    invite(browser(post.app, actor), "luz@nueva.example")
    with transaction(post.host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        [task] = tasks.tasks(connection, actor.tenant_id, job=SEND)
    letter = delivered(post, actor)

    assert set(task.payload) == {"user_id", "inviter"}
    assert link_of(letter)


@pytest.mark.parametrize("email", ["", "nadie", "a b@c.example", "a@b.example,c@d.example"])
def test_what_is_no_address_is_refused_at_its_field(client: Browser, email: str) -> None:
    answer = client.post("/admin/invitations", data={"email": email, "roles": "viewer"})

    assert answer.status_code == 422
    assert page_of(answer).one(id="f-email-error").text


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_administrators_invite(
    sign_in: Callable[..., Browser], seller: Actor, method: str
) -> None:
    answer = getattr(sign_in(seller), method)("/admin/invitations")

    assert answer.status_code == 403


def test_who_only_administers_makes_no_full_administrator(
    sign_in: Callable[..., Browser], tenant: Company
) -> None:
    clerk = sign_in(tenant.member_with({}, permissions=["core.administer"]))

    offered = page_of(clerk.get("/admin/invitations")).form("/admin/invitations")
    answer = clerk.post("/admin/invitations", data={"email": "z@z.example", "roles": "admin"})

    assert answer.status_code == 422
    assert "admin" not in offered["roles"]


# --- forgotten passwords -------------------------------------------------------------------------


def test_forgotten_password_is_replaced_and_ends_all_sessions(post: Post, seller: Actor) -> None:
    before = browser(post.app, seller)
    guest = browser(post.app)
    ask_reset(guest, seller.member.email.upper())
    follow(guest, link_of(delivered(post, seller, RESET)))

    answer = guest.post("/login/password", data={"password": NEW})

    assert answer.headers["Location"] == "/"
    assert before.get("/account").headers["Location"].startswith("/login")
    assert browser(post.app).sign_in(seller.member.email).status_code == 401
    assert browser(post.app).sign_in(seller.member.email, NEW).status_code == 302
    assert delivered(post, seller, CHANGED)["Subject"] == "Se cambió su contraseña de Trato"


def test_letter_for_a_password_outlives_a_mail_server_that_is_down(
    post: Post, seller: Actor, clock: SettableClock
) -> None:
    """It is tried again, and its link, made when it is sent, lives from then on."""
    address = post.host.settings.smtp_url
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"smtp://127.0.0.1:{nobody.getsockname()[1]}"
        post.host.settings = replace(post.host.settings, smtp_url=dead)
        ask_reset(browser(post.app), seller.member.email)
        waiting = send(post, seller, RESET)
    post.host.settings = replace(post.host.settings, smtp_url=address)
    clock.advance(hours=3)

    guest = follow(browser(post.app), link_of(delivered(post, seller, RESET)))

    assert waiting.state == "queued"
    assert set(waiting.payload) == {"user_id"}
    assert guest.post("/login/password", data={"password": NEW}).status_code == 302


def test_known_and_unknown_addresses_are_answered_alike(post: Post, seller: Actor) -> None:
    known = ask_reset(browser(post.app), seller.member.email)
    unknown = ask_reset(browser(post.app), "nadie@nunca.example")

    assert known == unknown
    assert resets(post, seller.tenant_id) == 1
    assert delivered(post, seller, RESET)["To"] == seller.member.email


@pytest.mark.parametrize(("hours", "status"), [(1.9, 200), (2.1, 410)])
def test_link_for_a_password_ends_after_two_hours(
    post: Post, seller: Actor, clock: SettableClock, hours: float, status: int
) -> None:
    guest = browser(post.app)
    ask_reset(guest, seller.member.email)
    link = link_of(delivered(post, seller, RESET))
    clock.advance(hours=hours)

    guest.get(link.removeprefix(PUBLIC))

    assert guest.get("/login/password").status_code == status


def test_letters_to_one_address_are_limited(post: Post, seller: Actor) -> None:
    guest = browser(post.app)
    for _letter in range(3):
        ask_reset(guest, seller.member.email)
        delivered(post, seller, RESET)

    answer = guest.post("/login/forgot", data={"email": seller.member.email})

    assert answer.status_code == 429
    assert resets(post, seller.tenant_id) == 3


def test_locked_account_opens_with_a_new_password(
    post: Post, seller: Actor, clock: SettableClock
) -> None:
    guest = browser(post.app)
    for _attempt in range(post.host.settings.login_attempts):
        guest.sign_in(seller.member.email, "no es esta clave")
    ask_reset(guest, seller.member.email)
    follow(guest, link_of(delivered(post, seller, RESET))).post(
        "/login/password", data={"password": NEW}
    )

    assert browser(post.app).sign_in(seller.member.email, NEW).status_code == 302


@pytest.mark.parametrize("password", ["corta", "aaaaaaaaaaaaaa", "EMAIL"])
def test_weak_password_is_refused_and_the_link_lives_on(
    post: Post, seller: Actor, password: str
) -> None:
    guest = browser(post.app)
    ask_reset(guest, seller.member.email)
    follow(guest, link_of(delivered(post, seller, RESET)))

    refused = guest.post(
        "/login/password", data={"password": password.replace("EMAIL", seller.member.email)}
    )

    assert refused.status_code == 422
    assert guest.post("/login/password", data={"password": NEW}).status_code == 302


def test_without_mail_the_page_says_whom_to_ask(sign_in: Callable[..., Browser]) -> None:
    page = page_of(sign_in().get("/login/forgot"))

    assert "no envía correo" in page.text
    assert not page.all("form")


def test_ended_user_gets_no_letter(post: Post, tenant: Company) -> None:
    made = administration.create_user(post.host, tenant.slug, "ido@x.example", roles=["viewer"])
    with transaction(post.host.engine) as connection:
        connection.execute(
            t.user.update().where(t.user.c.id == made.user_id).values(is_active=False)
        )
        assert read_user(connection, made.user_id) is not None

    ask_reset(browser(post.app), "ido@x.example")

    assert resets(post, tenant.id) == 0


def test_who_works_here_already_is_not_invited_out_of_their_roles(
    client: Browser, actor: Actor, tenant: Company
) -> None:
    data = {"email": actor.member.email.upper(), "roles": "viewer"}

    answer = client.post("/admin/invitations", data=data)

    assert answer.status_code == 422
    assert "ya tiene acceso" in page_of(answer).one(id="f-email-error").text
    assert tenant.view.members[actor.member_id].roles == ("admin",)
