"""What `deploy/` and the operators' pages name exists: commands, settings, files, addresses.

No container engine and no systemd runs where the tests do; this is as near as they come. The proxy
and the pooler run for real in `make soak`: core/tests/test_proxy.py and test_pooler.py.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from trato.cli import main
from trato.cli.context import Context
from trato.cli.parser import CommandParser, Finished
from trato.cli.program import build
from trato.cli.serving import _GRACE
from trato.db.engine import open_engine
from trato.host import Host
from trato.settings import Settings
from trato.testing.databases import Databases
from trato.web.app import create_app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != ".env")
PAGES = sorted((ROOT / "docs" / "operate").glob("*.md"))
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Not a setting of Trato but where it finds them, and what the tests themselves read.
OTHERS = {"TRATO_CONFIG"}


@pytest.fixture(scope="module")
def parser() -> CommandParser:
    return build(Context("en", {}))


def understood(parser: CommandParser, words: list[str]) -> bool:
    try:
        parser.parse_args(words)
    except Finished as finished:
        return finished.code == 0
    return True


@pytest.mark.parametrize("file", [*FILES, *PAGES], ids=lambda file: str(file.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(file: Path) -> None:
    known = {doc.env for doc in Settings.describe()} | OTHERS

    named = set(re.findall(r"\bTRATO_[A-Z_]+[A-Z]\b", file.read_text("utf-8")))

    assert named - known == set()


def test_the_example_of_settings_is_accepted_once_it_is_filled_in() -> None:
    text = (DEPLOY / "trato.env.example").read_text("utf-8")
    values = dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
    empty = {name for name, value in values.items() if not value}

    assert empty == {"TRATO_SECRET_KEY", "TRATO_LICENSE_PUBLIC_KEY", "TRATO_METRICS_TOKEN"}
    filled = values | {"TRATO_METRICS_TOKEN": "f" * 48, "TRATO_SECRET_KEY": "k" * 48}
    Settings.load({name: value for name, value in filled.items() if value})


def test_a_wheelhouse_lacks_nothing_in_silence() -> None:
    """Every virtual environment has pip, and the lock does not."""
    words = [sys.executable, str(ROOT / "tools" / "locked.py"), "trato", "pip"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("requirements.lock lacks pip: ")


# Containers


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if "command" in s])
def test_every_command_of_the_compose_file_is_understood(name: str, parser: CommandParser) -> None:
    assert understood(parser, SERVICES[name]["command"])


def test_the_compose_file_has_each_process_and_the_owner_only_migrates() -> None:
    assert {s["command"][0] for s in SERVICES.values() if "command" in s} == {
        "migrate", "serve", "worker", "scheduler",
    }  # fmt: skip
    for name, service in SERVICES.items():
        knows_owner = "TRATO_OWNER_DATABASE_URL" in service.get("environment", {})
        assert knows_owner == (name == "migrate"), name
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in SERVICES
            healthy = condition["condition"] == "service_healthy"
            assert not healthy or "healthcheck" in SERVICES[needed]
        for mounted in service.get("volumes", ()):
            source = mounted.split(":")[0]
            there = (
                (DEPLOY / source).exists() if source[0] in "./" else source in COMPOSE["volumes"]
            )
            assert there, mounted
        if "command" in service:
            assert int(service["stop_grace_period"].removesuffix("s")) > _GRACE + 3
    assert (DEPLOY / SERVICES["web"]["build"]["dockerfile"].removeprefix("deploy/")).is_file()


def test_the_addresses_of_the_compose_file_are_databases() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith("DATABASE_URL"):
                address = re.sub(r"\$\{[^}]+\}", "x", value)
                assert open_engine(address).url.host == "database"
                assert open_engine(address).url.database == "trato"


def test_the_image_copies_what_is_there_and_runs_as_nobody_in_particular(
    parser: CommandParser,
) -> None:
    text = DOCKERFILE.replace("\\\n", " ")
    steps = [line.split(" ", 1) for line in text.splitlines() if line and line[0] not in "# "]

    for source in [words.split()[0] for step, words in steps if step == "COPY"]:
        assert (ROOT / source).exists(), source
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8")
    for source in ("requirements.lock", "frontend", "core", "plugins"):
        assert f"!{source}\n" in kept
    assert [words for step, words in steps if step == "USER"] == ["trato"]
    command = next(words for step, words in steps if step == "CMD")
    assert understood(parser, yaml.safe_load(command))
    assert 'ENTRYPOINT ["trato"]' in text


def test_the_image_pins_what_the_lock_says() -> None:
    """The command of the Dockerfile, run on the lock: each requirement of core is pinned."""
    command = re.search(r"^RUN (sed .*) > constraints.txt$", DOCKERFILE, re.M)
    assert command is not None
    found = subprocess.run(
        shlex.split(command[1]), cwd=ROOT, text=True, check=True, capture_output=True
    ).stdout.splitlines()
    pinned = {line.partition("==")[0].lower() for line in found}
    config = configparser.ConfigParser()
    config.read(ROOT / "core" / "setup.cfg", encoding="utf-8")
    needed = [
        re.split(r"[\[<>=~! ;]", line)[0].lower()
        for line in config["options"]["install_requires"].split("\n")
        if line
    ]

    assert len(needed) > 15
    assert set(needed) <= pinned
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", line) for line in found)


def test_the_roles_are_those_that_the_doctor_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRATO_DATABASE_URL", "postgresql://trato_app@localhost/trato")
    monkeypatch.setenv("TRATO_OWNER_DATABASE_URL", "postgresql://trato_owner@localhost/trato")
    assert main(["doctor", "--sql"]) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("--")]

    script = (DEPLOY / "make-roles.sh").read_text("utf-8")
    made = script.partition("<<'SQL'\n")[2].partition("\nSQL\n")[0].splitlines()

    assert made[: len(printed)] == printed
    assert all("PASSWORD" in line for line in made[len(printed) :])
    subprocess.run(["sh", "-n", str(DEPLOY / "make-roles.sh")], check=True)  # noqa: S607


# Services, proxy, pooler


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_runs_a_command_that_is_understood(unit: Path, parser: CommandParser) -> None:
    config = configparser.ConfigParser(strict=False)
    config.optionxform = str  # type: ignore[assignment, method-assign]
    config.read(unit, encoding="utf-8")

    words = shlex.split(config["Service"]["ExecStart"])

    assert words[0] == "/opt/trato/bin/trato"
    assert unit.stem == {"serve": "trato-web"}.get(words[1], f"trato-{words[1]}")
    assert understood(parser, words[1:])
    assert config["Service"]["User"] == "trato"
    assert int(config["Service"]["TimeoutStopSec"]) > _GRACE + 3


def test_units_that_a_page_starts_exist() -> None:
    named = {name for page in PAGES for line in re.findall(r"systemctl .*", page.read_text("utf-8"))
             for name in re.findall(r"trato-[a-z]+", line)}  # fmt: skip

    assert named == {unit.stem for unit in UNITS}


def placed(
    folder: Path, *, url: str = "sqlite:///trato.sqlite", program: Path | None = None
) -> Path:
    """Install `trato.sh` in a folder as if that were the machine; give the script.

    :param url: of the services' database.
    :param program: what it runs instead of Trato.
    """
    script = (DEPLOY / "trato.sh").read_text("utf-8")
    # Only root may become somebody else.
    become = "setpriv --reuid trato --regid trato --init-groups "
    assert become in script
    for place, here in {
        become: become.replace("trato", "root") if os.geteuid() == 0 else "",
        "/etc/trato/trato.env": str(folder / "trato.env"),
        "/var/lib/trato": str(folder / "state"),
        "/opt/trato/bin/trato": str(program or Path(sys.executable).with_name("trato")),
    }.items():
        script = script.replace(place, here)
    (folder / "trato.env").write_text(
        f"TRATO_DATABASE_URL={url}\nTRATO_MAIL_FROM='a&b@c.example'\n", "utf-8"
    )
    for made in ("state", "backup", "elsewhere"):
        (folder / made).mkdir()
    file = folder / "trato"
    file.write_text(script, "utf-8")
    file.chmod(0o755)
    return file


def test_the_line_for_cron_backs_up_and_then_removes_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases
) -> None:
    url = databases.migrated("sqlite").url
    script = placed(tmp_path, url=url)
    page = (ROOT / "docs" / "operate" / "backup.md").read_text("utf-8")
    found = re.search(r"^0 2 \* \* \*  root  (.*)$", page, re.M)
    assert found is not None
    line = found[1].replace("\\%", "%").replace("/backup", str(tmp_path / "backup"))
    old = tmp_path / "backup" / "trato-2026-01-02.zip"
    old.write_bytes(b"good")
    os.utime(old, (0, 0))

    with monkeypatch.context() as patch:
        patch.setenv("TRATO_DATABASE_URL", url)
        assert main(["tenant", "create", "acme", "--name", "A", "--admin-email", "a@a.co"]) == 0

    # As cron runs it: knowing nothing, in a folder that has nothing.
    ran = subprocess.run(
        ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "/bin/sh", "-c",
         line.replace("/usr/local/bin/trato", str(script))],
        cwd=tmp_path / "elsewhere", text=True, capture_output=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    (archive,) = (tmp_path / "backup").iterdir()
    assert archive != old
    assert f"{archive} (empresas: 1, " in ran.stdout
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_set_for_one_command_wins_over_the_services_settings(tmp_path: Path) -> None:
    script = placed(tmp_path, program=Path("/usr/bin/env"))

    ran = subprocess.run(
        [script], text=True, capture_output=True, check=True,
        env={"TRATO_DATABASE_URL": "sqlite:///own & other.sqlite", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip

    assert "TRATO_DATABASE_URL=sqlite:///own & other.sqlite\n" in ran.stdout
    assert "TRATO_MAIL_FROM=a&b@c.example\n" in ran.stdout
    assert f"PWD={tmp_path}/state\n" in ran.stdout


def test_addresses_that_are_named_exist(tmp_path: Path) -> None:
    settings = Settings.load({"TRATO_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite"})
    host = Host(settings, plugins=[])
    known = {rule.rule for rule in create_app(host).url_map.iter_rules()}
    host.close()

    for file in [*FILES, *PAGES]:
        for address in re.findall(r"(?<![\w.])/(?:health/\w+|metrics)\b", file.read_text("utf-8")):
            assert address in known, (file.name, address)


def test_the_pooler_pools_transactions_and_its_address_says_so() -> None:
    text = (DEPLOY / "pgbouncer.ini").read_text("utf-8")
    config = configparser.ConfigParser()
    config.read_string(text)
    address = re.search(r"TRATO_DATABASE_URL=(\S+)", text)

    assert config["pgbouncer"]["pool_mode"] == "transaction"
    assert address is not None
    url = open_engine(address[1]).url
    assert str(url.port) == config["pgbouncer"]["listen_port"]
    assert "pooling" not in url.query


def test_the_proxy_sets_each_header_that_is_believed() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")

    headers = dict(re.findall(r"proxy_set_header +(\S+) +(\S+);", text))

    # Appending would let a visitor choose what stands before.
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert {"X-Forwarded-Proto", "X-Forwarded-Host", "Host"} <= set(headers)
    size = next(doc for doc in Settings.describe() if doc.env == "TRATO_MAX_IMPORT_MB").default
    assert f"client_max_body_size {size}m;" in text
