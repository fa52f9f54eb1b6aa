"""`trato plugin new`: what it writes works as it is written, and what it refuses leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trato.errors import ConfigError, PluginError
from trato.host import Host
from trato.scaffold import writing
from trato.scaffold.naming import PARTS, names_for, parts_for, parts_of
from trato.scaffold.target import target_for
from trato.scaffold.writing import write_plugin

if TYPE_CHECKING:
    from core.tests.conftest import Installation

ROOT = Path(__file__).resolve().parents[2]
ALL = ",".join(PARTS)
#: Every choice of parts.
CHOICES = [",".join(some) for count in range(1, 5) for some in combinations(PARTS, count)]

pytestmark = pytest.mark.database("sqlite")


def made(folder: Path, plugin: str = "acme_visits", parts: str = ALL) -> Path:
    """Write a plugin and give its folder."""
    write_plugin(names_for(plugin), parts_of(parts), folder=folder / plugin)
    return folder / plugin


def run(words: Sequence[str], *, cwd: Path, path: Path | None = None) -> str:
    """Run a command to its good end and give what it printed."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    if path is not None:
        environ["PYTHONPATH"] = str(path)
    ran = subprocess.run(
        words, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    return ran.stdout


def install(plugin: Path, site: Path) -> Path:
    """Install a plugin as its user would, without network, beside everything else."""
    run([sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps",
         "--no-index", "--target", str(site), str(plugin)], cwd=plugin)  # fmt: skip
    return site


def each(*quick: str) -> list[Any]:
    """Give every choice; all but the named ones only when there is time."""
    return [pytest.param(c, marks=() if c in quick else pytest.mark.soak) for c in CHOICES]


# With all parts they run each time as a partner runs them, in tests/test_partner.py.
@pytest.mark.soak
@pytest.mark.parametrize(
    ("parts", "database"),
    [*((parts, "sqlite") for parts in CHOICES), (ALL, "postgresql")],
)  # fmt: skip
def test_its_own_tests_pass_as_they_are_written(tmp_path: Path, parts: str, database: str) -> None:
    plugin = made(tmp_path, parts=parts)
    site = install(plugin, tmp_path / "site")

    said = run([sys.executable, "-m", "pytest", "-q", "--database", database,
                "-p", "no:cacheprovider"], cwd=plugin, path=site)  # fmt: skip

    assert " passed" in said
    assert "failed" not in said


@pytest.mark.soak
@pytest.mark.parametrize("entity", ["clients.client", "clients.contact"])
def test_tests_of_a_connector_for_another_plugin_pass_as_they_are_written(
    tmp_path: Path, host: Host, entity: str
) -> None:
    plugin = tmp_path / "acme_sync"
    write_plugin(names_for(plugin.name), ["connector"], folder=plugin,
                 target=target_for(entity, host))  # fmt: skip
    site = install(plugin, tmp_path / "site")

    said = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
               cwd=plugin, path=site)  # fmt: skip

    assert " passed" in said
    assert "failed" not in said


_LOADED = """
import sys
from trato.host import Host
from trato.settings import Settings

host = Host(Settings.load({"TRATO_DATABASE_URL": "sqlite:///nowhere.sqlite"}))
assert [str(p) for p in host.problems] == [], host.problems
registry, name = host.registry, sys.argv[1]
print(*[key for key, there in {
    "entity": [e for e in registry.entities if e.startswith(f"{name}.")],
    "screen": [s for s in registry.screens if s[1].startswith(f"{name}.")],
    "job": [j for j in registry.jobs if j.startswith(f"{name}.")],
    "connector": [c for c in registry.connectors if c.startswith(f"{name}.")],
}.items() if there], sep=",")
"""


@pytest.mark.slow
@pytest.mark.parametrize("parts", each("job"))
def test_it_has_what_was_asked_for_and_no_more(tmp_path: Path, parts: str) -> None:
    plugin = made(tmp_path, parts=parts)
    site = install(plugin, tmp_path / "site")

    loaded = run([sys.executable, "-c", _LOADED, "acme_visits"], cwd=tmp_path, path=site)
    again = run([sys.executable, "-m", "trato", "--lang", "en", "plugin", "migration",
                 "acme_visits", "-m", "Again"], cwd=tmp_path, path=site)  # fmt: skip

    assert loaded.strip() == ",".join(parts_of(parts))
    assert "Nothing to write" in again


#: Names that are long, short or odd, and what is made of them.
SEVERAL = {
    "acme_visits": ALL, "items": "job", "kpis": "entity", "acme2_classes": ALL,
    "acme_extraordinarily_long_appointments": "connector",
}  # fmt: skip


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    for plugin, parts in SEVERAL.items():
        writing._write_files(names_for(plugin), parts_of(parts), folder / plugin)
    return folder


