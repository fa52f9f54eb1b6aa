"""What a backup writes, a restore brings back: every row, on either database, or nothing at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from core.tests import every_table
from sqlalchemy import Connection, Engine, MetaData, inspect, select

from trato import __version__, administration
from trato.access import second_factor
from trato.access.sealing import Sealer
from trato.access.tables import user
from trato.db.engine import open_engine, transaction
from trato.db.migrate import core_folder, current, downgrade, head, migration
from trato.entities.base import metadata
from trato.errors import ConfigError
from trato.host import Host
from trato.lifecycle import backup_format as form
from trato.lifecycle import backup_reading
from trato.lifecycle.backup import back_up
from trato.lifecycle.backup_format import LEFT_OUT
from trato.lifecycle.backup_reading import BackupFile
from trato.records import audit_seals
from trato.settings import Settings

if TYPE_CHECKING:
    from core.tests.conftest import Installation

CLIENTS = (
    "name,identification,tags,custom.code\n"
    "Ñandú S.A.S.,900373913,VIP|Norte,Ñ-1\nComercial Ándes,901,,K2\n=1+1,902,Sur,\n"
)
CONFIG = """
fields: {clients.client: {code: {kind: text, labels: {es: C}, searchable: true, unique: true}}}
teams: {norte: {name: Norte}}
settings: {}
"""

Rows = dict[str, list[tuple[Any, ...]]]


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


@contextmanager
def owner(installation: Installation) -> Iterator[Connection]:
    assert installation.database is not None
    engine = open_engine(installation.database.owner_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def rows_of(installation: Installation) -> Rows:
    """Read every row of every table as Python values, which are the same on both databases."""
    with owner(installation) as connection:
        existing = set(inspect(connection).get_table_names())
        return {
            table.name: sorted(tuple(map(plain, row)) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name in existing and table.name not in LEFT_OUT
        }


def plain(value: Any) -> str:
    """Write a value so that it can be compared; PostgreSQL keeps no order of an object's keys."""
    is_json = isinstance(value, dict | list)
    return json.dumps(value, sort_keys=True) if is_json else repr(value)


