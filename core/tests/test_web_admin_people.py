"""Users, teams and roles: what an administrator changes, and what nobody may."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from trato import administration, membership
from trato.errors import DomainError
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

CLIENT = "clients.client"


def test_only_administrators_see_people_and_roles(client: Browser, app, seller, tenant) -> None:  # type: ignore[no-untyped-def]
    member = seller.member_id
    pages = ("/settings/users", f"/settings/users/{member}", "/settings/teams",
             "/settings/teams/new", "/settings/roles", "/settings/roles/seller")  # fmt: skip

    allowed = [client.get(path).status_code for path in pages]
    refused = [browser(app, seller).get(path).status_code for path in pages]

    assert allowed == [200] * len(pages)
    assert refused == [404] * len(pages)


def test_people_and_teams_of_another_company_are_not_there(
    client: Browser, other_tenant: Company
) -> None:
    stranger = other_tenant.member("seller").member
    other_tenant.team("lejos")
    team = next(iter(other_tenant.view.teams))
    assert stranger is not None

    answers = [
        client.get(f"/settings/users/{stranger.id}").status_code,
        client.post(f"/settings/users/{stranger.id}", data={"roles": "admin"}).status_code,
        client.post(f"/settings/users/{stranger.id}/end").status_code,
        client.get(f"/settings/teams/{team}").status_code,
    ]

    assert answers == [404] * 4


def test_roles_teams_and_last_day_are_kept(client: Browser, tenant: Company, seller) -> None:  # type: ignore[no-untyped-def]
    tenant.team("norte")
    team = next(iter(tenant.view.teams))

    answer = client.post(
        f"/settings/users/{seller.member_id}",
        data={"roles": ["", "manager", "viewer"], "teams": ["", str(team)], "until": "2099-03-31"},
    )

    member = tenant.view.members[seller.member_id]
    assert answer.status_code == 302
    assert member.roles == ("manager", "viewer")
    assert member.teams == {team}
    assert member.ends_at is not None
    assert member.ends_at.date() in (dt.date(2099, 3, 31), dt.date(2099, 4, 1))


def test_only_administrator_stays_one(client: Browser, tenant: Company, actor) -> None:  # type: ignore[no-untyped-def]
    answer = client.post(f"/settings/users/{actor.member_id}", data={"roles": ["", "seller"]})

    assert answer.status_code == 422
    assert "única persona que administra" in answer.text
    assert tenant.view.members[actor.member_id].roles == ("admin",)


def test_nobody_ends_their_own_access(tenant: Company, actor) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError, match="your own access"):
        membership.end_member(tenant.host, tenant.renew(actor), actor.member_id, heir_id=None)


def test_records_are_handed_over_with_the_end_of_access(
    client: Browser,
    tenant: Company,
    actor,
    seller,  # type: ignore[no-untyped-def]
) -> None:
    with tenant.unit(seller) as unit:
        for name in ("Uno", "Dos"):
            unit.records.create(CLIENT, {"name": name})

    answer = client.post(
        f"/settings/users/{seller.member_id}/end", data={"heir": str(actor.member_id)}
    )

    with tenant.unit(tenant.renew(actor)) as unit:
        owners = {row[2] for row in unit.records.query(CLIENT, columns=("owner_id",)).rows}
        history = unit.records.history(
            CLIENT, unit.records.query(CLIENT, columns=("name",)).rows[0][0]
        )
    assert answer.status_code == 302
    assert owners == {actor.member_id}
    assert history[0].member_id == actor.member_id
    assert not tenant.view.members[seller.member_id].is_active


def test_team_is_made_and_filled(client: Browser, tenant: Company, seller) -> None:  # type: ignore[no-untyped-def]
    answer = client.post(
        "/settings/teams/new", data={"name": "Eje Cafetero", "members": ["", str(seller.member_id)]}
    )

    team = next(t for t in tenant.view.teams.values() if t.name == "Eje Cafetero")
    assert answer.status_code == 302
    assert team.key == "ejecafetero"
    assert team.id in tenant.view.members[seller.member_id].teams


def test_role_is_made_from_the_matrix_and_removed(client: Browser, tenant: Company) -> None:
    answer = client.post(
        "/settings/roles/new",
        data={
            "name": "Cartera", "e:*:view": "all", f"e:{CLIENT}:view": "team",
            f"e:{CLIENT}:edit": "own", f"f:{CLIENT}:credit_limit": "hidden",
            "permission": ["core.administer"], "second_factor": "true",
        },
    )  # fmt: skip

    grants = tenant.view.roles["cartera"]
    assert answer.status_code == 302
    assert grants.scope(CLIENT, "view") == "team"
    assert grants.scope(CLIENT, "archive") == "none"
    assert grants.scope("clients.zone", "view") == "all"
    assert grants.field_rule(CLIENT, "credit_limit") == "hidden"
    assert grants.second_factor
    assert grants.allows("core.administer")
    assert client.post("/settings/roles/cartera/delete").status_code == 302
    assert "cartera" not in tenant.view.roles


def test_role_in_use_is_not_removed(client: Browser, tenant: Company, seller) -> None:  # type: ignore[no-untyped-def]
    role = seller.member.roles[0]

    answer = client.post(f"/settings/roles/{role}/delete")

    assert answer.status_code == 422
    assert role in tenant.view.roles


def test_wrong_scope_is_refused_and_the_matrix_kept(client: Browser, tenant: Company) -> None:
    before = tenant.view.roles["seller"]

    answer = client.post(
        "/settings/roles/seller", data={"name": "Ventas", f"e:{CLIENT}:view": "everything"}
    )

    assert answer.status_code == 422
    assert tenant.view.roles["seller"].entities == before.entities


def test_administrator_sees_where_a_person_works_in_this_company_and_nowhere_else(
    client: Browser, app: Flask, tenant: Company, other_tenant: Company
) -> None:
    actor = tenant.member("seller")
    administration.create_user(tenant.host, other_tenant.slug, actor.member.email, roles=["viewer"])
    page = f"/settings/users/{actor.member_id}"

    def lines() -> list[str]:
        return [item.text for item in page_of(client.get(page)).all("b", "t-clip")]

    before = lines()
    person = browser(app, actor)
    person.post("/tenant", data={"tenant": str(tenant.id)})
    here = lines()
    person.post("/tenant", data={"tenant": str(other_tenant.id)})
    elsewhere = lines()

    assert (before, len(here), elsewhere) == ([], 1, [])
