"""The page about `trato.testing` tells every fixture, no other, and its example passes."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trato.testing
from trato.testing import browser_fixtures, other_names, plugin
from trato.testing.companies import Company

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "develop" / "testing.md").read_text("utf-8")


def told(heading: str) -> set[str]:
    """Give the names in the first column of the tables below a heading."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \| ", part, re.M)
    return {name for cell in cells for name in re.findall(r"`(?:tenant\.)?(\w+)", cell)}


def test_every_fixture_is_told_and_no_other() -> None:
    fixtures = {
        name
        for module in (plugin, browser_fixtures, other_names)
        for name, value in vars(module).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }
    company = {name for name in vars(Company) if not name.startswith("_")}

    named = told("Databases") | told("Host, tenants, people") | told("Pages, API, browser")

    assert fixtures > {"host", "tenant", "api", "open_page"}
    # A Company opens units, and so does the fixture `unit`.
    assert named - (company - fixtures) == fixtures


def test_everything_that_a_company_does_is_told() -> None:
    given = {
        name
        for name, value in vars(Company).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    }

    assert given <= told("Host, tenants, people")


def test_every_mark_is_told() -> None:
    marks = re.findall(r'^        "(\w+)[(:]', inspect.getsource(plugin.pytest_configure), re.M)

    assert set(marks) == {"plugins", "database", "postgres", "browser"}
    assert [mark for mark in marks if mark not in PAGE] == []


@pytest.mark.slow
def test_the_examples_pass_as_they_stand(tmp_path: Path) -> None:
    examples = re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', PAGE, re.M | re.S)
    files = [tmp_path / Path(title).name for title, _code in examples]
    for file, (_title, code) in zip(files, examples, strict=True):
        file.write_text(code, "utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--database", "sqlite", "-c", ROOT / "setup.cfg",
         "--rootdir", tmp_path, "-p", "no:cacheprovider", *files],
        cwd=tmp_path, text=True, capture_output=True, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
    )  # fmt: skip

    assert "5 passed" in done.stdout, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_checks_are_imported_by_the_short_name_and_not_before() -> None:
    code = (
        "import sys, trato.testing.plugin; early = 'trato.testing.checks' in sys.modules\n"
        "from trato.testing import ConnectorChecks, PluginChecks\n"
        "print(early, PluginChecks.__module__, ConnectorChecks.__module__)"
    )

    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)

    assert done.stdout.split() == [
        "False",
        "trato.testing.checks",
        "trato.testing.checks.connectors",
    ]


def test_what_testing_does_not_have_is_said() -> None:
    with pytest.raises(AttributeError, match=r"'trato.testing' has no attribute 'Nothing'"):
        vars(trato.testing)["__getattr__"]("Nothing")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("name", "usual"),
    [("db", "database"), ("license", "issue_license"), ("count_queries", "count_statements")],
)
def test_another_name_gives_the_very_same(
    request: pytest.FixtureRequest, backend: str, name: str, usual: str
) -> None:
    assert request.getfixturevalue(name) is request.getfixturevalue(usual)
