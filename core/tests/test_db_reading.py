"""A request's one reading: for one tenant only, and whole again after an error."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from trato.db.engine import transaction
from trato.db.reading import Reading
from trato.errors import NotFound
from trato.testing.companies import Company
from trato.testing.statements import count_connections


def test_parts_of_a_request_share_a_transaction_that_ends_with_it(tenant: Company) -> None:
    engine = tenant.host.engine
    reading = Reading(engine)

    with count_connections(engine) as connections:
        with reading.connection() as first:
            found = first.execute(text("SELECT 1")).scalar_one()
        with reading.connection(tenant.id) as second:
            pass
        reading.close()

    assert found == 1
    assert second is first
    assert second.closed
    assert connections.held == 0


def test_a_reading_gives_way_to_another_transaction_between_its_uses(tenant: Company) -> None:
    engine = tenant.host.engine
    reading = Reading(engine)

    with count_connections(engine) as connections:
        with reading.connection(tenant.id) as first:
            pass
        with transaction(engine, tenant_id=tenant.id) as other:
            ended = first.closed
            written = other.execute(text("SELECT 1")).scalar_one()
        with reading.connection(tenant.id) as again, reading.connection() as inside:
            found = again.execute(text("SELECT 1")).scalar_one()
        reading.close()

    assert ended
    assert (written, found) == (1, 1)
    assert inside is again
    assert (connections.most, connections.held) == (1, 0)


@pytest.mark.database("postgresql")
def test_a_transaction_for_a_tenant_is_isolated_as_it_was_asked(tenant: Company) -> None:
    engine = tenant.host.engine
    isolation = text("SHOW transaction_isolation")
    with transaction(engine, tenant_id=tenant.id) as usual:
        before = usual.execute(isolation).scalar_one()
    strict = engine.execution_options(isolation_level="REPEATABLE READ")
    with transaction(strict, tenant_id=tenant.id, read=True) as connection:
        asked = connection.execute(isolation).scalar_one()
    with transaction(engine, tenant_id=tenant.id) as usual:
        after = usual.execute(isolation).scalar_one()

    assert (before, asked, after) == ("read committed", "repeatable read", "read committed")


def test_a_reading_never_switches_to_another_tenant(tenant: Company, other_tenant: Company) -> None:
    reading = Reading(tenant.host.engine)
    with reading.connection(tenant.id):
        pass

    with pytest.raises(ValueError, match="is being read"), reading.connection(other_tenant.id):
        pytest.fail("it was opened for the other tenant")

    reading.close()


def test_after_an_error_the_next_part_begins_anew(tenant: Company) -> None:
    reading = Reading(tenant.host.engine)
    with pytest.raises(NotFound), reading.connection(tenant.id) as broken:
        raise NotFound("gone")

    with reading.connection(tenant.id) as again:
        found = again.execute(text("SELECT 1")).scalar_one()
    reading.close()

    assert broken.closed
    assert found == 1


def test_an_error_inside_another_use_stays_what_it_was(tenant: Company) -> None:
    engine = tenant.host.engine
    reading = Reading(engine)

    with count_connections(engine) as connections:
        with reading.connection(tenant.id) as outer:
            with pytest.raises(NotFound), reading.connection(tenant.id):
                raise NotFound("gone")
            found = outer.execute(text("SELECT 1")).scalar_one()
        with pytest.raises(NotFound), reading.connection(tenant.id), reading.connection(tenant.id):
            raise NotFound("gone")
        reading.close()

    assert found == 1
    assert connections.held == 0


def test_a_unit_in_a_reading_sees_its_own_tenant_only(
    tenant: Company, other_tenant: Company
) -> None:
    for company in (tenant, other_tenant):
        with company.unit() as unit:
            unit.records.create("clients.client", {"name": f"De {company.slug}"})
    reading = Reading(tenant.host.engine)

    with tenant.host.unit(tenant.system(), read=True, reading=reading) as unit:
        rows = unit.records.query("clients.client", columns=("name",)).rows
    reading.close()

    assert [row[2] for row in rows] == [f"De {tenant.slug}"]
    with transaction(tenant.host.engine, tenant_id=other_tenant.id, read=True) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