def filled(installation: Installation, slug: str) -> None:
    """Make a tenant with something in most tables."""
    installation.tenant(slug, "clients", "colombia")
    (installation.folder / "clients.csv").write_text(CLIENTS, encoding="utf-8")
    (installation.folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    installation.did("config", "apply", slug, "c.yaml")
    installation.did("import", slug, "clients.client", "clients.csv")
    installation.did("token", "create", slug, f"ana@{slug}.example")
    host = open_host(installation)
    try:
        more(host, slug)
    finally:
        host.close()


def open_host(installation: Installation) -> Host:
    return Host(Settings.load(installation.environ))


def more(host: Host, slug: str) -> None:
    """Make what no command makes: a tree, amounts, a note, a second step, seals."""
    ana = administration.member_actor(host, slug, f"ana@{slug}.example")
    with host.unit(ana) as unit:
        records = unit.records
        child = records.create("clients.category", {"name": "Zinc"})
        parent = records.create("clients.category", {"name": "Metal"})
        records.update("clients.category", child.id, {"parent_id": parent.id})
        client = records.create(
            "clients.client",
            {"name": "Con cupo", "credit_limit": "900719925474099.01",
             "colombia.municipality": "05001"},
        )  # fmt: skip
        records.archive("clients.client", client.id)
        sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
        secret = second_factor.begin(unit.connection, ana.member.user_id, sealer)
        code = pyotp.TOTP(secret).at(host.clock())
        second_factor.confirm(unit.connection, ana.member.user_id, code, sealer, now=host.clock())
        audit_seals.seal(unit.connection, ana.tenant_id, now=host.clock(), key=host.audit_keys[0])


def put_file(installation: Installation, path: str, content: bytes) -> Path:
    file = installation.folder / "trato-files" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


@pytest.fixture
def other(
    installation: Installation, databases: Any, tmp_path: Path
) -> Callable[..., Installation]:
    """Make another installation, empty and on either database."""

    def make(backend: str) -> Installation:
        database = databases.migrated(backend)
        folder = tmp_path / f"other-{backend}"
        folder.mkdir()
        environ = installation.environ | {"TRATO_DATABASE_URL": database.url}
        environ.pop("TRATO_OWNER_DATABASE_URL", None)
        if backend == "postgresql":
            environ["TRATO_OWNER_DATABASE_URL"] = database.owner_url
        environ["TRATO_STORAGE_URL"] = (folder / "files").as_uri()
        return replace(installation, environ=environ, database=database)

    return make


@pytest.fixture
def source(installation: Installation) -> Installation:
    installation.environ["TRATO_STORAGE_URL"] = (installation.folder / "trato-files").as_uri()
    return installation


# --- a whole installation ------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_an_installation_is_the_same_after_a_restore_row_by_row(
    source: Installation, other: Callable[..., Installation], target: str
) -> None:
    filled(source, "acme")
    put_file(source, "exports/1/copy.zip", b"\x00\xff" * 5000)
    source.tenant("every")
    with owner(source) as connection:
        every_table.fill(connection, "every", without=LEFT_OUT)
    before = rows_of(source)
    there = other(target)

    wrote = source.did("backup", "all.trato", "--json").json
    read = there.did("restore", "all.trato", "--json").json

    assert (read["rows"], read["files"]) == (wrote["rows"], 1)
    after = rows_of(there)
    assert [name for name in before if before[name] != after[name]] == []
    assert sum(map(len, after.values())) == wrote["rows"]
    # Whatever is compared is compared with something in it.
    assert {name for name, rows in before.items() if not rows} == set()
    assert Path(there.environ["TRATO_STORAGE_URL"].removeprefix("file://")).joinpath(
        "exports/1/copy.zip"
    ).read_bytes() == b"\x00\xff" * 5000  # fmt: skip
    works(there, "acme")
    there.tenant("gamma")  # numbers go on behind those restored
    assert len(there.did("tenant", "list", "--json").json) == 3


def works(installation: Installation, slug: str) -> None:
    """Check what is made anew: search, history, unique values; and what is sealed."""
    assert installation.did("audit", "verify", slug).code == 0
    host = open_host(installation)
    try:
        ana = administration.member_actor(host, slug, f"ana@{slug}.example")
        with host.unit(ana, read=True) as unit:
            for word, found in (("nandu", 1), ("k2", 1), ("comercial and", 1), ("zzz", 0)):
                assert len(unit.records.query("clients.client", search=word).rows) == found, word
            rows = unit.records.query("clients.category", columns=["name", "parent_id"]).records()
            assert {row["name"]: row["parent_id"] is None for row in rows} == {
                "Metal": True, "Zinc": False,
            }  # fmt: skip
        with transaction(host.engine, read=True) as connection:
            sealed = connection.execute(
                select(user.c.totp_secret).where(user.c.id == ana.member.user_id)
            ).scalar_one()
        assert Sealer(host.secret_keys, purpose=second_factor.PURPOSE).open(sealed)
    finally:
        host.close()


def test_a_restore_refuses_an_installation_that_is_not_empty(source: Installation) -> None:
    source.tenant("acme")
    source.did("backup", "all.trato")
    before = rows_of(source)

    ran = source.run("restore", "all.trato")

    assert ran.code == 2
    assert "not empty" in ran.err
    assert "acme" in ran.err
    assert rows_of(source) == before


# --- one tenant ----------------------------------------------------------------------------------


