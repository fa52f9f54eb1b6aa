"""Deleting tenants and purging plugins: archived first, then nothing is left."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, inspect, text

from trato.db.engine import open_engine

if TYPE_CHECKING:
    from core.tests.conftest import Installation

CLIENTS = "name,identification,tags\nÑandú S.A.S.,900,VIP|Norte\n=1+1,901,\n"
OWN_FIELD = "fields: {clients.client: {code: {kind: text, labels: {es: C}, searchable: true}}}"


@contextmanager
def owner(installation: Installation) -> Iterator[Connection]:
    assert installation.database is not None
    engine = open_engine(installation.database.owner_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def rows_by_table(installation: Installation) -> dict[str, int]:
    """Count the rows of every table of the database."""
    with owner(installation) as connection:
        return {
            table: connection.execute(text(f"select count(*) from {table}")).scalar_one()
            for table in inspect(connection).get_table_names()
            if not table.startswith(("alembic_", "core_search_text_"))
        }


def filled(installation: Installation, slug: str) -> None:
    installation.tenant(slug, "clients")
    (installation.folder / "clients.csv").write_text(CLIENTS, encoding="utf-8")
    (installation.folder / "c.yaml").write_text(OWN_FIELD, encoding="utf-8")
    installation.did("config", "apply", slug, "c.yaml")
    installation.did("import", slug, "clients.client", "clients.csv")
    installation.did("token", "create", slug, f"ana@{slug}.example")


def archive_of(ran: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(ran.json["archive"])


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    with archive.open(name) as raw:
        return list(csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig"), delimiter=";"))


# --- tenants -------------------------------------------------------------------------------------


def test_a_deleted_tenant_leaves_no_row_behind(installation: Installation) -> None:
    installation.tenant("beta", "clients")
    before = rows_by_table(installation)
    filled(installation, "acme")

    installation.did("tenant", "delete", "acme", "--yes")

    assert rows_by_table(installation) == before
    assert [t["slug"] for t in installation.did("tenant", "list", "--json").json] == ["beta"]


def test_the_archive_of_a_deleted_tenant_is_a_backup_of_it(installation: Installation) -> None:
    filled(installation, "acme")

    ran = installation.did("tenant", "delete", "acme", "--yes", "--json")

    with archive_of(ran) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["scope"]) == ("trato-backup", "tenant")
    assert [company["slug"] for company in manifest["tenants"]] == ["acme"]
    assert ran.json["records"] == 2
    # It holds what proves who people are, so it is for the operator's eyes only.
    assert Path(ran.json["archive"]).stat().st_mode & 0o077 == 0


def test_files_of_a_deleted_tenant_go_with_it(installation: Installation) -> None:
    installation.tenant("acme")
    installation.tenant("beta")
    kept = [installation.folder / "trato-files" / "exports" / n / "x.zip" for n in "12"]
    for file in kept:
        file.parent.mkdir(parents=True)
        file.write_text(file.parent.name)

    ran = installation.did("tenant", "delete", "acme", "--yes", "--json")

    assert [file.exists() for file in kept] == [False, True]
    with archive_of(ran) as archive:
        assert archive.read("files/exports/1/x.zip") == b"1"


def test_an_account_of_two_tenants_outlives_one(installation: Installation) -> None:
    installation.tenant("acme")
    installation.tenant("beta")
    installation.did("user", "create", "beta", "ana@acme.example", "--role", "viewer")

    ran = installation.did("tenant", "delete", "acme", "--yes", "--json")

    assert ran.json["users"] == 0
    installation.did("token", "create", "beta", "ana@acme.example")


@pytest.mark.parametrize("typed", ["", "acme2\n", "yes\n"])
def test_deleting_asks_for_the_name(installation: Installation, typed: str) -> None:
    installation.tenant("acme")

    refused = installation.run("tenant", "delete", "acme", stdin=typed)

    assert refused.code == 2
    assert "'acme'" in refused.err
    assert [t["slug"] for t in installation.did("tenant", "list", "--json").json] == ["acme"]
    assert list(installation.folder.glob("*.zip")) == []
    assert installation.run("tenant", "delete", "acme", stdin="acme\n").code == 0


@pytest.mark.database("postgresql")
def test_deleting_needs_the_owner_of_the_tables(installation: Installation) -> None:
    installation.tenant("acme")

    ran = installation.run(
        "tenant", "delete", "acme", "--yes", environ={"TRATO_OWNER_DATABASE_URL": ""}
    )

    assert ran.code == 2
    assert "TRATO_OWNER_DATABASE_URL is not set" in ran.err
    assert list(installation.folder.glob("*.zip")) == []


def test_rows_of_a_plugin_that_is_gone_are_deleted_too(installation: Installation) -> None:
    filled(installation, "acme")
    with owner(installation) as connection:
        connection.execute(
            text("create table visits_visit (tenant_id integer, id integer primary key, note text)")
        )
        connection.execute(text("insert into visits_visit values (1, 1, 'was here')"))
        tenant = connection.execute(text("select id from core_tenant")).scalar_one()
        connection.execute(text("update visits_visit set tenant_id = :t"), {"t": tenant})

    ran = installation.did("tenant", "delete", "acme", "--yes", "--json")

    assert rows_by_table(installation)["visits_visit"] == 0
    with archive_of(ran) as archive:
        assert b"was here" in archive.read("rows/1/visits_visit.jsonl")


# --- plugins -------------------------------------------------------------------------------------


def test_a_plugin_is_purged_only_where_it_is_off(installation: Installation) -> None:
    filled(installation, "acme")

    of_tenant = installation.run("plugin", "purge", "clients", "--tenant", "acme", "--yes")
    everywhere = installation.run("plugin", "purge", "clients", "--yes")

    assert (of_tenant.code, everywhere.code) == (2, 2)
    assert "trato plugin disable acme clients" in of_tenant.err
    assert "is on for acme" in everywhere.err
    assert "Disable it there first: trato plugin disable acme clients" in everywhere.err
    assert rows_by_table(installation)["clients_client"] == 2


def test_a_plugins_data_of_one_tenant_is_purged(installation: Installation) -> None:
    filled(installation, "acme")
    filled(installation, "beta")
    installation.did("plugin", "disable", "acme", "clients")

    ran = installation.did(
        "plugin", "purge", "clients", "--tenant", "acme", "--json", stdin="clients\n"
    )

    with archive_of(ran) as archive:
        assert len(table(archive, "entities/clients.client.csv")) == 2
    left = rows_by_table(installation)
    assert left["clients_client"] == 2
    assert left["core_value"] == 2  # the tags of the other tenant's client
    assert installation.did("audit", "verify", "acme").code == 0
    installation.did("plugin", "enable", "acme", "clients")
    installation.did("import", "acme", "clients.client", "clients.csv")
    assert installation.did("export", "acme", "clients.client", "o.csv", "--json").json[
        "records"
    ] == 2  # fmt: skip


def test_a_purge_counts_what_a_plugin_added_to_records_of_others(
    installation: Installation,
) -> None:
    installation.tenant("acme", "clients", "colombia")
    file = installation.folder / "placed.csv"
    file.write_text("name,colombia.municipality\nUno,05001\nDos,11001\nTres,\n", encoding="utf-8")
    installation.did("import", "acme", "clients.client", str(file))
    installation.did("plugin", "disable", "acme", "colombia")

    ran = installation.did("plugin", "purge", "colombia", "--tenant", "acme", "--yes")

    assert "(records: 2)" in ran.out


def test_a_purge_leaves_a_tombstone_for_every_record(installation: Installation) -> None:
    filled(installation, "acme")
    installation.did("plugin", "disable", "acme", "clients")

    installation.did("plugin", "purge", "clients", "--tenant", "acme", "--yes")

    with owner(installation) as connection:
        actions = connection.execute(
            text("select action, count(*) from core_audit where entity = 'clients.client' "
                 "group by action order by action")
        ).all()  # fmt: skip
    assert [tuple(row) for row in actions] == [("create", 2), ("purge", 2)]


def test_a_plugin_that_others_build_on_is_not_purged(installation: Installation) -> None:
    installation.tenant("acme", "clients", "colombia")
    for plugin in ("colombia", "clients"):
        installation.did("plugin", "disable", "acme", plugin)

    ran = installation.run("plugin", "purge", "clients", "--yes")

    assert ran.code == 2
    assert "colombia" in ran.err


def test_purging_a_plugin_everywhere_removes_its_tables(installation: Installation) -> None:
    for slug in ("acme", "beta"):
        filled(installation, slug)
        installation.did("plugin", "disable", slug, "clients")
    assert installation.did("plugin", "purge", "colombia", "--yes", "--json").json["records"] == 0

    ran = installation.did("plugin", "purge", "clients", "--yes", "--json")

    assert ran.json["records"] == 4
    with archive_of(ran) as archive:
        assert len(table(archive, "acme/entities/clients.client.csv")) == 2
        assert len(table(archive, "beta/entities/clients.client.csv")) == 2
    tables = rows_by_table(installation)
    assert [name for name in tables if name.startswith("clients_")] == []
    assert (tables["core_value"], tables["core_custom_field"]) == (0, 0)
    # They stay away until somebody migrates.
    installation.did("tenant", "list")
    assert "clients_client" not in rows_by_table(installation)
    assert "trato migrate" in installation.run("plugin", "enable", "acme", "clients").err
    installation.did("migrate")
    installation.did("plugin", "enable", "acme", "clients")


@pytest.mark.parametrize("typed", ["", "client\n"])
def test_purging_asks_for_the_name(installation: Installation, typed: str) -> None:
    filled(installation, "acme")
    installation.did("plugin", "disable", "acme", "clients")

    ran = installation.run("plugin", "purge", "clients", "--tenant", "acme", stdin=typed)

    assert ran.code == 2
    assert rows_by_table(installation)["clients_client"] == 2
