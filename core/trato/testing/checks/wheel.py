"""What a wheel of a plugin would carry of its package, read from what setuptools is told."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

#: Folders above the package in which its project is looked for: its own, or with `src` between.
_ABOVE = 2
_NO_PART = ("__pycache__", ".*", "*.pyc", "*~")


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How setuptools is told to pack a project.

    :param where: folder that the packages are in.
    :param namespaces: folders without `__init__.py` count as packages too.
    :param data: package name, or `*` for all, to patterns of the files that go with it.
    """

    where: Path
    include: Sequence[str]
    exclude: Sequence[str]
    namespaces: bool
    data: Mapping[str, Sequence[str]]

    def packs(self, folder: Path) -> bool:
        """Tell whether a folder is a package that goes into the wheel."""
        name = ".".join(folder.relative_to(self.where).parts)
        if any(fnmatchcase(name, p) for p in self.exclude):
            return False
        chain = [folder, *(f for f in folder.parents if f.is_relative_to(self.where))]
        marked = all((f / "__init__.py").is_file() for f in chain if f != self.where)
        return (self.namespaces or marked) and any(fnmatchcase(name, p) for p in self.include)

    def carries(self, folder: Path) -> Iterator[Path]:
        """Give the files of a package that go into the wheel."""
        if not self.packs(folder):
            return
        yield from folder.glob("*.py")
        name = ".".join(folder.relative_to(self.where).parts)
        for pattern in (*self.data.get("", ()), *self.data.get("*", ()), *self.data.get(name, ())):
            yield from folder.glob(pattern)


def left_out(package: Path) -> list[str] | None:
    """Name the files of a package that a wheel of its project would lack.

    :return: None where that cannot be told: there is no project around it, as it was installed
        from a wheel, or something else than setuptools' own tables says what is packed.
    """
    packing = read_packing(package)
    if packing is None:
        return None
    folders = [package, *(f for f in sorted(package.rglob("*")) if f.is_dir())]
    carried = {file for folder in folders for file in packing.carries(folder)}
    return [
        str(file.relative_to(package.parent))
        for file in sorted(package.rglob("*"))
        if file.is_file() and file not in carried and not _is_no_part(file.relative_to(package))
    ]


def read_packing(package: Path) -> Packing | None:
    """Read how the project around a package is packed."""
    for project in package.parents[:_ABOVE]:
        if (project / "MANIFEST.in").is_file() or (project / "setup.py").is_file():
            return None
        for file, read in (("setup.cfg", _from_cfg), ("pyproject.toml", _from_toml)):
            if (project / file).is_file():
                found = read(project, (project / file).read_text("utf-8"))
                if found is not None and package.is_relative_to(found.where):
                    return found
    return None


def _from_cfg(project: Path, text: str) -> Packing | None:
    read = configparser.ConfigParser(interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(text)
    packages = read.get("options", "packages", fallback="").strip()
    if packages not in ("find:", "find_namespace:"):
        return None
    find = dict(read["options.packages.find"]) if "options.packages.find" in read else {}
    data = dict(read["options.package_data"]) if "options.package_data" in read else {}
    return Packing(
        where=project / find.get("where", "").strip(),
        include=_words(find.get("include", "*")), exclude=_words(find.get("exclude", "")),
        namespaces=packages == "find_namespace:",
        data={name: _words(patterns) for name, patterns in data.items()},
    )  # fmt: skip


def _from_toml(project: Path, text: str) -> Packing | None:
    told: Any = tomllib.loads(text).get("tool", {}).get("setuptools", {})
    find = told.get("packages", {}).get("find") if isinstance(told.get("packages"), dict) else None
    if find is None:
        return None
    return Packing(
        where=project / (find.get("where") or ["."])[0], include=find.get("include", ["*"]),
        exclude=find.get("exclude", []), namespaces=find.get("namespaces", True),
        data=told.get("package-data", {}),
    )  # fmt: skip


def _words(text: str) -> list[str]:
    return [word.strip() for line in text.splitlines() for word in line.split(",") if word.strip()]


def _is_no_part(file: Path) -> bool:
    return any(fnmatchcase(part, pattern) for part in file.parts for pattern in _NO_PART)
