"""A form arranged in its page: by buttons alone, nothing lost between two, and no dearer."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from trato.configuration import apply_data
from trato.records import trail
from trato.records.trail import TrailFilter
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of
from trato.testing.statements import Statements

pytestmark = pytest.mark.plugins("clients", "colombia")

CLIENT = "clients.client"
URL = f"/settings/forms/{CLIENT}"
NEW = "/clients/clients/new"
Count = Callable[[], AbstractContextManager[Statements]]


def page(client: Browser) -> Page:
    return page_of(client.get(URL))


def sent(shown: Page) -> dict[str, Any]:
    """Give what the page's form sends but for the button."""
    return dict(shown.form(URL))


def press(client: Browser, shown: Page, do: str, **typed: Any) -> TestResponse:
    form = {key: value for key, value in sent(shown).items() if key != "do"}
    return client.post(URL, data={**form, **typed, "do": do})


def pressed(client: Browser, shown: Page, *steps: str) -> Page:
    for step in steps:
        answer = press(client, shown, step)
        assert answer.status_code == 200, answer.text
        shown = page_of(answer)
    return shown


def save(client: Browser, shown: Page, **typed: Any) -> None:
    answer = press(client, shown, "save", **typed)
    assert answer.status_code == 302, page_of(answer).text


def stands(shown: Page) -> dict[str, list[str]]:
    """Give the fields by section, as the page lists them."""
    return {
        one.attrs["data-lay-section"] or "": [
            item.attrs["data-lay-field"] or ""
            for item in one.all("li")
            if "data-lay-field" in item.attrs
        ]
        for one in shown.all("ul")
        if "data-lay-section" in one.attrs
    }


def labels(client: Browser, url: str = NEW) -> list[str]:
    return [label.text for label in page_of(client.get(url)).all("label")]


def test_buttons_move_fields_and_nothing_is_kept_until_it_is_saved(
    tenant: Company, client: Browser
) -> None:
    shown = page(client)
    before = stands(shown)
    first, second = before["identification"][:2]

    shown = pressed(client, shown, f"up:field:{second}")

    assert stands(shown)["identification"][:2] == [second, first]
    assert stands(page(client)) == before
    save(client, shown)
    assert stands(page(client))["identification"][:2] == [second, first]
    texts = labels(client)
    assert texts.index("Nombre obligatorio") < texts.index("Tipo obligatorio")


def test_a_field_goes_over_the_edge_into_the_next_section(tenant: Company, client: Browser) -> None:
    shown = page(client)
    before = stands(shown)

    down = stands(pressed(client, shown, f"down:field:{before['identification'][-1]}"))
    up = stands(pressed(client, shown, f"up:field:{before['relationship'][0]}"))

    assert down["relationship"][0] == before["identification"][-1]
    assert up["identification"][-1] == before["relationship"][0]


def test_a_dragged_field_stands_where_it_was_dropped(tenant: Company, client: Browser) -> None:
    shown = page(client)

    shown = pressed(client, shown, "place:website:identification:name")

    found = stands(shown)["identification"]
    assert found.index("website") == found.index("name") - 1


def test_sections_and_tabs_are_added_named_and_taken_away(tenant: Company, client: Browser) -> None:
    shown = pressed(client, page(client), "new:tab")
    answer = press(client, shown, "new:section:own-pestana-nueva", p_title_es="Cobro")
    shown = page_of(answer)
    answer = press(client, shown, "edit:field:payment_days", p_title_es="Condiciones de cobro")
    shown = page_of(answer)
    save(client, shown, p_section="own-seccion-nueva", p_label_es="Plazo")

    form = page_of(client.get(NEW))
    assert "Cobro" in form.one(id="tab-own-pestana-nueva-tab").text
    assert "Condiciones de cobro" in form.one(id="tab-own-pestana-nueva").text
    assert "Plazo" in form.one(id="tab-own-pestana-nueva").text

    shown = pressed(client, page(client), "drop:tab:own-pestana-nueva",
                    "drop:section:own-seccion-nueva")  # fmt: skip
    save(client, shown)

    assert "payment_days" in stands(page(client))["commercial-terms"]
    assert "Cobro" not in client.get(NEW).text


def test_a_section_goes_up_and_to_another_tab(tenant: Company, client: Browser) -> None:
    shown = page(client)
    first, second = list(stands(shown))[:2]

    assert list(stands(pressed(client, shown, f"up:section:{second}")))[:2] == [second, first]
    shown = pressed(client, shown, f"edit:section:{first}")
    save(client, shown, p_tab="contacts")

    tab = page_of(client.get(NEW)).one(id="tab-contacts")
    assert "Nombre" in tab.text


