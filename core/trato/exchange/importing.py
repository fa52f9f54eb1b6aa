"""Import of a table: its rows become records, in batches, by the one write path.

Each batch is a transaction of its own: after a crash whole batches are there, and running again
with a match goes on without doubles. A cell that is empty leaves its field alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.errors import ConfigError, DomainError, Message
from trato.exchange.cells import Unreadable, cell_text, is_blank
from trato.exchange.columns import Columns, read_columns
from trato.exchange.mapfile import read_map
from trato.exchange.reading import Row, Table, open_table
from trato.exchange.references import Draft, References, as_id
from trato.exchange.wording import ID, Wording
from trato.exchange.writing import ErrorWriter
from trato.host import Host
from trato.i18n import Formats
from trato.records import statistics
from trato.records.bulk import match_key
from trato.records.records import Outcome
from trato.records.schema import loader_for
from trato.records.writing import check_writable
from trato.text import _

#: Rows of one transaction.
BATCH = 500
#: Refusals that the result keeps; the error file has them all.
SHOWN = 100

Progress = Callable[[int, int | None], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImportProblem:
    """What is wrong in one cell, or with one row."""

    #: As the spreadsheet numbers it.
    row: int
    #: Header of the column; empty for the row as a whole.
    column: str
    message: Message


@dataclass(kw_only=True)
class ImportResult:
    """What became of a file."""

    #: Rows that there are; each is in one of the four counts below.
    total: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    dry_run: bool = False
    #: Of a text file; None for a workbook.
    encoding: str | None = None
    delimiter: str | None = None
    #: Of a workbook.
    sheet: str | None = None
    #: Each header and the path of the field that it fills; None where it fills none.
    columns: Sequence[tuple[str, str | None]] = ()
    match: str | None = None
    notices: Sequence[Message] = ()
    #: The first `SHOWN` of them.
    problems: list[ImportProblem] = field(default_factory=list)
    #: Where the refused rows are, if there are any.
    errors_path: Path | None = None


def run_import(
    host: Host, actor: Actor, entity: str, path: str | Path, *, match: str | None = None,
    map_file: str | Path | None = None, encoding: str | None = None,
    errors_path: str | Path | None = None, dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:  # fmt: skip
    """Import a CSV or XLSX file.

    :param entity: `clients.client`.
    :param match: field by which rows find the record that they change, by any of its names, or
        `id`; without it every row is a new record.
    :param map_file: which column fills which field, see ``mapfile``.
    :param errors_path: file for the refused rows, to be mended and imported again.
    :param dry_run: say what would happen and write nothing.
    :param progress: called with the rows done and the rows there are.
    :raises TratoError: with nothing written, when the file cannot be imported at all.
    """
    view = actor.view.entity(entity)
    rules.require(actor, view, "import")
    if match is None:
        rules.require(actor, view, "create")
    with host.unit(actor, read=True) as unit:
        check_writable(unit)
    path = Path(path)
    errors = None if errors_path is None else _error_file(Path(errors_path), path)
    wording = Wording(host.catalogs, actor.locale)
    formats = Formats(actor.locale, actor.timezone, currency=actor.view.tenant.currency)
    with open_table(path, encoding=encoding) as table:
        columns = read_columns(
            table, actor, view, wording=wording, formats=formats, match=match,
            explicit=None if map_file is None else read_map(map_file),
        )  # fmt: skip
        result = ImportResult(
            total=columns.rows, dry_run=dry_run, encoding=table.encoding,
            delimiter=table.delimiter, sheet=table.sheet, match=columns.match,
            columns=tuple(zip(columns.map.headers, columns.map.paths, strict=True)),
            notices=columns.notices,
        )  # fmt: skip
        with _Refusals(table, result, errors, wording) as refusals:
            work = _Import(host, actor, view, columns, result, refusals, wording)
            work.run(table, progress)
    _log.info(
        "%s of %s by %s: %d created, %d updated, %d unchanged, %d refused",
        "dry run" if dry_run else "import", view.name, actor.member_id or actor.label,
        result.created, result.updated, result.unchanged, result.refused,
    )  # fmt: skip
    return result


def _error_file(errors: Path, source: Path) -> Path:
    """Refuse a place for the refused rows that would cost the person something."""
    if errors.exists() and source.exists() and errors.samefile(source):
        raise ConfigError(
            _("The file of errors would replace the file that is imported, {path}."),
            hint=_("Give it another name."), path=str(errors), code="same_file",
        )  # fmt: skip
    if not errors.parent.is_dir():
        raise ConfigError(
            _("The folder {folder} for the file of errors is not there."),
            hint=_("Make it, or choose another."), folder=str(errors.parent), code="no_folder",
        )  # fmt: skip
    return errors


class _Refusals:
    """Keeps what was refused: the first for the result, all for the file of errors."""

    def __init__(
        self, table: Table, result: ImportResult, path: Path | None, wording: Wording
    ) -> None:
        self._table = table
        self._result = result
        self._path = path
        self._wording = wording
        self._file: TextIO | None = None
        self._writer: ErrorWriter | None = None

    def __enter__(self) -> _Refusals:
        if self._path is not None:
            with suppress(FileNotFoundError):
                self._path.unlink()  # an older run's errors are not this one's
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row, errors: Mapping[str, Sequence[Message]]) -> None:
        """Keep a refused row with its reasons by header."""
        result = self._result
        result.refused += 1
        told = [] if row.problem is None else [("", row.problem)]
        told += [(header, message) for header, texts in errors.items() for message in texts]
        for header, message in told:
            if len(result.problems) < SHOWN:
                result.problems.append(
                    ImportProblem(row=row.number, column=header, message=message)
                )
        if self._path is None:
            return
        if self._writer is None:
            result.errors_path = self._path
            # The Windows form of line ends is the writer's.
            self._file = self._path.open("w", encoding="utf-8", newline="")
            self._writer = ErrorWriter(
                self._file, self._table.headers, delimiter=self._table.delimiter or ";",
                translate=self._wording.message,
            )  # fmt: skip
        self._writer.add(row, errors)


class _Import:
    """One run over a file."""

    def __init__(
        self, host: Host, actor: Actor, entity: EntityView, columns: Columns,
        result: ImportResult, refusals: _Refusals, wording: Wording,
    ) -> None:  # fmt: skip
        self._host = host
        self._actor = actor
        self._entity = entity
        self._columns = columns
        self._result = result
        self._refusals = refusals
        self._wording = wording
        self._references = References(actor, entity.name, columns.references)
        self._seen = _Seen(entity, columns)

    def run(self, table: Table, progress: Progress | None) -> None:
        """Import all rows."""
        done = created = 0
        for drafts in self._batches(self._draft(row) for row in table):
            self._import(drafts)
            done += len(drafts)
            if self._result.created > created and not self._result.dry_run:
                created = self._result.created
                with self._host.unit(self._actor) as unit:
                    statistics.refresh(unit, self._entity)
            if progress is not None:
                progress(done, self._columns.rows)

    def _batches(self, drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
        """Cut the rows into batches; one that names a row of its own batch begins the next."""
        family = self._references.family
        batch: list[Draft] = []
        for draft in drafts:
            if len(batch) == BATCH or (family is not None and family.names_one(draft)):
                yield batch
                batch = []
                if family is not None:
                    family.next_batch()
            batch.append(draft)
            if family is not None:
                family.add(draft)
        if batch:
            yield batch

    def _draft(self, row: Row) -> Draft:
        """Read the cells of a row."""
        draft = Draft(row=row)
        if row.problem is not None:
            return draft
        cells = row.cells
        for column in self._columns.values:
            cell = cells[column.index]
            if cell is None:
                continue
            try:
                value = column.read(cell)
            except DomainError as error:
                draft.errors.setdefault(column.header, []).append(error.message)
            else:
                if value is not None:
                    draft.values[column.field.path] = value
        for reference in self._columns.references:
            cell = cells[reference.index]
            if isinstance(cell, Unreadable):
                draft.errors.setdefault(reference.header, []).append(cell.message)
            elif name := " ".join(cell_text(cell).split()):
                draft.names[reference.index] = name
        self._read_id(draft)
        self._seen.check(draft)
        return draft

    def _read_id(self, draft: Draft) -> None:
        index = self._columns.id_index
        if index is None or is_blank([draft.row.cells[index]]):
            return
        text = cell_text(draft.row.cells[index]).strip()
        draft.id = as_id(text)
        if draft.id is None:
            header = self._columns.map.headers[index]
            draft.refuse(header, _("'{value}' is not an id."), value=text[:60])

    def _import(self, drafts: Sequence[Draft]) -> None:
        """Write a batch, and count it once it is written for good."""
        self._save([draft for draft in drafts if draft.row.problem is None])
        result = self._result
        for draft in drafts:
            match draft.outcome:
                case Outcome(status="created"):
                    result.created += 1
                case Outcome(status="updated"):
                    result.updated += 1
                case Outcome(status="unchanged"):
                    result.unchanged += 1
                case refused:
                    # Of a cell that could not be read nothing more is said.
                    found = self._check(draft.values) if refused is None else refused.errors
                    errors = dict(draft.errors)
                    for path, texts in found.items():
                        header, told = self._at_header(path, texts)
                        errors[header] = [*errors.get(header, ()), *told]
                    self._refusals.add(draft.row, errors)

    def _save(self, drafts: Sequence[Draft]) -> None:
        """Write rows in one transaction; an error that stops all is narrowed down to its row."""
        try:
            self._write(drafts)
        except DomainError as error:
            sound = [draft for draft in drafts if not draft.errors]
            if not sound:
                raise
            if len(sound) == 1:
                sound[0].outcome = Outcome(status="refused", errors={"": [error.message]})
            else:
                middle = len(sound) // 2
                self._save(sound[:middle])
                self._save(sound[middle:])

    def _write(self, drafts: Sequence[Draft]) -> None:
        with self._host.unit(self._actor) as unit:
            self._references.resolve(unit, drafts)
            found = [draft for draft in drafts if not draft.errors]
            outcomes = unit.records.bulk(
                self._entity.name, [draft.values for draft in found],
                match=self._columns.match, ids=[draft.id for draft in found],
                dry_run=self._result.dry_run,
            )  # fmt: skip
        for draft, outcome in zip(found, outcomes, strict=True):
            draft.outcome = outcome
        family = self._references.family
        if family is not None and self._result.dry_run:
            for draft in found:
                if draft.outcome is not None and draft.outcome.status != "refused":
                    family.foretell(draft)

    def _check(self, values: Mapping[str, Any]) -> Mapping[str, Sequence[Message]]:
        """Say what else is wrong with a row that is refused already."""
        return loader_for(self._actor, self._entity)(values, partial=True)[1]

    def _at_header(
        self, path: str, messages: Sequence[Message]
    ) -> tuple[str, Sequence[Message]]:
        """Say at which column a refusal of the write path stands."""
        header = self._columns.header_of(path)
        if header is not None or not path:
            return header or "", messages
        field = self._entity.fields.get(path)
        label = ID if field is None else self._wording.label(field)
        return "", [
            Message("{field}: {message}", {"field": label, "message": message})
            for message in messages
        ]


class _Seen:
    """Refuses rows that repeat what tells records apart, however far back the other one stands.

    Without it a later batch would change the record that an earlier one has just made.
    """

    def __init__(self, entity: EntityView, columns: Columns) -> None:
        self._columns = columns
        self._fields = {column.field.path: column.field for column in columns.values}
        self._names: dict[str, list[int]] = {}
        for reference in columns.references:
            self._names.setdefault(reference.field.path, []).append(reference.index)
        groups: list[tuple[str, ...]] = [*entity.info.unique]
        groups += [(path,) for path, field in self._fields.items() if field.unique]
        if columns.match is not None and columns.match != ID:
            groups.append((columns.match,))
        known = self._fields.keys() | self._names.keys()
        #: Row that was first to hold values, by group and values.
        self._first: dict[tuple[str, ...], dict[Any, int]] = {
            group: {} for group in groups if known >= set(group)
        }
        self._ids: dict[UUID, int] = {}

    def check(self, draft: Draft) -> None:
        """Refuse a row that repeats another, or that says nothing to find its record by."""
        match = self._columns.match
        if match is not None and match != ID and match not in draft.values:
            header = self._columns.header_of(match) or match
            if header not in draft.errors:
                draft.refuse(
                    header, _("The cell is empty, and rows find their records by this column.")
                )
        if draft.id is not None:
            self._once(draft, ID, self._ids.setdefault(draft.id, draft.row.number), draft.id)
        for group, first in self._first.items():
            key = tuple(self._part(draft, path) for path in group)
            if None not in key:
                shown = " · ".join(str(draft.values[p]) for p in group if p in draft.values)
                self._once(draft, group[-1], first.setdefault(key, draft.row.number), shown)

    def _part(self, draft: Draft, path: str) -> Any:
        """Give what a row says of a field, in the form in which two rows are the same."""
        if path in self._fields:
            return match_key(self._fields[path], draft.values.get(path))
        names = tuple(draft.names.get(index) for index in self._names[path])
        return names if any(names) else None

    def _once(self, draft: Draft, path: str, first: int, value: object) -> None:
        if first != draft.row.number:
            header = self._columns.header_of(path) or path
            draft.refuse(
                header, _("'{value}' stands in row {row} already."), value=value, row=first
            )