def test_a_tenant_is_restored_beside_others_and_keeps_its_history(
    source: Installation, other: Callable[..., Installation]
) -> None:
    filled(source, "acme")
    put_file(source, "exports/1/copy.zip", b"of acme")
    # On the same database a deleted one comes back, below.
    there = other({"sqlite": "postgresql", "postgresql": "sqlite"}[source.database.backend])
    filled(there, "beta")
    beta = rows_of(there)

    source.did("backup", "acme.trato", "--tenant", "acme")
    ran = there.did("restore", "acme.trato", "--json")

    number = ran.json["tenants"][0]["number"]
    assert number != 1
    assert "API tokens do not work" in ran.err
    works(there, "acme")
    works(there, "beta")
    after = rows_of(there)
    for name, rows in beta.items():
        assert set(rows) <= set(after[name]), name
    mine, theirs = rows_of(source), {n: set(after[n]) - set(beta[n]) for n in after}
    assert {n: len(rows) for n, rows in theirs.items() if n != "colombia_municipality"} == {
        n: len(rows) for n, rows in mine.items() if n != "colombia_municipality"
    }
    file = Path(there.environ["TRATO_STORAGE_URL"].removeprefix("file://"))
    assert (file / f"exports/{number}/copy.zip").read_bytes() == b"of acme"
    # What is written now goes on with the same history.
    there.did("import", "acme", "clients.client", "clients.csv", "--match", "identification")
    assert there.did("audit", "verify", "acme").code == 0


def test_a_tenant_is_not_restored_over_one_that_exists(source: Installation) -> None:
    source.tenant("acme")
    source.did("backup", "acme.trato", "--tenant", "acme")
    before = rows_of(source)

    ran = source.run("restore", "acme.trato")

    assert ran.code == 2
    assert "'acme' exists already" in ran.err
    assert rows_of(source) == before


def test_a_deleted_tenant_comes_back_from_the_archive_that_deleting_wrote(
    source: Installation,
) -> None:
    filled(source, "acme")
    filled(source, "beta")
    before = rows_of(source)

    archive = source.did("tenant", "delete", "acme", "--yes", "--json").json["archive"]
    source.did("restore", archive)

    after = rows_of(source)
    changed = [name for name in before if before[name] != after[name]]
    # Its version rises, so that no process takes what it remembers for newer; sessions ended.
    assert set(changed) <= {"core_tenant", "core_session"}
    works(source, "acme")


def test_a_person_who_is_known_here_keeps_the_own_account(
    source: Installation, other: Callable[..., Installation]
) -> None:
    filled(source, "acme")
    source.did("backup", "acme.trato", "--tenant", "acme")
    there = other(source.database.backend)
    there.tenant("beta")
    there.did("user", "create", "beta", "ANA@acme.example", "--role", "viewer", "--password",
              "otra-clave-larga-2")  # fmt: skip
    accounts = rows_of(there)["core_user"]

    ran = there.did("restore", "acme.trato", "--json")

    assert ran.json["known_users"] == 1
    assert rows_of(there)["core_user"] == accounts
    there.did("token", "create", "acme", "ana@acme.example")


def test_a_backup_needs_no_owner_and_tells_of_unknown_tenants(source: Installation) -> None:
    source.tenant("acme")
    source.environ.pop("TRATO_OWNER_DATABASE_URL", None)

    source.did("backup", "acme.trato", "--tenant", "acme")
    ran = source.run("backup", "x.trato", "--tenant", "acne")

    assert (source.folder / "acme.trato").stat().st_mode & 0o077 == 0
    assert ran.code == 2
    assert "'acne'" in ran.err
    assert sorted(p.name for p in source.folder.glob("*x.trato*")) == []


# --- the wrong place -----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("backup", "x.trato"), ("maintenance", "on")])
def test_a_command_of_another_folder_makes_no_database(
    bare: Installation, words: tuple[str, ...]
) -> None:
    """As cron runs it, which knows neither the settings of the services nor their folder."""
    del bare.environ["TRATO_DATABASE_URL"]

    ran = bare.run(*words)

    assert ran.code == 2
    assert f"There is no database {bare.folder}/trato.sqlite" in ran.err
    assert "the settings that the services have" in ran.err
    assert list(bare.folder.iterdir()) == []


def test_a_database_without_a_company_is_not_backed_up(installation: Installation) -> None:
    before = set(installation.folder.iterdir())

    ran = installation.run("backup", "x.trato")

    assert ran.code == 2
    assert "There is no company in" in ran.err
    assert set(installation.folder.iterdir()) == before


