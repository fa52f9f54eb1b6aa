"""An administrator looks as a member: read only, noted, never into what is personal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from trato import administration
from trato.access.actor import Actor
from trato.errors import Forbidden
from trato.records import audit
from trato.testing.clients import Browser, csrf_of
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.web.auth import viewed

SignIn = Callable[..., Browser]
LIST = "/clients/clients"


def view_as(opened: Browser, member: Actor) -> int:
    answer = opened.post("/admin/view-as", data={"member": str(member.member_id)})
    return int(answer.status_code)


def events(tenant: Company, member: Actor) -> list[Any]:
    with tenant.unit(read=True) as unit:
        found = audit.history(unit.connection, tenant.id, member.member_id)
        faults = list(
            audit.verify(
                unit.connection, tenant.id, unit.view.entities.values(), keys=unit.audit_keys
            )
        )
    assert faults == []
    return found


@pytest.fixture
def records(tenant: Company, seller: Actor, actor: Actor) -> dict[str, str]:
    """Make a client of the seller and one of the administrator; give their addresses."""
    made = {}
    for name, owner in (("Del vendedor", seller), ("Del administrador", actor)):
        with tenant.unit(owner) as unit:
            made[name] = f"{LIST}/{unit.records.create('clients.client', {'name': name}).id}"
    return made


def test_administrator_sees_what_the_member_sees(
    client: Browser, seller: Actor, records: dict[str, str]
) -> None:
    assert view_as(client, seller) == 302

    page = page_of(client.get(LIST))

    assert "Del vendedor" in page.text
    assert "Del administrador" not in page.text
    assert client.get(records["Del administrador"]).status_code == 404
    assert seller.member.name in page.one("form", "t-viewing").text
    assert "Salir" in page.one("form", "t-viewing").one("button").text


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", f"{LIST}/new"), ("post", "/tenant"), ("post", "/account/password"),
     ("post", "/account/tokens"), ("post", "/admin/view-as"), ("post", "/admin/invitations"),
     ("post", "/api/v1/clients/clients"), ("patch", "/api/v1/clients/clients/x"),
     ("delete", "/api/v1/clients/clients/x"), ("put", LIST), ("post", "/login/password")],
)  # fmt: skip
def test_every_write_is_refused(
    client: Browser, seller: Actor, records: dict[str, str], method: str, path: str
) -> None:
    view_as(client, seller)

    answer = getattr(client, method)(path, data={"name": "Nuevo"})

    assert answer.status_code == 403


def test_own_records_of_the_member_stay_as_they_are(
    client: Browser, seller: Actor, records: dict[str, str]
) -> None:
    view_as(client, seller)
    url = records["Del vendedor"]

    assert client.post(f"{url}/edit", data={"name": "X", "version": "1"}).status_code == 403
    assert client.post(f"{url}/archive").status_code == 403
    assert f"{url}/edit" not in client.get(url).text


@pytest.mark.parametrize(
    "path", ["/account", "/account/tokens", "/account/second-factor", "/admin/view-as",
             "/admin/invitations", "/settings"],
)  # fmt: skip
def test_pages_of_the_person_alone_stay_closed(client: Browser, seller: Actor, path: str) -> None:
    view_as(client, seller)

    assert client.get(path).status_code == 403


def test_leaving_gives_ones_own_view_back(
    client: Browser, seller: Actor, records: dict[str, str]
) -> None:
    view_as(client, seller)

    assert client.post("/admin/view-as/end").status_code == 302

    page = page_of(client.get(LIST))
    assert "Del administrador" in page.text
    assert not page.all("form", "t-viewing")
    assert client.get("/account").status_code == 200


def test_beginning_and_end_are_in_the_members_audit(
    client: Browser, tenant: Company, actor: Actor, seller: Actor
) -> None:
    for _time in range(2):
        view_as(client, seller)
        client.post("/admin/view-as/end")

    found = events(tenant, seller)

    assert [entry.action for entry in found] == ["view_as_end", "view_as"] * 2
    assert {entry.member_id for entry in found} == {actor.member_id}


def test_another_administrator_cannot_be_looked_as(client: Browser, tenant: Company) -> None:
    peer = tenant.member("admin")
    clerk = tenant.member_with({}, permissions=["core.administer"])

    offered = page_of(client.get("/admin/view-as")).form("/admin/view-as")["member"]

    assert [view_as(client, other) for other in (peer, clerk)] == [403, 403]
    assert str(peer.member_id) not in offered
    assert events(tenant, peer) == []


def test_others_cannot_look_as_anybody(
    sign_in: SignIn, seller: Actor, viewer: Actor, client: Browser, other_actor: Actor
) -> None:
    assert view_as(sign_in(seller), viewer) == 403
    assert sign_in(seller).get("/admin/view-as").status_code == 403
    assert view_as(sign_in(other_actor), viewer) == 404
    assert client.post("/admin/view-as", data={"member": "x"}).status_code == 404


def test_view_ends_when_the_member_becomes_administrator(
    client: Browser, seller: Actor, tenant: Company
) -> None:
    view_as(client, seller)

    tenant.role("seller", {"admin": True})

    page = page_of(client.get(LIST))
    assert not page.all("form", "t-viewing")


def test_only_the_session_that_began_it_looks(
    client: Browser, sign_in: SignIn, actor: Actor, seller: Actor
) -> None:
    view_as(client, seller)

    assert sign_in(actor).get("/account").status_code == 200


def test_a_view_takes_few_more_statements(
    client: Browser, seller: Actor, count_statements: Callable[..., Any], records: dict[str, str]
) -> None:
    client.get(LIST)
    with count_statements() as own:
        client.get(LIST)
    view_as(client, seller)
    client.get(LIST)
    with count_statements() as looking:
        client.get(LIST)

    assert len(looking) <= len(own)


# --- memberships that end ------------------------------------------------------------------------


def test_auditor_comes_with_an_end_and_reads_only(
    client: Browser, sign_in: SignIn, tenant: Company, records: dict[str, str],
    clock: SettableClock,
) -> None:  # fmt: skip
    day = clock().date().replace(year=clock().year + 1).isoformat()
    data = {"email": f"revisor@{tenant.slug}.example", "roles": "auditor", "name": "Revisor"}

    refused = client.post("/admin/invitations", data=data)
    made = client.post("/admin/invitations", data=data | {"until": day})

    assert refused.status_code == 422
    assert page_of(refused).one(id="f-until-error").text
    link = page_of(made).one("code", id="t-link").text
    guest = sign_in()
    guest.get(link.removeprefix("http://localhost"))
    guest.csrf = csrf_of(guest.get("/login/password"))
    guest.post("/login/password", data={"name": "Revisor", "password": "mira y no toca nada"})
    assert "Del administrador" in guest.get(LIST).text
    assert guest.get(f"{LIST}/new").status_code == 403
    clock.advance(days=364)
    guest.sign_in(data["email"], "mira y no toca nada")
    assert "Del administrador" in guest.get(LIST).text
    clock.advance(days=3)
    assert guest.get(LIST).status_code == 404


def test_end_is_kept_by_sessions_tokens_and_the_tenant_switch(
    sign_in: SignIn, tenant: Company, make_api: Callable[..., Any], clock: SettableClock
) -> None:
    made = tenant.member("viewer")
    opened, api = sign_in(made), make_api(made)
    administration.create_user(
        tenant.host, tenant.slug, made.member.email, roles=["viewer"],
        ends_at=clock() + dt.timedelta(hours=1),
    )  # fmt: skip
    assert (opened.get(LIST).status_code, api.get("/api/v1/clients/clients").status_code) == (
        200, 200,
    )  # fmt: skip

    clock.advance(minutes=61)

    assert opened.get(LIST).status_code == 404
    assert api.get("/api/v1/clients/clients").status_code == 401
    assert opened.post("/tenant", data={"tenant": str(tenant.id)}).status_code == 404
    assert "no pertenece a ninguna empresa" in page_of(opened.get("/")).text


def test_units_of_a_view_write_nothing(tenant: Company, actor: Actor, seller: Actor) -> None:
    looking = viewed(tenant.renew(actor), seller.member_id, now=tenant.host.clock())
    assert looking is not None

    with tenant.host.unit(looking) as unit, pytest.raises(Forbidden) as refused:
        unit.records.create("clients.client", {"name": "Nuevo"})

    assert refused.value.code in ("viewing", "insufficient_scope")
