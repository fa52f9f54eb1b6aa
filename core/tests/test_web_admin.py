"""The administration: only administrators, only their own company, and what each page does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from trato import administration
from trato.configuration.sealed import read_secret, save_secrets
from trato.db.engine import transaction
from trato.jobs import merging, queue
from trato.plugin import Setting
from trato.records import audit, trail
from trato.records.trail import TrailFilter
from trato.tenancy.own_fields import read_own_fields
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company

CLIENT = "clients.client"
PAGES = (
    "/settings", "/settings/company", "/settings/modules", "/settings/license",
    "/settings/modules/colombia", "/settings/fields", f"/settings/fields/{CLIENT}",
    f"/settings/fields/{CLIENT}/new", f"/settings/fields/{CLIENT}/canal",
    f"/settings/fields/{CLIENT}/canal/choices", "/settings/configuration", "/settings/tokens",
    "/settings/mail",
)  # fmt: skip
ACTIONS = (
    "/settings/company", "/settings/modules/clients/disable", "/settings/modules/clients/enable",
    "/settings/modules/colombia", "/settings/license", f"/settings/fields/{CLIENT}/new",
    f"/settings/fields/{CLIENT}/canal", f"/settings/fields/{CLIENT}/canal/retire",
    f"/settings/fields/{CLIENT}/canal/choices", f"/settings/fields/{CLIENT}/canal/choices/merge",
    f"/settings/fields/{CLIENT}/preview",
)  # fmt: skip


@pytest.fixture
def company(tenant: Company) -> Company:
    tenant.custom_field(
        CLIENT, "canal", "choice", label="Canal", indexed=True,
        choices=[("TAT", "Tienda a tienda"), ("MOD", "Moderno"), ("DIG", "Digital")],
    )  # fmt: skip
    return tenant


def own(company: Company, key: str = "canal"):  # type: ignore[no-untyped-def]
    with transaction(company.host.engine, tenant_id=company.id, read=True) as connection:
        return read_own_fields(connection, company.id).get((CLIENT, key))


# Who may enter


@pytest.mark.parametrize("path", PAGES)
def test_an_administrator_reads_every_page_in_spanish(
    path: str, company: Company, client: Browser
) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert "Administración" in answer.text


@pytest.mark.parametrize("role", ["manager", "seller", "viewer"])
def test_nobody_else_finds_the_administration(
    role: str, company: Company, sign_in: Callable[..., Browser]
) -> None:
    other = sign_in(company.member(role))

    found = {path: other.get(path).status_code for path in PAGES}
    found |= {f"POST {path}": other.post(path).status_code for path in ACTIONS}

    assert set(found.values()) == {404}
    assert 'href="/settings"' not in other.get("/account").text


def test_who_is_signed_out_is_sent_to_sign_in(
    company: Company, sign_in: Callable[..., Browser]
) -> None:
    nobody = sign_in(None)

    assert {nobody.get(path).status_code for path in PAGES} == {302}


def test_fields_of_another_company_do_not_exist_here(
    company: Company, other_tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    stranger = sign_in(other_tenant.member("admin"))

    assert stranger.get(f"/settings/fields/{CLIENT}/canal").status_code == 404
    assert stranger.post(f"/settings/fields/{CLIENT}/canal/retire").status_code == 404
    assert own(company).active


# Company


def test_the_company_is_renamed_and_its_pages_follow(company: Company, client: Browser) -> None:
    answer = client.post(
        "/settings/company",
        data={"name": "Quimbaya Azul", "locale": "es", "timezone": "America/Lima",
              "currency": "PEN", "theme": "dark"},
        follow_redirects=True,
    )  # fmt: skip

    assert answer.status_code == 200
    assert "La empresa quedó guardada." in answer.text
    assert company.view.tenant.name == "Quimbaya Azul"
    assert company.view.tenant.timezone == "America/Lima"
    assert 'data-bs-theme="dark"' in client.get("/account").text


def test_a_wrong_time_zone_is_refused_at_its_field_and_nothing_is_kept(
    company: Company, client: Browser
) -> None:
    before = company.view.tenant

    answer = client.post(
        "/settings/company",
        data={"name": "Otra", "locale": "es", "timezone": "Luna/Mar", "currency": "COP",
              "theme": "system"},
    )  # fmt: skip

    assert answer.status_code == 422
    assert 'id="f-timezone-error"' in answer.text
    assert company.view.tenant == before


# Modules and licence


def test_a_module_is_switched_on_by_the_page(
    make_tenant: Callable[..., Company], sign_in: Callable[..., Browser]
) -> None:
    company = make_tenant(plugins=["clients"])
    client = sign_in(company.member("admin"))

    opened = client.get("/settings/modules?open=colombia")
    answer = client.post("/settings/modules/colombia/enable", follow_redirects=True)

    assert "Necesita" in opened.text
    assert "/settings/modules/colombia/enable" in opened.text
    assert answer.status_code == 200
    assert "colombia" in company.view.enabled


def test_a_module_that_others_need_stays_on_and_they_are_named(
    company: Company, client: Browser
) -> None:
    answer = client.post("/settings/modules/clients/disable")

    assert answer.status_code == 422
    assert "colombia" in answer.text.casefold()
    assert "clients" in company.view.enabled


def test_a_module_outside_the_licence_is_refused_with_its_reason(
    make_tenant: Callable[..., Company], sign_in: Callable[..., Browser]
) -> None:
    company = make_tenant(plugins=["clients"])
    company.install_license(["clients"])
    client = sign_in(company.member("admin"))

    page = client.get("/settings/modules")
    answer = client.post("/settings/modules/colombia/enable")

    assert "Fuera del plan" in page.text
    assert answer.status_code == 422
    assert "colombia" not in company.view.enabled


def test_an_unknown_module_does_not_exist(client: Browser) -> None:
    assert client.post("/settings/modules/nada/enable").status_code == 404
    assert client.get("/settings/modules/nada").status_code == 404


@pytest.mark.parametrize(
    ("days", "said"),
    [(400, "Vigente"), (10, "La licencia termina el"), (-10, "Hasta el"), (-60, "solo se puede")],
)
def test_the_page_says_how_long_the_licence_lasts(
    days: int, said: str, company: Company, client: Browser, clock: SettableClock
) -> None:
    company.install_license(expires=clock().date() + dt.timedelta(days=days))

    text = client.get("/settings/modules").text

    assert said in text


def test_a_licence_is_installed_from_what_was_pasted(company: Company, client: Browser) -> None:
    token = company.license(company.slug, ["clients"], seats=7)

    answer = client.post("/settings/license", data={"token": f"\n{token}\n"})

    assert answer.status_code == 302
    assert company.view.license.seats == 7


@pytest.mark.parametrize("kind", ["empty", "garbage", "foreign"])
def test_a_wrong_licence_changes_nothing(kind: str, company: Company, client: Browser) -> None:
    token = {
        "empty": "", "garbage": "eyJ.no.sirve",
        "foreign": company.license("otra-empresa", ["clients"], seats=7),
    }[kind]  # fmt: skip

    answer = client.post("/settings/license", data={"token": token})

    assert answer.status_code == 422
    assert 'id="f-token-error"' in answer.text
    assert company.view.license.seats == 100


# Settings of a module


def test_settings_are_kept_and_shown_again(company: Company, client: Browser) -> None:
    answer = client.post(
        "/settings/modules/colombia",
        data={"saturday_is_business_day": ["false", "true"], "days_off": "2026-12-24"},
    )

    assert answer.status_code == 302
    assert company.view.settings["colombia", "saturday_is_business_day"] is True
    assert "2026-12-24" in client.get("/settings/modules/colombia").text


def test_a_secret_is_sealed_shown_to_nobody_and_read_back_by_code(
    temporarily: Callable,
    make_plugin: Callable,
    issue_license: Callable,  # type: ignore[type-arg]
) -> None:
    from trato.testing.clients import browser
    from trato.testing.companies import make_company
    from trato.web import create_app

    secretive = make_plugin(
        "secretive", settings=[Setting(key="api_key", label="Clave", kind="secret"),
                               Setting(key="limit", label="Tope", kind="decimal")],
    )  # fmt: skip
    with temporarily(secretive) as host:
        company = make_company(host, issue_license, plugins=["secretive"])
        client = browser(create_app(host), company.member("admin"))

        answer = client.post("/settings/modules/secretive",
                             data={"api_key": "muy-secreta", "limit": "1.234,5"})  # fmt: skip
        page = client.get("/settings/modules/secretive")
        client.post("/settings/modules/secretive", data={"api_key": "", "limit": "2"})

        assert answer.status_code == 302
        assert "muy-secreta" not in page.text
        assert "1.234,5" in page.text
        kept = company.view.settings["secretive", "api_key"]
        assert "muy-secreta" not in str(kept)
        assert read_secret(host, company.view, "secretive", "api_key") == "muy-secreta"
        assert company.view.settings["secretive", "limit"] == "2"

        save_secrets(host, company.slug, "secretive", {"api_key": None})
        assert read_secret(host, company.view, "secretive", "api_key") is None


# Own fields


def new_field(**values: str) -> dict[str, str]:
    return {"label_es": "Día de visita", "kind": "text", **values}


def test_a_field_is_made_and_its_key_follows_its_name(company: Company, client: Browser) -> None:
    answer = client.post(f"/settings/fields/{CLIENT}/new", data=new_field(indexed="true"))

    made = own(company, "dia_de_visita")
    assert answer.status_code == 302
    assert (made.kind, made.indexed, made.labels) == ("text", True, {"es": "Día de visita"})


def test_values_of_a_new_choice_are_its_lines(company: Company, client: Browser) -> None:
    client.post(
        f"/settings/fields/{CLIENT}/new",
        data=new_field(kind="choice", key="dia", choices="Lunes\n\nMartes\nLunes"),
    )

    assert [choice.value for choice in own(company, "dia").choices] == ["Lunes", "Martes"]


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"label_es": ""}, "f-label_es"),
        ({"kind": "choice"}, "f-choices"),
        ({"kind": "boolean", "unique": "true"}, "f-unique"),
        ({"kind": "integer", "default": "doce"}, "f-default"),
        ({"key": "Ñandú"}, "f-key"),
        ({"key": "canal"}, "f-key"),
    ],
)
def test_a_wrong_field_is_refused_where_it_is_wrong(
    typed: dict[str, str], at: str, company: Company, client: Browser
) -> None:
    answer = client.post(f"/settings/fields/{CLIENT}/new", data=new_field(**typed))

    assert answer.status_code == 422
    assert f'id="{at}-error"' in answer.text


def test_a_field_cannot_become_unique_over_equal_values(company: Company, client: Browser) -> None:
    company.custom_field(CLIENT, "placa", "text", label="Placa")
    with company.unit() as unit:
        for name in ("Uno", "Dos"):
            unit.records.create(CLIENT, {"name": name, "custom.placa": "ABC"})

    answer = client.post(
        f"/settings/fields/{CLIENT}/placa", data={"label_es": "Placa", "unique": "true"}
    )

    assert answer.status_code == 422
    assert "ABC" in answer.text
    assert not own(company, "placa").unique


def test_a_field_that_becomes_indexed_filters_what_was_there(
    company: Company, client: Browser
) -> None:
    company.custom_field(CLIENT, "placa", "text", label="Placa")
    with company.unit() as unit:
        unit.records.create(CLIENT, {"name": "Uno", "custom.placa": "ABC"})

    client.post(f"/settings/fields/{CLIENT}/placa", data={"label_es": "Placa", "indexed": "true"})
    found = client.get("/clients/clients?custom.placa=ABC")

    assert own(company, "placa").indexed
    assert "Uno" in found.text


def test_fields_are_retired_moved_and_brought_back(company: Company, client: Browser) -> None:
    company.custom_field(CLIENT, "zona", "text", position=20)
    company.custom_field(CLIENT, "ruta", "text", position=30)

    for action in ("ruta/up", "canal/retire"):
        assert client.post(f"/settings/fields/{CLIENT}/{action}").status_code == 302
    assert not own(company).active
    assert own(company, "ruta").position < own(company, "zona").position

    client.post(f"/settings/fields/{CLIENT}/canal/restore")
    assert own(company).active


def test_the_preview_draws_the_widget_of_the_kind(company: Company, client: Browser) -> None:
    drawn = client.post(
        f"/settings/fields/{CLIENT}/preview",
        data=new_field(kind="choices", choices="Lunes\nMartes", help="Uno o más"),
    ).text

    assert drawn.count('type="checkbox"') == 2
    assert "Uno o más" in drawn
    assert "<html" not in drawn


# Choices


def with_clients(company: Company, **values: str) -> None:
    with company.unit() as unit:
        for name, value in values.items():
            unit.records.create(CLIENT, {"name": name, "custom.canal": value})


def held(company: Company) -> dict[str, str]:
    with company.unit(read=True) as unit:
        page = unit.records.query(CLIENT, columns=("name", "custom.canal"))
        return {row["name"]: row["custom.canal"] for row in page.records()}


def test_merging_rewrites_the_records_and_their_history_names_the_administrator(
    company: Company, client: Browser
) -> None:
    with_clients(company, Ana="TAT", Beto="MOD", Caro="TAT")

    answer = client.post(
        f"/settings/fields/{CLIENT}/canal/choices/merge", data={"value": "TAT", "into": "DIG"},
        follow_redirects=True,
    )  # fmt: skip

    assert "2" in answer.text
    assert held(company) == {"Ana": "DIG", "Beto": "MOD", "Caro": "DIG"}
    assert {c.value: c.active for c in own(company).choices} == {
        "TAT": False, "MOD": True, "DIG": True,
    }  # fmt: skip
    with company.unit(read=True) as unit:
        found = unit.records.query(CLIENT, columns=("name",)).records()
        ana = next(record["id"] for record in found if record["name"] == "Ana")
        last = unit.records.history(CLIENT, ana)[0]
    assert last.member_id is not None
    assert last.after == {"custom.canal": "DIG"}


def test_a_list_of_choices_holds_the_merged_value_once(company: Company, client: Browser) -> None:
    company.custom_field(CLIENT, "dias", "choices", choices=[("L", "Lun"), ("M", "Mar")])
    with company.unit() as unit:
        made = unit.records.create(CLIENT, {"name": "Ana", "custom.dias": ["L", "M"]})

    client.post(f"/settings/fields/{CLIENT}/dias/choices/merge", data={"value": "L", "into": "M"})

    with company.unit(read=True) as unit:
        assert unit.records.get(CLIENT, made.id)["custom.dias"] == ["M"]


def test_many_records_are_merged_in_the_background(
    company: Company, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "AT_ONCE", 1)
    with_clients(company, Ana="TAT", Beto="MOD", Caro="TAT")

    answer = client.post(
        f"/settings/fields/{CLIENT}/canal/choices/merge", data={"value": "TAT", "into": "DIG"},
        follow_redirects=True,
    )  # fmt: skip
    before = held(company)
    with company.unit(read=True) as unit:
        [task] = queue.tasks(unit.connection, company.id, job=merging.MERGE)
    done = company.run_task(task.id)

    assert "en segundo plano" in answer.text
    assert before == {"Ana": "TAT", "Beto": "MOD", "Caro": "TAT"}
    assert (done.state, done.result) == ("done", 2)
    assert held(company) == {"Ana": "DIG", "Beto": "MOD", "Caro": "DIG"}


def test_a_value_merges_into_another_only(company: Company, client: Browser) -> None:
    path = f"/settings/fields/{CLIENT}/canal/choices/merge"

    for into in ("TAT", "nada", ""):
        assert client.post(path, data={"value": "TAT", "into": into}).status_code == 422


def test_a_value_is_renamed_added_moved_and_retired(company: Company, client: Browser) -> None:
    path = f"/settings/fields/{CLIENT}/canal/choices"

    client.post(path, data={"action": "rename", "value": "MOD", "label": "Cadenas"})
    client.post(path, data={"action": "add", "label": "Horeca"})
    client.post(path, data={"action": "up", "value": "Horeca"})
    client.post(path, data={"action": "retire", "value": "TAT"})

    assert [(c.value, c.label, c.active) for c in own(company).choices] == [
        ("TAT", "Tienda a tienda", False), ("MOD", "Cadenas", True), ("Horeca", "Horeca", True),
        ("DIG", "Digital", True),
    ]  # fmt: skip


def test_a_retired_value_is_offered_to_nobody_but_its_records(
    company: Company, client: Browser
) -> None:
    with_clients(company, Ana="TAT")
    client.post(
        f"/settings/fields/{CLIENT}/canal/choices", data={"action": "retire", "value": "TAT"}
    )
    with company.unit(read=True) as unit:
        ana = next(unit.records.query(CLIENT).records())["id"]

    assert 'value="TAT"' not in client.get("/clients/clients/new").text
    assert 'value="TAT"' in client.get(f"/clients/clients/{ana}/edit").text


def test_a_default_that_is_retired_is_no_default_any_more(
    company: Company, client: Browser
) -> None:
    client.post(f"/settings/fields/{CLIENT}/canal", data={"label_es": "Canal", "default": "MOD"})
    assert own(company).default == "MOD"

    client.post(
        f"/settings/fields/{CLIENT}/canal/choices", data={"action": "retire", "value": "MOD"}
    )

    assert own(company).default is None


def test_the_last_value_cannot_be_retired(company: Company, client: Browser) -> None:
    path = f"/settings/fields/{CLIENT}/canal/choices"
    answers = [
        client.post(path, data={"action": "retire", "value": value}).status_code
        for value in ("TAT", "MOD", "DIG")
    ]

    assert answers == [302, 302, 422]


def test_held_tasks_wait_for_their_module_and_go_on_when_it_is_back(company: Company) -> None:
    from trato.jobs import queue

    host = company.host
    company.disable("colombia")
    with transaction(host.engine, tenant_id=company.id) as connection:
        from sqlalchemy import update

        from trato.tenancy.tables import task

        made = queue.enqueue(connection, company.id, "colombia.anything", now=host.clock())
        connection.execute(update(task).where(task.c.id == made).values(state="held"))

    administration.enable(host, company.slug, "colombia")

    with transaction(host.engine, tenant_id=company.id, read=True) as connection:
        assert queue.find(connection, company.id, made).state == "queued"


# What administrators did


def test_acts_of_administration_stand_in_the_audit_and_verify(
    company: Company, client: Browser
) -> None:
    client.post("/settings/modules/colombia/disable")
    client.post(f"/settings/fields/{CLIENT}/canal/retire")
    client.post("/settings/modules/colombia/enable")

    with company.unit(read=True) as unit:
        events = list(trail.every(unit.connection, company.id, TrailFilter()))
        faults = list(audit.verify(unit.connection, company.id, unit.view.entities.values(),
                                   keys=unit.audit_keys))  # fmt: skip
    shown = client.get("/settings/audit").text

    acts = [(e.entity, e.action) for e in reversed(events)]
    assert acts == [
        ("core.plugin", "disable"), ("core.configuration", "archive"), ("core.plugin", "enable"),
    ]  # fmt: skip
    assert {e.member_id for e in events} == {next(iter(company.view.members))}
    assert faults == []
    assert f"fields.{CLIENT}.canal" in shown


def test_what_was_refused_stands_in_no_audit(company: Company, client: Browser) -> None:
    client.post("/settings/modules/clients/disable")
    client.post(f"/settings/fields/{CLIENT}/new", data=new_field(kind="choice"))

    with company.unit(read=True) as unit:
        assert audit.length(unit.connection, company.id) == 0
