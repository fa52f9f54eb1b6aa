"""A tenant's own field may link to a record or name a person, as safely as a native reference."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from trato.configuration import apply_data, export_configuration
from trato.db.engine import transaction
from trato.errors import BadQuery, Conflict, DatabaseUnavailable, Invalid
from trato.exchange.exporting import run_export
from trato.exchange.importing import run_import
from trato.records.query import Filter
from trato.tenancy.store import touch
from trato.tenancy.tables import custom_field
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

pytestmark = pytest.mark.plugins("clients")

CLIENT, CATEGORY, CONTACT = "clients.client", "clients.category", "clients.contact"
CLIENTS = "/api/v1/clients/clients"
BOSS = {"kind": "ref", "target": CLIENT, "labels": {"es": "Franquicia de"}}


def configure(company: Company, **fields: Any) -> None:
    apply_data(company.host, company.slug, {"fields": {CLIENT: fields}})


def wrong(company: Company, **fields: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        configure(company, **fields)
    return {path: " ".join(map(str, texts)) for path, texts in caught.value.errors.items()}


def add(company: Company, entity: str = CLIENT, **values: Any) -> UUID:
    with company.unit() as unit:
        made: UUID = unit.records.create(entity, {"name": "Ana", **values}).id
    return made


def value(company: Company, record: UUID, path: str = "custom.boss") -> Any:
    with company.unit(read=True) as unit:
        return unit.records.get(CLIENT, record)[path]


@pytest.fixture
def company(tenant: Company) -> Company:
    configure(tenant, boss=BOSS, keeper={"kind": "user", "labels": {"es": "Custodio"}})
    return tenant


# What a document may say


def test_a_document_says_where_a_link_points_and_is_the_same_after_its_export(
    company: Company,
) -> None:
    written = export_configuration(company.host, company.slug)

    assert "target: clients.client" in written
    assert "on_purge: clear" in written
    assert company.view.entities[CLIENT].fields["custom.boss"].target == CLIENT


def test_a_link_that_points_nowhere_or_elsewhere_is_refused(company: Company) -> None:
    assert wrong(
        company,
        no_target={"kind": "ref", "labels": {"es": "A"}},
        nowhere={"kind": "link", "target": "no.such", "labels": {"es": "B"}},
        boss={"target": CATEGORY},
        needed={**BOSS, "required": True, "on_purge": "clear"},
        plain={"kind": "text", "target": CLIENT, "labels": {"es": "C"}},
        preset={**BOSS, "default": str(UUID(int=1))},
        alone={"kind": "member", "labels": {"es": "D"}, "unique": True},
    ).keys() == {
        f"fields.{CLIENT}.{path}"
        for path in ("no_target.target", "nowhere.target", "boss.target", "needed.on_purge",
                     "plain.target", "preset.default", "alone.unique")
    }  # fmt: skip


def test_a_required_link_keeps_its_target_unless_told_otherwise(company: Company) -> None:
    configure(company, needed={**BOSS, "required": True})

    assert company.view.entities[CLIENT].fields["custom.needed"].on_purge == "refuse"


def point(company: Company, target: str) -> None:
    """Let the link point to the records of another plugin, as one that is switched off has."""
    with transaction(company.host.engine, tenant_id=company.id) as connection:
        connection.execute(
            update(custom_field)
            .where(custom_field.c.tenant_id == company.id, custom_field.c.key == "boss")
            .values(target=target)
        )
        touch(connection, company.id)


def test_a_link_to_what_is_switched_off_is_not_there_and_keeps_its_value(
    company: Company,
) -> None:
    head = add(company)
    branch = add(company, **{"custom.boss": str(head)})

    point(company, "away.thing")
    assert "custom.boss" not in company.view.entities[CLIENT].fields
    with company.unit() as unit:
        unit.records.update(CLIENT, branch, {"name": "Eva", "custom.keeper": None})
    point(company, CLIENT)

    assert value(company, branch) == head


# What may be stored


def test_a_link_holds_a_living_record_of_the_same_tenant(
    company: Company, other_tenant: Company
) -> None:
    head, stranger = add(company), add(other_tenant)
    with company.unit() as unit:
        binned = unit.records.create(CLIENT, {"name": "Ida"}).id
        unit.records.archive(CLIENT, binned)

    for bad in (stranger, binned, UUID(int=7)):
        with pytest.raises(Invalid) as caught:
            add(company, **{"custom.boss": str(bad)})
        assert list(caught.value.errors) == ["custom.boss"]
    assert value(company, add(company, **{"custom.boss": str(head)})) == head


def test_a_link_reaches_only_what_its_writer_may_see(company: Company) -> None:
    owner, seller = company.member("seller"), company.member("seller")
    with company.unit(owner) as unit:
        hidden = unit.records.create(CLIENT, {"name": "De otro", "owner_id": owner.member_id}).id

    with company.unit(seller) as unit, pytest.raises(Invalid) as caught:
        unit.records.create(CLIENT, {"name": "Mío", "custom.boss": str(hidden)})

    assert list(caught.value.errors) == ["custom.boss"]


def test_a_person_of_another_tenant_or_who_left_cannot_be_named(
    company: Company, other_tenant: Company
) -> None:
    stranger = other_tenant.member("seller")

    with pytest.raises(Invalid) as caught:
        add(company, **{"custom.keeper": str(stranger.member_id)})

    assert list(caught.value.errors) == ["custom.keeper"]


# What a purge of the target does


def purge(company: Company, record: UUID) -> str:
    with company.unit() as unit:
        unit.records.archive(CLIENT, record)
    with company.unit() as unit:
        outcome = unit.records.purge(CLIENT, [record])[0]
    return outcome.status if not outcome.errors else str(outcome.errors[""][0])


def test_a_purge_empties_the_links_and_their_history_shows_it(company: Company) -> None:
    head = add(company)
    branch = add(company, **{"custom.boss": str(head)})

    assert purge(company, head) == "purged"

    assert value(company, branch) is None
    with company.unit(read=True) as unit:
        newest = unit.records.history(CLIENT, branch)[0]
        found = unit.records.query(CLIENT, filters=(Filter(path="custom.boss", op="eq",
                                                           value=head),))  # fmt: skip
    assert newest.before == {"custom.boss": str(head)}
    assert found.rows == []


def test_a_purge_is_refused_where_the_link_says_so(company: Company) -> None:
    configure(company, boss={"on_purge": "refuse"})
    head = add(company)
    add(company, **{"custom.boss": str(head)})

    assert purge(company, head) == ("It cannot be removed for good: 1 records of Clients need it.")


def test_a_retired_link_is_emptied_too_and_holds_nothing_back(company: Company) -> None:
    configure(company, boss={"on_purge": "refuse"})
    head = add(company)
    branch = add(company, **{"custom.boss": str(head)})
    configure(company, boss={"active": False})

    assert purge(company, head) == "purged"

    configure(company, boss={"active": True})
    assert value(company, branch) is None


# Wherever a field is


def test_the_interface_for_programs_reads_writes_filters_and_describes_it(
    company: Company, api: FlaskClient
) -> None:
    keeper = company.member("seller")
    head = api.post(CLIENTS, json={"name": "Casa matriz"}).json["id"]
    made = api.post(
        CLIENTS,
        json={"name": "Sucursal", "custom": {"boss": head, "keeper": str(keeper.member_id)}},
    )

    found = api.get(f"{CLIENTS}?custom.boss={head}").json["data"]
    by_person = api.get(f"{CLIENTS}?custom.keeper={keeper.member_id}&custom.boss__isnull=false")
    none = api.get(f"{CLIENTS}?custom.boss__isnull=true").json["data"]
    contract = api.get("/api/v1/openapi.json").text

    assert made.status_code == 201
    assert made.json["custom"] == {"boss": head, "keeper": str(keeper.member_id)}
    assert [row["name"] for row in found] == ["Sucursal"]
    assert [row["name"] for row in by_person.json["data"]] == ["Sucursal"]
    assert [row["name"] for row in none] == ["Casa matriz"]
    assert '"boss"' in contract
    assert api.post(CLIENTS, json={"name": "X", "custom": {"boss": "no"}}).status_code == 422
    assert api.get(f"{CLIENTS}?sort=custom.boss").status_code == 400


def test_a_link_cannot_be_asked_for_what_it_does_not_know(company: Company) -> None:
    with company.unit(read=True) as unit, pytest.raises(BadQuery):
        unit.records.query(CLIENT, sort=("custom.boss",))


def test_files_name_linked_records_as_people_do(company: Company, tmp_path: Path) -> None:
    add(company, name="Casa matriz", identification="900123456")
    file = tmp_path / "datos.csv"
    keeper = company.member("seller", name="Luz Mora")
    assert keeper.member is not None
    file.write_text(
        f"Nombre,custom.boss.identification,Custodio\nSucursal,900123456,{keeper.member.email}\n"
        f"Otra,Nadie,{keeper.member.email}\n",
        encoding="utf-8",
    )

    result = run_import(company.host, company.system(), CLIENT, file)
    out = tmp_path / "salida.csv"
    run_export(company.host, company.system(), CLIENT, out)

    assert (result.created, result.refused) == (1, 1)
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"), newline=""), delimiter=";"))
    branch = next(row for row in rows if "Sucursal" in row.values())
    assert "Casa matriz" in branch.values()
    assert "Luz Mora" in branch.values()


def test_pages_show_pick_filter_and_keep_it(company: Company, client: Browser) -> None:
    head = add(company, name="Casa matriz")
    branch = add(company, name="Sucursal", **{"custom.boss": str(head)})

    record = client.get(f"/clients/clients/{branch}")
    form = client.get(f"/clients/clients/{branch}/edit")
    offered = client.get("/clients/clients/options/custom.boss?q=casa")
    listed = client.get(f"/clients/clients?custom.boss={head}")

    assert "Franquicia de" in record.text
    assert "Casa matriz" in record.text
    assert page_of(form).one("input", name="custom.boss").attrs["value"] == "Casa matriz"
    assert "Casa matriz" in offered.text
    assert "Sucursal" in listed.text
    offered_filters = client.get("/clients/clients/filters")
    assert offered_filters.status_code == 200
    assert "Franquicia de" in offered_filters.text
    chosen = client.get("/clients/clients?_field=custom.boss&_op=eq&_value=Casa+matriz")
    assert f"custom.boss={head}" in chosen.headers["Location"]
    sent = {"name": "Sucursal", "custom.boss": "Casa matriz", "version": "1"}
    assert client.post(f"/clients/clients/{branch}/edit", data=sent).status_code == 302
    assert value(company, branch) == head


# Who sees it


FIELDS = f"/settings/fields/{CLIENT}"


def test_the_form_of_a_field_makes_a_link_and_keeps_it_from_a_role(
    company: Company, client: Browser
) -> None:
    made = client.post(
        f"{FIELDS}/new",
        data={"label_es": "Categoría de pago", "kind": "ref", "target": CATEGORY,
              "on_purge": "refuse", "role:seller": "hidden", "role:viewer": "read"},
    )  # fmt: skip

    assert made.status_code == 302, made.text
    field = company.view.entities[CLIENT].fields["custom.categoria_de_pago"]
    rules = {key: role.field_rule(CLIENT, field.path) for key, role in company.view.roles.items()}
    assert (field.kind, field.target, field.on_purge) == ("ref", CATEGORY, "refuse")
    assert rules == {"admin": None, "manager": None, "auditor": None, "seller": "hidden",
                     "viewer": "read"}  # fmt: skip
    form = page_of(client.get(f"{FIELDS}/categoria_de_pago"))
    assert form.one("select", name="role:seller").one("option", selected="").attrs["value"] == (
        "hidden"
    )
    client.post(f"{FIELDS}/categoria_de_pago",
                data={"label_es": "Categoría de pago", "role:seller": ""})  # fmt: skip
    assert company.view.roles["seller"].field_rule(CLIENT, field.path) is None
    assert company.view.roles["viewer"].field_rule(CLIENT, field.path) == "read"


def test_a_link_that_lacks_its_target_is_told_at_the_field(client: Browser) -> None:
    answer = client.post(f"{FIELDS}/new", data={"label_es": "Sin destino", "kind": "ref"})

    assert answer.status_code == 422
    assert "no es una clase de registro" in page_of(answer).error_of("target")


def test_the_preview_offers_real_records_and_people(company: Company, client: Browser) -> None:
    add(company, CATEGORY, name="Mayorista")
    client.post(f"{FIELDS}/new", data={"label_es": "A", "kind": "ref", "target": CATEGORY})

    link = client.post(f"{FIELDS}/preview", data={"kind": "ref", "target": CATEGORY})
    person = client.post(f"{FIELDS}/preview", data={"kind": "member"})
    offered = client.get(f"/settings/fields/targets/{CATEGORY}?q=mayo")

    assert f"/settings/fields/targets/{CATEGORY}" in link.text
    assert "<option" in person.text
    assert "Mayorista" in offered.text
    assert client.get("/settings/fields/targets/no.such").status_code == 404


def test_a_role_that_must_not_see_a_field_meets_it_nowhere(
    company: Company, sign_in: Callable[..., Browser], make_api: Callable[..., FlaskClient],
    tmp_path: Path,
) -> None:  # fmt: skip
    configure(company, secret={"kind": "text", "labels": {"es": "Sueldo secreto"},
                               "searchable": True, "indexed": True})  # fmt: skip
    company.role("reader", {"entities": {"*": {"view": "all", "create": "all", "edit": "all",
                                               "export": "all", "import": "all"}},
                            "fields": {CLIENT: {"custom.secret": "hidden",
                                                "custom.boss": "read"}}})  # fmt: skip
    record = add(company, **{"custom.secret": "cuarzo"})
    with company.unit() as unit:
        unit.records.update(CLIENT, record, {"custom.secret": "jaspe"})
    reader = company.member("reader")
    browser, api = sign_in(reader), make_api(reader)
    out, file = tmp_path / "salida.csv", tmp_path / "datos.csv"
    file.write_text("Nombre,custom.secret\nEva,ópalo\n", encoding="utf-8")

    pages = [
        browser.get(path).text
        for path in (f"/clients/clients/{record}", f"/clients/clients/{record}/edit",
                     "/clients/clients", "/clients/clients/new")
    ]  # fmt: skip
    run_export(company.host, company.renew(reader), CLIENT, out)
    with company.unit(reader, read=True) as unit:
        events = unit.records.history(CLIENT, record)

    assert not any("Sueldo secreto" in text or "jaspe" in text for text in pages)
    assert "secret" not in api.get(f"{CLIENTS}/{record}").json["custom"]
    assert api.get(f"{CLIENTS}?custom.secret=jaspe").status_code == 400
    assert '"secret"' not in api.get("/api/v1/openapi.json").text
    assert api.post(CLIENTS, json={"name": "E", "custom": {"secret": "x"}}).status_code == 422
    assert api.post(CLIENTS, json={"name": "E", "custom": {"boss": None}}).status_code == 422
    assert "jaspe" not in out.read_text("utf-8-sig")
    assert not any("custom.secret" in {*event.before, *event.after} for event in events)
    with pytest.raises(Invalid):
        run_import(company.host, company.renew(reader), CLIENT, file)


# Two at once


def test_a_link_made_while_its_target_is_purged_never_points_nowhere(company: Company) -> None:
    """Either the writer is refused, or the purge comes later and empties the link."""
    ended: list[str] = []

    for _turn in range(12):
        head = add(company)
        with company.unit() as unit:
            unit.records.archive(CLIENT, head)
            unit.records.restore(CLIENT, head)
        start = threading.Barrier(2)

        def link(target: UUID = head, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                ended.append(f"linked {add(company, **{'custom.boss': str(target)})}")
            except (Invalid, DatabaseUnavailable):
                ended.append("refused")

        def gone(target: UUID = head, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                with company.unit() as unit:
                    unit.records.archive(CLIENT, target)
                    unit.records.purge(CLIENT, [target])
            except (Conflict, DatabaseUnavailable):
                ended.append("kept")

        threads = [threading.Thread(target=deed) for deed in (link, gone)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with company.unit(read=True) as unit:
        page = unit.records.query(CLIENT, columns=("custom.boss",), limit=500)
        held = {row["custom.boss"] for row in page.records()} - {None}
        living = set(unit.records.labels(CLIENT, held))
    assert held == living
    assert len(ended) >= 12
