"""The plugin is installed as it says it is, and leans only on what it declares."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trato.host import GROUP
from trato.i18n import extract, missing
from trato.registry import package_folder
from trato.testing.checks.base import Checked, installed
from trato.testing.checks.wheel import left_out
from trato.web import icons

#: What `plugin migration` writes into a revision.
_OF_REVISIONS = {"trato.db", "trato.db.types"}


class ManifestChecks(Checked):
    """Installed, named and versioned as declared; no hidden imports; nothing untranslated."""

    def test_is_installed_and_works(self) -> None:
        assert self.manifest.name == self.plugin

    def test_manifest_matches_the_distribution(self) -> None:
        point = self._entry_point()

        assert point.dist is not None
        assert canonicalize_name(point.dist.name) == canonicalize_name(f"trato-{self.plugin}")
        assert point.dist.version == self.manifest.version

    def test_needed_plugins_are_required_by_the_distribution(self) -> None:
        point = self._entry_point()
        assert point.dist is not None
        required = {canonicalize_name(Requirement(r).name) for r in point.dist.requires or ()}

        needed = {canonicalize_name(f"trato-{name}") for name in self.manifest.depends}

        lacking = sorted((needed | {"trato"}) - required)
        assert not lacking, (
            f"{point.dist.name} does not require {', '.join(lacking)}. Does setup.cfg, in "
            "install_requires? Then run `pip install -e .` again: what is installed still says "
            "what it said then."
        )

    def test_imports_of_trato_and_of_plugins_are_declared(self) -> None:
        allowed = {*self.manifest.depends, *self.manifest.optional}

        wrong = undeclared_imports(self._folder(), self.plugin, allowed)

        assert wrong == []

    def test_every_text_is_translated(self) -> None:
        folder = self._folder()
        core = Path(installed_core()) / "translations"

        texts = missing(folder / "translations", extract(folder), locale="es")
        left = missing(core, texts, locale="es")

        # Outside the assertion: pytest would cut a text as long as this.
        if left:
            pytest.fail(
                f"{len(left)} texts are missing in {folder / 'translations' / 'es.po'}, or have "
                f"other {{places}}. Fill these lines in there:\n\n{po_lines(left)}", pytrace=False,
            )  # fmt: skip

    def test_every_icon_is_drawn(self) -> None:
        wrong = [what for plugin, what in icons.unknown(installed()) if plugin == self.plugin]

        assert wrong == [], f"{' '.join(wrong)} There are: {', '.join(sorted(icons.names()))}"

    def test_the_wheel_carries_the_whole_package(self) -> None:
        missing_there = left_out(self._folder())
        if missing_there is None:
            pytest.skip("what is packed is not said in tables of setuptools around the package")

        assert missing_there == [], "name them in package_data, or their folder is no package"

    def _entry_point(self) -> EntryPoint:
        found = [point for point in entry_points(group=GROUP) if point.name == self.plugin]
        assert len(found) == 1
        return found[0]

    def _folder(self) -> Path:
        return package_folder(self.manifest)


def installed_core() -> str:
    """Give the folder of the package `trato`."""
    import trato

    return str(Path(trato.__file__).parent)


def po_lines(texts: Iterable[str]) -> str:
    """Write entries of a ``.po`` file that wait for their translations."""
    return "\n".join(f'msgid {_quoted(text)}\nmsgstr ""\n' for text in sorted(texts))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    lines = escaped.replace("\n", "\\n\n").splitlines()
    quoted = [f'"{line}"' for line in lines]
    return quoted[0] if len(quoted) == 1 else "\n".join(['""', *quoted])


def undeclared_imports(folder: Path, plugin: str, allowed: set[str]) -> list[str]:
    """List what a plugin imports beyond `trato.api` and the `api` of plugins that it declares."""
    packages = {f"trato_{name}": name for name in installed().plugins}
    wrong = []
    for file in sorted(folder.rglob("*.py")):
        for line, module in imported(file):
            top, _dot, rest = module.partition(".")
            if top == "trato":
                revision = "migrations" in file.relative_to(folder).parts
                good = module == "trato.api" or (revision and module in _OF_REVISIONS)
            elif top in packages and packages[top] != plugin:
                good = packages[top] in allowed and rest == "api"
            else:
                good = True
            if not good:
                wrong.append(f"{file.relative_to(folder)}:{line} imports {module}")
    return wrong


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Give each module that a file imports by its full name, with the line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "trato" or node.module.count(".") == 0:
                # `from trato_clients import api` names a module too.
                yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names)
            else:
                yield node.lineno, node.module
