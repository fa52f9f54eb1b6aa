"""A tenant's configuration as one document: plan, application, refusals, existing records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from trato.configuration import Step, apply_configuration, apply_data, export_configuration
from trato.errors import ConfigError, DomainError, Invalid
from trato.records import audit
from trato.records.query import Filter

if TYPE_CHECKING:
    from trato.host import Host
    from trato.testing.companies import Company

pytestmark = pytest.mark.plugins("clients")

CLIENT = "clients.client"
EVERY_KIND = """
fields:
  clients.client:
    a_text: {kind: text, labels: {es: Texto, en: Text}, searchable: true, indexed: true}
    a_longtext: {kind: longtext, labels: {es: Largo}, searchable: true}
    a_integer: {kind: integer, labels: {es: Entero}, default: 7}
    a_decimal: {kind: decimal, labels: {es: Decimal}, default: "1.25", indexed: true}
    a_money: {kind: money, labels: {es: Plata}}
    a_date: {kind: date, labels: {es: Fecha}, default: 2026-11-22, indexed: true}
    a_moment: {kind: date-time, labels: {es: Momento}, indexed: true}
    a_boolean: {kind: boolean, labels: {es: Sí o no}, default: false}
    a_choice: {kind: choice, labels: {es: Una}, choices: [uno, {value: dos, label: Dos}]}
    a_choices: {kind: choices, labels: {es: Varias}, choices: [a, b], default: [a]}
    a_tags: {kind: tags, labels: {es: Palabras}}
    a_email: {kind: email, labels: {es: Correo}, unique: true}
    a_phone: {kind: phone, labels: {es: Teléfono}, indexed: true}
    a_url: {kind: url, labels: {es: Página}}
