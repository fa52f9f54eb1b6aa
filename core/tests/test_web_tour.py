"""The tour of a first visit: what each role is shown, and that it is over for good."""

from __future__ import annotations

import pytest
from flask import Flask

from trato.access.roles import AUDIT
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

LIST = "/clients/clients"
PARTS = {
    "admin": ["menus", "find", "create", "administration", "help"],
    "seller": ["menus", "find", "create", "help"],
    "viewer": ["menus", "find", "menus", "help"],
    "checker": ["menus", "find", "audit", "help"],
}


def arrive(app: Flask, tenant: Company, role: str) -> Browser:
    """Sign a new member in, as the start page receives them."""
    if role == "checker":  # the auditor of the house is invited with a last day
        tenant.role(role, {"entities": {"*": {"view": "all"}}, "permissions": [AUDIT]})
        actor = tenant.member(role, is_new=True)
    else:
        actor = tenant.member(role, is_new=True)
    client = browser(app, actor)
    assert client.get("/").status_code == 302
    return client


def shown(client: Browser) -> str | None:
    """Give the part that the step on the list is about."""
    found = page_of(client.get(LIST)).all("section", "t-tour")
    return found[0].attrs["data-tour-part"] if found else None


@pytest.mark.parametrize("role", PARTS)
def test_each_role_is_shown_what_it_has(app: Flask, tenant: Company, role: str) -> None:
    client = arrive(app, tenant, role)

    found = []
    for number in range(1, len(PARTS[role]) + 1):
        answer = client.post("/core/tour/step", data={"number": number})
        assert answer.status_code == 302
        found.append(shown(client))
    beyond = client.post("/core/tour/step", data={"number": len(PARTS[role]) + 1})

    assert beyond.status_code == 404
    assert found == PARTS[role]


@pytest.mark.parametrize("role", PARTS)
def test_each_part_is_on_the_page(app: Flask, tenant: Company, role: str) -> None:
    client = arrive(app, tenant, role)

    page = page_of(client.get(LIST))

    for part in PARTS[role]:
        assert page.all(**{"data-tour": part}), part


def test_tour_ends_for_good_and_begins_again_from_help(app: Flask, tenant: Company) -> None:
    client = arrive(app, tenant, "seller")
    assert shown(client) == "menus"

    client.post("/core/tour/end")

    assert shown(client) is None
    client.get("/")
    assert shown(client) is None
    assert page_of(client.get("/help")).form("/core/tour/start")
    client.post("/core/tour/start")
    assert shown(client) == "menus"


def test_whoever_has_seen_it_is_left_alone(app: Flask, tenant: Company) -> None:
    client = browser(app, tenant.member("seller"))
    client.get("/")

    assert shown(client) is None


def test_cookie_of_somebody_else_shows_nothing(app: Flask, tenant: Company) -> None:
    first = arrive(app, tenant, "seller")
    kept = first.get_cookie("trato_tour")
    other = browser(app, tenant.member("seller"))

    assert kept is not None
    other.set_cookie("trato_tour", kept.value)

    assert shown(other) is None


@pytest.mark.parametrize("number", ["0", "9", "x", "-1", "²", ""])
def test_step_that_is_not_there_is_not_found(app: Flask, tenant: Company, number: str) -> None:
    client = arrive(app, tenant, "seller")

    assert client.post("/core/tour/step", data={"number": number}).status_code == 404


def test_one_step_is_answered_in_its_place(app: Flask, tenant: Company) -> None:
    client = arrive(app, tenant, "seller")

    answer = client.post("/core/tour/step", data={"number": "2"}, headers={"HX-Request": "true"})

    assert 'data-tour-part="find"' in answer.text
    assert "<html" not in answer.text
