"""Turn the invented portfolio into records of the demo company.

Masters first, then clients in batches with their branches, contacts and roles. Ids are made here,
so that a batch refers to what it writes itself without reading it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from trato.api import UUID, Demo, DomainError, Entity, Unit, _, new_id
from trato_clients.models import (
    Branch,
    Category,
    Client,
    Contact,
    ContactRole,
    Industry,
    Source,
    Zone,
)

if TYPE_CHECKING:
    from trato.api import TenantView
    from trato_clients.demo import DemoBranch, DemoClient, DemoContact, DemoContactLink

_BATCH = 500
#: Sellers of a tenant that has none yet share the portfolio all the same.
_SELLER_ROLE = "seller"
_CHANNELS = {
    "Tradicional": "tradicional", "Moderno": "moderno", "Digital": "digital",
    "Institucional": "institucional",
}  # fmt: skip
_DAYS = {
    "Lunes": "lunes", "Martes": "martes", "Miércoles": "miercoles", "Jueves": "jueves",
    "Viernes": "viernes", "Sábado": "sabado",
}  # fmt: skip

#: Fields that the demo company has of its own.
CONFIGURATION = """
fields:
  clients.client:
    canal:
      kind: choice
      labels: {es: Canal, en: Channel}
      section: Visitas
      indexed: true
      choices:
        - {value: tradicional, label: Tradicional}
        - {value: moderno, label: Moderno}
        - {value: digital, label: Digital}
        - {value: institucional, label: Institucional}
    visita_dia:
      kind: choice
      labels: {es: Día de visita, en: Visiting day}
      section: Visitas
      indexed: true
      choices:
        - {value: lunes, label: Lunes}
        - {value: martes, label: Martes}
        - {value: miercoles, label: Miércoles}
        - {value: jueves, label: Jueves}
        - {value: viernes, label: Viernes}
        - {value: sabado, label: Sábado}
    recibe_con_cita:
      kind: boolean
      labels: {es: Recibe con cita, en: By appointment}
      section: Visitas
    aniversario:
      kind: date
      labels: {es: Aniversario, en: Anniversary}
      section: Visitas
      indexed: true
  clients.contact:
    prefiere:
      kind: choice
      labels: {es: Prefiere, en: Prefers}
      help: Cómo le gusta que lo contacten.
      indexed: true
      choices:
        - {value: whatsapp, label: WhatsApp}
        - {value: llamada, label: Llamada}
        - {value: correo, label: Correo}
