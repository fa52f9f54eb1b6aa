"""What every answer keeps to: headers, language, no inline script or style, hostile values."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

SignIn = Callable[..., Browser]
LIST = "/specimen/pieces"
PIECE = "specimen.piece"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}${7*7}"
TEXTS = ("name", "code", "plain", "place", "essay", "annex.origin", "custom.ruta")


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def hostile(tenant: Company, actor: object) -> Record:
    """Give a record whose every text is an attack, with labels of the tenant's own that are too."""
    tenant.custom_field(PIECE, "ruta", "text", label=HOSTILE, section=HOSTILE, indexed=True)
    tenant.custom_field(
        PIECE, "canal", "choice", label="Canal", choices=[("x", HOSTILE), ("y", "Bueno")]
    )
    tenant.team("norte")
    values = dict.fromkeys(TEXTS, HOSTILE)
    with tenant.unit() as unit:
        shelf = unit.records.create("specimen.shelf", {"name": HOSTILE})
        record = unit.records.create(
            PIECE,
            {**values, "tags": [HOSTILE[:50]], "shelf_id": str(shelf.id), "custom.canal": "x",
             "website": "https://a.example/?q=%22onmouseover=alert(1)&x", "email": "a'b@c.example"},
        )  # fmt: skip
        unit.records.create(
            "specimen.label", {"piece_id": str(record.id), "number": 1, "wording": HOSTILE}
        )
        unit.records.update(PIECE, record.id, {"place": HOSTILE + "2"})
    return record


def flaws(page: Page) -> list[str]:
    """Name what the strict policy would stop, and what no page may lack."""
    found = []
    for element in page.walk():
        for name, value in element.attrs.items():
            if name.startswith("on") or name in ("style", "hx-on", "srcdoc"):
                found.append(f"<{element.tag} {name}>")
            if name in ("href", "src", "action", "formaction", "hx-get", "hx-post") and re.match(
                r"\s*(javascript|data|vbscript):", value, re.IGNORECASE
            ):
                found.append(f"<{element.tag} {name}={value}>")
        if element.tag == "style" or (element.tag == "script" and "src" not in element.attrs):
            found.append(f"<{element.tag}>")
        if element.tag == "script" and not element.attrs.get("src", "").startswith("/static/"):
            found.append(f"script from {element.attrs.get('src')}")
        if element.tag == "img" and "alt" not in element.attrs:
            found.append("<img> without alt")
    if page.all("html") and not page.one("html").attrs.get("lang"):
        found.append("no lang")
    ids = [element.attrs["id"] for element in page.walk() if "id" in element.attrs]
    found += [f"id {name} twice" for name in {i for i in ids if ids.count(i) > 1}]
    return found


# --- every page ----------------------------------------------------------------------------------


def crawl(opened: Browser, start: str, most: int = 250) -> dict[str, TestResponse]:
    """Follow every link of every page within the application."""
    seen: dict[str, TestResponse] = {}
    waiting = [start]
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen:
            continue
        answer = seen[path] = opened.get(path)
        if answer.status_code in (301, 302):
            waiting.append(answer.headers["Location"])
        if answer.mimetype != "text/html":
            continue
        for element in page_of(answer).walk():
            for name in ("href", "hx-get"):
                href = element.attrs.get(name, "").partition("#")[0]
                if href.startswith("/") and not href.startswith("/static/"):
                    waiting.append(href)
    return seen


def test_every_page_in_reach_answers_and_needs_no_exception_from_the_policy(
    client: Browser, hostile: Record
) -> None:
    answers = crawl(client, "/")

    wrong = {path: answer.status for path, answer in answers.items()
             if answer.status_code not in (200, 302)}  # fmt: skip
    found = {path: flaws(page_of(answer)) for path, answer in answers.items()
             if answer.mimetype == "text/html"}  # fmt: skip
    assert wrong == {}
    assert {path: flaw for path, flaw in found.items() if flaw} == {}
    assert {f"{LIST}/{hostile.id}", f"{LIST}/{hostile.id}/edit", f"{LIST}/{hostile.id}/why",
            f"{LIST}/new", f"{LIST}/filters", "/account"} <= answers.keys()  # fmt: skip


def test_hostile_texts_are_shown_and_do_nothing(client: Browser, hostile: Record) -> None:
    url = f"{LIST}/{hostile.id}"
    addresses = [
        LIST, url, f"{url}/edit", f"{url}/why", f"{LIST}/new", f"{LIST}/filters",
        f"{LIST}/options/shelf_id?q=script", "/specimen/shelves", "/specimen/labels",
        f"{LIST}?q={HOSTILE[:20]}", f"{LIST}?plain__contains=%3Cscript%3E",
        f"{LIST}?shelf_id={hostile.values['shelf_id']}",
        f"{LIST}?custom.canal=x", f"{LIST}?tags=%3Cscript%3E",
        f"{LIST}?_field=count&_op=gt&_value=%3Cscript%3E",
        f"{LIST}/new?name=%3Cscript%3Ealert(1)%3C/script%3E&shelf_id=%22%3E%3Cscript%3E",
    ]  # fmt: skip

    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert flaws(page_of(answer)) == [], address
        assert "<script>alert" not in answer.text, address
        assert "<img src=x" not in answer.text, address
        assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", answer.text), address
    assert HOSTILE in page_of(client.get(url)).text


