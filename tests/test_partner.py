"""A plugin's whole life as a partner lives it: wheels only, outside the repository, no network.

The partner's machine is a fresh virtual environment without the checkout. What Trato needs cannot
be fetched here, so the environment shows, by links, those packages of this one that ``make
wheelhouse`` would fetch, each with its metadata, and nothing else: neither Trato nor its plugins.
Those come from the wheels of ``make dist``, by the line of the page, an ordinary ``pip install
--no-index``, which resolves all that they say they require.
"""

from __future__ import annotations

import hashlib
import http.cookiejar
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from trato.db.engine import open_engine
from trato.testing.databases import Backend, Database, Databases

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(file.parent.name for file in ROOT.glob("plugins/*/setup.cfg"))
DISTRIBUTIONS = ("core", *(f"plugins/{name}" for name in PLUGINS))
NAME, PACKAGE = "acme_visits", "trato_acme_visits"
JOB = f"{NAME}.close_overdue"
PASSWORD = "una clave de prueba"
#: Left empty by a purge: installing the plugin again must not bring its tables unasked.
MARK = f"alembic_{NAME}"
#: What remembers that something was done, or counts it; all else must be as before the plugin came.
REMEMBERS = set(
    "core_audit core_audit_seal core_audit_sealed core_counter core_license core_process "
    "core_session core_task core_tenant core_token core_turn".split()
)

# One process for all, as each would build wheels and a machine of its own.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("partner")]


def run(
    *words: str | Path, cwd: Path, environ: Mapping[str, str] | None = None, code: int = 0
) -> str:
    """Run a program to the expected end and give what it printed."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "TRATO", "COV"))}
    own |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "LANG": "en_US.UTF-8"}
    own.pop("PYTHONPATH", None)
    ran = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=own | dict(environ or {}),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == code, f"{words}: {ran.stdout[-4000:]}{ran.stderr[-2000:]}"
    return ran.stdout


# --- wheels --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run ``make dist`` in a copy that is set up, so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in DISTRIBUTIONS:
        shutil.copytree(
            ROOT / name, folder / name, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "tests", ".*"),
        )  # fmt: skip
    shutil.copy(ROOT / "Makefile", folder)
    (folder / ".venv").symlink_to(sys.prefix)
    run("make", "--silent", "--assume-old=setup", "dist", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheels(checkout: Path) -> Path:
    return checkout / "dist"


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_wheel_holds_every_file_of_its_package(checkout: Path, wheels: Path, name: str) -> None:
    source = checkout / name
    (package,) = (p.parent.name for p in source.glob("*/py.typed"))
    (wheel,) = wheels.glob(f"{package}-*.whl")

    held = set(zipfile.ZipFile(wheel).namelist())

    files = (p for p in (source / package).rglob("*") if p.is_file() and p.suffix != ".pyc")
    assert {file.relative_to(source).as_posix() for file in files} - held == set()
    assert {file.partition("/")[0] for file in held if "dist-info" not in file} == {package}


# --- the partner ---------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Machine:
    """A partner's machine: an environment, and a folder to work in."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def program(self, name: str) -> Path:
        return self.folder / "env" / "bin" / name

    def python(self, *words: str | Path, cwd: Path | None = None) -> str:
        return run(self.program("python"), *words, cwd=cwd or self.folder)

    def pip(self, *words: str | Path) -> str:
        return self.python("-m", "pip", *words)

    def trato(self, *words: str | Path, code: int = 0, **environ: str) -> str:
        return run(self.program("trato"), *words, cwd=self.folder, code=code,
                   environ=self.environ | environ)  # fmt: skip


