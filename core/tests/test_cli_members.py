"""What the pages do to a company's people, tokens and configuration, from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from trato.records import trail
from trato.records.trail import TrailFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.tests.conftest import Installation

    from trato.host import Host

ANA, EVA = "ana@acme.example", "eva@acme.example"
CREATE = ("tenant", "create", "acme", "--name", "Acme S.A.S.", "--admin-email", ANA)


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.did(*CREATE)
    installation.did("user", "create", "acme", EVA, "--role", "seller", "--name", "Eva Ruiz")
    return installation


def people(acme: Installation) -> dict[str, Any]:
    rows = json.loads(acme.did("user", "list", "acme", "--json").out)
    return {row["email"]: row for row in rows}


def test_a_person_gets_other_roles_and_a_last_day_and_leaves(acme: Installation) -> None:
    acme.did("user", "change", "acme", EVA.upper(), "--role", "viewer", "--until", "2099-03-31")
    changed = people(acme)[EVA]
    acme.did("user", "change", "acme", EVA, "--no-end")
    unended = people(acme)[EVA]
    acme.did("user", "end", "acme", EVA, "--heir", ANA)

    assert (changed["roles"], changed["until"][:10]) == (["viewer"], "2099-04-01")
    assert (unended["roles"], unended["until"]) == (["viewer"], None)
    assert not people(acme)[EVA]["active"]


def test_the_last_administrator_stays(acme: Installation) -> None:
    assert acme.run("user", "end", "acme", ANA).code == 2
    assert acme.run("user", "change", "acme", ANA, "--role", "viewer").code == 2
    assert people(acme)[ANA]["roles"] == ["admin"]


@pytest.mark.parametrize(
    "words",
    [("change", "acme", "no@acme.example", "--role", "viewer"),
     ("change", "acme", EVA, "--team", "none"), ("change", "acme", EVA, "--role", "none"),
     ("change", "acme", EVA, "--until", "2099-01-01", "--no-end"),
     ("end", "acme", EVA, "--heir", "no@acme.example"), ("sign-out", "acme", "no@acme.example")],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(acme: Installation, words: tuple[str, ...]) -> None:
    before = people(acme)

    assert acme.run("user", *words).code == 2
    assert people(acme) == before


def test_tokens_are_listed_and_ended(acme: Installation) -> None:
    acme.did("token", "create", "acme", ANA, "--name", "Sitio", "--scopes", "clients:read")
    listed = json.loads(acme.did("token", "list", "acme", "--json").out)

    acme.did("token", "revoke", "acme", listed[0]["id"])

    assert [(row["name"], row["email"], row["scopes"]) for row in listed] == [
        ("Sitio", ANA, ["clients:read"])
    ]
    assert json.loads(acme.did("token", "list", "acme", "--json").out) == []
    assert acme.run("token", "revoke", "acme", listed[0]["id"]).code == 2
    assert acme.run("token", "revoke", "acme", "x").code == 2


def test_a_role_that_nobody_has_is_removed(acme: Installation) -> None:
    acme.did("config", "remove-role", "acme", "viewer")

    assert acme.run("config", "remove-role", "acme", "seller").code == 2
    assert acme.run("user", "change", "acme", EVA, "--role", "viewer").code == 2


def test_what_commands_change_stands_in_the_audit(
    acme: Installation, tmp_path: Path, host_of: Callable[[Installation], Host]
) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text("teams: {norte: {name: Norte}}\n", encoding="utf-8")
    acme.did("config", "apply", "acme", str(file))
    acme.did("user", "change", "acme", EVA, "--team", "norte")
    acme.did("user", "sign-out", "acme", EVA)
    acme.did("token", "create", "acme", ANA, "--name", "Sitio")

    host = host_of(acme)
    with host.unit(host.system(1), read=True) as unit:
        events, _more = trail.page(unit.connection, 1, TrailFilter())

    told = [(event.entity, event.action, event.actor) for event in events]
    assert told == [
        ("core.member", "update", "command"), ("core.member", "sign_out", "command"),
        ("core.member", "update", "command"), ("core.configuration", "create", "command"),
        ("core.member", "create", "command"),
    ]  # fmt: skip
    assert events[2].after["changes"]["teams"] == [[], ["norte"]]
    assert events[0].after["changes"] == {"token": [None, "Sitio"]}


@pytest.fixture
def host_of() -> Any:
    from trato.host import Host
    from trato.settings import Settings

    hosts = []

    def open_host(installation: Installation) -> Host:
        hosts.append(Host(Settings.load(installation.environ)))
        return hosts[-1]

    yield open_host
    for host in hosts:
        host.close()


def test_a_letter_tries_the_mail_server(acme: Installation) -> None:
    from trato.testing.mail import mail_server

    with mail_server() as box:
        environ = {"TRATO_SMTP_URL": box.url, "TRATO_MAIL_FROM": "trato@host.example",
                   "TRATO_PUBLIC_URL": "https://crm.example"}  # fmt: skip
        sent = acme.run("config", "test-mail", "acme", EVA, environ=environ)
        letter = box.next()
    unset = acme.run("config", "test-mail", "acme", EVA)

    assert sent.code == 0, sent.err
    assert letter["To"] == EVA
    assert unset.code == 2
    assert "TRATO_SMTP_URL" in unset.err
