"""What a person is told when the database cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from trato.db.engine import is_unavailable, open_engine, transaction, unavailable
from trato.errors import DatabaseUnavailable
from trato.lifecycle import tenants
from trato.testing.companies import Company
from trato.testing.databases import Database

if TYPE_CHECKING:
    from core.tests.conftest import Installation


def test_a_new_file_is_its_users_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/trato.sqlite")
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE kept (id INTEGER)"))

        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    engine.dispose()

    assert modes == dict.fromkeys(["trato.sqlite", "trato.sqlite-wal", "trato.sqlite-shm"], 0o600)


@pytest.mark.database("sqlite")
def test_a_file_without_room_refuses_to_write_and_is_read_on(tenant: Company) -> None:
    """As on a disk without room: SQLite's own limit of pages gives the same error."""
    with tenant.unit() as unit:
        unit.records.create("clients.client", {"name": "Cabe"})
    engine = tenant.host.engine
    with transaction(engine) as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    try:
        with pytest.raises(DatabaseUnavailable) as full, tenant.unit() as unit:
            unit.records.bulk("clients.client", [{"name": f"No cabe {n}"} for n in range(500)])
        with tenant.unit() as unit:
            names = [row[2] for row in unit.records.query("clients.client", columns=("name",)).rows]
    finally:
        engine.dispose()  # the limit is the connection's, which other tests would get

    assert full.value.code == "disk_full"
    assert names == ["Cabe"]


def test_a_server_without_room_is_told_as_a_full_disk() -> None:
    error = OperationalError("INSERT", {}, psycopg.errors.DiskFull("could not extend file"))

    assert unavailable(error).code == "disk_full"


@pytest.mark.database("postgresql")
def test_a_tenant_that_somebody_writes_to_is_not_deleted_and_not_archived(
    make_tenant: Callable[..., Company], database: Database, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    tenant = make_tenant()
    with tenant.unit() as unit:
        client = unit.records.create("clients.client", {"name": "Ana"}).id
    write = tenants.write_backup

    def write_while_somebody_writes(*args: Any, **options: Any) -> Any:
        done = write(*args, **options)
        with tenant.unit() as unit:
            unit.records.update("clients.client", client, {"name": "Eva"})
        return done

    monkeypatch.setattr(tenants, "write_backup", write_while_somebody_writes)
    owner = database.open_owner()
    with pytest.raises(DatabaseUnavailable) as refused:
        tenants.delete_tenant(tenant.host, tenant.slug, engine=owner, folder=tmp_path)
    owner.dispose()

    assert (refused.value.code, str(refused.value)) == (
        "deadlock",
        "Somebody else was writing the same records at the same time. Nothing was saved. Try again "
        "in a moment.",
    )
    assert list(tmp_path.iterdir()) == []
    with tenant.unit(read=True) as unit:
        assert unit.records.get("clients.client", client)["name"] == "Eva"


def test_a_column_that_is_not_there_is_no_outage(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/trato.sqlite")

    with pytest.raises(OperationalError) as missing, transaction(engine) as connection:
        connection.execute(text("SELECT connection_id FROM sqlite_master"))
    engine.dispose()

    assert not is_unavailable(missing.value)


def test_a_host_whose_name_is_gone_is_an_outage() -> None:
    """As of a container that is being started again."""
    reason = "failed to resolve host 'db': [Errno -2] Name or service not known"

    assert is_unavailable(OperationalError(None, None, psycopg.OperationalError(reason)))


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"database": "trato_none"}])
def test_a_setting_that_is_wrong_is_not_told_as_an_outage(
    installation: Installation, wrong: dict[str, str]
) -> None:
    url = make_url(installation.environ["TRATO_DATABASE_URL"]).set(**wrong)
    engine = open_engine(url.render_as_string(hide_password=False))

    with pytest.raises(DatabaseUnavailable) as refused, transaction(engine):
        pytest.fail("somebody was let in")
    engine.dispose()

    assert isinstance(refused.value.__cause__, DBAPIError)
    assert "refuses the connection" in str(refused.value)
    assert "TRATO_DATABASE_URL" in str(refused.value.hint)