def test_what_a_field_asks_is_said_in_its_panel(tenant: Company, client: Browser) -> None:
    shown = pressed(client, page(client), "edit:field:website")
    answer = press(client, shown, "", p_when_field_0="kind", p_label_en="Site", p_label_es="Sitio",
                   p_help="Con https", p_required="true")  # fmt: skip
    shown = page_of(answer)
    save(client, shown, p_when_value_0=["company"])

    said = tenant.view.layouts[CLIENT].to_json()
    assert said == {"fields": {"website": {
        "labels": {"es": "Sitio", "en": "Site"}, "help": "Con https", "required": True,
        "when": {"kind": ["company"]},
    }}}  # fmt: skip
    form = page_of(client.get(NEW))
    field = next(one for one in form.all(css="t-field") if "Sitio" in one.text)
    assert json.loads(field.attrs["data-show"] or "") == [{"kind": ["company"]}]
    refused = client.post(NEW, data={**form.form(NEW), "name": "Andina"})
    assert refused.status_code == 422
    assert page_of(refused).error_of("website") == "Este dato es obligatorio."
    person = client.post(NEW, data={**form.form(NEW), "name": "Ana", "kind": "person",
                                    "surnames": "Ruiz"})  # fmt: skip
    assert person.status_code == 302


def test_the_form_asks_for_what_is_demanded_in_old_records_too(
    tenant: Company, client: Browser
) -> None:
    with tenant.unit() as unit:
        old = unit.records.create(CLIENT, {"name": "De antes"})
    apply_data(tenant.host, tenant.slug, {"forms": {CLIENT: {"fields": {"phone": {
        "required": True}}}}})  # fmt: skip
    url = f"/clients/clients/{old.id}/edit"

    answer = client.post(url, data=page_of(client.get(url)).form(url))

    assert answer.status_code == 422
    assert page_of(answer).error_of("phone") == "Este dato es obligatorio."


def test_a_field_left_out_stands_neither_in_the_form_nor_on_the_page(
    tenant: Company, client: Browser
) -> None:
    with tenant.unit() as unit:
        record = unit.records.create(CLIENT, {"name": "Andina", "website": "https://andina.co"})
    url = f"/clients/clients/{record.id}"
    assert {"Sitio web", "Plazo en días"} <= {
        one.text for one in page_of(client.get(url)).all("dt")
    }
    shown = pressed(client, page(client), "edit:field:website")
    save(client, page_of(press(client, shown, "edit:field:payment_days", p_hidden="true")),
         p_hidden="true")  # fmt: skip

    assert page_of(client.get(NEW)).all(name="website") == []
    told = {one.text for one in page_of(client.get(url)).all("dt")}
    assert not {"Sitio web", "Plazo en días"} & told


def test_what_every_record_must_have_stays_in_the_form(tenant: Company, client: Browser) -> None:
    shown = pressed(client, page(client), "edit:field:name")

    save(client, shown, p_hidden="true", p_required="false", p_when_field_0="kind")

    assert tenant.view.layouts.get(CLIENT) is None
    assert page_of(client.get(NEW)).one("input", name="name")


def test_what_cannot_be_is_told_with_its_field_and_nothing_is_lost(
    tenant: Company, client: Browser
) -> None:
    shown = pressed(client, page(client), "up:field:name", "edit:field:website")

    answer = press(client, shown, "save", p_hidden="true", p_required="true")

    assert answer.status_code == 422
    told = page_of(answer)
    assert "Sitio web: Lo obligatorio no se puede ocultar." in told.text
    assert stands(told)["identification"][0] == "name"


def test_what_two_administrators_change_in_different_parts_is_kept_of_both(
    tenant: Company, client: Browser
) -> None:
    mine = pressed(client, page(client), "up:field:name")
    theirs = pressed(client, page(client), "edit:field:website")
    save(client, theirs, p_hidden="true")

    save(client, mine)

    assert tenant.view.layouts[CLIENT].fields["website"].hidden
    assert stands(page(client))["identification"][0] == "name"


def test_what_two_administrators_change_in_one_part_is_chosen(
    tenant: Company, client: Browser
) -> None:
    mine = pressed(client, page(client), "up:field:name", "edit:field:website")
    theirs = pressed(client, page(client), "edit:field:website")
    save(client, theirs, p_hidden="true")

    met = press(client, mine, "save", p_label_es="Sitio")

    assert met.status_code == 409
    told = page_of(met)
    assert "Difiere en:" in told.text
    assert "Sitio web" in told.one(role="alert").text
    assert stands(told)["identification"][0] == "name"
    assert tenant.view.layouts[CLIENT].fields["website"].hidden
    assert press(client, told, "save-over").status_code == 302
    assert tenant.view.layouts[CLIENT].fields["website"].labels == {"es": "Sitio"}
    assert stands(page(client))["identification"][0] == "name"


