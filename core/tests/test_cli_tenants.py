"""`trato tenant`, `license`, `plugin`, `user` and `token`, on both databases."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from trato.licensing import PublicKey, generate_keypair, verify

if TYPE_CHECKING:
    from core.tests.conftest import Installation

CREATE = ("tenant", "create", "acme", "--name", "Acme S.A.S.", "--admin-email", "ana@acme.example")


def slugs(installation: Installation) -> list[str]:
    return [tenant["slug"] for tenant in installation.did("tenant", "list", "--json").json]


# --- tenants -------------------------------------------------------------------------------------


def test_a_tenant_is_made_with_an_administrator_who_can_sign_in(installation: Installation) -> None:
    made = installation.did(*CREATE, "--json").json

    assert (made["slug"], made["name"]) == ("acme", "Acme S.A.S.")
    assert (made["locale"], made["timezone"], made["currency"]) == ("es", "America/Bogota", "COP")
    assert len(made["admin_password"]) >= 16
    assert installation.did("token", "create", "acme", "ana@acme.example").out.startswith("trato_")


def test_a_password_that_was_given_is_not_printed(installation: Installation) -> None:
    ran = installation.did(*CREATE, "--admin-password", "correcta-clave-1")

    assert "correcta-clave-1" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--admin-password", "corta"), "password"),
        (("--license", "missing.lic"), "missing.lic"),
    ],
)
def test_nothing_is_half_made_when_a_step_fails(
    installation: Installation, extra: tuple[str, ...], said: str
) -> None:
    ran = installation.run(*CREATE, *extra)

    assert ran.code == 2
    assert said in ran.err
    assert slugs(installation) == []


def test_a_licence_for_another_tenant_makes_no_tenant(installation: Installation) -> None:
    wrong = installation.license("other", "clients")

    ran = installation.run(*CREATE, "--license", str(wrong))

    assert ran.code == 2
    assert "'other'" in ran.err
    assert slugs(installation) == []
    installation.did(*CREATE, "--license", str(installation.license("acme", "clients")))


@pytest.mark.parametrize("slug", ["Acme", "acme corp", "-acme", "ácme", "a" * 61])
def test_a_slug_is_small_letters_digits_and_hyphens(installation: Installation, slug: str) -> None:
    ran = installation.run(
        "tenant", "create", "--name", "A", "--admin-email", "a@a.example", "--", slug
    )

    assert ran.code == 2
    assert slugs(installation) == []


def test_a_slug_is_taken_once(installation: Installation) -> None:
    installation.did(*CREATE)

    ran = installation.run(*CREATE)

    assert ran.code == 2
    assert "'acme' exists already" in ran.err


def test_an_account_that_exists_is_let_in_with_its_own_password(
    installation: Installation,
) -> None:
    installation.did(*CREATE)

    second = installation.did(
        "tenant", "create", "beta", "--name", "Beta", "--admin-email", "ANA@acme.example",
        "--admin-password", "otra-clave-distinta", "--json",
    )  # fmt: skip

    assert second.json["admin_created"] is False
    assert second.json["admin_password"] is None
    assert "keeps its own password" in second.err


# --- licences ------------------------------------------------------------------------------------


def test_keys_are_one_line_each(bare: Installation) -> None:
    made = bare.did("license", "keygen", "--json").json

    assert set(made) == {"kid", "public_key", "private_key"}
    assert made["public_key"].startswith(f"{made['kid']}:")
    assert made["private_key"].startswith(f"{made['kid']}:")
    assert PublicKey.parse(made["public_key"]).kid == made["kid"]


def issue(installation: Installation, *extra: str, **environ: str) -> Any:
    return installation.run(
        "license", "issue", "--tenant", "acme", "--plugins", "clients, leads", "--seats", "3",
        "--out", str(installation.folder / "acme.lic"), *extra, environ=environ,
    )  # fmt: skip


def test_a_licence_is_issued_without_a_database(bare: Installation) -> None:
    keys = generate_keypair()

    ran = issue(bare, "--expires", "2099-12-31", TRATO_LICENSE_PRIVATE_KEY=keys.private.line())

    assert ran.code == 0
    license = verify((bare.folder / "acme.lic").read_text(), [keys.public])
    assert (license.tenant, license.plugins, license.seats) == ("acme", ("clients", "leads"), 3)
    assert license.expires == dt.date(2099, 12, 31)
    assert [file.name for file in bare.folder.iterdir()] == ["acme.lic"]


def test_the_key_may_be_in_a_file(bare: Installation) -> None:
    keys = generate_keypair()
    file = bare.folder / "key"
    file.write_text(keys.private.line() + "\n")

    ran = issue(bare, "--expires", "2099-12-31", "--key", str(file))

    assert ran.code == 0
    assert verify((bare.folder / "acme.lic").read_text(), [keys.public]).kid == keys.public.kid


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--expires", "2099-13-01"), "--expires cannot be '2099-13-01'."),
        (("--expires", "2099-12-31"), "There is no private key to sign with."),
        (("--expires", "2099-12-31", "--key", "missing"), "missing"),
    ],
)
def test_a_licence_that_cannot_be_signed_is_not_written(
    bare: Installation, extra: tuple[str, ...], said: str
) -> None:
    ran = issue(bare, *extra)

    assert ran.code == 2
    assert said in ran.err
    assert not (bare.folder / "acme.lic").exists()


def test_an_expired_licence_is_issued_and_installed_with_a_warning(
    installation: Installation,
) -> None:
    installation.did(*CREATE)

    issued = issue(
        installation, "--expires", "2020-01-31",
        TRATO_LICENSE_PRIVATE_KEY=installation.keys.private.line(),
    )  # fmt: skip
    installed = installation.run("license", "install", "acme", "acme.lic")

    assert (issued.code, installed.code) == (0, 0)
    assert "expired on 2020-01-31" in issued.err
    assert "expired on 2020-01-31" in installed.err
    assert installation.did("license", "show", "acme", "--json").json["state"] == "read_only"


def test_installing_a_licence_enables_nothing(installation: Installation) -> None:
    installation.did(*CREATE)

    installation.did("license", "install", "acme", str(installation.license("acme", "clients")))

    states = installation.did("plugin", "list", "--tenant", "acme", "--json").json
    clients = next(state for state in states if state["name"] == "clients")
    assert (clients["licensed"], clients["enabled"]) == (True, False)
    shown = installation.did("license", "show", "acme", "--json").json
    assert (shown["plugins"], shown["seats"], shown["seats_used"]) == (["clients"], 5, 1)


def test_a_changed_licence_is_refused(installation: Installation) -> None:
    installation.did(*CREATE)
    file = installation.license("acme", "clients")
    head, claims, signature = file.read_text().strip().split(".")
    file.write_text(f"{head}.{claims[:-4]}AAAA.{signature}")

    ran = installation.run("license", "install", "acme", str(file))

    assert ran.code == 2
    assert "license" in ran.err or "licence" in ran.err


# --- plugins -------------------------------------------------------------------------------------


def test_enabling_twice_says_so(installation: Installation) -> None:
    installation.tenant("acme", "clients")

    again = installation.did("plugin", "enable", "acme", "clients")
    installation.did("plugin", "disable", "acme", "clients")
    off = installation.did("plugin", "disable", "acme", "clients")

    assert "already" in again.out
    assert "already" in off.out


@pytest.mark.parametrize("plugin", ["clients", "nothing"])
def test_what_is_not_licensed_or_not_installed_cannot_be_enabled(
    installation: Installation, plugin: str
) -> None:
    installation.did(*CREATE)

    ran = installation.run("plugin", "enable", "acme", plugin)

    assert ran.code == 2
    assert f"'{plugin}'" in ran.err


def test_a_broken_plugin_is_listed_with_its_problems(
    bare: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    broken = make_plugin("broken", version="one", requires_host=">=99")
    monkeypatch.setattr("trato.host.discover", lambda: ([broken, make_plugin("sound")], []))

    listed = {row["name"]: row for row in bare.did("plugin", "list", "--json").json}

    assert len(listed["broken"]["problems"]) == 2
    assert ">=99" in listed["broken"]["reason"]
    assert listed["sound"]["problems"] == []
    assert "Plugin 'broken' is left out" in bare.did("tenant", "list").err


def test_a_broken_plugin_is_licensed_as_the_licence_says(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    installation.did(*CREATE)
    file = installation.license("acme", "clients", "broken")
    installation.did("license", "install", "acme", str(file))
    broken = [make_plugin(name, version="one") for name in ("broken", "unpaid")]
    monkeypatch.setattr("trato.host.discover", lambda: (broken, []))

    listed = installation.did("plugin", "list", "--tenant", "acme", "--json").json

    assert [(row["name"], row["licensed"], row["enabled"]) for row in listed] == [
        ("broken", True, False), ("unpaid", False, False),
    ]  # fmt: skip


# --- users and tokens ----------------------------------------------------------------------------


def test_a_user_gets_roles_teams_and_a_password(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    (installation.folder / "c.yaml").write_text("teams: {norte: {name: Norte}}")
    installation.did("config", "apply", "acme", "c.yaml")

    made = installation.did(
        "user", "create", "acme", "luis@acme.example", "--role", "seller", "--role", "viewer",
        "--team", "norte", "--name", "Luis", "--json",
    ).json  # fmt: skip

    assert (made["roles"], made["teams"]) == (["seller", "viewer"], ["norte"])
    assert made["created"] is True
    assert made["password"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [(("--role", "boss"), "'boss'"), (("--role", "viewer", "--team", "none"), "'none'")],
)
def test_an_unknown_role_or_team_makes_no_user(
    installation: Installation, extra: tuple[str, ...], said: str
) -> None:
    installation.tenant("acme")

    ran = installation.run("user", "create", "acme", "luis@acme.example", *extra)

    assert ran.code == 2
    assert said in ran.err
    token = installation.run("token", "create", "acme", "luis@acme.example")
    assert token.code == 2


def test_a_user_beyond_the_seats_is_refused(installation: Installation) -> None:
    file = installation.license("acme", "clients", seats=1)
    installation.did(*CREATE, "--license", str(file))

    ran = installation.run("user", "create", "acme", "luis@acme.example", "--role", "viewer")

    assert ran.code == 2
    assert "1 seats and 1 are in use" in ran.err


def test_a_token_is_printed_alone_and_with_its_expiry_as_json(installation: Installation) -> None:
    installation.tenant("acme")

    plain = installation.did("token", "create", "acme", "ana@acme.example")
    made = installation.did(
        "token", "create", "acme", "ana@acme.example", "--scopes", "clients:read, *:read",
        "--days", "7", "--json",
    ).json  # fmt: skip

    assert plain.out.strip().startswith("trato_")
    assert len(plain.out.splitlines()) == 1
    assert set(made) == {"token", "expires"}
    expires = dt.datetime.fromisoformat(made["expires"])
    assert dt.timedelta(days=6) < expires - dt.datetime.now(dt.UTC) <= dt.timedelta(days=7)


@pytest.mark.parametrize(
    "extra",
    [("--scopes", "clients:everything"), ("--scopes", " ,"), ("--scopes", ""), ("--days", "0")],
)
def test_a_token_that_would_mean_nothing_is_not_made(
    installation: Installation, extra: tuple[str, ...]
) -> None:
    installation.tenant("acme")

    ran = installation.run("token", "create", "acme", "ana@acme.example", *extra)

    assert (ran.code, ran.out) == (2, "")
