"""What a tenant makes of a form: laid over what plugins declare, and held by the write path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from trato.access import rules
from trato.access.actor import Actor
from trato.configuration import apply_configuration, apply_data, export_configuration
from trato.configuration.layouts import merged as merged_layouts
from trato.errors import Invalid
from trato.exchange.importing import run_import
from trato.screens.arranged import Part, arranged, tabs
from trato.screens.parts import form_groups
from trato.tenancy.layouts import LaidField, LaidSection, LaidTab, Layout
from trato.testing.companies import Company

pytestmark = pytest.mark.plugins("clients", "colombia")

CLIENT = "clients.client"
CLIENTS = "/api/v1/clients/clients"
SECTIONS = [
    {"key": "terminos", "titles": {"es": "Términos", "en": "Terms"}, "tab": "venta",
     "fields": ["payment_days", "credit_limit", "colombia.municipality"]},
    {"key": "identification", "fields": ["identification", "name", "kind"]},
]  # fmt: skip
TABS = [{"key": "venta", "titles": {"es": "Venta"}}]


def lay(tenant: Company, **form: Any) -> None:
    apply_data(tenant.host, tenant.slug, {"forms": {CLIENT: form or None}})


def shown(tenant: Company, actor: Actor | None = None) -> dict[str, list[str]]:
    """Give what the form shows: fields by section."""
    who = tenant.system() if actor is None else tenant.renew(actor)
    entity = who.view.entities[CLIENT]
    groups = form_groups(who.view, entity, rules.visible_fields(who, entity))
    return {group.part.key: [f.path for f in group.fields] for group in groups}


def refusals(tenant: Company, form: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        lay(tenant, **form)
    return {
        path.removeprefix(f"forms.{CLIENT}."): " ".join(map(str, texts))
        for path, texts in caught.value.errors.items()
    }


# The one merging


def part(key: str, *paths: str) -> Part:
    return Part(key=key, title=key.title(), paths=paths)


def laid(key: str, *fields: str, **more: Any) -> LaidSection:
    return LaidSection(key=key, fields=fields, **more)


def merged(declared: list[Part], *sections: LaidSection, known: str) -> list[tuple[str, ...]]:
    found = arranged(declared, Layout(sections=sections), known.split())
    return [(one.key, *one.paths) for one in found]


def test_without_a_layout_the_declared_sections_stand() -> None:
    declared = [part("one", "a", "b"), part("two", "c")]

    assert arranged(declared, Layout(), {"a", "b", "c"}) == declared


def test_a_field_that_is_declared_later_stands_at_the_end_of_its_section() -> None:
    declared = [part("one", "a", "new", "b"), part("two", "c")]

    found = merged(declared, laid("two", "c", "b"), laid("one", "a"), known="a b c new")

    assert found == [("two", "c", "b"), ("one", "a", "new")]


def test_a_section_that_is_declared_later_stands_behind_the_one_declared_before_it() -> None:
    declared = [part("one", "a"), part("new", "n"), part("two", "c")]

    assert merged(declared, laid("two", "c"), laid("one", "a"), known="a n c") == [
        ("two", "c"), ("one", "a"), ("new", "n")
    ]  # fmt: skip


def test_a_first_section_that_is_declared_later_stands_first() -> None:
    declared = [part("new", "n"), part("one", "a")]

    assert merged(declared, laid("one", "a"), known="a n") == [("new", "n"), ("one", "a")]


def test_a_section_that_nobody_declares_now_keeps_its_place_and_lends_its_fields() -> None:
    declared = [part("one", "a", "b")]

    found = merged(declared, laid("gone", "x", "b"), laid("one", "a"), known="a b")

    assert found == [("gone", "x"), ("one", "a", "b")]


def test_a_section_of_the_tenants_own_stays_when_nobody_declares_it() -> None:
    declared = [part("one", "a", "b")]
    own = laid("own", "b", titles={"es": "Mía"})

    assert merged(declared, own, laid("one", "a"), known="a b") == [("own", "b"), ("one", "a")]


def test_every_field_stands_once_however_the_layout_is_made() -> None:
    declared = [part("one", "a", "b"), part("one", "c"), part("two", "d", "e")]
    layouts = [
        (laid("two", "a", "e"), laid("x", "c", titles={"es": "X"})),
        (laid("one"), laid("two")),
        (laid("gone", "a", "e"), laid("two", "b", "z")),
    ]

    for sections in layouts:
        found = merged(declared, *sections, known="a b c d e")
        paths = [path for _key, *some in found for path in some if path != "z"]
        assert sorted(paths) == ["a", "b", "c", "d", "e"]


# In a tenant


def test_what_is_laid_out_stands_in_the_form(tenant: Company) -> None:
    before = shown(tenant)

    lay(tenant, tabs=TABS, sections=SECTIONS)

    after = shown(tenant)
    assert next(iter(after)) == "terminos"
    assert after["terminos"] == ["payment_days", "credit_limit", "colombia.municipality"]
    # What is declared there and was not named follows.
    assert after["identification"][:3] == ["identification", "name", "kind"]
    assert sorted(p for some in after.values() for p in some) == sorted(
        p for some in before.values() for p in some
    )
    view = tenant.view
    assert [tab.key for tab in tabs(view, view.entities[CLIENT])] == [
        "venta", "general", "branches", "contacts"
    ]  # fmt: skip


def test_fields_of_a_disabled_plugin_are_gone_and_come_back_to_their_place(
    tenant: Company,
) -> None:
    lay(tenant, tabs=TABS, sections=SECTIONS)
    before = shown(tenant)

    tenant.disable("colombia")
    without = shown(tenant)
    # Saved meanwhile, by somebody who does not see them.
    layout = yaml.safe_load(export_configuration(tenant.host, tenant.slug))["forms"][CLIENT]
    lay(tenant, **layout, fields={"website": {"hidden": True}})
    tenant.enable("colombia")

    assert without["terminos"] == ["payment_days", "credit_limit"]
    assert shown(tenant)["terminos"] == before["terminos"]


def test_a_new_own_field_is_there_at_once(tenant: Company) -> None:
    lay(tenant, tabs=TABS, sections=SECTIONS)

    tenant.custom_field(CLIENT, "ruta", "text", label="Ruta")

    assert shown(tenant)["own"] == ["custom.ruta"]


def test_a_field_hidden_from_the_form_is_everywhere_else(tenant: Company, api: FlaskClient) -> None:
    lay(tenant, fields={"website": {"hidden": True}})

    assert "website" not in [p for some in shown(tenant).values() for p in some]
    made = api.post(CLIENTS, json={"name": "Andina", "website": "https://andina.co"})
    assert made.json["website"] == "https://andina.co"


def test_what_a_role_may_not_see_no_layout_shows(tenant: Company) -> None:
    lay(tenant, sections=SECTIONS, fields={"credit_limit": {"labels": {"es": "Cupo"}}})
    tenant.role("corto", {
        "entities": {CLIENT: {"view": "all", "create": "all", "edit": "all"}},
        "fields": {CLIENT: {"credit_limit": "hidden"}},
    })  # fmt: skip
    member = tenant.member("corto")

    assert shown(tenant, member)["terminos"] == ["payment_days", "colombia.municipality"]


def test_going_back_leaves_nothing(tenant: Company) -> None:
    before, declared = export_configuration(tenant.host, tenant.slug), shown(tenant)
    lay(tenant, tabs=TABS, sections=SECTIONS, fields={"website": {"required": True}})

    lay(tenant)

    assert shown(tenant) == declared
    assert export_configuration(tenant.host, tenant.slug) == before
    assert tenant.view.layouts == {}


def test_another_process_notices(tenant: Company) -> None:
    version = tenant.view.tenant.version

    lay(tenant, sections=SECTIONS)

    assert tenant.view.tenant.version > version


# As a file


def test_a_layout_travels_in_the_file_and_is_the_same_when_applied_twice(
    tenant: Company, other_tenant: Company
) -> None:
    tenant.custom_field(CLIENT, "ruta", "text", label="Ruta")
    lay(tenant, tabs=TABS, sections=SECTIONS, fields={
        "custom.ruta": {"when": {"kind": ["company"], "website": True}, "help": "De entrega"},
        "phone": {"required": True, "labels": {"es": "Teléfono fijo"}},
    })  # fmt: skip
    text = export_configuration(tenant.host, tenant.slug)
    form = yaml.safe_dump({"fields": yaml.safe_load(text)["fields"],
                           "forms": yaml.safe_load(text)["forms"]})  # fmt: skip

    apply_configuration(other_tenant.host, other_tenant.slug, form)
    again = apply_configuration(other_tenant.host, other_tenant.slug, form)

    there = yaml.safe_load(export_configuration(other_tenant.host, other_tenant.slug))
    assert there["forms"] == yaml.safe_load(text)["forms"]
    assert {step.action for step in again} == {"unchanged"}
    assert shown(other_tenant) == shown(tenant)


def test_the_plan_tells_what_differs(tenant: Company) -> None:
    lay(tenant, sections=SECTIONS, fields={"phone": {"required": True}})
    form = {"sections": SECTIONS, "fields": {"mobile": {"required": True}}}

    (step,) = apply_data(tenant.host, tenant.slug, {"forms": {CLIENT: form}}, dry_run=True)

    assert (step.path, step.action) == (f"forms.{CLIENT}", "change")
    assert step.changes == {
        "fields.phone": ({"required": True}, None), "fields.mobile": (None, {"required": True}),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({"fields": {"name": {"hidden": True}}}, "fields.name.hidden"),
        ({"fields": {"name": {"when": {"kind": "company"}}}}, "fields.name.when"),
        ({"fields": {"phone": {"hidden": True, "required": True}}}, "fields.phone.hidden"),
        ({"fields": {"is_client": {"required": True}}}, "fields.is_client.required"),
        ({"fields": {"colombia.check_digit": {"required": True}}},
         "fields.colombia.check_digit.required"),
        ({"fields": {"fone": {"required": True}}}, "fields.fone"),
        ({"fields": {"phone": {"when": {"phone": True}}}}, "fields.phone.when.phone"),
        ({"fields": {"phone": {"when": {"kind": "firma"}}}}, "fields.phone.when.kind"),
        ({"fields": {"phone": {"when": {"credit_limit": "5"}}}}, "fields.phone.when.credit_limit"),
        ({"fields": {"phone": {"labels": {"español": "X"}}}}, "fields.phone.labels.español"),
        ({"sections": [{"key": "a", "fields": ["fone"]}]}, "sections[0].fields"),
        ({"sections": [{"key": "a", "fields": ["phone", "phone"]}]}, "sections[0].fields"),
        ({"sections": [{"key": "a"}, {"key": "a"}]}, "sections[1]"),
        ({"sections": [{"key": "A b"}]}, "sections[0].key"),
        ({"tabs": {"a": 1}}, "tabs"),
        ({"mark": "of-another-time"}, "mark"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_place(
    tenant: Company, form: dict[str, Any], place: str
) -> None:
    assert list(refusals(tenant, form)) == [place]


# Obligatory


def test_what_the_tenant_demands_holds_for_rest_and_commands(
    tenant: Company, api: FlaskClient
) -> None:
    with tenant.unit() as unit:
        old = unit.records.create(CLIENT, {"name": "De antes"})
    lay(tenant, fields={"phone": {"required": True}})

    refused = api.post(CLIENTS, json={"name": "Andina"})
    made = api.post(CLIENTS, json={"name": "Andina", "phone": "6015550100"})
    emptied = api.patch(f"{CLIENTS}/{made.json['id']}", json={"phone": None},
                        headers={"If-Match": made.headers["ETag"]})  # fmt: skip

    assert refused.status_code == 422
    assert refused.json["errors"]["phone"] == ["Este dato es obligatorio."]
    assert made.status_code == 201
    assert emptied.status_code == 422
    with tenant.unit() as unit, pytest.raises(Invalid) as caught:
        unit.records.create(CLIENT, {"name": "Otra"})
    assert list(caught.value.errors) == ["phone"]
    # A record from before can be changed in something else.
    with tenant.unit() as unit:
        assert unit.records.update(CLIENT, old.id, {"city": "Cali"}).values["city"] == "Cali"


def test_what_the_tenant_demands_holds_for_imports(tenant: Company, tmp_path: Path) -> None:
    lay(tenant, fields={"phone": {"required": True, "labels": {"es": "Teléfono fijo"}}})
    file = tmp_path / "datos.csv"
    file.write_text("Nombre;Teléfono fijo\nAndina;6015550100\nValle;\n")

    found = run_import(tenant.host, tenant.system(), CLIENT, file)

    assert (found.created, found.refused) == (1, 1)
    assert [(problem.row, problem.column) for problem in found.problems] == [(3, "Teléfono fijo")]


def test_a_demand_under_a_condition_holds_where_the_condition_does(tenant: Company) -> None:
    lay(tenant, fields={"identification": {"required": True, "when": {"kind": "company"}}})

    with tenant.unit() as unit:
        person = unit.records.create(CLIENT, {"name": "Ana", "kind": "person"})
    with tenant.unit() as unit, pytest.raises(Invalid) as caught:
        unit.records.create(CLIENT, {"name": "Andina", "kind": "company"})
    assert list(caught.value.errors) == ["identification"]
    # What decides whether it applies asks for it as well.
    with tenant.unit() as unit, pytest.raises(Invalid) as caught:
        unit.records.update(CLIENT, person.id, {"kind": "company"})
    assert list(caught.value.errors) == ["identification"]


def test_what_a_plugin_hides_is_not_demanded_there(tenant: Company) -> None:
    lay(tenant, fields={"surnames": {"required": True}})

    with tenant.unit() as unit:
        unit.records.create(CLIENT, {"name": "Andina", "kind": "company"})
    with tenant.unit() as unit, pytest.raises(Invalid) as caught:
        unit.records.create(CLIENT, {"name": "Ana", "kind": "person"})
    assert list(caught.value.errors) == ["surnames"]


def test_nobody_is_asked_for_what_they_may_not_write(
    tenant: Company, unit: Callable[..., Any]
) -> None:
    lay(tenant, fields={"credit_limit": {"required": True},
                        "phone": {"required": True, "when": {"credit_limit": False}}})  # fmt: skip
    tenant.role("corto", {
        "entities": {CLIENT: {"view": "all", "create": "all", "edit": "all"}},
        "fields": {CLIENT: {"credit_limit": "hidden"}},
    })  # fmt: skip
    member = tenant.renew(tenant.member("corto"))

    with tenant.unit(member) as work:
        assert work.records.create(CLIENT, {"name": "Andina"}).id


def test_what_is_asked_of_a_field_that_is_gone_is_not_asked(tenant: Company) -> None:
    lay(tenant, fields={"phone": {"required": True, "when": {"colombia.municipality": True}}})
    tenant.disable("colombia")

    with tenant.unit() as unit:
        assert unit.records.create(CLIENT, {"name": "Andina"}).id


def test_the_tabs_of_a_layout_keep_what_plugins_declare() -> None:
    from trato.screens.arranged import Tab, arranged_tabs

    declared = [Tab(key="general"), Tab(key="a", title="A"), Tab(key="new", title="New")]
    layout = Layout(tabs=(LaidTab(key="a"), LaidTab(key="gone"), LaidTab(key="general")))

    assert [tab.key for tab in arranged_tabs(declared, layout)] == ["a", "general", "new"]


def test_changes_of_two_people_are_put_together_where_they_do_not_meet() -> None:
    base = Layout(fields={"a": LaidField(hidden=True), "b": LaidField(help="B")})
    theirs = Layout(fields={"b": LaidField(help="B")}, tabs=(LaidTab(key="x"),))
    mine = Layout(fields={"a": LaidField(hidden=True), "b": LaidField(help="Otra")})

    assert merged_layouts(base, theirs, mine) == Layout(
        fields={"b": LaidField(help="Otra")}, tabs=(LaidTab(key="x"),)
    )
    assert merged_layouts(base, mine, mine) == mine
    assert merged_layouts(base, replace(mine, fields={}), mine) is None
