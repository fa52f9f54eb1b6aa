"""A plugin that a tenant does not have answers like one that nobody has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, product
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule

from trato.access import store
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.plugin import RESERVED_NAMES
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.web.installing import MANIFEST

SignIn = Callable[..., Browser]

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
TAILS = (
    "", "/", "/clients", "/clients/", "/clients/new", "/clients/filters", "/clients/export.csv",
    "/clients/options/zone_id", "/clients/{id}", "/clients/{id}/", "/clients/{id}/edit",
    "/clients/{id}/archive", "/clients/{id}/why", "/nothing", "/clients/no-uuid",
)  # fmt: skip


@pytest.fixture
def record(tenant: Company) -> Record:
    with tenant.unit() as unit:
        return unit.records.create("clients.client", {"name": "Acme"})


@pytest.mark.parametrize("tail", TAILS)
def test_disabled_plugin_answers_each_method_like_an_unknown_one(
    client: Browser, tenant: Company, record: Record, tail: str
) -> None:
    tenant.disable("clients")
    tail = tail.format(id=record.id)

    disabled = [client.open(f"/clients{tail}", method=method) for method in METHODS]
    unknown = [client.open(f"/nowhere{tail}", method=method) for method in METHODS]

    assert {answer.status_code for answer in disabled} == {404}
    for one, other in zip(disabled, unknown, strict=True):
        assert one.status_code == other.status_code
        assert one.headers.get("Allow") is None
        assert set(one.headers.keys()) == set(other.headers.keys())
    assert page_of(disabled[0]).text == page_of(unknown[0]).text


def test_disabled_plugin_is_not_found_without_a_forms_token_either(
    client: Browser, tenant: Company
) -> None:
    csrf, client.csrf = client.csrf, None
    enabled = client.post("/clients/clients/new")
    tenant.disable("clients")

    disabled = [client.open("/clients/clients/new", method=method) for method in METHODS]

    assert csrf
    assert enabled.status_code == 400
    assert {answer.status_code for answer in disabled} == {404}


def test_plugin_works_again_when_it_is_enabled_again(
    client: Browser, tenant: Company, record: Record
) -> None:
    tenant.disable("clients")
    gone = client.get(f"/clients/clients/{record.id}").status_code
    tenant.enable("clients")

    back = client.get(f"/clients/clients/{record.id}")

    assert gone == 404
    assert page_of(back).title == "Acme"


def test_disabled_plugin_leaves_no_trace_in_the_frame(client: Browser, tenant: Company) -> None:
    tenant.disable("clients")

    page = page_of(client.get("/account"))

    assert [a for a in page.all("a") if "/clients" in a.attrs["href"]] == []
    assert client.get("/").headers["Location"] == "/account"


def test_plugin_outside_the_licence_does_not_exist(client: Browser, tenant: Company) -> None:
    tenant.install_license(["colombia"])

    assert client.get("/clients/clients").status_code == 404
    assert client.post("/clients/clients/new", data={"name": "Acme"}).status_code == 404


def test_enabled_plugin_says_which_methods_fit(client: Browser, record: Record) -> None:
    refused = client.delete(f"/clients/clients/{record.id}")

    assert refused.status_code == 405
    assert {"GET", "HEAD", "OPTIONS"} <= set(refused.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/clients", "/clients/", "/clients/nothing", "/clients/clients/x"]
)
def test_path_that_no_screen_serves_is_not_found(client: Browser, path: str) -> None:
    assert client.get(path).status_code == 404


def test_record_of_another_company_is_not_found_by_any_address(
    client: Browser, other_tenant: Company
) -> None:
    with other_tenant.unit() as unit:
        foreign = unit.records.create("clients.client", {"name": "De otra empresa"})
    url = f"/clients/clients/{foreign.id}"

    reads = [client.get(url + tail) for tail in ("", "/edit", "/why")]
    writes = [client.post(url + tail, data={"name": "x", "version": "1"})
              for tail in ("/edit", "/archive", "/restore")]  # fmt: skip

    assert {answer.status_code for answer in reads + writes} == {404}
    assert all("De otra empresa" not in answer.text for answer in reads + writes)
    with other_tenant.unit(read=True) as unit:
        assert unit.records.get("clients.client", foreign.id).version == 1


@pytest.mark.parametrize("path", ["/clients/clients", "/nowhere", "/clients/clients/new"])
def test_stranger_learns_nothing_of_what_exists(sign_in: SignIn, path: str) -> None:
    stranger = sign_in()

    answers = [stranger.open(path, method=method) for method in ("GET", "POST", "DELETE", "HEAD")]

    assert {answer.status_code for answer in answers} == {302}
    assert all(answer.headers["Location"].startswith("/login") for answer in answers)


def test_person_without_company_finds_a_page_that_says_so(
    sign_in: SignIn, tenant: Company, seller: Actor
) -> None:
    host = tenant.host
    opened = sign_in(seller)
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        store.end_membership(connection, tenant.id, seller.member_id, now=host.clock())

    first = opened.get("/")
    others = [opened.get(path) for path in ("/account", "/clients/clients")]

    assert page_of(first).title == "Usted todavía no pertenece a ninguna empresa"
    assert [answer.status_code for answer in others] == [302, 404]
    assert others[0].headers["Location"] == "/"


@pytest.mark.database("sqlite")
def test_pages_of_plugins_are_not_at_reserved_addresses(
    app: Flask, sign_in: SignIn, tenant: Company, seller: Actor
) -> None:
    generic = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/<plugin>")]
    open_names = ["static", "health", "metrics", "favicon.ico", "robots.txt", MANIFEST, "login"]
    reserved = sorted(RESERVED_NAMES - set(open_names))
    once = [*zip(cycle(reserved), generic, strict=False), *product(open_names, generic[:1])]
    stranger, member, leaver = sign_in(), sign_in(tenant.member("admin")), sign_in(seller)
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        store.end_membership(connection, tenant.id, seller.member_id, now=tenant.host.clock())

    open_to_all = {_ask(stranger, *asked) for asked in product(open_names, generic)}
    found = {_ask(browser, *asked) for browser in (member, leaver) for asked in once}
    sent_away = {_ask(stranger, *asked) for asked in once[: len(generic)]}

    assert open_to_all <= {400, 404, 405}  # 400: a form under /login without its token
    assert found <= {404, 405}
    assert sent_away <= {302, 401}


def test_stray_address_is_told_as_any_other(sign_in: SignIn) -> None:
    answer = sign_in().get("/login/x")

    assert answer.status_code == 404
    assert page_of(answer).text == page_of(sign_in().get("/login/x/y/z/w")).text


def _ask(browser: Browser, name: str, rule: Rule) -> int:
    """Ask under a name for what a rule of the pages of plugins serves."""
    values = {key: UUID(int=7) if key.endswith("id") else 1 if key == "number" else "x"
              for key in rule.arguments}  # fmt: skip
    pages = browser.application.url_map.bind("localhost")
    url = pages.build(rule.endpoint, values | {"plugin": name})
    return browser.open(url, method=min({"GET", "POST"} & (rule.methods or set()))).status_code