def test_a_backup_that_does_not_find_the_files_fails_loudly(source: Installation) -> None:
    source.tenant("acme", "clients")
    complete = source.did("backup", "x.trato")
    source.did("job", "run", "acme", "core.export_tenant")
    source.did("backup", "y.trato")
    source.environ["TRATO_STORAGE_URL"] = (source.folder / "elsewhere").as_uri()

    ran = source.run("backup", "z.trato", "--json")
    doctor = source.run("doctor")

    assert complete.err == ""
    assert ran.code == 1
    assert f"{source.folder}/elsewhere/exports/1 is named by rows" in ran.err
    assert "Set TRATO_STORAGE_URL" in ran.err
    # The rows are worth having all the same.
    assert ran.json["rows"] > 0
    assert doctor.code == 1
    assert f"rows name files in {source.folder}/elsewhere/exports/1" in doctor.out


@pytest.mark.database("postgresql")
def test_files_that_lie_wherever_a_command_is_run_are_told_of(installation: Installation) -> None:
    installation.tenant("acme")
    del installation.environ["TRATO_STORAGE_URL"]

    ran = installation.did("backup", "x.trato")
    doctor = installation.run("doctor")

    assert f"files are looked for in {installation.folder}/trato-files" in ran.err
    assert doctor.code == 1
    assert "fail  TRATO_STORAGE_URL is not set" in doctor.out


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_another_secret_key_is_told_and_can_be_mended_later(
    source: Installation, other: Callable[..., Installation]
) -> None:
    filled(source, "acme")
    source.did("backup", "all.trato")
    there = other("sqlite")
    key = there.environ["TRATO_SECRET_KEY"]
    there.environ["TRATO_SECRET_KEY"] = "Zq4uB1pX-w8Rn6Ty3Ks0Lm5Vd7Hc2JfE"

    ran = there.did("restore", "all.trato")

    assert "another TRATO_SECRET_KEY" in ran.err
    assert there.run("audit", "verify", "acme").code == 1
    there.environ["TRATO_SECRET_KEY"] += f",{key}"
    works(there, "acme")


@pytest.mark.parametrize("seal", ["", "x", "\ufffd"])
def test_a_seal_of_any_letters_opens_with_no_key(seal: str) -> None:
    assert not form.opens(b"{}", seal, ["a key"])


# --- archives that do not fit --------------------------------------------------------------------