def test_hostile_texts_come_back_escaped_when_they_are_refused(
    client: Browser, hostile: Record
) -> None:
    typed = {"name": "", "price": HOSTILE, "shelf_id": HOSTILE, "email": HOSTILE,
             "website": "javascript:alert(1)", "grade": HOSTILE,
             "custom.canal": HOSTILE}  # fmt: skip

    refused = client.post(f"{LIST}/new", data=typed)
    conflict = client.post(
        f"{LIST}/{hostile.id}/edit",
        data={"name": HOSTILE + "3", "place": HOSTILE + "3", "version": "1"},
    )

    assert (refused.status_code, conflict.status_code) == (422, 409)
    for answer in (refused, conflict):
        assert flaws(page_of(answer)) == []
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


@pytest.mark.parametrize(
    "path", ["/<script>alert(1)</script>", f"{LIST}?<script>=1", f"{LIST}?sort=<script>",
             f"{LIST}?grade=<script>", "/login?next=\"><script>alert(1)</script>"],
)  # fmt: skip
def test_hostile_address_is_not_repeated_as_markup(
    client: Browser, sign_in: SignIn, path: str
) -> None:
    for opened in (client, sign_in()):
        answer = opened.get(path)

        assert "<script>alert" not in answer.text
        assert flaws(page_of(answer)) == []


# --- headers -------------------------------------------------------------------------------------


def collected(client: Browser, stranger: Browser) -> dict[str, TestResponse]:
    """Give an answer of every kind."""
    return {
        "page": client.get(LIST), "redirect": client.get("/"), "404": client.get("/nowhere"),
        "405": client.delete("/account"), "400": client.get(f"{LIST}?x=1"),
        "csrf": stranger.post("/login", data={}), "login": stranger.get("/login"),
        "to login": stranger.get(LIST), "422": client.post(f"{LIST}/new", data={}),
        "413": client.post(f"{LIST}/new", data={}, headers={"Content-Length": "999999999999"}),
        "options": client.open(LIST, method="OPTIONS"), "health": stranger.get("/health/live"),
        "static": stranger.get("/static/css/trato.css"), "no file": stranger.get("/static/x.css"),
        "api": stranger.get("/api/v1/clients/clients"), "export": client.get(f"{LIST}/export.csv"),
        "part": client.get(f"{LIST}/filters", headers={"HX-Request": "true"}),
    }  # fmt: skip


def test_every_answer_carries_the_policy_and_its_number(client: Browser, sign_in: SignIn) -> None:
    answers = collected(client, sign_in())

    for kind, answer in answers.items():
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';"), kind
        assert "unsafe" not in policy, kind
        assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
                "form-action 'self'"} <= set(policy.split("; ")), kind  # fmt: skip
        assert headers["X-Content-Type-Options"] == "nosniff", kind
        assert headers["X-Frame-Options"] == "DENY", kind
        assert headers["Referrer-Policy"] == "same-origin", kind
        assert headers["X-Request-Id"], kind
        assert "Server" not in headers, kind


def test_nothing_but_files_is_kept_by_browsers(client: Browser, sign_in: SignIn) -> None:
    answers = collected(client, sign_in())

    kept = {kind for kind, answer in answers.items()
            if "no-store" not in answer.headers.get("Cache-Control", "")}  # fmt: skip
    assert kept == {"static", "no file"}
    assert "max-age=31536000" in answers["static"].headers["Cache-Control"]
    assert "max-age" not in answers["no file"].headers.get("Cache-Control", "")


def test_https_is_demanded_where_it_is_spoken(client: Browser) -> None:
    plain = client.get("/health/live")
    secure = client.get("/health/live", base_url="https://crm.example")

    assert "Strict-Transport-Security" not in plain.headers
    assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("number", ["abc-123", "x" * 200, "a b\tc", "<script>"])
def test_number_of_a_request_is_taken_over_only_if_it_is_harmless(
    client: Browser, number: str
) -> None:
    answer = client.get("/account", headers={"X-Request-Id": number})

    found = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", found)
    assert (found == number) is (number == "abc-123")


def test_every_answer_that_fails_is_a_page_in_the_reader_s_language(
    client: Browser, sign_in: SignIn
) -> None:
    answers = collected(client, sign_in())

    for kind in ("404", "405", "400", "csrf", "413"):
        page = page_of(answers[kind])
        assert page.one("html").attrs["lang"] == "es", kind
        assert page.title, kind
        assert page.all("a", href="/"), kind
        assert "Traceback" not in answers[kind].text, kind


def test_english_reader_gets_english_pages(sign_in: SignIn) -> None:
    page = page_of(sign_in().get("/login", headers={"Accept-Language": "en-GB,en;q=0.9"}))

    assert page.one("html").attrs["lang"] == "en"
    assert page.title == "Sign in to Trato"