def test_going_back_undoes_nobody_elses_work_unseen(tenant: Company, client: Browser) -> None:
    save(client, pressed(client, page(client), "up:field:name"))
    mine = page(client)
    save(client, pressed(client, page(client), "edit:field:website"), p_hidden="true")

    met = press(client, mine, "reset")

    assert met.status_code == 409
    assert tenant.view.layouts[CLIENT].fields["website"].hidden
    assert press(client, page_of(met), "save-over").status_code == 302
    assert tenant.view.layouts == {}


def test_it_goes_back_to_what_the_modules_declare(tenant: Company, client: Browser) -> None:
    declared = stands(page(client))
    save(client, pressed(client, page(client), "up:field:name"))

    answer = press(client, page(client), "reset")

    assert answer.status_code == 302
    assert stands(page(client)) == declared
    assert tenant.view.layouts == {}


def test_a_change_stands_in_the_audit(tenant: Company, client: Browser) -> None:
    save(client, pressed(client, page(client), "up:field:name"))

    with tenant.unit(read=True) as unit:
        (event, *_older), _more = trail.page(
            unit.connection, tenant.id, TrailFilter(entity="core.configuration")
        )
    assert f"forms.{CLIENT}" in event.after.values()
    assert "sections" in event.after["changes"]


def test_what_is_sent_wrong_is_read_as_what_stands_there(tenant: Company, client: Browser) -> None:
    shown = page(client)

    for layout in ("{", "[]", '{"sections": [{"key": "x", "fields": ["nada"]}]}', "null"):
        answer = press(client, shown, "up:field:nada", layout=layout)
        assert answer.status_code == 200
    assert client.get("/settings/forms/nada.nada").status_code == 404


def test_the_form_costs_no_more_statements(
    tenant: Company, client: Browser, count_statements: Count
) -> None:
    def cost(url: str) -> int:
        client.get(url)
        with count_statements() as counted:
            assert client.get(url).status_code == 200
        return len(counted)

    before, arranging = cost(NEW), cost(URL)
    apply_data(tenant.host, tenant.slug, {"forms": {CLIENT: {
        "sections": [{"key": f"s{number}", "titles": {"es": "S"}, "fields": [path]}
                     for number, path in enumerate(("name", "phone", "city", "website"))],
        "fields": {"phone": {"required": True, "when": {"kind": "company"}},
                   "city": {"hidden": True}, "website": {"labels": {"es": "Sitio"}}},
    }}})  # fmt: skip

    assert cost(NEW) == before
    assert cost(URL) == arranging
    assert arranging <= before + 4


def test_rest_tells_what_the_tenant_demands(tenant: Company, api: FlaskClient) -> None:
    apply_data(tenant.host, tenant.slug, {"forms": {CLIENT: {"fields": {"phone": {
        "required": True, "labels": {"es": "Teléfono fijo"}}}}}})  # fmt: skip

    schemas = api.get("/api/v1/openapi.json").json["components"]["schemas"]

    needs = [
        set(one["required"])
        for one in schemas.values()
        if "phone" in one.get("required", ()) and "credit_limit" in one["properties"]
    ]
    assert {"name", "phone"} in needs


def test_what_is_demanded_stands_in_short_forms_and_rows_of_other_forms_too(
    tenant: Company, client: Browser
) -> None:
    apply_data(tenant.host, tenant.slug, {"forms": {
        CLIENT: {"fields": {"website": {"required": True}}},
        "clients.branch": {"fields": {"hours": {"required": True, "when": {"city": "Cali"}}}},
    }})  # fmt: skip

    short = page_of(client.get("/clients/clients/short", headers={"HX-Request": "true"}))
    form = page_of(client.get(NEW)).form(NEW)
    sent = {**form, "name": "Andina", "website": "https://andina.co"}
    row = "clients.branch.client_id__n1__"
    refused = client.post(NEW, data={**sent, f"{row}name": "Centro", f"{row}city": "Cali"})
    made = client.post(NEW, data={**sent, f"{row}name": "Centro", f"{row}city": "Cali",
                                  f"{row}hours": "8 a 5"})  # fmt: skip

    assert short.one("input", name="website").attrs["aria-required"] == "true"
    assert refused.status_code == 422
    assert page_of(refused).error_of(f"{row}hours") == "Este dato es obligatorio."
    assert made.status_code == 302
