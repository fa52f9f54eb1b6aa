"""The documentation says what is so: links lead somewhere, names and settings exist, are told."""

from __future__ import annotations

import argparse
import inspect
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import trato.api as t
from trato import hooks
from trato.access.roles import ACTIONS, PRESETS, SCOPES
from trato.cli.context import Context
from trato.cli.parser import CommandParser, Finished
from trato.cli.program import build
from trato.configuration import apply_configuration
from trato.configuration.own_fields import _PARTS, KINDS
from trato.configuration.reading import _SECTIONS
from trato.errors import Invalid
from trato.host import Host, discover
from trato.plugin import Plugin
from trato.settings import Settings
from trato.testing.companies import Company

pytestmark = pytest.mark.database("sqlite")

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "plugins").glob("*/README.md")]
)
_CODE = re.compile(r"^```.*?^```$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)


def read(page: Path) -> str:
    return page.read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as GitHub and MkDocs make them."""
    made = set()
    for heading in _HEADING.findall(_CODE.sub("", read(page))):
        plain = re.sub(r"[^\w\- ]", "", heading.lower().strip())
        made.add(plain.replace(" ", "-"))
    return made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_a_page_and_heading(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", read(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _hash, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


def test_every_page_is_reached_from_an_index() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for link in _LINK.findall(_CODE.sub("", read(page))):
            path = unquote(link).partition("#")[0]
            if path and not re.match(r"[a-z]+:", link):
                target = (page.parent / path).resolve()
                # A folder leads to all pages in it.
                waiting += target.glob("*.md") if target.is_dir() else [target]

    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= reached


def test_every_decision_is_listed_with_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(folder.glob("[0-9]*.md"))

    listed = re.findall(r"^\* \[(\d{4} .+)\]\((.+)\)$", read(folder / "index.md"), re.M)

    assert [page for _title, page in listed] == [page.name for page in decisions]
    for title, name in listed:
        number, _blank, words = title.partition(" ")
        assert f"# {int(number)}. {words}" == read(folder / name).splitlines()[0], name


def words(page: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", read(ROOT / page)))


@pytest.mark.parametrize("name", [n for n in t.__all__ if n != "_"])
def test_every_promised_name_is_in_the_reference(name: str) -> None:
    assert name in words(REFERENCE)


@pytest.mark.parametrize("name", [n for n in dir(hooks) if n.startswith("trato_")])
def test_every_hook_is_in_the_reference(name: str) -> None:
    assert name in words(REFERENCE)


def test_the_reference_names_no_hook_that_does_not_exist() -> None:
    named = {word for word in words(REFERENCE) if word.startswith("trato_")}

    assert named <= {n for n in dir(hooks) if n.startswith("trato_")}


def rows(heading: str) -> dict[str, str]:
    """Give what the tables below a heading of the reference say, by each name of the first cell."""
    part = read(ROOT / REFERENCE).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    told = {}
    for cell, rest in re.findall(r"^\| (`.*?) \|(.*)$", part, re.M):
        told |= {name: rest for name in re.findall(r"`(\w+)[`(]", cell)}
    return told


def blocks(*marks: str) -> str:
    """Give the paragraphs, rows and entries of the reference in which one of some marks stands."""
    text = re.sub(r"\n(?=[|*])", "\n\n", read(ROOT / REFERENCE))
    return "\n".join(part for part in text.split("\n\n") if any(mark in part for mark in marks))


def parameters(thing: Any) -> list[str]:
    return [name for name in inspect.signature(thing).parameters if name not in UNTOLD]


REFERENCE = "docs/develop/reference.md"
#: Core's own.
UNTOLD = {"content", "kwargs"}
FIELDS = (
    t.text, t.longtext, t.email_address, t.phone_number, t.web_address, t.integer, t.decimal,
    t.money, t.day, t.moment, t.boolean, t.choice, t.choices, t.lookup, t.tag_list, t.ref,
)  # fmt: skip
#: What declares and what works with records; connectors have a page of their own.
DECLARED = (
    t.ListScreen, t.View, t.FormScreen, t.Section, t.Children, t.When, t.Panel, t.Menu, t.Slot,
    t.Timeline, t.TimelineEntry, t.Setting, t.Permission, t.Command, t.Demo, t.OptionList,
    t.Outgoing, t.Filter, t.Shown, t.job,
)  # fmt: skip


def test_the_reference_tells_the_arguments_of_a_manifest_and_no_others() -> None:
    assert rows("Manifest").keys() == set(parameters(Plugin))


def test_the_reference_tells_the_arguments_of_an_entity_and_no_others() -> None:
    assert rows("Entities").keys() == set(parameters(t.Entity.__init_subclass__))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.__name__)
def test_the_row_of_a_field_tells_its_arguments_and_no_others(field: Any) -> None:
    own = rows("Fields")[field.__name__].partition(" | ")[2]

    told = set(re.findall(r"`(\w+)(?:=\w+)?`", own))

    # What is given by its place explains itself; two are told above the table.
    by_place = {"label", "values", "options", "target", "help", "synonyms"}
    assert told == set(parameters(field)) - by_place


@pytest.mark.parametrize("thing", DECLARED, ids=lambda thing: thing.__name__)
def test_a_declaration_is_told_with_its_arguments_and_no_others(thing: Any) -> None:
    mark, known = f"{thing.__name__}(", parameters(thing)
    near = blocks(f"`{mark}", f"`@{mark}", f" {mark}")

    calls = re.findall(rf"[`@ ]{re.escape(mark)}([^`)]*)\)", near)

    assert calls
    by_place = max(sum("=" not in part for part in call.split(", ") if part) for call in calls)
    named = {name for call in calls for name in re.findall(r"(?:^|, )(\w+)=", call)}
    assert named <= set(known)
    assert set(known[by_place:]) <= set(re.findall(r"\w+", near))


def test_a_query_is_told_with_its_arguments() -> None:
    assert set(parameters(t.Query)) <= set(re.findall(r"`(\w+)", blocks("A `Query` has")))


@pytest.mark.parametrize(
    ("kind", "marks"),
    [(t.Records, None), (t.Unit, None), (t.Change, ("`change.",)),
     (t.JobContext, ("`JobContext`",))],
)  # fmt: skip
def test_everything_that_plugins_work_with_is_told_in_its_place(
    kind: type, marks: tuple[str, ...] | None
) -> None:
    # Locks and duplicates are the write path's own affair.
    own = {"note_locked", "force", "is_duplicate", "task_id"}
    parts = {name for name in dir(kind) if not name.startswith("_")} - own

    near = " ".join(rows("Reading and writing")) if marks is None else blocks(*marks)

    assert parts <= set(re.findall(r"\w+", near))


@pytest.mark.parametrize("kind", [t.Page, t.Record, t.Outcome], ids=lambda kind: kind.__name__)
def test_what_a_call_gives_is_told_with_its_parts(kind: type) -> None:
    parts = {name for name in dir(kind) if not name.startswith("_")} | set(parameters(kind))

    assert parts <= set(
        re.findall(r"`\.?(\w+)", blocks(f"* A `{kind.__name__}`", f"* An `{kind.__name__}`"))
    )


@pytest.mark.parametrize("name", [n for n in vars(t.Records) if not n.startswith("_")])
def test_the_call_of_the_reference_is_one_that_there_is(name: str) -> None:
    known = set(parameters(getattr(t.Records, name)))
    if name == "query":
        known |= set(parameters(t.Query))

    calls = re.findall(rf"`{name}\((.*?)\)+`", blocks(f"`{name}("))

    assert calls
    told = {arg for call in calls for arg in re.findall(r"(\w+)=", call)}
    given = inspect.signature(getattr(t.Records, name)).parameters.values()
    assert {one.name for one in given if one.kind is one.KEYWORD_ONLY} <= told <= known


def test_every_setting_is_told_with_its_default() -> None:
    rows = {
        cells[0]: cells[1]
        for line in read(ROOT / "docs/operate/install.md").splitlines()
        if len(cells := [cell.strip(" `") for cell in line.strip("|").split("|")]) == 3
        and cells[0].startswith("TRATO_")
    }

    assert rows == {doc.env: doc.default or "–" for doc in Settings.describe()}


# Configuration


def test_the_configuration_of_the_page_is_applied_and_then_is_so(tenant: Company) -> None:
    page = read(ROOT / "docs" / "es" / "activar-modulos.md")
    found = re.search(r'^```yaml title="acme.yaml"\n(.*?)^```$', page, re.M | re.S)
    assert found is not None

    first = apply_configuration(tenant.host, tenant.slug, found[1])
    again = apply_configuration(tenant.host, tenant.slug, found[1])

    assert {step.path for step in first if step.action == "create"} >= {
        "teams.norte", "roles.cartera", "fields.clients.client.canal",
    }  # fmt: skip
    assert {step.action for step in again} == {"unchanged"}


def test_the_form_of_the_page_is_applied_and_then_is_so(tenant: Company) -> None:
    page = read(ROOT / "docs" / "es" / "ficha.md")
    found = re.search(r'^```yaml title="ficha.yaml"\n(.*?)^```$', page, re.M | re.S)
    assert found is not None

    first = apply_configuration(tenant.host, tenant.slug, found[1])
    again = apply_configuration(tenant.host, tenant.slug, found[1])

    assert [step.action for step in first] == ["create"]
    assert [step.action for step in again] == ["unchanged"]
    with tenant.unit() as unit, pytest.raises(Invalid) as caught:
        unit.records.create("clients.client", {"name": "Andina"})
    assert list(caught.value.errors) == ["phone"]


def test_the_page_tells_every_part_of_a_configuration() -> None:
    told = words("docs/es/activar-modulos.md")

    parts = {*KINDS, *_PARTS, *_SECTIONS, *ACTIONS, *SCOPES, "hidden", "read"}

    assert parts <= told


def test_the_page_names_the_preset_roles_as_they_are_shown(host: Host) -> None:
    page = read(ROOT / "docs" / "es" / "activar-modulos.md")

    for key, (name, _grants) in PRESETS.items():
        assert f"| `{key}` | {host.catalogs.translate(name, 'es')} |" in page


# Commands


@pytest.fixture(scope="module")
def parser() -> CommandParser:
    return build(Context("en", {}))


def typed() -> list[tuple[Path, str]]:
    """Give each command line that a page lets the reader type."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```(?:console|sh)\n(.*?)^```$", read(page), re.M | re.S):
            # A line that ends with a backslash goes on.
            for line in block.replace("\\\n", " ").splitlines():
                command = re.sub(r"^\$ ", "", line).strip()
                if re.match(r"([A-Z_]+=\S+ )*trato ", command):
                    found.append((page, command))
    return found


@pytest.mark.parametrize(
    ("page", "line"), typed(), ids=lambda value: value if isinstance(value, str) else value.name
)
def test_every_command_that_a_page_lets_one_type_is_understood(
    page: Path, line: str, parser: CommandParser, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in shlex.split(line, comments=True) if not re.match("[A-Z_]+=", word)]
    if words[1] in plugin_commands():
        return

    code = 0
    try:
        parser.parse_args(words[1:])
    except Finished as finished:
        code = finished.code

    assert code == 0, capsys.readouterr().err


def plugin_commands() -> set[str]:
    """Name the plugins that bring commands of their own; `visits` is the tutorial's."""
    return {plugin.name for plugin in discover()[0] if plugin.commands} | {"visits"}


def test_every_command_that_a_page_mentions_exists(parser: CommandParser) -> None:
    known = {name: set(below(sub)) for name, sub in below(parser).items()}

    for page in PAGES:
        for family, name in re.findall(r"`trato ([a-z]+)(?: ([a-z]+))?[^`]*`", read(page)):
            if family not in plugin_commands():
                assert family in known, f"{page.name}: trato {family}"
                assert not name or not known[family] or name in known[family], (
                    f"{page.name}: trato {family} {name}"
                )


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Give the commands right below a parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}
