"""The generated check of a plugin's wheel sees what would be left out, as a real wheel shows."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trato.testing.checks.wheel import left_out

CFG = """[metadata]
name = trato-visits
version = 1.0
[options]
packages = {packages}
[options.packages.find]
include = trato_visits*
[options.package_data]
{data}
"""
TOML = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
TABLES = """[project]
name = "trato-visits"
version = "1.0"
[tool.setuptools.packages.find]
where = ["src"]
include = ["trato_visits*"]
[tool.setuptools.package-data]
trato_visits = ["py.typed", "translations/*.po"]
"""
FILES = (
    "__init__.py", "py.typed", "plugin.py", "translations/es.po", "templates/visit.html",
    "help/es.md", "migrations/__init__.py", "migrations/versions/0001_first.py",
)  # fmt: skip


def project(folder: Path, package: str, **files: str) -> Path:
    """Write a project and give the folder of its package."""
    made = folder / package / "trato_visits"
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("", "utf-8")
    (made / "__pycache__").mkdir()
    (made / "__pycache__" / "plugin.cpython-311.pyc").write_bytes(b"")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return made


@pytest.mark.parametrize(
    ("packages", "data", "missing"),
    [
        ("find_namespace:", "* = py.typed, **/*.po, **/*.html, **/*.md", []),
        ("find_namespace:", "* = py.typed, **/*.po\ntrato_visits = help/*.md",
         ["templates/visit.html"]),
        ("find:", "* =\n    py.typed\n    **/*.po\n    **/*.html\n    **/*.md",
         ["migrations/versions/0001_first.py"]),
    ],
)  # fmt: skip
def test_what_no_pattern_and_no_package_holds_is_named(
    tmp_path: Path, packages: str, data: str, missing: list[str]
) -> None:
    text = CFG.format(packages=packages, data=data)
    package = project(tmp_path, "", setup_cfg=text, pyproject_toml=TOML)

    assert left_out(package) == [f"trato_visits/{name}" for name in missing]


def test_tables_of_pyproject_are_read(tmp_path: Path) -> None:
    package = project(tmp_path, "src", pyproject_toml=TOML + TABLES)

    assert left_out(package) == ["trato_visits/help/es.md", "trato_visits/templates/visit.html"]


def test_what_cannot_be_told_is_not_guessed(tmp_path: Path) -> None:
    assert left_out(project(tmp_path / "a", "")) is None
    other = project(tmp_path / "b", "", pyproject_toml='[build-system]\nrequires = ["hatchling"]\n')
    assert left_out(other) is None


@pytest.mark.slow
def test_the_wheel_that_setuptools_builds_lacks_just_that(tmp_path: Path) -> None:
    text = CFG.format(packages="find:", data="* = py.typed, **/*.po")
    package = project(tmp_path / "made", "", setup_cfg=text, pyproject_toml=TOML)

    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index",
         "--no-build-isolation", "--wheel-dir", tmp_path / "wheels", package.parent],
        check=True, capture_output=True,
    )  # fmt: skip

    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    lacking = [f"trato_visits/{name}" for name in sorted(FILES)
               if f"trato_visits/{name}" not in carried]  # fmt: skip
    assert left_out(package) == lacking
    assert lacking
