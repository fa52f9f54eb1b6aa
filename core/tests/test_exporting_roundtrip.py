"""What an export wrote comes in again as it was: nothing changes, and nothing is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from trato.access.tables import member
from trato.db.engine import transaction
from trato.exchange.exporting import run_export
from trato.exchange.importing import ImportResult, run_import
from trato.host import Host
from trato.tenancy.store import touch
from trato.testing.companies import Company

CLIENT = "clients.client"
CONTACT = "clients.contact"
PIECE = "specimen.piece"
SUFFIXES = ["csv", "xlsx"]


def add(tenant: Company, entity: str, *rows: Mapping[str, Any]) -> list[Any]:
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(entity, rows)
    assert all(outcome.status == "created" for outcome in outcomes), outcomes
    return [outcome.id for outcome in outcomes]


def there_and_back(
    tenant: Company, entity: str, path: Path, *, match: str = "id", **options: Any
) -> ImportResult:
    run_export(tenant.host, tenant.system(), entity, path, **options)
    return run_import(tenant.host, tenant.system(), entity, path, match=match)


def told(result: ImportResult) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, str(problem.message)) for problem in result.problems]


def portfolio(tenant: Company) -> None:
    """Fill a tenant with clients that have everything a client can have, and traps."""
    for key, kind in {
        "ruta": "text", "resumen": "longtext", "visitas": "integer", "peso": "decimal",
        "meta": "money", "desde": "date", "ultima": "moment", "es_vip": "boolean",
        "palabras": "tags", "contacto": "email", "linea": "phone", "sitio": "url",
    }.items():  # fmt: skip
        tenant.custom_field(CLIENT, key, kind, label=key.title())
    tenant.custom_field(CLIENT, "canal", "choice", label="Canal",
                        choices=[("tat", "Tienda a tienda"), ("no", "Sí")])  # fmt: skip
    tenant.custom_field(CLIENT, "dias", "choices", label="Días",
                        choices=[("l", "Lunes"), ("m", "Martes; y jueves")])  # fmt: skip
    tenant.team("norte")
    (norte,) = tenant.view.teams
    ana = tenant.member("seller", name="Ana Gómez", teams=["norte"]).member_id
    luis = tenant.member("seller", name="Luis Paz").member_id
    other_luis = tenant.member("seller", name="Luis Paz").member_id
    (gold,) = add(tenant, "clients.category", {"name": "Oro"})
    shop, baker = add(tenant, "clients.industry", {"code": "4752", "name": "Ferretería"},
                      {"code": "0010", "name": "4752"})  # fmt: skip
    (north,) = add(tenant, "clients.zone", {"name": "=Norte"})
    head, _double = add(
        tenant, CLIENT, {"name": "Peña", "identification": "700"},
        {"name": "Peña", "identification": "701"},
    )  # fmt: skip
    full = {
        "name": "Ferretería El Yunque", "identification": "909214530-9", "kind": "company",
        "category_id": gold, "industry_id": baker, "zone_id": north, "parent_id": head,
        "owner_id": ana, "team_id": norte, "payment_days": 30, "credit_limit": "1500000.5",
        "tags": ["VIP", "=1+1"], "phone": "+57 604 555 0101", "email": "a@ejemplo.example",
        "website": "https://ejemplo.example/a;b", "notes": 'uno\n"dos";\n-tres',
        "colombia.municipality": "05001", "postal_code": "050010",
        "custom.ruta": "'=R1", "custom.resumen": "línea\n\notra", "custom.visitas": -3,
        "custom.peso": "1.125", "custom.meta": "1234.567", "custom.desde": "1899-12-31",
        "custom.ultima": "2026-11-22T23:59:59-05:00", "custom.es_vip": False,
        "custom.palabras": ["a", "b c"], "custom.contacto": "x@y.example",
        "custom.linea": "604 555 0102", "custom.sitio": "http://y.example", "custom.canal": "no",
        "custom.dias": ["m", "l"],
    }  # fmt: skip
    add(
        tenant, CLIENT, full,
        {"name": "+57", "identification": "0012", "owner_id": luis, "industry_id": shop},
        {"name": "Persona", "kind": "person", "given_names": "Ana", "surnames": "Ruiz",
         "identification": "52.123.456", "identification_type": "CC", "owner_id": other_luis,
         "status": "inactive", "is_client": False, "is_supplier": True},
        {"name": "Extranjera Inc.", "identification": "US-99.1", "country": "Estados Unidos",
         "identification_type": "Tax ID", "credit_limit": "0.0001"},
    )  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("match", ["id", "identification"])
@pytest.mark.parametrize("keys", [False, True])
def test_clients_come_back_unchanged(
    tenant: Company, tmp_path: Path, suffix: str, match: str, keys: bool
) -> None:
    portfolio(tenant)

    result = there_and_back(tenant, CLIENT, tmp_path / f"clientes.{suffix}", match=match, keys=keys)

    assert told(result) == []
    assert (result.total, result.unchanged) == (6, 6)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_references_to_what_is_binned_or_gone_come_back_unchanged(
    tenant: Company, tmp_path: Path, suffix: str
) -> None:
    gone = tenant.member("seller", name="Se Fue")
    kept, binned = add(tenant, CLIENT, {"name": "Viva"}, {"name": "Vieja"})
    add(tenant, CONTACT, {"name": "A", "client_id": binned, "owner_id": gone.member_id},
        {"name": "B", "client_id": kept})  # fmt: skip
    with tenant.unit() as unit:
        unit.records.archive(CLIENT, binned)
    _leave(tenant, gone.member_id)

    result = there_and_back(tenant, CONTACT, tmp_path / f"contactos.{suffix}")

    assert told(result) == []
    assert result.unchanged == 2


def _leave(tenant: Company, member_id: Any) -> None:
    with transaction(tenant.host.engine, tenant_id=tenant.id) as connection:
        connection.execute(
            update(member)
            .where(member.c.tenant_id == tenant.id, member.c.id == member_id)
            .values(is_active=False)
        )
        touch(connection, tenant.id)


def test_export_of_one_tenant_fills_another(
    tenant: Company, other_tenant: Company, tmp_path: Path
) -> None:
    (region,) = add(tenant, "clients.zone", {"name": "Antioquia"})
    add(tenant, "clients.zone", {"name": "Medellín", "parent_id": region})
    (head,) = add(tenant, CLIENT, {"name": "Peña", "identification": "700"})
    add(tenant, CLIENT, {"name": "Filial", "parent_id": head, "zone_id": region})
    for entity in ("clients.zone", CLIENT):
        path = tmp_path / f"{entity}.csv"
        run_export(tenant.host, tenant.system(), entity, path)

        first = run_import(other_tenant.host, other_tenant.system(), entity, path, match="id")
        again = run_import(other_tenant.host, other_tenant.system(), entity, path, match="id")

        assert told(first) == []
        assert (first.created, again.unchanged) == (2, 2)


# --- any value -----------------------------------------------------------------------------------

_letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n")
_text = st.one_of(
    st.text(_letters, min_size=1, max_size=40),
    st.sampled_from(["=1+1", "'=1", "''+", "@x", "-5", "+57", "001", "1e5", "TRUE", '"', ";"]),
)
_tag = st.text(_letters, min_size=1, max_size=12).filter(
    lambda tag: not set(tag) & set(";|\n")  # what separates tags in a cell
)
_row = st.fixed_dictionaries(
    {"name": _text},
    optional={
        "plain": _text, "place": _text, "essay": _text,
        "email": st.emails(domains=st.just("ejemplo.example")),
        "phone": st.from_regex(r"\+?[0-9][0-9 ()\-]{3,12}[0-9]", fullmatch=True),
        "count": st.integers(-(2**62), 2**62),
        "weight": st.decimals(-(10**12), 10**12, places=6),
        "price": st.decimals(-(10**14), 10**14, places=4),
        "found": st.dates(dt.date(1800, 1, 1), dt.date(9998, 12, 31)),
        "seen": st.datetimes(
            dt.datetime(1801, 1, 1), dt.datetime(9998, 12, 30), timezones=st.just(dt.UTC)
        ).map(lambda moment: moment.replace(microsecond=0)),
        "is_rare": st.booleans(),
        "grade": st.sampled_from(["poor", "fair", "good"]),
        "marks": st.lists(st.sampled_from(["poor", "fair", "good"]), max_size=3),
        "tags": st.lists(_tag, max_size=4),
        "annex.origin": _text, "annex.points": st.integers(-(10**9), 10**9),
        "annex.worth": st.decimals(0, 10**9, places=4).map(Decimal),
    },
)  # fmt: skip


class TestAnyValue:
    @pytest.fixture
    def host(self, specimen_host: Host) -> Host:
        return specimen_host

    @pytest.mark.database("sqlite")
    @pytest.mark.parametrize("suffix", SUFFIXES)
    @settings(
        max_examples=60, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(rows=st.lists(_row, min_size=1, max_size=8))
    def test_every_value_comes_back_unchanged(
        self, tenant: Company, tmp_path: Path, suffix: str, rows: Sequence[dict[str, Any]]
    ) -> None:
        with tenant.unit() as unit:
            made = [o.id for o in unit.records.bulk(PIECE, rows) if o.id is not None]
        assume(made)

        result = there_and_back(tenant, PIECE, tmp_path / f"piezas.{suffix}")
        with tenant.unit() as unit:
            for id in made:  # so that the next example is alone
                unit.records.archive(PIECE, id)

        assert told(result) == []
        assert result.unchanged == result.total == len(made)
