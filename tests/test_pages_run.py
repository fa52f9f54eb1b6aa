"""Pages for implementers and operators: every command that they let one type does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from trato.cli import main
from trato.cli.demo import SIZES
from trato.testing.databases import Databases

DOCS = Path(__file__).resolve().parents[1] / "docs"

pytestmark = pytest.mark.slow

Trato = Callable[..., str]


@pytest.fixture
def trato(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trato:
    """Run commands in a clean folder whose installation trusts the key in ``issuer.key``."""
    for name in list(os.environ):
        if name.startswith("TRATO_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("TRATO_DATABASE_URL", f"sqlite:///{tmp_path}/trato.sqlite")
    monkeypatch.setenv("TRATO_PASSWORD_TIME_COST", "1")
    monkeypatch.setenv("TRATO_PASSWORD_MEMORY_KIB", "1024")

    def run(*words: str) -> str:
        capsys.readouterr()
        code = main(words)
        shown = capsys.readouterr()
        assert code == 0, f"trato {shlex.join(words)}: {shown.out}{shown.err}"
        return shown.out

    keys = json.loads(run("license", "keygen", "--json"))
    Path("issuer.key").write_text(keys["private_key"], encoding="utf-8")
    monkeypatch.setenv("TRATO_LICENSE_PUBLIC_KEY", keys["public_key"])
    return run


def typed(page: str) -> list[list[str]]:
    """Give the words of each command that a page lets one type, in order."""
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", text, re.M | re.S)
    lines = [line for block in blocks for line in re.findall(r"^ *\$ (.*)$", block, re.M)]
    return [shlex.split(line) for line in lines]


def test_a_module_is_enabled_and_taken_away_as_the_page_says(trato: Trato) -> None:
    seen = {}
    for program, *words in typed("operate/enable-module.md"):
        assert program == "trato"
        seen[" ".join(words)] = trato(*words)

    assert "clients" in seen["plugin list --tenant acme"]
    assert len(list(Path().glob("*.zip"))) == 2


def test_a_company_is_set_up_as_the_spanish_page_says(trato: Trato) -> None:
    trato("license", "issue", "--tenant", "acme", "--plugins", "clients,colombia", "--seats", "9",
          "--expires", "2099-12-31", "--key", "issuer.key", "--out", "acme.license")  # fmt: skip
    with xlsxwriter.Workbook("clientes.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Razón social", "NIT", "Celular"])
        sheet.write_row(1, 0, ["Lirio de Agua S.A.S.", "909214530-9", "310 123 4567"])

    for program, *words in typed("es/activar-modulos.md"):
        assert program == "trato"
        trato(*words)

    trato("plugin", "disable", "acme", "colombia")
    trato("export", "acme", "clients.client", "salida.csv")
    assert "Lirio de Agua" in Path("salida.csv").read_text("utf-8-sig")


def test_the_large_demo_is_as_large_as_the_page_says() -> None:
    page = (DOCS / "start.md").read_text("utf-8")

    assert "trato demo --size large` fills 100,000" in page
    assert SIZES["large"] == 100_000


def test_a_connector_is_set_up_and_looked_after_as_the_page_says(tmp_path: Path) -> None:
    lines = typed("develop/connector.md")
    page = (DOCS / "develop/connector.md").read_text("utf-8")
    (settings,) = re.findall(r'^```yaml title="acme.yaml"\n(.*?)^```$', page, re.M | re.S)
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("TRATO", "PYTEST"))} | {
        "LANG": "en_US.UTF-8", "TRATO_DATABASE_URL": f"sqlite:///{tmp_path}/trato.sqlite",
        # The double is on this machine and is not encrypted.
        "TRATO_PRIVATE_HOSTS": "127.0.0.1",
    }  # fmt: skip

    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("connector_program.py")], cwd=tmp_path,
        env=environ, input=json.dumps({"lines": lines, "settings": settings}), text=True,
        capture_output=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr[-2000:]
    told = dict(
        zip([" ".join(words[1:]) for words in lines[3:]], json.loads(ran.stdout), strict=True)
    )
    whole = told["sync run acme acme_orders.remote"]
    assert "sent: confirmed 1" in whole
    assert "orders: seen 3, created 3" in whole
    # The second time there is nothing new.
    assert "orders: -" in told["sync run acme acme_orders.remote --stream orders"]
    assert "acme_orders.remote" in told["sync status acme"]


def test_one_backs_up_has_the_drill_and_updates_as_the_pages_say(
    trato: Trato, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases
) -> None:
    monkeypatch.setenv("TRATO_DATABASE_URL", databases.migrated("sqlite").url)
    monkeypatch.setenv("TRATO_SECRET_KEY", "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp")
    trato("license", "issue", "--tenant", "acme", "--plugins", "clients", "--seats", "9",
          "--expires", "2099-12-31", "--key", "issuer.key", "--out", "acme.license")  # fmt: skip
    trato("tenant", "create", "acme", "--name", "Acme", "--admin-email", "ana@acme.example",
          "--license", "acme.license")  # fmt: skip
    trato("plugin", "enable", "acme", "clients")
    Path("clients.csv").write_text("name\nLirio de Agua\n", "utf-8")
    trato("import", "acme", "clients.client", "clients.csv")
    Path("backup").mkdir()

    seen = {}
    for words in [*typed("operate/backup.md"), *typed("operate/upgrade.md")]:
        here = [
            re.sub("(?<![^/=])/(tmp/drill|backup)\\b", rf"{tmp_path}/\1", word) for word in words
        ]
        settings = dict(word.split("=", 1) for word in here if re.match("TRATO_[A-Z_]+=", word))
        # There is no owner on SQLite.
        settings.pop("TRATO_OWNER_DATABASE_URL", None)
        program, *rest = [word for word in here if not re.match("TRATO_[A-Z_]+=", word)]
        if program == "install":
            Path(rest[-1]).mkdir(parents=True)
        elif program == "trato":
            with monkeypatch.context() as patch:
                for name, value in settings.items():
                    patch.setenv(name, value)
                seen[rest[0]] = trato(*rest)
        else:
            assert program in ("systemctl", "/opt/trato/bin/pip")

    assert "Tenants: 1, rows: " in seen["restore"]
    assert "Lirio de Agua" in (tmp_path / "tmp/drill/clients.csv").read_text("utf-8-sig")
    assert "is open" in seen["maintenance"]
    assert len(list(Path("backup").iterdir())) == 2