def rewritten(
    source: Installation, change: Callable[[dict[str, Any], dict[str, bytes]], None]
) -> str:
    """Write the archive anew with another manifest or other members."""
    with zipfile.ZipFile(source.folder / "good.trato") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    change(manifest, members)
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(source.folder / "bad.trato", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return "bad.trato"


def newer(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["version"] = 99


def without_plugin(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["plugins"]["visits"] = {"version": "2.1.0", "revision": "visits_0001"}
    manifest["parts"][0]["plugin"] = "visits"


def from_the_future(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["plugins"]["core"]["revision"] = "core_9999"


def changed_row(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    name = "rows/core_user.jsonl"
    members[name] = members[name].replace(b"ana@", b"eva@", 1)


def missing_part(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    del members["rows/core_user.jsonl"]


def stranger(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["rows/evil.jsonl"] = b"[]"


def other_tenant(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    part = next(p for p in manifest["parts"] if p["table"] == "core_role")
    lines = members[part["name"]].splitlines()
    lines[1] = lines[1].replace(b"[1,", b"[2,", 1)
    data = members[part["name"]] = b"\n".join(lines) + b"\n"
    part |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def added(
    manifest: dict[str, Any], members: dict[str, bytes], name: str, data: bytes,
    table: str | None = None, rows: int = 0,
) -> None:  # fmt: skip
    """Add a part that is true to the manifest."""
    manifest["parts"].append(
        {"name": name, "bytes": len(data), "table": table, "plugin": table and "core",
         "tenant": None, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()}
    )  # fmt: skip
    members[name] = data


def traversal(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    added(manifest, members, "files/../../evil", b"* * * * * root true\n")


def an_operator(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    first = members["rows/core_user.jsonl"].splitlines()
    user_id = json.loads(first[1])[json.loads(first[0]).index("id")]
    table = metadata.tables["core_operator"]
    row = {"user_id": user_id, "since": "2026-01-01T00:00:00+00:00"}
    data = form.head_line(table) + form.line([row[name] for name in table.c.keys()])
    added(manifest, members, "rows/core_operator.jsonl", data, "core_operator", 1)


def with_session(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    data = form.head_line(metadata.tables["core_session"])
    added(manifest, members, "rows/core_session.jsonl", data, "core_session")


def with_a_file_of_another(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    added(manifest, members, "files/exports/2/x.zip", b"planted")


def with_a_turn_of_another(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    row = {"tenant": 7, "served_at": "2026-01-01T00:00:00+00:00"}
    table = metadata.tables["core_turn"]
    data = form.head_line(table) + form.line([row[name] for name in table.c.keys()])
    added(manifest, members, "rows/core_turn.jsonl", data, "core_turn", 1)


def renamed(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["tenants"][0]["slug"] = "other"


def bomb(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    # Its row is true to the manifest and packs to a thousandth.
    part = next(p for p in manifest["parts"] if p["name"] == "rows/core_user.jsonl")
    part["bytes"] = 3 << 30


#: What was done to an archive, and what the restore says of it.
BAD = [
    (newer, "Update Trato here first"),
    (without_plugin, "visits 2.1.0"),
    (from_the_future, "Update 'core' here"),
    (changed_row, "rows/core_user.jsonl is not what was written"),
    (missing_part, "rows/core_user.jsonl is missing"),
    (stranger, "rows/evil.jsonl is not in its manifest"),
    (other_tenant, "holds another tenant's row"),
    (traversal, "is no name of a part"),
    (an_operator, "'rows/core_operator.jsonl' is no name of a part"),
    (renamed, "holds a tenant that it does not name"),
    (bomb, "is not as long as its manifest says"),
]


@pytest.mark.database("sqlite")
def test_an_archive_that_does_not_fit_changes_nothing(
    source: Installation, other: Callable[..., Installation]
) -> None:
    source.tenant("acme", "clients")
    put_file(source, "a/1/x", b"x")
    there = other("sqlite")
    before = rows_of(there)
    source.did("backup", "good.trato")

    for change, said in BAD:
        ran = there.run("restore", rewritten(source, change))

        assert (ran.code, said in ran.err) == (2, True), (change.__name__, ran.err)
        assert "Traceback" not in ran.err
        assert rows_of(there) == before, change.__name__
        assert not (source.folder / "evil").exists()
        assert not (source.folder / "other-sqlite" / "files").exists()

    there.did("restore", "good.trato")


class Cut(BackupFile):
    """A part that comes in chunks of a few bytes."""

    def __init__(self, data: bytes, size: int) -> None:
        self.cut = [data[at : at + size] for at in range(0, len(data), size)]

    def chunks(self, part: form.Part) -> Iterator[bytes]:
        yield from self.cut


@pytest.mark.parametrize("size", [1, 2, 7, 12, 100])
def test_rows_are_the_same_however_they_are_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    part = form.Part(name="rows/x.jsonl", bytes=0, sha256="", rows=3)
    data = b'["name"]\n["a"]\n["a name that is long"]\n[""]\n'

    assert list(Cut(data, size).rows(part)) == [["name"], ["a"], ["a name that is long"], [""]]
    with pytest.raises(ConfigError, match=r"rows/x\.jsonl cannot be read"):
        list(Cut(data[:-1], size).rows(part))
    monkeypatch.setattr(backup_reading, "_LINE_BYTES", 14)
    if size < len(data):
        with pytest.raises(ConfigError, match="has a row that is too long"):
            list(Cut(data, size).rows(part))


@pytest.mark.database("sqlite")
def test_an_archive_of_an_earlier_version_is_refused_with_what_to_do(
    source: Installation, other: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    source.tenant("acme")
    there = other("sqlite")
    before = rows_of(there)
    now = head(core_folder())
    with closing_engine(source.database.owner_url) as engine, migration(engine) as connection:
        downgrade(connection, "core", core_folder(), "-1")
        then = current(connection, "core")
        # The version that had these tables knew no others.
        tables = MetaData()
        tables.reflect(connection, only=lambda name, _all: name in metadata.tables)
    monkeypatch.setattr("trato.lifecycle.backup.metadata", tables)
    host = open_host(source)
    back_up(host, source.folder / "old.trato")
    host.close()

    ran = there.run("restore", "old.trato")

    assert ran.code == 2
    assert f"has the tables of 'core' at {then}; here they are at {now}." in ran.err
    assert f"Restore it with the versions that wrote it (trato {__version__}, " in ran.err
    assert rows_of(there) == before


@pytest.mark.database("sqlite")
def test_a_tenant_from_elsewhere_brings_nobody_in(
    source: Installation, other: Callable[..., Installation]
) -> None:
    """An archive of another operator opens nobody a session, and touches no other company."""
    source.tenant("acme")
    there = other("sqlite")
    there.tenant("beta")
    before = rows_of(there)
    source.did("backup", "good.trato", "--tenant", "acme")

    for change, said in (
        (with_session, "rows/core_session.jsonl is no part of a tenant"),
        (with_a_file_of_another, "files/exports/2/x.zip is no part of a tenant"),
        (with_a_turn_of_another, "rows/core_turn.jsonl holds another tenant's row"),
    ):
        ran = there.run("restore", rewritten(source, change))

        assert (ran.code, said in ran.err) == (2, True), (change.__name__, ran.err)
        assert rows_of(there) == before, change.__name__
        assert not (source.folder / "other-sqlite" / "files").exists()


@pytest.mark.database("sqlite")
def test_a_truncated_archive_is_refused(
    source: Installation, other: Callable[..., Installation]
) -> None:
    source.tenant("acme")
    source.did("backup", "all.trato")
    whole = (source.folder / "all.trato").read_bytes()
    there = other("sqlite")

    for share in (0.02, 0.5, 0.97):
        (source.folder / "cut.trato").write_bytes(whole[: int(len(whole) * share)])
        ran = there.run("restore", "cut.trato")

        assert ran.code == 2
        assert "its end is missing" in ran.err


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_backup_is_refused(bare: Installation, content: bytes) -> None:
    (bare.folder / "x.trato").write_bytes(content)

    ran = bare.run("restore", "x.trato")

    assert ran.code == 2
    assert "is not a backup of Trato" in ran.err
    assert not (bare.folder / "trato.sqlite").exists()


def test_a_restore_that_fails_at_a_file_takes_the_rows_back(
    source: Installation, other: Callable[..., Installation]
) -> None:
    source.tenant("acme", "clients")
    put_file(source, "a/1/one", b"1")
    put_file(source, "a/1/two", b"2")
    source.did("backup", "all.trato")
    there = other(source.database.backend)
    files = Path(there.environ["TRATO_STORAGE_URL"].removeprefix("file://"))
    (files / "a" / "1").mkdir(parents=True)
    (files / "a" / "1" / "two").write_bytes(b"mine")
    before = rows_of(there)

    ran = there.run("restore", "all.trato")

    assert ran.code == 2
    assert "exists already and is another one" in ran.err
    assert rows_of(there) == before
    assert sorted(p.name for p in files.rglob("*") if p.is_file()) == ["two"]


@pytest.mark.database("sqlite")
def test_an_error_while_writing_leaves_no_archive(source: Installation) -> None:
    source.tenant("acme")

    ran = source.run("backup", "missing/folder/x.trato")

    assert ran.code == 2
    assert "cannot be written" in ran.err