"""


def fill(unit: Unit, count: int) -> None:
    """Write ``count`` clients and what belongs to them.

    :raises DomainError: when a record is refused, with the first reason.
    """
    from trato_clients.demo import generate

    keys = _write_masters(unit)
    owners = sellers(unit.view)
    known: dict[int, UUID] = {}
    people: dict[str, UUID] = {}
    clients = generate(count, sellers=max(len(owners), 1))
    while batch := list(islice(clients, _BATCH)):
        _write_clients(unit, batch, keys, owners, known)
        branches = _write_branches(unit, batch, keys, known)
        _write_contacts(unit, batch, owners, known, branches, people)


def sellers(view: TenantView) -> list[tuple[UUID, UUID | None]]:
    """Name the active sellers with their team, in a fixed order."""
    found = sorted(
        (m for m in view.members.values() if m.is_active and _SELLER_ROLE in m.roles),
        key=lambda member: member.email,
    )
    return [(member.id, next(iter(sorted(member.teams)), None)) for member in found]


def _write_masters(unit: Unit) -> dict[tuple[str, str], UUID]:
    """Write the catalogues, parents before children; gives ids by kind and key."""
    from trato_clients.demo import catalogue

    masters = catalogue()
    ids: dict[tuple[str, str], UUID] = {}
    for kind, entity, nodes in (
        ("category", Category, masters.categories),
        ("zone", Zone, masters.zones),
        ("industry", Industry, masters.industries),
        ("source", Source, masters.sources),
    ):
        for level in (False, True):
            rows: list[dict[str, Any]] = []
            keys: list[tuple[str, str]] = []
            for node in nodes:
                parent = getattr(node, "parent", None)
                if (parent is not None) != level:
                    continue
                key = str(getattr(node, "key", None) or getattr(node, "code", ""))
                row = {"name": node.name, "parent_id": ids.get((kind, parent or ""))}
                if kind == "industry":
                    row["code"] = key
                if kind == "source":
                    del row["parent_id"]
                rows.append(row)
                keys.append((kind, key))
            ids |= zip(keys, _write(unit, entity, rows), strict=True)
    return ids


def _write_clients(
    unit: Unit, batch: Sequence[DemoClient], keys: Mapping[tuple[str, str], UUID],
    owners: Sequence[tuple[UUID, UUID | None]], known: dict[int, UUID],
) -> None:  # fmt: skip
    """Write clients; the heads of groups go before the companies of their own batch."""
    own = {client.key for client in batch}
    heads = [c for c in batch if c.parent is None or c.parent not in own]
    rest = [c for c in batch if c.parent is not None and c.parent in own]
    for some in (heads, rest):
        rows = [_client(client, keys, owners, known) for client in some]
        ids = _write(unit, Client, rows)
        known |= {client.key: id for client, id in zip(some, ids, strict=True)}


def _client(
    client: DemoClient, keys: Mapping[tuple[str, str], UUID],
    owners: Sequence[tuple[UUID, UUID | None]], known: Mapping[int, UUID],
) -> dict[str, Any]:  # fmt: skip
    phone = client.phone
    is_mobile = phone is not None and phone.startswith("+573")
    owner, team = owners[client.seller] if owners else (None, None)
    return {
        "kind": client.kind, "name": client.name, "trade_name": client.trade_name,
        "given_names": client.given_names, "surnames": client.surnames,
        "identification": client.identification,
        "identification_type": "NIT" if client.kind == "company" else "Cédula de ciudadanía",
        "email": client.email, "phone": None if is_mobile else phone,
        "mobile": phone if is_mobile else None, "website": client.website,
        "is_client": client.is_client, "is_supplier": client.is_supplier,
        "is_prescriber": client.is_prescriber, "status": client.status,
        "category_id": keys["category", client.category],
        "industry_id": keys["industry", client.industry], "zone_id": keys["zone", client.zone],
        "source_id": keys["source", client.source], "tags": list(client.tags),
        "city": client.city, "region": client.region, "country": "Colombia",
        "address": client.address, "payment_days": client.payment_days,
        "credit_limit": client.credit_limit, "notes": client.notes,
        "owner_id": owner, "team_id": team,
        "parent_id": None if client.parent is None else known[client.parent],
        "custom.canal": _CHANNELS[str(client.custom["canal"])],
        "custom.visita_dia": _DAYS[str(client.custom["visita_dia"])],
        "custom.aniversario": client.custom["aniversario"],
        "custom.recibe_con_cita": client.custom["recibe_con_cita"],
    }  # fmt: skip


def _write_branches(
    unit: Unit, batch: Iterable[DemoClient], keys: Mapping[tuple[str, str], UUID],
    known: Mapping[int, UUID],
) -> dict[str, UUID]:  # fmt: skip
    from trato_clients.demo import branches_of

    pairs = [(client, branch) for client in batch for branch in branches_of(client)]
    rows = [_branch(branch, client, keys, known) for client, branch in pairs]
    ids = _write(unit, Branch, rows)
    return {branch.key: id for (_client, branch), id in zip(pairs, ids, strict=True)}


def _branch(
    branch: DemoBranch, client: DemoClient, keys: Mapping[tuple[str, str], UUID],
    known: Mapping[int, UUID],
) -> dict[str, Any]:  # fmt: skip
    return {
        "client_id": known[client.key], "name": branch.name,
        "code": f"{int(branch.key.rpartition('-')[2]):03d}",
        "is_main": branch.is_main, "is_delivery_point": branch.is_delivery_point,
        "city": branch.city, "region": branch.region, "country": "Colombia",
        "address": branch.address, "phone": branch.phone, "hours": branch.opening_hours,
        "zone_id": keys["zone", client.zone],
    }  # fmt: skip


def _write_contacts(
    unit: Unit, batch: Iterable[DemoClient], owners: Sequence[tuple[UUID, UUID | None]],
    known: Mapping[int, UUID], branches: Mapping[str, UUID], people: dict[str, UUID],
) -> None:  # fmt: skip
    """Write contacts and roles; who works for several clients is written with the first."""
    from trato_clients.demo import contacts_of

    new: dict[str, dict[str, Any]] = {}
    roles: list[tuple[str, DemoContactLink]] = []
    for client in batch:
        for contact, link in contacts_of(client):
            if contact.key not in people and contact.key not in new:
                new[contact.key] = _contact(contact, link, client, owners, known)
            roles.append((contact.key, link))
    people |= zip(new, _write(unit, Contact, list(new.values())), strict=True)
    rows = [
        {
            "client_id": known[link.client],
            "contact_id": people[key],
            "role": role,
            "branch_id": None if link.branch is None else branches[link.branch],
            "is_main": link.is_primary,
        }
        for key, link in roles
        for role in link.roles
    ]
    _write(unit, ContactRole, rows)


def _contact(
    contact: DemoContact, link: DemoContactLink, client: DemoClient,
    owners: Sequence[tuple[UUID, UUID | None]], known: Mapping[int, UUID],
) -> dict[str, Any]:  # fmt: skip
    owner, team = owners[client.seller] if owners else (None, None)
    prefers = "correo" if contact.email is not None else None
    if contact.mobile is not None:
        prefers = "whatsapp" if client.key % 4 else "llamada"
    return {
        "name": contact.name, "position": link.job_title, "email": contact.email,
        "mobile": contact.mobile, "client_id": known[client.key], "owner_id": owner,
        "team_id": team, "custom.prefiere": prefers,
    }  # fmt: skip


def _write(unit: Unit, entity: type[Entity], rows: list[dict[str, Any]]) -> list[UUID]:
    """Write rows in sets and give their ids."""
    ids = [new_id() for _row in rows]
    for start in range(0, len(rows), _BATCH):
        outcomes = unit.records.bulk(
            entity, rows[start : start + _BATCH], ids=ids[start : start + _BATCH]
        )
        for row, outcome in zip(rows[start:], _refusals(outcomes), strict=False):
            if outcome is not None:
                raise DomainError(
                    _("The demo record '{name}' is refused: {reason}"),
                    name=row.get("name") or row.get("role"), reason=outcome,
                )  # fmt: skip
    return ids


def _refusals(outcomes: Iterable[Any]) -> Iterator[str | None]:
    for outcome in outcomes:
        yield (
            "; ".join(f"{path}: {' '.join(map(str, m))}" for path, m in outcome.errors.items())
            or None
        )


DEMO = Demo(fill=fill, configuration=CONFIGURATION)
