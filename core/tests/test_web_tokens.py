"""A person's own tokens, made and ended in the account page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from trato.access import tables as t
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.pages import Element, page_of

SignIn = Callable[..., Browser]
URL = "/api/v1/clients/clients"


def make(opened: Browser, **fields: object) -> str:
    """Make a token by the form and read it from the answer."""
    data = {"name": "Lista de precios", "days": "30", "scopes": "clients:read"} | fields
    return page_of(opened.post("/account/tokens", data=data)).one("code", id="t-token").text


def call(app: Flask, token: str, method: str = "get", url: str = URL, **more: object) -> int:
    client = FlaskClient(app, app.response_class, use_cookies=False)
    headers = {"Authorization": f"Bearer {token}"}
    return int(getattr(client, method)(url, headers=headers, **more).status_code)


def rows(opened: Browser) -> list[Element]:
    return page_of(opened.get("/account/tokens")).one("ul", "t-card-rows").all("li")


def test_token_works_within_its_scopes(app: Flask, sign_in: SignIn, seller: Actor) -> None:
    token = make(sign_in(seller))

    assert call(app, token) == 200
    assert call(app, token, "post", json={"name": "Acme"}) == 403
    assert call(app, make(sign_in(seller), scopes="clients:write"), "post",
                json={"name": "Acme"}) == 201  # fmt: skip


def test_token_is_shown_once_and_kept_as_a_hash(sign_in: SignIn, seller: Actor, host: Host) -> None:
    opened = sign_in(seller)
    token = make(opened)

    with transaction(host.engine, tenant_id=seller.tenant_id, read=True) as connection:
        kept = repr(connection.execute(t.token.select()).all())

    secret = token.split("_", 2)[2]
    assert secret not in opened.get("/account/tokens").text
    assert secret not in kept


def test_list_says_name_scopes_end_and_last_use(app: Flask, sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in(seller)
    token = make(opened)
    before = rows(opened)[0].text
    call(app, token)
    after = rows(opened)[0].text

    assert before.startswith("Lista de precios Leer ")
    assert "sin usar todavía · vence el" in before
    assert "último uso" in after


def test_revoked_token_ends_at_once(app: Flask, sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in(seller)
    token = make(opened)
    url = rows(opened)[0].one("form").attrs["action"]

    answer = opened.post(url)

    assert answer.status_code == 302
    assert call(app, token) == 401
    assert not page_of(opened.get("/account/tokens")).all("ul", "t-card-rows")
    assert opened.post(url).status_code == 404


def test_token_expires_on_its_day(
    app: Flask, sign_in: SignIn, seller: Actor, clock: SettableClock
) -> None:
    token = make(sign_in(seller))

    clock.advance(days=29.9)
    assert call(app, token) == 200
    clock.advance(days=0.2)
    assert call(app, token) == 401


def test_nobody_sees_or_ends_tokens_of_others(
    app: Flask, sign_in: SignIn, seller: Actor, viewer: Actor, other_actor: Actor
) -> None:
    opened = sign_in(seller)
    token = make(opened)
    url = rows(opened)[0].one("form").attrs["action"]

    for stranger in (sign_in(viewer), sign_in(other_actor)):
        assert "Lista de precios" not in stranger.get("/account/tokens").text
        assert stranger.post(url).status_code == 404
    assert call(app, token) == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "  "), ("days", "3650"), ("days", "x"), ("scopes", ""), ("scopes", "nothing:read")],
)
def test_what_is_missing_is_told_at_its_field(
    sign_in: SignIn, seller: Actor, field: str, value: str
) -> None:
    data = {"name": "x", "days": "30", "scopes": "clients:read"} | {field: value}

    answer = sign_in(seller).post("/account/tokens", data=data)

    assert answer.status_code == 422
    assert page_of(answer).one(id=f"f-{field}-error").text
    assert not page_of(answer).all(id="t-token")


def test_token_opens_no_page_and_makes_no_other_token(
    app: Flask, sign_in: SignIn, seller: Actor
) -> None:
    token = make(sign_in(seller))
    data = {"name": "ancha", "days": "365", "scopes": "*:write"}

    assert call(app, token, url="/account/tokens") == 302
    assert call(app, token, "post", "/account/tokens", data=data) == 302
    assert call(app, token, url="/clients/clients") == 302
    assert len(rows(sign_in(seller))) == 1


def test_signed_out_person_is_sent_to_sign_in(sign_in: SignIn) -> None:
    assert sign_in().get("/account/tokens").headers["Location"].startswith("/login")
