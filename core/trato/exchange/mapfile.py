"""Map files: a person's choice of which column fills which field, as YAML or CSV.

A line is ``header: field`` or ``field: header``; ``ignore`` instead of a field leaves the column
out, and a list under ``ignore`` leaves out several::

    RAZON_SOCIAL: name
    COD_CIUDAD: colombia.municipality
    ignore: [CUPO, OBS]
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from trato.errors import DomainError
from trato.exchange.cells import is_blank, restore
from trato.exchange.delimited import examine
from trato.exchange.mapping import IGNORE, fold
from trato.exchange.reading import cannot_open
from trato.text import _

_MAX_BYTES = 1 << 20
#: A first line of a CSV map that only says what its two columns are.
_TITLES = frozenset(
    {"header", "column", "field", "path", "encabezado", "titulo", "columna", "campo", "clave"}
)


def read_map(path: str | Path) -> dict[str, str]:
    """Return the choices of a map file for `mapping.match_headers`, in the order of the file.

    :raises DomainError: for a file that is no map; the message names the line.
    :raises ConfigError: for a file that cannot be opened.
    """
    path = Path(path)
    lines = _yaml_lines if path.suffix.lower() in {".yaml", ".yml"} else _csv_lines
    choices: dict[str, str] = {}
    try:
        for line, left, right in lines(path):
            if not left or not right:
                raise _bad(_("Line {line} of the map has one side only."), line=line)
            if choices.setdefault(left, right) != right:
                raise _bad(
                    _("The map says both '{left}: {first}' and '{left}: {second}'."),
                    left=left,
                    first=choices[left],
                    second=right,
                )
    except OSError as error:
        raise cannot_open(path, error) from error
    return choices


def _bad(message: str, **params: object) -> DomainError:
    return DomainError(
        message,
        hint=_("Write a line for each column: its header, and the field or the word ignore."),
        code="bad_map",
        **params,
    )


def _yaml_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    # The nodes, not their values: YAML would read the header No as false and 007 as 7, and would
    # drop the first of two equal keys.
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise _bad(_("The map is larger than {limit} MB."), limit=_MAX_BYTES >> 20)
    try:
        root = yaml.compose(content, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _bad(_("The map is not valid YAML: {reason}."), reason=str(error)) from error
    if not isinstance(root, yaml.MappingNode):
        raise _bad(_("The map is not a list of header: field."))
    for key, value in root.value:
        line = key.start_mark.line + 1
        if isinstance(value, yaml.SequenceNode) and fold(_scalar(key, line)) == IGNORE:
            for item in value.value:
                yield line, _scalar(item, line), IGNORE
        else:
            yield line, _scalar(key, line), _scalar(value, line)


def _scalar(node: yaml.Node, line: int) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value).strip()
    raise _bad(_("Line {line} of the map is more than a header and a field."), line=line)


def _csv_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    first = True
    for row in examine(path, encoding=None, delimiter=None).rows():
        if is_blank(row.cells):
            continue
        cells = [restore(cell).strip() for cell in row.cells]
        while len(cells) > 2 and not cells[-1]:
            cells.pop()
        titles, first = first and _TITLES.issuperset(map(fold, cells)), False
        if titles:
            continue
        if row.problem is not None or len(cells) != 2:
            raise _bad(
                _("Line {line} of the map is more than a header and a field."), line=row.number
            )
        yield row.number, cells[0], cells[1]
