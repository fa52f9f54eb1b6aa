"""An import does what its actor may do, and nothing where it may not even begin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trato.access.actor import Actor
from trato.errors import DomainError, Forbidden, Invalid, NotFound
from trato.exchange.importing import ImportResult, run_import
from trato.hooks import hookimpl
from trato.records.changes import Change
from trato.records.unit import Unit
from trato.testing.companies import Company

CLIENT = "clients.client"
ALL = {"view": "all", "create": "all", "edit": "all", "import": "all"}
Importer = Callable[..., ImportResult]


@pytest.fixture
def bring(tenant: Company, tmp_path: Path) -> Importer:
    def run(
        content: str, actor: Actor | None = None, entity: str = CLIENT, **options: Any
    ) -> ImportResult:
        path = tmp_path / "datos.csv"
        path.write_text(content, encoding="utf-8")
        acting = tenant.system() if actor is None else tenant.renew(actor)
        return run_import(tenant.host, acting, entity, path, **options)

    return run


def clients(tenant: Company) -> dict[str, Mapping[str, Any]]:
    with tenant.unit(read=True) as unit:
        return {row["name"]: row for row in unit.records.query(CLIENT, limit=500).records()}


def told(tenant: Company, result: ImportResult) -> list[tuple[int, str, str]]:
    return [
        (one.row, one.column, tenant.host.catalogs.message(one.message, "es"))
        for one in result.problems
    ]


@pytest.mark.parametrize("missing", ["import", "create"])
def test_actor_without_the_right_is_refused_before_the_file_is_read(
    tenant: Company, bring: Importer, missing: str
) -> None:
    rights = {action: scope for action, scope in ALL.items() if action != missing}
    actor = tenant.member_with({CLIENT: rights})

    with pytest.raises(Forbidden, match=rf"Your role \(Role-\d+\) may not {missing} Clients"):
        bring("this is no file of clients", actor)


def test_token_that_may_only_read_is_refused(tenant: Company, bring: Importer) -> None:
    actor = replace(tenant.member("admin"), scopes=("clients:read",))

    with pytest.raises(Forbidden) as caught:
        bring("Nombre\nA\n", actor)

    assert caught.value.code == "insufficient_scope"


def test_actor_who_may_only_edit_changes_and_creates_nothing(
    tenant: Company, bring: Importer
) -> None:
    bring("Nombre;NIT\nA;100\n")
    actor = tenant.member_with({CLIENT: {"view": "all", "edit": "all", "import": "all"}})

    result = bring("Nombre;NIT;Ciudad\nA;100;Cali\nB;200;Pasto\n", actor, match="NIT")

    assert (result.updated, result.refused) == (1, 1)
    assert told(tenant, result)[0][:2] == (3, "")
    assert "crear" in told(tenant, result)[0][2]
    assert list(clients(tenant)) == ["A"]


def test_row_rule_holds_row_by_row(tenant: Company, bring: Importer) -> None:
    actor = tenant.member_with({"*": ALL | {"view": "own", "edit": "own"}})
    bring("Nombre;NIT\nAjena;100\n")
    bring("Nombre;NIT\nPropia;200\n", actor)

    result = bring("NIT;Nombre;Ciudad\n100;;Cali\n200;;Cali\n", actor, match="NIT")

    assert (result.updated, result.refused) == (1, 1)
    assert told(tenant, result) == [(2, "NIT", "«100» es de un registro que usted no puede ver.")]
    assert clients(tenant)["Ajena"]["city"] is None
    assert clients(tenant)["Propia"]["owner_id"] == actor.member_id


def test_field_that_is_hidden_is_no_field_and_one_to_read_is_left_out(
    tenant: Company, bring: Importer
) -> None:
    actor = tenant.member_with(
        {"*": ALL}, fields={CLIENT: {"credit_limit": "hidden", "city": "read"}}
    )

    with pytest.raises(Invalid) as caught:
        bring("Nombre;Cupo\nA;100\n", actor)
    result = bring("Nombre;Ciudad\nA;Cali\n", actor)

    # Nothing betrays that there is such a field.
    assert "credit_limit" not in str(caught.value)
    assert list(caught.value.errors) == ["Cupo"]
    assert [str(notice) for notice in result.notices] == [
        "These columns are kept by the system, or you may not change them; they are left out: "
        "Ciudad."
    ]
    assert clients(tenant)["A"]["city"] is None


def test_expired_licence_stops_an_import(tenant: Company, bring: Importer) -> None:
    today = tenant.host.clock().date()
    tenant.install_license(expires=today - dt.timedelta(days=60))

    with pytest.raises(Forbidden) as caught:
        bring("Nombre\nA\n")

    assert caught.value.code == "license_expired"
    assert clients(tenant) == {}


@pytest.mark.plugins
def test_entity_of_a_plugin_that_is_off_does_not_exist(tenant: Company, bring: Importer) -> None:
    with pytest.raises(NotFound):
        bring("Nombre\nA\n")


def test_records_of_another_tenant_are_neither_matched_nor_changed(
    tenant: Company, other_tenant: Company, bring: Importer
) -> None:
    with other_tenant.unit() as unit:
        theirs = unit.records.create(CLIENT, {"name": "Suya", "identification": "100"})

    by_code = bring("Nombre;NIT\nNuestra;100\n", match="NIT")
    by_id = bring(f"id;Nombre\n{theirs.id};Otra nuestra\n", match="id")

    assert (by_code.created, by_id.created) == (1, 1)
    assert list(clients(other_tenant)) == ["Suya"]
    assert sorted(clients(tenant)) == ["Nuestra", "Otra nuestra"]


def test_audit_names_who_imported(tenant: Company, bring: Importer) -> None:
    actor = tenant.member("admin", via="import")

    bring("Nombre\nA\n", actor)

    with tenant.unit(read=True) as unit:
        (entry,) = unit.records.history(CLIENT, clients(tenant)["A"]["id"])
    assert (entry.action, entry.member_id) == ("create", actor.member_id)


def test_hook_that_refuses_everything_is_narrowed_down_to_its_row(
    tenant: Company,
    bring: Importer,
    temporarily: Callable[..., Any],
    make_plugin: Callable[..., Any],
    tmp_path: Path,
) -> None:
    class Strict:
        @hookimpl
        def trato_record_saving(self, unit: Unit, changes: list[Change]) -> None:
            if any(change["name"] == "Prohibido" for change in changes):
                raise DomainError("'{name}' is on the list.", name="Prohibido")

    with temporarily(make_plugin("strict", hooks=Strict())) as host:
        acting = type(tenant)(host=host, id=tenant.id, slug=tenant.slug, license=tenant.license)
        acting.install_license()
        acting.enable("strict")
        path = tmp_path / "datos.csv"
        path.write_text("Nombre\n" + "".join(f"C{n}\n" for n in range(20)) + "Prohibido\nZ\n")
        result = run_import(host, acting.system(), CLIENT, path)

    assert (result.created, result.refused) == (21, 1)
    assert [(p.row, p.column, str(p.message)) for p in result.problems] == [
        (22, "", "'Prohibido' is on the list.")
    ]