def typed(page: str, heading: str) -> list[list[str]]:
    """Give the words of each command below a heading of a page, in order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [shlex.split(line) for line in re.findall(r"^\$ (.*)$", part, re.M)]


def fetched(folder: Path) -> list[str]:
    """Lay out, by links, what ``make wheelhouse`` fetches for who writes plugins too.

    :return: the names of the distributions.
    """
    makefile = (ROOT / "Makefile").read_text("utf-8")
    needed = re.findall(r'make wheelhouse NEEDED="(.*)"', makefile)[0].split()
    said = run(sys.executable, ROOT / "tools" / "locked.py", *needed,
               *(f"trato-{name}" for name in PLUGINS), cwd=folder)  # fmt: skip
    names = re.findall(r"^([\w.-]+)==", said, re.M)
    for name in (*names, "pip"):  # every virtual environment brings pip
        found = distribution(name)
        for item in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            if item != "__pycache__" and not (folder / item).exists():
                (folder / item).symlink_to(found.locate_file(item))
    return names


@pytest.fixture(scope="module")
def machine(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    made = Machine(folder=tmp_path_factory.mktemp("partner"))
    (made.folder / "dist").symlink_to(wheels)
    links = made.folder / "third-party"
    links.mkdir()
    fetched(links)
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=made.folder)
    made.program("ruff").symlink_to(Path(sys.prefix) / "bin" / "ruff")  # no module, a program
    (site,) = made.folder.glob("env/lib/python*/site-packages")
    (site / "third_party.pth").write_text(f"{links}\n", encoding="utf-8")
    _venv, (_pip, *words), _demo = typed("start.md", "From wheels")
    made.pip(*words, "trato[testing]", "-q")
    made.pip("check")
    where = made.python("-c", "import trato; print(trato.__file__)")
    assert where.startswith(str(made.folder))
    return made


def test_the_demo_of_the_first_page_answers(machine: Machine) -> None:
    (_env, *demo) = typed("start.md", "From wheels")[-1]
    (config, _trato, *words), (*_curl, address) = typed("start.md", "Look around")

    machine.trato(*demo, "--no-serve")
    filled = Machine(folder=machine.folder, environ=dict([config.split("=")]))
    token = filled.trato(*words).split()[-1]
    with serving(filled) as url:
        there = Customer(slug="demo", url=url, token=token)
        status, listed = there.rest("GET", address.partition("/api/v1")[2])

    assert (status, len(listed["data"])) == (200, 3)


#: What the partner writes into the files that `plugin new` has written: (file, old, new).
BY_HAND = [
    ("setup.cfg", "    trato>=0.1,<1\n", "    trato>=0.1,<1\n    trato-clients>=0.1,<1\n"),
    (f"{PACKAGE}/models.py", "from trato.api import Mapped, _\n",
     "from trato.api import Mapped, _\nfrom trato_clients.api import Client\n"),
    (f"{PACKAGE}/plugin.py", "Section, Setting, _\n",
     "Section, Setting, Slot, _\nfrom trato_clients.api import Client\n"),
    (f"{PACKAGE}/plugin.py", "import Visit\n", "import Visit, VisitedClient\n"),
    (f"{PACKAGE}/plugin.py", "    entities=[Visit],\n",
     '    depends=["clients"],\n    entities=[Visit],\n    extensions=[VisitedClient],\n'
     '    slots=[Slot(entity=Client, sections=[\n'
     '        Section(title=_("Visits"), fields=[VisitedClient.every]),\n    ])],\n'),
]  # fmt: skip
EXTENSION = '''

class VisitedClient(t.Extension, of=Client, plugin="acme_visits"):
    """How often a client is to be visited."""

    every: Mapped[int | None] = t.integer(_("Days between visits"), minimum=1)
'''


def write_by_hand(folder: Path) -> None:
    for name, old, new in BY_HAND:
        file = folder / name
        written = file.read_text("utf-8")
        assert written.count(old) == 1, f"{name} has changed: {old!r}"
        file.write_text(written.replace(old, new), encoding="utf-8")
    with (folder / PACKAGE / "models.py").open("a", encoding="utf-8") as file:
        file.write(EXTENSION)
    with (folder / PACKAGE / "translations" / "es.po").open("a", encoding="utf-8") as file:
        file.write('\nmsgid "Days between visits"\nmsgstr "Días entre visitas"\n')


@pytest.fixture(scope="module")
def plugin(machine: Machine) -> Iterator[Path]:
    """Write a plugin, install it editable as its author does, and change it by hand."""
    machine.trato("plugin", "new", NAME, "--with", "entity,screen,job,connector")
    folder = machine.folder / NAME
    write_by_hand(folder)
    machine.pip("install", "-q", "--no-build-isolation", "--editable", folder)
    machine.trato("plugin", "migration", NAME, "-m", "Add how often clients are visited")
    yield folder
    machine.pip("uninstall", "-q", "-y", f"trato-{NAME}")


@pytest.fixture(scope="module")
def wheel(machine: Machine, plugin: Path) -> Path:
    machine.pip("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", machine.folder, plugin)
    (made,) = machine.folder.glob(f"{PACKAGE}-*.whl")
    machine.pip("uninstall", "-q", "-y", f"trato-{NAME}")
    return made


def test_its_own_tests_pass_from_wheels_alone(machine: Machine, plugin: Path) -> None:
    said = machine.python("-m", "pytest", "-q", "--database", "sqlite", cwd=plugin)

    assert re.search(r"\n\d\d+ passed", said)


@pytest.mark.soak
def test_all_that_must_pass_before_a_change_lands_passes(machine: Machine, plugin: Path) -> None:
    said = run(plugin / ".ci" / "run", cwd=plugin, environ={
        # Isolated, pip would fetch setuptools. "0" is how it reads "no" here.
        "PIP_NO_BUILD_ISOLATION": "0",
        "PATH": f"{machine.program('python').parent}:{os.environ['PATH']}",
    })  # fmt: skip

    assert "All checks passed!" in said
    assert "Success: no issues found" in said
    assert re.search(r"\n=+ \d\d+ passed", said)


def test_without_a_browser_its_tests_say_how_to_get_one(machine: Machine) -> None:
    folder = machine.folder / "browser"
    folder.mkdir()
    (folder / "test_browser.py").write_text(
        "import pytest\n\npytestmark = [pytest.mark.browser, pytest.mark.database('sqlite')]\n\n\n"
        "def test_page(open_page):\n    assert open_page()\n",
        encoding="utf-8",
    )

    said = run(machine.program("python"), "-m", "pytest", "-q", cwd=folder, code=1,
               environ={"TRATO_CHROMIUM": "nowhere"})  # fmt: skip

    assert "There is no Chromium" in said
    assert "apt-get install chromium" in said


# --- a customer's installation -------------------------------------------------------------------


@dataclass(kw_only=True)
class Customer:
    """A tenant as its administrator and a program of its own meet it over HTTP."""

    slug: str
    url: str
    token: str
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
    )

    def sign_in(self) -> None:
        _status, form = self.page("/login")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None
        given = {"email": f"ana@{self.slug}.example", "password": PASSWORD, "csrf_token": token[1]}
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url + "/login", urllib.parse.urlencode(given).encode(), {"Referer": self.url}
        )
        with self.opener.open(request, timeout=60) as answer:
            assert not answer.url.endswith("/login")

    def page(self, path: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(self.url + path))  # noqa: S310

    def rest(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1{path}", None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )  # fmt: skip
        status, said = self._ask(request)
        return status, json.loads(said or "null")

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def serving(machine: Machine) -> Iterator[str]:
    """Serve the installation and give its address."""
    process = subprocess.Popen(
        [machine.program("trato"), "serve", "--port", "0"], cwd=machine.folder, text=True,
        stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]} | machine.environ,
    )  # fmt: skip
    assert process.stderr is not None
    reader = threading.Thread(target=process.stderr.read, daemon=True)
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "http://" in line:
                reader.start()
                yield line.split()[-1]
                return
        pytest.fail(f"the server ended: {lines}")
    finally:
        process.terminate()
        process.wait(timeout=60)
        if reader.is_alive():
            reader.join(timeout=60)
        process.stderr.close()


def customers(machine: Machine, url: str) -> list[Customer]:
    """Sign in to both tenants."""
    made = []
    for slug in ("acme", "beta"):
        token = json.loads(machine.trato("token", "create", slug, f"ana@{slug}.example", "--json"))
        made.append(Customer(slug=slug, url=url, token=token["token"]))
        made[-1].sign_in()
    return made


def what_there_is(machine: Machine, customer: Customer) -> dict[str, bool]:
    """Say which ways lead to the plugin for a tenant; what exists not at all answers 404."""
    page, _text = customer.page(f"/{NAME}/visits")
    rest, _rows = customer.rest("GET", f"/{NAME}/visits")
    status, home = customer.page("/clients/clients")
    _status, clients = customer.rest("GET", "/clients/clients")
    _status, openapi = customer.rest("GET", "/openapi.json")
    ran = subprocess.run(
        [machine.program("trato"), "job", "run", customer.slug, JOB], cwd=machine.folder,
        env={"PATH": os.environ["PATH"]} | machine.environ, capture_output=True, check=False,
    )  # fmt: skip
    assert status == 200
    assert {page, rest} <= {200, 404}
    return {
        "page": page == 200, "menu": f'href="/{NAME}/visits' in home, "rest": rest == 200,
        "field": NAME in clients["data"][0], "openapi": NAME in json.dumps(openapi),
        "job": ran.returncode == 0,
    }  # fmt: skip


def contents(database: Database) -> dict[str, str]:
    """Give a digest of each table's rows."""
    engine = open_engine(database.owner_url)
    with engine.connect() as connection:
        found = {}
        for table in inspect(connection).get_table_names():
            if table.startswith("core_search_text_"):
                continue  # SQLite's own; what it finds is compared as core_search_text
            rows = sorted(map(repr, connection.execute(text(f'select * from "{table}"')).all()))
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return found


