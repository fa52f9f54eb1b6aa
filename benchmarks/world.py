"""The company that is measured: its database, people, own fields, and any number of clients."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from trato.access import credentials
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.host import Host
from trato.licensing import KeyPair, generate_keypair
from trato.records import cursor as cursors
from trato.records.query import Query
from trato.settings import Settings
from trato.testing.companies import LicenseIssuer, make_company
from trato.testing.databases import Database, Databases
from trato.testing.hosts import make_settings

CLIENT = "clients.client"
#: What the lists show: eight fields, one of them the tenant's own.
FIELDS = ("name", "identification", "city", "status", "email", "phone", "credit_limit",
          "custom.rating")  # fmt: skip
ROWS = 80
#: Stands inside a word of every fiftieth name, and of every two-thousandth.
COMMON, RARE = "erreter", "uimbay"

_TRADES = ("Distribuciones", "Comercial", "Inversiones", "Almacén", "Droguería", "Panadería",
           "Transportes", "Textiles", "Agropecuaria", "Servicios")  # fmt: skip
_SYLLABLES = ("ba", "ca", "chi", "cua", "do", "fe", "gua", "hue", "ji", "la", "lle", "ma", "mon",
              "na", "ño", "pi", "que", "ra", "sa", "sin", "ta", "tun", "va", "ya",
              "zul")  # fmt: skip
_CITIES = ("Bogotá", "Medellín", "Cali", "Barranquilla", "Cartagena", "Pereira", "Manizales")
#: Rows that one transaction writes while the data are made.
_CHUNK = 1_000


@dataclass(frozen=True, kw_only=True)
class World:
    """A database with one company, and what is needed to ask for its pages."""

    database: Database
    host: Host
    tenant_id: int
    slug: str
    email: str
    #: Sent as `Authorization: Bearer …` by programs.
    token: str
    #: Value of the session's cookie.
    session: str
    keys: KeyPair
    folder: Path

    def actor(self) -> Actor:
        """Make the actor of the member who asks, who sees all clients and not all their fields."""
        view = self.host.for_tenant(self.tenant_id)
        member = next(m for m in view.members.values() if m.email == self.email)
        return Actor(view=view, member=member, via="api")

    def environ(self) -> dict[str, str]:
        """Give the environment of a process that serves the company."""
        settings = self.host.settings
        environ = {
            "TRATO_DATABASE_URL": self.database.url,
            "TRATO_SECRET_KEY": ",".join(self.host.secret_keys),
            "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
            "TRATO_STORAGE_URL": self.folder.as_uri(),
            "TRATO_API_CALLS_PER_MINUTE": str(settings.api_calls_per_minute),
        }
        if self.database.backend == "postgresql":
            environ["TRATO_OWNER_DATABASE_URL"] = self.database.owner_url
        return environ


def make_world(databases: Databases, backend: Any, folder: Path) -> World:
    """Make a company whose member has a role with row and field rules, a session and a token."""
    database = databases.migrated(backend)
    keys = generate_keypair()
    settings = make_settings(database, public_key=keys.public, storage=folder)
    # Calls are counted as always, but a bench makes more of them than a program may.
    host = Host(replace(settings, api_calls_per_minute=1_000_000))
    company = make_company(host, LicenseIssuer(key=keys.private))
    for key, kind in (("rating", "integer"), ("segment", "text"), ("remark", "longtext")):
        company.custom_field(CLIENT, key, kind, indexed=key != "remark",
                             searchable=key == "segment")  # fmt: skip
    actor = company.member_with(
        {"*": dict.fromkeys(("view", "create", "edit", "archive", "export", "import"), "all")},
        fields={CLIENT: {"payment_days": "read", "notes": "hidden"}},
    )
    if actor.member is None:
        raise ValueError("a member was expected")
    with transaction(host.engine) as connection:
        session = credentials.open_session(
            connection, user_id=actor.member.user_id, tenant_id=company.id, now=host.clock(),
            days=14, address=None, agent="bench",
        )  # fmt: skip
    return World(
        database=database, host=host, tenant_id=company.id, slug=company.slug,
        email=actor.member.email, token=company.token(actor), session=session, keys=keys,
        folder=folder,
    )  # fmt: skip


def client(number: int) -> dict[str, Any]:
    """Make the values of one client; the same number gives the same."""
    luck = random.Random(number)
    trade = "Ferretería" if number % 50 == 7 else luck.choice(_TRADES)
    # Names as different as those of real companies, or each would be the other's duplicate.
    words = ("".join(luck.choices(_SYLLABLES, k=4)).capitalize() for _word in range(2))
    name = f"{trade} {' '.join(words)}"
    if number % 2_000 == 11:
        name += " Quimbaya"
    return {
        "name": name, "kind": "company", "identification": f"9{number:08d}",
        "city": luck.choice(_CITIES), "status": luck.choice(("active", "prospect")),
        "email": f"compras{number}@cliente.example", "phone": f"60{luck.randint(10**7, 10**8 - 1)}",
        "address": f"Calle {luck.randint(1, 180)} # {luck.randint(1, 99)}-{luck.randint(1, 99)}",
        "credit_limit": str(luck.randint(1, 900) * 100_000), "payment_days": None,
        "custom.rating": luck.randint(1, 5), "custom.segment": luck.choice(("Oro", "Plata")),
    }  # fmt: skip


def count(world: World) -> int:
    """Count the clients there are."""
    with transaction(world.host.engine, tenant_id=world.tenant_id, read=True) as connection:
        found = connection.execute(
            text("SELECT count(*) FROM clients_client WHERE tenant_id = :tenant"),
            {"tenant": world.tenant_id},
        )
        return int(found.scalar_one())


def fill(world: World, size: int) -> None:
    """Write clients, by the write path, until there are so many; then gather statistics."""
    start = count(world)
    chunks = [range(at, min(at + _CHUNK, size)) for at in range(start, size, _CHUNK)]
    if not chunks:
        return
    # SQLite has one writer.
    writers = 1 if world.database.backend == "sqlite" else 2
    world.host.engine.dispose()
    work = [(world.environ(), world.tenant_id, chunks[part::writers]) for part in range(writers)]
    if writers == 1 or len(chunks) == 1:
        _write(*work[0])
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(writers, mp_context=context) as pool:
            for part in [pool.submit(_write, *each) for each in work]:
                part.result()
    analyze(world)


def _write(environ: dict[str, str], tenant_id: int, chunks: list[range]) -> None:
    host = Host(Settings.load(environ))
    actor = host.system(tenant_id)
    for chunk in chunks:
        with host.unit(actor) as unit:
            outcomes = unit.records.bulk(CLIENT, [_loadable(client(n)) for n in chunk])
        refused = next((o for o in outcomes if o.status != "created"), None)
        if refused is not None:
            raise ValueError(f"a client of the bench was refused: {refused.errors}")
    host.close()


def _loadable(values: dict[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in values.items() if value is not None}


def analyze(world: World) -> None:
    """Gather statistics, and empty the list in which GIN keeps new entries."""
    owner = world.database.open_owner()
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_sqlite = world.database.backend == "sqlite"
        connection.execute(text("ANALYZE" if is_sqlite else "VACUUM ANALYZE"))
    owner.dispose()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the list by name."""

    name_key: str
    id: UUID
    #: As the API gives it in `next`.
    cursor: str


