"""How a company's sign-in is configured: in a page, in a file, by command; its secret is written
only.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from core.tests.conftest import Installation
from core.tests.sso_office import Office, make_app, open_office, serve_sso  # noqa: F401

from trato.configuration import apply_data, export_configuration
from trato.configuration.sealed import read_secret, save_secrets
from trato.errors import DomainError, Invalid
from trato.tenancy.sign_in import check_issuer, check_roles, check_scopes
from trato.testing.clock import SettableClock
from trato.testing.identity import CLIENT_SECRET, IdentityProvider
from trato.testing.pages import page_of

pytestmark = pytest.mark.database("sqlite")

PAGE = "/settings/sso"


def refused(office: Office, **settings: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        office.set(**settings)
    return {
        path.removeprefix("settings.core."): messages[0].text
        for path, messages in caught.value.errors.items()
    }


@pytest.mark.parametrize(
    "text",
    ["login.example.com", "ftp://login.example.com", "https://ana@login.example.com",
     "https://login.example.com?x=1", "https://login.example.com#x", "https://", "https://x:99999"],
)  # fmt: skip
def test_an_issuer_is_a_plain_address(text: str) -> None:
    assert check_issuer(text) is not None
    assert check_issuer("https://login.example.com/realms/acme") is None


def test_scopes_contain_openid() -> None:
    assert check_scopes("email profile") is not None
    assert check_scopes('openid "x') is not None
    assert check_scopes("openid groups") is None


def test_each_line_of_groups_has_a_role() -> None:
    assert check_roles("Ventas") is not None
    assert check_roles("= seller") is not None
    assert check_roles("CN=Ventas,DC=acme = seller\n\nJefes = manager") is None


def test_what_is_switched_on_is_whole(office: Office) -> None:
    wrong = refused(office, sso_issuer=None, sso_client_id=None, sso_name=None,
                    sso_default_role=None)  # fmt: skip

    assert set(wrong) == {"sso_issuer", "sso_client_id", "sso_name", "sso_default_role"}


def test_roles_exist_and_are_not_for_a_while_only(office: Office) -> None:
    wrong = refused(office, sso_roles="Ventas = nada", sso_default_role="auditor")

    assert set(wrong) == {"sso_roles", "sso_default_role"}


def test_passwords_are_not_closed_without_a_provider(office: Office) -> None:
    assert "sso_only" in refused(office, sso_on=False, sso_only=True)


def test_the_page_shows_what_to_enter_at_the_provider(office: Office) -> None:
    admin = office.open(office.company.member("admin"))

    page = page_of(admin.get(PAGE))

    assert page.one("code", id="t-return").text.strip().endswith(f"{office.door}/callback")
    assert page.one("h1").text == "Inicio de sesión único"


def test_the_secret_is_written_and_never_shown(office: Office) -> None:
    admin = office.open(office.company.member("admin"))
    sent = {name: values[-1] for name, values in page_of(admin.get(PAGE)).form(PAGE).items()}

    answer = admin.post(PAGE, data=sent | {"sso_client_secret": "otro-secreto-largo"})

    host, company = office.company.host, office.company
    assert answer.status_code == 302
    assert read_secret(host, company.view, "core", "sso_client_secret") == "otro-secreto-largo"
    assert "otro-secreto-largo" not in admin.get(PAGE).text
    assert "otro-secreto-largo" not in admin.get("/settings/audit").text
    assert "secret" not in export_configuration(host, company.slug)


def test_the_secret_does_not_follow_to_another_provider(office: Office) -> None:
    office.set(sso_issuer="https://otro.example")

    host, view = office.company.host, office.company.view
    assert read_secret(host, view, "core", "sso_client_secret") is None


def test_a_file_carries_it_to_another_company_but_for_the_secret(office: Office) -> None:
    office.set(sso_roles_claim="groups", sso_roles="Ventas = seller\nJefes = manager")
    text = export_configuration(office.company.host, office.company.slug)

    assert office.provider.issuer in text
    assert "Jefes = manager" in text
    assert CLIENT_SECRET not in text


def test_each_change_is_in_the_audit(office: Office) -> None:
    admin = office.open(office.company.member("admin", name="Ana Gómez"))
    sent = {name: values[-1] for name, values in page_of(admin.get(PAGE)).form(PAGE).items()}

    admin.post(PAGE, data=sent | {"sso_hours": "8"})

    told = page_of(admin.get("/settings/audit")).one("main").text
    assert "sso_hours" in told
    assert "Ana Gómez" in told


def test_only_a_full_administrator_rules_who_signs_in(office: Office) -> None:
    helper = office.company.member_with({}, permissions=["core.administer"])
    host, slug = office.company.host, office.company.slug

    with pytest.raises(DomainError) as settings:
        apply_data(host, slug, {"settings": {"core": {"sso_default_role": "admin"}}}, actor=helper)
    with pytest.raises(DomainError) as secret:
        save_secrets(host, slug, "core", {"sso_client_secret": "mío"}, actor=helper)

    assert {settings.value.code, secret.value.code} == {"role_too_wide"}


def test_the_provider_is_tried_before_anybody_counts_on_it(office: Office) -> None:
    admin = office.open(office.company.member("admin"))
    good = admin.post(f"{PAGE}/test")
    office.provider.broken["keys"] = 500

    bad = admin.post(f"{PAGE}/test")

    assert good.status_code == 302
    assert bad.status_code == 422
    assert "Por ahora nadie puede entrar con Portal Andino" in bad.text


# --- commands ------------------------------------------------------------------------------------


@pytest.fixture
def provider(clock: SettableClock) -> Any:
    with IdentityProvider(clock) as made:
        yield made


def test_commands_do_what_the_pages_do(
    installation: Installation, provider: IdentityProvider
) -> None:
    slug = installation.tenant()
    installation.environ |= {
        "TRATO_PRIVATE_HOSTS": "127.0.0.1", "TRATO_PUBLIC_URL": "https://crm.example",
    }  # fmt: skip
    file = installation.folder / "acme.yaml"
    file.write_text(json.dumps({"settings": {"core": provider.settings()}}))
    installation.did("config", "apply", slug, str(file))
    installation.did("config", "secret", slug, "core", "sso_client_secret", stdin="s3cr3to\n")

    tried = installation.did("config", "test-sso", slug, "--json").json
    link = installation.did("user", "link", slug, f"ana@{slug}.example").out.strip()
    again = installation.did("user", "unlink", slug, f"ana@{slug}.example")

    assert tried["keys"] == 1
    assert tried["address"].startswith(f"https://crm.example/login/company/{slug}-")
    assert tried["redirect_uri"] == f"{tried['address']}/callback"
    assert link.startswith(f"{tried['address']}/link?key=")
    assert "was not linked" in again.out


def test_a_provider_that_is_away_is_told_by_the_command_too(
    installation: Installation, provider: IdentityProvider
) -> None:
    slug = installation.tenant()
    file = installation.folder / "acme.yaml"
    file.write_text(json.dumps({"settings": {"core": provider.settings()}}))
    installation.did("config", "apply", slug, str(file))

    ran = installation.run("config", "test-sso", slug)

    assert ran.code == 2
    assert "TRATO_PRIVATE_HOSTS" in ran.err