def installed_on(machine: Machine, database: Database, public_key: str) -> dict[str, str]:
    """Give the settings of an installation."""
    environ = {
        "LANG": "en_US.UTF-8", "TRATO_DATABASE_URL": database.url,
        "TRATO_SECRET_KEY": "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp",
        "TRATO_LICENSE_PUBLIC_KEY": public_key,
        "TRATO_STORAGE_URL": (machine.folder / "files").as_uri(),
    }  # fmt: skip
    if database.backend == "postgresql":
        environ["TRATO_OWNER_DATABASE_URL"] = database.owner_url
    return environ


def set_up(machine: Machine, database: Database) -> None:
    """Make an installation with two tenants that use clients."""
    keys = json.loads(machine.trato("license", "keygen", "--json"))
    machine.environ = installed_on(machine, database, keys["public_key"])
    machine.trato("migrate")
    for slug in ("acme", "beta"):
        file = machine.folder / f"{slug}.license"
        machine.trato("license", "issue", "--tenant", slug, "--plugins", f"clients,{NAME}",
                      "--seats", "5", "--expires", "2099-12-31", "--out", file,
                      TRATO_LICENSE_PRIVATE_KEY=keys["private_key"])  # fmt: skip
        machine.trato("tenant", "create", slug, "--name", slug, "--admin-email",
                      f"ana@{slug}.example", "--admin-password", PASSWORD,
                      "--license", file)  # fmt: skip
        machine.trato("plugin", "enable", slug, "clients")
        (machine.folder / "clients.csv").write_text("name\nÑandú S.A.S.\n", encoding="utf-8")
        machine.trato("import", slug, "clients.client", "clients.csv")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def test_it_exists_for_one_of_two_tenants_and_leaves_nothing(
    machine: Machine, wheel: Path, databases: Databases, kind: Backend
) -> None:
    database = databases.empty(kind)
    set_up(machine, database)
    before = contents(database)

    machine.pip("install", "-q", wheel)
    machine.trato("migrate")
    machine.trato("plugin", "enable", "acme", NAME)
    with serving(machine) as url:
        acme, beta = customers(machine, url)
        made = acme.rest("POST", f"/{NAME}/visits", {"name": "Cierre", "due": "2020-01-01"})
        client = acme.rest("GET", "/clients/clients")[1]["data"][0]["id"]
        extended = acme.rest("PATCH", f"/clients/clients/{client}", {NAME: {"every": 30}})
        # A field of the client was changed, which raises its version.
        expected = before | {"clients_client": contents(database)["clients_client"]}
        enabled = what_there_is(machine, acme), what_there_is(machine, beta)
        closed = acme.rest("GET", f"/{NAME}/visits/{made[1]['id']}")
        # Without a restart.
        machine.trato("plugin", "disable", "acme", NAME)
        disabled = what_there_is(machine, acme)
        machine.trato("plugin", "enable", "acme", NAME)
        kept = acme.rest("GET", f"/{NAME}/visits/{made[1]['id']}")
        machine.trato("plugin", "disable", "acme", NAME)
        machine.trato("plugin", "purge", NAME, "--yes")
    purged = contents(database)
    machine.pip("uninstall", "-q", "-y", f"trato-{NAME}")
    with serving(machine) as url:
        # Their tokens go on; people sign in anew, as to any server.
        back = [Customer(slug=one.slug, url=url, token=one.token) for one in (acme, beta)]
        for customer in back:
            customer.sign_in()
        gone = [what_there_is(machine, customer) for customer in back]
    machine.trato("doctor")
    after = contents(database)

    assert (made[0], extended[0], extended[1][NAME]) == (201, 200, {"every": 30})
    assert enabled == (dict.fromkeys(enabled[0], True), dict.fromkeys(enabled[0], False))
    assert closed[1]["status"] == "closed"
    assert not any(disabled.values())
    assert kept[1]["name"] == "Cierre"
    assert [table for table in purged if NAME in table] == [MARK]
    assert not any([*gone[0].values(), *gone[1].values()])
    assert after.keys() - before.keys() == {MARK}
    assert {name for name in expected if expected[name] != after[name]} <= REMEMBERS


