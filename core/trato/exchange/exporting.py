"""Export of records as a table that a spreadsheet opens and an import reads again.

Headers and values are words of the reader's language; each is checked to mean, when it is read,
what it was written for, and the key or id stands in its place where it would not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.fields import LIST_KINDS, REF_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import ConfigError, DomainError
from trato.exchange.cells import Cell
from trato.exchange.mapping import propose
from trato.exchange.references import People
from trato.exchange.wording import ID, ID_LABEL, Wording
from trato.exchange.writing import csv_lines, write_csv, write_xlsx
from trato.host import Host
from trato.i18n import Catalogs, Formats
from trato.records import totals
from trato.records.convert import plain_decimal
from trato.records.filters import unknown_field
from trato.records.query import Query
from trato.records.unit import Unit
from trato.tenancy.view import TenantView
from trato.text import _

#: Rows of one page.
PAGE: Final = 500
_ID_SUFFIX = ".id"
_BETWEEN = "; "

Progress = Callable[[int, int | None], None]
#: Labels of records by entity and id, of one page.
Labels = Mapping[str, Mapping[UUID, str]]
ToCell = Callable[[Any, Labels], Cell]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Export:
    """A table that is read while it is written, inside the unit that made it."""

    #: What the records are called, for the name of a sheet or file.
    title: str
    headers: tuple[str, ...]
    #: Of the columns, for their formats: kinds of fields.
    kinds: tuple[str, ...]
    rows: Iterator[list[Cell]]
    zone: ZoneInfo
    #: The words for no and yes.
    booleans: tuple[str, str]

    def lines(self, *, delimiter: str = ";") -> Iterator[str]:
        """Give the lines of a CSV file, for an answer that is sent while it is made."""
        return csv_lines(
            self.headers, self.rows, delimiter=delimiter, zone=self.zone, booleans=self.booleans
        )


def run_export(
    host: Host, actor: Actor, entity: str, path: str | Path, *, query: Query | None = None,
    columns: Sequence[str] | None = None, keys: bool = False, progress: Progress | None = None,
) -> int:  # fmt: skip
    """Export records to a CSV or XLSX file, which appears when it is complete.

    :param query: filters, search and order; all records, oldest first, without it.
    :param columns: paths, and `client_id.id` for the id of what a reference names; without it
        all that the actor may see.
    :param keys: headers are the fields' keys instead of their names.
    :param progress: called with the rows done and the rows there are, which it costs to count.
    :return: how many records were written.
    :raises Forbidden: when the actor may not export the entity's records.
    :raises ConfigError: for a file of another kind, or one that cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise ConfigError(
            _("'{name}' does not say what kind of file to write."),
            hint=_("End the name with .csv or .xlsx."), name=path.name, code="unknown_format",
        )  # fmt: skip
    try:
        with host.unit(actor, read=True) as unit:
            export = export_rows(unit, entity, query, columns, catalogs=host.catalogs, keys=keys)
            if progress is not None:
                wanted = replace(query or Query(), exported=True)
                total = totals.count(unit, actor.view.entity(entity), wanted)
                export = replace(export, rows=_watched(export.rows, progress, total))
            count = _write_csv(path, export) if suffix == ".csv" else _write_xlsx(path, export)
    except OSError as error:
        raise ConfigError(
            _("The file {path} cannot be written: {reason}."),
            hint=_("Check the folder and its rights."), path=str(path),
            reason=error.strerror or str(error), code="no_file",
        ) from error  # fmt: skip
    _log.info("export of %s by %s: %d rows", entity, actor.member_id or actor.label, count)
    return count


def _write_csv(path: Path, export: Export) -> int:
    with TemporaryDirectory(prefix=".trato-export-", dir=path.parent) as folder:
        draft = Path(folder) / "draft.csv"
        with draft.open("w", encoding="utf-8", newline="") as file:
            count = write_csv(
                file, export.headers, export.rows, zone=export.zone, booleans=export.booleans
            )
        draft.replace(path)
    return count


def _write_xlsx(path: Path, export: Export) -> int:
    return write_xlsx(
        path, export.headers, export.rows, kinds=export.kinds, sheet_name=export.title,
        zone=export.zone,
    )  # fmt: skip


def _watched(rows: Iterator[list[Cell]], progress: Progress, total: int) -> Iterator[list[Cell]]:
    done = 0
    for done, row in enumerate(rows, start=1):
        yield row
        if done % PAGE == 0:
            progress(done, max(done, total))  # others go on writing meanwhile
    progress(done, done)


def export_rows(
    unit: Unit, entity: str, query: Query | None = None, columns: Sequence[str] | None = None, *,
    catalogs: Catalogs, keys: bool = False,
) -> Export:  # fmt: skip
    """Read records as a table, page by page, while its rows are taken.

    See ``run_export`` for the parameters. The columns of a query count where none are given.

    :raises Forbidden: when the actor may not export the entity's records.
    :raises BadQuery: for an unknown field, filter or order.
    """
    view = unit.view.entity(entity)
    rules.require(unit.actor, view, "export")
    rules.require(unit.actor, view, "view")
    query = query or Query()
    wanted = columns if columns is not None else query.columns
    wording = Wording(catalogs, unit.actor.locale)
    chosen = _columns(unit.actor, view, wanted, wording)
    formats = Formats(unit.actor.locale, unit.actor.timezone, currency=unit.view.tenant.currency)
    return Export(
        title=wording.say(view.info.titles, domain=view.info.plugin),
        headers=tuple(column.path if keys else column.header for column in chosen),
        kinds=tuple(column.kind for column in chosen),
        rows=_rows(unit, view, query, chosen),
        zone=ZoneInfo(unit.actor.timezone),
        booleans=(formats.yes_no(False), formats.yes_no(True)),
    )


