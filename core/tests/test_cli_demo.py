"""`trato demo`: a company of its own folder, filled, and started at once the second time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from core.tests.conftest import Installation, Ran


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make demos of thirty clients."""
    monkeypatch.setattr("trato.cli.demo.SIZES", {"small": 30, "large": 31})
    monkeypatch.setattr("trato.cli.demo._FEW", 5)


def make(bare: Installation, *words: str) -> Ran:
    return bare.did("demo", "--no-serve", *words)


def in_demo(bare: Installation, *words: str) -> Any:
    """Run a command on the demo instead of the installation's own database."""
    environ = {name: "" for name in bare.environ if name != "LANG"}
    environ["TRATO_CONFIG"] = str(bare.folder / "trato-demo" / "trato.toml")
    return bare.did(*words, "--json", environ=environ).json


@pytest.mark.usefixtures("few")
def test_every_installed_plugin_is_licensed_and_enabled(bare: Installation) -> None:
    make(bare)

    states = in_demo(bare, "plugin", "list", "--tenant", "demo")
    assert states
    assert all(state["licensed"] and state["enabled"] for state in states)
    small = {s["name"] for s in in_demo(bare, "plugin", "list", "--tenant", "faro") if s["enabled"]}
    assert small == {"clients"}
    assert in_demo(bare, "audit", "verify", "demo")["faults"] == []


@pytest.mark.usefixtures("few")
def test_users_of_three_roles_and_their_passwords_are_printed(bare: Installation) -> None:
    ran = make(bare)

    state = json.loads((bare.folder / "trato-demo" / "demo.json").read_text("utf-8"))
    assert {account["role"] for account in state["accounts"]} >= {"admin", "seller", "viewer"}
    for account in state["accounts"]:
        line = next(line for line in ran.out.splitlines() if account["email"] in line)
        assert account["password"] in line
    shared = [a["password"] for a in state["accounts"] if a["email"].startswith("carolina@")]
    assert len(shared) == 2
    assert len(set(shared)) == 1


@pytest.mark.usefixtures("few")
def test_the_company_is_filled_and_shared_among_its_sellers(bare: Installation) -> None:
    make(bare)

    exported = in_demo(bare, "export", "demo", "clients.client", "out.csv")
    assert exported["records"] == 30
    text = (bare.folder / "out.csv").read_text("utf-8-sig")
    header = text.splitlines()[0]
    assert "Canal" in header
    assert "Día de visita" in header
    assert sum(name in text for name in ("Yolanda", "Fabián", "Marcela", "Jhon", "Leidy")) >= 3
    assert in_demo(bare, "export", "faro", "clients.client", "few.csv")["records"] == 5


@pytest.mark.usefixtures("few")
def test_the_demo_touches_nothing_else_and_says_so(bare: Installation) -> None:
    ran = make(bare)

    assert sorted(path.name for path in bare.folder.iterdir()) == ["trato-demo"]
    assert "TRATO_DATABASE_URL" in ran.err
    assert (bare.folder / "trato-demo" / "license-private.key").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("few")
def test_the_second_time_the_same_demo_is_used(bare: Installation) -> None:
    first = make(bare)
    database = bare.folder / "trato-demo" / "trato.sqlite"
    before = database.stat().st_mtime_ns

    second = make(bare)
    other = make(bare, "--size", "large")

    assert second.out == first.out
    assert database.stat().st_mtime_ns == before
    assert "is of size small" in other.err


@pytest.mark.usefixtures("few")
def test_a_demo_that_was_not_finished_is_made_anew(bare: Installation) -> None:
    make(bare)
    (bare.folder / "trato-demo" / "demo.json").unlink()

    make(bare)

    assert in_demo(bare, "export", "demo", "clients.client", "out.csv")["records"] == 30


@pytest.mark.usefixtures("few")
def test_a_plugin_that_came_later_is_enabled_too(
    bare: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> None:
    from trato.host import discover

    make(bare)
    found = [*discover()[0], make_plugin("later")]
    monkeypatch.setattr("trato.host.discover", lambda: (found, []))

    make(bare)

    states = {s["name"]: s["enabled"] for s in in_demo(bare, "plugin", "list", "--tenant", "demo")}
    assert states["later"]
    assert in_demo(bare, "export", "demo", "clients.client", "out.csv")["records"] == 30


def test_a_folder_with_something_else_is_left_alone(bare: Installation) -> None:
    (bare.folder / "trato-demo").mkdir()
    (bare.folder / "trato-demo" / "letter.txt").write_text("dear")

    ran = bare.run("demo", "--no-serve")

    assert ran.code == 2
    assert [path.name for path in (bare.folder / "trato-demo").iterdir()] == ["letter.txt"]
