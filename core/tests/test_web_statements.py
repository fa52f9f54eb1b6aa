"""What a page costs: statements that do not grow with the rows, and bytes that stay small."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of
from trato.testing.statements import Statements
from trato.web.lists import PAGE_SIZE

LIST = "/clients/clients"
Count = Callable[[], AbstractContextManager[Statements]]
#: The session with the tenant's version, and whether there are notices.
FRAME = 2
#: Chosen columns, rows, count, labels of the categories.
LIST_COST = FRAME + 4
#: A record's page, with its history, and a save may cost so many.
MOST = 20


def fill(tenant: Company, count: int) -> None:
    """Write clients that use every column of the list, and own fields."""
    tenant.custom_field("clients.client", "ruta", "text", label="Ruta", indexed=True)
    owners = [str(tenant.member("seller").member_id) for _ in range(3)]
    with tenant.unit() as unit:
        categories = [
            str(unit.records.create("clients.category", {"name": f"Categoría {n}"}).id)
            for n in range(5)
        ]
        unit.records.bulk(
            "clients.client",
            [
                {
                    "name": f"Comercializadora y distribuidora {n:04} S.A.S.",
                    "identification": f"9{n:08}",
                    "city": "Bogotá, D. C.",
                    "category_id": categories[n % 5],
                    "owner_id": owners[n % 3],
                    "status": ("active", "prospect")[n % 2],
                    "phone": f"+57601555{n:04}",
                    "credit_limit": f"{n}500000",
                    "custom.ruta": f"Ruta {n % 9}",
                    "colombia.municipality": ("05001", "11001")[n % 2],
                }
                for n in range(count)
            ],
        )


def cost(client: Browser, count_statements: Count, path: str, **headers: str) -> int:
    """Count the statements of a page that was asked for before, so that nothing is read first."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    assert client.get(path, headers=sent).status_code == 200
    with count_statements() as counted:
        client.get(path, headers=sent)
    return len(counted)


@pytest.mark.parametrize("rows", [10, 200])
def test_list_costs_the_same_whatever_the_rows(
    client: Browser, tenant: Company, count_statements: Count, rows: int
) -> None:
    fill(tenant, rows)

    assert cost(client, count_statements, LIST) == LIST_COST
    # Rows without a value come from a second statement, once those with one are through.
    assert cost(client, count_statements, f"{LIST}?sort=-credit_limit") <= LIST_COST + 1
    assert cost(client, count_statements, f"{LIST}?city=Bogot%C3%A1,%20D.%20C.") == LIST_COST
    # What a search found on one page needs no count.
    expected = LIST_COST - (rows < PAGE_SIZE)
    assert cost(client, count_statements, f"{LIST}?q=distribuidora") == expected


def test_next_rows_cost_neither_count_nor_frame(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    fill(tenant, PAGE_SIZE + 1)
    address = page_of(client.get(LIST)).one("tr", "t-more").attrs["hx-get"]

    found = cost(client, count_statements, address, HX_Request="true", HX_Target="t-more")

    assert found == LIST_COST - 1 - (FRAME - 1)


def make_with_children(tenant: Company, children: int) -> Record:
    with tenant.unit() as unit:
        group = unit.records.create("clients.client", {"name": "Grupo"})
        record = unit.records.create("clients.client", {"name": "Acme", "parent_id": str(group.id)})
        own = {"client_id": str(record.id)}
        unit.records.bulk("clients.branch", [{**own, "name": f"Sede {n}"} for n in range(children)])
        people = unit.records.bulk(
            "clients.contact", [{"name": f"Persona {n}"} for n in range(children)]
        )
        unit.records.bulk(
            "clients.contact_role",
            [{**own, "contact_id": str(made.id), "role": "buys"} for made in people],
        )
    for n in range(children):
        with tenant.unit() as unit:
            unit.records.update("clients.client", record.id, {"city": f"Ciudad {n}"})
    return record


def test_record_costs_the_same_whatever_belongs_to_it(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    records = [make_with_children(tenant, children) for children in (1, 6, 40)]

    costs = {cost(client, count_statements, f"{LIST}/{record.id}") for record in records}

    assert len(costs) == 1
    assert costs.pop() <= MOST


def test_panels_cost_the_same_whatever_is_in_them(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    records = [make_with_children(tenant, children) for children in (1, 6, 40)]

    for number in range(2):
        costs = {cost(client, count_statements, f"{LIST}/{record.id}/panels/{number}")
                 for record in records}  # fmt: skip

        assert len(costs) == 1


def test_form_costs_its_draft_its_rows_and_a_label_for_each_reference(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    with tenant.unit() as unit:
        zone = unit.records.create("clients.zone", {"name": "Norte"})
        bare = unit.records.create("clients.client", {"name": "Sin nada"})
        full = unit.records.create("clients.client", {"name": "Con zona", "zone_id": str(zone.id)})

    empty = cost(client, count_statements, f"{LIST}/new")
    edited = cost(client, count_statements, f"{LIST}/{bare.id}/edit")
    referring = cost(client, count_statements, f"{LIST}/{full.id}/edit")

    # Branches and contacts are one statement each.
    assert (empty, edited, referring) == (FRAME + 1, FRAME + 4, FRAME + 5)


def test_page_of_a_full_list_is_small(client: Browser, tenant: Company) -> None:
    fill(tenant, PAGE_SIZE + 20)

    answer = client.get(LIST)

    assert len(page_of(answer).all("tr", "t-row")) == PAGE_SIZE
    assert len(answer.data) < 100_000


def test_saving_costs_the_same_whatever_is_in_the_table(
    client: Browser, tenant: Company, count_statements: Count
) -> None:
    def saved(record: Record, name: str) -> int:
        url = f"{LIST}/{record.id}/edit"
        form = page_of(client.get(url)).form(url)
        with count_statements() as counted:
            assert client.post(url, data={**form, "name": name}).status_code == 302
        return len(counted)

    with tenant.unit() as unit:
        record = unit.records.create("clients.client", {"name": "Acme"})
    saved(record, "Acme uno")
    few = saved(record, "Acme dos")
    fill(tenant, 200)
    client.get(LIST)
    many = saved(record, "Acme tres")

    assert few == many <= MOST
