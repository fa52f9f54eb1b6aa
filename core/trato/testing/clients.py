"""Clients for tests: a signed-in browser, and a program with a token."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from trato.access.actor import Actor
from trato.testing.companies import PASSWORD, Company

#: A page of the host itself, which every plugin leaves alone.
_PAGE = "/account"
_TOKEN = re.compile(r'name="csrf[-_]token" (?:content|value)="([0-9a-f]{64})"')


class Browser(FlaskClient):
    """Flask's test client, which sends the token that forms of its session carry."""

    csrf: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask for a page; what may change something carries the token.

        The answer is read whole and closed, as a server does behind the last byte.
        """
        kwargs.setdefault("buffered", True)
        if self.csrf and str(kwargs.get("method", "GET")).upper() not in ("GET", "HEAD"):
            kwargs.setdefault("headers", {}).setdefault("X-CSRF-Token", self.csrf)
        answer = super().open(*args, **kwargs)
        if kwargs["buffered"]:
            answer.close()  # with it the copy of a sent file, which lies on the disk
            sent = answer.request.environ["wsgi.input"]
            if not isinstance(sent, BytesIO):  # so does what was sent, where it was large
                sent.close()
        return answer

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Sign in as a person does: by the form."""
        self.csrf = csrf_of(self.get("/login"))
        answer = self.post("/login", data={"email": email, "password": password})
        if answer.status_code == 302:
            self.csrf = csrf_of(self.get(_PAGE))
        return answer


def csrf_of(answer: TestResponse) -> str:
    """Read the form token of an answer's page."""
    return token_in(answer.text, f"{answer.request.path} ({answer.status})")


def token_in(html: str, name: str) -> str:
    """Read the form token of a page.

    :param name: what the page is called where it has none.
    """
    found = _TOKEN.search(html)
    if found is None:
        raise ValueError(f"{name} has no form token")
    return found[1]


def browser(app: Flask, actor: Actor | None = None) -> Browser:
    """Open a browser, signed in as a member or as nobody."""
    app.test_client_class = Browser
    opened = app.test_client()
    if not isinstance(opened, Browser):
        raise TypeError(type(opened))
    if actor is not None and actor.member is not None:
        answer = opened.sign_in(actor.member.email)
        if answer.status_code != 302:
            raise ValueError(f"{actor.member.email} cannot sign in: {answer.status}")
    return opened


def program(
    app: Flask, company: Company, actor: Actor, *, scopes: list[str] | None = None
) -> FlaskClient:
    """Make a client that sends a new token of a member."""
    made = FlaskClient(app, app.response_class)
    made.environ_base = {
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {company.token(actor, scopes=scopes)}",
    }
    return made
