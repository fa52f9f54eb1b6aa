"""The pages about hooks say what is so: names and arguments of the code, examples that work."""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trato import hooks
from trato.api import Filter, Forbidden, Host, Invalid, Plugin, hookimpl
from trato.jobs import queue
from trato.testing.companies import Company, LicenseIssuer, make_company

pytestmark = pytest.mark.database("sqlite")

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "develop" / "hooks"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.stem != "index")
SPECS = {name: getattr(hooks, name) for name in dir(hooks) if name.startswith("trato_")}
CLIENT = "clients.client"

Temporarily = Callable[..., AbstractContextManager[Host]]


def sections() -> dict[str, tuple[str, str]]:
    """Give heading and text of each hook."""
    found = {}
    for page in PAGES:
        for part in re.split(r"^## ", page.read_text("utf-8"), flags=re.M)[1:]:
            heading, _newline, body = part.partition("\n")
            found[heading.partition("(")[0]] = (heading, body)
    return found


def test_every_hook_has_a_section_and_no_other() -> None:
    assert sections().keys() == SPECS.keys()


@pytest.mark.parametrize("name", SPECS)
def test_a_section_tells_arguments_moment_and_errors(name: str) -> None:
    heading, body = sections()[name]

    assert heading == f"{name}{inspect.signature(SPECS[name])}".replace("'", "")
    assert re.search(r"^\| moment \| ", body, re.M)
    assert re.search(r"^\| errors \| ", body, re.M)
    for argument in inspect.signature(SPECS[name]).parameters:
        assert f"| `{argument}` |" in body
    assert "```python" in body or "has the example" in body


@pytest.mark.parametrize("name", SPECS)
def test_the_code_says_when_it_is_called_and_where_it_is_told(name: str) -> None:
    (page,) = (page for page in PAGES if f"## {name}(" in page.read_text("utf-8"))
    doc = " ".join((inspect.getdoc(SPECS[name]) or "").split())

    assert f"See docs/develop/hooks/{page.name}." in doc
    if inspect.signature(SPECS[name]).parameters:
        assert all(f":param {arg}:" in doc for arg in inspect.signature(SPECS[name]).parameters)
    else:
        assert "Called once at start" in doc
        assert "None adds nothing." in doc


def test_a_hook_that_gives_none_adds_nothing(temporarily: Temporarily) -> None:
    silent = types.ModuleType("silent")
    for name, spec in SPECS.items():
        if not inspect.signature(spec).parameters:
            setattr(silent, name, hookimpl(lambda: None))

    with temporarily(
        Plugin(name="empty", title="Empty", version="1.0.0", package="trato.testing",
               hooks=silent)
    ) as host:  # fmt: skip
        assert [str(problem) for problem in host.problems] == []


def example(page: str) -> Plugin:
    """Load the examples of a page as the module that they make together."""
    text = (FOLDER / f"{page}.md").read_text("utf-8")
    module = types.ModuleType(f"hook_page_{page}")
    sys.modules[module.__name__] = module
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))
    exec(compile(code, f"{page}.md", "exec"), module.__dict__)  # noqa: S102
    # Its package would be `trato_docks` beside the module; here it is none.
    plugin: Plugin = replace(module.plugin, package="trato.testing")
    return plugin


@pytest.fixture
def on_a_page(
    temporarily: Temporarily, issue_license: LicenseIssuer
) -> Callable[[str], AbstractContextManager[Company]]:
    @contextmanager
    def use(page: str) -> Iterator[Company]:
        plugin = example(page)
        with temporarily(plugin) as host:
            yield make_company(host, issue_license, plugins=[plugin.name])

    return use


Use = Callable[[str], AbstractContextManager[Company]]


def named(company: Company, entity: str, name: str) -> list[dict[str, Any]]:
    with company.unit(read=True) as unit:
        wanted = [Filter(path="name", op="eq", value=name)]
        return list(unit.records.query(entity, columns=["name"], filters=wanted).records())


def test_what_records_are(on_a_page: Use) -> None:
    with on_a_page("entities") as company, company.unit() as unit:
        dock = unit.records.create("docks.dock", {"name": "Norte", "gates": 4})
        client = unit.records.create(CLIENT, {"name": "La Espiga", "docks.window": "am"})

        assert dock["gates"] == 4
        assert client["docks.window"] == "am"
        with pytest.raises(Invalid):
            unit.records.update(CLIENT, client.id, {"docks.window": "noche"})


def test_what_people_see(on_a_page: Use) -> None:
    with on_a_page("screens") as company, company.unit() as unit:
        client = unit.records.create(CLIENT, {"name": "La Espiga"})
        call = {"subject": "Pedido", "client_id": client.id, "called_at": "2026-11-20T15:00:00Z"}
        unit.records.create("calls.call", call)
        kind = dict(company.view.timelines)["calls"]

        told = kind.read(unit, unit.view.entity(CLIENT), client.id, None, 5)
        before = kind.read(unit, unit.view.entity(CLIENT), client.id, told[0].at, 5)

        assert [entry.text.params for entry in told] == [{"subject": "Pedido"}]
        assert before == []


def test_what_may_be_allowed_and_set(on_a_page: Use) -> None:
    with on_a_page("rights") as company:
        rights = {"entities": {CLIENT: {"create": "all", "view": "all"}}}
        company.role("ventas", rights)
        company.role("jefes", {**rights, "permissions": ["limits.raise_credit"]})
        large = {"name": "La Espiga", "credit_limit": 60_000_000}

        with company.unit(company.member("ventas")) as unit, pytest.raises(Forbidden):
            unit.records.create(CLIENT, large)
        with company.unit(company.member("jefes")) as unit:
            assert unit.records.create(CLIENT, large)["credit_limit"] == 60_000_000


def test_work(on_a_page: Use, capsys: pytest.CaptureFixture[str]) -> None:
    with on_a_page("work") as company:
        plugin = company.host.plugins["census"]
        assert plugin.demo is not None
        with company.unit() as unit:
            plugin.demo.fill(unit, 3)

        done = company.run("census.count")
        code = plugin.commands[0].run(company.host, types.SimpleNamespace(slug=company.slug))

        assert (done.state, done.result) == ("done", 3)
        assert (code, capsys.readouterr().out) == (0, f"{company.slug}: counted\n")


def test_a_company_switches_the_plugin_on_or_off(on_a_page: Use) -> None:
    with on_a_page("tenants") as company:
        company.disable("zones")
        company.enable("zones")

        assert len(named(company, "clients.zone", "Centro")) == 1


def test_a_record_is_saved(on_a_page: Use) -> None:
    with on_a_page("records") as company:
        with company.unit() as unit:
            made = unit.records.create(CLIENT, {"name": "La Espiga", "city": " zipaquirá "})
        with company.unit() as unit, pytest.raises(Invalid) as refused:
            unit.records.create(CLIENT, {"name": "900123456"})

        assert made["city"] == "Zipaquirá"
        assert list(refused.value.errors) == ["name"]
        assert len(named(company, "clients.zone", "Zipaquirá")) == 1


def test_something_has_happened(on_a_page: Use) -> None:
    with on_a_page("events") as company:
        with company.unit() as unit:
            unit.records.create(CLIENT, {"name": "La Espiga"})
        with company.unit(read=True) as unit:
            queued = queue.tasks(unit.connection, company.id, job="openings.trato_event")
        ran = [company.run_task(task.id) for task in queued]

        assert [task.state for task in ran] == ["done"]
        assert len(named(company, "clients.branch", "Principal")) == 1