@pytest.mark.parametrize("entity", ["clients.client", "clients.zone"])
def test_a_connector_for_another_plugin_has_no_tables_and_names_what_it_needs(
    tmp_path: Path, host: Host, entity: str
) -> None:
    folder = tmp_path / "acme_sync"

    written = write_plugin(names_for(folder.name), parts_for("connector"), folder=folder,
                           target=target_for(entity, host))  # fmt: skip

    assert not {"models.py", "migrations"} & {part for path in written for part in path.parts}
    manifest = (folder / "trato_acme_sync/plugin.py").read_text("utf-8")
    assert 'depends=["clients"]' in manifest
    assert "entities=" not in manifest
    assert "\n    trato-clients>=0.1,<1\n" in (folder / "setup.cfg").read_text("utf-8")
    connector = (folder / "trato_acme_sync/connector.py").read_text("utf-8")
    assert f'sends = ("{entity}",)' in connector
    assert "models" not in connector + (folder / "README.md").read_text("utf-8")
    run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=folder)
    run([sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."], cwd=folder)


def test_an_entity_that_does_not_exist_is_refused_with_what_may_be_meant(host: Host) -> None:
    with pytest.raises(ConfigError, match=r"Did you mean 'clients\.client'"):
        target_for("clients.clientt", host)


@pytest.mark.parametrize("parts", ["entity,screen", "connector,job", ""])
def test_for_another_plugins_entity_only_a_connector_is_written(parts: str) -> None:
    with pytest.raises(ConfigError, match="Say --with connector, or leave --for out"):
        parts_for(parts)


def test_a_word_without_a_plural_stays_as_it_is(tmp_path: Path) -> None:
    names = names_for("acme_equipment")

    writing._write_files(names, ["entity", "screen"], tmp_path)

    assert (names.noun, names.nouns_title) == ("equipment", "Equipment")
    translations = (tmp_path / "trato_acme_equipment/translations/es.po").read_text("utf-8")
    assert translations.count('msgid "Equipment"') == 1
    assert ".ci/run" in (tmp_path / "README.md").read_text("utf-8")


@pytest.mark.parametrize("plugin", SEVERAL)
def test_it_is_clean(several: Path, plugin: str) -> None:
    folder = several / plugin

    run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=folder)
    run([sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."], cwd=folder)


def test_it_is_typed(several: Path) -> None:
    api = pytest.importorskip("mypy.api")
    packages = [str(several / plugin / f"trato_{plugin}") for plugin in SEVERAL]

    # Stricter than its own configuration, and with the cache of the module of sixty lines.
    said, _errors, code = api.run(
        ["--strict", f"--cache-dir={ROOT / '.mypy_cache' / 'sixty'}", "--config-file=", *packages]
    )

    assert code == 0, said


def test_its_module_is_short(tmp_path: Path) -> None:
    plugin = made(tmp_path, parts="entity,screen") / "trato_acme_visits"

    lines = [
        line for name in ("models.py", "plugin.py")
        for line in (plugin / name).read_text("utf-8").splitlines()
    ]  # fmt: skip

    assert len(lines) <= 80


@pytest.mark.parametrize(
    ("name", "code"),
    [("Visits", "bad_name"), ("2visits", "bad_name"), ("acme-visits", "bad_name"),
     ("acme__visits", "bad_name"), ("_visits", "bad_name"), ("", "bad_name"), ("ñandú", "bad_name"),
     ("../visits", "bad_name"), ("a" * 41, "bad_name"), ("api", "reserved_name"),
     ("static", "reserved_name"), ("core", "reserved_name"), ("clients", "taken_name")],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(name: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        names_for(name, installed=["clients"])

    assert caught.value.code == code
    assert caught.value.hint.text


def test_a_part_that_does_not_exist_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'screen'"):
        parts_of("entity,sceen")


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "acme_visits").mkdir()
    (tmp_path / "acme_visits" / "mine.txt").write_text("mine")

    with pytest.raises(ConfigError, match="exists already"):
        made(tmp_path)

    assert [p.name for p in tmp_path.rglob("*")] == ["acme_visits", "mine.txt"]


def test_what_fails_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise PluginError("the disk is full")

    monkeypatch.setattr(writing, "_write_revision", fail)

    with pytest.raises(PluginError):
        made(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_it_and_says_what_to_do_next(installation: Installation) -> None:
    ran = installation.did("plugin", "new", "acme_visits", "--with", "screen")

    folder = installation.folder / "acme_visits"
    assert (folder / "trato_acme_visits" / "migrations" / "versions").is_dir()
    assert str(folder / "setup.cfg") in ran.out
    assert f"pytest {folder}" in ran.err
    assert f"the right words into {folder}/trato_acme_visits/translations/es.po" in ran.err
    assert not (folder / "trato_acme_visits" / "jobs.py").exists()
    assert installation.run("plugin", "new", "acme_visits").code == 2
    refused = installation.run("plugin", "new", "clients")
    assert refused.code == 2
    assert "acme_clients" in refused.err