# --- the page that an author follows -------------------------------------------------------------


def test_every_step_of_the_page_about_plugins_works(machine: Machine, databases: Databases) -> None:
    page = (ROOT / "docs" / "develop" / "plugin.md").read_text("utf-8")
    keys = json.loads(machine.trato("license", "keygen", "--json"))
    machine.environ = installed_on(machine, databases.empty("sqlite"), keys["public_key"])
    machine.environ["TRATO_LICENSE_PRIVATE_KEY"] = keys["private_key"]
    for name, code in re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', page, re.M | re.S):
        file = machine.folder / "visits" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf-8")

    for line in re.findall(r"^\$ (.*)$", page, re.M):
        match shlex.split(line):
            case ["mkdir" | "touch" as program, *words]:
                run(program, *words, cwd=machine.folder)
            case ["trato", *words]:
                machine.trato(*words)
            case ["pytest", *words]:
                # All of them pass in test_sixty_line_module.
                machine.python("-m", "pytest", "--database", "sqlite", "-k", "Visits and installed",
                               *words)  # fmt: skip
            case ["pip", command, *words]:
                # Isolated, it would fetch setuptools.
                machine.pip(command, "--no-build-isolation", *words)
            case other:
                pytest.fail(f"who runs {other}?")

    assert "visits" in machine.trato("plugin", "list", "--tenant", "acme")
    assert len(list((machine.folder / "dist").glob("trato_visits-*.whl"))) == 1
    machine.pip("uninstall", "-q", "-y", "trato-visits")
