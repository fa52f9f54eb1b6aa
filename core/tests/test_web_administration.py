"""What an administrator does for the whole company, and what an auditor may read of it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from trato import administration, membership
from trato.access.actor import Actor
from trato.configuration import export_configuration
from trato.records import trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import page_of

pytestmark = pytest.mark.plugins("clients", "colombia")

CLIENT = "clients.client"
CONFIGURATION = "/settings/configuration"
ZONE = "fields: {clients.client: {zona: {kind: text, labels: {es: Zona}}}}\n"


def acts(company: Company, **wanted: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with company.unit(read=True) as unit:
        events, _more = trail.page(unit.connection, company.id, TrailFilter(**wanted))
    return [(event.entity, event.action, event.after.get("changes", {})) for event in events]


@pytest.fixture
def auditor(tenant: Company, clock: SettableClock) -> Actor:
    made = tenant.member("viewer")
    assert made.member_id is not None
    membership.change_member(
        tenant.host, tenant.system(), made.member_id, roles=["auditor"], teams=[],
        ends_at=clock() + dt.timedelta(days=30),
    )  # fmt: skip
    return tenant.renew(made)


# The configuration as a file


def test_a_file_shows_its_plan_before_it_changes_anything(tenant: Company, client: Browser) -> None:
    before = export_configuration(tenant.host, tenant.slug)

    plan = client.post(CONFIGURATION, data={"text": ZONE, "action": "plan"})

    assert plan.status_code == 200
    assert "fields.clients.client.zona" in plan.text
    assert page_of(plan).one("button", value="apply").text == "Aplicar estos cambios"
    assert export_configuration(tenant.host, tenant.slug) == before


def test_a_file_is_applied_once_and_stands_in_the_audit(tenant: Company, client: Browser) -> None:
    sent = {"text": ZONE, "action": "apply"}

    done = client.post(CONFIGURATION, data=sent)
    again = client.post(CONFIGURATION, data={"text": ZONE, "action": "plan"})

    assert done.status_code == 302
    assert "custom.zona" in tenant.view.entities[CLIENT].fields
    assert "ya está configurada así" in again.text
    assert acts(tenant, entity="core.configuration")[0][1] == "create"


def test_a_file_of_another_company_is_what_its_download_gives(
    tenant: Company, client: Browser
) -> None:
    client.post(CONFIGURATION, data={"text": ZONE, "action": "apply"})

    given = client.get(f"{CONFIGURATION}.yaml")
    plan = client.post(
        CONFIGURATION, data={"file": (io.BytesIO(given.data), "a.yaml"), "action": "plan"}
    )

    assert given.text == export_configuration(tenant.host, tenant.slug)
    assert "attachment" in given.headers["Content-Disposition"]
    assert "ya está configurada así" in plan.text


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Elija el archivo"), ("a: [", "línea"), ("fields: {no.such: {}}", "fields.no.such")],
)
def test_a_file_that_will_not_do_is_told_with_its_places(
    text: str, said: str, client: Browser
) -> None:
    answer = client.post(CONFIGURATION, data={"text": text, "action": "apply"})

    assert answer.status_code == 422
    assert said in answer.text


# Tokens and sessions


def test_an_administrator_ends_anybodys_token(
    tenant: Company, client: Browser, make_api: Callable[..., FlaskClient]
) -> None:
    seller = tenant.member("seller", name="Eva Ruiz")
    program = make_api(seller, scopes=["clients:read"])
    listed = client.get("/settings/tokens")
    url = next(form.attrs["action"] for form in page_of(listed).all("form", method="post")
               if form.attrs["action"].endswith("/revoke"))  # fmt: skip

    client.post(url)

    assert "Eva Ruiz" in listed.text
    assert program.get("/api/v1/clients/clients").status_code == 401
    assert client.post(url).status_code == 404
    assert acts(tenant, entity="core.member")[0] == (
        "core.member", "update", {"token": ["test", None]},
    )  # fmt: skip


def test_a_token_of_another_company_cannot_be_ended(
    tenant: Company, other_tenant: Company, sign_in: Callable[..., Browser], client: Browser,
    make_api: Callable[..., FlaskClient],
) -> None:  # fmt: skip
    make_api(tenant.member("seller"))
    url = next(form.attrs["action"] for form in page_of(client.get("/settings/tokens")).all("form")
               if form.attrs["action"].endswith("/revoke"))  # fmt: skip

    stranger = sign_in(other_tenant.member("admin"))

    assert stranger.post(url).status_code == 404
    assert "/revoke" not in stranger.get("/settings/tokens").text


def test_a_person_is_signed_out_everywhere(
    tenant: Company, client: Browser, sign_in: Callable[..., Browser]
) -> None:
    seller = tenant.member("seller")
    phone = sign_in(seller)
    assert phone.get("/account").status_code == 200

    client.post(f"/settings/users/{seller.member_id}/sign-out")

    assert phone.get("/account").status_code == 302
    assert acts(tenant, action="sign_out")[0][0] == "core.member"


# The auditor


def test_an_auditor_reads_the_audit_and_nothing_else_of_the_administration(
    tenant: Company, auditor: Actor, sign_in: Callable[..., Browser]
) -> None:
    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Ferretería El Yunque"})
    reader = sign_in(auditor)

    audit = reader.get("/settings/audit?action=create")
    exported = reader.get("/settings/audit.csv")

    assert audit.status_code == exported.status_code == 200
    assert "Ferretería El Yunque" in audit.text
    assert "Ferretería El Yunque" in exported.text
    assert "/settings/audit/verify" not in audit.text
    assert 'href="/settings/users"' not in audit.text
    assert 'href="/settings/audit"' in reader.get("/account").text
    others = ("/settings", "/settings/users", "/settings/tokens", CONFIGURATION,
              f"{CONFIGURATION}.yaml")  # fmt: skip
    assert {reader.get(path).status_code for path in others} == {404}
    assert reader.post("/settings/audit/verify").status_code == 404


def test_what_a_rule_hides_from_an_auditor_is_not_in_his_audit(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    with tenant.unit() as unit:
        made = unit.records.create(CLIENT, {"name": "Ana", "phone": "601 555 0101"})
        unit.records.update(CLIENT, made.id, {"phone": "601 555 0199"})
    tenant.role("checker", {"entities": {"*": {"view": "all"}}, "permissions": ["core.audit"],
                            "fields": {CLIENT: {"phone": "hidden"}}})  # fmt: skip
    checker = sign_in(tenant.member("checker"))

    assert "601 555 0199" not in checker.get("/settings/audit").text
    assert "601 555 0199" not in checker.get("/settings/audit.csv").text


# Roles


def test_a_role_keeps_what_its_page_does_not_show(tenant: Company, client: Browser) -> None:
    tenant.role(
        "checker",
        {"entities": {"*": {"view": "all"}, "away.thing": {"view": "own"}},
         "permissions": ["core.audit", "away.permission"],
         "fields": {CLIENT: {"phone": "hidden", "updated_by": "hidden"},
                    "away.thing": {"price": "hidden"}}},
    )  # fmt: skip
    page = client.get("/settings/roles/checker")

    form = page_of(page).form("/settings/roles/checker")
    client.post("/settings/roles/checker", data=form | {f"f:{CLIENT}:phone": ["read"]})

    role = tenant.view.roles["checker"]
    assert role.permissions == {"core.audit", "away.permission"}
    assert role.entities["away.thing"] == {"view": "own"}
    assert role.fields == {CLIENT: {"phone": "read", "updated_by": "hidden"},
                           "away.thing": {"price": "hidden"}}  # fmt: skip


def test_only_a_full_administrator_makes_or_ends_another(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    tenant.role("office", {"entities": {"*": {"view": "all"}},
                           "permissions": ["core.administer"]})  # fmt: skip
    clerk, boss = tenant.member("office"), tenant.member("admin")
    tenant.member("admin")
    browser = sign_in(clerk)

    risen = browser.post(f"/settings/users/{clerk.member_id}", data={"roles": "admin"})
    fallen = browser.post(f"/settings/users/{boss.member_id}", data={"roles": "viewer"})
    ended = browser.post(f"/settings/users/{boss.member_id}/end")

    assert {risen.status_code, fallen.status_code, ended.status_code} == {422}
    assert tenant.view.members[clerk.member_id].roles == ("office",)
    assert tenant.view.members[boss.member_id].may_enter(tenant.host.clock())


# Several companies


def test_who_serves_several_companies_sees_how_they_stand_and_enters_one(
    tenant: Company, other_tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    mine = tenant.member("admin")
    assert mine.member is not None
    administration.create_user(
        other_tenant.host, other_tenant.slug, mine.member.email, roles=["seller"]
    )
    browser = sign_in(mine)

    page = browser.get("/account/companies")

    assert tenant.view.tenant.name in page.text
    assert other_tenant.view.tenant.name in page.text
    # Of a company that one does not administer, only its name and one's roles.
    assert page.text.count("usuarios de la licencia") == 1
    assert browser.post("/tenant", data={"tenant": str(other_tenant.id)}).status_code == 302
    assert browser.get("/settings").status_code == 404


def test_a_person_sees_no_company_of_others(
    tenant: Company, other_tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    page = sign_in(tenant.member("seller")).get("/account/companies")

    assert other_tenant.view.tenant.name not in page.text
    assert sign_in(None).get("/account/companies").status_code == 302
