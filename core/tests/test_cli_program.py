"""What all commands have in common: help, language, errors, exit codes."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from trato.cli.context import Context
from trato.cli.language import choose
from trato.cli.parser import CommandParser
from trato.cli.program import build
from trato.plugin import Command

if TYPE_CHECKING:
    from core.tests.conftest import Installation


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if action.nargs == argparse.PARSER:
            for below in action.choices.values():  # type: ignore[union-attr]
                yield from parsers(below)


ALL = [parser.prog for parser in parsers(build(Context("en")))]


@pytest.mark.parametrize("command", ALL)
def test_every_command_has_help(command: str, bare: Installation) -> None:
    ran = bare.run(*command.split()[1:], "--help")

    assert ran.code == 0
    assert ran.out.startswith(f"usage: {command}")
    assert ran.err == ""


def test_every_argument_says_what_it_is() -> None:
    silent = [
        f"{parser.prog} {action.dest}"
        for parser in parsers(build(Context("en")))
        for action in parser._actions
        if action.help is None and action.nargs != argparse.PARSER
    ]

    assert silent == []


def test_help_loads_neither_the_host_nor_the_database() -> None:
    code = (
        "import sys; from trato.cli import main; main(['--help']);"
        "print([name for name in ('sqlalchemy', 'flask', 'trato.host') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_program_speaks_spanish_unless_told_otherwise(bare: Installation) -> None:
    spanish = bare.run("tenant", environ={"LANG": "C.UTF-8"})
    english = bare.run("--lang", "en", "tenant", environ={"LANG": "es_CO.UTF-8"})

    assert (spanish.code, english.code) == (2, 2)
    assert "Falta" in spanish.err
    assert "Missing: COMMAND" in english.err


@pytest.mark.parametrize(
    ("words", "environ", "wanted"),
    [
        ([], {}, "es"),
        ([], {"LANG": "POSIX"}, "es"),
        ([], {"LANG": "en_GB.UTF-8"}, "en_GB"),
        ([], {"LANG": "en_GB.UTF-8", "LC_ALL": "es_CO.UTF-8"}, "es_CO"),
        ([], {"LANG": "en_GB.UTF-8", "TRATO_DEFAULT_LOCALE": "es-co"}, "es_co"),
        (["--lang=en", "serve"], {"TRATO_DEFAULT_LOCALE": "es"}, "en"),
        (["serve", "--lang", "en"], {"TRATO_DEFAULT_LOCALE": "es"}, "es"),
    ],
)
def test_the_language_is_the_nearest_choice(
    words: list[str], environ: dict[str, str], wanted: str
) -> None:
    assert choose(words, environ) == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tenant", "create", "acme"], "Missing: --name, --admin-email."),
        (["tenant", "lst"], "'lst'"),
        (["serve", "--port", "many"], "--port cannot be 'many'."),
        (["serve", "--port"], "--port needs a value."),
        (["tenant", "list", "--al"], "Not understood: --al."),
    ],
)
def test_wrong_usage_does_nothing_and_names_what_is_wrong(
    words: list[str], said: str, bare: Installation
) -> None:
    ran = bare.run(*words)

    assert ran.code == 2
    assert said in ran.err
    assert "--help" in ran.err
    assert ran.out == ""
    assert list(bare.folder.iterdir()) == []


def test_an_unknown_command_names_the_one_that_may_be_meant(bare: Installation) -> None:
    ran = bare.run("tenent", "list")

    assert ran.code == 2
    assert "There is no command 'tenent'." in ran.err
    assert "Did you mean 'tenant'?" in ran.err


def test_an_error_says_fact_and_action_in_the_users_language(bare: Installation) -> None:
    ran = bare.run("license", "show", "nobody", environ={"LANG": "es_CO.UTF-8"})

    assert ran.code == 2
    assert "Error: No existe la empresa «nobody»." in ran.err
    assert "Empresas que existen: -." in ran.err


def test_a_setting_that_cannot_be_read_ends_the_command(bare: Installation) -> None:
    ran = bare.run("tenant", "list", environ={"TRATO_DATABASE_URL": "mysql://x"})

    assert ran.code == 2
    assert "TRATO_DATABASE_URL" in ran.err
    assert "Traceback" not in ran.err


def test_a_database_that_does_not_answer_is_named_with_its_reason(bare: Installation) -> None:
    ran = bare.run(
        "tenant", "list", environ={"TRATO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    )

    assert ran.code == 2
    assert "The database does not answer." in ran.err
    assert "Connection refused" in ran.err


def test_a_file_that_is_no_database_is_refused_without_a_traceback(bare: Installation) -> None:
    (bare.folder / "trato.sqlite").write_text("not a database, but a letter to a friend " * 50)

    ran = bare.run("tenant", "list")

    assert ran.code == 2
    assert "trato.sqlite" in ran.err or "not a database" in ran.err


def test_the_folder_of_a_database_is_not_made_by_a_slip_of_the_pen(bare: Installation) -> None:
    missing = bare.folder / "datos" / "trato.sqlite"

    ran = bare.run("tenant", "list", environ={"TRATO_DATABASE_URL": f"sqlite:///{missing}"})

    assert ran.code == 2
    assert str(missing.parent) in ran.err
    assert not missing.parent.exists()


# --- commands of plugins -------------------------------------------------------------------------


def _greet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", help="the tenant")


@pytest.fixture
def with_greeter(
    bare: Installation, monkeypatch: pytest.MonkeyPatch, make_plugin: Any
) -> Installation:
    plugin = make_plugin(
        "greeter",
        commands=[
            Command(name="greet", help="Greet a tenant", arguments=_greet,
                    run=lambda host, args: print(f"hello {args.tenant}") or 3),
        ],
    )  # fmt: skip
    monkeypatch.setattr("trato.host.discover", lambda: ([plugin], []))
    return bare


def test_a_plugins_command_is_called_by_the_plugins_name(with_greeter: Installation) -> None:
    with_greeter.tenant("acme", "greeter")

    ran = with_greeter.run("greeter", "greet", "acme")

    assert (ran.code, ran.out) == (3, "hello acme\n")


def test_a_plugins_command_has_help(with_greeter: Installation) -> None:
    ran = with_greeter.run("greeter", "greet", "--help")

    assert ran.code == 0
    assert "Greet a tenant." in ran.out


def test_a_plugins_command_refuses_a_tenant_that_has_it_not_enabled(
    with_greeter: Installation,
) -> None:
    with_greeter.tenant("acme", "greeter")
    with_greeter.did("plugin", "disable", "acme", "greeter")

    ran = with_greeter.run("greeter", "greet", "acme")

    assert (ran.code, ran.out) == (2, "")
    assert "is not enabled for tenant 'acme'" in ran.err


def test_what_argparse_says_is_translated() -> None:
    spanish = CommandParser(Context("es"), prog="trato")
    spanish.add_argument("--one", action="store_true", help="x")

    assert "opciones" in spanish.format_help()
    assert spanish.format_usage().startswith("uso: ")