"""


def apply(host: Host, tenant: Company, text: str, **options: Any) -> list[Step]:
    return apply_configuration(host, tenant.slug, text, **options)


def actions(steps: list[Step]) -> dict[str, str]:
    return {step.path: step.action for step in steps}


def problems(host: Host, tenant: Company, text: str) -> dict[str, str]:
    before = export_configuration(host, tenant.slug)
    with pytest.raises(Invalid) as caught:
        apply(host, tenant, text)
    assert export_configuration(host, tenant.slug) == before
    return {path: " ".join(map(str, texts)) for path, texts in caught.value.errors.items()}


def field(**spec: Any) -> str:
    """Write a document with the field `code` of clients."""
    return yaml.safe_dump({"fields": {CLIENT: {"code": {"labels": {"es": "C"}, **spec}}}})


def names(host: Host, tenant: Company, **query: Any) -> list[str]:
    with host.unit(tenant.system()) as unit:
        page = unit.records.query(CLIENT, columns=("name",), limit=500, **query)
    return [row[-1] for row in page.rows]


def make(host: Host, tenant: Company, *rows: dict[str, Any]) -> None:
    with host.unit(tenant.system()) as unit:
        for row in rows:
            unit.records.create(CLIENT, row)


# --- applying ------------------------------------------------------------------------------------


def test_every_kind_of_field_is_made_and_applied_again_without_a_change(
    host: Host, tenant: Company
) -> None:
    first = actions(apply(host, tenant, EVERY_KIND))
    again = actions(apply(host, tenant, EVERY_KIND))

    assert len(first) == 14
    assert set(first.values()) == {"create"}
    assert set(again.values()) == {"unchanged"}
    with host.unit(tenant.system()) as unit:
        made = unit.records.create(CLIENT, {"name": "Uno"})
    assert (made["custom.a_integer"], made["custom.a_boolean"]) == (7, False)
    assert str(made["custom.a_decimal"]) == "1.25"
    assert made["custom.a_date"].isoformat() == "2026-11-22"
    assert made["custom.a_choices"] == ["a"]


def test_what_was_exported_makes_the_same_in_another_tenant(
    host: Host, tenant: Company, other_tenant: Company
) -> None:
    apply(host, tenant, EVERY_KIND)
    apply(
        host, tenant,
        "tenant: {name: Uno S.A., currency: USD, timezone: America/Lima, locale: en}\n"
        "teams: {norte: {name: Norte}}\n"
        "roles: {cartera: {name: Cartera, entities: {clients.client: {view: all}},"
        " fields: {clients.client: {credit_limit: read}}}}",
    )  # fmt: skip
    document = export_configuration(host, tenant.slug)

    apply(host, other_tenant, document)

    assert export_configuration(host, other_tenant.slug) == document
    assert set(actions(apply(host, tenant, document)).values()) == {"unchanged"}


def test_a_dry_run_tells_the_plan_and_does_nothing(host: Host, tenant: Company) -> None:
    before = export_configuration(host, tenant.slug)

    steps = apply(host, tenant, EVERY_KIND, dry_run=True)

    assert set(actions(steps).values()) == {"create"}
    assert export_configuration(host, tenant.slug) == before


def test_what_the_document_leaves_out_stays(host: Host, tenant: Company) -> None:
    apply(host, tenant, field(kind="choice", help="Ayuda", choices=["a", "b", "c"]))

    steps = apply(host, tenant, field(choices=[{"value": "b", "label": "Be"}, "d"]))

    assert actions(steps) == {f"fields.{CLIENT}.code": "change"}
    after = yaml.safe_load(export_configuration(host, tenant.slug))["fields"][CLIENT]["code"]
    assert [choice["value"] for choice in after["choices"]] == ["b", "d", "a", "c"]
    assert after["help"] == "Ayuda"
    assert actions(apply(host, tenant, "{}")) == {}


def test_a_retired_field_keeps_its_values_and_comes_back_with_them(
    host: Host, tenant: Company
) -> None:
    apply(host, tenant, field(kind="text", indexed=True))
    make(host, tenant, {"name": "Uno", "custom.code": "K9"})

    retired = apply(host, tenant, field(active=False))

    assert actions(retired) == {f"fields.{CLIENT}.code": "retire"}
    with host.unit(tenant.system(), read=True) as unit:
        assert "custom.code" not in unit.view.entity(CLIENT).fields
    make(host, tenant, {"name": "Dos"})
    apply(host, tenant, field(active=True))
    found = names(host, tenant, filters=(Filter(path="custom.code", op="eq", value="K9"),))
    assert found == ["Uno"]


def test_the_profile_of_the_tenant_is_changed(host: Host, tenant: Company) -> None:
    steps = apply(host, tenant, "tenant: {timezone: America/Lima}")

    assert steps[0].changes == {"timezone": ("America/Bogota", "America/Lima")}
    assert host.system(tenant.id).timezone == "America/Lima"


# --- refusals ------------------------------------------------------------------------------------


def test_every_problem_is_said_at_once_with_its_place(host: Host, tenant: Company) -> None:
    found = problems(
        host, tenant,
        """
        version: 2
        tenants: {}
        tenant: {currency: pesos, timezone: Bogota}
        settings: {clients: {colour: red}, nothing: {}}
        teams: {Norte: {name: Norte}, sur: {}}
        roles:
          admin: {name: A, entities: {"*": {view: some}}}
          cartera: {name: C, entities: {clients.nothing: {view: all}}, permissions: [fly]}
        fields:
          clients.client:
            Bad: {kind: text}
            no_kind: {labels: {es: X}}
            no_label: {kind: text}
            long: {kind: longtext, labels: {es: X}, unique: true, indexed: true}
            day: {kind: date, labels: {es: X}, default: mañana, searchable: true}
            one: {kind: choice, labels: {es: X}, choices: [yes, a, a]}
            none: {kind: choice, labels: {es: X}}
            taken: {kind: text, labels: {es: X}, unique: true, default: x}
            flag: {kind: text, labels: {es: X}, required: maybe, requird: true}
          nothing.here: {}
        """,
    )  # fmt: skip

    prefix = f"fields.{CLIENT}."
    assert {path.removeprefix(prefix) for path in found} >= {
        "version", "tenants", "tenant.currency", "tenant.timezone", "settings.clients.colour",
        "settings.nothing", "teams.Norte", "teams.sur.name", "roles.admin",
        "roles.cartera.entities.clients.nothing", "roles.cartera.permissions", "Bad", "no_kind",
        "no_label.labels", "long.unique", "long.indexed", "day.default", "day.searchable",
        "one.choices[0].value", "one.choices[2]", "none.choices", "taken.default",
        "flag.required", "flag.requird", "fields.nothing.here",
    }  # fmt: skip
    assert "'tenant'" in found["tenants"]
    assert "'required'" in found[f"{prefix}flag.requird"]


def test_the_kind_of_a_field_never_changes(host: Host, tenant: Company) -> None:
    apply(host, tenant, field(kind="text"))

    found = problems(host, tenant, field(kind="integer"))

    assert "'code' is text and cannot become integer" in found[f"fields.{CLIENT}.code.kind"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields: [", "line 1, column"),
        ("teams: {a: {name: A}}\nteams: {}", "line 2, column 1: 'teams' stands twice"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(
    host: Host, tenant: Company, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        apply(host, tenant, text)


def test_a_field_of_a_plugin_that_is_off_is_left_alone(host: Host, tenant: Company) -> None:
    apply(host, tenant, field(kind="text"))
    document = export_configuration(host, tenant.slug)
    tenant.disable("clients")

    assert set(actions(apply(host, tenant, document)).values()) == {"unchanged"}
    found = problems(host, tenant, field(indexed=True))
    assert "not enabled" in found[f"fields.{CLIENT}.code"]


# --- existing records ----------------------------------------------------------------------------


def test_a_field_that_becomes_indexed_is_sorted_and_filtered_with_old_values(
    host: Host, tenant: Company
) -> None:
    apply(host, tenant, field(kind="decimal"))
    make(
        host, tenant, {"name": "Diez", "custom.code": "10"}, {"name": "Nada"},
        {"name": "Dos", "custom.code": "2.5"},
    )  # fmt: skip

    apply(host, tenant, field(indexed=True))

    assert names(host, tenant, sort=("custom.code",)) == ["Dos", "Diez", "Nada"]
    apply(host, tenant, field(indexed=False))
    with host.unit(tenant.system(), read=True) as unit:
        assert not unit.view.entity(CLIENT).fields["custom.code"].sortable


def test_a_field_that_becomes_searchable_is_found_by_old_values(
    host: Host, tenant: Company
) -> None:
    apply(host, tenant, field(kind="text"))
    make(host, tenant, {"name": "Uno", "custom.code": "Xilófono"}, {"name": "Dos"})
    assert names(host, tenant, search="xilofono") == []

    apply(host, tenant, field(searchable=True))
    assert names(host, tenant, search="xilofono") == ["Uno"]

    apply(host, tenant, field(searchable=False))
    assert names(host, tenant, search="xilofono") == []
    assert names(host, tenant, search="uno") == ["Uno"]


def test_a_field_becomes_unique_only_without_duplicates(host: Host, tenant: Company) -> None:
    apply(host, tenant, field(kind="text"))
    make(
        host, tenant, {"name": "Uno", "custom.code": "K-9"}, {"name": "Dos", "custom.code": "k-9"},
        {"name": "Tres", "custom.code": "K-10"},
    )  # fmt: skip

    found = problems(host, tenant, field(unique=True))

    said = found[f"fields.{CLIENT}.code.unique"]
    assert "'K-9' stands in 2 records, such as Uno, Dos" in said
    with host.unit(tenant.system()) as unit:
        rows = unit.records.query(CLIENT, columns=("name",), search="dos").rows
        unit.records.update(CLIENT, rows[0][0], {"custom.code": "K-11"})
    apply(host, tenant, field(unique=True))
    with pytest.raises(Invalid):
        make(host, tenant, {"name": "Otro", "custom.code": "K-10"})


def test_a_record_in_the_bin_does_not_keep_a_field_from_being_unique(
    host: Host, tenant: Company
) -> None:
    apply(host, tenant, field(kind="integer"))
    make(host, tenant, {"name": "Uno", "custom.code": 1}, {"name": "Dos", "custom.code": 1})
    with host.unit(tenant.system()) as unit:
        rows = unit.records.query(CLIENT, columns=("name",), search="dos").rows
        unit.records.archive(CLIENT, rows[0][0])

    apply(host, tenant, field(unique=True))

    with host.unit(tenant.system()) as unit, pytest.raises(Invalid):
        unit.records.restore(CLIENT, rows[0][0])


def test_a_field_that_becomes_obligatory_leaves_existing_records(
    host: Host, tenant: Company
) -> None:
    apply(host, tenant, field(kind="text"))
    make(host, tenant, {"name": "Uno"})

    apply(host, tenant, field(required=True))

    assert names(host, tenant) == ["Uno"]
    with pytest.raises(Invalid):
        make(host, tenant, {"name": "Dos"})


def test_making_indexes_again_leaves_the_history_whole(host: Host, tenant: Company) -> None:
    apply(host, tenant, field(kind="text"))
    make(host, tenant, {"name": "Uno", "custom.code": "K9"})

    apply(host, tenant, field(indexed=True, searchable=True))

    with host.unit(tenant.system(), read=True) as unit:
        entities = unit.view.entities.values()
        keys = host.audit_keys
        assert list(audit.verify(unit.connection, tenant.id, entities, keys=keys)) == []


@pytest.mark.parametrize("key", ["admin", "jefe"])
def test_who_administers_makes_no_role_mightier_than_himself(
    host: Host, tenant: Company, key: str
) -> None:
    helper = tenant.member_with({}, permissions=["core.administer"])
    mighty = {"roles": {key: {"name": "Jefe", "admin": True}}}
    modest = {"roles": {"jefe": {"name": "Jefe", "entities": {"*": {"view": "own"}}}}}

    with pytest.raises(DomainError, match="Only an administrator may make or change"):
        apply_data(host, tenant.slug, mighty, actor=helper)

    apply_data(host, tenant.slug, modest, actor=helper)
    apply_data(host, tenant.slug, mighty, actor=tenant.member("admin"))