@dataclass(frozen=True, kw_only=True)
class _Column:
    #: As an import understands it: `client_id.id` for the id of what a reference names.
    path: str
    header: str
    kind: str
    field: Field
    to_cell: ToCell


_ID_FIELD = Field(path=ID, label=ID_LABEL, kind="ref")


def _columns(
    actor: Actor, entity: EntityView, wanted: Sequence[str] | None, wording: Wording
) -> list[_Column]:
    fields = {ID: _ID_FIELD} | rules.visible_fields(actor, entity)
    paths = _all_paths(actor.view, fields) if wanted is None else tuple(dict.fromkeys(wanted))
    named: list[tuple[str, Field, str]] = []
    for path in paths:
        field = fields.get(path)
        if field is not None:
            named.append((path, field, wording.label(field)))
            continue
        field = fields.get(path.removesuffix(_ID_SUFFIX))
        if field is None or field.kind != "ref" or field is _ID_FIELD:
            raise unknown_field(path, fields)
        named.append((path, field, wording.label(field) + _ID_SUFFIX))
    read_back = propose([label for _p, _f, label in named], wording.names(actor, entity))
    return [
        _Column(
            path=path, field=field, header=label if meant.path == path else path,
            kind="text" if field.kind in REF_KINDS | LIST_KINDS else field.kind,
            to_cell=_to_cell(actor.view, path, field, wording),
        )
        for (path, field, label), meant in zip(named, read_back, strict=True)
    ]  # fmt: skip


def _all_paths(view: TenantView, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Name all fields; a reference by a name that others may share has its id beside it."""
    paths: list[str] = []
    for path, field in fields.items():
        paths.append(path)
        target = view.entities.get(field.target or "")
        if target is not None and not target.fields[target.info.label].unique:
            paths.append(path + _ID_SUFFIX)
    return tuple(paths)


def _to_cell(view: TenantView, path: str, field: Field, wording: Wording) -> ToCell:
    """Make the function from a field's value to its cell."""
    if path == ID:
        return lambda value, _labels: str(value)
    if field.kind == "ref":
        target = field.target or ""
        if path != field.path:
            # What the actor may not see is not named, by its id neither.
            return lambda value, labels: str(value) if value in labels[target] else None
        return lambda value, labels: labels[target].get(value)
    if field.kind in ("member", "team"):
        called = _people(view, field.kind)
        return lambda value, _labels: called.get(value)
    if field.kind == "choice":
        shown = _choices(field, wording)
        return lambda value, _labels: shown.get(value, value)
    if field.kind in LIST_KINDS:
        words = _choices(field, wording) if field.kind == "choices" else {}
        return lambda value, _labels: _BETWEEN.join(words.get(one, one) for one in value)
    if field.kind in ("decimal", "money"):
        # "1500000.5000" has two digits too many for a person.
        return lambda value, _labels: type(value)(plain_decimal(value))
    if field.kind == "moment" and field.readonly:
        return lambda value, _labels: value.replace(microsecond=0)
    return lambda value, _labels: value


def _people(view: TenantView, kind: str) -> dict[UUID, str]:
    """Give the name of each member or team; e-mail or key where the name would mean another."""
    people = People(view, kind)
    unique = {member.id: member.email for member in view.members.values()}
    unique |= {team.id: team.key for team in view.teams.values()}
    named = view.members if kind == "member" else view.teams
    return {
        id: one.name if people.is_meant(one.name, id) else unique[id] for id, one in named.items()
    }


def _choices(field: Field, wording: Wording) -> dict[str, str]:
    """Give each value's label; its key where the label would mean another, or several."""
    known = wording.choices(field)
    shown: dict[str, str] = {}
    for key, label in field.choices:
        text = wording.say(label, domain=field.plugin or None)
        try:
            found = known.find(text)
        except DomainError:
            found = ""
        splits = field.kind == "choices" and any(sign in text for sign in ";|\n")
        shown[key] = text if found == key and not splits else key
    return shown


def _rows(
    unit: Unit, entity: EntityView, query: Query, columns: Sequence[_Column]
) -> Iterator[list[Cell]]:
    """Read the pages; the labels of a page cost one statement for each entity they belong to."""
    paths = tuple(dict.fromkeys(column.field.path for column in columns))
    targets: dict[str, set[str]] = {}
    for column in columns:
        if column.field.kind == "ref" and column.field.target is not None:
            targets.setdefault(column.field.target, set()).add(column.field.path)
    query = replace(
        query, columns=paths, limit=PAGE, cursor=None, count=False, sort=query.sort or (ID,),
        exported=True,
    )  # fmt: skip
    while True:
        page = unit.records.query(entity.name, query)
        place = {path: index for index, path in enumerate(page.columns)}
        labels = {
            target: unit.records.labels(
                target,
                {row[place[path]] for path in named for row in page.rows} - {None},
            )
            for target, named in targets.items()
        }
        cells = [(place[column.field.path], column.to_cell) for column in columns]
        for row in page.rows:
            yield [None if row[i] is None else to_cell(row[i], labels) for i, to_cell in cells]
        if page.next is None:
            return
        query = replace(query, cursor=page.next)
