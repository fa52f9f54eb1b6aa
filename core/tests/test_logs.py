"""Lines of the log: what happened, to whom and how long it took; never what proves an identity."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient

from trato import logs
from trato.access import second_factor
from trato.access.actor import Actor
from trato.access.sealing import Sealer
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.claiming import Claim
from trato.jobs.worker import Worker
from trato.testing.clients import Browser, csrf_of
from trato.testing.companies import PASSWORD, Company


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Collect every line of every logger, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter("json"))
    root, own = logging.getLogger(), logging.getLogger("trato")
    before = own.level
    root.addHandler(handler)
    own.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    own.setLevel(before)


def test_a_request_is_one_line_with_its_fields(
    client: Browser, tenant: Company, actor: Actor, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = client.get("/clients/clients?q=Ana+P%C3%A9rez", headers={"X-Request-Id": "abc-1"})

    said = [line for line in lines() if line.get("route")]
    assert len(said) == 1
    assert {name: said[0][name] for name in ("request", "method", "route", "status", "plugin",
                                            "tenant", "member", "level")} == {
        "request": "abc-1", "method": "GET", "route": "/<plugin>/<collection>", "status": 200,
        "plugin": "clients", "tenant": tenant.slug, "member": str(actor.member_id),
        "level": "info",
    }  # fmt: skip
    assert 0 < said[0]["ms"] < 60_000
    assert answer.headers["X-Request-Id"] == "abc-1"
    # What people search for is theirs.
    assert "rez" not in json.dumps(said, ensure_ascii=False)


def test_lines_within_a_request_carry_its_id_and_later_ones_do_not(
    sign_in: Callable[..., Browser], lines: Callable[[], list[dict[str, Any]]]
) -> None:
    stranger = sign_in()
    stranger.sign_in("nobody@example.com", "una clave equivocada")
    logging.getLogger("trato.test").info("later")

    refused = next(line for line in lines() if line["message"].startswith("sign-in refused"))
    answered = next(line for line in lines() if line.get("status") == 401)
    later = next(line for line in lines() if line["message"] == "later")
    assert refused["request"] == answered["request"]
    assert "request" not in later


def test_text_lines_name_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.makeLogRecord(
        {"msg": "GET %s", "args": ("/x",), "levelname": "INFO", **logs.fields(ms=3.5, tenant=None)}
    )

    with logs.about(request="r-1"):
        line = logs.formatter("text").format(record)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \S+ INFO GET /x request=r-1 ms=3.5", line)


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize(
    "secret",
    ["trato_1_" + "a" * 43, "$argon2id$v=19$m=1024,t=1,p=1$abc$def",
     "hunter2-and-more-of-it", "Zm9vYmFyYmF6"],
)  # fmt: skip
def test_what_looks_like_a_secret_is_blotted_out(kind: str, secret: str) -> None:
    said = {
        "hunter2-and-more-of-it": f"postgresql://trato_app:{secret}@db/trato failed",
        "Zm9vYmFyYmF6": f"sent Authorization: Bearer {secret}",
    }.get(secret, f"row {secret} refused")
    record = logging.makeLogRecord({"msg": said, "levelname": "ERROR"})

    line = logs.formatter(kind).format(record)

    assert secret not in line
    assert "***" in line


def enter(browser: Browser, email: str, password: str) -> Any:
    """Send the sign-in form and stay wherever it leads."""
    browser.csrf = csrf_of(browser.get("/login"))
    return browser.post("/login", data={"email": email, "password": password})


def test_no_secret_reaches_log_page_or_error(
    host: Host, tenant: Company, actor: Actor, seller: Actor, sign_in: Callable[..., Browser],
    make_api: Callable[..., FlaskClient], app: Any, monkeypatch: pytest.MonkeyPatch,
    lines: Callable[[], list[dict[str, Any]]],
) -> None:  # fmt: skip
    """Send secrets to every route that takes anything, right and wrong ones, and look for them."""
    token = tenant.token(actor)
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    with transaction(host.engine) as connection:
        totp = second_factor.begin(connection, seller.member.user_id, sealer)
        code = pyotp.TOTP(totp).at(host.clock())
        second_factor.confirm(connection, seller.member.user_id, code, sealer, now=host.clock())
    typed = "Contraseña-tecleada-Xq7"
    secrets = {PASSWORD, token, totp, code, typed, *host.secret_keys}
    pages: list[str] = []

    def keep(answer: Any) -> None:
        pages.append(answer.text + str(answer.headers))

    stranger, inside = sign_in(), sign_in(actor)
    secrets |= {cookie.value for cookie in inside._cookies.values()} - {""}
    for email in (seller.member.email, "nobody@example.com"):
        for password in (PASSWORD, typed):
            visitor = sign_in()
            keep(enter(visitor, email, password))
            keep(visitor.post("/login/code", data={"code": code + "0"}))
    form = {
        name: typed
        for name in ("password", "current", "new", "again", "current_password", "new_password",
                     "repeat", "code", "token", "secret", "name", "email", "value")
    }  # fmt: skip
    tried = 0
    for rule in app.url_map.iter_rules():
        # Shown once on purpose: what is made is a secret for the one who makes it.
        if "POST" not in (rule.methods or ()) or "logout" in rule.rule or "token" in rule.rule:
            continue
        address = re.sub(r"<uuid:[^>]+>", "0190d3a0-0000-7000-8000-000000000000", rule.rule)
        address = address.replace("<plugin>", "clients").replace("<collection>", "clients")
        address = re.sub(r"<[^>]+>", "x", address)
        keep(stranger.post(address, data=form))
        # Some addresses end the session that they are tried with.
        answer = inside.post(address, data=form)
        if answer.headers.get("Location", "").startswith("/login"):
            inside = sign_in(actor)
            answer = inside.post(address, data=form)
        keep(answer)
        tried += answer.headers.get("Location", "") != "/login"
    api = app.test_client()
    for header in (f"Bearer {token}", f"Bearer {token}x", f"Basic {typed}", typed):
        for path in ("/api/v1/clients/clients?name__xx=1", "/api/v1/clients/clients"):
            keep(api.get(path, headers={"Authorization": header}))
            keep(api.post(path, headers={"Authorization": header}, json={"password": typed}))

    # A bug in the middle of a sign-in, with all its secrets on the stack.
    def fails(*args: Any, **options: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr("trato.access.credentials.Passwords.verify", fails)
    keep(enter(sign_in(), actor.member.email, PASSWORD))

    logged = json.dumps(lines(), ensure_ascii=False)
    assert tried > 60
    assert "broken" in logged
    shown = "\n".join(pages)
    for secret in secrets:
        assert secret not in logged, secret
    # A cookie may be set; a typed name is shown in its field again; passwords are not.
    for secret in (PASSWORD, token, totp, *host.secret_keys):
        assert secret not in shown, secret
    assert f'type="password" value="{typed}"' not in shown


def test_a_task_is_one_line_too(
    host: Host, tenant: Company, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    with transaction(host.engine, tenant_id=tenant.id) as connection:
        task = queue.enqueue(connection, tenant.id, "core.verify_audit", now=host.clock())
    assert task is not None

    Worker(host=host, name="test").run_task(Claim(tenant_id=tenant.id, task_id=task))

    over = next(line for line in lines() if line["message"] == "task over")
    assert (over["tenant"], over["plugin"], over["job"]) == (
        tenant.slug, "core", "core.verify_audit",
    )  # fmt: skip
    assert over["task"] == str(task)
    assert over["ms"] > 0
