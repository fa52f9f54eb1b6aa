"""Rows of a list as HTML, by a function that is made once for a set of columns.

A template would ask for every cell again what is the same for the whole column: 80 rows of eight
columns took it three times as long.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from trato.entities.fields import Field
from trato.screens.avatars import avatar
from trato.screens.cells import Cells, beside, is_number, is_state

#: By record and path, why a cell cannot be edited although its column can.
Locked = Mapping[UUID, Mapping[str, str]]
RowsWriter = Callable[[Iterable[tuple[Any, ...]]], Markup]

#: Kinds that a phone shows with the column's name before the value.
_NAMED = frozenset({"money", "integer", "decimal", "date", "moment", "boolean"})


def read_columns(columns: Sequence[Field], visible: Collection[str]) -> tuple[str, ...]:
    """Name what is read to write rows: the columns, and what their values are shown by."""
    paths = dict.fromkeys(field.path for field in columns)
    for field in columns:
        for path in beside(field):
            if path in visible:
                paths[path] = None
    return tuple(paths)


def rows_writer(
    cells: Cells, columns: Sequence[Field], *, url: str, read: Sequence[str] = (),
    avatars: bool = False, choose: str | None = None, locked: Locked | None = None,
) -> RowsWriter:  # fmt: skip
    """Make the function that writes rows: id, version, then a value a column.

    :param columns: the first names the record and leads to its page.
    :param url: address of the list.
    :param read: what rows hold behind id and version, where that is more than the columns; see
        ``read_columns``.
    :param avatars: put the initials of the name before it.
    :param locked: cells that the page's script shall not open, with the reason for people.
    :param choose: word before the name for a box that chooses the row; None: rows have no box.
    """
    name = cells.plain(columns[0])
    start = escape(url)
    places = {path: place for place, path in enumerate(read, start=2)}
    rest = [
        (_opening(cells, field), cells.renderer(field, badge=is_state(field)), place,
         [places.get(path) for path in beside(field)
          if field.kind != "money" or path in places])
        for place, field in enumerate(columns[1:], start=3)
    ]  # fmt: skip

    def write(rows: Iterable[tuple[Any, ...]]) -> Markup:
        parts: list[str] = []
        for row in rows:
            label = name(row[2]) or "—"
            parts.append('<tr class="t-row" data-row')
            if locked and row[0] in locked:
                parts.append(f' data-locked="{escape(json.dumps(locked[row[0]]))}"')
            parts.append('><th scope="row" class="t-name">')
            if choose is not None:
                parts.append(
                    f'<label class="t-choose"><input class="form-check-input" type="checkbox" '
                    f'form="t-bulk" name="id" value="{row[0]}" data-choose '
                    f'aria-label="{escape(choose)} {escape(label)}"></label>'
                )
            if avatars:
                parts.append(avatar(label, "t-av-square"))
            parts.append(f'<a href="{start}/{row[0]}">{escape(label)}</a></th>')
            for opening, cell, place, besides in rest:
                if besides:
                    others = (None if at is None else row[at] for at in besides)
                    parts += (opening, cell(row[place], *others), "</td>")
                else:
                    parts += (opening, cell(row[place]), "</td>")
            parts.append("</tr>\n")
        return Markup("".join(parts))

    return write


def _opening(cells: Cells, field: Field) -> str:
    classes = []
    if field.kind in _NAMED:
        classes.append(f"t-k-{field.kind}")
    if is_number(field) or field.kind in ("date", "moment"):
        classes.append("t-num")
    if is_number(field):
        classes.append("t-end")
    opening = f'<td class="{" ".join(classes)}"' if classes else "<td"
    if field.kind in _NAMED:
        opening += f' data-label="{escape(cells.label(field))}"'
    return f"{opening}>"
