"""What a role may not do, its pages neither offer nor accept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trato.access.actor import Actor
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

SignIn = Callable[..., Browser]
LIST = "/clients/clients"


@pytest.fixture
def tenant(tenant: Company) -> Company:
    tenant.team("norte")
    tenant.team("sur")
    return tenant


@pytest.fixture
def colleague(tenant: Company) -> Actor:
    return tenant.member("seller", name="Colega del norte", teams=["norte"])


@pytest.fixture
def seller(tenant: Company) -> Actor:
    return tenant.member("seller", name="Vendedora", teams=["norte"])


def make(tenant: Company, name: str, owner: Actor, team: str | None = None) -> Record:
    teams = {team.key: str(team.id) for team in tenant.view.teams.values()}
    with tenant.unit() as unit:
        return unit.records.create(
            "clients.client",
            {"name": name, "owner_id": str(owner.member_id), "team_id": teams.get(team or "")},
        )


def links(page: Page) -> set[str]:
    return {a.attrs.get("href", "") for a in page.all("a")}


def forms(page: Page) -> set[str]:
    return {form.attrs.get("action", "") for form in page.all("form")}


# --- who only reads ------------------------------------------------------------------------------


def test_reader_is_offered_nothing_that_writes(
    sign_in: SignIn, tenant: Company, viewer: Actor, actor: Actor
) -> None:
    url = f"{LIST}/{make(tenant, 'Acme', actor).id}"
    opened = sign_in(viewer)

    in_list, in_record = page_of(opened.get(LIST)), page_of(opened.get(url))

    assert [row[0] for row in in_list.rows()] == ["A Acme"]
    assert f"{LIST}/new" not in links(in_list)
    assert not [href for href in links(in_list) if "export" in href or "bin=1" in href]
    assert f"{url}/edit" not in links(in_record)
    assert not [href for href in links(in_record) if "/new?" in href]
    assert f"{url}/archive" not in forms(in_record)


def test_reader_can_write_by_no_address(
    sign_in: SignIn, tenant: Company, viewer: Actor, actor: Actor
) -> None:
    record = make(tenant, "Acme", actor)
    url = f"{LIST}/{record.id}"
    opened = sign_in(viewer)

    answers = [
        opened.get(f"{LIST}/new"), opened.post(f"{LIST}/new", data={"name": "Otra"}),
        opened.get(f"{url}/edit"),
        opened.post(f"{url}/edit", data={"name": "Otro", "version": str(record.version)}),
        opened.post(f"{url}/archive"), opened.get(f"{LIST}/export.csv"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403] * 6
    assert all("su rol (Consulta) no permite" in page_of(answer).text for answer in answers)
    with tenant.unit(read=True) as unit:
        rows = unit.records.query("clients.client", columns=("name",)).rows
    assert [row[2] for row in rows] == ["Acme"]


def test_empty_list_offers_a_reader_no_creation(sign_in: SignIn, viewer: Actor) -> None:
    page = page_of(sign_in(viewer).get(LIST))

    assert page.one("div", "t-empty").one("h2").text == "Todavía no hay clientes"
    assert f"{LIST}/new" not in links(page)


# --- who sells -----------------------------------------------------------------------------------


def test_seller_sees_own_records_and_those_of_the_team(
    sign_in: SignIn, tenant: Company, seller: Actor, colleague: Actor, actor: Actor
) -> None:
    make(tenant, "Propio", seller)
    make(tenant, "Del equipo", colleague, "norte")
    make(tenant, "Del sur", colleague, "sur")
    make(tenant, "Ajeno", actor)

    page = page_of(sign_in(seller).get(LIST))

    assert [row[0] for row in page.rows()] == ["DE Del equipo", "P Propio"]
    assert page.one(id="t-count").text == "2"


def test_seller_reads_and_does_not_change_what_the_team_owns(
    sign_in: SignIn, tenant: Company, seller: Actor, colleague: Actor
) -> None:
    record = make(tenant, "Del equipo", colleague, "norte")
    url = f"{LIST}/{record.id}"
    opened = sign_in(seller)

    page = page_of(opened.get(url))
    refused = [
        opened.get(f"{url}/edit"),
        opened.post(f"{url}/edit", data={"name": "Robado", "version": str(record.version)}),
        opened.post(f"{url}/archive"),
    ]  # fmt: skip

    assert page.title == "Del equipo"
    assert f"{url}/edit" not in links(page)
    assert f"{url}/archive" not in forms(page)
    assert [answer.status_code for answer in refused] == [403] * 3
    assert "Colega del norte" in page_of(refused[0]).text


def test_record_out_of_sight_is_not_found(
    sign_in: SignIn, tenant: Company, seller: Actor, actor: Actor
) -> None:
    record = make(tenant, "Ajeno", actor)
    url = f"{LIST}/{record.id}"
    opened = sign_in(seller)

    answers = [
        opened.get(url), opened.get(f"{url}/edit"), opened.get(f"{url}/why"),
        opened.post(f"{url}/edit", data={"name": "x", "version": "1"}),
        opened.post(f"{url}/archive"), opened.post(f"{url}/restore"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 6
    assert all("Ajeno" not in answer.text for answer in answers)


def test_new_record_belongs_to_who_makes_it(sign_in: SignIn, seller: Actor) -> None:
    opened = sign_in(seller)
    form = page_of(opened.get(f"{LIST}/new")).form(f"{LIST}/new")

    made = opened.post(f"{LIST}/new", data={**form, "name": "Nuevo"}, follow_redirects=True)

    assert form["owner_id"] == [str(seller.member_id)]
    assert page_of(made).title == "Nuevo"


def test_panel_counts_only_what_is_in_sight(
    sign_in: SignIn, tenant: Company, seller: Actor, actor: Actor
) -> None:
    head = make(tenant, "Cabeza", seller)
    for name, owner in (("Propia del grupo", seller), ("Ajena del grupo", actor)):
        with tenant.unit() as unit:
            unit.records.create(
                "clients.client", {"name": name, "parent_id": str(head.id),
                                   "owner_id": str(owner.member_id)},
            )  # fmt: skip

    person = sign_in(seller)
    page = page_of(person.get(f"{LIST}/{head.id}"))
    awaited = next(p for p in page.all("section", "t-card") if "Empresas del grupo" in p.text)
    panel = page_of(person.get(awaited.attrs["hx-get"]))

    assert panel.one("span", "t-count").text == "1"
    assert "Ajena" not in panel.text + page.text


# --- fields --------------------------------------------------------------------------------------


def limited(tenant: Company, **fields: str) -> Actor:
    return tenant.member_with(
        {"*": {"view": "all", "create": "all", "edit": "all", "archive": "all", "export": "all"}},
        fields={"clients.client": fields},
    )


def test_hidden_field_is_in_no_page(sign_in: SignIn, tenant: Company, actor: Actor) -> None:
    member = limited(tenant, credit_limit="hidden")
    with tenant.unit() as unit:
        record = unit.records.create(
            "clients.client", {"name": "Acme", "credit_limit": "123456789"}
        )
        unit.records.update("clients.client", record.id, {"credit_limit": "987654321"})
    url = f"{LIST}/{record.id}"
    opened = sign_in(member)

    paths = (LIST, f"{LIST}/filters", f"{LIST}/new", url, f"{url}/edit", f"{url}/why")
    pages = [opened.get(path) for path in paths]

    for answer in pages:
        assert answer.status_code == 200
        assert "Cupo de crédito" not in answer.text
        assert "123.456.789" not in answer.text
        assert "987.654.321" not in answer.text
    assert opened.get(f"{LIST}?credit_limit__gt=1").status_code == 400
    assert opened.get(f"{LIST}?sort=credit_limit").status_code == 400


def test_hidden_field_cannot_be_written(sign_in: SignIn, tenant: Company) -> None:
    opened = sign_in(limited(tenant, credit_limit="hidden"))

    opened.post(f"{LIST}/new", data={"name": "Acme", "credit_limit": "5"})

    with tenant.unit(read=True) as unit:
        rows = unit.records.query("clients.client", columns=("name", "credit_limit")).rows
    assert [row[2:] for row in rows] == [("Acme", None)]


def test_field_that_is_read_only_is_shown_locked_and_stays(
    sign_in: SignIn, tenant: Company
) -> None:
    with tenant.unit() as unit:
        record = unit.records.create("clients.client", {"name": "Acme", "city": "Cali"})
    url = f"{LIST}/{record.id}"
    opened = sign_in(limited(tenant, city="read"))

    page = page_of(opened.get(f"{url}/edit"))
    form = page.form(f"{url}/edit")
    refused = opened.post(f"{url}/edit", data={**form, "name": "", "city": "Bogotá"})
    saved = opened.post(f"{url}/edit", data={**form, "name": "Acme 2", "city": "Bogotá"})

    assert "readonly" in page.one("input", id="f-city").attrs
    assert page_of(refused).form(f"{url}/edit")["city"] == ["Cali"]
    assert saved.status_code == 302
    with tenant.unit(read=True) as unit:
        assert unit.records.get("clients.client", record.id).values["city"] == "Cali"


def test_list_works_where_its_usual_order_is_hidden(sign_in: SignIn, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Escondido", "identification": "900123"})
    opened = sign_in(limited(tenant, name="hidden"))

    answer = opened.get(LIST)

    assert answer.status_code == 200
    assert "Escondido" not in answer.text
    assert page_of(answer).rows()[0][0] == "9 900123"


def test_person_without_roles_finds_no_lists(sign_in: SignIn, tenant: Company) -> None:
    opened = sign_in(tenant.member())

    page = page_of(opened.get("/account"))

    assert not [href for href in links(page) if href.startswith("/clients")]
    assert opened.get(LIST).status_code == 403