def middle(world: World) -> Place:
    """Find the middle of the list, where an offset would read half of it."""
    with world.host.unit(world.actor(), read=True) as unit:
        row = unit.connection.execute(
            text(
                "SELECT name_key, id FROM clients_client WHERE tenant_id = :tenant "
                "AND archived_at IS NULL ORDER BY name_key, id LIMIT 1 OFFSET :half"
            ),
            {"tenant": world.tenant_id, "half": count(world) // 2},
        ).one()
    asked = Query(sort=("name",), limit=ROWS)
    bound = cursors.fingerprint(CLIENT, asked.filters, asked.search, asked.sort, asked.archived,
                                asked.limit)  # fmt: skip
    found = UUID(str(row[1]))
    return Place(name_key=row[0], id=found, cursor=cursors.encode(bound, [0, row[0], str(found)]))


def some_ids(world: World, number: int) -> list[UUID]:
    """Give ids of clients from all over the table."""
    with world.host.unit(world.actor(), read=True) as unit:
        rows = unit.connection.execute(
            text(
                "SELECT id FROM clients_client WHERE tenant_id = :tenant AND id IN "
                "(SELECT id FROM clients_client WHERE tenant_id = :tenant ORDER BY id "
                "LIMIT :most)"
            ),
            {"tenant": world.tenant_id, "most": number * 20},
        ).scalars()
        found = sorted(UUID(str(row)) for row in rows)
    return found[:: max(1, len(found) // number)][:number]


def numbers_from(start: int) -> Iterator[int]:
    """Count on, far from the numbers of the filled clients."""
    return iter(range(90_000_000 + start, 99_000_000))
