"""`trato config`, `import`, `export` and `audit verify`."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sqlalchemy import text

from trato.db.engine import open_engine

if TYPE_CHECKING:
    from core.tests.conftest import Installation

DOCUMENT = """
fields:
  clients.client:
    canal: {kind: choice, labels: {es: Canal}, choices: [tat, mayorista], indexed: true}
teams: {norte: {name: Norte}}
"""


def write(installation: Installation, name: str, content: str) -> str:
    (installation.folder / name).write_text(content, encoding="utf-8")
    return name


def test_the_plan_is_printed_and_done(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    file = write(installation, "c.yaml", DOCUMENT)

    planned = installation.did("config", "apply", "acme", file, "--dry-run")
    done = installation.did("config", "apply", "acme", file)
    again = installation.did("config", "apply", "acme", file, "--json")

    assert planned.out == done.out
    assert done.out.splitlines() == [
        "create      teams.norte", "create      fields.clients.client.canal",
    ]  # fmt: skip
    assert {step["action"] for step in again.json} == {"unchanged"}


def test_a_document_with_problems_is_refused_whole(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    file = write(installation, "c.yaml", f"{DOCUMENT}\nroles: {{x: {{nam: X}}}}\n")

    ran = installation.run("config", "apply", "acme", file)

    assert (ran.code, ran.out) == (2, "")
    assert "roles.x.nam: Unknown; perhaps 'name' is meant." in ran.err
    installation.did("config", "export", "acme", "after.yaml")
    assert "canal" not in (installation.folder / "after.yaml").read_text(encoding="utf-8")


def test_a_configuration_goes_to_a_file_and_to_another_tenant(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    installation.tenant("beta", "clients")
    installation.did("config", "apply", "acme", write(installation, "c.yaml", DOCUMENT))

    installation.did("config", "export", "acme", "acme.yaml")
    installation.did("config", "apply", "beta", "acme.yaml")
    installation.did("config", "export", "beta", "beta.yaml")

    acme, beta = (installation.folder / f"{slug}.yaml" for slug in ("acme", "beta"))
    assert acme.read_text(encoding="utf-8") == beta.read_text(encoding="utf-8")


def test_files_that_cannot_be_used_are_named(installation: Installation) -> None:
    installation.tenant("acme")

    for words in (("config", "apply", "acme", "none.yaml"), ("config", "export", "acme", "no/c.y")):
        ran = installation.run(*words)
        assert ran.code == 2
        assert words[-1] in ran.err


# --- import and export ---------------------------------------------------------------------------


def test_refused_rows_do_not_stop_the_others(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    file = write(installation, "clients.csv", "Nombre;Cupo\nUno;1500000\n;2\nTres;muchísimo\n")

    ran = installation.run(
        "import", "acme", "clients.client", file, "--errors", "refused.csv", "--json"
    )

    assert ran.code == 1
    assert (ran.json["created"], ran.json["refused"], ran.json["total"]) == (1, 2, 3)
    assert [problem["row"] for problem in ran.json["problems"]] == [3, 4]
    refused = (installation.folder / "refused.csv").read_text("utf-8-sig").splitlines()
    assert len(refused) == 3


def test_exit_codes_of_an_import_tell_all_some_and_none(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    good = write(installation, "good.csv", "name,identification\nUno,1\n")
    bad = write(installation, "bad.csv", "name,identification\n,1\n")

    assert installation.run("import", "acme", "clients.client", good, "--dry-run").code == 0
    assert installation.run("import", "acme", "clients.client", good).code == 0
    again = installation.run(
        "import", "acme", "clients.client", good, "--match", "identification", "--json"
    )
    assert (again.code, again.json["unchanged"]) == (0, 1)
    assert installation.run("import", "acme", "clients.client", bad).code == 2
    for words in (
        ("import", "acme", "clients.client", "none.csv"),
        ("import", "acme", "clients.nothing", good),
        ("import", "acme", "clients.client", good, "--as", "nobody@acme.example"),
        ("import", "acme", "clients.client", good, "--match", "nothing"),
    ):
        ran = installation.run(*words)
        assert ran.code == 2, words
        assert "Traceback" not in ran.err


def test_an_import_in_a_users_name_has_that_users_rights(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    installation.did("user", "create", "acme", "luz@acme.example", "--role", "viewer")
    file = write(installation, "clients.csv", "name\nUno\n")

    ran = installation.run("import", "acme", "clients.client", file, "--as", "luz@acme.example")

    assert ran.code == 2
    installation.did("export", "acme", "clients.client", "out.csv")
    assert len((installation.folder / "out.csv").read_text("utf-8-sig").splitlines()) == 1


def test_an_export_holds_every_record(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    file = write(installation, "clients.csv", "name\n" + "".join(f"C{n}\n" for n in range(620)))
    installation.did("import", "acme", "clients.client", file)

    ran = installation.did("export", "acme", "clients.client", "out.csv", "--json")

    assert ran.json == {"file": "out.csv", "records": 620}
    with (installation.folder / "out.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened, delimiter=";"))
    assert {row[rows[0].index("Nombre")] for row in rows[1:]} == {f"C{n}" for n in range(620)}


# --- audit ---------------------------------------------------------------------------------------


def test_a_changed_history_is_found(installation: Installation) -> None:
    assert installation.database is not None
    installation.tenant("acme", "clients")
    file = write(installation, "clients.csv", "name\nUno\nDos\n")
    installation.did("import", "acme", "clients.client", file)
    whole = installation.did("audit", "verify", "acme", "--json")
    engine = open_engine(installation.database.owner_url)
    with engine.begin() as connection:
        connection.execute(text("update core_audit set content = replace(content, 'Dos', 'Dós')"))
    engine.dispose()

    ran = installation.run("audit", "verify", "acme", "--json")

    # Two records, and that the plugin was enabled.
    assert (whole.json["tenant"], whole.json["entries"], whole.json["faults"]) == ("acme", 3, [])
    assert whole.json["seal"] is None
    assert whole.json["unsealed"]["entries"] == 3
    assert ran.code == 1
    assert [fault["kind"] for fault in ran.json["faults"]] == ["changed"]
    told = installation.run("audit", "verify", "acme")
    assert "1 fault in 3 entries.\n3 entries since" in told.out
    assert told.err == ""


def test_another_secret_key_is_told_from_changed_entries(installation: Installation) -> None:
    assert installation.database is not None
    installation.tenant("acme", "clients")
    file = write(installation, "clients.csv", "name\nUno\nDos\n")
    installation.did("import", "acme", "clients.client", file)
    earlier = installation.environ["TRATO_SECRET_KEY"]
    other = {"TRATO_SECRET_KEY": "Zr8-mK2_pLw5vTq9XcYb1Nd4HfGs7JeA"}
    both = {"TRATO_SECRET_KEY": f"{other['TRATO_SECRET_KEY']},{earlier}"}

    for seal in (False, True):
        if seal:
            installation.did("job", "run", "acme", "core.seal_audit")
        told = installation.run("audit", "verify", "acme", environ=other)
        looked = installation.run("doctor", environ=other)

        assert (told.code, looked.code) == (1, 0)
        assert "Record " in told.out
        assert "faults in 3 entries" in told.out
        assert "does not fit TRATO_SECRET_KEY: it looks like another key" in told.err
        assert "TRATO_SECRET_KEY=NEW,EARLIER" in told.err
        assert "'acme': its history does not fit TRATO_SECRET_KEY" in looked.out
        assert installation.did("audit", "verify", "acme", environ=both).err == ""

    # Without any key doctor says so, tells the rest too, and makes none.
    none = installation.run("doctor", "--json", environ={"TRATO_SECRET_KEY": ""})
    assert {"secret", "licences", "tenant"} <= {finding["check"] for finding in none.json}
    assert not list(installation.folder.rglob("*secret-key*"))

    # What was changed under the right key is no other key.
    engine = open_engine(installation.database.owner_url)
    with engine.begin() as connection:
        connection.execute(text("update core_audit set hash = digest"))
    engine.dispose()
    changed = installation.run("audit", "verify", "acme", "--json")
    assert (changed.code, changed.json["another_key"]) == (1, False)
