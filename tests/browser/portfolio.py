"""A small company filled with the demo portfolio, for the browser tests and the gallery."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from trato.records.unit import Unit
from trato.testing.companies import Company
from trato_clients.demo import (
    DemoCatalogue,
    DemoClient,
    branches_of,
    catalogue,
    contacts_of,
    generate,
)

_SELLERS = ("Paula Rincón", "Andrés Quintero", "Luz Dary Mosquera")
#: Own fields that the demo portfolio has values for: key, kind, label, choices, section.
_OWN_FIELDS: tuple[tuple[str, str, str, list[tuple[str, str]] | None], ...] = (
    ("canal", "choice", "Canal",
     [("Tradicional", "Tradicional"), ("Moderno", "Moderno"), ("Digital", "Digital"),
      ("Institucional", "Institucional")]),
    ("visita_dia", "text", "Día de visita", None),
    ("aniversario", "date", "Aniversario", None),
    ("recibe_con_cita", "boolean", "Recibe con cita", None),
)  # fmt: skip


def fill(company: Company, *, clients: int, sellers: int = 3) -> None:
    """Give a company own fields, people and so many clients with all that belongs to them."""
    company.team("bogota")
    people = [company.member("seller", name=name, teams=["bogota"]) for name in _SELLERS[:sellers]]
    for key, kind, label, choices in _OWN_FIELDS:
        company.custom_field(
            "clients.client", key, kind, label=label, choices=choices, section="Visitas"
        )
    owners = [str(actor.member_id) for actor in people]
    with company.unit() as unit:
        masters = _masters(unit, catalogue())
        made: dict[int, UUID] = {}
        contacts: dict[str, UUID] = {}
        for client in generate(clients, sellers=sellers):
            values = _client(client, masters, owners)
            if client.parent in made:
                values["parent_id"] = str(made[client.parent])
            made[client.key] = unit.records.create("clients.client", values).id
            _belongings(unit, client, made[client.key], owner=owners[client.seller],
                        people=contacts)  # fmt: skip


def _masters(unit: Unit, found: DemoCatalogue) -> dict[str, dict[str, str]]:
    """Write the catalogues; each node by its key."""
    made: dict[str, dict[str, str]] = {}
    for kind, nodes in (("category", found.categories), ("zone", found.zones)):
        ids = made[kind] = {}
        for node in nodes:
            parent = ids[node.parent] if node.parent else None
            record = unit.records.create(
                f"clients.{kind}", {"name": node.name, "parent_id": parent}
            )
            ids[node.key] = str(record.id)
    made["industry"] = {
        node.code: str(unit.records.create(
            "clients.industry", {"code": node.code, "name": node.name}).id)
        for node in found.industries
    }  # fmt: skip
    made["source"] = {
        node.key: str(unit.records.create("clients.source", {"name": node.name}).id)
        for node in found.sources
    }
    return made


def _client(
    client: DemoClient, masters: dict[str, dict[str, str]], owners: list[str]
) -> dict[str, Any]:
    plain = (
        "kind", "name", "trade_name", "given_names", "surnames", "identification", "email",
        "phone", "website", "is_client", "is_supplier", "is_prescriber", "status", "city",
        "region", "address", "payment_days", "credit_limit", "notes",
    )  # fmt: skip
    values: dict[str, Any] = {key: getattr(client, key) for key in plain}
    values["tags"] = list(client.tags)
    values["owner_id"] = owners[client.seller]
    values["colombia.identification_type"] = "nit" if client.kind == "company" else "cc"
    values["colombia.municipality"] = client.municipality_code
    for kind in ("category", "industry", "zone", "source"):
        values[f"{kind}_id"] = masters[kind].get(getattr(client, kind))
    for key, value in client.custom.items():
        values[f"custom.{key}"] = value.isoformat() if hasattr(value, "isoformat") else value
    return values


def _belongings(
    unit: Unit, client: DemoClient, client_id: UUID, *, owner: str, people: dict[str, UUID]
) -> None:
    for branch in branches_of(client):
        unit.records.create(
            "clients.branch",
            {"client_id": str(client_id), "name": branch.name, "is_main": branch.is_main,
             "city": branch.city, "region": branch.region, "address": branch.address,
             "phone": branch.phone, "hours": branch.opening_hours},
        )  # fmt: skip
    for person, job in contacts_of(client):
        # An accountant comes back with every client that they work for.
        contact = people.get(person.key)
        if contact is None:
            contact = people[person.key] = unit.records.create(
                "clients.contact",
                {"name": person.name, "email": person.email, "mobile": person.mobile,
                 "client_id": str(client_id), "position": job.job_title, "owner_id": owner},
            ).id  # fmt: skip
        for role in job.roles:
            unit.records.create(
                "clients.contact_role",
                {"client_id": str(client_id), "contact_id": str(contact), "role": role},
            )
