"""Finding the texts that a package marks for translation, for the test that none is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

#: Marking function in a template, and how many of its first arguments are texts.
_IN_TEMPLATES = {"_": 1, "t": 1, "tn": 2}
_TEMPLATE_SUFFIXES = {".html", ".txt", ".xml"}


def extract(path: Path) -> set[str]:
    """Collect the texts marked in a package's folder, or in one file.

    Python: ``_("…")``. Templates (``.html``, ``.txt``, ``.xml`` below a folder ``templates``):
    ``_("…")``, ``t("…")`` and both texts of ``tn("…", "…", count)``. In a template the argument
    may be a variable (a declared text); in Python that is a mistake, as nothing would be found.

    :raises ValueError: for ``_()`` of anything but one literal text in Python.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    texts: set[str] = set()
    for file in files:
        if file.suffix == ".py":
            texts.update(_of_python(file))
        elif file.suffix in _TEMPLATE_SUFFIXES and "templates" in file.parts:
            texts.update(_of_template(file))
    return texts


def _of_python(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        match node:
            case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))], keywords=[]):
                yield text
            case ast.Call(func=ast.Name(id="_")):
                raise ValueError(f"{file}:{node.lineno}: _() takes one literal text.")


def _of_template(file: Path) -> Iterator[str]:
    from jinja2 import Environment, nodes

    # Nothing is rendered here, only parsed.
    tree = Environment(autoescape=True).parse(file.read_text("utf-8"), filename=str(file))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            for argument in call.args[: _IN_TEMPLATES.get(call.node.name, 0)]:
                if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
                    yield argument.value
