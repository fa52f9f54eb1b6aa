"""`trato doctor`: what is wrong is found, named, and comes with what to do."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from trato.cli.diagnosis import clocks
from trato.db.engine import open_engine
from trato.host import Host
from trato.settings import Settings

if TYPE_CHECKING:
    from core.tests.conftest import Installation


def examined(installation: Installation, **environ: str) -> tuple[int, dict[str, list[Any]]]:
    ran = installation.run("doctor", "--json", environ=environ)
    found: dict[str, list[Any]] = {"ok": [], "warn": [], "fail": []}
    for finding in ran.json:
        found[finding["level"]].append(finding)
    return ran.code, found


def facts(findings: list[Any]) -> str:
    return "\n".join(finding["fact"] for finding in findings)


def test_a_sound_installation_passes(installation: Installation) -> None:
    installation.tenant("acme", "clients")

    code, found = examined(installation)

    assert (code, found["fail"], found["warn"]) == (0, [], [])
    assert "licence until 2099-12-31" in facts(found["ok"])


def test_an_installation_that_is_not_there_yet_is_only_warned_of(bare: Installation) -> None:
    code, found = examined(bare)

    assert (code, found["fail"]) == (0, [])
    assert "does not exist yet" in facts(found["warn"])
    assert list(bare.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TRATO_SECRET_KEY": "short"}, "The secret key has 5 characters"),
        ({"TRATO_LICENSE_PUBLIC_KEY": ""}, "No public key of an issuer is set"),
        ({"TRATO_STORAGE_URL": "file:///proc/nowhere"}, "No file can be kept in /proc/nowhere"),
        ({"TRATO_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "Connection refused"),
        ({"TRATO_FOO": "1"}, "TRATO_FOO is no setting"),
    ],
)
def test_what_fails_is_named_with_what_to_do(
    bare: Installation, environ: dict[str, str], said: str
) -> None:
    code, found = examined(bare, **environ)

    assert code == 1
    finding = next(finding for finding in found["fail"] if said in finding["fact"])
    assert finding["action"]


def test_a_server_that_does_not_answer_is_named_without_its_password(bare: Installation) -> None:
    environ = {"TRATO_DATABASE_URL": "postgresql://x:geheim@127.0.0.1:1/crm"}

    ran = bare.run("tenant", "list", environ=environ)

    assert ran.code == 2
    assert "TRATO_DATABASE_URL leads to 127.0.0.1:1/crm" in ran.err
    assert "TRATO_OWNER_DATABASE_URL" not in ran.err
    assert "geheim" not in ran.err


def test_the_issuers_private_key_is_no_part_of_a_serving_environment(bare: Installation) -> None:
    code, found = examined(bare, TRATO_LICENSE_PRIVATE_KEY=bare.keys.private.line())

    assert code == 1
    assert "private key of the licence issuer" in facts(found["fail"])


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("days", "level", "said"),
    [(-1, "fail", "expired on"), (3, "warn", "in 3 days"), (31, "ok", "licence until")],
)
def test_licences_that_end_are_told_of(
    installation: Installation, days: int, level: str, said: str
) -> None:
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
    file = installation.license("acme", "clients", expires=day.isoformat())
    installation.did(
        "tenant", "create", "acme", "--name", "A", "--admin-email", "a@a.example", "--license",
        str(file),
    )  # fmt: skip

    code, found = examined(installation)

    assert code == (1 if level == "fail" else 0)
    assert said in facts(found[level])


@pytest.mark.database("sqlite")
def test_a_plugin_that_a_tenant_has_on_and_is_gone_fails(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    installation.tenant("acme", "clients")
    monkeypatch.setattr("trato.host.discover", lambda: ([make_plugin("other", version="x")], []))

    code, found = examined(installation)

    assert code == 1
    assert "plugin 'clients' is on and does not work: It is not installed." in facts(found["fail"])
    assert "Plugin 'other' is left out: 'x' is not a version" in facts(found["fail"])


@pytest.mark.database("postgresql")
def test_pending_migrations_of_postgresql_fail(unmigrated: Installation) -> None:
    code, found = examined(unmigrated)

    assert code == 1
    finding = next(f for f in found["fail"] if f["check"] == "migrations")
    assert finding["action"] == "Run: trato migrate"


@pytest.mark.database("postgresql")
def test_a_role_that_passes_by_the_walls_fails(installation: Installation) -> None:
    owner = installation.environ["TRATO_OWNER_DATABASE_URL"]

    code, found = examined(installation, TRATO_DATABASE_URL=owner)

    assert code == 1
    assert [f["check"] for f in found["fail"]] == ["role", "grants"]


@pytest.mark.database("postgresql")
def test_a_table_without_its_policy_fails(installation: Installation) -> None:
    assert installation.database is not None
    engine = open_engine(installation.database.owner_url)
    with engine.begin() as connection:
        connection.execute(text("drop policy tenant on clients_client"))
        connection.execute(text("alter table core_team disable row level security"))
        connection.execute(text("revoke select on core_role from trato_app"))
    engine.dispose()

    code, found = examined(installation)

    assert code == 1
    assert "missing on: clients_client, core_team." in facts(found["fail"])
    assert "may not read: core_role." in facts(found["fail"])
    installation.did("migrate")
    assert examined(installation)[0] == 0


@pytest.mark.database("postgresql")
def test_a_clock_that_differs_from_the_databases_is_told(installation: Installation) -> None:
    host = Host(Settings.load(installation.environ))
    found = []
    for seconds in (0, 40, -40, 900):
        ahead = dt.timedelta(seconds=seconds)
        host.clock = lambda ahead=ahead: dt.datetime.now(dt.UTC) + ahead
        found += clocks(host)
    host.close()

    assert [finding.level for finding in found] == ["ok", "warn", "warn", "fail"]
    assert ["ahead" in str(finding.fact) for finding in found] == [False, True, False, True]
    assert "NTP" in str(found[-1].action)


def test_the_statements_for_a_database_administrator_name_roles_and_database(
    bare: Installation,
) -> None:
    ran = bare.did(
        "doctor", "--sql",
        environ={
            "TRATO_DATABASE_URL": "postgresql://crm_app:secreto@db.example/CRM",
            "TRATO_OWNER_DATABASE_URL": "postgresql://crm_owner:secreto@db.example/CRM",
        },
    )  # fmt: skip

    assert 'CREATE DATABASE "CRM" OWNER crm_owner' in ran.out
    assert "CREATE ROLE crm_app LOGIN NOSUPERUSER NOBYPASSRLS" in ran.out
    assert "secreto" not in ran.out


@pytest.mark.postgres
def test_a_database_prepared_by_the_statements_can_be_migrated_and_served(
    bare: Installation, postgres_server: Any
) -> None:
    import psycopg
    from sqlalchemy.engine import make_url

    admin = make_url(postgres_server.admin_url)
    names = {role: f"{role}_of_doctor" for role in ("app", "owner")}
    urls = {
        role: admin.set(username=name, database="made_by_doctor").render_as_string(False)
        for role, name in names.items()
    }
    environ = {"TRATO_DATABASE_URL": urls["app"], "TRATO_OWNER_DATABASE_URL": urls["owner"],
               "TRATO_SECRET_KEY": "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp",
               "TRATO_STORAGE_URL": (bare.folder / "files").as_uri()}  # fmt: skip
    lines = bare.did("doctor", "--sql", environ=environ).out.splitlines()
    before, _connect, after = "\n".join(lines).partition("\\connect made_by_doctor")

    def run(database: str, statements: str) -> None:
        url = admin.set(drivername="postgresql", database=database).render_as_string(False)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements.split(";"):
                if statement.strip() and not statement.strip().startswith("-- \\"):
                    connection.execute(statement)

    try:
        run("postgres", before)
        run("made_by_doctor", after)
        for name in names.values():
            run("postgres", f"alter role {name} password '{admin.password}'")
        bare.did("migrate", environ=environ)
        ran = bare.run("doctor", environ=environ)
        assert ran.code == 0, ran.out
    finally:
        postgres_server.drop_database("made_by_doctor")
        for name in names.values():
            run("postgres", f"drop role if exists {name}")
