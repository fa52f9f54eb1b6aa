"""Writing of a new plugin: all of it beside its place first, then moved there in one step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from trato.errors import ConfigError, PluginError
from trato.scaffold.naming import Names
from trato.scaffold.target import Target
from trato.text import _

_FILES = Path(__file__).parent / "files"
#: Pattern of a written file, its template, and the part without which it is not written.
_WRITTEN: tuple[tuple[str, str, str], ...] = (
    ("setup.cfg", "setup.cfg.txt", ""),
    ("pyproject.toml", "pyproject.toml.txt", ""),
    ("ruff.toml", "ruff.toml.txt", ""),
    ("README.md", "README.md.txt", ""),
    (".ci/run", "ci.txt", ""),
    (".gitignore", "gitignore.txt", ""),
    ("{package}/__init__.py", "", ""),
    ("{package}/py.typed", "", ""),
    ("{package}/models.py", "models.py.txt", "entity"),
    ("{package}/plugin.py", "plugin.py.txt", ""),
    ("{package}/jobs.py", "jobs.py.txt", "job"),
    ("{package}/connector.py", "connector.py.txt", "connector"),
    ("{package}/translations/es.po", "es.po.txt", ""),
    ("tests/test_{plugin}.py", "test_plugin.py.txt", ""),
    ("tests/test_jobs.py", "test_jobs.py.txt", "job"),
    ("tests/test_connector.py", "test_connector.py.txt", "connector"),
)


def write_plugin(
    names: Names, parts: Sequence[str], *, folder: Path, target: Target | None = None
) -> list[Path]:
    """Write a plugin into a new folder, its first revision too.

    :param folder: where it will be; must not exist.
    :param target: the entity of another plugin that it works with, instead of one of its own.
    :return: the files, relative to the folder.
    :raises ConfigError: when the folder exists, or cannot be made.
    :raises PluginError: when the revision cannot be written; nothing is left behind then.
    """
    if folder.exists() or folder.is_symlink():
        raise ConfigError(
            _("'{folder}' exists already."),
            hint=_("Nothing was written. Choose another name, or move the folder away."),
            folder=str(folder), code="folder_exists",
        )  # fmt: skip
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ConfigError(
            _("'{folder}' cannot be made: {error}"), folder=str(folder), error=error.strerror
        ) from error
    try:
        draft = beside / folder.name
        written = _write_files(names, parts, draft, target)
        if "entity" in parts:
            _write_revision(names, draft)
        # Between two folders of one parent a rename is one step: there or not there.
        os.rename(draft, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    versions = folder / names.package / "migrations"
    written += [path.relative_to(folder) for path in versions.rglob("*.py")]
    return sorted(written)


def _write_files(
    names: Names, parts: Sequence[str], folder: Path, target: Target | None = None
) -> list[Path]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # It writes programs, not HTML.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(_FILES), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["filled"] = _filled
    values = {
        **asdict(names), "package": names.package, "distribution": names.distribution,
        "target": target,
        "fields": lambda given: [f"{names.class_name}.{name}" for name in given],
        **{part: part in parts for part in ("entity", "screen", "job", "connector")},
    }  # fmt: skip
    written = []
    for place, template, part in _WRITTEN:
        if part and part not in parts:
            continue
        path = Path(place.format(package=names.package, plugin=names.plugin))
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = environment.get_template(template).render(values) if template else ""
        file.write_text(text, encoding="utf-8")
        written.append(path)
    (folder / ".ci" / "run").chmod(0o755)
    return written


def _filled(parts: Sequence[str], indent: int) -> str:
    """Write arguments after one another, as many a line as fit."""
    margin = " " * indent
    text = ", ".join(part.replace(" ", "\0") for part in parts) + ","
    lines = textwrap.wrap(text, width=100, initial_indent=margin, subsequent_indent=margin,
                          break_long_words=False, break_on_hyphens=False)  # fmt: skip
    return "\n".join(lines).replace("\0", " ")


def _write_revision(names: Names, folder: Path) -> None:
    """Let a process of its own import the plugin and compare it with an empty database.

    Imported here, its tables would stand among the host's for as long as this process lives.
    """
    ran = subprocess.run(  # noqa: S603 - this interpreter, a module of ours
        [sys.executable, "-m", "trato.scaffold.revision", str(folder), names.plugin,
         f"Create {names.noun.replace('_', ' ')}"],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    if ran.returncode != 0:
        raise PluginError(
            _("The first revision could not be written: {error}"),
            error=ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "-",
        )
